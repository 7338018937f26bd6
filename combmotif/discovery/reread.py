"""A motif's letters read again where its other columns are as its own matrix says.

`combmotif.discovery.polish` reads a column beside the best letters of the others, some of them lost. Here the others
are drawn from the matrix, time and again, so that in the end each column is what the neuron wants given what the matrix
says of the rest (mean-field approximation of Boltzmann's distribution of words).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.candidates import made
from combmotif.discovery.choose import Candidate
from combmotif.discovery.likeness import alike
from combmotif.discovery.polish import FLANK, PLACES, WANTED, Trial, cut, preferred, seen
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

CONTEXTS = 64
"""Random windows of a reading; half as many where they are longer than 144."""
TURNS = 2
TRIED, AS_GOOD = 6, 0.7
"""Places that are tried, and what one must reach of the best."""
DOUBTFUL, BETTER, SAME = 0.75, 1.3, 0.8
"""What words drawn from a matrix must reach of its best word, or it is read again; how much more than these those of
the new matrix must excite the neuron; and the cosine of the two from which they are one motif."""


def reread(probe: WindowProbe, samples: Samples, candidate: Candidate, random: np.random.Generator) -> Candidate:
    """Read the letters of a motif again if words drawn from it excite the neuron much less than its best word.

    What is read takes its place where words drawn from that excite the neuron 1.3 times as much.

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
        As it was where the best word is not missed, a part would be lost, another motif was read, or it has the letters
        of a sum.
    """
    if candidate.in_sum:
        return candidate
    size = len(candidate.columns) + 2 * FLANK
    before = np.full((size, 4), 0.25)
    before[FLANK:-FLANK] += candidate.columns
    before = seen(before)

    def trial() -> Trial:
        return Trial(probe, samples, -FLANK, size, random, CONTEXTS)

    starts, wanted = candidate.draft.starts, np.where(before.max(1) >= 0.25 + WANTED, before.argmax(1), -1)
    first = trial()
    drawn = first.draw(before)
    gains = {place: first.gain(drawn, [place]) for place in sorted(starts, key=lambda s: -starts[s])[:TRIED]}
    best = sorted(gains, key=lambda place: -gains[place])[:PLACES]
    used = [place for place in best if gains[place] >= AS_GOOD * gains[best[0]]] or best[:1]
    if first.gain(drawn, used) >= DOUBTFUL * first.gain(wanted, used):
        return candidate
    ppm = before
    for _ in range(TURNS):
        turn = trial()
        ppm, letters = preferred(turn.effect(turn.draw(seen(ppm)), used, 0.0))
    after, last = seen(ppm), trial()
    if cut(wanted, letters) or alike(before - 0.25, after - 0.25)[0] < SAME:
        return candidate
    if last.gain(last.draw(after), used) < BETTER * last.gain(last.draw(before), used):
        return candidate
    draft = candidate.draft
    middles, steps, end = [], [], 0
    for part, known in zip(draft.parts[:-1], draft.steps, strict=True):
        usual = max(known, key=lambda step: known[step])
        middles.append(end + (len(part) + usual) // 2)
        steps.append({step - usual: n for step, n in known.items()})
        end += usual
    again = made(last.polished(ppm, letters, used), middles, starts, steps, candidate.mass)
    return candidate if again is None else replace(again, spread=candidate.spread)
