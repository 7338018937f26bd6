"""What a neuron reads in each window: the spans of sequence that its gradient points to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import BINS, Samples

LEAST_COLUMN = 0.2
"""Importance of a column, relative to the window's strongest, from which the neuron reads it."""
LONGEST_GAP = 2
"""Columns of less importance inside a span."""
LEAST_LENGTH = 3
LEAST_STRENGTH = 0.1
"""Strength of a span relative to the strongest of its window."""


@dataclass(frozen=True)
class Spans:
    """Spans of windows that a neuron reads.

    Attributes
    ----------
    window : integer array, shape (n,)
        Row of the samples.
    start, end : integer arrays, shape (n,)
        Columns, 0-based half-open.
    strength : float array, shape (n,)
        Norm of the span's importance.
    maps : float32 array, shape (windows, receptive_field, 4)
        Gradient of the neuron per base less the mean over bases: what each base would add here.
    row_of : dict
        Row of ``maps`` of each window.
    """

    window: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strength: np.ndarray
    maps: np.ndarray
    row_of: np.ndarray

    def __len__(self) -> int:
        return len(self.window)


def choose_windows(samples: Samples, most: int) -> np.ndarray:
    """Choose rows evenly over 20 bins of activation, all where there are no more than ``most``; sorted."""
    if len(samples) <= most:
        return np.arange(len(samples))
    excitation = samples.excitation
    bins = np.minimum((excitation / excitation.max() * BINS).astype(int), BINS - 1)
    rank = np.empty(len(samples), int)  # place within its bin, in steps spread over the bin
    for index in range(BINS):
        members = np.flatnonzero(bins == index)
        rank[members] = np.argsort(np.argsort((np.arange(len(members)) * 0.6180339887) % 1, kind="stable"))
    return np.sort(np.argsort(rank, kind="stable")[:most])


def read_spans(probe: WindowProbe, samples: Samples, rows: np.ndarray) -> Spans:
    """Find the spans that carry a neuron's gradient in the windows ``rows``.

    A convolutional net of ReLUs and max-pools is linear around a window, and its gradient is the matrix the neuron
    applies there: it is large where the neuron reads, at the place that won each pool, and says which bases it wants. A
    column is read if its importance (norm over bases) is a fifth of the window's largest; columns at most 3 apart
    belong to one span.
    """
    codes = samples.codes[rows]
    tracks = None if samples.tracks is None else samples.tracks[rows]
    _, gradient = probe.gradient(codes, np.full(len(codes), samples.neuron), tracks)
    maps = gradient.transpose(0, 2, 1)
    maps = maps - maps.mean(2, keepdims=True)
    importance = np.sqrt((maps**2).sum(2))
    top = importance.max(1, keepdims=True)
    read = (importance >= LEAST_COLUMN * top) & (top > 0)
    window, column = np.nonzero(read)
    first = np.ones(len(window), bool)
    first[1:] = (window[1:] != window[:-1]) | (column[1:] - column[:-1] > LONGEST_GAP + 1)
    begin = np.flatnonzero(first)
    last = np.append(begin[1:], len(window)) - 1 if len(begin) else begin
    start, end, owner = column[begin], column[last] + 1, window[begin]
    total = np.concatenate([np.zeros((len(codes), 1)), np.cumsum(importance**2, axis=1)], axis=1)
    strength = np.sqrt(total[owner, end] - total[owner, start])
    best = np.zeros(len(codes))
    np.maximum.at(best, owner, strength)
    kept = (end - start >= LEAST_LENGTH) & (strength >= LEAST_STRENGTH * best[owner])
    row_of = np.full(len(samples), -1)
    row_of[rows] = np.arange(len(rows))
    return Spans(rows[owner[kept]], start[kept], end[kept], strength[kept], maps.astype(np.float32), row_of)


def crops(spans: Spans, width: int) -> np.ndarray:
    """Cut the maps of the spans out, from each start, zeros beyond its end, at unit norm; (n, width, 4)."""
    size = spans.maps.shape[1]
    columns = spans.start[:, None] + np.arange(width)
    inside = columns < np.minimum(spans.end, spans.start + width)[:, None]
    cut = spans.maps[spans.row_of[spans.window][:, None], np.minimum(columns, size - 1)] * inside[:, :, None]
    norm = np.sqrt((cut**2).sum((1, 2), keepdims=True))
    return cut / np.maximum(norm, 1e-12)
