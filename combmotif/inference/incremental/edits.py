"""Many edited copies of a few sequences, held as what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Edits:
    """Edited copies of base sequences, each told by the segments it replaces.

    A segment is written once, however many edits hold it: with A scrambled in 32 ways, B in 32 ways and both together,
    there are 64 segments and 96 edits.

    Attributes
    ----------
    rows : int64 array, shape (edits,)
        Which base sequence each edit is a copy of.
    members : int64 array, shape (edits, slots)
        The segments each edit replaces, by number; -1 for an empty slot. An edit with none is its base sequence.
    owners, starts, sizes : int64 arrays, shape (segments,)
        Base sequence, first position (0-based) and length in nt of each segment.
    letters : uint8 array, shape (segments, widest)
        New bases as codes; what stands beyond a segment's length is not read.
    """

    rows: np.ndarray
    members: np.ndarray
    owners: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    letters: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(
        cls, rows: np.ndarray, segments: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> Edits:  # fmt: skip
        """Make edits that each replace the same number of segments.

        Parameters
        ----------
        rows : integer array, shape (edits,)
            Base sequence of each edit.
        segments : sequence of (starts, letters)
            Integer (edits,) and uint8 (edits, width); one item per segment that every edit replaces.

        Returns
        -------
        Edits
            Equal segments of one base sequence are held once.

        Examples
        --------
        >>> edits = Edits.of([0, 0], [([3, 7], [[0, 1], [2, 2]])])
        >>> edits.apply([np.zeros(10, np.uint8)]).tolist()
        [[0, 0, 0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 2, 2, 0]]
        """
        rows = np.asarray(rows, dtype=np.int64)
        blocks = [np.atleast_2d(np.asarray(letters, dtype=np.uint8)) for _, letters in segments]
        widest = max((block.shape[1] for block in blocks), default=0)
        letters = np.concatenate(
            [np.zeros((0, widest), np.uint8), *(np.pad(b, ((0, 0), (0, widest - b.shape[1]))) for b in blocks)]
        )
        count = len(segments)
        starts = np.concatenate([np.zeros(0, np.int64), *(np.asarray(s, dtype=np.int64) for s, _ in segments)])
        sizes = np.repeat(np.array([b.shape[1] for b in blocks], dtype=np.int64), len(rows))
        members = np.arange(count * len(rows), dtype=np.int64).reshape(count, len(rows)).T
        return cls(rows, members, np.tile(rows, count), starts, sizes, letters).merged()

    @classmethod
    def substitutions(cls, codes: Sequence[np.ndarray], *, start: int = 0, stop: int | None = None) -> Edits:
        """Make every single-nucleotide substitution of sequences, or of a window of them.

        Parameters
        ----------
        codes : sequence of uint8 arrays, each of shape (length,)
        start, stop : int, optional
            Positions [start, stop) of every sequence; default all.

        Returns
        -------
        Edits
            Ordered by sequence, position and new base; three per position, four where an N stands.
        """
        rows, places, bases = [], [], []
        for row, sequence in enumerate(codes):
            window = np.asarray(sequence)[start:stop]
            place, base = np.nonzero(window[:, None] != np.arange(4))
            rows.append(np.full(len(place), row))
            places.append(place + start)
            bases.append(base)
        joined = [np.concatenate([np.zeros(0, np.int64), *parts]) for parts in (rows, places, bases)]
        owners, starts, letters = joined
        members = np.arange(len(owners), dtype=np.int64)[:, None]
        return cls(owners, members, owners, starts, np.ones_like(starts), letters[:, None].astype(np.uint8))

    def merged(self) -> Edits:
        """Hold equal segments of one base sequence once."""
        if not len(self.owners):
            return self
        inside = np.arange(self.letters.shape[1]) < self.sizes[:, None]
        table = np.column_stack([self.owners, self.starts, self.sizes, np.where(inside, self.letters, 0)])
        _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")  # keep the order of first appearance
        rank = np.empty(len(first), dtype=np.int64)
        rank[order] = np.arange(len(first))
        members = np.where(self.members >= 0, rank[inverse.reshape(-1)][self.members], -1)
        kept = first[order]
        return Edits(
            self.rows, members, self.owners[kept], self.starts[kept], self.sizes[kept], self.letters[kept]
        )  # fmt: skip

    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """Find edits that are equal: (first edit of each kind, kind of every edit), both integer arrays."""
        key = np.column_stack([self.rows, np.sort(self.members, axis=1)])
        _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
        return first, inverse.reshape(-1)

    def select(self, edits: np.ndarray) -> Edits:
        """Return some of the edits, with the segments they hold."""
        members = self.members[edits]
        used = np.unique(members[members >= 0])
        rank = np.full(len(self.owners) + 1, -1, dtype=np.int64)
        rank[used] = np.arange(len(used))
        return Edits(
            self.rows[edits], rank[members], self.owners[used], self.starts[used], self.sizes[used], self.letters[used]
        )

    def shifted(self, cuts: np.ndarray) -> Edits:
        """Return the edits of sequences whose first ``cuts[row]`` positions were cut; what lay there is dropped."""
        lost = np.minimum(np.maximum(cuts[self.owners] - self.starts, 0), self.sizes)
        starts, sizes = self.starts - cuts[self.owners] + lost, self.sizes - lost
        letters = self.letters
        if lost.any():
            column = np.minimum(np.arange(letters.shape[1]) + lost[:, None], letters.shape[1] - 1)
            letters = np.take_along_axis(letters, column, axis=1)
        members = self.members
        if (sizes == 0).any():
            members = np.where((members >= 0) & (sizes[members] > 0), members, -1)
        return Edits(self.rows, members, self.owners, starts, sizes, letters)

    def check(self, lengths: np.ndarray) -> None:
        """Raise ValueError if a segment leaves its sequence, or two segments of one edit overlap."""
        if len(self.rows) and (self.rows.min() < 0 or self.rows.max() >= len(lengths)):
            raise ValueError(
                f"edits: expected rows 0-{len(lengths) - 1} of the base sequences, found {self.rows.min()}-"
                f"{self.rows.max()}"
            )
        ends = self.starts + self.sizes
        outside = np.flatnonzero((self.starts < 0) | (ends > lengths[self.owners]))
        if outside.size:
            which = outside[0]
            raise ValueError(
                f"edits: segment [{self.starts[which]}, {ends[which]}) leaves its sequence of "
                f"{lengths[self.owners[which]]} nt; give positions inside the sequence"
            )
        for i in range(self.members.shape[1]):
            one = self.members[:, i]
            if (self.owners[one[one >= 0]] != self.rows[one >= 0]).any():
                raise ValueError("edits: a segment is used in an edit of another base sequence")
            for j in range(i):
                two = self.members[:, j]
                both = np.flatnonzero((one >= 0) & (two >= 0))
                p, q = one[both], two[both]
                if ((self.starts[p] < ends[q]) & (self.starts[q] < ends[p])).any():
                    raise ValueError("edits: two segments of one edit overlap; join them to one segment")

    def apply(self, codes: Sequence[np.ndarray]) -> np.ndarray:
        """Write the edited sequences out: uint8 (edits, length); the base sequences must have one length."""
        if not len(self):
            return np.zeros((0, len(codes[0]) if len(codes) else 0), np.uint8)
        used, index = np.unique(self.rows, return_inverse=True)
        block = np.stack([np.asarray(codes[row], dtype=np.uint8) for row in used])[index]
        for slot in range(self.members.shape[1]):
            rows = np.flatnonzero(self.members[:, slot] >= 0)
            segments = self.members[rows, slot]
            for size in np.unique(self.sizes[segments]):
                some = self.sizes[segments] == size
                place = self.starts[segments[some], None] + np.arange(size)
                block[rows[some, None], place] = self.letters[segments[some], :size]
        return block
