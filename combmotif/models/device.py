"""Where a net runs."""

from __future__ import annotations

import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into a device; auto takes cuda, then mps, then cpu.

    Convolutions on cuda then have full 32-bit precision for the rest of the process: with TF32, torch's default, they
    differ from those of a processor by more than the 1e-4 to which windows are verified.

    Raises
    ------
    ValueError
        If it is another name, or the device is asked for by name and is not there.
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
