"""Which sequences contain an IUPAC word."""

from __future__ import annotations

import numpy as np

from combmotif.sequence.alphabet import iupac_sets


def contains(codes: np.ndarray, word: str) -> np.ndarray:
    """Mark sequences that contain a word; an N never matches.

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    word : str
        IUPAC letters, for example ``"AUG"``.

    Returns
    -------
    bool array, shape (n,)
    """
    allowed = np.pad(iupac_sets(word), ((0, 0), (0, 1)))
    windows = codes.shape[1] - len(word) + 1
    if windows < 1:
        return np.zeros(len(codes), dtype=bool)
    match: np.ndarray = np.ones((len(codes), windows), dtype=bool)
    for position, letters in enumerate(allowed):
        match &= letters[codes[:, position : position + windows]]
    return np.asarray(match.any(1))
