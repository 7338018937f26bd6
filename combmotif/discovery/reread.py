"""A motif's letters read again where its other columns are as its own matrix says.

`combmotif.discovery.polish` reads a column beside the best letters of the others, some of them lost. Here the others are
drawn from the matrix, time and again, so that in the end each column is what the neuron wants given what the matrix says
of the rest (mean-field approximation of Boltzmann's distribution of words).
"""

from __future__ import annotations

import numpy as np

from combmotif.discovery.candidates import made
from combmotif.discovery.choose import Candidate, alike
from combmotif.discovery.polish import FLANK, PLACES, WANTED, Trial, cut, preferred, seen
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

CONTEXTS = 64
"""Random windows of a reading; half as many where they are longer than 144."""
TURNS = 2
TRIED, AS_GOOD = 6, 0.7
"""Places that are tried, and what one must reach of the best."""
SAME, BETTER = 0.8, 1.2
"""Cosine with the matrix as it was, from which one that excites the neuron as much takes its place, and how much more
any other must excite it."""


def reread(probe: WindowProbe, samples: Samples, candidate: Candidate, random: np.random.Generator) -> Candidate:
    """Read the letters of a motif again, and take what is read if words drawn from it excite the neuron more.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
        Say the neuron and, of a model with extra channels, the tracks that random windows have.
    candidate : Candidate
    random : numpy.random.Generator

    Returns
    -------
    Candidate
        As it was where a part would be lost, or where words drawn from the new matrix excite the neuron less.
    """
    size = len(candidate.columns) + 2 * FLANK
    before = np.full((size, 4), 0.25)
    before[FLANK:-FLANK] += candidate.columns
    before = seen(before)

    def trial() -> Trial:
        return Trial(probe, samples, -FLANK, size, random, CONTEXTS)

    starts = candidate.draft.starts
    first = trial()
    drawn = first.draw(before)
    gains = {place: first.gain(drawn, [place]) for place in sorted(starts, key=lambda s: -starts[s])[:TRIED]}
    best = sorted(gains, key=lambda place: -gains[place])[:PLACES]
    used = [place for place in best if gains[place] >= AS_GOOD * gains[best[0]]] or best[:1]
    ppm = before
    for _ in range(TURNS):
        turn = trial()
        ppm, letters = preferred(turn.effect(turn.draw(seen(ppm)), used, 0.0))
    if cut(np.where(before.max(1) >= 0.25 + WANTED, before.argmax(1), -1), letters):
        return candidate
    after, last = seen(ppm), trial()
    least = 1.0 if alike(before - 0.25, after - 0.25)[0] >= SAME else BETTER
    if last.gain(last.draw(after), used) < least * last.gain(last.draw(before), used):
        return candidate
    draft = candidate.draft
    middles, steps, end = [], [], 0
    for part, known in zip(draft.parts[:-1], draft.steps, strict=True):
        usual = max(known, key=lambda step: known[step])
        middles.append(end + (len(part) + usual) // 2)
        steps.append({step - usual: n for step, n in known.items()})
        end += usual
    return made(last.polished(ppm, letters, used), middles, starts, steps, candidate.mass) or candidate

