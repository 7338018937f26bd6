"""E, the exon-skipping score of HAL: how well an exon is included, and what a variant in it does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from combmotif.models.architectures.hal.hexamers import hexamer_numbers
from combmotif.models.architectures.hal.table import ExonScores, HexamerTable
from combmotif.sequence.alphabet import UNKNOWN, encode

INTRON = 6
"""Intronic bases that follow the exon."""
SHORTEST = 15
"""Fewest bases that hold an exonic hexamer besides those of the donor."""


def exon_skipping(
    exons: str | np.ndarray | Sequence[str | np.ndarray],
    table: HexamerTable,
    exon_scores: ExonScores,
    *,
    donor_columns: int = 3,
) -> np.ndarray:
    """Score the inclusion of exons.

    score = acceptor[first 3 exonic bases] + sum of exonic hexamer scores, the last one ending 3 nt before the exon
    does + the donor columns (2, 3, 4[, 5]) of the hexamers that start 3, 2, 1[, 0] nt before the donor's G. Only
    differences between variants of one exon mean something.

    Parameters
    ----------
    exons : str, or sequence of str or uint8 codes, any lengths from 15 nt
        The exon followed by the first 6 intronic bases.
    table : HexamerTable
    exon_scores : ExonScores
    donor_columns : {3, 4}, default 3
        Notebook N11 of the authors uses three; the MMSplice paper's HAL uses four.

    Returns
    -------
    float64 array, shape (n,)
        Natural log odds, up to a constant; NaN for a sequence with an N, as the published code has it.

    Raises
    ------
    ValueError
        If an exon is too short, or ``donor_columns`` is neither 3 nor 4.

    Examples
    --------
    >>> from combmotif.models.architectures.hal.table import ExonScores, HexamerTable
    >>> table, scores = HexamerTable(np.full((4096, 8), 0.5)), ExonScores(np.full(4096, 0.1), np.ones(64))
    >>> exon_skipping(["ACGUACGUACGUACGUGUAAGU"], table, scores).round(3)
    array([3.3])

    References
    ----------
    Rosenberg et al., Cell 2015, 163:698-711 (cell-2015, notebook N11).
    """
    if donor_columns not in (3, 4):
        raise ValueError(f"donor_columns: expected 3 or 4, found {donor_columns}")
    rows = [exons] if isinstance(exons, str) or (isinstance(exons, np.ndarray) and exons.ndim == 1) else exons
    scores = np.empty(len(rows))
    for index, row in enumerate(rows):
        codes = encode(row, name=f"exon {index}") if isinstance(row, str) else np.asarray(row)
        if len(codes) < SHORTEST:
            raise ValueError(
                f"exon_skipping: expected an exon and {INTRON} intronic bases, at least {SHORTEST} nt, found "
                f"{len(codes)} nt in exon {index}"
            )
        if codes.max() >= UNKNOWN:
            scores[index] = np.nan
            continue
        numbers = hexamer_numbers(codes)
        count = len(codes) - 14
        donor = numbers[len(codes) - 9 : len(codes) - 9 + donor_columns]
        scores[index] = (
            exon_scores.acceptor[numbers[0] >> 6]
            + exon_scores.hexamers[numbers[:count]].sum()
            + table.weights[donor, np.arange(2, 2 + donor_columns)].sum()
        )
    return scores


def variant_psi(
    psi: float | np.ndarray, reference: np.ndarray, variant: np.ndarray, *, factor: float = 2.0
) -> np.ndarray:
    """Predict the inclusion of an exon with a variant: PSI = expit(logit(psi) + factor * (variant - reference)).

    Parameters
    ----------
    psi : float or array, shape (n,)
        Measured inclusion of the reference, a fraction between 0 and 1.
    reference, variant : float64 arrays, shape (n,)
        Scores of :func:`exon_skipping`.
    factor : float, default 2.0
        The authors' default; 3.0 fits their 190 measured variants best.

    Returns
    -------
    float64 array, shape (n,)

    Raises
    ------
    ValueError
        If an inclusion is no fraction between 0 and 1.

    Examples
    --------
    >>> variant_psi(0.5, np.array([1.0]), np.array([2.0])).round(3)
    array([0.881])
    """
    share = np.asarray(psi, dtype=float)
    if (share < 0).any() or (share > 1).any():
        raise ValueError("psi: expected fractions between 0 and 1, found percentages? divide them by 100")
    result: np.ndarray = expit(logit(share) + factor * (np.asarray(variant) - np.asarray(reference)))
    return result


def apply_variant(exon: str, position: int, reference: str, alternative: str) -> str:
    """Write a variant into an exon: ``position`` counts from 1, ``alternative`` may be empty (a deletion).

    Parameters
    ----------
    exon : str
    position : int
        From 1, as in the authors' tables.
    reference, alternative : str

    Returns
    -------
    str

    Examples
    --------
    >>> from combmotif.models.architectures.hal import apply_variant
    >>> apply_variant("ACGTACGT", 3, "G", "T")
    'ACTTACGT'
    """
    return exon[: position - 1] + alternative + exon[position - 1 + len(reference) :]
