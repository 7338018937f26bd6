"""Hexamers of sequences as numbers: base 4, A 0, C 1, G 2, T or U 3, first base most significant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.sequence.alphabet import UNKNOWN, decode, encode

HEXAMERS = 4**6
NO_HEXAMER = HEXAMERS
"""Number of a window of six that holds an N."""

Sequences = str | np.ndarray | Sequence[str] | Sequence[np.ndarray]


def hexamer_numbers(codes: np.ndarray) -> np.ndarray:
    """Number every window of six.

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.

    Returns
    -------
    int16 array, shape (n, max(0, length - 5))
        0-4095, or 4096 where the window holds an N.

    Examples
    --------
    >>> from combmotif.models.architectures.hal import hexamer_numbers
    >>> from combmotif.sequence import encode
    >>> hexamer_numbers(encode("AAAAACN")[None]).tolist()
    [[1, 4096]]
    """
    codes = np.asarray(codes)
    if codes.shape[-1] < 6:
        return np.zeros((*codes.shape[:-1], 0), dtype=np.int16)
    digits = codes.astype(np.int16)
    pairs = digits[..., :-1] * np.int16(4) + digits[..., 1:]
    numbers: np.ndarray = (pairs[..., :-4] * np.int16(16) + pairs[..., 2:-2]) * np.int16(16) + pairs[..., 4:]
    if codes.max(initial=0) >= UNKNOWN:
        unknown = np.cumsum(np.pad(codes >= UNKNOWN, [(0, 0)] * (codes.ndim - 1) + [(1, 0)]), axis=-1)
        numbers[unknown[..., 6:] != unknown[..., :-6]] = NO_HEXAMER
    return numbers


def hexamer_word(number: int, *, alphabet: str = "dna") -> str:
    """Spell a hexamer's number, 0 to 4095.

    Parameters
    ----------
    number : int
        0 to 4095.
    alphabet : {"dna", "rna"}, default "dna"

    Returns
    -------
    str

    Examples
    --------
    >>> from combmotif.models.architectures.hal import hexamer_word
    >>> hexamer_word(1)
    'AAAAAC'
    """
    return decode(np.array([(number >> shift) & 3 for shift in range(10, -1, -2)], dtype=np.uint8), alphabet=alphabet)


def word_number(word: str) -> int:
    """Number a word of A, C, G, T or U (any length; a hexamer gives 0-4095).

    Parameters
    ----------
    word : str
        Of A, C, G and T or U.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If it holds another letter.

    Examples
    --------
    >>> from combmotif.models.architectures.hal import word_number
    >>> word_number("AAAAAC")
    1
    """
    number = 0
    for code in encode(word, name="word"):
        if code >= UNKNOWN:
            raise ValueError(f"word: expected the letters A C G T U, found '{word}'")
        number = 4 * number + int(code)
    return number


def as_codes(sequences: Sequences, *, length: int, function: str) -> np.ndarray:
    """Turn letters or codes into one array, and check the length.

    Parameters
    ----------
    sequences : str, sequence of str, uint8 array (length,) or (n, length), or sequence of such arrays
        Lower case is accepted, U and T are equal, IUPAC letters become N.
    length : int
        What every sequence must have, in nt.
    function : str
        Who asks, for the message.

    Returns
    -------
    uint8 array, shape (n, length)

    Raises
    ------
    ValueError
        If a sequence has another length or a letter is no nucleotide.
    """
    if isinstance(sequences, np.ndarray) and sequences.dtype.kind in "iu":
        block = sequences[None] if sequences.ndim == 1 else sequences
        if block.ndim == 2 and block.shape[1] == length:
            return np.ascontiguousarray(block, dtype=np.uint8)
        rows: Sequence[np.ndarray] = list(block)
    elif isinstance(sequences, str):
        rows = [encode(sequences)]
    else:
        rows = [encode(s, name=f"sequence {i}") if isinstance(s, str) else s for i, s in enumerate(sequences)]
    for index, row in enumerate(rows):
        if len(row) != length:
            raise ValueError(
                f"{function}: expected sequences of {length} nt, found {len(row)} nt in sequence {index}; cut the 80 "
                "last exonic and the 80 first intronic bases around the donor"
            )
    return np.stack([np.asarray(row, dtype=np.uint8) for row in rows]) if len(rows) else np.zeros((0, length), np.uint8)
