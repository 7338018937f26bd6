"""Motifs that hide behind stronger ones: windows that excite a neuron without the motifs known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.discovery.drafts import Draft, find
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.evolve import EvolveOptions, evolve
from combmotif.sampling.samples import Samples

KNOWN = 0.7
"""Share of a motif's best score from which a window holds it."""
OPTIONS = EvolveOptions(population=128, generations=60, keep=600)


class _Without:
    """A probe whose neuron is silent where a window holds one of the motifs."""

    def __init__(self, probe: WindowProbe, drafts: Sequence[Draft], silent: float) -> None:
        self._probe, self._drafts, self._silent = probe, drafts, silent

    def __getattr__(self, name: str) -> object:
        return getattr(self._probe, name)

    def _held(self, codes: np.ndarray) -> np.ndarray:
        held = np.zeros(len(codes), bool)
        for draft in self._drafts:
            held |= find(draft, codes).score >= KNOWN * draft.best
        return held

    def activations(self, codes: np.ndarray, tracks: np.ndarray | None = None) -> np.ndarray:
        values = self._probe.activations(codes, tracks)
        values[self._held(codes)] = self._silent
        return values

    def gradient(
        self, codes: np.ndarray, neurons: np.ndarray, tracks: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        values, gradients = self._probe.gradient(codes, neurons, tracks)
        values[self._held(codes)] = self._silent
        return values, gradients


def without(probe: WindowProbe, neuron: int, drafts: Sequence[Draft], random: np.random.Generator) -> Samples:
    """Sample windows that excite a neuron and hold none of the motifs."""
    codes = random.integers(0, 4, (1000, probe.receptive_field)).astype(np.uint8)
    silent = float(probe.activations(codes)[:, neuron].mean())
    return evolve(_Without(probe, drafts, silent), [neuron], seeds=[random], options=OPTIONS)[0]
