"""Which kinds of spans belong to one motif: parts that need each other, at a fixed or at a variable spacing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOGETHER = 0.85
"""Share of the excitation of windows with either part in windows with both, from which the parts need each other."""
RIGID_TOGETHER = 0.4
RIGID = 0.85
"""Share of the excitation of windows with both parts at one spacing, from which the spacing is fixed."""
NEEDED = 0.9
CONTAINED = 0.92
"""Cosine of a fragment with the part of another template it lies on, from which it is taken for that motif's."""


@dataclass(frozen=True)
class Copies:
    """Where each kind lies.

    Attributes
    ----------
    window, kind, place : integer arrays, shape (n,)
        Row of the windows looked at, kind, and column on which the template begins (it may lie outside the window).
    """

    window: np.ndarray
    kind: np.ndarray
    place: np.ndarray


def join_fragments(templates: np.ndarray, copies: Copies, weights: np.ndarray) -> Copies:
    """Count a kind that is a piece of a heavier one as that one, at the place where the piece lies.

    Near a threshold only part of a motif may carry the gradient.
    """
    mass = np.bincount(copies.kind, weights[copies.window], minlength=len(templates))
    kind, place = copies.kind.copy(), copies.place.copy()
    for small in np.argsort(mass, kind="stable"):
        best = (CONTAINED, -1, 0)
        for large in np.flatnonzero(mass >= 2 * mass[small]):
            cosine, move = contained(templates[small], templates[large])
            if cosine > best[0]:
                best = (cosine, int(large), move)
        if best[1] >= 0:
            rows = kind == small
            kind[rows], place[rows] = best[1], place[rows] - best[2]
            mass[best[1]] += mass[small]
            mass[small] = 0
    order = np.unique(np.stack([copies.window, kind, place], 1), axis=0)
    return Copies(order[:, 0], order[:, 1], order[:, 2])


def contained(small: np.ndarray, large: np.ndarray) -> tuple[float, int]:
    """Best cosine of a template's own columns with those of another, and the move onto it; at least 3 columns."""
    columns = np.flatnonzero((small**2).sum(1) > 1e-6)
    if len(columns) < 3:
        return 0.0, 0
    low, high = int(columns[0]), int(columns[-1]) + 1
    piece = small[low:high]
    padded = np.pad(large, ((high - low, high - low), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, high - low, axis=0).transpose(0, 2, 1)
    norm = np.sqrt((views**2).sum((1, 2)))
    cosine = (views * piece).sum((1, 2)) / np.maximum(norm * np.sqrt((piece**2).sum()), 1e-12)
    cosine[norm < 0.5] = 0  # a sliver of the other template says nothing
    where = int(cosine.argmax())
    return float(cosine[where]), where - (high - low) - low


def pair_offsets(copies: Copies, first: int, second: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Every (window, place of second - place of first) in windows that carry both."""
    a, b = copies.kind == first, copies.kind == second
    has = np.zeros((2, windows), bool)
    has[0, copies.window[a]] = has[1, copies.window[b]] = True
    shared = np.asarray(has.all(0))
    wa, pa = copies.window[a], copies.place[a]
    wb, pb = copies.window[b], copies.place[b]
    keep_a, keep_b = np.asarray(shared[wa]), np.asarray(shared[wb])
    wa, pa, wb, pb = wa[keep_a], pa[keep_a], wb[keep_b], pb[keep_b]
    start, stop = np.searchsorted(wb, wa, "left"), np.searchsorted(wb, wa, "right")
    sizes = stop - start
    rows = np.repeat(np.arange(len(wa)), sizes)
    other = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes) + start[rows]
    return wa[rows], pb[other] - pa[rows]


@dataclass(frozen=True)
class Unit:
    """Kinds that make one motif.

    Attributes
    ----------
    kinds : tuple of int
        The heaviest first.
    offsets : tuple of int
        Most frequent place of each kind relative to the first.
    rigid : bool
        Every kind keeps its offset.
    """

    kinds: tuple[int, ...]
    offsets: tuple[int, ...]
    rigid: bool


def find_units(copies: Copies, weights: np.ndarray, count: int) -> list[Unit]:
    """Unite kinds that occur together.

    Two kinds are united where 85 % of the excitation of windows with either lies in windows with both (the neuron
    needs both), where one hardly occurs without the other (90 %) and is in at least half of the other's windows, or
    where 40 % lies in windows with both and 85 % of that has them at one spacing (a rigid motif with a gap).
    Alternatives, and motifs whose contributions merely add up, stay apart.

    Parameters
    ----------
    copies : Copies
        Sorted by window.
    weights : float array, shape (windows,)
        Excitation.
    count : int
        Of kinds.
    """
    windows = len(weights)
    has = np.zeros((count, windows), bool)
    has[copies.kind, copies.window] = True
    mass = has @ weights
    order = [int(kind) for kind in np.argsort(-mass, kind="stable") if mass[kind] > 0]
    group = {kind: kind for kind in order}
    links: dict[tuple[int, int], tuple[int, bool]] = {}
    for position, first in enumerate(order):
        for second in order[position + 1 :]:
            both = float(weights[has[first] & has[second]].sum())
            either = float(weights[has[first] | has[second]].sum())
            if both < RIGID_TOGETHER * either:
                continue
            where, apart = pair_offsets(copies, first, second, windows)
            values, index = np.unique(apart, return_inverse=True)
            share = np.bincount(index, weights[where]) / both
            rigid = float(share.max()) >= RIGID
            if both >= TOGETHER * either or rigid:
                links[first, second] = int(values[share.argmax()]), rigid
                old, new = group[second], group[first]
                group = {kind: new if root == old else root for kind, root in group.items()}
    units = []
    for root in dict.fromkeys(group.values()):
        members = [kind for kind in order if group[kind] == root]
        offsets, rigid = {members[0]: 0}, True
        while len(offsets) < len(members):  # along the links, from the heaviest
            for (first, second), (offset, fixed) in links.items():
                if first in offsets and second not in offsets:
                    offsets[second] = offsets[first] + offset
                    rigid &= fixed
                elif second in offsets and first not in offsets:
                    offsets[first] = offsets[second] - offset
                    rigid &= fixed
        units.append(Unit(tuple(members), tuple(offsets[kind] for kind in members), rigid))
    return units


def anchors(copies: Copies, unit: Unit, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the windows with the unit, and the place of its first kind, by another one where it is missing."""
    window, place = [np.zeros(0, int)], [np.zeros(0, int)]
    seen = np.zeros(windows, bool)
    for kind, offset in zip(unit.kinds, unit.offsets, strict=True):
        new = (copies.kind == kind) & ~seen[copies.window]
        window.append(copies.window[new])
        place.append(copies.place[new] - offset)
        seen[copies.window[new]] = True
    return np.concatenate(window), np.concatenate(place)
