"""Replay a forward pass: the operations that it ran, without the Python that chose them.

Of small windows the arithmetic is quick, and most of the time goes into modules, hooks and marks. The operations that
lead from the input to the result are the same for all windows, so they are recorded once and run again on others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class _Slot(NamedTuple):
    """Where a value of the pass is kept."""

    number: int


class _Recorder(TorchDispatchMode):
    """Note every operation, with what it was given and what it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Callable, Any, Any, Any]] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler, for a second, to say that it is not to compile this

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result


class Replay:
    """The operations of ``run`` between its input and its result; all else it used is as it was.

    Parameters
    ----------
    run : callable
        A function of a tensor, without gradients.
    x : tensor
        Input to record it on; a copy is handed on.
    """

    def __init__(self, run: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> None:
        x = x.clone()
        with torch.no_grad(), _Recorder() as recorder:
            result = run(x)
        known = {id(x): 0}
        self.steps: list[tuple[Callable, Any, Any, Any]] = []
        for func, args, kwargs, given in recorder.calls:
            own, named = _with(known, args), _with(known, kwargs)
            if _slots(own) or _slots(named):
                if not _tensors(given):
                    raise ValueError("a number is taken out of a tensor, on which Python may go another way")
                for value in _tensors(given):
                    known.setdefault(id(value), len(known))
                self.steps.append((func, own, named, _with(known, given)))
        if id(result) not in known:
            raise ValueError("the result does not depend on the input")
        self.result = known[id(result)]
        self.count = len(known)
        last = {slot: number for number, step in enumerate(self.steps) for slot in _slots(step)}
        self.done: list[list[int]] = [[] for _ in self.steps]
        for slot, number in last.items():
            if slot != self.result:
                self.done[number].append(slot)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Run the operations on another input, which they may change."""
        values: list[Any] = [None] * self.count
        values[0] = x
        with torch.no_grad():
            for (func, args, kwargs, slots), done in zip(self.steps, self.done, strict=True):
                _keep(values, slots, func(*_filled(values, args), **_filled(values, kwargs)))
                for slot in done:
                    values[slot] = None  # its memory is still in the cache
        return values[self.result]


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    return [one for part in value for one in _tensors(part)] if isinstance(value, list | tuple) else []


def _slots(value: Any) -> list[int]:
    """Slots that are anywhere in arguments."""
    if isinstance(value, _Slot):
        return [value.number]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [slot for part in parts for slot in _slots(part)]


def _with(known: dict[int, int], value: Any) -> Any:
    """Put slots in the place of tensors that are known."""
    if isinstance(value, torch.Tensor):
        return _Slot(known[id(value)]) if id(value) in known else value
    if isinstance(value, dict):
        return {key: _with(known, part) for key, part in value.items()}
    return [_with(known, part) for part in value] if isinstance(value, list | tuple) else value


def _filled(values: list[Any], value: Any) -> Any:
    """Put values in the place of slots."""
    if isinstance(value, _Slot):
        return values[value.number]
    if isinstance(value, dict):
        return {key: _filled(values, part) for key, part in value.items()}
    return [_filled(values, part) for part in value] if isinstance(value, list) else value


def _keep(values: list[Any], slots: Any, found: Any) -> None:
    if isinstance(slots, _Slot):
        values[slots.number] = found
    elif isinstance(slots, list | tuple):
        for slot, value in zip(slots, found, strict=True):
            _keep(values, slot, value)


def recorded(
    run: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, *, tolerance: float = 1e-5
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Record a function of a batch on half of an input, and return its replay where that gives the same of the whole.

    Parameters
    ----------
    run : callable
        Of a tensor (n, ...), to a tensor (n, ...), without gradients.
    x : tensor, shape (n, ...)
    tolerance : float, default 1e-5
        Largest difference, as a share of the largest value.

    Returns
    -------
    callable
        The replay; ``run`` itself where the operations depend on the number of windows, or on what they hold.
    """
    try:
        replay = Replay(run, x[: len(x) // 2])
        found = replay(x.clone())
    except Exception:  # whatever a stranger's network cannot do under a recorder, it can do as it is
        return run
    with torch.no_grad():
        expected = run(x.clone())
    same = found.shape == expected.shape and bool((found - expected).abs().max() <= tolerance * expected.abs().max())
    return replay if same else run
