"""What a step returns: a table that prints well, a picture, and the object behind them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, TypeVar

import pandas as pd

from combmotif.api.pictures import Picture

T = TypeVar("T")
ROWS = 20
"""Most rows that are printed; all are in ``table``."""
_WIDTH = 60  # characters of a cell


@dataclass(frozen=True, repr=False)
class Result(Generic[T]):
    """What a step found.

    What ``data`` has can be asked of the result itself: ``sample(...).codes``, ``demix(...).motifs``.

    Attributes
    ----------
    title : str
        What was found, in one line.
    table : pandas.DataFrame
        All of it; the columns are described on the page of tables.
    data : object
        What the library function returned: Samples, Demixed, Attributions, ...
    columns : tuple of str
        Columns that are printed; empty prints all.
    text : str
        Printed in place of the table where it says the same better.
    """

    title: str
    table: pd.DataFrame
    data: T
    draw: Callable[..., Picture]
    columns: tuple[str, ...] = ()
    text: str = ""

    def plot(self, **options: Any) -> Picture:
        """Draw it: an SVG that a notebook shows and ``.save("file.svg")`` keeps; options are named in the guide."""
        return self.draw(**options)

    def __len__(self) -> int:
        return len(self.table)

    def __getattr__(self, name: str) -> Any:
        """Look for what this has not in ``data``."""
        if name.startswith("__") or name == "data":
            raise AttributeError(name)
        try:
            return getattr(self.data, name)
        except AttributeError:
            raise AttributeError(
                f"the result has no '{name}'; it has table, plot, data and {', '.join(_public(self.data)) or 'no more'}"
            ) from None

    def __dir__(self) -> list[str]:
        """Name what Tab completion offers."""
        return sorted({"title", "table", "data", "plot", "columns", *_public(self.data)})

    def _shown(self) -> pd.DataFrame:
        return self.table[[name for name in self.columns if name in self.table]] if self.columns else self.table

    def __repr__(self) -> str:
        """Print the title and the table, as wide and long as a terminal is."""
        if self.text:
            return f"{self.title}\n{self.text}"
        if not len(self.table):
            return f"{self.title}\n(nothing found)"
        shown = self._shown()
        lines = shown.head(ROWS).map(_cell).to_string(index=False)
        return f"{self.title}\n{lines}{self._rest(shown)}"

    def _rest(self, shown: pd.DataFrame, rows: int = ROWS) -> str:
        """Say what is in the table and not printed."""
        more = [
            f"{count:,} more {what}{'s' if count > 1 else ''}"
            for count, what in ((len(shown) - rows, "row"), (self.table.shape[1] - shown.shape[1], "column"))
            if count > 0
        ]
        return f"\n({' and '.join(more)} in .table)" if more else ""

    def _repr_html_(self) -> str:
        shown = self._shown()
        cells = shown.head(ROWS // 2).map(_cell)  # beside a picture
        inner = f"<pre>{escape(self.text)}</pre>" if self.text else cells.to_html(index=False, border=0, justify="left")
        picture = self.plot().svg if len(self.table) else ""
        rest = "" if self.text else escape(self._rest(shown, ROWS // 2))
        return f"<div><b>{escape(self.title)}</b><div style='overflow-x:auto'>{picture}{inner}</div>{rest}</div>"


def _public(value: object) -> list[str]:
    return [name for name in dir(value) if not name.startswith("_")]


def _cell(value: Any) -> Any:
    """Write a number in four digits, an empty cell as nothing, a long text cut."""
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return textwrap.shorten(value, _WIDTH, placeholder=" ...") if isinstance(value, str) else value
