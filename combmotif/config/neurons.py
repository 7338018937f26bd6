"""Which neurons of a layer: ``all``, ``5``, ``"0-15"`` (inclusive), ``[0, 3, "7-9"]``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from combmotif.core.plain_yaml import show

Selection = int | str | Sequence[int | str]


def parse_selection(select: Selection) -> list[tuple[int, int]] | None:
    """Read a selection as inclusive ranges; None means all.

    Raises
    ------
    ValueError
        If a part is neither a channel number nor a range of them.

    Examples
    --------
    >>> from combmotif.config.neurons import parse_selection
    >>> parse_selection("0-3,7")
    [(0, 3), (7, 7)]
    """
    if isinstance(select, str) and select.strip() == "all":
        return None
    parts: list[int | str] = []
    for part in [select] if isinstance(select, (int, str)) else select:
        parts.extend(part.split(",") if isinstance(part, str) else [part])
    ranges = []
    for part in parts:
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", str(part)) if not isinstance(part, bool) else None
        if match is None:
            raise ValueError(f"expected all, a number (5), a range (0-15), or a list of them, found {show(part)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"expected a range that goes up, found {str(part).strip()!r}; write {last}-{first}")
        ranges.append((first, last))
    if not ranges:
        raise ValueError("expected at least one neuron, found an empty list")
    return ranges


def select_neurons(select: Selection, count: int, layer: str) -> list[int]:
    """Turn a selection into channel numbers of a layer.

    Parameters
    ----------
    select : int, str, or list of them
        ``all``, ``5``, ``"0-15"`` (both ends included), ``"0-3,7"``, ``[0, 3, "7-9"]``.
    count : int
        Neurons the layer has.
    layer : str
        For the message.

    Returns
    -------
    list of int
        Ascending, each once.

    Raises
    ------
    ValueError
        If a neuron does not exist; the layer's range is named.

    Examples
    --------
    >>> from combmotif.config.neurons import select_neurons
    >>> select_neurons("0-2,7", 10, "conv3")
    [0, 1, 2, 7]
    """
    ranges = parse_selection(select)
    if ranges is None:
        return list(range(count))
    highest = max(last for _, last in ranges)
    if highest >= count:
        raise ValueError(
            f"neurons.select: layer '{layer}' has {count} neurons, 0 to {count - 1}, found {highest}; "
            f"choose among them or write 'select: all'"
        )
    return sorted({neuron for first, last in ranges for neuron in range(first, last + 1)})
