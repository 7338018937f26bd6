"""From measured pairs to tables: one value per sequence, six tested effects, a class on two scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import InteractionOptions
from combmotif.core.tables import EFFECTS, INSERTED, INSTANCES, INTERACTIONS
from combmotif.effect.pairs.classify import classify
from combmotif.effect.pairs.latent import SCALES, fit_latent_scale, link_scale
from combmotif.effect.pairs.measure import MeasuredPair, only_finite, snap
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.spacing import spacing_profile
from combmotif.effect.pairs.states import States
from combmotif.effect.statistics import benjamini_hochberg, detectable_size, hodges_lehmann, signed_rank

SINGLE = ("a_alone", "b_alone", "a_in_context", "b_in_context")
"""Effects of one motif."""


@dataclass(frozen=True)
class InteractionResult:
    """Tables of a run's pairs.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per pair, in the order asked for. Columns: `combmotif.core.tables.INTERACTIONS`.
    instances : pandas.DataFrame
        One row per placement. Columns: `combmotif.core.tables.INSTANCES`.
    spacing : pandas.DataFrame
        e against the distance of the sites. Columns: `combmotif.core.tables.SPACING`.
    """

    table: pd.DataFrame
    instances: pd.DataFrame
    spacing: pd.DataFrame


def summarise(
    measured: Sequence[MeasuredPair],
    names: Sequence[str],
    options: InteractionOptions | None = None,
    *,
    units: Sequence[object] | None = None,
    link: str = "spline",
) -> InteractionResult:
    """Test and class measured pairs.

    Parameters
    ----------
    measured : sequence of MeasuredPair
    names : sequence of str
        Of the sequences.
    options, units
        As for `interaction`.
    link : str, default "spline"
        The latent scale of ``latent: auto``, see `model_link`.

    Returns
    -------
    InteractionResult

    Raises
    ------
    ValueError
        If the link is no scale.
    """
    options = options or InteractionOptions()
    latent = link if options.latent == "auto" else options.latent
    if latent not in SCALES:
        raise ValueError(f"latent: expected one of {', '.join(SCALES)}, found '{latent}'")
    measured = [only_finite(pair) for pair in measured]
    unit_of = np.unique(np.arange(len(names)) if units is None else [str(u) for u in units], return_inverse=True)[1]
    found = [(pair.states, unit_of[pair.rows]) for pair in measured]
    raw = _tested(found, None, options)
    raw["reason"] = [
        reason + _left_out(pair) if kind == "too few sequences" else reason
        for kind, reason, pair in zip(raw["class"], raw["reason"], measured, strict=True)
    ]
    table = pd.DataFrame([_description(pair) for pair in measured]).join(raw).join(_inserted(measured, options))
    scale = find_scale(latent, [pair.states for pair in measured])
    table["scale"] = "" if scale is None else latent
    if scale is None:
        table = table.assign(**dict.fromkeys(("epistasis_latent", "p_latent", "q_latent"), np.nan))
        table["class_latent"], table["scale_dependent"] = "", False
    else:
        mapped = _tested(found, scale, options)
        for name in ("epistasis", "epistasis_ci_low", "epistasis_ci_high"):
            table[name.replace("epistasis", "epistasis_latent")] = mapped[name]
        table["p_latent"], table["q_latent"], table["class_latent"] = mapped.p_value, mapped.q_value, mapped["class"]
        table["scale_dependent"] = table["class"] != table["class_latent"]
    table = table.reindex(columns=INTERACTIONS.names)
    parts = [
        instances(
            pair.spec, names, pair.rows, pair.start_a, pair.start_b, pair.states.o,
            *(x.mean(1) for x in (pair.states.a, pair.states.b, pair.states.n)),
        )
        for pair in measured
    ]  # fmt: skip
    placed = pd.concat(parts, ignore_index=True) if parts else INSTANCES.frame()
    return InteractionResult(table, placed, spacing_profile(measured, unit_of))


def find_scale(latent: str, pairs: Sequence[States]) -> Callable[[np.ndarray], np.ndarray] | None:
    """Make the second scale: a curve fitted to the pairs, a link, or None where there is none; see `SCALES`."""
    if latent == "spline":
        return fit_latent_scale(pairs)
    return None if latent == "none" else link_scale(latent, pairs)


def contrasts(o: np.ndarray, a: np.ndarray, b: np.ndarray, n: np.ndarray) -> dict[str, np.ndarray]:
    """Turn predictions of the four states (any equal shapes) into the six effects of `EFFECTS`."""
    effects = (o - n, b - n, a - n, o - a, o - b, o - a - b + n)
    return {name: snap(values, o, a, b, n) for name, values in zip(EFFECTS, effects, strict=True)}


def unit_effects(
    states: States, units: np.ndarray, scale: Callable[[np.ndarray], np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Average the states over draws, then over the placements of each unit, and take the six effects.

    Parameters
    ----------
    states : States
    units : integer array, shape (placements,)
        The unit (sequence, gene) of each placement.
    scale : callable, optional
        Applied to every prediction first.

    Returns
    -------
    dict of name to float array, shape (units,)
        Keys are those of `EFFECTS`; units in ascending order.
    """
    found, index = np.unique(units, return_inverse=True)
    size = np.bincount(index, minlength=len(found))
    means = []
    for x in (states.o[:, None], states.a, states.b, states.n):
        average = (x if scale is None else scale(x)).mean(1)
        means.append(np.bincount(index, weights=average, minlength=len(found)) / size)
    return contrasts(*means)


def _tested(
    found: Sequence[tuple[States, np.ndarray]],
    scale: Callable[[np.ndarray], np.ndarray] | None,
    options: InteractionOptions,
) -> pd.DataFrame:
    """Estimate, test and class pairs on one scale, each from its states and the unit of every placement."""
    n_min, alpha, margin = options.n_min, options.alpha, options.margin
    rows = []
    for states, units in found:
        effects = unit_effects(states, units, scale)
        count = len(effects["joint"])
        row: dict[str, Any] = {"sequences": count}
        for name, values in effects.items():
            location = hodges_lehmann(values) if count >= n_min else (np.nan,) * 3
            p = signed_rank(values) if count >= n_min else np.nan
            row |= {name: location[0], f"{name}_ci_low": location[1], f"{name}_ci_high": location[2], _p(name): p}
        row["margin"] = margin * abs(row["joint"])
        row |= {"effect_margin": np.nan, "detectable": np.nan}
        if count >= n_min:
            largest = max(abs(row[name]) for name in ("joint", *SINGLE))
            row["effect_margin"] = margin * max(largest, _spread(states, units, scale))
            row["detectable"] = max(detectable_size(effects[name], alpha=alpha) for name in SINGLE)
        alone = abs(row["a_alone"]) + abs(row["b_alone"])
        row["epistasis_fraction"] = row["epistasis"] / alone if alone else np.nan
        rows.append(row)
    table = pd.DataFrame(rows)
    for name in EFFECTS if rows else ():
        table[_q(name)] = benjamini_hochberg(table[_p(name)].to_numpy(dtype=float))
    classes = [classify(row, alpha=alpha, n_min=n_min) for row in table.to_dict("records")]
    table["class"], table["reason"] = [c for c, _ in classes], [r for _, r in classes]
    return table


def summarise_states(
    states: Sequence[States], options: InteractionOptions, scale: Callable[[np.ndarray], np.ndarray] | None = None
) -> pd.DataFrame:
    """Test and class pairs that were inserted into backgrounds, of which every one is a unit.

    Parameters
    ----------
    states : sequence of States
        One per pair.
    options : InteractionOptions
    scale : callable, optional
        Applied to every prediction first.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``sequences`` (backgrounds), the effects with interval, p and q, margins, class and reason.
    """
    return _tested([(one, np.arange(len(one.o))) for one in states], scale, options)


def _spread(states: States, units: np.ndarray, scale: Callable[[np.ndarray], np.ndarray] | None) -> float:
    """Standard deviation, over units, of the predictions with both motifs scrambled."""
    n = (states.n if scale is None else scale(states.n)).mean(1)
    _, index = np.unique(units, return_inverse=True)
    return float((np.bincount(index, weights=n) / np.bincount(index)).std())


def _inserted(measured: Sequence[MeasuredPair], options: InteractionOptions) -> pd.DataFrame:
    """Test the inserted pairs in the same way; every background is a unit. Pairs that were not inserted stay empty."""
    rows = [(place, pair.inserted) for place, pair in enumerate(measured) if pair.inserted is not None]
    if not rows:
        return pd.DataFrame(index=range(len(measured)))
    found = summarise_states([states for _, states in rows], options)
    found = found.rename(columns={"sequences": "backgrounds"}).drop(columns="epistasis_fraction")
    few = found["class"] == "too few sequences"
    found.loc[few, "reason"] = [
        f"inserted into {n} backgrounds, {options.n_min} needed" for n in found.loc[few, "backgrounds"]
    ]
    found.index = pd.Index([place for place, _ in rows])
    return found.add_prefix(INSERTED).reindex(range(len(measured)))


def _p(effect: str) -> str:
    return "p_value" if effect == "epistasis" else f"{effect}_p"


def _q(effect: str) -> str:
    return "q_value" if effect == "epistasis" else f"{effect}_q"


def _left_out(pair: MeasuredPair) -> str:
    """Say what made a pair rare, where sites or placements were left out."""
    parts = []
    if pair.overlapping:
        parts.append(f"{pair.overlapping:.0%} of their sites share bases with the partner or a word to avoid")
    if pair.unscrambled:
        count = pair.unscrambled
        parts.append(f"{count} placement{'s' * (count != 1)} could not be scrambled")
    if pair.not_finite:
        count = pair.not_finite
        parts.append(f"{count} placement{'s have' if count != 1 else ' has'} no finite prediction")
    return f" ({' and '.join(parts)})" if parts else ""


def _description(pair: MeasuredPair) -> dict[str, Any]:
    share = float(pair.fallback.mean()) if pair.fallback.size else 0.0
    used = pair.mode if share == 0 else "background" if share == 1 else f"{pair.mode}+background"
    return {
        **pair.spec.described(),
        "sequences_with_pair": pair.sequences_with_pair,
        "placements": len(pair.rows),
        "mode": pair.mode,
        "mode_used": used,
        "fallback": share,
        "rejected": pair.rejected,
        "overlapping": pair.overlapping,
        "unscrambled": pair.unscrambled,
        "p_control": pair.control.p_value,
        "control_epistasis": pair.control.epistasis,
        "controls": pair.control.segments,
    }


def instances(
    pair: Pair, names: Sequence[str], rows: np.ndarray, start_a: np.ndarray, start_b: np.ndarray, *four: np.ndarray
) -> pd.DataFrame:
    """Tabulate placements (`INSTANCES`) in the order of the sequences; ``four``: o, a, b, n, shape (placements,)."""
    order = np.lexsort((start_b, start_a, rows))
    start_a, start_b = start_a[order], start_b[order]
    states = [values[order] for values in four]
    columns = (
        np.full(len(order), pair.name, dtype=object),
        np.array([names[row] for row in rows[order]], dtype=object),
        start_a,
        start_a + len(pair.a),
        start_b,
        start_b + len(pair.b),
        pair.gap(start_a, start_b),
        *states,
        contrasts(*states)["epistasis"],
    )
    return pd.DataFrame(dict(zip(INSTANCES.names, columns, strict=True)))
