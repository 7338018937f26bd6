"""The reading frame of a transcript, from the track that marks the first nucleotide of every codon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.sequence.alphabet import encode

# Codons in the order of 16 * first + 4 * second + third base, with A = 0, C = 1, G = 2, U = 3 (standard genetic code).
AMINO_ACIDS = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
STOPS = tuple(encode(word) for word in ("UAA", "UAG", "UGA"))
NOT_CODING = -1


def coding_region(track: np.ndarray) -> tuple[int, int] | None:
    """Find the coding region that a coding-frame track describes.

    Parameters
    ----------
    track : array, shape (length,)
        1 at the first nucleotide of every codon, 0 elsewhere.

    Returns
    -------
    (start, end) or None
        0-based half-open; a region that the end of the sequence cuts short ends with its last whole codon. None where
        the track has no mark, or marks that are not three apart, so that it is no coding frame.
    """
    values = np.asarray(track)
    marks = np.flatnonzero(values)
    if not len(marks) or (values[marks] != 1).any() or (np.diff(marks) != 3).any():
        return None
    start, end = int(marks[0]), int(marks[-1]) + 3
    return start, end if end <= len(values) else end - 3


def codon_phase(track: np.ndarray) -> np.ndarray:
    """Number the positions of every codon 0, 1, 2, and -1 outside the coding region; integer array (length,)."""
    phase = np.full(len(track), NOT_CODING, dtype=np.int8)
    region = coding_region(track)
    if region is not None:
        phase[slice(*region)] = np.arange(region[1] - region[0]) % 3
    return phase


def codon_phases(tracks: Sequence[np.ndarray] | None, rows: np.ndarray) -> list[np.ndarray] | None:
    """Number the positions of the codons along the given rows of a set, by their first track; None without tracks."""
    if tracks is None:
        return None
    known = {row: codon_phase(tracks[row][0]) for row in np.unique(rows)}
    return [known[row] for row in rows]


def region_lengths(tracks: Sequence[np.ndarray] | None) -> dict[str, np.ndarray]:
    """Measure the 5'UTR, the coding region and the 3'UTR, where the first track is a coding frame.

    Parameters
    ----------
    tracks : sequence of n arrays, each of shape (k, length), or None
        Row 0 marks the first nucleotide of every codon.

    Returns
    -------
    dict of str to integer array, shape (n,)
        utr5_length, cds_length, utr3_length in nt, all 0 for a sequence without a coding region; empty where no
        sequence has one.
    """
    regions = [coding_region(track[0]) if len(track) else None for track in tracks or ()]
    if not any(regions):
        return {}
    table = np.zeros((len(regions), 3), dtype=np.int64)
    for row, (region, track) in enumerate(zip(regions, tracks or (), strict=True)):
        if region is not None:
            table[row] = region[0], region[1] - region[0], track.shape[1] - region[1]
    return dict(zip(("utr5_length", "cds_length", "utr3_length"), table.T, strict=True))


def translate(codons: np.ndarray) -> np.ndarray:
    """Translate codons (..., 3) of uint8 codes to indices of amino acids (...,); a codon with an N is -1."""
    known = (codons < 4).all(-1)
    index = np.where(known, codons[..., 0].astype(np.int64) * 16 + codons[..., 1] * 4 + codons[..., 2], 0)
    return np.where(known, _INDEX[index], -1)


_LETTERS = sorted(set(AMINO_ACIDS))
_INDEX = np.array([_LETTERS.index(letter) for letter in AMINO_ACIDS])
