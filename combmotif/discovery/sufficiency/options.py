"""The settings of demixing by sufficiency."""

from __future__ import annotations

from dataclasses import dataclass

from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of


@dataclass(frozen=True)
class SufficiencyOptions:
    """The settings of the default demixing that change what is found; see the table in docs/methods/demixing.md.

    Attributes
    ----------
    backgrounds : int, default 64
        Fewest background sequences of a reading (a multiple of 4); more are drawn, up to 16 times as many, until the
        standard error suffices.
    sharpness : float, default 0.6
        K-mers drawn from a matrix excite the neuron this much of what its best k-mer does, which sets how sharp the
        matrix is: 1 would leave the best k-mer alone, 0 the background.
    flat : float, default 0.1
        A column whose bases differ by less than this share of the best k-mer's effect is uniform, unless they differ by
        half as much as in the strongest column (so wide motifs of many equal columns are read as well).
    additive : float, default 0.8
        Two parts whose effects one by one add up to this share of their joint effect are not read together.
    alone : float, default 0.15
        Each of two such parts must have this share of the joint excitation by itself to be a motif of its own.
    acts : float, default 0.5
        A place, or a distance between two parts, counts where the excitation is at least this share of the best.
    chance : float, default 0.02
        Share of background sequences in which a motif is called by chance, which sets its score threshold.
    least : float, default 0.02
        A motif must explain this share of the neuron's excitation that the others do not.
    same : float, default 0.85
        Two matrices with this cosine at the best shift are one motif at two places.
    windows : int
        Sampled windows that are explained, evenly over the range of activation.
    spread : float, default 1/3
        A matrix whose k-mers keep more than this share of their excitation when their bases are spread over the window
        is composition, not a motif. (Measured: motifs below 0.15, the shipped nets' neurons of composition 0.4 to 0.8.)
    passes : int
        Times that motifs are looked for, in other windows and background sequences each time; of several, the motifs
        that come again count. Two that agree, and explain nearly all, are enough.
    """

    backgrounds: int = 64
    sharpness: float = 0.6
    flat: float = 0.1
    additive: float = 0.8
    alone: float = 0.15
    acts: float = 0.5
    chance: float = 0.02
    least: float = 0.02
    same: float = 0.85
    windows: int = default_of(DiscoverSection, "windows")
    spread: float = 1 / 3
    passes: int = default_of(DiscoverSection, "passes")
