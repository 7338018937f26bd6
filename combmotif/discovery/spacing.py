"""At which distances the neuron answers to two parts of a motif, measured by putting them there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.choose import Candidate
from combmotif.discovery.drafts import Draft
from combmotif.discovery.polish import WANTED
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

CONTEXTS = 8
"""Random windows in which a pair is put at each distance and place."""
PLACES = 16
"""Neighbouring places at which it is tried: pools make the neuron answer at some of them."""
STARTS = 32
"""Places seen of which the best is the middle of these."""
LEAST = 0.3
"""What a pair must add to its stronger part, relative to its strength in the random windows where it was tried."""
MARGIN = 8
"""Distances that are tried below and above those seen."""
TOLERATED = 0.5
"""Share of what the best distance adds to the stronger part, from which the neuron answers to a distance."""


def measure_spacing(
    probe: WindowProbe, samples: Samples, candidate: Candidate, random: np.random.Generator
) -> Candidate:
    """Put the two parts of a candidate at all distances near those seen, and keep those the neuron answers to.

    A distance is kept if, at the best of 16 neighbouring places, the pair exceeds the stronger part alone by half of
    what it does at the best distance (mean activation of 8 random windows). A distance weighs what it adds, averaged
    over places, and the one that adds most is the matrix's. A candidate of one part with a gap becomes a pair if it
    has several distances; one that is no pair, or whose parts do not need each other, is returned as it is.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
        Say the neuron and, of a model with extra channels, the tracks that random windows have.
    candidate : Candidate
    random : numpy.random.Generator
    """
    pair = _pair(candidate)
    if pair is None:
        return candidate
    (first, second), begin, seen = pair
    size = probe.receptive_field
    least = len(first) - 1  # parts may share a column, and never change places
    low = max(min(len(first), *seen), least, min(seen) - MARGIN)
    steps = np.arange(low, min(size - len(second), max(seen) + MARGIN) + 1)
    usual = max(seen, key=lambda step: seen[step])
    if usual not in steps:
        return candidate
    contexts = random.integers(0, 4, (CONTEXTS, size)).astype(np.uint8)
    tracks = None if samples.tracks is None else samples.tracks[random.integers(0, len(samples), CONTEXTS)]

    def answers(pairs: list[tuple[int | None, int | None]]) -> np.ndarray:
        """Mean activation with the parts at given places; one value each."""
        codes = np.repeat(contexts[None], len(pairs), 0)
        for windows, places in zip(codes, pairs, strict=True):
            for part, place in zip((first, second), places, strict=True):
                if place is not None:
                    wanted = np.flatnonzero(part.max(1) >= WANTED)
                    windows[:, place + wanted] = part.argmax(1)[wanted]
        every = None if tracks is None else np.tile(tracks, (len(pairs), 1, 1))
        values = probe.activations(codes.reshape(-1, size), every)[:, samples.neuron]
        return values.reshape(len(pairs), CONTEXTS).mean(1)

    starts = candidate.draft.starts
    often = [start + begin for start in sorted(starts, key=lambda start: -starts[start])]
    tried = [place for place in often if 0 <= place <= size - usual - len(second)][:STARTS]
    if not tried:
        return candidate
    middle = tried[int(answers([(place, place + usual) for place in tried]).argmax())] - PLACES // 2
    places: list[tuple[int, int]] = []
    for step in steps:
        last = size - int(step) - len(second)
        at = int(np.clip(middle, 0, max(0, last - PLACES + 1)))
        places += [(place, int(step)) for place in range(at, min(at + PLACES, last + 1))]
    value = answers([(place, place + step) for place, step in places])
    ones = sorted({place for place, _ in places})
    others = sorted({place + step for place, step in places})
    single = answers([(place, None) for place in ones] + [(None, place) for place in others])
    alone = float(single.max())
    step_of = np.array([step for _, step in places])
    best = np.array([value[step_of == step].max() for step in steps])
    added = np.array([np.maximum(value[step_of == step] - alone, 0).mean() for step in steps])
    kept = best >= alone + TOLERATED * (best.max() - alone)
    if best.max() - max(alone, float(answers([(None, None)])[0])) < LEAST * candidate.strength or (
        len(candidate.draft.parts) == 1 and kept.sum() < 2
    ):
        return candidate
    weights = {int(s): float(100 * w / added[kept].sum()) for s, w in zip(steps[kept], added[kept], strict=True)}
    mode = max(weights, key=lambda step: weights[step])
    columns = np.zeros((mode + len(second), 4))
    columns[: len(first)] = first
    columns[mode:] = second
    pfms = tuple((part + 0.25) * 100 for part in (first, second))
    moved = {start + begin: weight for start, weight in starts.items()}
    return replace(candidate, draft=Draft(pfms, moved, (weights,)), columns=columns)


def _pair(candidate: Candidate) -> tuple[tuple[np.ndarray, np.ndarray], int, dict[int, float]] | None:
    """Deviations of two parts, where the first begins, and the distances seen; None of anything else."""
    draft = candidate.draft
    if len(draft.parts) == 2:
        first, second = (part / part.sum(1, keepdims=True) - 0.25 for part in draft.parts)
        return (first, second), 0, draft.steps[0]
    spans = segments(candidate.columns + 0.25) if len(draft.parts) == 1 else []
    if len(spans) != 2:
        return None
    (a, b), (c, d) = spans
    return (candidate.columns[a:b], candidate.columns[c:d]), a, {c - a: 1.0}
