"""Tables in the terminal: drawn where a person looks, plain lines where a program reads."""

from __future__ import annotations

from collections.abc import Sequence

import click


def print_table(rows: Sequence[Sequence[object]], *, columns: Sequence[str] = ()) -> None:
    """Print rows on stdout.

    Parameters
    ----------
    rows : sequence of sequences
        Cells are turned into text.
    columns : sequence of str, default none
        Headings.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        from rich.markup import escape
        from rich.table import Table

        table = Table(*columns, show_header=bool(columns))
        for row in cells:
            table.add_row(*map(escape, row))
        console.print(table)
        return
    lines = [list(columns), *cells] if columns else cells
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
