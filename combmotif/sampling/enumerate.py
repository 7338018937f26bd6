"""All windows of a short receptive field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.inference.background import is_output
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples, stratify

LONGEST = 10
_BLOCK = 1 << 16


def all_windows(length: int, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Return windows number ``start`` to ``stop`` of the 4^length in lexicographic order, uint8 (n, length).

    Parameters
    ----------
    length : int
        In nt.
    start : int, default 0
    stop : int, optional
        Numbers of the first window and of the one after the last; default all.

    Returns
    -------
    uint8 array, shape (windows, length)

    Examples
    --------
    >>> from combmotif.sampling import all_windows
    >>> all_windows(2, 3, 5).tolist()
    [[0, 3], [1, 0]]
    """
    numbers = np.arange(start, 4**length if stop is None else stop, dtype=np.int64)
    return ((numbers[:, None] >> (2 * np.arange(length - 1, -1, -1))) & 3).astype(np.uint8)


def enumerate_windows(
    probe: WindowProbe,
    neurons: Sequence[int],
    *,
    seeds: Sequence[np.random.Generator],
    keep: int = 20_000,
    bank: np.ndarray | None = None,
) -> list[Samples]:
    """Evaluate neurons on every possible window.

    Parameters
    ----------
    probe : WindowProbe
        Of a layer with a receptive field of at most 10 nt (4^10 = 1,048,576 windows).
    neurons : sequence of int
    seeds : one numpy.random.Generator per neuron
        Used where more than ``keep`` windows are positive.
    keep : int, default 20,000
        Most windows per neuron, spread evenly over the range of activation.
    bank : float array, shape (m, tracks, receptive_field), optional
        Tracks of a model with extra channels: window i has those of row i modulo m; default the probe's.

    Returns
    -------
    list of Samples, one per neuron

    Raises
    ------
    ValueError
        If the receptive field is longer than 10 nt.

    Examples
    --------
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.inference import WindowProbe
    >>> probe = WindowProbe(SequenceModel("toy", CnnGru(width=8)), "conv1")
    >>> (found,) = enumerate_windows(probe, [3], seeds=[np.random.default_rng(0)], keep=40)
    >>> len(found) <= 40, found.codes.shape[1]
    (True, 5)
    """
    size = probe.receptive_field
    if size > LONGEST:
        raise ValueError(
            f"sample.method: enumerate: layer '{probe.layer}' has a receptive field of {size} nt, expected at most "
            f"{LONGEST}; use 'evolve'"
        )
    wanted = np.asarray(neurons)
    values = np.empty((4**size, len(wanted)), dtype=np.float32)

    def beside(rows: np.ndarray) -> np.ndarray | None:
        return None if bank is None else bank[rows % len(bank)]

    for start in range(0, 4**size, _BLOCK):
        stop = min(start + _BLOCK, 4**size)
        values[start:stop] = probe.activations(all_windows(size, start, stop), beside(np.arange(start, stop)))[
            :, wanted
        ]
    codes = all_windows(size)
    own_zero = is_output(probe.model, probe.layer, size)
    result = []
    for column, (neuron, random) in enumerate(zip(wanted, seeds, strict=True)):
        activations = values[:, column]
        background = float(activations.mean(dtype=np.float64))
        if own_zero and activations.max() > 0:  # no norm behind it can move its zero
            background = max(0.0, background)
        rows = stratify(codes, activations, keep=keep, random=random, background=background)
        found = Samples(
            probe.layer,
            int(neuron),
            codes[rows],
            activations[rows],
            "enumerate",
            background=background,
            tracks=beside(rows),
        )
        result.append(found)
    return result
