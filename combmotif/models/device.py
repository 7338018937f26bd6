"""Where a net runs, and batches that fit into the memory there."""

from __future__ import annotations

from collections.abc import Callable

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into a device; auto takes cuda, then mps, then cpu.

    Convolutions on cuda then have full 32-bit precision for the rest of the process: with TF32, torch's default, they
    differ from those of a processor by more than the 1e-4 to which windows are verified.

    Parameters
    ----------
    name : str, default "auto"

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If it is another name, or the device is asked for by name and is not there.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name not in DEVICES:
        raise ValueError(f"device: expected {', '.join(DEVICES[:-1])} or {DEVICES[-1]}, found '{name}'")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if mps else "cpu"
    if (name == "cuda" and not cuda) or (name == "mps" and not mps):
        raise ValueError(
            f"device: '{name}' was asked for, but torch {torch.__version__} finds none; write 'device: auto'"
        )
    if name == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    return torch.device(name)


NUCLEOTIDES = 512 * 200
"""Nucleotides per forward pass on a processor: a layer's values then stay in its cache."""
_WIDER = 64
"""Times as many on a GPU, which needs them to be busy; it is halved where its memory is full."""


def nucleotides_at_once(device: torch.device) -> int:
    """Nucleotides of a forward pass to begin with."""
    return NUCLEOTIDES * (1 if device.type == "cpu" else _WIDER)


def in_batches(run: Callable[[slice], None], count: int, size: int, *, least: int = 1) -> int:
    """Do some work in batches, of half the size from where the device's memory is full.

    Parameters
    ----------
    run : callable
        Does the items of a slice.
    count : int
        Items.
    size : int
        Of a batch to begin with.
    least : int, default 1
        Smallest batch that is tried.

    Returns
    -------
    int
        Size of the last batches, to begin with next time.

    Raises
    ------
    torch.OutOfMemoryError
        If the smallest batch does not fit.

    Examples
    --------
    >>> sizes = []
    >>> in_batches(lambda part: sizes.append(part.stop - part.start), 5, 2)
    2
    >>> sizes
    [2, 2, 1]
    """
    start = 0
    while start < count:
        part = slice(start, min(start + size, count))
        try:
            run(part)
        except torch.OutOfMemoryError:
            if size <= least:
                raise
            size = max(least, size // 2)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        start = part.stop
    return size
