"""The sample sequences behind a motif: those of its neuron that it fits better than the neuron's other motifs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples
from combmotif.sequence.alphabet import decode

EXAMINED = 1500
SHOWN = 10
FLANK = 10


@dataclass(frozen=True)
class Behind:
    """Sequences of one motif: how many of those examined it fits best, and the strongest of them.

    Attributes
    ----------
    fitting : int
    rows : tuple of (activation, before, inside, after)
        Strongest first, cut around the motif's columns.
    """

    fitting: int
    rows: tuple[tuple[float, str, str, str], ...]


def _scores(motif: Motif, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best log-odds of a motif over the places where its copies sat, and that place; two arrays of shape (n,)."""
    odds = np.zeros((len(motif), 5))
    odds[:, :4] = np.log2(motif.ppm / 0.25)
    columns = np.arange(len(motif))
    starts = [
        s for s in dict.fromkeys(motif.start + o for o in (0, *motif.offsets)) if 0 <= s <= codes.shape[1] - len(motif)
    ]
    if not starts:
        return np.full(len(codes), -np.inf), np.zeros(len(codes), int)
    table = np.stack([odds[columns, codes[:, s : s + len(motif)]].sum(1) for s in starts], axis=1)
    best = table.argmax(1)
    return table[np.arange(len(codes)), best], np.array(starts)[best]


def sequences_behind(path: Path, motifs: Sequence[Motif], *, alphabet: str) -> dict[str, Behind]:
    """Share out a neuron's strongest samples among its motifs.

    Parameters
    ----------
    path : Path
        samples/<layer>/<neuron>.npz; missing or damaged gives {}.
    motifs : sequence of Motif
        Of that neuron, found in windows of its receptive field.
    alphabet : str
        ``rna`` or ``dna``.
    """
    if not motifs or not path.is_file():
        return {}
    try:
        samples = Samples.load(path)
    except (OSError, ValueError, KeyError, EOFError):
        return {}
    codes, activations = samples.codes[:EXAMINED], samples.activations[:EXAMINED]
    if codes.ndim != 2 or not len(codes):
        return {}
    found = [_scores(motif, codes) for motif in motifs]
    owner = np.stack([scores for scores, _ in found], axis=1)
    winner = np.where(owner.max(1) > 0, owner.argmax(1), -1)
    result = {}
    for index, motif in enumerate(motifs):
        rows = np.flatnonzero(winner == index)
        shown = []
        for row in rows[:SHOWN]:
            start = int(found[index][1][row])
            end = start + len(motif)
            letters = decode(codes[row], alphabet=alphabet)
            before, after = letters[max(0, start - FLANK) : start], letters[end : end + FLANK]
            shown.append((float(activations[row]), before, letters[start:end], after))
        result[motif.id] = Behind(len(rows), tuple(shown))
    return result
