"""Small Keras networks with random weights, saved as files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from combmotif.models.keras.backend import import_keras


@pytest.fixture(scope="session")
def keras() -> Any:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed (pip install 'combmotif[keras]')")
    return import_keras()


def shaken(model: Any) -> Any:
    """Give every weight of a model a random value, moving means and variances too."""
    random = np.random.default_rng(3)
    for variable in model.variables:
        if np.issubdtype(np.dtype(variable.dtype), np.floating):
            fan = max(1, int(np.prod(variable.shape[:-1])))
            value = random.normal(0, 1.5 / np.sqrt(fan), variable.shape)
            variable.assign(np.abs(value) + 0.5 if "variance" in variable.path else value)
    return model


def saved(model: Any, path: Path) -> Path:
    """Save a model with random weights."""
    shaken(model).save(path)
    return path


def codes_of(length: int, count: int = 5) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 4, (count, length)).astype(np.uint8)


def one_hot(codes: np.ndarray) -> np.ndarray:
    """As Keras has it: (sequences, positions, 4)."""
    return np.eye(4, dtype=np.float32)[codes]
