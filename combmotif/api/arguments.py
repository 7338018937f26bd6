"""Plain arguments of the steps: numbers, choices, a layer and its neurons; what is wrong is said of the argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.config.inputs import NeuronsSection
from combmotif.config.neurons import select_neurons
from combmotif.core.typed_yaml import validate
from combmotif.inference.geometry import known_geometry
from combmotif.models.model import SequenceModel


def whole(value: Any, name: str, *, least: int = 0) -> int:
    """Read a whole number, of numpy's kind or Python's; ValueError where it is none or below the least."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, found {value!r}")
    return int(value)


def number(value: Any, name: str) -> float:
    """Read a number; ValueError where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name}: expected a number, found {value!r}")
    return float(value)


def one_of(value: Any, name: str, choices: Iterable[str]) -> str:
    """Read one of some words; ValueError where it is another."""
    known = list(choices)
    if value not in known:
        raise ValueError(f"{name}: expected {' or '.join(known)}, found {value!r}")
    return str(value)


def chosen_neurons(
    model: SequenceModel, layer: str | int, neurons: int | str | Sequence[int | str] | None
) -> tuple[str, tuple[int, ...]]:
    """Read a layer and its neurons: ``("conv3", 7)``, ``("conv3", "0-15")``, or ``"conv3:7"`` alone.

    Raises
    ------
    ValueError
        If the model has no such layer or neuron; what it has is named.
    """
    name = str(layer)
    if neurons is None:
        name, colon, last = name.rpartition(":")
        if not colon:
            raise ValueError(
                f"neuron: expected one beside the layer, such as ('{layer}', 7) or '{layer}:7', found none"
            )
        neurons = last
    section = validate(NeuronsSection, {"layer": name, "select": plain(neurons)}, name="neurons")
    return name, tuple(select_neurons(section.select, known_geometry(model, name).neurons, name))


def plain(value: Any) -> Any:
    """Turn mappings and sequences into dicts and lists, numpy's numbers into Python's, as a config has them."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return [plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, Path) else value
