"""Do three motifs do more, or less, than their pairs explain?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import InteractionOptions
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.core.tables import TRIPLES
from combmotif.effect.overlaps import confounded
from combmotif.effect.pairs.measure import snap
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import Scrambling
from combmotif.effect.pattern import Pattern
from combmotif.effect.statistics import benjamini_hochberg, hodges_lehmann, signed_rank
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet

FOUND = ("super-additive", "sub-additive")
SITES = 40
"""Most sites of a motif per sequence that are combined."""

Triple = tuple[Pattern, Pattern, Pattern]


@dataclass(frozen=True)
class MeasuredTriple:
    """Placements and predictions of three motifs.

    Attributes
    ----------
    motifs : 3 Patterns
    rows : integer array, shape (placements,)
    starts : integer array, shape (placements, 3)
    states : float array, shape (placements, 8)
        Means over draws; bit 0 of the column's number = A scrambled, bit 1 = B, bit 2 = C.
    """

    motifs: Triple
    rows: np.ndarray
    starts: np.ndarray
    states: np.ndarray

    @property
    def name(self) -> str:
        """The names of the three motifs."""
        return " x ".join(motif.name for motif in self.motifs)


def choose_triples(pairs: Sequence[Pair], classes: Sequence[str], *, most: int = 20) -> list[Triple]:
    """Combine the pairs that were found (super-additive or sub-additive) into triples.

    Three motifs are a triple if at least two of their three pairs were found; a motif that was found with itself may be
    there three times, or twice beside one it was found with. Rules of the pairs on order, spacing and frame are not
    carried over. Triples with most pairs come first, then in the order of the pairs.
    """
    found = [pair for pair, kind in zip(pairs, classes, strict=True) if kind in FOUND]
    known = {frozenset((pair.a.name, pair.b.name)) for pair in found}
    motifs = {side.name: side for pair in found for side in (pair.a, pair.b)}
    names = list(motifs)
    scored = []
    for i, a in enumerate(names):
        for j in range(i, len(names)):
            for k in range(j, len(names)):
                three = (a, names[j], names[k])
                sides = {frozenset(two) for two in (three[:2], three[1:], three[::2])}
                count = len(sides & known)
                if count >= min(2, len(sides)):
                    scored.append((-count, i, j, k))
    return [(motifs[names[i]], motifs[names[j]], motifs[names[k]]) for _, i, j, k in sorted(scored)[:most]]


def measure_triple(
    model: SequenceModel,
    sequences: SequenceSet,
    motifs: Triple,
    options: InteractionOptions,
    *,
    frequencies: np.ndarray,
    seed: int = 0,
) -> MeasuredTriple:
    """Predict the eight states of every placement of three motifs; parameters are those of `measure_pair`."""
    name = " x ".join(motif.name for motif in motifs)
    scrambling = Scrambling(model, sequences, motifs, options, frequencies)
    rows, starts = _placements(sequences, motifs, name, scrambling.avoid, options, seed)
    generators = [
        named_generator(seed, "triple", name, sequences.names[row], *place)
        for row, place in zip(rows, starts.tolist(), strict=True)
    ]
    codes = [sequences.codes[row] for row in rows]
    drawn, every = scrambling.predict(codes, rows, starts, draws=options.scrambles, generators=generators)
    good = np.flatnonzero(~drawn.failed)
    states = every[good].mean(1)
    return MeasuredTriple(motifs, rows[good], starts[good], states)


def _placements(
    sequences: SequenceSet,
    motifs: Triple,
    name: str,
    avoid: Sequence[Pattern],
    options: InteractionOptions,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose three sites that do not overlap, equal motifs from 5' to 3': rows (n,) and starts (n, 3)."""
    sites = [motif.find(sequences.codes) for motif in motifs]
    if options.overlaps == "skip":
        kept = []
        for i, motif in enumerate(motifs):
            bad = np.zeros(len(sites[i][0]), dtype=bool)
            for j, partner in enumerate(motifs):
                if j != i:
                    bad |= confounded(sites[i], motif, partner, sites[j], avoid, sequences.codes)
            kept.append((sites[i][0][~bad], sites[i][1][~bad]))
        sites = kept
    rows = sorted(set.intersection(*(set(own[0].tolist()) for own in sites)))
    ranked = sorted(rows, key=lambda row: stable_hash(seed, "triple sequences", name, sequences.names[row]))
    chosen: list[tuple[int, ...]] = []
    used = 0
    for row in ranked:
        if used == options.max_sequences:
            break
        random = named_generator(seed, "triple placements", name, sequences.names[row])
        starts = []
        for where, at in sites:
            here = at[slice(*np.searchsorted(where, [row, row + 1]))]
            starts.append(here if len(here) <= SITES else np.sort(random.choice(here, SITES, replace=False)))
        # every combination of a site of each; two of the same motif count once, from 5' to 3'
        grid = np.stack([x.ravel() for x in np.meshgrid(*starts, indexing="ij")], axis=1)
        good = np.ones(len(grid), dtype=bool)
        for i in range(3):
            for j in range(i + 1, 3):
                before = grid[:, i] + len(motifs[i]) <= grid[:, j]
                after = (grid[:, j] + len(motifs[j]) <= grid[:, i]) & (motifs[i].name != motifs[j].name)
                good &= before | after
        places = grid[good]
        if len(places):
            used += 1
            chosen += [(row, *places[i].tolist()) for i in random.permutation(len(places))[: options.max_placements]]
    table = np.array(sorted(chosen), dtype=np.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1:]


SIGNS = np.array([(-1) ** bin(state).count("1") for state in range(8)])
"""e3 = o - a - b - c + ab + ac + bc - abc, where letters name what is scrambled."""


def summarise_triples(
    measured: Sequence[MeasuredTriple],
    names: Sequence[str],
    options: InteractionOptions | None = None,
    *,
    units: Sequence[object] | None = None,
) -> pd.DataFrame:
    """Test the third-order contrast of every triple, one value per sequence (or unit).

    Returns
    -------
    pandas.DataFrame
        Columns: `combmotif.core.tables.TRIPLES`.
    """
    options = options or InteractionOptions()
    n_min, alpha = options.n_min, options.alpha
    unit_of = np.unique(np.arange(len(names)) if units is None else [str(u) for u in units], return_inverse=True)[1]
    rows: list[dict[str, Any]] = []
    for triple in measured:
        finite = np.isfinite(triple.states).all(1)  # what the net gave no number for counts nowhere
        triple = replace(triple, rows=triple.rows[finite], starts=triple.starts[finite], states=triple.states[finite])
        found, index = np.unique(unit_of[triple.rows], return_inverse=True)
        count = np.bincount(index, minlength=len(found))
        states = np.stack(
            [np.bincount(index, weights=column, minlength=len(found)) / count for column in triple.states.T], axis=1
        )
        e = snap(states @ SIGNS, *states.T)
        joint = snap(states[:, 0] - states[:, 7], *states.T)
        row: dict[str, Any] = {"triple": triple.name, "sequences": len(found), "placements": len(triple.rows)}
        for side, motif in zip("abc", triple.motifs, strict=True):
            row |= motif.described(side)
        if len(found) >= n_min:
            location = hodges_lehmann(e)
            row |= {"joint": hodges_lehmann(joint).estimate, "epistasis3": location.estimate}
            row |= {"epistasis3_ci_low": location.ci_low, "epistasis3_ci_high": location.ci_high}
            row |= {"p_value": signed_rank(e), "margin": options.margin * abs(row["joint"])}
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=[c for c in TRIPLES.names if c not in ("class", "reason")])
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(dtype=float))
    kinds = [_classify(row, alpha, n_min) for row in table.to_dict("records")]
    table["class"], table["reason"] = [kind for kind, _ in kinds], [reason for _, reason in kinds]
    return table[TRIPLES.names]


def _classify(row: dict[str, Any], alpha: float, n_min: int) -> tuple[str, str]:
    if row["sequences"] < n_min:
        return "too few sequences", f"found together in {row['sequences']} sequences, {n_min} needed"
    e, q, margin = row["epistasis3"], row["q_value"], row["margin"]
    if -margin <= row["epistasis3_ci_low"] and row["epistasis3_ci_high"] <= margin:
        return "pairwise", f"the interval of e3 lies within +-{margin:.3g}: the pairs explain the three"
    if q < alpha:
        more = "more" if np.sign(e) == np.sign(row["joint"]) else "less"
        return f"{more}-than-pairs", f"the three do {more} than their pairs explain: e3 = {e:+.3g}, q = {q:.2g}"
    return "undetermined", f"e3 is not significant (q = {q:.2g}), but its interval reaches beyond +-{margin:.3g}"
