"""What one position of a tensor sees of the input: a window, which the tensor carries along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

_ATTRIBUTE = "_combmotif_window"


class UnequalBranches(ValueError):
    """Branches meet whose neurons have no single window."""


@dataclass(frozen=True)
class Window:
    """What one position of a tensor sees of the input.

    Attributes
    ----------
    size : int
        Receptive field in nt.
    stride : int
        Input positions between neighbouring outputs of the network as it is.
    padding, right : int
        Padding seen at the 5' and at the 3' end, in nt: the first output of the network as it is begins ``padding``
        before the sequence. Below 0 where positions were cut off.
    unseen : (int, int)
        Nucleotides at the 5' and at the 3' end that were cut off; padding behind a cut stands in their place.
    count : int
        Positions of the tensor that was marked, which tell its axis of positions; 0 where they are not known.
    """

    size: int = 1
    stride: int = 1
    padding: int = 0
    right: int = 0
    unseen: tuple[int, int] = (0, 0)
    count: int = field(default=0, compare=False)

    def then(self, width: int, *, stride: int = 1, dilation: int = 1, padding: int = 0, right: int = 0) -> Window:
        """Return the window after a convolution or pool of the given width."""
        before, after = self.padding + padding * self.stride, self.right + right * self.stride
        cut = max(0, -before) if padding < 0 else 0, max(0, -after) if right < 0 else 0
        return Window(
            self.size + (width - 1) * dilation * self.stride,
            self.stride * stride,
            before,
            after,
            (max(self.unseen[0], cut[0]), max(self.unseen[1], cut[1])),
            self.count,
        )


def window_of(value: Any) -> Window | None:
    """Return the window a tensor carries, or None."""
    return getattr(value, _ATTRIBUTE, None)


def mark(value: Any, window: Window) -> Any:
    """Attach a window to a tensor, or to every tensor of a tuple or list."""
    if isinstance(value, torch.Tensor):
        setattr(value, _ATTRIBUTE, window)
    elif isinstance(value, (tuple, list)):
        for item in value:
            mark(item, window)
    return value


def position_axis(value: torch.Tensor) -> int | None:
    """Find the axis of a marked tensor along which its positions lie: the last one that has as many."""
    window = window_of(value)
    axes = [axis for axis, size in enumerate(value.shape) if axis and window is not None and size == window.count]
    return axes[-1] if axes else None


def union(windows: list[Window]) -> Window:
    """Window of what reads several tensors at once."""
    if len({w.stride for w in windows}) > 1:
        raise UnequalBranches("branches of different stride meet; their neurons have no single receptive field")
    padding = max(w.padding for w in windows)
    size = max(w.size - w.padding for w in windows) + padding
    # every branch gives the same number of outputs, so the widest one fixes the padding on the right
    right = max(w.right + size - padding - (w.size - w.padding) for w in windows)
    unseen = max(w.unseen[0] for w in windows), max(w.unseen[1] for w in windows)
    return Window(size, windows[0].stride, padding, right, unseen, max(w.count for w in windows))
