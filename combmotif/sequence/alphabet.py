"""Letters and codes: A0, C1, G2, T or U 3, anything ambiguous 4 (N)."""

from __future__ import annotations

import numpy as np

LETTERS = {"rna": "ACGUN", "dna": "ACGTN"}
UNKNOWN = 4
IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "U": "T",
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
_INVALID = 255
_CODES = np.full(256, _INVALID, dtype=np.uint8)
for _letter in IUPAC:
    _code = "ACGT".find(_letter.replace("U", "T"))
    for _case in (_letter, _letter.lower()):
        _CODES[ord(_case)] = _code if _code >= 0 else UNKNOWN


def encode(sequence: str, *, name: str = "sequence") -> np.ndarray:
    """Turn a nucleotide string into integer codes.

    Lower case is accepted, U and T are the same letter, and the IUPAC ambiguity letters
    (N, R, Y, ...) all become N.

    Parameters
    ----------
    sequence : str
        Letters of an RNA or DNA sequence.
    name : str, default "sequence"
        What to call it in an error message.

    Returns
    -------
    numpy.ndarray of uint8, shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.

    Raises
    ------
    ValueError
        If a letter is not a nucleotide; the letter and its position are named.

    Examples
    --------
    >>> from combmotif.sequence import encode
    >>> encode("ACGUn").tolist()
    [0, 1, 2, 3, 4]
    """
    if not isinstance(sequence, str):
        raise ValueError(f"{name}: expected letters, found {type(sequence).__name__}")
    try:
        raw = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{name}: expected nucleotides (A C G T U N or IUPAC), found {sequence[error.start]!r} "
            f"at position {error.start + 1}"
        ) from None
    codes = _CODES[raw]
    wrong = np.flatnonzero(codes == _INVALID)
    if wrong.size:
        letter = chr(raw[wrong[0]])
        protein = " (is this a protein sequence?)" if letter.upper() in "EFILPQZ*" else ""
        raise ValueError(
            f"{name}: expected nucleotides (A C G T U N or IUPAC), found {letter!r} at position {wrong[0] + 1}{protein}"
        )
    return codes


def decode(codes: np.ndarray, *, alphabet: str = "rna") -> str:
    """Turn integer codes of shape (length,) back into a string in the given alphabet ("rna" or "dna").

    Parameters
    ----------
    codes : uint8 array, shape (length,)
    alphabet : {"rna", "dna"}, default "rna"

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.sequence import decode
    >>> decode(np.array([0, 1, 2, 3, 4])), decode(np.array([0, 3, 2]), alphabet="dna")
    ('ACGUN', 'ATG')
    """
    return "".join(LETTERS[alphabet][code] for code in np.asarray(codes, dtype=np.uint8))


def iupac_sets(word: str) -> np.ndarray:
    """Expand an IUPAC word into the letters each position allows.

    Parameters
    ----------
    word : str
        For example ``"UGUANAUA"``; lower case and U or T are equal.

    Returns
    -------
    numpy.ndarray of bool, shape (length, 4)
        True where the letter (A, C, G, T/U) is allowed.

    Examples
    --------
    >>> from combmotif.sequence.alphabet import iupac_sets
    >>> iupac_sets("AR").astype(int).tolist()
    [[1, 0, 0, 0], [1, 0, 1, 0]]
    """
    allowed = np.zeros((len(word), 4), dtype=bool)
    for position, letter in enumerate(word.upper()):
        if letter not in IUPAC:
            raise ValueError(f"motif word {word!r}: {letter!r} is not an IUPAC nucleotide letter")
        for base in IUPAC[letter]:
            allowed[position, "ACGT".index(base)] = True
    return allowed


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
