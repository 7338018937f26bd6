"""Recurrent layers of edited sequences: read on from the first step an edit reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from combmotif.inference.incremental.patches import POINTWISE, Edited, Layout, NotLocal, rows_of

Cell = Callable[[torch.Tensor, list[torch.Tensor], torch.Tensor, torch.Tensor], None]


def _gru(gates: torch.Tensor, state: list[torch.Tensor], weight: torch.Tensor, bias: torch.Tensor) -> None:
    (h,) = state
    size = h.shape[1]
    own = torch.addmm(bias, h, weight)
    # torch's order of gates: reset, update, new; h becomes new + update * (h - new), written over the old state
    turn = gates[:, : 2 * size].add_(own[:, : 2 * size]).sigmoid_()
    new = gates[:, 2 * size :].addcmul_(turn[:, :size], own[:, 2 * size :]).tanh_()
    h.sub_(new).mul_(turn[:, size:]).add_(new)


def _lstm(gates: torch.Tensor, state: list[torch.Tensor], weight: torch.Tensor, bias: torch.Tensor) -> None:
    h, c = state
    enter, forget, new, leave = gates.add_(torch.addmm(bias, h, weight)).chunk(4, 1)
    c.mul_(forget.sigmoid_()).add_(enter.sigmoid_().mul_(new.tanh_()))
    h.copy_(leave.sigmoid_().mul_(c.tanh()))


def _tanh(gates: torch.Tensor, state: list[torch.Tensor], weight: torch.Tensor, bias: torch.Tensor) -> None:
    state[0].copy_(gates.add_(torch.addmm(bias, state[0], weight)).tanh_())


def _relu(gates: torch.Tensor, state: list[torch.Tensor], weight: torch.Tensor, bias: torch.Tensor) -> None:
    state[0].copy_(gates.add_(torch.addmm(bias, state[0], weight)).relu_())


LAYERS: dict[str, Cell] = {"gru": _gru, "lstm": _lstm, "rnn_tanh": _tanh, "rnn_relu": _relu}


class _Reading:
    """One recurrent layer, read for the base sequences in full and for each edit from its first changed step.

    Parameters
    ----------
    cell : callable
        Moves a state on by one step, in place.
    steps : tensor, shape (rows, gates)
        What the input adds to the gates: of every step of every base sequence, then of every patch.
    layout : Layout
    weight, bias : tensors, shapes (hidden, gates) and (gates,)
    states : int
        Tensors a state has; 2 for an LSTM.
    """

    def __init__(
        self, cell: Cell, steps: torch.Tensor, layout: Layout, weight: torch.Tensor, bias: torch.Tensor, states: int
    ) -> None:
        self.cell, self.steps, self.weight, self.bias = cell, steps, weight, bias
        self.length, roster = layout.length, layout.roster
        self.rows, self.hidden, device = roster.edits, weight.shape[0], steps.device
        low = torch.cat([*layout.low, torch.tensor([self.length], device=device)])
        first = low[roster.members].amin(1)  # an empty slot, -1, is the last entry
        # sorted by the step at which they leave the base sequence, the edits at work in a step are always the first few
        self.first, self.order = torch.sort(first, stable=True)
        self.places = layout.index()[self.order].T.contiguous()
        self.tape = roster.tape
        self.known = list(roster.tape("recurrent", lambda: self._base(roster.bases, states)))
        self._ends: list[torch.Tensor] | None = None

    def _base(self, bases: int, states: int) -> torch.Tensor:
        """States of the base sequences before and after every step: (states, bases, steps + 1, hidden)."""
        new = self.steps.new_zeros
        state = [new(bases, self.hidden) for _ in range(states)]
        every = new(states, bases, self.length + 1, self.hidden)
        place = torch.arange(bases, device=self.steps.device) * self.length
        for step in range(self.length):
            self.cell(self.steps.index_select(0, place + step), state, self.weight, self.bias)
            for kept, now in zip(every, state, strict=True):
                kept[:, step + 1] = now
        return every

    def _run(self, keep: Callable[[int, int, torch.Tensor], None] | None = None) -> list[torch.Tensor]:
        rows = self.rows[self.order]
        # an edit enters with the base's state before its first changed step: what lies before is not read again
        state = [known[rows, self.first] for known in self.known]
        active = torch.searchsorted(self.first, torch.arange(self.length, device=rows.device), right=True).tolist()
        for step, count in enumerate(active):
            if count:
                now = [s[:count] for s in state]  # views: the cell moves the states themselves on
                self.cell(self.steps.index_select(0, self.places[step, :count]), now, self.weight, self.bias)
                if keep is not None:
                    keep(step, count, now[0])
        ends = []
        for s in state:
            end = torch.empty_like(s)
            end[self.order] = s
            ends.append(end)
        return ends

    def ends(self) -> list[torch.Tensor]:
        """States after the last step, each (edits, hidden)."""
        if self._ends is None:
            self._ends = self._run()
        return self._ends

    def every(self) -> torch.Tensor:
        """Output of every step: (edits, steps, hidden)."""
        full = self.known[0][:, 1:][self.rows[self.order]]

        def keep(step: int, count: int, now: torch.Tensor) -> None:
            full[:count, step] = now

        self.tape.widest = max(self.tape.widest, full[0].numel())
        self._ends = self._run(keep)
        return full[torch.argsort(self.order)]


class Steps(torch.Tensor):
    """Output of a recurrent layer, read when it is asked for: every step, or a state after the last one."""

    reading: _Reading
    which: int | None
    axis: int
    dispatch: ClassVar[Callable[[Callable, tuple, dict], Any]]
    """As of :class:`Edited`."""

    @staticmethod
    def __new__(cls, reading: _Reading, shape: tuple[int, ...], axis: int, which: int | None = None) -> Steps:
        """Wrap a reading; ``which`` names a state after the last step, None is the output of every step."""
        steps = reading.steps
        new = torch.Tensor._make_wrapper_subclass(cls, shape, dtype=steps.dtype, device=steps.device)
        new.reading, new.which, new.axis = reading, which, axis
        return new

    def whole(self) -> torch.Tensor:
        """Write the tensor out in full."""
        if self.which is not None:
            return self.reading.ends()[self.which].unsqueeze(0)
        return self.reading.every() if self.axis == 1 else self.reading.every().transpose(0, 1)

    def picked(self, index: Any) -> torch.Tensor:
        """Index the tensor; the last step alone needs no other."""
        items = index if isinstance(index, tuple) else (index,)
        before, own, rest = items[: self.axis], items[self.axis : self.axis + 1], items[self.axis + 1 :]
        last = own in ((-1,), (self.shape[self.axis] - 1,)) and all(i == slice(None) for i in before)
        if self.which is None and last:
            kept = (slice(None), *rest)
            return self.reading.ends()[0][kept]
        return self.whole()[index]

    @classmethod
    def __torch_function__(cls, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return cls.dispatch(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:  # type: ignore[override]
        raise NotLocal(f"{func} reached the steps of edited sequences")


def recurrent(name: str, *args: Any) -> tuple[Steps, ...]:
    """Run ``torch.gru``, ``torch.lstm``, ``torch.rnn_tanh`` or ``torch.rnn_relu`` of one layer and one direction.

    Raises
    ------
    NotLocal
        For several layers, two directions, a first state that is not zero, or packed sequences; the layer then reads
        whole sequences.
    """
    if len(args) != 9 or not isinstance(args[0], Edited):
        raise NotLocal("packed sequences")
    x, hx, params, biased, layers, dropout, train, both, batch_first = args
    if layers != 1 or both or (train and dropout) or len(params) != (4 if biased else 2):
        raise NotLocal("a recurrent layer of several parts")
    if (x.batch, x.axis) != ((0, 1) if batch_first else (1, 0)) or any(bool(h.any()) for h in _several(hx)):
        raise NotLocal("a recurrent layer that does not begin at zero")
    enter, own = params[0], params[1]
    bias = params[3] if biased else own.new_zeros(own.shape[0])
    layout = x.places
    inputs = [rows_of(value, x.batch, x.axis).flatten(0, 1) for value in x.patches]
    into = params[2] if biased else None
    base = layout.roster.tape("gates", lambda: F.linear(rows_of(x.base, x.batch, x.axis).flatten(0, 1), enter, into))
    steps = torch.cat([base, *(F.linear(value, enter, into) for value in inputs)])
    gates, hidden = own.shape
    changed = sum(len(value) for value in inputs) / len(layout.roster.edits)
    states = 2 if name == "lstm" else 1
    reading = _Reading(LAYERS[name], steps, layout, own.T.contiguous(), bias, states)
    later = layout.length - float(reading.first.double().mean())
    layout.roster.tape.count(
        layout.length * gates * (enter.shape[1] + hidden + POINTWISE),
        changed * gates * enter.shape[1] + later * gates * (hidden + POINTWISE),
    )
    count = len(layout.roster.edits)
    shape = (count, layout.length, hidden) if batch_first else (layout.length, count, hidden)
    ends = [Steps(reading, (1, count, hidden), x.axis, which) for which in range(states)]
    return Steps(reading, shape, x.axis), *ends


def _several(value: torch.Tensor | tuple) -> tuple:
    return (value,) if isinstance(value, torch.Tensor) else tuple(value)
