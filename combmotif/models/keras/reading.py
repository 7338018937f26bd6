"""How a Keras network takes a sequence."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from combmotif.models.keras.layout import inner, outer

Shape = tuple[int | None, ...]


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
