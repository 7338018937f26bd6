"""How a Keras network takes a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from combmotif.models.keras.layout import inner, outer

Shape = tuple[int | None, ...]
Constants = Mapping[str, float | Sequence[float] | str]
ALSO = ("same", "reverse_complement")
"""What an input reads that takes the sequence, too: as it is, or its other strand."""


@dataclass(frozen=True)
class SequenceInput:
    """How one input of a Keras network takes a sequence.

    Attributes
    ----------
    length : int or None
        In nt; None for any.
    channels : int
        Letters, then tracks.
    letters_first : bool
        (letters, positions) instead of (positions, letters).
    single : int or None
        Axis of one value among them, in Keras, the batch counted.
    codes : tuple of int or None
        Numbers of A, C, G and U, where the network reads these instead of one-hot rows. Until an ``Embedding`` looks
        them up they are held as one-hot letters: these times the embedding are the same values, and have a gradient.
    """

    length: int | None
    channels: int
    letters_first: bool = False
    single: int | None = None
    codes: tuple[int, ...] | None = None

    @classmethod
    def of(cls, shape: Shape) -> SequenceInput | None:
        """Understand a shape of Keras, the batch left out; None if no one-hot sequence has it."""
        single = None
        if len(shape) == 3:
            ones = [axis for axis, size in enumerate(shape) if size == 1]
            if not ones:
                return None
            single = ones[0]
            shape = tuple(size for axis, size in enumerate(shape) if axis != single)
        if len(shape) != 2:
            return None
        first, last = shape
        if last == 4 or (first != 4 and last is not None and last > 4 and (first is None or first > last)):
            return cls(first, int(last), False, None if single is None else single + 1)
        if first is not None and first >= 4 and (first == 4 or last is None or last > first):
            return cls(last, int(first), True, None if single is None else single + 1)
        return None

    def arranged(self, x: torch.Tensor) -> torch.Tensor:
        """Bring (batch, channels, length) to what the network reads, channels second."""
        if self.codes is not None:
            return x
        given = x if self.letters_first else x.transpose(1, 2)
        return inner(given if self.single is None else given.unsqueeze(self.single))

    def in_keras(self, arranged: torch.Tensor) -> torch.Tensor:
        """What Keras reads where the network here reads what :meth:`arranged` gave."""
        return outer(arranged) if self.codes is None else Numbers(self.codes)(arranged)


class Numbers(nn.Module):
    """One-hot letters as the numbers that stand for them."""

    def __init__(self, codes: tuple[int, ...]) -> None:
        super().__init__()
        self.codes = codes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, positions) to (batch, positions)."""
        return torch.tensor(self.codes, device=x.device)[x.argmax(1)]

    def extra_repr(self) -> str:
        """Say the numbers."""
        return str(self.codes)


def shown(shapes: Mapping[str, Shape]) -> str:
    """Names and shapes of inputs, for messages."""
    return ", ".join(f"{name} ({' x '.join('any' if n is None else str(n) for n in s)})" for name, s in shapes.items())


def further_inputs(shapes: dict[str, Shape], place: int, constants: Constants) -> dict[int, torch.Tensor | str]:
    """Lay out what the inputs read beside the one that reads the sequence, by their numbers.

    Parameters
    ----------
    shapes : dict of str to tuple
        Of all inputs, in their order, the batch left out.
    place : int
        Number of the input that reads the sequence.
    constants : mapping of str to number, numbers or str

    Returns
    -------
    dict of int to tensor or str

    Raises
    ------
    ValueError
        If an input is not told, is not there, or does not read as many numbers.
    """
    names = list(shapes)
    others = {name: shape for i, (name, shape) in enumerate(shapes.items()) if i != place}
    if unknown := [name for name in constants if name not in others]:
        raise ValueError(
            f"constants: the network has no further input '{unknown[0]}'; it has {shown(others) or 'none'}"
        )
    if missing := [name for name in others if name not in constants]:
        raise ValueError(
            f"constants: beside the sequence ('{names[place]}') the network reads {shown(others)}; say what they "
            f"hold, such as constants: {{{missing[0]}: 0}}, a list of numbers, or the sequence ({' or '.join(ALSO)})"
        )
    found: dict[int, torch.Tensor | str] = {}
    for name, shape in others.items():
        given, told = constants[name], shown({name: shape})
        if isinstance(given, str):
            if (
                given not in ALSO
                or shape != shapes[names[place]]
                or (given == ALSO[1] and len(shape) > 1 and 4 not in shape)
            ):
                raise ValueError(
                    f"constants: {told} can read numbers, or the sequence too ({' or '.join(ALSO)}) where it has the "
                    f"shape of {shown({names[place]: shapes[names[place]]})} and reads bases alone; found '{given}'"
                )
            found[names.index(name)] = given
            continue
        value = torch.as_tensor(np.asarray(given, dtype=np.float32))
        if None in shape:
            raise ValueError(f"constants: the input {name} has no fixed shape, {told}")
        sizes = [n for n in shape if n is not None]
        size = int(np.prod(sizes))
        if value.ndim and value.numel() != size:
            raise ValueError(f"constants: {told} reads {size} numbers, found {value.numel()}")
        found[names.index(name)] = (value.flatten() if value.ndim else value.repeat(size)).reshape(sizes)
    return found
