"""The contribution table as the page shows it: one row per neuron and outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from combmotif.report import wording
from combmotif.report.drawing.plots import ForestRow, domain, forest, whisker
from combmotif.report.folder import RunFolder, anchor, as_number, mapping

Estimate = tuple[float, float, float]
MOST_ROWS = 40


@dataclass(frozen=True)
class Effect:
    """One neuron's contribution to one outcome at one threshold.

    Attributes
    ----------
    neuron, outcome : str
    threshold, n_active, n_inactive, auc, q : float
        NaN where the table has none; q is of Welch's test.
    observed, adjusted, site, clamp : (low, estimate, high)
        95 % confidence intervals; NaN where the table has none. site: windows scrambled; clamp: neuron clamped.
    kind, reason : str
        Class and why.
    """

    neuron: str
    outcome: str
    threshold: float
    n_active: float
    n_inactive: float
    auc: float
    q: float
    observed: Estimate
    adjusted: Estimate
    site: Estimate
    clamp: Estimate
    kind: str
    reason: str

    @property
    def value(self) -> float:
        """The observed effect."""
        return self.observed[1]

    @property
    def symbol(self) -> str:
        """The class's symbol."""
        return wording.CONTRIBUTION_CLASSES.get(self.kind, ("", ""))[0]

    @property
    def text(self) -> str:
        """The observed effect and its interval in words."""
        return wording.estimate(self.observed[1], self.observed[0], self.observed[2])

    @property
    def measured(self) -> tuple[float, str]:
        """What neurons are compared by, and how it was measured: scrambled sites, else the observed difference."""
        if self.site_text:
            return self.site[1], f"its sites scrambled: {self.site_text}"
        return self.value, f"active against inactive sequences: {self.text}"

    @property
    def interval(self) -> str:
        """The interval of the observed effect in words."""
        return wording.interval(self.observed[0], self.observed[2])

    @property
    def site_text(self) -> str:
        """The effect of its sites and its interval in words, or "" where it was not estimated."""
        return _words(self.site)

    @property
    def clamp_text(self) -> str:
        """The effect of clamping and its interval in words, or "" where it was not estimated."""
        return _words(self.clamp)


def _words(estimate: Estimate) -> str:
    return wording.estimate(estimate[1], estimate[0], estimate[2]) if np.isfinite(estimate[1]) else ""


def _triple(row: dict[str, Any], stem: str) -> Estimate:
    names = ("ci_low", "effect", "ci_high") if not stem else (f"{stem}_ci_low", f"{stem}_effect", f"{stem}_ci_high")
    low, middle, high = (as_number(row.get(name)) for name in names)
    return low, middle, high


def _chosen_threshold(frame: pd.DataFrame, wanted: object) -> pd.DataFrame:
    """Keep, for every neuron and outcome, the row whose threshold is nearest to the configured one."""
    target = float(wanted) if isinstance(wanted, int | float) else 0.7
    distance = (frame["threshold"] - target).abs().fillna(0)
    return frame.loc[
        distance.groupby([frame["outcome"], frame["neuron"]]).transform("min") >= distance
    ].drop_duplicates(["outcome", "neuron"])


def _effect(row: dict[str, Any]) -> Effect:
    return Effect(
        neuron=row["neuron"],
        outcome=row["outcome"],
        threshold=row["threshold"],
        n_active=row["n_active"],
        n_inactive=row["n_inactive"],
        auc=row["auc"],
        q=row["q_welch"] if np.isfinite(row["q_welch"]) else row["q_mann_whitney"],
        observed=_triple(row, ""),
        adjusted=_triple(row, "adjusted"),
        site=_triple(row, "site"),
        clamp=_triple(row, "clamp"),
        kind=row["class"],
        reason=row["reason"],
    )


def _outcomes(frame: pd.DataFrame) -> list[str]:
    return sorted(frame["outcome"].unique(), key=lambda name: not name.startswith("prediction"))


def effects(run: RunFolder) -> dict[str, dict[str, Effect]]:
    """Arrange the contribution table as outcome to neuron to `Effect`, predictions before labels."""
    frame = run.tables["contribution"]
    if frame.empty:
        return {}
    chosen = _chosen_threshold(frame, mapping(run.config.get("contribution")).get("threshold"))
    return {
        outcome: {row["neuron"]: _effect(row) for row in chosen[chosen["outcome"] == outcome].to_dict("records")}
        for outcome in _outcomes(chosen)
    }


def all_effects(run: RunFolder) -> dict[str, list[Effect]]:
    """Gather every row of the contribution table by neuron: all outcomes, all thresholds, in that order."""
    frame = run.tables["contribution"]
    gathered: dict[str, list[Effect]] = {}
    for outcome in _outcomes(frame):
        rows = frame[frame["outcome"] == outcome].sort_values("threshold", kind="stable").to_dict("records")
        for row in rows:
            gathered.setdefault(row["neuron"], []).append(_effect(row))
    return gathered


def strongest(rows: Iterable[Effect]) -> Effect | None:
    """Choose the positive or negative neuron with the largest effect, as `Effect.measured` has it, if any."""
    clear = (e for e in rows if e.kind in ("positive", "negative") and np.isfinite(e.value))
    return max(clear, key=lambda e: abs(e.measured[0]), default=None)


def tally(rows: Iterable[Effect]) -> tuple[tuple[str, str, int], ...]:
    """Count the classes that occur: (class, symbol, how often), in their usual order."""
    counts = Counter(e.kind for e in rows)
    return tuple(
        (kind, symbol, counts[kind]) for kind, (symbol, _) in wording.CONTRIBUTION_CLASSES.items() if counts[kind]
    )


def whiskers(rows: dict[str, Effect]) -> dict[str, str]:
    """Draw every neuron's effect on one common scale: neuron to inline SVG."""
    bounds = domain([e.value for e in rows.values()], [end for e in rows.values() for end in e.observed[::2]])
    return {
        name: whisker(effect.observed, bounds, kind=effect.kind, title=f"{name}: {effect.text}, {effect.kind}")
        for name, effect in rows.items()
    }


@dataclass(frozen=True)
class Outcome:
    """One outcome's section: its name in words, how many neurons fall in each class, the forest plot.

    ``drawn`` of ``estimated`` neurons are in the plot; ``left_out`` names those without an estimate.
    """

    name: str
    threshold: float
    counts: tuple[tuple[str, str, int], ...]
    plot: str
    left_out: tuple[str, ...]
    drawn: int
    estimated: int


def _extremes(rows: list[Effect]) -> list[Effect]:
    """Keep the largest effects of either sign where there are too many to read in one plot; rows are in order."""
    if len(rows) <= MOST_ROWS:
        return rows
    kept = {id(e) for e in sorted(rows, key=lambda e: -abs(e.value))[:MOST_ROWS]}
    return [e for e in rows if id(e) in kept]


def outcomes(run: RunFolder, found: dict[str, dict[str, Effect]], notes: dict[str, str]) -> list[Outcome]:
    """Prepare the effects section.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Of `effects`.
    notes : dict of str to str
        Neuron to what its first motif is, for the labels of the plot.
    """
    sections = []
    for outcome, rows in found.items():
        shown = sorted((e for e in rows.values() if np.isfinite(e.value)), key=lambda e: -e.value)
        lines = [
            ForestRow(
                label=e.neuron,
                note=notes.get(e.neuron, ""),
                anchor=anchor(e.neuron),
                kind=e.kind,
                row=e.observed,
                others=(e.adjusted, e.site if e.site_text else e.clamp),
                text=e.text,
            )
            for e in _extremes(shown)
        ]
        words = wording.outcome(outcome)
        title = f"Effect of {len(lines)} neurons on the {words}, from the highest to the lowest"
        plot = (
            forest(lines, title=title, axis=f"difference in {words}, active minus inactive sequences") if lines else ""
        )
        threshold = next((e.threshold for e in rows.values() if np.isfinite(e.threshold)), float("nan"))
        left_out = tuple(
            f"{e.neuron} ({e.reason or e.kind or 'no estimate'})" for e in rows.values() if not np.isfinite(e.value)
        )
        sections.append(Outcome(words, threshold, tally(rows.values()), plot, left_out, len(lines), len(shown)))
    return sections
