"""What a network is given and gives: constant further inputs, and the output that is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Output = int | str | Mapping[str, Any]
"""``1``, ``human``, ``{mean: positions}``, ``{position: center}``, or several such keys with ``item``."""
_KEYS = ("item", "mean", "position")


@dataclass(frozen=True)
class Pick:
    """Which number, or numbers, of what a network returns are its predictions.

    Attributes
    ----------
    item : int, str or None
        Place in a tuple, key of a dictionary or name of an attribute; of a single tensor, a column.
    position : int or None
        One position of an output along the sequence, from 0; ``center`` is -1.
    mean : bool
        The mean over the positions.
    """

    item: int | str | None = None
    position: int | None = None
    mean: bool = False

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
            "'item: NAME' beside it where the network returns several"
        )
        if output is None:
            return cls()
        if isinstance(output, (int, str)) and not isinstance(output, bool):
            return cls(item=output)
        if not isinstance(output, Mapping) or not output or set(output) - set(_KEYS):
            raise ValueError(f"{expected}, found {output}")
        place, mean = output.get("position"), output.get("mean")
        whole = isinstance(place, int) and not isinstance(place, bool) and place >= 0
        if not (place in (None, "center") or whole) or mean not in (None, "positions") or (mean and place is not None):
            raise ValueError(f"{expected}, found {dict(output)}")
        return cls(output.get("item"), -1 if place == "center" else place, mean is not None)

    @property
    def along(self) -> bool:
        """Whether the positions of the output are told apart."""
        return self.mean or self.position is not None

    def __call__(self, value: Any, batch: int, length: int) -> torch.Tensor:
        """Bring what a network returned for ``batch`` sequences of ``length`` nt to (batch, outputs).

        Raises
        ------
        ValueError
            If that is not what this picks; what to write instead is said.
        """
        value, column = _meant(value, self.item)
        if value.ndim == 0 or value.shape[0] != batch:
            value = value.reshape(batch, -1) if batch == 1 else value  # squeezed: one sequence has no axis of its own
        if value.ndim == 0 or value.shape[0] != batch:
            raise ValueError(
                f"expected predictions of shape ({batch},) or ({batch}, outputs) for {batch} sequences, found "
                f"{tuple(value.shape)}; the input is (batch, channels, length)"
            )
        while value.ndim > 2 and 1 in value.shape[1:] and not (self.along and value.ndim == 3):
            value = value.squeeze(1 + list(value.shape[1:]).index(1))
        if self.along:
            value = self._along(value, length)
        if value.ndim == 1:
            value = value[:, None]
        if value.ndim > 2:
            raise ValueError(
                f"expected predictions of shape ({batch},) or ({batch}, outputs) for {batch} sequences, found "
                f"{tuple(value.shape)}, with an axis of positions; write 'output: {{mean: positions}}' or "
                f"'output: {{position: center}}'"
            )
        if column is not None:
            if not isinstance(column, int) or not 0 <= column < value.shape[1]:
                raise ValueError(f"output: expected one of 0 to {value.shape[1] - 1}, found {column}")
            value = value[:, column : column + 1]
        return value.float()

    def _along(self, value: torch.Tensor, length: int) -> torch.Tensor:
        """Take the mean over the positions, or one position: the axis as long as the input, else the longest."""
        if value.ndim == 1:
            raise ValueError(f"output: expected an axis of positions, found {tuple(value.shape)}")
        sizes = list(value.shape[1:])
        axis = 1 + (len(sizes) - 1 - sizes[::-1].index(length) if length in sizes else sizes.index(max(sizes)))
        if self.mean:
            return value.mean(axis)
        place = value.shape[axis] // 2 if self.position == -1 else self.position
        assert place is not None
        if place >= value.shape[axis]:
            raise ValueError(f"output: position: expected 0 to {value.shape[axis] - 1}, found {place}")
        return value.select(axis, place)


def _meant(value: Any, item: int | str | None) -> tuple[torch.Tensor, int | str | None]:
    """Find the tensor that is meant among those returned, and what remains to be picked of it."""
    if torch.is_tensor(value):
        return value, item
    if isinstance(value, Mapping):
        parts = dict(value)
    elif isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", None) or [str(i) for i in range(len(value))]
        parts = dict(zip(names, value, strict=True))
    else:
        parts = {name: part for name, part in getattr(value, "__dict__", {}).items() if torch.is_tensor(part)}
    if not parts:
        raise ValueError(f"expected a tensor of predictions, found {type(value).__name__}")
    told = ", ".join(f"{key} {tuple(part.shape)}" for key, part in parts.items() if torch.is_tensor(part))
    if item is None:
        if len(parts) > 1:
            raise ValueError(
                f"expected a tensor of predictions, found {type(value).__name__} of {len(parts)} ({told}); pick one, "
                f"such as 'output: {next(iter(parts))}'"
            )
        return _meant(next(iter(parts.values())), None)
    if isinstance(item, int) and str(item) not in parts and 0 <= item < len(parts):
        item = list(parts)[item]
    if str(item) not in parts:
        raise ValueError(f"output: expected one of those the network returns, {told}, found '{item}'")
    return _meant(parts[str(item)], None)


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
