"""The schema of the tables is complete and says nothing twice."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import combmotif
from combmotif.core.tables import (
    COMPARED_MOTIFS,
    EFFECTS,
    FAITHFULNESS,
    INTERACTIONS,
    MOTIFS,
    OTHER_TABLES,
    RUN_TABLES,
    TREE,
    Column,
    Table,
    table_at,
)

TABLES = [*RUN_TABLES.values(), *(table for tables in OTHER_TABLES.values() for table in tables)]


@pytest.mark.parametrize("table", TABLES, ids=[f"{table.name} {table.file}" for table in TABLES])
def test_every_table_and_column_is_described_once(table: Table) -> None:
    assert table.about.endswith((".", "databases."))
    assert len(set(table.names)) == len(table.names) > 0
    for column in table.columns:
        assert column.dtype in ("text", "whole", "number", "flag"), column
        assert len(column.meaning) > 5, column
        assert not column.meaning.endswith("."), column
        assert not column.unit or column.dtype in ("whole", "number"), column


def test_every_effect_has_an_estimate_an_interval_a_p_and_a_q() -> None:
    for name in EFFECTS:
        p, q = ("p_value", "q_value") if name == "epistasis" else (f"{name}_p", f"{name}_q")
        own = {name, f"{name}_ci_low", f"{name}_ci_high", p, q}
        assert own | {f"inserted_{column}" for column in own} <= set(INTERACTIONS.names)
    assert set(FAITHFULNESS) < set(COMPARED_MOTIFS.names)


def test_a_table_is_known_by_its_path() -> None:
    assert table_at("motifs/neuronmotif.tsv") is MOTIFS
    assert table_at("motifs/tree.tsv") is TREE
    assert table_at("interactions.tsv") is INTERACTIONS
    assert table_at("notes.tsv") is None


def test_rows_become_a_table_with_every_column_in_order() -> None:
    table = Table(
        "t", "t.tsv", "One row per thing.", (Column("name", "text", "of it"), Column("size", "number", "of it"))
    )
    assert table.frame([{"size": 2.5, "name": "a"}]).to_dict("list") == {"name": ["a"], "size": [2.5]}
    assert list(table.frame()) == ["name", "size"]
    assert table.of_type("text") == ["name"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.name = "other"  # type: ignore[misc]


def test_no_module_keeps_a_list_of_columns_of_its_own() -> None:
    package = Path(combmotif.__file__).parent
    lists = re.compile(r"^[A-Z_]*COLUMNS\b[^=\n]*= *[({\[]\s*[\"']", re.MULTILINE)
    found = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if lists.search(path.read_text())}
    assert found <= {"sequence/delimited.py"}  # names that a user's column of sequences may have
