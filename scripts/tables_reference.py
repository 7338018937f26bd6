"""Write docs/tables.md, the reference of every table and column, from the schema."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from combmotif.core.tables import OTHER_TABLES, RUN_TABLES, Table

HEAD = """# Tables

Every table that combmotif writes, made from the schema by `python scripts/tables_reference.py`. Tables are
tab-separated text with a header line, gzipped where the name ends in `.gz`; an empty cell is a missing value, numbers
have six digits. Positions count from 0, ends are not included. Columns in **bold** are those that the report cannot do
without; any other column of a run folder is left out where no row has a value. Units: *activation* is the layer's own,
*outcome*, *output* and *prediction* are the unit of what the model predicts or of the measured label.

`combmotif.open_run(FOLDER).tables` gives the tables of a run folder as DataFrames.
"""


TYPES = {"text": "text", "whole": "whole number", "number": "number", "flag": "True or False"}


def page() -> str:
    """Return the page."""
    parts = [HEAD, "## Run folder\n", *_tables(RUN_TABLES.values())]
    parts.append(
        "### `sites.bed.gz`\n\nThe sites as BED, without a header line: sequence, start, end, neuron, score "
        "(0 to 1000: the excitation, activation above the neuron's background, as a share of its strongest site's) and "
        "strand. Written by the `activations` stage.\n"
    )
    for command, tables in OTHER_TABLES.items():
        parts += [f"## `{command}`\n" if " and " not in command else f"## {command}\n", *_tables(tables)]
    return "\n".join(parts)


def _tables(tables: Iterable[Table]) -> list[str]:
    parts = []
    for table in tables:
        lines = [f"### `{table.file}`\n" if table.file else f"### {table.name}\n"]
        lines.append(table.about + (f" Written by the `{table.stage}` stage." if table.stage else "") + "\n")
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        for column in table.columns:
            name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
            meaning = column.meaning.replace("|", "\\|")
            lines.append(f"| {name} | {TYPES[column.dtype]} | {column.unit} | {meaning} |")
        parts.append("\n".join(lines) + "\n" + (f"\nThen {table.more}\n" if table.more else ""))
    return parts


if __name__ == "__main__":
    (Path(__file__).resolve().parents[1] / "docs" / "tables.md").write_text(page(), encoding="utf-8")
