"""From chosen drafts to motifs, their tree and their syntax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from combmotif.discovery.demix import DemixOptions
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.drafts import Choice
from combmotif.discovery.group import Group, make_group
from combmotif.discovery.syntax import SYNTAX_COLUMNS, describe_gaps
from combmotif.discovery.tree import tree_table
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

MOST_PLACES = 12
"""Places of a motif that are nodes of the tree; rarer ones share one."""


@dataclass(frozen=True)
class Layout:
    """A choice with its parts in one matrix.

    Attributes
    ----------
    choice : Choice
    pfm : float array, shape (length, 4)
        Parts at their most frequent spacing, uniform between them.
    starts : tuple of int
        Column of each part.
    window : integer array
        Of the windows looked at, those that carry the motif.
    """

    choice: Choice
    pfm: np.ndarray
    starts: tuple[int, ...]
    window: np.ndarray


def lay_out(choice: Choice) -> Layout:
    """Put the parts of a choice into one matrix."""
    parts, starts = choice.draft.parts, [0]
    for part, steps in zip(parts, choice.draft.steps, strict=False):
        starts.append(starts[-1] + max(max(steps, key=lambda step: steps[step]), len(part)))
    window = np.flatnonzero(choice.carried)
    total = np.full((starts[-1] + len(parts[-1]), 4), len(window) / 4)
    for start, part in zip(starts, parts, strict=True):
        total[start : start + len(part)] = part * (len(window) / part.sum(1, keepdims=True))
    return Layout(choice, total, tuple(starts), window)


def assemble(
    probe: WindowProbe,
    samples: Samples,
    rows: np.ndarray,
    choices: Sequence[Choice],
    options: DemixOptions,
    *,
    least: float,
    alphabet: str,
) -> Demixed | None:
    """Describe the motifs, and lay the tree: all windows, then by motif, then by place. None without motifs.

    A motif with fewer than ``options.min_sites`` windows, or less than ``least`` of the excitation, is left out. A
    window with several motifs is in the tree with the one that has most excitation.
    """
    excitation = samples.excitation[rows].astype(float)
    layouts = [lay_out(choice) for choice in choices]
    mass = [float(excitation[layout.window].sum()) for layout in layouts]
    kept = [
        i for i in sorted(range(len(layouts)), key=lambda i: -mass[i])
        if len(layouts[i].window) >= options.min_sites and mass[i] >= least * excitation.sum()
    ][: options.max_groups]  # fmt: skip
    if not kept:
        return None
    owner = np.full(len(rows), -1)
    for number, i in enumerate(kept):
        window = layouts[i].window
        owner[window[owner[window] < 0]] = number
    tree = [make_group(probe, samples, rows)]
    found: list[tuple[Motif, Layout, list[str]]] = []
    for number, i in enumerate(kept):
        path, own = f"0.{number}", np.flatnonzero(owner == number)
        nodes: list[Group] = []
        if len(own):
            whole = make_group(probe, samples, rows[own], path, "motif")
            places = _places(probe, samples, rows, layouts[i], own, path, options)
            tree += [whole, *places]
            nodes = places or [whole]
        found.append((_describe(probe, samples, rows, layouts[i], nodes), layouts[i], [node.path for node in nodes]))
    found.sort(key=lambda entry: (-entry[0].max_activation, -entry[0].share, entry[0].start))
    motifs = tuple(
        replace(motif, id=f"{samples.layer}.{samples.neuron}.m{rank + 1}") for rank, (motif, _, _) in enumerate(found)
    )
    motif_of = {path: motif.id for motif, (_, _, paths) in zip(motifs, found, strict=True) for path in paths}
    syntax = [
        row for motif, (_, layout, _) in zip(motifs, found, strict=True) for row in _syntax(motif, layout, alphabet)
    ]
    return Demixed(
        motifs,
        tuple(rows[layout.window] for _, layout, _ in found),
        tree_table(tree, samples, motif_of, alphabet=alphabet),
        pd.DataFrame(syntax, columns=list(SYNTAX_COLUMNS)),
    )


def _places(
    probe: WindowProbe,
    samples: Samples,
    rows: np.ndarray,
    layout: Layout,
    own: np.ndarray,
    path: str,
    options: DemixOptions,
) -> list[Group]:
    """Part the windows of a motif by its place; none where there is only one."""
    first = layout.choice.found.places[own, 0]
    places, counts = np.unique(first, return_counts=True)
    most = np.sort(places[np.argsort(-counts, kind="stable")][:MOST_PLACES])
    usual = [int(place) for place in most if (first == place).sum() >= options.min_sites]
    parts = [own[first == place] for place in usual]
    rest = own[~np.isin(first, usual)]
    if len(rest):
        parts.append(rest)
    if len(parts) < 2:
        return []
    return [make_group(probe, samples, rows[part], f"{path}.{number}", "position") for number, part in enumerate(parts)]


def _describe(probe: WindowProbe, samples: Samples, rows: np.ndarray, layout: Layout, nodes: Sequence[Group]) -> Motif:
    own = rows[layout.window]
    activations = samples.activations[own]
    places, counts = np.unique(layout.choice.found.places[layout.window, 0], return_counts=True)
    mode = int(places[counts.argmax()])
    consensus = [node.consensus_activation for node in nodes]
    return Motif(
        id="",
        pfm=layout.pfm,
        sites=len(own),
        layer=samples.layer,
        neuron=samples.neuron,
        method="neuronmotif",
        start=max(0, mode),
        max_activation=float(activations.max()),
        mean_activation=float(activations.mean()),
        consensus_activation=max(consensus or [make_group(probe, samples, own).consensus_activation]),
        share=float(samples.excitation[own].sum() / samples.excitation[rows].sum()),
        offsets=tuple(sorted({int(place) - mode for place in places[counts >= 0.02 * counts.max()]})),
        background=samples.background,
        min_activation=float(activations.min()),
    )


def _syntax(motif: Motif, layout: Layout, alphabet: str) -> list[dict[str, object]]:
    """Rows of `syntax_table` from the places themselves; segments of one part keep their distance."""
    spans = [
        (start + a, start + b)
        for start, part in zip(layout.starts, layout.choice.draft.parts, strict=True)
        for a, b in segments(part)
    ]
    word = motif.consensus(alphabet)
    places = layout.choice.found.places[layout.window]
    part_of = [int(np.searchsorted(layout.starts, start, "right")) - 1 for start, _ in spans]
    rows = []
    for (a, b), (first, second) in zip(
        zip(spans[:-1], spans[1:], strict=True), zip(part_of[:-1], part_of[1:], strict=True), strict=True
    ):
        apart = places[:, second] - places[:, first] - (layout.starts[second] - layout.starts[first])
        entry: dict[str, object] = {
            "layer": motif.layer,
            "neuron": motif.neuron,
            "motif": motif.id,
            "part_a": word[a[0] : a[1]],
            "part_b": word[b[0] : b[1]],
            "start_a": a[0],
            "start_b": b[0],
        }
        rows.append(entry | describe_gaps(apart + b[0] - a[1], b[0] - a[1]))
    return rows
