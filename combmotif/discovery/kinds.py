"""Which spans are the same motif: clustering of gradient maps, moved against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALIKE = 0.85
"""Least cosine of two maps, at the best shift, of one kind."""
LOOSE = 0.6
"""Least cosine of a map with the template it is counted to in the end."""
DIFFERENT = 0.85
"""Cosine of the means of two halves of a kind, below which they are two kinds."""
COMPOSED = 0.9
"""Cosine of a template with two shorter ones, from which it is no kind of its own."""
_LAYERS = 3
_WHOLE = 0.7  # norm of a template inside the crop
_GAIN = 0.08  # of squared cosine, by another template
_ENOUGH = 0.93
_CANDIDATES = 40
_JUDGES = 1000
_FAILURES = 4
_ROUNDS = 3
_MOST = 24


@dataclass(frozen=True)
class Kinds:
    """Kinds of spans.

    Attributes
    ----------
    span : integer array, shape (n,)
        Span of each copy; a span in which motifs touch or overlap has several.
    label : integer array, shape (n,)
        Kind of each copy.
    shift : integer array, shape (n,)
        Column of the kind's template on which the span's first column lies.
    templates : float array, shape (kinds, width + 2 x margin, 4)
        Mean maps, at unit norm.
    fit : float array, shape (spans,)
        Cosine of each span with its copies; 0 where it has none.
    """

    span: np.ndarray
    label: np.ndarray
    shift: np.ndarray
    templates: np.ndarray
    fit: np.ndarray


def shifted(templates: np.ndarray, width: int) -> np.ndarray:
    """All moves of templates (k, long, 4) against a crop of ``width``; (k, moves, width, 4)."""
    views = np.lib.stride_tricks.sliding_window_view(templates, width, axis=1)  # (k, moves, 4, width)
    return np.ascontiguousarray(views.transpose(0, 1, 3, 2))


def compare(templates: np.ndarray, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best cosine and move of every crop (n, width, 4) against templates (k, long, 4); two arrays (n, k)."""
    moved = shifted(templates.astype(np.float32), crops.shape[1])
    count, moves = moved.shape[:2]
    product = crops.reshape(len(crops), -1) @ moved.reshape(count * moves, -1).T
    product = product.reshape(len(crops), count, moves)
    where = product.argmax(2)
    return np.take_along_axis(product, where[:, :, None], 2)[:, :, 0], where


def _template(crops: np.ndarray, moves: np.ndarray, weights: np.ndarray, long: int) -> np.ndarray:
    total = np.zeros((long, 4))
    for move in np.unique(moves):
        rows = moves == move
        total[move : move + crops.shape[1]] += np.tensordot(weights[rows], crops[rows], 1)
    norm = np.sqrt((total**2).sum())
    return total / max(norm, 1e-12)


def _padded(crops: np.ndarray, margin: int) -> np.ndarray:
    return np.pad(crops, ((0, 0), (margin, margin), (0, 0)))


def find_kinds(crops: np.ndarray, weights: np.ndarray, random: np.random.Generator, *, least: float) -> Kinds:
    """Cluster maps by cosine at the best shift.

    The candidate that most weight of the free spans resembles leads the next kind, until a kind would hold less
    than ``least`` of all weight; then templates are averaged anew, three times, those
    made of two shorter ones are left out, and every map is written as one to three templates.

    Parameters
    ----------
    crops : float array, shape (n, width, 4)
        At unit norm.
    weights : float array, shape (n,)
    random : numpy.random.Generator
        Draws the candidates.
    least : float
        Share of the weight of the smallest kind.

    Returns
    -------
    Kinds
    """
    crops = crops.astype(np.float32)
    count, width = crops.shape[:2]
    margin = width - 2 if width > 2 else 0
    long = width + 2 * margin
    free = np.ones(count, bool)
    total = weights.sum()
    templates: list[np.ndarray] = []
    failures = 0
    while free.any() and len(templates) < _MOST:
        rows = np.flatnonzero(free)
        chance = weights[rows] / weights[rows].sum()
        drawn = np.unique(random.choice(rows, min(_CANDIDATES, len(rows)), p=chance))
        some = rows[:: max(1, len(rows) // _JUDGES)]
        cosine, _ = compare(_padded(crops[drawn], margin), crops[some])
        mass = (weights[some, None] * (cosine >= ALIKE)).sum(0)
        leader = int(drawn[mass.argmax()])
        template = _padded(crops[leader : leader + 1], margin)[0]
        for _ in range(2):
            cosine, where = compare(template[None], crops[rows])
            member = cosine[:, 0] >= ALIKE
            if not member.any():
                break
            template = _template(crops[rows[member]], where[member, 0], weights[rows[member]], long)
        if not member.any() or weights[rows[member]].sum() < least * total:
            failures += 1
            free[drawn] = False
            if failures == _FAILURES or weights[free].sum() < least * total:
                break
            continue
        templates.append(_centred(template, margin, width))
        free[rows[member]] = False
    if not templates:
        empty = np.zeros(0, int)
        return Kinds(empty, empty, empty, np.zeros((0, long, 4)), np.zeros(count))
    stack = _averaged(np.stack(templates), crops, weights)
    halves = _bisected(stack, crops, weights, least)
    if len(halves) > len(stack):
        stack = _averaged(halves, crops, weights)
    stack = _without_composites(stack, margin, width)
    return _copies(stack, crops)


def _averaged(stack: np.ndarray, crops: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average the maps that are nearest to each template, three times."""
    stack = stack.copy()
    for _ in range(_ROUNDS):
        label, shift, near = _nearest(stack, crops)
        for kind in range(len(stack)):
            rows = near & (label == kind)
            if rows.any():
                stack[kind] = _template(crops[rows], shift[rows], weights[rows], stack.shape[1])
    return stack


def _nearest(stack: np.ndarray, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest template of every map, the move, and whether it is near enough."""
    cosine, where = compare(stack, crops)
    label = cosine.argmax(1)
    return label, np.take_along_axis(where, label[:, None], 1)[:, 0], cosine.max(1) >= ALIKE


def _bisected(stack: np.ndarray, crops: np.ndarray, weights: np.ndarray, least: float) -> np.ndarray:
    """Split templates that are the mean of two kinds: each map may be near the mean of two that are unlike."""
    label, shift, near = _nearest(stack, crops)
    width, long = crops.shape[1], stack.shape[1]
    done: list[np.ndarray] = []
    todo = [np.flatnonzero(near & (label == kind)) for kind in range(len(stack))]
    placed = np.zeros((len(crops), long, 4), np.float32)
    np.put_along_axis(
        placed, (shift[:, None] + np.arange(width))[:, :, None].repeat(4, 2), crops.astype(np.float32), 1
    )  # fmt: skip
    aligned = placed.reshape(len(crops), -1)
    while todo:
        rows = todo.pop()
        if not len(rows):
            continue
        share, values = weights[rows, None], aligned[rows]
        mean = (share * values).sum(0)
        centred = np.sqrt(share) * (values - mean / share.sum())
        direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        side = centred @ direction > 0
        centres = np.zeros((2, aligned.shape[1]))
        for _ in range(5):
            for part in (0, 1):
                centre = (share * values)[side == part].sum(0)
                centres[part] = centre / max(float(np.sqrt((centre**2).sum())), 1e-12)
            side = values @ centres[1] > values @ centres[0]
        mass = [float(weights[rows[side == part]].sum()) for part in (0, 1)]
        if min(mass) >= least * weights.sum() and float(centres[0] @ centres[1]) < DIFFERENT and len(done) < _MOST:
            todo += [rows[side], rows[~side]]
        else:
            done.append((mean / max(float(np.sqrt((mean**2).sum())), 1e-12)).reshape(long, 4))
    return np.stack(done) if done else stack


def _without_composites(stack: np.ndarray, margin: int, width: int) -> np.ndarray:
    """Leave out templates that are two shorter ones side by side or laid over each other."""
    lengths = [len(support(template)) for template in stack]
    kept = list(range(len(stack)))
    for kind in np.argsort(lengths, kind="stable")[::-1]:
        shorter = [other for other in kept if other != kind and lengths[other] < lengths[kind]]
        if len(shorter) < 2:
            continue
        crop = stack[kind][margin : margin + width][None]
        parts = _copies(stack[shorter], crop / max(float(np.sqrt((crop**2).sum())), 1e-12))
        if len(parts.label) >= 2 and parts.fit[0] >= COMPOSED:
            kept.remove(int(kind))
    return stack[kept]


def support(template: np.ndarray) -> np.ndarray:
    """Columns of a template that hold at least 1 % of its weight."""
    weight = (template**2).sum(1)
    return np.flatnonzero(weight >= 0.01 * weight.sum())


def _copies(stack: np.ndarray, crops: np.ndarray) -> Kinds:
    """Write every map as up to three templates, best first, each of which must improve the fit."""
    count, width = crops.shape[:2]
    residual = crops.reshape(count, -1).copy()
    taken: list[np.ndarray] = []  # (n, columns) of the templates taken, orthonormal
    explained = np.zeros(count)
    active = np.ones(count, bool)
    spans, labels, shifts = [], [], []
    moved = shifted(stack, width)
    flat = moved.reshape(moved.shape[0] * moved.shape[1], -1)
    norms = np.sqrt((flat**2).sum(1))
    flat = flat / np.maximum(norms, 1e-12)[:, None]
    for step in range(_LAYERS):
        rows = np.flatnonzero(active)
        if not len(rows):
            break
        cosine = (residual[rows] @ flat.T) * (norms >= _WHOLE)
        best = cosine.argmax(1)
        atom = flat[best]
        for earlier in taken:
            part = earlier[rows]
            atom = atom - (atom * part).sum(1, keepdims=True) * part
        length = np.sqrt((atom**2).sum(1))
        atom = atom / np.maximum(length, 1e-12)[:, None]
        gain = (residual[rows] * atom).sum(1)
        new = explained[rows] + gain**2
        good = (length > 0.5) & (gain > 0)
        good &= (new >= LOOSE**2) if step == 0 else (new - explained[rows] >= _GAIN)
        rows, best, atom, gain, new = rows[good], best[good], atom[good], gain[good], new[good]
        active[:] = False
        active[rows] = new < _ENOUGH**2
        explained[rows] = new
        residual[rows] -= gain[:, None] * atom
        full = np.zeros_like(residual)
        full[rows] = atom
        taken.append(full)
        spans.append(rows)
        labels.append(best // moved.shape[1])
        shifts.append(best % moved.shape[1])
    span, label, shift = (np.concatenate(parts) for parts in (spans, labels, shifts))
    return Kinds(span, label, shift, stack, np.sqrt(explained))


def _centred(template: np.ndarray, margin: int, width: int) -> np.ndarray:
    """Move a template so that its heaviest window of ``width`` stands in the middle."""
    weight = np.convolve((template**2).sum(1), np.ones(width), "valid")
    return np.roll(template, margin - int(weight.argmax()), axis=0)
