"""From six tested effects to a class, and the reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def classify(row: Mapping[str, Any], *, alpha: float, n_min: int) -> tuple[str, str]:
    """Class one motif pair.

    A motif acts if its effect alone or in context is significant (q < alpha) and larger than the margin of effects.
    In this order:

    - ``too few sequences``: fewer than `n_min` sequences.
    - ``undetermined``: neither motif acts, but their joint effect, or e, does.
    - ``neutral``: neither motif acts, and the intervals of all their effects lie within the margin.
    - ``no effect detected``: neither acts, but an interval reaches beyond the margin: an effect below the detectable
      size may be there.
    - ``one motif only``: one acts. ``opposing``: both act, with opposite signs.
    - ``undetermined`` where a motif's effects alone and in context are significant with opposite signs, or the joint
      effect is not significant or has another sign than the motifs.
    - ``additive``: the interval of e lies within +-margin, also where e is significant but that small.
    - ``super-additive``: e is significant with the sign of the joint effect (an AND pair, whose effects alone are nil,
    belongs here).
    - ``sub-additive``: e is significant with the other sign (a redundant pair, whose effects in context are nil,
    belongs here).
    - ``undetermined``: the rest.

    Parameters
    ----------
    row : mapping
        ``sequences``, ``margin`` (of e), ``effect_margin``, ``detectable`` and, for joint, a_alone, b_alone,
        a_in_context, b_in_context and epistasis, the estimate, its interval (``epistasis_ci_low``,
        ``epistasis_ci_high``) and q (``joint_q``, ..., ``q_value``).
    alpha : float
    n_min : int

    Returns
    -------
    (class, reason)
    """
    if row["sequences"] < n_min:
        count = int(row["sequences"])
        return "too few sequences", f"found together in {count} sequence{'s' * (count != 1)}, {n_min} needed"
    if not all(np.isfinite(row[name]) for name in ("joint", "a_alone", "b_alone", "epistasis")):
        return "too few sequences", "the effects are no finite numbers"
    signs = {side: _signs(row, side, alpha) for side in "ab"}
    acting = [side for side in "ab" if signs[side]]
    least = row["effect_margin"]
    missed = f"not detected (n = {int(row['sequences'])}, detectable size {row['detectable']:.3g})"
    if not acting:
        for what, name, q in (("the joint effect", "joint", row["joint_q"]), ("e", "epistasis", row["q_value"])):
            if q < alpha and abs(row[name]) > least:
                return "undetermined", f"{what} is significant (q = {q:.2g}), but no effect of either motif is"
        if _within(row, "a", least) and _within(row, "b", least):
            return "neutral", f"the intervals of all effects of both motifs lie within +-{least:.3g}"
        return "no effect detected", f"effects of either motif, alone or beside the other: {missed}"
    if len(acting) == 1:
        own, other = ("A", "B") if acting == ["a"] else ("B", "A")
        none = f"those of {other} lie within +-{least:.3g}" if _within(row, other.lower(), least) else (
            f"of {other}: {missed}, or smaller than {least:.3g}"
        )  # fmt: skip
        return "one motif only", f"only {own} has a detected effect, {none}"
    for side in "ab":
        if len(signs[side]) > 1:
            return "undetermined", f"the effect of {side.upper()} alone and beside the other motif have opposite signs"
    sign_a, sign_b = min(signs["a"]), min(signs["b"])
    if sign_a != sign_b:
        up, down = ("A", "B") if sign_a > 0 else ("B", "A")
        return "opposing", f"{up} raises the prediction, {down} lowers it"
    if not row["joint_q"] < alpha:
        return "undetermined", f"both motifs act, but the joint effect is not significant (q = {row['joint_q']:.2g})"
    if np.sign(row["joint"]) != sign_a:
        return "undetermined", "the joint effect has another sign than the effects of the two motifs"
    e, q, margin = row["epistasis"], row["q_value"], row["margin"]
    if -margin <= row["epistasis_ci_low"] and row["epistasis_ci_high"] <= margin:
        small = "" if not q < alpha else f"; e is significant (q = {q:.2g}) but smaller than that"
        return "additive", f"the interval of e lies within +-{margin:.3g}{small}"
    if q < alpha:
        if np.sign(e) == sign_a:
            return "super-additive", f"together they do more than the sum of both alone: e = {e:+.3g}, q = {q:.2g}"
        return "sub-additive", f"together they do less than the sum of both alone: e = {e:+.3g}, q = {q:.2g}"
    return "undetermined", f"e is not significant (q = {q:.2g}), but its interval reaches beyond +-{margin:.3g}"


def _within(row: Mapping[str, Any], side: str, least: float) -> bool:
    """Whether the intervals of a motif's effects lie within the margin."""
    names = (f"{side}_alone", f"{side}_in_context")
    return all(-least <= row[f"{name}_ci_low"] and row[f"{name}_ci_high"] <= least for name in names)


def _signs(row: Mapping[str, Any], side: str, alpha: float) -> set[int]:
    """Signs of a motif's effects that are significant and larger than the margin."""
    names = (f"{side}_alone", f"{side}_in_context")
    acting = [name for name in names if row[f"{name}_q"] < alpha and abs(row[name]) > row["effect_margin"]]
    return {int(np.sign(row[name])) for name in acting}
