"""Windows that excite neurons, taken from real sequences: all of them are scanned, an even choice is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.inference.dense import scan
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import BINS, Samples

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64


def window_keys(codes: np.ndarray, size: int) -> np.ndarray:
    """Give every window of every sequence a number that depends on its letters alone.

    The numbers of different windows are as good as random 64-bit numbers; equal windows have equal ones, wherever they
    lie. uint8 (n, length) -> uint64 (n, length - size + 1).
    """
    length = codes.shape[1]
    powers = np.multiply.accumulate(np.r_[np.uint64(1), np.full(length, _BASE, np.uint64)])
    inverse = np.uint64(pow(_BASE, -1, 2**64))
    back = np.multiply.accumulate(np.r_[np.uint64(1), np.full(length, inverse, np.uint64)])
    sums = np.zeros((len(codes), length + 1), np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers[:length], axis=1, out=sums[:, 1:])
    keys = (sums[:, size:] - sums[:, :-size]) * back[: length - size + 1]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return keys ^ (keys >> np.uint64(31))


class _Shelves:
    """The windows of one neuron with the smallest keys in each bin of activation: a uniform choice of distinct ones."""

    def __init__(self, quota: int, background: float, maximum: float) -> None:
        self.quota, self.background, self.height = quota, background, max(maximum - background, 1e-30)
        self.maximum = maximum
        self.limit = np.full(BINS, np.iinfo(np.uint64).max, np.uint64)
        self.keys = np.zeros(0, np.uint64)
        self.values = np.zeros(0, np.float32)
        self.places = np.zeros((0, 2), np.int64)
        self.new: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.held = 0

    def _bins(self, values: np.ndarray) -> np.ndarray:
        share = (values - np.float32(self.background)) / np.float32(self.height)
        return np.clip((share * BINS).astype(int), 0, BINS - 1)

    def add(self, keys: np.ndarray, values: np.ndarray, rows: np.ndarray, valid: np.ndarray) -> None:
        """Take in the windows of some sequences; (m, windows) each, rows (m,)."""
        good = valid & (values > np.float32(self.background + 1e-6 * abs(self.maximum)))
        keys = np.where(values >= self.maximum, np.uint64(0), keys)  # the strongest stays
        row, start = np.nonzero(good)
        key, value = keys[row, start], values[row, start]
        kept = key <= self.limit[self._bins(value)]
        if not kept.any():
            return
        self.new.append((key[kept], value[kept], np.stack([rows[row[kept]], start[kept]], 1)))
        self.held += int(kept.sum())
        if self.held > 4 * self.quota * BINS:
            self.tidy()

    def tidy(self) -> None:
        """Keep the smallest keys of each bin."""
        keys, values, places = zip((self.keys, self.values, self.places), *self.new, strict=True)
        keys, first = np.unique(np.concatenate(keys), return_index=True)
        values, places, self.new = np.concatenate(values)[first], np.concatenate(places)[first], []
        bins = self._bins(values)
        order = np.argsort(bins, kind="stable")  # by bin, then by key
        counts = np.bincount(bins, minlength=BINS)
        rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        full = np.flatnonzero((counts > self.quota)[bins[order]] & (rank == self.quota - 1))
        self.limit[bins[order[full]]] = keys[order[full]]
        kept = np.sort(order[rank < self.quota])
        self.keys, self.values, self.places = keys[kept], values[kept], places[kept]
        self.held = len(kept)


def dataset_samples(
    probe: WindowProbe,
    neurons: Sequence[int],
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    keep: int = 5000,
) -> list[Samples]:
    """Take the windows that excite neurons from sequences.

    Every window without an N is evaluated, twice: first for the mean, which is the background, and the maximum of each
    neuron; then, of each of 20 equal bins in between, up to ``keep / 20`` distinct windows are kept, chosen at random
    by their letters. So the choice does not depend on the order of the sequences or on the neurons beside, and memory
    is bounded by ``keep``.

    Parameters
    ----------
    probe : WindowProbe
    neurons : sequence of int
        Channels of the probe's layer. A pass costs the same for one as for all.
    codes : sequence of n uint8 arrays, any lengths
    tracks : sequence of n arrays, each of shape (k, length), optional
        Of a model with extra channels; windows keep theirs in ``Samples.tracks``. Default the probe's.
    keep : int, default 5000
        Most windows per neuron; at least one per bin.

    Returns
    -------
    list of Samples, one per neuron

    Raises
    ------
    ValueError
        If no sequence has a window without an N.

    Examples
    --------
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.inference import WindowProbe
    >>> probe = WindowProbe(SequenceModel("toy", CnnGru(width=8)), "conv1")
    >>> codes = list(np.random.default_rng(0).integers(0, 4, (20, 60)).astype(np.uint8))
    >>> found = dataset_samples(probe, [3], codes, keep=40)
    >>> found[0].codes.shape[1], bool(found[0].activations.max() == found[0].maximum)
    (5, True)
    """
    size = probe.receptive_field
    chosen = np.asarray(neurons, dtype=np.int64)
    beside = _beside(probe, codes, tracks)
    maxima, sums, count = np.full(len(chosen), -np.inf), np.zeros(len(chosen)), 0
    for _, values, valid in scan(probe.model, probe.layer, codes, tracks=beside):
        mine = values[:, chosen].transpose(1, 0, 2)[:, valid]
        if mine.shape[1]:
            maxima = np.maximum(maxima, mine.max(1))
            sums, count = sums + mine.sum(1, dtype=np.float64), count + mine.shape[1]
    if not count:
        raise ValueError(
            f"sample.from: dataset: expected sequences with windows of {size} nt without an N, for layer "
            f"'{probe.layer}', found none"
        )
    backgrounds = sums / count
    quota = max(1, keep // BINS)
    shelves = [_Shelves(quota, float(b), float(m)) for b, m in zip(backgrounds, maxima, strict=True)]
    for rows, values, valid in scan(probe.model, probe.layer, codes, tracks=beside):
        if not valid.any():
            continue
        keys = window_keys(np.stack([np.asarray(codes[row]) for row in rows]), size)
        for neuron, shelf in zip(chosen, shelves, strict=True):
            shelf.add(keys, values[:, neuron], rows, valid)
    found = []
    for neuron, shelf in zip(chosen, shelves, strict=True):
        shelf.tidy()
        order = np.lexsort((shelf.keys, -shelf.values))
        places = shelf.places[order]
        windows = [np.asarray(codes[row])[start : start + size] for row, start in places]
        around = None if tracks is None else [np.asarray(tracks[row])[:, start : start + size] for row, start in places]
        found.append(
            Samples(
                probe.layer,
                int(neuron),
                np.stack(windows).astype(np.uint8) if windows else np.zeros((0, size), np.uint8),
                shelf.values[order],
                "dataset",
                background=shelf.background,
                tracks=np.stack(around).astype(np.float32) if around else None,
            )
        )
    return found


def _beside(
    probe: WindowProbe, codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None
) -> Sequence[np.ndarray] | None:
    """Tracks of the sequences: their own, else the probe's pattern along each."""
    if tracks is not None or probe.pattern is None:
        return tracks
    return [probe.repeated(len(code)) for code in codes]


def track_windows(
    tracks: Sequence[np.ndarray], size: int, *, count: int = 4096, random: np.random.Generator
) -> np.ndarray:
    """Draw windows of the tracks of sequences, from any position that has one with equal probability.

    Parameters
    ----------
    tracks : sequence of arrays, each of shape (k, length)
    size : int
        Length of a window in nt.
    count : int, default 4096
    random : numpy.random.Generator

    Returns
    -------
    float32 array, shape (count, k, size)

    Raises
    ------
    ValueError
        If no sequence is that long.

    Examples
    --------
    >>> tracks = [np.tile(np.eye(1, 3, dtype=np.float32), 10)]  # the first nucleotide of every codon
    >>> track_windows(tracks, 6, count=2, random=np.random.default_rng(0)).shape
    (2, 1, 6)
    """
    windows = np.array([max(0, track.shape[1] - size + 1) for track in tracks])
    if not windows.sum():
        raise ValueError(f"sample.tracks: data: expected sequences of at least {size} nt, found none")
    drawn = np.sort(random.integers(0, windows.sum(), count))
    rows = np.searchsorted(np.cumsum(windows), drawn, side="right")
    starts = drawn - (np.cumsum(windows) - windows)[rows]
    result = np.stack([tracks[row][:, start : start + size] for row, start in zip(rows, starts, strict=True)])
    return result[random.permutation(count)].astype(np.float32)
