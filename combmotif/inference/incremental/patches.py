"""Tensors of edited sequences, held as the base sequences' tensors and the windows in which the edits differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

POINTWISE = 16.0
"""Cost of an operation position by position, in multiplications of a convolution per value."""


class NotLocal(Exception):
    """The network does something that cannot be followed from the edited positions."""


class Tape:
    """What the operations of a forward pass gave for the base sequences, to be used again by the next edits of them.

    Parameters
    ----------
    keep : bool
        Whether there will be a next time.

    Attributes
    ----------
    full, done : float
        Multiplications for one whole sequence, and for what an edit changes.
    widest : int
        Most values of one edit that were written out at a time.
    """

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.results: list[tuple[str, torch.Tensor]] = []
        self.position: int | None = None
        self.full = self.done = 0.0
        self.widest = 1

    def count(self, full: float, done: float) -> None:
        """Add the multiplications of an operation: of one whole sequence, and of what an edit changes."""
        self.full += full
        self.done += done

    def rewind(self) -> None:
        """Begin anew; results that were kept are given again."""
        self.position = 0 if self.keep and self.results else None

    def __call__(self, name: str, compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Return the result of the next operation, computed or remembered."""
        if self.position is None:
            result = compute()
            if self.keep:
                self.results.append((name, result))
            return result
        if self.position >= len(self.results) or self.results[self.position][0] != name:
            raise NotLocal("its operations differ from one batch to the next")
        self.position += 1
        return self.results[self.position - 1][1]


@dataclass(frozen=True, eq=False)
class Roster:
    """Which patches there are, and which of them make up each edit.

    Attributes
    ----------
    edits : int64 tensor, shape (edits,)
        Base sequence of each edit.
    members : int64 tensor, shape (edits, slots)
        Patches of each edit, numbered group after group; -1 for none.
    rows : tuple of int64 tensors, each of shape (patches of the group,)
        Base sequence of each patch.
    bases : int
        Base sequences.
    tape : Tape
        Results of the base sequences.
    parent : Roster, optional
        Before two patches of an edit met; ``pairs`` then has the patches of the parent that make up the last group.
    """

    edits: torch.Tensor
    members: torch.Tensor
    rows: tuple[torch.Tensor, ...]
    bases: int
    tape: Tape
    parent: Roster | None = None
    pairs: tuple[torch.Tensor, torch.Tensor] | None = None

    def generations(self) -> list[Roster]:
        """Return this roster and its ancestors, the oldest first."""
        return [*(self.parent.generations() if self.parent else []), self]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the patches of a tensor lie.

    A patch is a window of one width for its whole group, of which [low, high) may differ from the base sequence. No two
    patches of one edit differ at the same position.

    Attributes
    ----------
    length : int
        Positions of the tensor.
    starts : tuple of int64 tensors, one per group
        First position of each window.
    widths : tuple of int, one per group
    low, high : tuples of int64 tensors, one per group
        Low is the length, and high 0, for a patch that changes nothing.
    roster : Roster
    """

    length: int
    starts: tuple[torch.Tensor, ...]
    widths: tuple[int, ...]
    low: tuple[torch.Tensor, ...]
    high: tuple[torch.Tensor, ...]
    roster: Roster
    _cache: dict[str, torch.Tensor] = field(default_factory=dict)

    def index(self) -> torch.Tensor:
        """Where each position of each edit is found: int64 (edits, length).

        A number below bases x length is a position of a base sequence; what lies above is a position of a patch, group
        after group.
        """
        if "index" not in self._cache:
            roster, device = self.roster, self.roster.edits.device
            index = roster.edits[:, None] * self.length + torch.arange(self.length, device=device)
            above, number = roster.bases * self.length, 0
            for start, width, low, high in zip(self.starts, self.widths, self.low, self.high, strict=True):
                for slot in range(roster.members.shape[1]):
                    member = roster.members[:, slot] - number
                    edits = torch.nonzero((member >= 0) & (member < len(start)))[:, 0]
                    own = member[edits]
                    place = start[own, None] + torch.arange(width, device=device)
                    known = above + own[:, None] * width + torch.arange(width, device=device)
                    differs = (place >= low[own, None]) & (place < high[own, None])
                    index[edits[:, None].expand_as(place)[differs], place[differs]] = known[differs]
                number += len(start)
                above += len(start) * width
            self._cache["index"] = index
        return self._cache["index"]


def extent(
    low: torch.Tensor, high: torch.Tensor, length: int, empty: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring [low, high) into a tensor of ``length`` positions; low is the length, and high 0, where nothing is left."""
    empty = empty | (high <= low) | (high <= 0) | (low >= length)
    return low.clamp(min=0).masked_fill(empty, length), high.clamp(max=length).masked_fill(empty, 0)


def rows_of(value: torch.Tensor, batch: int, axis: int) -> torch.Tensor:
    """Bring a tensor to (batch, positions, rest)."""
    moved = value.movedim((batch, axis), (0, 1))
    return moved.reshape(moved.shape[0], moved.shape[1], -1)


def unrows(rows: torch.Tensor, like: torch.Tensor, batch: int, axis: int) -> torch.Tensor:
    """Undo ``rows_of`` for a tensor shaped as ``like`` but for batch and positions."""
    rest = [n for i, n in enumerate(like.shape) if i not in (batch, axis)]
    return rows.reshape(rows.shape[0], rows.shape[1], *rest).movedim((0, 1), (batch, axis))


def take(
    base: torch.Tensor,
    rows: torch.Tensor,
    starts: torch.Tensor,
    width: int,
    piece: tuple[torch.Tensor, torch.Tensor] | None = None,
    fill: float = 0.0,
) -> torch.Tensor:
    """Cut windows out of base sequences and lay patches over them.

    Parameters
    ----------
    base : tensor, shape (bases, length, channels)
    rows, starts : int64 tensors, shape (n,)
        Base sequence and first position of each window; a window may leave the sequence.
    width : int
    piece : (values (n, w, channels), starts (n,)), optional
        What lies over the base, one patch per window.
    fill : float
        Of positions outside the sequence.

    Returns
    -------
    tensor, shape (n, width, channels)
    """
    length, channels = base.shape[1:]
    count, device = len(rows), base.device
    position = starts[:, None] + torch.arange(width, device=device)
    clipped = position.clamp(0, length - 1)
    out = base.reshape(-1, channels).index_select(0, (rows[:, None] * length + clipped).reshape(-1))
    if piece is not None and count:
        values, first = piece
        offset, size = first - starts, values.shape[1]
        shift = int(offset[0])  # in most calls all patches lie alike in their windows: one slice, no index
        if 0 <= shift <= width - size and bool((offset == shift).all()):
            out.view(count, width, channels)[:, shift : shift + size] = values
        else:
            place = offset[:, None] + torch.arange(size, device=device)
            keep = (place >= 0) & (place < width)
            target = torch.arange(count, device=device)[:, None] * width + place
            out.index_copy_(0, target[keep], values[keep])
    if count and (int(starts.min()) < 0 or int(starts.max()) + width > length):
        out[(position != clipped).reshape(-1)] = fill
    return out.view(count, width, channels)


class Edited(torch.Tensor):
    """What a network sees of edited sequences: a tensor of full shape that is only held where edits reach.

    Torch functions that act at, or around, a position act on the base sequences and on the patches. Any other function
    gets the whole tensor, written out.
    """

    base: torch.Tensor
    patches: list[torch.Tensor]
    places: Layout
    batch: int
    axis: int
    dispatch: ClassVar[Callable[[Callable, tuple, dict], Any]]
    """Runs torch's functions on such tensors; set by `operations`, which builds on this module."""

    @staticmethod
    def __new__(
        cls, base: torch.Tensor, patches: Sequence[torch.Tensor], layout: Layout, *, batch: int = 0, axis: int = 2
    ) -> Edited:
        """Wrap the base tensor and patches of the same dimensions, cut along ``axis``."""
        shape = list(base.shape)
        shape[batch] = len(layout.roster.edits)
        new = torch.Tensor._make_wrapper_subclass(cls, shape, dtype=base.dtype, device=base.device)
        new.base, new.patches, new.places, new.batch, new.axis = base, list(patches), layout, batch, axis
        return new

    def like(self, name: str, change: Callable[[torch.Tensor], torch.Tensor], **axes: int) -> Edited:
        """Apply a function that acts position by position; give ``batch`` and ``axis`` where these axes move."""
        base = self.places.roster.tape(name, lambda: change(self.base))
        where = {"batch": self.batch, "axis": self.axis} | axes
        result = Edited(base, [change(p) for p in self.patches], self.places, **where)
        return result.counted(POINTWISE)

    def counted(self, cost: float) -> Edited:
        """Note the work that went into this tensor: multiplications per value."""
        roster = self.places.roster
        sizes = [patch.numel() for patch in self.patches]
        roster.tape.count(cost * self.base.numel() / roster.bases, cost * sum(sizes) / len(roster.edits))
        return self

    def window(
        self, group: int, starts: torch.Tensor, width: int, fill: float = 0.0, base: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Cut windows around the patches of one group: (patches, width, rest)."""
        piece = rows_of(self.patches[group], self.batch, self.axis), self.places.starts[group]
        base = rows_of(self.base, self.batch, self.axis) if base is None else base
        return take(base, self.places.roster.rows[group], starts, width, piece, fill)

    def whole(self) -> torch.Tensor:
        """Write the tensor out in full."""
        index = self.places.index()
        parts = [self.base, *self.patches]
        rows = torch.cat([rows_of(p, self.batch, self.axis).flatten(0, 1) for p in parts])
        full = rows.index_select(0, index.reshape(-1)).reshape(*index.shape, -1)
        tape, values = self.places.roster.tape, full[0].numel()
        tape.count(0, POINTWISE * values)
        tape.widest = max(tape.widest, values + 2 * index.shape[1])
        return unrows(full, self.base, self.batch, self.axis)

    def rewindowed(self, layout: Layout) -> Edited:
        """Hold the same tensor with wider patches."""
        base = rows_of(self.base, self.batch, self.axis)
        patches = [
            unrows(self.window(group, start, width, base=base), self.base, self.batch, self.axis)
            for group, (start, width) in enumerate(zip(layout.starts, layout.widths, strict=True))
        ]
        return Edited(self.base, patches, layout, batch=self.batch, axis=self.axis)

    @classmethod
    def __torch_function__(cls, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return cls.dispatch(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:  # type: ignore[override]
        raise NotLocal(f"{func} reached a tensor of edited sequences")
