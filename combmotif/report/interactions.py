"""The interaction tables as the page shows them: a map, rows, and dots for every pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from combmotif.report import wording
from combmotif.report.folder import RunFolder
from combmotif.report.matches import Match, best
from combmotif.report.neurons import LogoSheet
from combmotif.report.plots import domain, scatter, strips, thin, whisker

ESTIMATES = (
    ("joint", "both together", "o − n"),
    ("a_alone", "A alone", "b − n"),
    ("b_alone", "B alone", "a − n"),
    ("a_in_context", "A beside B", "o − a"),
    ("b_in_context", "B beside A", "o − b"),
)
"""Columns of the estimates, what they are, their formula."""


@dataclass
class PairView:
    """One pair: its row of the table, drawings of its instances, and a sentence.

    Attributes
    ----------
    anchor : str
        Link to the pair's detail.
    row : dict
        Of interactions.tsv.
    a, b : str
        What the motifs are called.
    kind, symbol, meaning : str
        Class, its symbol and what it means.
    logos : list of str
        Of A and of B, SVG; "" for a word.
    whisker : str
        Epistasis with its interval, SVG.
    plots : list of (caption, SVG)
    shown, measured : int
        Sequences drawn, and sequences in the instance table.
    """

    anchor: str
    row: dict[str, Any]
    a: str
    b: str
    kind: str
    symbol: str
    meaning: str
    logos: list[str] = field(default_factory=list)
    whisker: str = ""
    plots: list[tuple[str, str]] = field(default_factory=list)
    shown: int = 0
    measured: int = 0

    @property
    def text(self) -> str:
        """Epistasis with its interval in words."""
        return wording.estimate(self.row["epistasis"], self.row["epistasis_ci_low"], self.row["epistasis_ci_high"])

    @property
    def remarks(self) -> list[str]:
        """What else the table says of the pair: scale, and random segments as a control."""
        row, remarks = self.row, []
        if str(row.get("scale_dependent", "")).lower() in ("true", "1"):
            other = row.get("class_latent") or "of another class"
            remarks.append(
                f"On the latent scale the pair is {other}: its class depends on the scale of the prediction."
            )
        control = pd.to_numeric(pd.Series([row.get("p_control")]), errors="coerce").iloc[0]
        if np.isfinite(control):
            remarks.append(
                f"Against random segments of the same sequences: p {_with_sign(wording.p_value(float(control)))}."
            )
        return remarks

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        row = self.row
        if not np.isfinite(row["epistasis"]):
            return row["reason"] or self.meaning
        parts = [
            f"Together, {self.a} and {self.b} change the prediction by {wording.number(row['joint'], sign=True)}",
            f"alone by {wording.number(row['a_alone'], sign=True)} ({self.a}) and "
            f"{wording.number(row['b_alone'], sign=True)} ({self.b})",
            f"e, the departure from a sum, is {self.text}",
        ]
        q = f" (q {_with_sign(wording.p_value(row['q_value']))})" if np.isfinite(row["q_value"]) else ""
        return "; ".join(parts) + q + "."


def _with_sign(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _per_sequence(run: RunFolder, pair: str) -> pd.DataFrame:
    """Average a pair's placements to one row per sequence, the unit of the test."""
    frame = run.tables["instances"]
    frame = frame[frame["pair"] == pair]
    numbers = ["o", "a", "b", "n", "e", "spacing"]
    return frame.groupby("sequence", sort=True)[numbers].mean().dropna(subset=["e"])


def _plots(view: PairView, run: RunFolder) -> None:
    rows = _per_sequence(run, view.row["pair"])
    view.measured = len(rows)
    if rows.empty:
        return
    shown = rows.iloc[thin(rows["e"].to_numpy())]
    view.shown = len(shown)
    complete = shown.dropna(subset=["o", "a", "b", "n"])
    view.plots.append(
        ("Epistasis e of each sequence", strips([("e", shown["e"].to_numpy())], title="e of each sequence", zero=True))
    )
    if len(complete):
        columns = [(letter, complete[letter].to_numpy()) for letter in "oabn"]
        caption = f"Prediction: as it is (o), {view.a} scrambled (a), {view.b} scrambled (b), both scrambled (n)"
        view.plots.append((caption, strips(columns, title="o, a, b and n of each sequence")))
    spaced = shown.dropna(subset=["spacing"])
    if len(spaced) > 2 and spaced["spacing"].nunique() > 1:
        plot = scatter(
            spaced["spacing"].to_numpy(), spaced["e"].to_numpy(), title="e against spacing", axis="spacing, nt"
        )
        view.plots.append(("e against the distance between the motifs", plot))


def called(row: dict[str, Any], found: dict[str, list[Match]]) -> tuple[str, str]:
    """What the two motifs of a pair are called: known element, else word; with the id where both are called alike."""
    names = []
    for side in "ab":
        match = best(found, row[f"motif_{side}"])
        names.append(match.name if match else row[f"name_{side}"] or row[f"motif_{side}"])
    if names[0] == names[1] and row["motif_a"] != row["motif_b"]:
        return f"{names[0]} ({row['motif_a']})", f"{names[1]} ({row['motif_b']})"
    return names[0], names[1]


def pairs(run: RunFolder, found: dict[str, list[Match]], sheet: LogoSheet) -> list[PairView]:
    """Prepare the pairs in the order of interactions.tsv.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Matches of each motif, for their names.
    sheet : LogoSheet
        Collects the drawings.
    """
    table = run.tables["interactions"]
    ends = [*table["epistasis_ci_low"], *table["epistasis_ci_high"]]
    bounds = domain(list(table["epistasis"]), ends)
    views = []
    for index, row in enumerate(table.to_dict("records"), 1):
        a, b = called(row, found)
        symbol, meaning = wording.INTERACTION_CLASSES.get(row["class"], ("", ""))
        logos = [sheet.part(row[key], column=7, height=28) for key in ("motif_a", "motif_b")]
        view = PairView(f"pair-{index}", row, a, b, row["class"], symbol, meaning, logos)
        estimate = (row["epistasis_ci_low"], row["epistasis"], row["epistasis_ci_high"])
        view.whisker = whisker(estimate, bounds, kind=row["class"], title=f"{a} and {b}: e = {view.text}")
        _plots(view, run)
        views.append(view)
    return views


@dataclass(frozen=True)
class PairMap:
    """Motif by motif: names of rows and columns, and the pair that stands in each cell (or None)."""

    names: tuple[str, ...]
    cells: tuple[tuple[PairView | None, ...], ...]


def pair_map(views: list[PairView]) -> PairMap | None:
    """Arrange the pairs as a symmetric map, motifs in order of appearance; None where there is no pair."""
    keys: dict[tuple[str, str], None] = {}
    for view in views:
        keys.setdefault((view.row["motif_a"], view.a))
        keys.setdefault((view.row["motif_b"], view.b))
    order = list(keys)
    if not order:
        return None
    place = {key: index for index, key in enumerate(order)}
    cells: list[list[PairView | None]] = [[None] * len(order) for _ in order]
    for view in views:
        i, j = place[view.row["motif_a"], view.a], place[view.row["motif_b"], view.b]
        cells[i][j] = cells[j][i] = view
    calls = [name for _, name in order]
    labels = [name if calls.count(name) == 1 else f"{name} ({key})" for key, name in order]
    return PairMap(tuple(labels), tuple(tuple(row) for row in cells))
