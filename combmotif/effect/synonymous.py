"""Other codons for the same protein."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from combmotif.effect.frame import translate
from combmotif.sequence.alphabet import UNKNOWN


def replace_codons(codons: np.ndarray, places: Sequence[int], keys: np.ndarray) -> np.ndarray:
    """Draw codons of the same amino acid that differ from the given ones at some places only.

    Parameters
    ----------
    codons : uint8 array, shape (n, 3)
        One with an N stays as it is.
    places : sequence of int
        Which of the three bases may change.
    keys : float array, shape (n, draws)
        Uniform random numbers in [0, 1); every codon that is allowed, the given one included, is equally likely.

    Returns
    -------
    uint8 array, shape (n, draws, 3)
    """
    result = np.repeat(codons[:, None], keys.shape[1], axis=1)
    known = np.flatnonzero((codons < UNKNOWN).all(1))
    index = codons[known].astype(np.int64) @ np.array([16, 4, 1])
    mask = sum(1 << place for place in places)
    table, numbers = _synonyms()
    choices, number = table[index, mask], numbers[index, mask]
    pick = np.take_along_axis(choices, (keys[known] * number[:, None]).astype(np.int64), axis=1)
    result[known] = np.stack([pick // 16, pick // 4 % 4, pick % 4], axis=-1)
    return result


def permute_free(original: np.ndarray, keys: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Permute the bases (..., length) that are not held, by random keys of the same shape."""
    from_ = np.argsort(np.where(held, 2.0, keys), axis=-1, kind="stable")
    to = np.argsort(np.where(held, 2.0, 0.0), axis=-1, kind="stable")
    result = np.array(original)
    np.put_along_axis(result, to, np.take_along_axis(original, from_, axis=-1), axis=-1)
    return result


@lru_cache(maxsize=1)
def _synonyms() -> tuple[np.ndarray, np.ndarray]:
    """Codons with the same amino acid that differ at the masked places only: (64, 8, 6) and their number (64, 8)."""
    bases = np.stack(np.unravel_index(np.arange(64), (4, 4, 4)), axis=1).astype(np.uint8)
    protein = translate(bases)
    table, number = np.zeros((64, 8, 6), dtype=np.int64), np.zeros((64, 8), dtype=np.int64)
    for codon in range(64):
        for mask in range(8):
            held = [place for place in range(3) if not mask >> place & 1]
            same = (protein == protein[codon]) & (bases[:, held] == bases[codon, held]).all(1)
            found = np.flatnonzero(same)
            table[codon, mask, : len(found)], number[codon, mask] = found, len(found)
    return table, number
