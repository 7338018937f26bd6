"""From a motif's differences to tables: one value per background, tested, classed by size; curves over positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import MarginalOptions
from combmotif.core.tables import MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.effect.insertion import KINDS
from combmotif.effect.marginal.measure import Changes, MeasuredMotif
from combmotif.effect.statistics import benjamini_hochberg, detectable_size, hodges_lehmann, signed_rank

ALL = "all"
SITES = "own sites"
SEQUENCES = "sequences"


def classify_effect(row: dict[str, Any], *, alpha: float, n_min: int) -> tuple[str, str]:
    """Class one effect by its significance and its size.

    - ``too few sequences``: fewer than `n_min` values.
    - ``positive``, ``negative``: significant (q < alpha) and larger than the margin.
    - ``neutral``: the interval lies within the margin, so that the effect, significant or not, is too small to matter.
    - ``no effect detected``: not significant, and the interval reaches beyond the margin: there may be an effect, of
      less than the detectable size.
    - ``undetermined``: significant, and its interval holds the margin, but the estimate lies below it.

    Parameters
    ----------
    row : dict
        ``n``, ``effect``, ``ci_low``, ``ci_high``, ``q_value``, ``margin`` and ``detectable``.
    alpha : float, default 0.05
    n_min : int, default 6

    Returns
    -------
    (class, reason)
    """
    if row["n"] < n_min:
        return "too few sequences", f"{row['n']} value{'s' * (row['n'] != 1)}, {n_min} needed"
    effect, margin, q = row["effect"], row["margin"], row["q_value"]
    if q < alpha and abs(effect) > margin:
        return ("positive" if effect > 0 else "negative"), f"q = {q:.2g}, and larger than the margin of {margin:.3g}"
    if -margin <= row["ci_low"] and row["ci_high"] <= margin:
        small = f"significant (q = {q:.2g}), but within" if q < alpha else "the interval lies within"
        return "neutral", f"{small} +-{margin:.3g}"
    if q < alpha:
        return "undetermined", f"significant (q = {q:.2g}), but its interval holds the margin of {margin:.3g}"
    return "no effect detected", f"not detected (n = {row['n']}, detectable size {row['detectable']:.3g})"


def per_unit(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average values over the places of each background (or cluster); float (units,)."""
    _, index = np.unique(rows, return_inverse=True)
    return np.bincount(index, weights=values) / np.bincount(index) if len(rows) else np.zeros(0)


def summarise_motifs(
    measured: Sequence[MeasuredMotif],
    outputs: Sequence[str],
    spread: np.ndarray,
    options: MarginalOptions,
    *,
    units: Sequence[object] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test and class the effects of measured motifs.

    Parameters
    ----------
    measured : sequence of MeasuredMotif
    outputs : sequence of str
        Names of the measured outputs.
    spread : float array, shape (outputs,)
        Standard deviation of the predictions of the backgrounds.
    options : MarginalOptions
    units : sequence, optional
        What counts as independent among the sequences (their clusters), for own sites.

    Returns
    -------
    (table of effects, table of positions)
        Columns: ``MOTIF_EFFECTS`` and ``MOTIF_POSITIONS`` of `combmotif.core.tables`.
    """
    n_min, alpha = options.n_min, options.alpha
    code = None if units is None else np.unique([str(unit) for unit in units], return_inverse=True)[1]
    rows: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    for motif in measured:
        owned = motif.sites.rows if code is None else code[motif.sites.rows]
        for column, (output, deviation) in enumerate(zip(outputs, spread, strict=True)):
            who = {"motif": motif.id, "consensus": motif.consensus, "output": output}
            found = {ALL: motif.inserted, **motif.contexts}
            for background, changes in found.items():
                for kind in (1, 0):  # draws from the matrix first: they are what the motif does as a whole
                    some = changes.kinds == kind
                    told = who | {"inserted": KINDS[kind], "background": background, "fallback": changes.fallback}
                    rows.append(told | _tested(changes.rows[some], changes.values[some, column], n_min, alpha))
                places += [
                    who | {"background": background} | bin_ for bin_ in _curve(changes, column, options.bins, n_min)
                ]
            told = who | {"inserted": SITES, "background": SEQUENCES, "fallback": motif.sites.fallback}
            rows.append(told | _tested(owned, motif.sites.values[:, column], n_min, alpha))
            for row in rows[-(2 * len(found) + 1) :]:
                row["margin"] = options.margin * float(deviation)
    table = pd.DataFrame(rows, columns=[name for name in MOTIF_EFFECTS.names if name not in ("class", "reason")])
    for _, same in table.groupby(["inserted", "background"], sort=False):
        table.loc[same.index, "q_value"] = benjamini_hochberg(same["p_value"].to_numpy(dtype=float))
    classes = [classify_effect(row, alpha=alpha, n_min=n_min) for row in table.to_dict("records")]
    table["class"], table["reason"] = [c for c, _ in classes], [reason for _, reason in classes]
    return table, MOTIF_POSITIONS.frame(places)


def _estimate(values: np.ndarray, n_min: int) -> dict[str, Any]:
    low = high = np.nan
    middle = np.nan
    if len(values) >= n_min:
        middle, low, high = hodges_lehmann(values)
    return {"n": len(values), "effect": middle, "ci_low": low, "ci_high": high}


def _tested(rows: np.ndarray, values: np.ndarray, n_min: int, alpha: float) -> dict[str, Any]:
    """Estimate and test one effect from the values of single places; those that are not finite are left out."""
    finite = np.isfinite(values)
    rows, values = rows[finite], values[finite]
    units = per_unit(rows, values)
    enough = len(units) >= n_min
    return _estimate(units, n_min) | {
        "places": len(rows),
        "p_value": signed_rank(units) if enough else np.nan,
        "detectable": detectable_size(units, alpha=alpha) if enough else np.nan,
    }


def _curve(changes: Changes, column: int, bins: int, n_min: int) -> list[dict[str, Any]]:
    """Effect by position and by frame, k-mers and draws alike."""
    if not len(changes.rows):
        return []
    values, found = changes.values[:, column], []
    last = int(changes.starts.max())
    if (changes.lengths == changes.lengths[0]).all():
        edges = np.unique(np.linspace(0, last + 1, min(bins, last + 1) + 1).round().astype(int))
        place, unit = np.searchsorted(edges, changes.starts, side="right") - 1, "nt"
        ends: list[tuple[float, float]] = [
            (int(low), int(high) - 1) for low, high in zip(edges[:-1], edges[1:], strict=True)
        ]
    else:
        place, unit = np.minimum((changes.starts / changes.lengths * bins).astype(int), bins - 1), "share"
        ends = [(number / bins, (number + 1) / bins) for number in range(bins)]
    groups = [(place == number, *end, "position", unit) for number, end in enumerate(ends)]
    groups += [(changes.frames == frame, frame, frame, "frame", "nt modulo 3") for frame in range(3)]
    for inside, start, end, kind, unit in groups:
        row = {"kind": kind, "start": start, "end": end, "unit": unit}
        counted = inside & np.isfinite(values)
        found.append(row | _estimate(per_unit(changes.rows[counted], values[counted]), n_min))
    return found
