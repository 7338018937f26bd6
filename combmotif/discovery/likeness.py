"""How alike matrices of deviations are: one and another, a piece and a whole, a whole and its pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

COMPOSED = 0.88
"""Cosine of a motif with others laid over it, from which it is their sum."""
LOCAL = 0.7
"""Cosine of such a piece with the columns it lies on."""
NEW, REPEAT = 0.6, 0.45
"""Norm of a piece that lies outside those before it: of different motifs, and of one that overlaps itself."""
_PIECES = 4
_LEAST_GAIN = 0.2


def alike(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Best cosine of two matrices of deviations over the columns of both, and the move of ``b`` on ``a``."""
    norm = max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-12)
    best = (-1.0, 0)
    for move in range(1 - len(b), len(a)):
        low, high = max(0, move), min(len(a), move + len(b))
        best = max(best, (float((a[low:high] * b[low - move : high - move]).sum()) / norm, move))
    return best


def contained(small: np.ndarray, large: np.ndarray) -> float:
    """Best cosine of a matrix with the columns of another; at least half of its columns must lie on that."""
    best, half = -1.0, len(small) // 2
    for move in range(-half, len(large) - len(small) + half + 1):
        low, high = max(0, move), min(len(large), move + len(small))
        under = large[low:high]
        norm = float(np.sqrt((small**2).sum() * (under**2).sum()))
        best = max(best, float((under * small[low - move : high - move]).sum()) / max(norm, 1e-12))
    return best


def inside(small: np.ndarray, large: np.ndarray) -> tuple[float, int]:
    """Best cosine of a matrix with as many columns of a longer one, and the first of these."""
    views = np.lib.stride_tricks.sliding_window_view(large, len(small), axis=0).transpose(0, 2, 1)
    norm = np.sqrt((views**2).sum((1, 2)) * (small**2).sum())
    cosine = (views * small).sum((1, 2)) / np.maximum(norm, 1e-12)
    return float(cosine.max()), int(cosine.argmax())


def composed(whole: np.ndarray, pieces: Sequence[np.ndarray], new: float = NEW) -> list[int]:
    """Numbers of the pieces that, laid over a matrix, make it up; empty where they do not.

    Up to four pieces are taken, the one that explains most first (orthogonal matching pursuit); they may overlap until
    less than ``new`` of a piece's norm is its own, and a third of a piece may lie outside.
    """
    residual = whole / max(float(np.sqrt((whole**2).sum())), 1e-12)
    taken: list[int] = []
    atoms: list[np.ndarray] = []
    explained = 0.0
    for _ in range(_PIECES):
        gain, number, atom = max(
            ((g, n, a) for n, piece in enumerate(pieces) for g, a in _laid(whole, residual, piece, atoms, new)),
            key=lambda option: option[0],
            default=(0.0, 0, whole),
        )
        if gain < _LEAST_GAIN:
            break
        explained += gain**2
        residual = residual - gain * atom
        taken.append(number)
        atoms.append(atom)
    return taken if explained >= COMPOSED**2 else []


def _laid(
    whole: np.ndarray, residual: np.ndarray, piece: np.ndarray, atoms: Sequence[np.ndarray], new: float
) -> list[tuple[float, np.ndarray]]:
    """Lay a piece on all places of a matrix where it fits: its share of the residual, and it at unit norm."""
    options = []
    outside = len(piece) // 3
    for move in range(-outside, len(whole) - len(piece) + outside + 1):
        low, high = max(0, move), min(len(whole), move + len(piece))
        under, part = whole[low:high], piece[low - move : high - move]
        if float((under * part).sum()) < LOCAL * float(np.sqrt((under**2).sum() * (piece**2).sum())):
            continue
        atom = np.zeros_like(whole)
        atom[low:high] = part
        for earlier in atoms:
            atom -= float((atom * earlier).sum()) * earlier
        size = float(np.sqrt((atom**2).sum()))
        if size >= new * float(np.sqrt((piece**2).sum())):
            options.append((float((residual * atom).sum()) / size, atom / size))
    return options
