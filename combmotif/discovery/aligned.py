"""Demixing by what the neuron reads: spans of its gradient, aligned, clustered and put together again.

Clustering whole windows needs a cluster for every place a motif may take, and for a pair that moves on its own one for
every pair of places. Here the places are undone first: the gradient of the neuron shows in every window which spans it
reads, through the pools as they fell; spans are clustered by their gradient at the best shift, and those that
the neuron needs together are united to motifs, at a fixed or a variable spacing. The matrices count the letters.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from combmotif.discovery.assemble import assemble
from combmotif.discovery.choose import Candidate, choose, trimmed
from combmotif.discovery.demix import DemixOptions
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.drafts import Choice, Draft, Windows, carried, descent_weights, informative, select, tally
from combmotif.discovery.hidden import without
from combmotif.discovery.kinds import find_kinds, support
from combmotif.discovery.letters import split_by_letters
from combmotif.discovery.polish import polish
from combmotif.discovery.spans import choose_windows, crops, read_spans
from combmotif.discovery.units import Copies, Unit, find_units, join_fragments, pair_offsets
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

HIDDEN = int(os.environ.get('HIDDEN','2'))
MIN_SHARE = 0.03
"""Share of the neuron's excitation in windows with a motif, below which it is left out."""
WIDEST = 40
"""Columns of a span that are compared."""


def demix_aligned(
    probe: WindowProbe, samples: Samples, *, options: DemixOptions, seed: int = 0, alphabet: str = "rna"
) -> Demixed | None:
    """Find the motifs of a neuron by the spans that its gradient points to.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
    options : DemixOptions
        ``windows``, ``min_sites`` and ``max_groups`` count.
    seed : int, default 0
    alphabet : str, default "rna"

    Returns
    -------
    Demixed or None
        ``sites``, ``share`` and the tree are of the windows looked at; a window may carry several motifs. None where
        the gradient shows nothing that recurs.
    """
    if not len(samples):
        return None
    rows = choose_windows(samples, options.windows)
    random = np.random.default_rng(seed)
    excitation = samples.excitation.astype(float)
    plain = random.integers(0, 4, (2000, samples.codes.shape[1])).astype(np.uint8)
    typical = float(probe.activations(plain[:200])[:, samples.neuron].mean())
    found = _units(probe, samples, rows, random)
    if found is None:
        return None
    templates, copies, units = found
    windows = Windows(samples.codes[rows], excitation[rows], descent_weights(samples.codes[rows]))
    drafts = [draft for unit in units if (draft := make_draft(windows, copies, unit, templates)) is not None]
    chosen = select(drafts, windows, plain, least=MIN_SHARE)
    words = [_template_word(copies, unit, templates) for unit in units] + [_letter_word(choice) for choice in chosen]
    candidates = _candidates(probe, samples, words, excitation[rows], random)
    polished = choose(candidates, samples.maximum - typical)
    for _ in range(HIDDEN):
        if not polished:
            break
        rest = without(probe, samples.neuron, [c.draft for c in polished], random)
        hidden = _units(probe, rest, np.arange(len(rest)), random) if len(rest) else None
        if hidden is None:
            break
        templates, copies, units = hidden
        words = [_template_word(copies, unit, templates) for unit in units]
        candidates += _candidates(probe, rest, words, rest.excitation, random)
        before = len(polished)
        polished = choose(candidates, samples.maximum - typical)
        if len(polished) <= before:
            break
    if polished:
        chosen = [Choice(c.draft, *carried(c.draft, windows.codes, plain)) for c in polished]
    return assemble(probe, samples, rows, chosen, options, least=MIN_SHARE, alphabet=alphabet)


def _units(
    probe: WindowProbe, samples: Samples, rows: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, Copies, list[Unit]] | None:
    spans = read_spans(probe, samples, rows)
    if not len(spans):
        return None
    excitation = samples.excitation.astype(float)
    typical = float(np.quantile(spans.strength, 0.8))
    sure = np.minimum(spans.strength / max(typical, 1e-12), 1)  # saturated: mostly noise
    width = int(np.clip(np.quantile(spans.end - spans.start, 0.99), 4, WIDEST))
    cut = crops(spans, width)
    kinds = find_kinds(cut, sure, random, least=MIN_SHARE / 2)
    if not len(kinds.templates):
        return None
    copies = Copies(spans.row_of[spans.window[kinds.span]], kinds.label, spans.start[kinds.span] - kinds.shift)
    order = np.lexsort((copies.place, copies.kind, copies.window))
    copies = Copies(copies.window[order], copies.kind[order], copies.place[order])
    weights = excitation[rows]
    copies = join_fragments(kinds.templates, copies, weights)
    templates, copies = split_by_letters(kinds.templates, copies, samples.codes[rows], weights, least=MIN_SHARE)
    return templates, copies, find_units(copies, weights, len(templates))


def _candidates(
    probe: WindowProbe, samples: Samples, words: list[Word], weights: np.ndarray, random: np.random.Generator
) -> list[Candidate]:
    found = [make_candidate(probe, samples, word, weights, random) for word in words]
    return [candidate for candidate in found if candidate is not None]


@dataclass(frozen=True)
class Word:
    """Letters to be polished.

    Attributes
    ----------
    letters : tuple of dict of int to int
        Base of the columns of each part, relative to the anchor.
    anchors : integer array
    windows : integer array
        Window of each anchor.
    steps : tuple of dict of int to float
    """

    letters: tuple[dict[int, int], ...]
    anchors: np.ndarray
    windows: np.ndarray
    steps: tuple[dict[int, float], ...] = ()


def _template_word(copies: Copies, unit: Unit, templates: np.ndarray) -> Word:
    order = [int(i) for i in np.argsort(unit.offsets, kind="stable")]
    parts = []
    for index in order:
        template = templates[unit.kinds[index]]
        parts.append({unit.offsets[index] + int(c): int(template[c].argmax()) for c in support(template)})
    if unit.rigid:
        joined: dict[int, int] = {}
        for part in parts:
            joined |= part
        window, anchor = _anchors(copies, unit, int(copies.window.max()) + 1)
        return Word((joined,), anchor, window)
    of = copies.kind == unit.kinds[0]
    steps = []
    for first, second in zip(order[:-1], order[1:], strict=True):
        _, apart = pair_offsets(copies, unit.kinds[first], unit.kinds[second], int(copies.window.max()) + 1)
        usual = unit.offsets[second] - unit.offsets[first]
        steps.append({step - usual: n for step, n in tally(apart, 0.01).items()})
    return Word(tuple(parts), copies.place[of], copies.window[of], tuple(steps))


def _letter_word(choice: Choice) -> Word:
    parts, start = [], 0
    rows = np.flatnonzero(choice.carried)
    steps = []
    for index, part in enumerate(choice.draft.parts):
        if index:
            usual = choice.draft.steps[index - 1]
            step = max(usual, key=lambda s: usual[s])
            start += step
            steps.append({s - step: n for s, n in usual.items()})
        p = part / part.sum(1, keepdims=True)
        bits = 2 + (p * np.log2(np.maximum(p, 1e-9))).sum(1)
        parts.append({start + c: int(p[c].argmax()) for c in range(len(p)) if bits[c] >= 0.2})
    return Word(tuple(parts), choice.found.places[rows, 0], rows, tuple(steps))


def make_candidate(
    probe: WindowProbe, samples: Samples, word: Word, weights: np.ndarray, random: np.random.Generator
) -> Candidate | None:
    """Polish a word; None where nothing of it matters to the neuron."""
    if not len(word.anchors) or not all(word.letters):
        return None
    joined: dict[int, int] = {}
    for part in word.letters:
        joined |= part
    values, counts = np.unique(word.anchors, return_counts=True)
    places = [int(v) for v in values[np.argsort(-counts, kind="stable")][:6]]
    found = polish(probe, samples.neuron, samples.background, joined, places, random)
    edges = [found.low]
    for left, right in zip(word.letters[:-1], word.letters[1:], strict=True):
        edges.append((max(left) + 1 + min(right)) // 2)
    edges.append(found.low + len(found.ppm))
    parts, begins = [], []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        piece = found.ppm[low - found.low : high - found.low]
        span = trimmed(piece) if len(piece) else None
        if span is None:
            if len(word.letters) > 1:
                continue
            return None
        parts.append(piece[span[0] : span[1]] * 100)
        begins.append(low + span[0])
    if not parts:
        return None
    steps = ()
    if len(parts) == len(word.letters):
        steps = tuple(
            {begins[i + 1] - begins[i] + extra: n for extra, n in step.items()} for i, step in enumerate(word.steps)
        )
        steps = tuple(
            {s: n for s, n in step.items() if s >= len(parts[i]) - 1} or step for i, step in enumerate(steps)
        )
    elif len(parts) > 1:
        return None
    draft = Draft(tuple(parts), tally(word.anchors + begins[0]), steps)
    length = begins[-1] + len(parts[-1]) - begins[0]
    columns = np.zeros((length, 4))
    for begin, part in zip(begins, parts, strict=True):
        columns[begin - begins[0] : begin - begins[0] + len(part)] = part / 100 - 0.25
    return Candidate(draft, found, columns, float(weights[np.unique(word.windows)].sum()))


def make_draft(windows: Windows, copies: Copies, unit: Unit, templates: np.ndarray) -> Draft | None:
    """Count letters around the copies of a unit, in one part where it is rigid, else per kind; None if all are flat."""
    count = len(windows.codes)
    order = [int(i) for i in np.argsort(unit.offsets, kind="stable")]
    spans = [support(templates[kind]) for kind in unit.kinds]
    reach = [(int(span[0]), int(span[-1]) + 1) for span in spans]
    if unit.rigid:
        window, anchor = _anchors(copies, unit, count)
        low = min(offset + a for offset, (a, _) in zip(unit.offsets, reach, strict=True))
        high = max(offset + b for offset, (_, b) in zip(unit.offsets, reach, strict=True))
        pfm = windows.count(window, anchor, low, high)
        read = np.zeros(high - low, bool)
        for offset, (a, b) in zip(unit.offsets, reach, strict=True):
            read[offset + a - low : offset + b - low] = True
        pfm[~read] = pfm.sum(1, keepdims=True)[~read] / 4
        found = informative(pfm)
        if not found:
            return None
        begin, end = found[0][0], found[-1][1]
        return Draft((pfm[begin:end],), tally(anchor + (low + begin)))
    parts, shifts, kept = [], [], []
    for index in order:
        kind, (first, last) = unit.kinds[index], reach[index]
        of = copies.kind == kind
        pfm = windows.count(copies.window[of], copies.place[of], first, last)
        found = informative(pfm)
        if found:
            parts.append(pfm[found[0][0] : found[-1][1]])
            shifts.append(first + found[0][0])
            kept.append(kind)
    if not parts:
        return None
    of = copies.kind == kept[0]
    steps = []
    for i in range(len(kept) - 1):
        _, apart = pair_offsets(copies, kept[i], kept[i + 1], count)
        near = tally(apart + shifts[i + 1] - shifts[i], 0.01)
        steps.append({step: n for step, n in near.items() if step >= len(parts[i]) - 1} or near)
    return Draft(tuple(parts), tally(copies.place[of] + shifts[0]), tuple(steps))


def _anchors(copies: Copies, unit: Unit, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows with the unit, and the place of its first kind, told by another kind where that one is missing."""
    window, place = [np.zeros(0, int)], [np.zeros(0, int)]
    seen = np.zeros(windows, bool)
    for kind, offset in zip(unit.kinds, unit.offsets, strict=True):
        new = (copies.kind == kind) & ~seen[copies.window]
        window.append(copies.window[new])
        place.append(copies.place[new] - offset)
        seen[copies.window[new]] = True
    return np.concatenate(window), np.concatenate(place)
