"""Demixing by what the neuron reads: spans of its gradient, aligned, clustered and put together again.

Clustering whole windows needs a cluster for every place a motif may take, and for a pair that moves on its own one for
every pair of places. Here the places are undone first: the gradient of the neuron shows in every window which spans it
reads, through the pools as they fell; spans are clustered by their gradient at the best shift, and those that
the neuron needs together are united to motifs, at a fixed or a variable spacing. The matrices count the letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.demix import DemixOptions
from combmotif.discovery.drafts import Choice, Draft, Windows, descent_weights, informative, select, tally
from combmotif.discovery.group import Group, make_group
from combmotif.discovery.kinds import find_kinds, support
from combmotif.discovery.spans import choose_windows, crops, read_spans
from combmotif.discovery.units import Copies, Unit, find_units, join_fragments, pair_offsets
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples

MIN_SHARE = 0.03
"""Share of the neuron's excitation in windows with a motif, below which it is left out."""
WIDEST = 40
"""Columns of a span that are compared."""
MOST_PLACES = 12
"""Places of a motif that are nodes of the tree; rarer ones share one."""


@dataclass(frozen=True)
class _Placed:
    """Counts of a motif, the windows that carry it and the place of its first column in each."""

    pfm: np.ndarray
    window: np.ndarray
    place: np.ndarray


def demix_aligned(
    probe: WindowProbe, samples: Samples, *, options: DemixOptions, seed: int = 0
) -> tuple[list[Motif], list[np.ndarray], list[Group], dict[str, str]]:
    """Find the motifs of a neuron; motifs, their rows of the samples, the tree, and the motif of each leaf."""
    rows = choose_windows(samples, options.windows)
    spans = read_spans(probe, samples, rows)
    if not len(spans):
        return [], [], [], {}
    excitation = samples.excitation.astype(float)
    typical = float(np.median(spans.strength))
    sure = excitation[spans.window] * np.minimum(spans.strength / max(typical, 1e-12), 1)  # saturated: mostly noise
    width = int(np.clip(np.quantile(spans.end - spans.start, 0.99), 4, WIDEST))
    cut = crops(spans, width)
    random = np.random.default_rng(seed)
    kinds = find_kinds(cut, sure, random, least=MIN_SHARE / 2)
    copies = Copies(
        spans.row_of[spans.window[kinds.span]], kinds.label, spans.start[kinds.span] - kinds.shift
    )  # fmt: skip
    order = np.lexsort((copies.place, copies.kind, copies.window))
    copies = Copies(copies.window[order], copies.kind[order], copies.place[order])
    weights = excitation[rows]
    copies = join_fragments(kinds.templates, copies, weights)
    units = find_units(copies, weights, len(kinds.templates))
    windows = Windows(samples.codes[rows], weights, descent_weights(samples.codes[rows]))
    drafts = [draft for unit in units if (draft := make_draft(windows, copies, unit, kinds.templates)) is not None]
    plain = random.integers(0, 4, (2000, samples.codes.shape[1])).astype(np.uint8)
    chosen = select(drafts, windows, plain, least=MIN_SHARE)
    return _assemble(probe, samples, rows, [_placed(choice) for choice in chosen], options)


def make_draft(windows: Windows, copies: Copies, unit: Unit, templates: np.ndarray) -> Draft | None:
    """Count letters around the copies of a unit; one part where it is rigid, else one per kind. None if all are flat."""
    count = len(windows.codes)
    order = [int(i) for i in np.argsort(unit.offsets, kind="stable")]
    spans = [support(templates[kind]) for kind in unit.kinds]
    reach = [(int(span[0]), int(span[-1]) + 1) for span in spans]
    if unit.rigid:
        window, place = _anchors(copies, unit, count)
        low = min(offset + a for offset, (a, _) in zip(unit.offsets, reach, strict=True))
        high = max(offset + b for offset, (_, b) in zip(unit.offsets, reach, strict=True))
        pfm = windows.count(window, place, low, high)
        read = np.zeros(high - low, bool)
        for offset, (a, b) in zip(unit.offsets, reach, strict=True):
            read[offset + a - low : offset + b - low] = True
        pfm[~read] = pfm.sum(1, keepdims=True)[~read] / 4
        found = informative(pfm)
        if not found:
            return None
        first, last = found[0][0], found[-1][1]
        return Draft((pfm[first:last],), tally(place + low + first))
    parts, shifts, kept = [], [], []
    for index in order:
        kind, (low, high) = unit.kinds[index], reach[index]
        of = copies.kind == kind
        pfm = windows.count(copies.window[of], copies.place[of], low, high)
        found = informative(pfm)
        if found:
            parts.append(pfm[found[0][0] : found[-1][1]])
            shifts.append(low + found[0][0])
            kept.append(kind)
    if not parts:
        return None
    of = copies.kind == kept[0]
    steps = []
    for i in range(len(kept) - 1):
        _, offset = pair_offsets(copies, kept[i], kept[i + 1], count)
        near = tally(offset + shifts[i + 1] - shifts[i], 0.01)
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


def _placed(choice: Choice) -> _Placed:
    """Put the parts at their most frequent spacing into one matrix, uniform between them."""
    draft, window = choice.draft, np.flatnonzero(choice.carried)
    starts = [0]
    for part, steps in zip(draft.parts, draft.steps, strict=False):
        starts.append(starts[-1] + max(max(steps, key=lambda step: steps[step]), len(part)))
    sites = max(float(part.sum(1).max()) for part in draft.parts)
    total = np.full((starts[-1] + len(draft.parts[-1]), 4), sites / 4)
    for start, part in zip(starts, draft.parts, strict=True):
        total[start : start + len(part)] = part * (sites / part.sum(1, keepdims=True))
    return _Placed(total, window, choice.found.places[window, 0])


def _assemble(
    probe: WindowProbe, samples: Samples, rows: np.ndarray, found: Sequence[_Placed], options: DemixOptions
) -> tuple[list[Motif], list[np.ndarray], list[Group], dict[str, str]]:
    """Describe the motifs, and lay the tree: all windows, then by motif, then by place."""
    total = float(samples.excitation[rows].sum())
    tree = [make_group(probe, samples, rows)]
    owner = np.full(len(rows), -1)
    chosen: list[_Placed] = []
    for draft in sorted(found, key=lambda d: (-float(samples.excitation[rows[np.unique(d.window)]].sum()), d.place[0])):
        members = np.unique(draft.window)
        if len(members) < options.min_sites or samples.excitation[rows[members]].sum() < MIN_SHARE * total:
            continue
        free = members[owner[members] < 0]
        owner[free] = len(chosen)
        chosen.append(draft)
    drafts = []
    for index, draft in enumerate(chosen):
        path = f"0.{index}"
        own = owner == index
        groups: list[Group] = []
        if own.any():
            tree.append(make_group(probe, samples, rows[own], path, "motif"))
            groups = _places(probe, samples, rows, draft, own, path, options)
            tree += groups
        drafts.append((path, draft, groups))
    described = [(path, groups, *_describe(probe, samples, rows, draft, groups)) for path, draft, groups in drafts]
    described.sort(key=lambda entry: (-entry[2].max_activation, entry[2].start))
    motifs, members, motif_of = [], [], {}
    for rank, (path, groups, motif, own) in enumerate(described[: options.max_groups]):
        motif = replace(motif, id=f"{samples.layer}.{samples.neuron}.m{rank + 1}")
        motifs.append(motif)
        members.append(own)
        motif_of.update({group.path: motif.id for group in groups} or {path: motif.id})
    return motifs, members, tree, motif_of


def _places(
    probe: WindowProbe,
    samples: Samples,
    rows: np.ndarray,
    draft: _Placed,
    own: np.ndarray,
    path: str,
    options: DemixOptions,
) -> list[Group]:
    """Part the windows of a motif by the place of its first copy."""
    first = np.full(len(rows), np.iinfo(int).max)
    np.minimum.at(first, draft.window, draft.place)
    members = np.flatnonzero(own)
    places, counts = np.unique(first[members], return_counts=True)
    usual = places[np.argsort(-counts, kind="stable")][:MOST_PLACES]
    usual = np.sort(usual[[counts[places == place][0] >= options.min_sites for place in usual]])
    parts = [members[first[members] == place] for place in usual]
    rest = members[~np.isin(first[members], usual)]
    if len(rest):
        parts.append(rest)
    if len(parts) < 2:
        return []
    return [
        make_group(probe, samples, rows[part], f"{path}.{number}", "position") for number, part in enumerate(parts)
    ]


def _describe(
    probe: WindowProbe, samples: Samples, rows: np.ndarray, draft: _Placed, groups: Sequence[Group]
) -> tuple[Motif, np.ndarray]:
    own = rows[np.unique(draft.window)]
    activations = samples.activations[own]
    places, counts = np.unique(draft.place, return_counts=True)
    mode = int(places[counts.argmax()])
    kept = counts >= max(1, 0.02 * counts.max())
    consensus = [group.consensus_activation for group in groups]
    if not consensus:
        consensus = [make_group(probe, samples, own).consensus_activation]
    return (
        Motif(
            id="",
            pfm=draft.pfm * (len(own) / max(float(draft.pfm.sum(1).max()), 1e-9)),
            sites=len(own),
            layer=samples.layer,
            neuron=samples.neuron,
            method="neuronmotif",
            start=max(0, mode),
            max_activation=float(activations.max()),
            mean_activation=float(activations.mean()),
            min_activation=float(activations.min()),
            consensus_activation=max(consensus),
            share=float(samples.excitation[own].sum() / samples.excitation[rows].sum()),
            offsets=tuple(int(place) - mode for place in places[kept]),
            background=samples.background,
        ),
        own,
    )
