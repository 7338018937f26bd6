"""What k-mers do to a prediction, alone and two at a time: by order, reading frame and distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import InteractionOptions, InteractionSection, MarginalOptions
from combmotif.config.opening import output_indices
from combmotif.core.tables import KMER_PAIRS
from combmotif.core.typed_yaml import default_of
from combmotif.effect.marginal import marginal_effects
from combmotif.effect.pairs.inserted import measure_inserted
from combmotif.effect.pairs.interaction import base_frequencies, model_link
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import Scrambling, States
from combmotif.effect.pairs.summary import find_scale, summarise_states
from combmotif.effect.pattern import Pattern, as_pattern
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet

PLACED = ("order", "frame", "distance")
"""How closely a row says where two k-mers stand: one before the other, in a reading frame, or at a distance."""


@dataclass(frozen=True)
class KmerEffects:
    """Effects of k-mers.

    Attributes
    ----------
    table, positions : pandas.DataFrame
        Marginal effects, and by position and frame; columns `MOTIF_EFFECTS` and `MOTIF_POSITIONS` of
        `combmotif.core.tables`.
    pairs : pandas.DataFrame
        Columns: `combmotif.core.tables.KMER_PAIRS`.
    """

    table: pd.DataFrame
    positions: pd.DataFrame
    pairs: pd.DataFrame


def placements(first: Pattern, second: Pattern, longest: int) -> Iterator[tuple[dict[str, Any], Pair]]:
    """List where a k-mer may stand behind another: anywhere up to a distance, in each frame, at each distance."""
    span = {"order": "ab", "spacing": (0, longest)}
    yield {"placed": PLACED[0], "distance_min": 0, "distance_max": longest}, Pair(first, second, **span)  # type: ignore[arg-type]
    for frame in range(3):
        # the frame is that of the first letters: 0 nt behind AUG are in frame, 0 nt behind UGUA are not
        fitting = [gap for gap in range(longest + 1) if (gap + len(first)) % 3 == frame]
        if fitting:
            place = {"placed": PLACED[1], "frame": frame, "distance_min": fitting[0], "distance_max": fitting[-1]}
            yield place, Pair(first, second, frame=frame, **span)  # type: ignore[arg-type]
    for gap in range(longest + 1):
        place = {"placed": PLACED[2], "frame": (gap + len(first)) % 3, "distance_min": gap, "distance_max": gap}
        yield place, Pair(first, second, order="ab", spacing=(gap, gap))


def kmer_effects(
    model: SequenceModel,
    sequences: SequenceSet,
    words: Sequence[str],
    options: MarginalOptions | None = None,
    *,
    longest: int | None = 11,
    latent: str = default_of(InteractionSection, "latent"),
    seed: int = 0,
    on_pairs: Callable[[int, int], None] | None = None,
) -> KmerEffects:
    """Insert k-mers into background sequences, alone and in pairs, and compare the predictions with their scrambles.

    Alone, a k-mer is inserted at several places of every background (see `marginal_effects`). In pairs, every k-mer is
    put before every other and before itself, into backgrounds that hold neither, and e = o - a - b + n is tested for
    all distances together, for each reading frame and for each distance: a curve. Every background is one value of a
    test (Wilcoxon signed-rank, Hodges-Lehmann estimate with its interval); q-values are over all rows of a table.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
        The backgrounds; where they are fewer than asked for, shuffled copies make up the number.
    words : sequence of str
        IUPAC words.
    options : MarginalOptions, optional
        The number of backgrounds (500), places and more; pairs take backgrounds, avoid, alpha, margin and n_min of
        it, and are measured on its output, of all outputs on the first.
    longest : int or None, default 11
        Longest distance in nt between two k-mers, as far as the longest sequence has room; None measures no pairs.
    latent : str, default "auto"
        Second scale of pairs, as `InteractionOptions.latent`.
    seed : int, default 0
    on_pairs : callable, optional
        Called with (placements measured, placements in all).

    Returns
    -------
    KmerEffects

    Raises
    ------
    ValueError
        If a word is no IUPAC word or given twice, or no sequence has room for it.

    Examples
    --------
    >>> import torch
    >>> from combmotif.models.model import SequenceModel
    >>> from combmotif.sequence.sets import random_sequences
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 1, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> few = MarginalOptions(backgrounds=20, without=[])
    >>> found = kmer_effects(SequenceModel("net", net), random_sequences(50, 30, seed=1), ["GGAC"], few, longest=2)
    >>> found.pairs["placed"].unique().tolist()
    ['order', 'frame', 'distance']
    """
    options = options or MarginalOptions(without=[])
    letters = model.input_spec.alphabet
    patterns = [as_pattern(word, alphabet=letters) for word in words]
    names = [pattern.name for pattern in patterns]
    if not words or len(set(names)) < len(names):
        raise ValueError(f"words: expected one IUPAC word or more, each once, found {', '.join(words) or 'none'}")
    column = output_indices(options.output, model.outputs, key="output")[0]
    single = marginal_effects(model, sequences, names, options, seed=seed)
    if longest is None:
        return KmerEffects(single.table, single.positions, KMER_PAIRS.frame())
    shared = InteractionOptions(
        backgrounds=options.backgrounds, avoid=options.avoid, n_min=options.n_min, alpha=options.alpha,
        margin=options.margin, output=column, latent=latent,
    )  # fmt: skip
    frequencies = base_frequencies(sequences.codes)
    longest = max(0, min(longest, int(sequences.lengths.max()) - 2 * min(map(len, patterns))))
    asked = [one for first, second in product(patterns, repeat=2) for one in placements(first, second, longest)]
    measured: list[States] = []
    for _, pair in asked:
        scrambling = Scrambling(model, sequences, (pair.a, pair.b), shared, frequencies)
        measured.append(_finite(measure_inserted(scrambling, pair, seed=seed)))
        if on_pairs is not None:
            on_pairs(len(measured), len(asked))
    table = summarise_states(measured, shared).rename(columns={"sequences": "backgrounds"})
    about = pd.DataFrame([{"first": pair.a.name, "second": pair.b.name, **place} for place, pair in asked])
    table = about.join(table)
    few = table["class"] == "untestable"
    table.loc[few, "reason"] = [
        f"both fit into {n} backgrounds without either, {shared.n_min} needed" for n in table.loc[few, "backgrounds"]
    ]
    scale = find_scale(model_link(model, column) if latent == "auto" else latent, measured)
    if scale is not None:
        mapped = summarise_states(measured, shared, scale)
        for name in ("epistasis", "epistasis_ci_low", "epistasis_ci_high"):
            table[name.replace("epistasis", "epistasis_latent")] = mapped[name]
        table["q_latent"], table["class_latent"] = mapped["q_value"], mapped["class"]
    table["frame"] = table["frame"].astype("Int64")
    return KmerEffects(single.table, single.positions, table.reindex(columns=KMER_PAIRS.names))


def _finite(states: States) -> States:
    """Leave out the backgrounds on which the net gave no finite prediction."""
    stacked = np.column_stack([states.o, states.a, states.b, states.n])
    kept = np.isfinite(stacked).all(1)
    return States(states.o[kept], states.a[kept], states.b[kept], states.n[kept])
