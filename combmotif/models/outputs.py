"""Which of a network's outputs are its predictions: all, one of several, or what it says of one position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Pick = int | str | Mapping[str, Any] | None


@dataclass(frozen=True)
class OutputPick:
    """How predictions (batch, columns) are made of what a network returns.

    Attributes
    ----------
    head : int or None, default None
        The only output that counts, of a network with several.
    column : int or None, default None
        The only column that counts.
    position : int, "center", "mean" or None, default None
        Of outputs per position: the position, counted from 0, or from the end where negative; the middle one
        (length // 2); the mean of all. None where there are no positions.
    """

    head: int | None = None
    column: int | None = None
    position: int | str | None = None

    def __call__(self, heads: Sequence[torch.Tensor]) -> torch.Tensor:
        """Map tensors (batch,), (batch, columns) or (batch, columns, positions) to (batch, columns)."""
        chosen = heads if self.head is None else [heads[self.head]]
        columns = [self._columns(head) for head in chosen]
        y = columns[0] if len(columns) == 1 else torch.cat(columns, 1)
        return y if self.column is None else y[:, self.column : self.column + 1]

    def _columns(self, head: torch.Tensor) -> torch.Tensor:
        if head.ndim == 1:
            return head.unsqueeze(1)
        if head.ndim == 2:
            return head
        if head.ndim != 3 or (self.position is None and head.shape[2] != 1):
            raise ValueError(
                f"output: expected predictions of shape (batch, outputs), found {head.shape[1]} per position of "
                f"{tuple(head.shape[2:])} positions; say which counts: output: {{position: center}}, {{position: 0}} "
                f"or {{mean: positions}}"
            )
        if self.position == "mean":
            return head.mean(2)
        position = head.shape[2] // 2 if self.position == "center" else int(self.position or 0)
        if not -head.shape[2] <= position < head.shape[2]:
            raise ValueError(f"output: expected a position of the {head.shape[2]} that are predicted, found {position}")
        return head[:, :, position]


def read_pick(output: Pick, heads: Sequence[str], columns: Sequence[str] | None) -> OutputPick:
    """Understand ``output`` of a model section.

    Parameters
    ----------
    output : int, str, mapping or None
        A column by number; an output of the network, or a column, by name; ``{"position": "center"}``,
        ``{"position": 12}`` or ``{"mean": "positions"}`` for predictions per position; None takes all.
    heads : sequence of str
        Names of the network's outputs.
    columns : sequence of str, optional
        Names of the columns.

    Returns
    -------
    OutputPick

    Raises
    ------
    ValueError
        If there is no such output, or it is said otherwise.
    """
    if output is None:
        return OutputPick()
    if isinstance(output, Mapping):
        if set(output) == {"mean"} and output["mean"] == "positions":
            return OutputPick(position="mean")
        position = output.get("position")
        whole = isinstance(position, int) and not isinstance(position, bool)
        if set(output) == {"position"} and (whole or position == "center"):
            return OutputPick(position=position)
        raise ValueError(
            f"output: expected a number, a name, {{position: center}}, {{position: NUMBER}} or {{mean: positions}}, "
            f"found {dict(output)}"
        )
    if isinstance(output, str):
        if output in heads:
            return OutputPick(head=list(heads).index(output) if len(heads) > 1 else None)
        if columns is not None and output in columns:
            return OutputPick(column=list(columns).index(output))
        raise ValueError(
            f"output: the network has no output '{output}'; it has {', '.join([*heads, *(columns or [])])}"
        )
    if output < 0:
        raise ValueError(f"output: expected a column, counted from 0, found {output}")
    return OutputPick(column=output)
