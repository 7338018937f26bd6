"""What each motif itself does to the prediction, as the page shows it: beside the motif, as a forest, as curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from combmotif.report import wording
from combmotif.report.drawing.plots import ForestRow, domain, forest, whisker
from combmotif.report.encode import compact
from combmotif.report.folder import RunFolder

ALL, DRAWS = "all", "draws"
MOST_ROWS = 40


@dataclass(frozen=True)
class MotifEffect:
    """One row of motif_effects.tsv.

    Attributes
    ----------
    motif, output, inserted, background : str
    n, q, detectable : float
    estimate : (low, effect, high)
    kind, reason : str
        Class and why.
    """

    motif: str
    output: str
    inserted: str
    background: str
    n: float
    q: float
    detectable: float
    estimate: tuple[float, float, float]
    kind: str
    reason: str

    @property
    def value(self) -> float:
        """The effect."""
        return self.estimate[1]

    @property
    def symbol(self) -> str:
        """The class's symbol."""
        return wording.MOTIF_CLASSES.get(self.kind, ("", ""))[0]

    @property
    def text(self) -> str:
        """The effect and its interval in words, with the number of backgrounds."""
        low, middle, high = self.estimate
        return f"{wording.estimate(middle, low, high)}, n = {wording.count(self.n)}"

    @property
    def where(self) -> str:
        """What was inserted, and into what, in words."""
        if self.inserted == "own sites":
            return "its sites in the sequences, scrambled"
        how = "drawn from the matrix" if self.inserted == DRAWS else self.inserted
        return f"{how}, {'any background' if self.background == ALL else self.background}"


def motif_effects(run: RunFolder) -> dict[str, list[MotifEffect]]:
    """Read the effects of every motif: motif id to its rows, in the order of the table."""
    found: dict[str, list[MotifEffect]] = {}
    for row in run.tables["motif_effects"].to_dict("records"):
        found.setdefault(row["motif"], []).append(
            MotifEffect(
                motif=row["motif"],
                output=row["output"],
                inserted=row["inserted"],
                background=row["background"],
                n=row["n"],
                q=row["q_value"],
                detectable=row["detectable"],
                estimate=(row["ci_low"], row["effect"], row["ci_high"]),
                kind=row["class"],
                reason=row["reason"].replace("+-", "±"),
            )
        )
    return found


def headline(rows: Iterable[MotifEffect]) -> dict[str, MotifEffect]:
    """Of every output, the effect of words drawn from the matrix in plain backgrounds."""
    return {row.output: row for row in rows if (row.inserted, row.background) == (DRAWS, ALL)}


def beside(rows: Iterable[MotifEffect], output: str) -> dict[str, MotifEffect]:
    """Effects of drawn words in backgrounds without and with another motif, by background."""
    return {
        row.background: row for row in rows if (row.inserted, row.output) == (DRAWS, output) and row.background != ALL
    }


def motif_tally(rows: Iterable[MotifEffect]) -> tuple[tuple[str, str, int], ...]:
    """Count the classes that occur: (class, symbol, how often), in their usual order."""
    counts = Counter(row.kind for row in rows)
    return tuple((kind, symbol, counts[kind]) for kind, (symbol, _) in wording.MOTIF_CLASSES.items() if counts[kind])


def motif_whiskers(found: dict[str, list[MotifEffect]]) -> dict[str, str]:
    """Draw every motif's effect on the first output on one common scale: motif id to inline SVG."""
    first = {motif: rows[0] for motif, rows in found.items()}
    bounds = domain([e.value for e in first.values()], [end for e in first.values() for end in e.estimate[::2]])
    return {
        motif: whisker(e.estimate, bounds, kind=e.kind, title=f"{motif}: {e.text}, {e.kind}")
        for motif, e in first.items()
    }


Row = tuple[str, MotifEffect, dict[str, MotifEffect]]
"""A motif, its effect in plain backgrounds, and those in others."""


@dataclass(frozen=True)
class OutputSection:
    """The effects of the motifs on one output: counts of the classes, the forest plot, how many are drawn.

    ``others`` names the backgrounds that are drawn in outline.
    """

    name: str
    counts: tuple[tuple[str, str, int], ...]
    plot: str
    drawn: int
    estimated: int
    others: tuple[str, ...]


def output_sections(found: dict[str, list[MotifEffect]], names: dict[str, str]) -> list[OutputSection]:
    """Prepare the section on the effects of motifs, one part per output.

    Parameters
    ----------
    found : dict
        Of `motif_effects`.
    names : dict of str to str
        Motif id to what it is called.
    """
    sections = []
    for output in dict.fromkeys(row.output for rows in found.values() for row in rows):
        shown = [(motif, headline(rows).get(output), beside(rows, output)) for motif, rows in found.items()]
        counted = [row for _, row, _ in shown if row is not None]
        estimated = [(motif, row, others) for motif, row, others in shown if row and np.isfinite(row.value)]
        largest = _extremes(estimated)
        lines = [
            ForestRow(
                label=motif,
                note=names.get(motif, ""),
                anchor=motif,
                kind=row.kind,
                row=row.estimate,
                others=tuple(other.estimate for other in list(others.values())[:2]),
                text=wording.estimate(row.value, row.estimate[0], row.estimate[2]),
            )
            for motif, row, others in sorted(largest, key=lambda one: -one[1].value)
        ]
        title = f"Effect of {len(lines)} motifs on {output}, from the highest to the lowest"
        plot = (
            forest(lines, title=title, axis=f"change of the predicted {output} by the inserted motif") if lines else ""
        )
        names_of = tuple(dict.fromkeys(name for _, _, others in largest for name in others))[:2]
        sections.append(OutputSection(output, motif_tally(counted), plot, len(lines), len(estimated), names_of))
    return sections


def _extremes(rows: list[Row]) -> list[Row]:
    """Keep the largest effects where there are too many to read in one plot, of either sign: one that raises among many
    that lower is not left out."""
    if len(rows) <= MOST_ROWS:
        return rows
    largest = sorted(rows, key=lambda one: -abs(one[1].value))
    kept = [one for up in (True, False) for one in [r for r in largest if (r[1].value > 0) == up][: MOST_ROWS // 4]]
    return kept + [one for one in largest if one not in kept][: MOST_ROWS - len(kept)]


Curves = dict[tuple[str, str], list[dict[str, Any]]]
"""Effects over positions and frames, of each (motif, output)."""


def position_curves(run: RunFolder) -> Curves:
    """Gather the effects of all motifs over positions and frames, in one pass."""
    table = run.tables["motif_positions"]
    numbers = table[["start", "end", "effect", "ci_low", "ci_high", "n"]].to_numpy(dtype=float).tolist()
    found: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = {}
    keys = zip(*(table[name] for name in ("motif", "output", "background", "kind", "unit")), strict=True)
    for (motif, output, background, kind, unit), (start, end, *values) in zip(keys, numbers, strict=True):
        empty = {"background": background, "kind": kind, "unit": unit, "points": []}
        curve = found.setdefault((motif, output), {}).setdefault((background, kind), empty)
        middle = start if kind == "frame" else (start + end) / 2 * (1 if unit == "nt" else 100)
        if np.isfinite(values[0]):
            curve["points"].append([middle, *values])
    return {key: [one for one in curves.values() if len(one["points"]) > 1] for key, curves in found.items()}


def effect_records(rows: list[MotifEffect], curves: Curves) -> dict[str, Any]:
    """What the page of a neuron shows of one of its motifs: every effect, and its `position_curves`."""
    if not rows:
        return {}
    several = len({row.output for row in rows}) > 1
    return compact({
        "output": rows[0].output,
        "rows": [
            {"label": row.where + (f", on {row.output}" if several else ""), "value": list(row.estimate),
             "kind": row.kind, "n": row.n, "q": row.q, "detectable": row.detectable, "reason": row.reason}
            for row in rows
        ],
        "curves": curves.get((rows[0].motif, rows[0].output), []),
    })  # fmt: skip
