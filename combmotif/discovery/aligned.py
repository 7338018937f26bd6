"""Demixing by what the neuron reads: spans of its gradient, aligned, clustered and put together again.

Clustering whole windows needs a cluster for every place a motif may take, and for a pair that moves on its own one for
every pair of places. Here the places are undone first: the gradient of the neuron shows in every window which spans it
reads, through the pools as they fell; spans are clustered by their gradient at the best shift, and those that
the neuron needs together are united to motifs, at a fixed or a variable spacing; what the layers below point to is
added (see `sampling.modes`). In the end each is tried in random
windows, column by column, which tells what the neuron wants of it, and whether it is a motif of its own.
"""

from __future__ import annotations

import numpy as np

from combmotif.discovery.assemble import assemble
from combmotif.discovery.candidates import make_candidates
from combmotif.discovery.choose import choose
from combmotif.discovery.demix import DemixOptions
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.drafts import Choice, Draft, Windows, carried, descent_weights, informative, select, tally
from combmotif.discovery.kinds import find_kinds, support
from combmotif.discovery.letters import split_by_letters
from combmotif.discovery.reread import reread
from combmotif.discovery.spacing import measure_spacing
from combmotif.discovery.spans import choose_windows, crops, read_spans
from combmotif.discovery.trial_words import Word, letter_word, mode_words, template_word
from combmotif.discovery.units import Copies, Unit, anchors, find_units, join_fragments, pair_offsets
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

MIN_SHARE = 0.03
"""Share of the neuron's excitation in windows with a motif, below which it is left out."""
LEAST_OWN, LEAST_ALONE, AS_OTHERS = 0.02, 0.25, 0.6
"""Share of the excitation in windows with no other motif, and excitation by itself, relative to the strongest window
and to the strongest motif: a motif below all is left out."""
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
    with probe.tabulated():
        return _demix(probe, samples, options, seed, alphabet)


def _demix(probe: WindowProbe, samples: Samples, options: DemixOptions, seed: int, alphabet: str) -> Demixed | None:
    rows = choose_windows(samples, options.windows)
    spans = read_spans(probe, samples, rows)
    if not len(spans):
        return None
    codes, weights = samples.codes[rows], samples.excitation[rows].astype(float)
    random = np.random.default_rng(seed)
    width = int(np.clip(np.quantile(spans.end - spans.start, 0.99), 4, WIDEST))
    usual = float(np.quantile(spans.strength, 0.8))
    sure = np.minimum(spans.strength / max(usual, 1e-12), 1)  # saturated: mostly noise
    kinds = find_kinds(crops(spans, width), sure, random, least=MIN_SHARE / 2)
    plain = random.integers(0, 4, (2000, codes.shape[1])).astype(np.uint8)
    words: list[Word] = []
    chosen: list[Choice] = []
    if len(kinds.templates):
        copies = Copies(
            spans.row_of[spans.window[kinds.span]], kinds.label, spans.start[kinds.span] - kinds.shift
        )  # fmt: skip
        order = np.lexsort((copies.place, copies.kind, copies.window))
        copies = Copies(copies.window[order], copies.kind[order], copies.place[order])
        copies = join_fragments(kinds.templates, copies, weights)
        templates, copies = split_by_letters(kinds.templates, copies, codes, weights, least=MIN_SHARE)
        units = find_units(copies, weights, len(templates))
        windows = Windows(codes, weights, descent_weights(codes))
        drafts = [draft for unit in units if (draft := make_draft(windows, copies, unit, templates)) is not None]
        chosen = select(drafts, windows, plain, least=MIN_SHARE)
        words = [template_word(copies, unit, templates, len(rows)) for unit in units]
        words += [letter_word(choice) for choice in chosen]
    words += mode_words(probe, samples, codes)
    strongest = samples.maximum - float(probe.activations(plain[:200])[:, samples.neuron].mean())
    candidates = make_candidates(probe, samples, words, rows, plain, random, strongest=strongest)
    polished = choose(candidates, strongest)
    polished = choose([measure_spacing(probe, samples, c, random) for c in polished], strongest)
    polished = choose([reread(probe, samples, c, random) for c in polished], strongest)
    least = MIN_SHARE
    if polished:
        chosen, least = [Choice(c.draft, *carried(c.draft, codes, plain)) for c in polished], 0.0
        level = min(LEAST_ALONE * strongest, AS_OTHERS * max(c.excitation for c in polished))
        chosen = needed(chosen, [c.excitation >= level for c in polished], weights)
    return assemble(probe, samples, rows, chosen, options, least=least, alphabet=alphabet)


def needed(chosen: list[Choice], strong: list[bool], weights: np.ndarray) -> list[Choice]:
    """Leave out motifs that little excite the neuron by themselves and that hardly any window has without another."""
    kept = list(chosen)
    for choice, alone in zip(chosen, strong, strict=True):
        others = np.any([c.carried for c in kept if c is not choice] or [np.zeros(len(weights), bool)], axis=0)
        if not alone and weights[choice.carried & ~others].sum() < LEAST_OWN * weights.sum():
            kept.remove(choice)
    return kept


def make_draft(windows: Windows, copies: Copies, unit: Unit, templates: np.ndarray) -> Draft | None:
    """Count letters around the copies of a unit, in one part where it is rigid, else per kind; None if all are flat."""
    count = len(windows.codes)
    order = [int(i) for i in np.argsort(unit.offsets, kind="stable")]
    spans = [support(templates[kind]) for kind in unit.kinds]
    reach = [(int(span[0]), int(span[-1]) + 1) for span in spans]
    if unit.rigid:
        window, anchor = anchors(copies, unit, count)
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
