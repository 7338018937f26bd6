"""What a neuron without a crisp motif reads: the composition of its window, and its strongest 3-mers."""

from __future__ import annotations

from itertools import product

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sequence.alphabet import LETTERS

_SEQUENCES, _BACKGROUNDS, _PLACES, _SHOWN = 2000, 32, 4, 5


def composition(probe: WindowProbe, neuron: int, random: np.random.Generator, *, alphabet: str = "rna") -> str:
    """Describe a neuron by what single nucleotides and 3-mers do to it in background sequences.

    Composition is the least-squares fit of the activation of 2,000 background sequences to the numbers of their
    nucleotides; a 3-mer's effect is the mean activation with it inserted at four places of 32 background sequences,
    less that of the sequences. Both are given in standard deviations of the activation of background sequences.

    Parameters
    ----------
    probe : WindowProbe
        Of the neuron's layer.
    neuron : int
    random : numpy.random.Generator
    alphabet : str, default "rna"

    Returns
    -------
    str
        One line.
    """
    size = probe.receptive_field
    codes = random.integers(0, 4, (_SEQUENCES, size)).astype(np.uint8)
    values = probe.activations(codes)[:, neuron].astype(float)
    spread = max(float(values.std()), 1e-12)
    scaled = (values - values.mean()) / spread
    counts = np.stack([(codes == base).sum(1) for base in range(4)], 1).astype(float)
    slopes = np.linalg.lstsq(counts - counts.mean(0), scaled, rcond=None)[0]
    explained = 1 - float(((scaled - (counts - counts.mean(0)) @ slopes) ** 2).mean())
    letters = LETTERS[alphabet]
    parts = ", ".join(f"{letter} {slope:+.2f}" for letter, slope in zip(letters, slopes, strict=False))
    text = f"composition explains {max(0.0, explained):.0%} of its activation ({parts} SD per nucleotide)"
    if size < 3:
        return text
    words = np.array(list(product(range(4), repeat=3)), np.uint8)
    places = np.unique(np.linspace(0, size - 3, _PLACES).astype(int))
    grid = np.tile(codes[:_BACKGROUNDS], (len(words), len(places), 1, 1))
    for number, place in enumerate(places):
        grid[:, number, :, place : place + 3] = words[:, None]
    found = probe.activations(grid.reshape(-1, size))[:, neuron].astype(float).reshape(len(words), -1).mean(1)
    effects = (found - float(values[:_BACKGROUNDS].mean())) / spread
    best = np.argsort(-effects, kind="stable")[:_SHOWN]
    named = ", ".join(f"{''.join(letters[code] for code in words[i])} {effects[i]:+.2f}" for i in best)
    return f"{text}; strongest 3-mers {named} SD"
