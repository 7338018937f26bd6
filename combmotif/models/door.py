"""What a network is given and gives: constant further inputs, and the output that is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch

Output = int | str | Mapping[str, Any]
"""``1``, ``human``, ``{mean: positions}``, ``{position: center}``, or such with ``item`` and ``axis`` beside."""
_KEYS = ("item", "mean", "position", "axis")


@dataclass(frozen=True)
class Pick:
    """Which number, or numbers, of what a network returns are its predictions.

    Attributes
    ----------
    item : int, str or None
        Place in a tuple (from the end where negative), key of a dictionary or name of an attribute, with dots where
        these are nested (``human.counts``); of a single tensor, a column.
    position : int, "center" or None
        One position of an output along the sequence, from 0, or from the end where negative; the middle one
        (length // 2).
    mean : bool
        The mean over the positions.
    axis : int or None
        Axis of the positions, the batch being 0; None for the one as long as the input, or the only one.
    """

    item: int | str | None = None
    position: int | str | None = None
    mean: bool = False
    axis: int | None = None

    @classmethod
    def of(cls, output: Output | None) -> Pick:
        """Read what a config says.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        expected = (
            "output: expected a number, a name, {mean: positions}, {position: center} or {position: 50}, with "
            "'item: NAME' beside it where the network returns several, and 'axis: 1' where it does not show"
        )
        if output is None:
            return cls()
        if isinstance(output, (int, str)) and not isinstance(output, bool):
            return cls(item=output)
        if not isinstance(output, Mapping) or not output or set(output) - set(_KEYS):
            raise ValueError(f"{expected}, found {output}")
        item, place, mean, axis = (output.get(key) for key in ("item", "position", "mean", "axis"))
        if (
            not (place in (None, "center") or _whole(place))
            or mean not in (None, "positions")
            or (mean and place is not None)
            or not (axis is None or (_whole(axis) and axis > 0 and (mean or place is not None)))
        ):
            raise ValueError(f"{expected}, found {dict(output)}")
        return cls(item, place, mean is not None, axis)

    @property
    def along(self) -> bool:
        """Whether the positions of the output are told apart."""
        return self.mean or self.position is not None

    def shape(self, value: Any) -> tuple[int, ...]:
        """Shape of the tensor that is meant among those a network returned."""
        return tuple(_meant(value, self.item)[0].shape)

    def __call__(self, value: Any, batch: int, length: int) -> torch.Tensor:
        """Bring what a network returned for ``batch`` sequences of ``length`` nt to (batch, outputs).

        Raises
        ------
        ValueError
            If that is not what this picks; what to write instead is said.
        """
        value, column = _meant(value, self.item)
        if value.is_complex():
            raise ValueError(
                "expected predictions that are real numbers, found complex ones; pick a part, such as .real"
            )
        value = value.float()
        if batch == 1 and (value.ndim == 0 or value.shape[0] != 1):
            value = value.unsqueeze(0)  # squeezed: one sequence has no axis of its own
        shape = tuple(value.shape)
        if value.ndim == 0 or value.shape[0] != batch:
            raise ValueError(
                f"expected predictions of shape ({batch},) or ({batch}, outputs) for {batch} sequences, found {shape}; "
                f"the input is (batch, channels, length)"
            )
        if self.along:
            value = self._along(value, length)
        while value.ndim > 2 and 1 in value.shape[1:]:
            value = value.squeeze(1 + list(value.shape[1:]).index(1))
        if self.along and value.ndim > 2:  # such as strands and tasks beside the positions
            value = value.flatten(1)
        if value.ndim == 1:
            value = value[:, None]
        if value.ndim > 2:
            raise ValueError(
                f"expected predictions of shape ({batch},) or ({batch}, outputs) for {batch} sequences, found {shape}, "
                f"with an axis of positions; write 'output: {{mean: positions}}' or 'output: {{position: center}}'; "
                f"where none of its axes holds positions, let the factory return a module that joins them: flatten(1)"
            )
        if column is not None:
            count = value.shape[1]
            if not isinstance(column, int) or not -count <= column < count:
                raise ValueError(f"output: expected one of 0 to {count - 1}, found {column}")
            value = value[:, column % count : column % count + 1]
        return value

    def _along(self, value: torch.Tensor, length: int) -> torch.Tensor:
        """Take the mean over the positions, or one position."""
        axis = self._axis(tuple(value.shape), length)
        if self.mean:
            return value.mean(axis)
        count = value.shape[axis]
        place = count // 2 if self.position == "center" else int(self.position or 0)
        if not -count <= place < count:
            raise ValueError(f"output: position: expected 0 to {count - 1}, found {place}")
        return value.select(axis, place)

    def _axis(self, shape: tuple[int, ...], length: int) -> int:
        axes = [axis for axis, size in enumerate(shape) if axis and size > 1] or [len(shape) - 1]
        if len(shape) < 2 or (self.axis or 1) >= len(shape):
            raise ValueError(f"output: expected an axis of positions, found {shape}")
        if self.axis is not None:
            return self.axis
        long = [axis for axis in axes if shape[axis] == length]
        if not long and len(axes) > 1:
            told = " or ".join(f"'axis: {axis}' ({shape[axis]})" for axis in axes)
            raise ValueError(
                f"output: expected one axis that can hold the positions of {length} nt, found {shape}; say which one "
                f"does: {told}, beside mean or position"
            )
        return (long or axes)[-1]


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _parts(value: Any) -> dict[str, Any]:
    """Name what a network returned together."""
    if isinstance(value, Mapping):
        return {str(key): part for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", None) or [str(i) for i in range(len(value))]
        return dict(zip(names, value, strict=True))
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return {key: part for key, part in getattr(value, "__dict__", {}).items() if torch.is_tensor(part)}


def _tensors(value: Any, name: str = "") -> dict[str, torch.Tensor]:
    """List the tensors in what a network returned; where these are nested, a name has dots, as ``human.counts``."""
    if torch.is_tensor(value):
        return {name: value}
    found: dict[str, torch.Tensor] = {}
    for key, part in _parts(value).items():
        found |= _tensors(part, f"{name}.{key}" if name else key)
    return found


def _meant(value: Any, item: int | str | None) -> tuple[torch.Tensor, int | str | None]:
    """Find the tensor that is meant among those returned, and what remains to be picked of it."""
    if torch.is_tensor(value):
        return value, item
    parts = _tensors(value)
    if not parts:
        raise ValueError(
            f"expected a tensor of predictions, found {type(value).__name__}; let the factory return a "
            f"module that returns one"
        )
    names = list(_parts(value))
    if isinstance(item, int) and str(item) not in names and -len(names) <= item < len(names):
        item = names[item]
    chosen = parts
    if item is not None:
        chosen = {key: part for key, part in parts.items() if f"{key}.".startswith(f"{item}.")}
    told = ", ".join(f"{key} {tuple(part.shape)}" for key, part in (chosen or parts).items())
    if not chosen:
        raise ValueError(f"output: expected one of those the network returns, {told}, found '{item}'")
    if len(chosen) > 1:
        raise ValueError(
            f"expected a tensor of predictions, found {type(value).__name__} of {len(chosen)} ({told}); pick one, "
            f"such as 'output: {next(iter(chosen))}'"
        )
    return next(iter(chosen.values())), None


def constants(given: Mapping[str, Any], batch: int, like: torch.Tensor) -> dict[str, Any]:
    """Turn constant further inputs into what a network reads beside ``batch`` sequences.

    Numbers and lists become tensors with one row per sequence; truth values, names and null are given as they are.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            row = torch.tensor(value, device=like.device)
            found[name] = row.expand(batch, *row.shape)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = torch.full((batch,), value, device=like.device)
        else:
            found[name] = value
    return found
