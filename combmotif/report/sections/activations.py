"""How strongly each neuron answers on the run's sequences, as counts over equal bins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

BINS = 40


@dataclass(frozen=True)
class Histogram:
    """Counts of sequences by a neuron's highest activation, in equal bins from low to high; mark is the threshold."""

    low: float
    high: float
    counts: tuple[int, ...]
    mark: float


def histograms(
    path: Path, neurons: list[str], maxima: dict[str, float], threshold: float, backgrounds: dict[str, float]
) -> dict[str, Histogram]:
    """Count the sequences of activations.tsv by the highest activation of each neuron.

    Parameters
    ----------
    path : Path
        activations.tsv: one row per sequence, one column per neuron (conv3:12); missing or damaged gives {}.
    neurons : list of str
    maxima : dict of str to float
        Highest activation of each neuron on the sequences, in the layer's units.
    threshold : float
        Share of the way from the background to the maximum from which a sequence counts as active.
    backgrounds : dict of str to float
        Mean activation of each neuron on random windows.
    """
    wanted = set(neurons)
    try:
        frame = pd.read_csv(path, sep="\t", usecols=lambda name: name in wanted, dtype=np.float32)
    except (OSError, ValueError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError):
        return {}
    found = {}
    for name in frame.columns:
        values = frame[name].to_numpy(dtype=float)
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        low, high = float(values.min()), float(values.max())
        if high <= low:
            low, high = low - 0.5, high + 0.5
        counts = np.histogram(values, bins=BINS, range=(low, high))[0]
        top = maxima.get(name, float("nan"))
        rest = backgrounds.get(name, 0.0)
        mark = rest + threshold * ((top if np.isfinite(top) else high) - rest)
        found[name] = Histogram(low, high, tuple(counts.tolist()), mark if mark > rest else float("nan"))
    return found
