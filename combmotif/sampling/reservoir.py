"""Windows seen in a search: distinct, in 2 bits per letter, and never many more than will be kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.sampling.samples import BINS, Samples, stratify

_ROOM = 4
"""Times ``keep`` windows that are held before a reservoir is thinned out."""


def pack(codes: np.ndarray) -> np.ndarray:
    """Put four letters into a byte: codes 0 to 3 (n, length) -> uint8 (n, ceil(length / 4))."""
    count, length = codes.shape
    filled = np.zeros((count, length + -length % 4), np.uint8)
    filled[:, :length] = codes
    return (filled[:, ::4] << 6) | (filled[:, 1::4] << 4) | (filled[:, 2::4] << 2) | filled[:, 3::4]


def unpack(packed: np.ndarray, length: int) -> np.ndarray:
    """Invert `pack`: uint8 (n, ceil(length / 4)) -> uint8 codes (n, length)."""
    letters = (packed[:, :, None] >> np.array([6, 4, 2, 0], np.uint8)) & 3
    return letters.reshape(len(packed), 4 * packed.shape[1])[:, :length]


class Reservoir:
    """Distinct windows of one neuron above its background, a bounded number at every level of activation.

    Parameters
    ----------
    length : int
        Of a window.
    keep : int
        Windows that are wanted in the end. When more than 4 times as many are held, those of each of the 20 bins of
        activation beyond a tenth of ``keep`` are left out at random.
    random : numpy.random.Generator
    background : float, default 0
        Windows at or below are not held.
    """

    def __init__(self, length: int, *, keep: int, random: np.random.Generator, background: float = 0.0) -> None:
        self.length = length
        self.keep = keep
        self.random = random
        self.background = background
        width = (length + 3) // 4
        self._table = np.random.default_rng(0).integers(0, 2**63, (width, 256)).astype(np.uint64)
        self._codes = np.zeros((0, width), np.uint8)
        self._values = np.zeros(0, np.float32)
        self._places = np.zeros(0, np.int32)
        self._spare = np.zeros(0, np.int8)
        self._known = np.zeros(0, np.uint64)
        self._new: list[tuple[np.ndarray, ...]] = []
        self._held = 0

    def __len__(self) -> int:
        return self._held

    def _keys(self, packed: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """64 random bits per window (Zobrist hashing); others where it is a spare, which may be found again as none."""
        keys = np.bitwise_xor.reduce(self._table[np.arange(packed.shape[1]), packed], axis=1)
        return keys ^ np.where(spare > 0, np.uint64(2**63), np.uint64(0))

    def add(
        self, codes: np.ndarray, values: np.ndarray, places: np.ndarray | None = None, *, spare: bool = False
    ) -> None:
        """Remember windows that were not seen before.

        Parameters
        ----------
        codes : uint8 array, shape (n, length)
        values : float32 array, shape (n,)
        places : integer array, shape (n,), optional
            A number that stays with each window, such as where its tracks are; default 0.
        spare : bool, default False
            They are kept only where a bin has too few others, and do not count in `bins`.
        """
        rows = np.flatnonzero(values > self.background)
        packed = pack(codes[rows])
        keys, first = np.unique(self._keys(packed, np.asarray(spare, np.int8)), return_index=True)
        at = np.searchsorted(self._known, keys)
        fresh = np.ones(len(keys), bool)
        inside = at < len(self._known)
        fresh[inside] = self._known[at[inside]] != keys[inside]
        if not fresh.any():
            return
        self._known = np.insert(self._known, at[fresh], keys[fresh])
        rows, packed = rows[first[fresh]], packed[first[fresh]]
        where = np.zeros(len(rows), np.int32) if places is None else places[rows].astype(np.int32)
        self._new.append((packed, np.asarray(values[rows], np.float32), where, np.full(len(rows), spare, np.int8)))
        self._held += len(rows)
        if self._held > _ROOM * self.keep:
            self._merge()
            self._take(self._choose(2 * self.keep))
            self._known = np.sort(self._keys(self._codes, self._spare))

    def _choose(self, keep: int) -> np.ndarray:
        return stratify(
            self._codes, self._values, keep=keep, random=self.random, background=self.background, spare=self._spare
        )

    def _take(self, rows: np.ndarray) -> None:
        self._codes, self._values = self._codes[rows], self._values[rows]
        self._places, self._spare = self._places[rows], self._spare[rows]
        self._held = len(rows)

    def _merge(self) -> None:
        if self._new:
            codes, values, places, spare = zip(*self._new, strict=True)
            self._codes = np.concatenate([self._codes, *codes])
            self._values = np.concatenate([self._values, *values])
            self._places = np.concatenate([self._places, *places])
            self._spare = np.concatenate([self._spare, *spare])
            self._new = []

    @property
    def maximum(self) -> float:
        """Largest activation; the background where nothing is held."""
        self._merge()
        return float(self._values.max(initial=self.background))

    def bins(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each window's bin, of 20 equal ones from the background to the maximum, and the counts (20,).

        Spare windows are in bin -1.
        """
        self._merge()
        height = self._values - np.float32(self.background)
        bins = np.minimum(height / max(height.max(initial=0), 1e-30) * BINS, BINS - 1).astype(int)
        counts = np.bincount(bins[self._spare <= 0], minlength=BINS)
        return np.where(self._spare > 0, -1, bins), counts

    def windows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows of some rows: codes (n, length) and their numbers (n,)."""
        return unpack(self._codes[rows], self.length), self._places[rows]

    def strongest(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the strongest windows, the best first: codes (n, length), values (n,), numbers (n,)."""
        self._merge()
        order = np.argsort(-self._values, kind="stable")[:count]
        return unpack(self._codes[order], self.length), self._values[order], self._places[order]

    def samples(
        self,
        layer: str,
        neuron: int,
        method: str,
        seeded: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]] = (),
        *,
        generations: int,
        converged: bool,
        bank: np.ndarray | None = None,
    ) -> Samples:
        """Choose ``keep`` windows spread evenly over the range of activation.

        Parameters
        ----------
        seeded : sequence of (codes, values, numbers)
            Groups of windows that have an equal share of a quarter of each bin between them.
        bank : array, shape (m, tracks, length)
            What the windows' numbers point to.
        """
        self._merge()
        share = self.keep // (4 * BINS * max(1, len(seeded)))
        for codes, values, places in seeded:
            height = (values - self.background) / max(self.maximum - self.background, 1e-30)
            bins = np.where(height > 0, np.minimum(height * BINS, BINS - 1), -1).astype(int)
            first = np.unique(pack(codes), axis=0, return_index=True)[1]
            for index in range(BINS):
                rows = first[bins[first] == index]
                rows = self.random.permutation(rows)[:share]
                self._codes = np.concatenate([self._codes, pack(codes[rows])])
                self._values = np.concatenate([self._values, values[rows]])
                self._places = np.concatenate([self._places, places[rows].astype(np.int32)])
                self._spare = np.concatenate([self._spare, np.full(len(rows), -1, np.int8)])
        rows = self._choose(self.keep)
        return Samples(
            layer,
            neuron,
            unpack(self._codes[rows], self.length),
            self._values[rows],
            method,
            generations,
            converged,
            self.background,
            None if bank is None else bank[self._places[rows]],
        )


def distinct(codes: np.ndarray) -> np.ndarray:
    """Return the first row of every distinct window, in order of appearance; codes may be packed."""
    rows = np.ascontiguousarray(codes).view(np.dtype((np.void, codes.shape[1]))).ravel()
    return np.sort(np.unique(rows, return_index=True)[1])
