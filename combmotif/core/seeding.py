"""Generators that depend on names, not on the order or number of workers."""

from __future__ import annotations

import hashlib

import numpy as np


def stable_hash(*names: object) -> int:
    """Hash names to a 128-bit integer that is the same in every process (unlike Python's ``hash``)."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def named_generator(seed: int, *names: object) -> np.random.Generator:
    """Make the random generator that belongs to these names under a run's seed."""
    return np.random.Generator(np.random.PCG64(stable_hash(seed, *names)))
