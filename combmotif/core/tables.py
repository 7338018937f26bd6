"""Every table combmotif writes: file, columns, types, units and meaning; writers, readers and docs go by these.

They stand in ``tables.tsv`` beside this file. A line of a table begins with its key in brackets: key, name, file, stage
of a run that always writes it, what a row is, and what further columns there may be. The lines below it are its
columns: name, type (text, whole, number, flag), unit, ``required`` where readers rely on it, and meaning.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    dtype : {"text", "whole", "number", "flag"}
        A flag is True or False.
    meaning : str
        A clause without a full stop.
    unit : str
        What it is counted in; empty for text and plain counts. ``activation``: the layer's own units; ``outcome``,
        ``output`` and ``prediction``: the unit of what the model predicts or of the label.
    required : bool
        Whether readers rely on it: the report says so where it is missing. Others may be empty or absent.
    """

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One kind of table.

    Attributes
    ----------
    name : str
        What the report and :func:`combmotif.open_run` call it.
    file : str
        Where it lies in the folder; ``*`` stands for any name.
    about : str
        What a row is, as a sentence.
    columns : tuple of Column
        In order.
    stage : str
        Stage of a run that always writes it; empty where none does.
    more : str
        Columns that follow these and whose names depend on the data, as a sentence.
    """

    name: str
    file: str
    about: str
    columns: tuple[Column, ...]
    stage: str = ""
    more: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """Names of the columns that readers rely on."""
        return [column.name for column in self.columns if column.required]

    @property
    def meanings(self) -> dict[str, str]:
        """Column to meaning."""
        return {column.name: column.meaning for column in self.columns}

    def of_type(self, *dtypes: str) -> list[str]:
        """Names of the columns of these types."""
        return [column.name for column in self.columns if column.dtype in dtypes]

    def frame(self, rows: Iterable[Any] = ()) -> pd.DataFrame:
        """Make a table of rows (dicts, or tuples in the order of the columns), with all columns in order."""
        import pandas as pd

        return pd.DataFrame(list(rows), columns=self.names)

    def is_at(self, path: str) -> bool:
        """Whether a path in the folder is a file of this table."""
        return fnmatchcase(path, self.file)


def _read(path: Path) -> dict[str, Table]:
    """Read the file of tables."""
    heads: list[list[str]] = []
    columns: list[list[Column]] = []
    with path.open(encoding="utf-8", newline="") as stream:
        for cells in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            if cells and cells[0].startswith("["):
                heads.append([*cells, ""])
                columns.append([])
            elif cells:
                name, dtype, unit, required, meaning = cells
                columns[-1].append(Column(name, dtype, meaning, unit, required == "required"))
    return {
        key.strip("[]"): Table(name, file, about, tuple(own), stage, more)
        for (key, name, file, stage, about, more, *_), own in zip(heads, columns, strict=True)
    }


_TABLES = _read(Path(__file__).with_suffix(".tsv"))

NEURONS = _TABLES["NEURONS"]
SITES = _TABLES["SITES"]
SAMPLES = _TABLES["SAMPLES"]
ACTIVATIONS = _TABLES["ACTIVATIONS"]
MOTIFS = _TABLES["MOTIFS"]
TREE = _TABLES["TREE"]
SYNTAX = _TABLES["SYNTAX"]
SEQLETS = _TABLES["SEQLETS"]
MATRICES = _TABLES["MATRICES"]
MOTIF_LIST = _TABLES["MOTIF_LIST"]
MOTIF_COMPARISON = _TABLES["MOTIF_COMPARISON"]
MOTIF_CLUSTERS = _TABLES["MOTIF_CLUSTERS"]
MATCHES = _TABLES["MATCHES"]
MATCH_CONTROL = _TABLES["MATCH_CONTROL"]
HITS = _TABLES["HITS"]
CONTRIBUTION = _TABLES["CONTRIBUTION"]
MOTIF_EFFECTS = _TABLES["MOTIF_EFFECTS"]
MOTIF_POSITIONS = _TABLES["MOTIF_POSITIONS"]
INTERACTIONS = _TABLES["INTERACTIONS"]
INSTANCES = _TABLES["INSTANCES"]
SPACING = _TABLES["SPACING"]
PAIR_CONTROLS = _TABLES["PAIR_CONTROLS"]
FAMILY_MAP = _TABLES["FAMILY_MAP"]
TRIPLES = _TABLES["TRIPLES"]
KMER_PAIRS = _TABLES["KMER_PAIRS"]
COMPARED_MOTIFS = _TABLES["COMPARED_MOTIFS"]
COMPARED_RUNS = _TABLES["COMPARED_RUNS"]
CONSENSUS = _TABLES["CONSENSUS"]
OVERLAPS = _TABLES["OVERLAPS"]
SCORES = _TABLES["SCORES"]
COMPARED_SCORES = _TABLES["COMPARED_SCORES"]
FITTED = _TABLES["FITTED"]
SKIPPED = _TABLES["SKIPPED"]
SCORED_ITEMS = _TABLES["SCORED_ITEMS"]
CALIBRATION = _TABLES["CALIBRATION"]
LEFT_OUT = _TABLES["LEFT_OUT"]
ATTRIBUTIONS = _TABLES["ATTRIBUTIONS"]
PREDICTIONS = _TABLES["PREDICTIONS"]
BENCHMARK = _TABLES["BENCHMARK"]
VARIANTS = _TABLES["VARIANTS"]
VARIANT_SITES = _TABLES["VARIANT_SITES"]
SKIPPED_VARIANTS = _TABLES["SKIPPED_VARIANTS"]

EFFECTS = ("joint", "a_alone", "b_alone", "a_in_context", "b_in_context", "epistasis")
"""The six effects of a pair, from o = prediction, a = with A scrambled, b = with B scrambled, n = with both."""
INSERTED = "inserted_"
"""Before the name of a column: the same, of pairs inserted into background sequences."""
FAITHFULNESS = ("auc", "auc_p", "drawn", "shuffled", "reach", "moves", "moves_p", "moves_low", "moves_high")
"""Columns of `COMPARED_MOTIFS`: what sequences drawn from a motif do to the model."""

RUN_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        NEURONS, MOTIFS, MATCHES, CONTRIBUTION, MOTIF_EFFECTS, MOTIF_POSITIONS, INTERACTIONS, INSTANCES, SITES, TREE,
        SYNTAX, SPACING, PAIR_CONTROLS, FAMILY_MAP, MATCH_CONTROL, TRIPLES, SAMPLES, ACTIVATIONS, SEQLETS,
        ATTRIBUTIONS, LEFT_OUT,
    )
}  # fmt: skip
"""The tables of a run folder by name."""

OTHER_TABLES: dict[str, tuple[Table, ...]] = {
    "combmotif compare": (COMPARED_RUNS, COMPARED_MOTIFS, CONSENSUS, OVERLAPS),
    "combmotif evaluate and benchmark": (SCORES, COMPARED_SCORES, FITTED, SKIPPED, SCORED_ITEMS),
    "combmotif predict, scan and calibrate": (PREDICTIONS, HITS, CALIBRATION),
    "combmotif motifs": (MATRICES, MOTIF_LIST, MOTIF_COMPARISON, MOTIF_CLUSTERS),
    "combmotif words": (KMER_PAIRS,),
    "combmotif variants": (VARIANTS, VARIANT_SITES, SKIPPED_VARIANTS),
    "scripts/benchmarks": (BENCHMARK,),
}
"""Tables of other commands, by who writes them; matches, effects, attributions and left-out rows are as in a run."""


def table_at(path: str) -> Table | None:
    """Find the kind of a table by its path in a run folder, such as ``motifs/tree.tsv``; None if it is none of ours."""
    found = [table for table in RUN_TABLES.values() if table.is_at(path)]
    return min(found, key=lambda table: "*" in table.file, default=None)  # an exact name goes before a pattern
