"""The page of ``combmotif words``: effects of k-mers alone, and their epistasis by order, frame and distance."""

from __future__ import annotations

from html import escape
from importlib import resources
from pathlib import Path

import pandas as pd

from combmotif.core.files import atomic
from combmotif.report import wording
from combmotif.report.drawing.plots import ForestRow, forest


def kmer_page(path: Path, *, model: str, effects: pd.DataFrame, pairs: pd.DataFrame) -> None:
    """Write the page: one forest plot of the k-mers for each output, and one for every two k-mers in their order.

    Parameters
    ----------
    path : pathlib.Path
    model : str
        Name of the model.
    effects, pairs : pandas.DataFrame
        Columns `MOTIF_EFFECTS` and `KMER_PAIRS` of `combmotif.core.tables`.
    """
    style = resources.files("combmotif.report").joinpath("static").joinpath("report.css").read_text(encoding="utf-8")
    title = f"What k-mers do to {model}"
    parts = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main><h1>{escape(title)}</h1>"
        "<p>Estimates with their 95 % intervals over background sequences; the tables beside this page have p, q and "
        "n.</p>"
    ]
    for output, own in effects.groupby("output", sort=False):
        rows = [
            _row(str(row["motif"]), f"{row['inserted']}, {row['background']}", row, "effect")
            for row in own.to_dict("records")
        ]
        axis = f"change of the predicted {output} by the k-mer"
        parts.append(f"<h2>Alone: {escape(str(output))}</h2>{forest(rows, title='Effects of k-mers', axis=axis)}")
    for (first, second), own in pairs.groupby(["first", "second"], sort=False):
        rows = [_row(_place(row), "", row, "epistasis") for row in own.to_dict("records")]
        head = f"{first} before {second}"
        axis = "epistasis: what both do beyond the sum of each"
        parts.append(f"<h2>{escape(head)}</h2>{forest(rows, title=f'Epistasis of {head}', axis=axis)}")
    parts.append("</main></body></html>\n")
    with atomic(path) as temporary:
        temporary.write_text("".join(parts), encoding="utf-8")


def _place(row: dict[str, object]) -> str:
    if row["placed"] == "order":
        return f"0-{row['distance_max']} nt apart"
    if row["placed"] == "frame":
        return "in frame" if row["frame"] == 0 else f"frame +{row['frame']}"
    return f"{row['distance_min']} nt apart"


def _row(label: str, note: str, row: dict[str, object], name: str) -> ForestRow:
    low, high = (row[f"{name}_ci_{end}" if name == "epistasis" else f"ci_{end}"] for end in ("low", "high"))
    text = wording.estimate(row[name], low, high)
    return ForestRow(label, note, "", str(row["class"]), (low, row[name], high), (), text)
