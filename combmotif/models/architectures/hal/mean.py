"""M, the mean hexamer effect that MultiMolecule publishes under the name HAL."""

from __future__ import annotations

import numpy as np

from combmotif.models.architectures.hal.hexamers import Sequences, as_codes, hexamer_numbers
from combmotif.models.architectures.hal.table import WINDOW, HexamerTable


def mean_effect(sequences: Sequences, table: HexamerTable) -> np.ndarray:
    """Average, over all valid hexamers of a window, the mean of the eight columns.

    No position enters, so this is not the score of the HAL paper: it mixes exonic, donor and intronic effects, and
    over random windows it does not correlate with `hal.donor_score` (r = -0.07). It is here
    because MultiMolecule's HAL computes it. M = sum over valid hexamers of mean_c W[hexamer, c] / their number.

    Parameters
    ----------
    sequences : str, sequence of str, or uint8 codes (160,) or (n, 160)
        Hexamers with an N are left out; a window without any valid hexamer scores 0.
    table : HexamerTable

    Returns
    -------
    float64 array, shape (n,)
        About -0.14 to 0.18.

    Raises
    ------
    ValueError
        If a window is not 160 nt long.
    """
    numbers = hexamer_numbers(as_codes(sequences, length=WINDOW, function="mean_effect"))
    effects = np.append(table.weights.mean(1), 0.0)
    valid = (numbers < len(effects) - 1).sum(1)
    result: np.ndarray = effects[numbers].sum(1) / np.maximum(valid, 1)
    return result
