"""A motif: counts per position and base, and where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import overload

import numpy as np

from combmotif.sequence.alphabet import IUPAC, LETTERS

PSEUDOCOUNT = 0.25
CONSENSUS_SHARE = 0.75
CONSENSUS_BITS = 0.3
_WORDS = {frozenset(bases): letter for letter, bases in IUPAC.items() if letter != "U"}


def information(ppm: np.ndarray) -> np.ndarray:
    """Information content per column, 2 - H, in bits (Schneider and Stephens 1990); ppm (length, 4) -> (length,).

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.motifs.motif import information
    >>> information(np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]])).round(3).tolist()
    [2.0, 1.0, 0.0]
    """
    p = np.clip(ppm, 1e-12, 1)
    return np.maximum(2 + (p * np.log2(p)).sum(1), 0)


def letter_sets(ppm: np.ndarray) -> np.ndarray:
    """Which bases a consensus shows per column: the fewest that hold 75 %, all four below 0.3 bits (Cavener-like).

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities, rows sum to 1.

    Returns
    -------
    bool array, shape (length, 4)

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.motifs.motif import letter_sets
    >>> letter_sets(np.array([[0.9, 0.1, 0, 0], [0.5, 0, 0.5, 0]])).astype(int).tolist()
    [[1, 0, 0, 0], [1, 0, 1, 0]]
    """
    order = np.argsort(-ppm, axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(ppm, order, axis=1), axis=1) - np.take_along_axis(ppm, order, axis=1)
    shown = np.zeros(ppm.shape, dtype=bool)
    np.put_along_axis(shown, order, before < CONSENSUS_SHARE, axis=1)
    return shown | (information(ppm) < CONSENSUS_BITS)[:, None]


def purity(consensus: float, maximum: float, background: float = 0.0) -> float:
    """Share of the largest activation known that the consensus sequence reaches, all above the background.

    1 says that the most frequent bases alone excite the neuron at least as much as any sequence of the group: it is no
    mixture. A mixture of motifs or of positions has a consensus that is none of its members, and a purity near 0.

    Parameters
    ----------
    consensus, maximum, background : float
        Activation of the consensus, largest activation of the group, activation of random sequences.

    Returns
    -------
    float
        0 to 1; NaN where no activation is above the background. A consensus that excites the neuron more than any
        member is itself the largest activation known, so it counts as 1.

    Examples
    --------
    >>> from combmotif.motifs.motif import purity
    >>> purity(6.0, 10.0, background=2.0)
    0.5
    """
    height = max(maximum, consensus) - background
    return max(0.0, (consensus - background) / height) if height > 0 else float("nan")


@dataclass(frozen=True)
class Motif:
    """A position-frequency matrix with its origin.

    Attributes
    ----------
    id : str
        ``layer:neuron.mK``, for example ``conv3:12.m1``; K counts from 1 in order of activation.
    pfm : float array, shape (length, 4)
        Counts of A, C, G, T/U per column.
    sites : int
        Number of sequences behind the counts.
    layer : str
    neuron : int
        Channel of the layer, from 0; -1 where the motif is of the whole model.
    method : str
        ``neuronmotif``, ``modisco`` or ``seqlets``, or a database's name.
    start : int
        Column of the receptive field where the motif begins (0-based).
    max_activation, mean_activation, min_activation : float
        Of the sequences behind the motif, in the layer's own units.
    consensus_activation : float
        Of the sequence that has the most frequent base in every column of the receptive field.
    share : float
        Share of the excitation of the neuron's samples that the motif's nucleotides keep while all others are random,
        beyond what those of the neuron's motifs before it keep, so that shares add up (sufficiency); or that the
        sequences that carry it have (other methods); 0 to 1.
    offsets : tuple of int
        Relative positions at which merged copies of the motif sat (0 always among them).
    background : float
        Activation of the neuron on background sequences (0 where that is negative).
    contribution : float
        Of a motif that attributions gave: mean contribution of a site to the target, in its units; below 0 where the
        motif lowers it.
    reproducibility : float
        Best similarity with the motifs that the other, independent half of the neuron's samples gave, 0 to 1; NaN where
        it was not measured.
    explained : float
        Share of the excitation of held-out samples that is lost without the motif, 0 to 1.

    Examples
    --------
    >>> from combmotif.motifs import Motif, word_ppm
    >>> motif = Motif("conv3:12.m1", 100 * word_ppm("UGUANAUA"), 100, layer="conv3", neuron=12)
    >>> motif.consensus(), len(motif), round(motif.information.sum())
    ('UGUANAUA', 8, 12)
    """

    id: str
    pfm: np.ndarray
    sites: int
    layer: str = ""
    neuron: int = -1
    method: str = ""
    start: int = 0
    max_activation: float = float("nan")
    mean_activation: float = float("nan")
    consensus_activation: float = float("nan")
    share: float = float("nan")
    offsets: tuple[int, ...] = field(default=(0,))
    background: float = 0.0
    min_activation: float = float("nan")
    contribution: float = float("nan")
    reproducibility: float = float("nan")
    explained: float = float("nan")

    @cached_property
    def ppm(self) -> np.ndarray:
        """Probabilities per column with a pseudo-count of 0.25 per base, shape (length, 4)."""
        counts = self.pfm + PSEUDOCOUNT
        return counts / counts.sum(1, keepdims=True)

    @cached_property
    def frequencies(self) -> np.ndarray:
        """Plain frequencies per column, without pseudo-count, shape (length, 4); a column without counts is uniform."""
        total = self.pfm.sum(1, keepdims=True)
        return np.where(total > 0, self.pfm / np.where(total > 0, total, 1), 0.25)

    @cached_property
    def information(self) -> np.ndarray:
        """Information content per column in bits, shape (length,)."""
        return information(self.ppm)

    @property
    def purity(self) -> float:
        """Consensus activation as a share of the largest activation known, 0 to 1; 1 is no mixture (see `purity`)."""
        return purity(self.consensus_activation, self.max_activation, self.background)

    def __len__(self) -> int:
        return len(self.pfm)

    def consensus(self, alphabet: str = "rna") -> str:
        """IUPAC consensus, one letter per column: see `letter_sets`; N where all four bases are shown."""
        word = "".join(_WORDS[frozenset("ACGT"[b] for b in np.flatnonzero(row))] for row in letter_sets(self.ppm))
        return word.replace("T", "U") if LETTERS[alphabet][3] == "U" else word


@dataclass(frozen=True, repr=False)
class MotifSet:
    """Motifs of one method on one model, in a fixed order.

    Attributes
    ----------
    motifs : tuple of Motif
    method : str
    alphabet : str
        ``rna`` or ``dna``: the letters of the output.

    Examples
    --------
    >>> from combmotif.motifs import Motif, MotifSet, word_ppm
    >>> motifs = MotifSet(tuple(Motif(word, 100 * word_ppm(word), 100) for word in ("UGUANAUA", "UAUUUAU")))
    >>> [motif.consensus() for motif in motifs]
    ['UGUANAUA', 'UAUUUAU']
    """

    motifs: tuple[Motif, ...]
    method: str = ""
    alphabet: str = "rna"

    def __repr__(self) -> str:
        """Print one line per motif."""
        shown = [
            f"  {motif.id}  {motif.consensus(self.alphabet)}  {motif.information.sum():.1f} bits, {motif.sites:,} sites"
            for motif in self.motifs[:20]
        ]
        more = [f"  and {len(self) - 20} more"] if len(self) > 20 else []
        method = f" by {self.method}" if self.method else ""
        return "\n".join([f"{len(self)} motif{'' if len(self) == 1 else 's'}{method}", *shown, *more])

    def __len__(self) -> int:
        return len(self.motifs)

    def __iter__(self) -> Iterator[Motif]:
        return iter(self.motifs)

    @overload
    def __getitem__(self, key: int | str) -> Motif: ...
    @overload
    def __getitem__(self, key: slice) -> MotifSet: ...
    def __getitem__(self, key: int | str | slice) -> Motif | MotifSet:
        """Return a motif by its place or id, or some of them as a set."""
        if isinstance(key, slice):
            return replace(self, motifs=self.motifs[key])
        if isinstance(key, (int, np.integer)):
            return self.motifs[key]
        for motif in self.motifs:
            if motif.id == key:
                return motif
        raise KeyError(f"no motif '{key}' among {len(self.motifs)}")
