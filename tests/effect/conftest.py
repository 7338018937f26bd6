"""A small network whose motifs and their interplay are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from toy_models import KmerOutput

from combmotif.models.model import SequenceModel
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet

COMBINATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "additive": lambda h: h[:, 0] + h[:, 1],
    "and": lambda h: h[:, 0] * h[:, 1],
    "or": lambda h: torch.maximum(h[:, 0], h[:, 1]),
    "opposing": lambda h: h[:, 0] - h[:, 1],
    "one motif only": lambda h: h[:, 0],
    "neutral": lambda h: 0 * h[:, 0],
    "known": lambda h: h[:, 0] + h[:, 1] + 0.5 * h[:, 0] * h[:, 1],
    "negative and": lambda h: -h[:, 0] * h[:, 1],
}


def _word_model(kind: str, words: Sequence[str] = ("GGACU", "UGUAA"), *, composition: float = 0.0) -> SequenceModel:
    return SequenceModel(kind, KmerOutput(words, COMBINATIONS[kind], composition=composition))


def _planted(words: Sequence[str], count: int, *, length: int = 60, seed: int = 0) -> SequenceSet:
    """Random sequences with the words planted at random places that do not overlap."""
    rng = np.random.default_rng(seed)
    width = max(map(len, words))
    rows = []
    for _ in range(count):
        codes = rng.integers(0, 4, length).astype(np.uint8)
        slots = rng.choice(length // width, len(words), replace=False) * width
        for slot, word in zip(slots, words, strict=True):
            codes[slot : slot + len(word)] = encode(word)
        rows.append(codes)
    return SequenceSet(tuple(f"s{i}" for i in range(count)), tuple(rows))


@pytest.fixture
def word_model():
    return _word_model


@pytest.fixture
def planted():
    return _planted
