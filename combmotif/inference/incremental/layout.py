"""Bring patches together: where those of one edit meet, and where branches of a network do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import torch

from combmotif.inference.incremental.patches import Edited, Layout, NotLocal, Roster, rows_of, take, unrows

Reach = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def settle(x: Edited, reach: Reach) -> Edited:
    """Join the patches of an edit that would change the same position of an operation's output.

    Parameters
    ----------
    x : Edited
    reach : callable
        Maps the positions [low, high) in which patches differ, each (n,), to those in which the output does.
    """
    while (roster := _meeting(x.places, reach)) is not None:
        x = _join(x, roster)
    return x


def _meeting(layout: Layout, reach: Reach) -> Roster | None:
    """Find patches of one edit that meet; the roster with a new group in which they are one."""
    roster = layout.roster
    slots = roster.members.shape[1]
    if slots < 2:
        return None
    # Patches that lie apart may meet behind a kernel that sees both, so it is the output's positions that are compared.
    # One pair of slots is joined at a time: the new patch may meet a third, which the caller finds in the next round.
    low, high = reach(torch.cat(layout.low), torch.cat(layout.high))
    for i, j in combinations(range(slots), 2):
        p, q = roster.members[:, i], roster.members[:, j]
        meet = torch.maximum(low[p], low[q]) < torch.minimum(high[p], high[q])
        edits = torch.nonzero((p >= 0) & (q >= 0) & meet)[:, 0]
        if len(edits):
            pairs, which = torch.unique(torch.stack([p[edits], q[edits]]), dim=1, return_inverse=True)
            members = roster.members.clone()
            members[edits, i] = len(low) + which
            members[edits, j] = -1
            rows = (*roster.rows, torch.cat(roster.rows)[pairs[0]])
            return Roster(
                roster.edits, members, rows, roster.bases, roster.tape, parent=roster, pairs=(pairs[0], pairs[1])
            )
    return None


def _join(x: Edited, roster: Roster) -> Edited:
    """Add the last group of a roster to a tensor that has the groups of its parent."""
    layout, pairs = x.places, roster.pairs
    assert pairs is not None
    lows, highs = torch.cat(layout.low), torch.cat(layout.high)
    low = torch.minimum(lows[pairs[0]], lows[pairs[1]])
    high = torch.maximum(highs[pairs[0]], highs[pairs[1]])
    width = max(1, int((high - low).max()))
    start = low.clamp(max=layout.length - width)
    # the base first, then both patches over it, of these only what differs: a window also holds unchanged positions,
    # which would undo the other patch
    patch = take(rows_of(x.base, x.batch, x.axis), roster.rows[-1], start, width)
    counts = [len(s) for s in layout.starts]
    for group, values in enumerate(x.patches):
        first = sum(counts[:group])
        rows = rows_of(values, x.batch, x.axis)
        for side in pairs:
            which = torch.nonzero((side >= first) & (side < first + counts[group]))[:, 0]
            own = side[which] - first
            place = layout.starts[group][own, None] + torch.arange(layout.widths[group], device=own.device)
            differs = (place >= layout.low[group][own, None]) & (place < layout.high[group][own, None])
            target = which[:, None].expand_as(place)[differs], (place - start[which, None])[differs]
            patch[target] = rows[own][differs]
    grown = Layout(
        layout.length,
        (*layout.starts, start),
        (*layout.widths, width),
        (*layout.low, low),
        (*layout.high, high),
        roster,
    )
    return Edited(x.base, [*x.patches, unrows(patch, x.base, x.batch, x.axis)], grown, batch=x.batch, axis=x.axis)


def align(tensors: Sequence[Edited]) -> list[Edited]:
    """Give several tensors of the same edits the same patches.

    Raises
    ------
    NotLocal
        If they have no common positions.
    """
    first = tensors[0]
    if all(x.places is first.places for x in tensors):
        return list(tensors)
    if any((x.axis, x.batch, x.places.length) != (first.axis, first.batch, first.places.length) for x in tensors):
        raise NotLocal("tensors of different positions meet")
    # A branch in which more patches have met has the longer line of rosters. The others repeat its joins one by one;
    # then what meets only across the branches is joined in all of them.
    latest = max((x.places.roster for x in tensors), key=lambda roster: len(roster.rows))
    line = latest.generations()
    level = []
    for x in tensors:
        if x.places.roster not in line:
            raise NotLocal("edits meet in different places in two branches")
        for roster in line[line.index(x.places.roster) + 1 :]:
            x = _join(x, roster)
        level.append(x)
    joint = _common(level)
    while (met := _meeting(joint, lambda low, high: (low, high))) is not None:
        level = [_join(x, met) for x in level]
        joint = _common(level)
    return [x.rewindowed(joint) for x in level]


def _common(tensors: Sequence[Edited]) -> Layout:
    """Windows that hold those of every tensor, patch by patch."""
    first = tensors[0].places
    starts, widths, lows, highs = [], [], [], []
    for group in range(len(first.starts)):
        start = torch.stack([x.places.starts[group] for x in tensors]).amin(0)
        end = torch.stack([x.places.starts[group] + x.places.widths[group] for x in tensors]).amax(0)
        widths.append(int((end - start).max()))
        starts.append(start.clamp(max=first.length - widths[-1]))
        lows.append(torch.stack([x.places.low[group] for x in tensors]).amin(0))
        highs.append(torch.stack([x.places.high[group] for x in tensors]).amax(0))
    return Layout(first.length, tuple(starts), tuple(widths), tuple(lows), tuple(highs), first.roster)


def lift(value: torch.Tensor, like: Edited) -> Edited | torch.Tensor:
    """Prepare a plain tensor to meet an edited one, by the rules of broadcasting.

    A tensor without the positions stays as it is; one with them (a positional encoding) is cut like the edited one.

    Raises
    ------
    NotLocal
        If it differs from edit to edit.
    """
    ndim = len(like.base.shape)
    if value.ndim > ndim:
        raise NotLocal("a tensor of more dimensions meets the edited one")
    full = value.reshape((1,) * (ndim - value.ndim) + tuple(value.shape))
    if full.shape[like.batch] != 1:
        raise NotLocal("a tensor with a value per edit meets the edited one")
    if full.shape[like.axis] == 1:
        return value
    if full.shape[like.axis] != like.places.length:
        raise NotLocal("a tensor of other positions meets the edited one")
    rows = rows_of(full, like.batch, like.axis)
    patches = [
        unrows(take(rows, torch.zeros_like(s), s, w), full, like.batch, like.axis)
        for s, w in zip(like.places.starts, like.places.widths, strict=True)
    ]
    sizes = [like.places.roster.bases if i == like.batch else -1 for i in range(ndim)]
    return Edited(full.expand(sizes), patches, like.places, batch=like.batch, axis=like.axis)
