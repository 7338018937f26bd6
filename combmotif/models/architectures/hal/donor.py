"""K, the positional donor score of HAL, with its per-nucleotide map and its pair form."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from combmotif.models.architectures.hal.hexamers import Sequences, as_codes, hexamer_numbers
from combmotif.models.architectures.hal.table import SPANS, WINDOW, HexamerTable
from combmotif.sequence.alphabet import UNKNOWN

_BLOCK = 1024


def donor_score(sequences: Sequences, table: HexamerTable, *, on_n: str = "raise") -> np.ndarray:
    """Score splice donors: the sum of the region-specific effects of 143 hexamers.

    A larger score means that the donor is used more: the difference of two donors' scores is the log odds of choosing
    one of them (:func:`donor_psi`). score = sum over columns c and hexamer starts p in ``SPANS[c]`` of
    W[hexamer(p), c], a plain sum without bias or normalisation.

    Parameters
    ----------
    sequences : str, sequence of str, or uint8 codes (160,) or (n, 160)
        Windows of 80 exonic and 80 intronic bases; index 80 is the G of the donor's GT.
    table : HexamerTable
    on_n : {"raise", "skip"}, default "raise"
        What to do where a window holds an N: an error, as the published code has, or leave out the hexamers that hold
        it, which is an extension of this package.

    Returns
    -------
    float64 array, shape (n,)
        Natural log odds, up to a constant.

    Raises
    ------
    ValueError
        If a window has another length, or holds an N with ``on_n="raise"``.

    Examples
    --------
    >>> from combmotif.models.architectures.hal import HexamerTable
    >>> table = HexamerTable(np.full((4096, 8), 0.5))  # every hexamer adds 0.5 at each of 143 starts
    >>> donor_score("ACGT" * 40, table)
    array([71.5])

    References
    ----------
    Rosenberg et al., Cell 2015, 163:698-711 (cell-2015, notebook N8); the same function as Kipoi's HAL model.
    """
    codes = as_codes(sequences, length=WINDOW, function="donor_score")
    _refuse_unknown(codes, on_n)
    columns = [np.append(column, 0.0) for column in table.weights.T]  # the last row is that of a hexamer with an N
    scores = np.zeros(len(codes))
    for start in range(0, len(codes), _BLOCK):
        part = scores[start : start + _BLOCK]
        numbers = hexamer_numbers(codes[start : start + _BLOCK])
        for column, (first, stop) in zip(columns, SPANS, strict=True):  # one column at a time stays in the fast cache
            part += column.take(numbers[:, first:stop], mode="clip") @ np.ones(stop - first)
    return scores


def _refuse_unknown(codes: np.ndarray, on_n: str) -> None:
    if on_n not in ("raise", "skip"):
        raise ValueError(f"on_n: expected raise or skip, found {on_n!r}")
    if on_n == "raise" and codes.max(initial=0) >= UNKNOWN:
        row, position = np.argwhere(codes >= UNKNOWN)[0]
        raise ValueError(
            f"donor_score: expected the letters A C G T U, found N (or an IUPAC letter) at position {position + 1} of "
            f"sequence {row}; write on_n='skip' to leave out the hexamers that hold it"
        )


def _columns(codes: np.ndarray, table: HexamerTable) -> np.ndarray:
    """Effect of each hexamer in the column of its start, 0 where none scores it: float64 (n, 155, 8)."""
    numbers = hexamer_numbers(codes)
    padded = np.pad(table.weights, ((0, 1), (0, 0)))
    effects = np.zeros((*numbers.shape, len(SPANS)))
    for column, (start, stop) in enumerate(SPANS):
        effects[:, start:stop, column] = padded[numbers[:, start:stop], column]
    return effects


def donor_profile(sequences: Sequences, table: HexamerTable) -> np.ndarray:
    """Spread the score over the nucleotides: each hexamer gives a sixth of its effect to each of its bases.

    The map HAL's authors draw. It equals gradient x input / 6 of the convolution form, and integrated gradients from
    the empty sequence.

    Parameters
    ----------
    sequences : windows as in :func:`donor_score`
    table : HexamerTable

    Returns
    -------
    float64 array, shape (n, 160)
        Rows sum to :func:`donor_score`.

    Examples
    --------
    >>> from combmotif.models.architectures.hal import HexamerTable
    >>> profile = donor_profile("ACGT" * 40, HexamerTable(np.full((4096, 8), 0.5)))
    >>> profile.shape, round(float(profile.sum()), 6)
    ((1, 160), 71.5)
    """
    codes = as_codes(sequences, length=WINDOW, function="donor_profile")
    _refuse_unknown(codes, "raise")
    sixths = _columns(codes, table).sum(2) / 6
    profile = np.zeros(codes.shape)
    for shift in range(6):
        profile[:, shift : shift + sixths.shape[1]] += sixths
    return profile


def donor_psi(first: Sequences, second: Sequences, table: HexamerTable) -> np.ndarray:
    """Predict how often the second of two competing donors is used: PSI = expit(K(second) - K(first)).

    Parameters
    ----------
    first, second : windows as in :func:`donor_score`
        Around the upstream and the downstream donor.

    Returns
    -------
    float64 array, shape (n,)
        Fraction, 0-1, of transcripts spliced at the second donor.

    Examples
    --------
    >>> from combmotif.models.architectures.hal import HexamerTable
    >>> table = HexamerTable(np.full((4096, 8), 0.5))
    >>> donor_psi("ACGT" * 40, "CGTA" * 40, table)  # equal scores: each is used half of the time
    array([0.5])
    """
    psi: np.ndarray = expit(donor_score(second, table) - donor_score(first, table))
    return psi


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

    Examples
    --------
    >>> from combmotif.models.architectures.hal import HexamerTable
    >>> mean_effect("ACGT" * 40, HexamerTable(np.full((4096, 8), 0.5)))
    array([0.5])
    """
    numbers = hexamer_numbers(as_codes(sequences, length=WINDOW, function="mean_effect"))
    effects = np.append(table.weights.mean(1), 0.0)
    valid = (numbers < len(effects) - 1).sum(1)
    result: np.ndarray = effects[numbers].sum(1) / np.maximum(valid, 1)
    return result
