"""Backgrounds without and with another motif of the run, chosen from the effects or named by the user."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from combmotif.effect.backgrounds import draw_backgrounds
from combmotif.effect.insertion import KINDS
from combmotif.effect.marginal.measure import Context, Setup, plant
from combmotif.effect.marginal.summary import ALL
from combmotif.effect.pattern import LEAST_BITS, Pattern, as_pattern
from combmotif.motifs.motif import Motif

CORE_BITS = 1.0
"""Least information of every column of a core: one base, or two that are alike."""
CORE = 3
"""Fewest columns of a core: a codon."""
STRONG = 0.5
"""Motifs with at least this share of the largest effect are asked which core they have in common."""


def informative_pattern(
    motif: Motif, *, background: np.ndarray, length: float, alphabet: str = "rna"
) -> Pattern:  # fmt: skip
    """Make a pattern of a motif without the uninformative columns at its ends, with the motif's own score threshold.

    Parameters
    ----------
    motif : Motif
    background : float array, shape (4,)
        Frequencies of A, C, G, T/U.
    length : float
        Length of the sequences in nt, for the threshold.
    alphabet : {"rna", "dna"}, default "rna"
    """
    columns = np.flatnonzero(motif.information >= LEAST_BITS)
    span = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, len(motif))
    return as_pattern(motif, p_value=None, length=length, background=background, columns=span, alphabet=alphabet)


def strongest_core(
    motifs: Sequence[Motif], table: pd.DataFrame, *, background: np.ndarray, length: float, alphabet: str = "rna"
) -> Pattern | None:
    """Find the core of the motif that moves the prediction most: what other motifs' effects may depend on.

    A core is a stretch of at least three columns of 1 bit or more. Of the motifs whose effect, in standard deviations
    of the prediction, is at least half of the largest one, the core that stands in most of their consensus words is
    taken (many neurons read AUG, with one flank or another), then the longest, then that of the larger effect.

    Parameters
    ----------
    motifs : sequence of Motif
    table : pandas.DataFrame
        Effects in plain backgrounds; see `summarise_motifs`.
    background, length, alphabet
        As for `informative_pattern`.

    Returns
    -------
    Pattern or None
        None where no motif has an effect, or none of these has a core.
    """
    plain = table[(table["background"] == ALL) & (table["inserted"] == KINDS[1])]
    acting = plain[plain["class"].isin(["positive", "negative"])]
    sizes = (acting["effect"].abs() / acting["margin"]).groupby(acting["motif"], sort=False).max()
    if not len(sizes):
        return None
    strong = sizes[sizes >= STRONG * sizes.max()]
    words = {motif.id: motif.consensus(alphabet) for motif in motifs if motif.id in strong}
    candidates: list[tuple[int, int, float, Motif, tuple[int, int]]] = []
    for motif in motifs:
        if motif.id not in strong:
            continue
        sharp = motif.information >= CORE_BITS
        for start, end in combinations(range(len(motif) + 1), 2):
            if end - start >= CORE and sharp[start:end].all():
                shared = sum(words[motif.id][start:end] in word for word in words.values())
                candidates.append((shared, end - start, float(strong[motif.id]), motif, (start, end)))
    if not candidates:
        return None
    *_, motif, columns = max(candidates, key=lambda one: one[:3])
    return as_pattern(motif, p_value=None, length=length, background=background, columns=columns, alphabet=alphabet)


def make_contexts(
    setup: Setup, patterns: Sequence[Pattern], *, count: int, frequencies: Sequence[float] | None = None
) -> list[Context]:
    """Draw backgrounds without each motif, and plant a copy of it; where none can be had, the motif is left out.

    Parameters
    ----------
    setup : Setup
    patterns : sequence of Pattern
    count : int
        Backgrounds of each.
    frequencies : 4 floats, optional
        Of the bases of random backgrounds; default the sequences themselves.
    """
    found = []
    for pattern in patterns:
        backgrounds = draw_backgrounds(
            setup.sequences, count, seed=setup.seed, frequencies=frequencies, without=[pattern]
        )
        context = plant(setup, backgrounds, pattern.consensus, pattern)
        if len(context.without):
            found.append(context)
    return found
