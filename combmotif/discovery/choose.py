"""Which polished motifs are motifs of their own: no weak ones, no doubles, no pieces, no sums of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.drafts import Draft, informative
from combmotif.discovery.polish import Polished

LEAST_STRENGTH = 0.15
"""Of the strongest window, from which a motif in random windows counts."""
SAME = 0.85
"""Cosine of two motifs at the best shift, over the columns of both, from which they are one."""
CONTAINED = 0.9
"""Cosine over the columns of the shorter motif, from which it is a piece of the longer."""
COMPOSED = 0.9
SYNERGY = 1.5
"""Times the summed excitation of its pieces that a motif made of others must reach to be more than their sum."""
STRONGER = 1.1
_PIECES = 4


@dataclass(frozen=True, eq=False)
class Candidate:
    """A polished motif and where it lies.

    Attributes
    ----------
    draft : Draft
        Its parts are frequencies.
    polished : Polished
    columns : float array, shape (length, 4)
        Deviation from uniform of the informative columns, the parts at their most frequent spacing.
    mass : float
        Excitation of the windows it was found in.
    """

    draft: Draft
    polished: Polished
    columns: np.ndarray
    mass: float


def choose(candidates: Sequence[Candidate], strongest: float) -> list[Candidate]:
    """Keep motifs of their own.

    Parameters
    ----------
    candidates : sequence of Candidate
    strongest : float
        Activation of the strongest window less that of random windows.
    """
    left = [c for c in candidates if c.polished.strength >= LEAST_STRENGTH * strongest]
    left.sort(key=lambda c: -c.mass)
    unique: list[Candidate] = []
    for candidate in left:
        double = next((i for i, other in enumerate(unique) if alike(candidate.columns, other.columns)[0] >= SAME), None)
        if double is None:
            unique.append(candidate)
        else:
            unique[double] = _merged(unique[double], candidate)
    unique.sort(key=lambda c: (-len(c.columns), -c.mass))
    kept = list(unique)
    for candidate in unique:
        others = [c for c in kept if c is not candidate and len(c.columns) < len(candidate.columns)]
        pieces = composed(candidate.columns, [c.columns for c in others])
        if len(pieces) >= 2:
            total = sum(others[index].polished.excitation for index in pieces)
            if len(set(pieces)) > 1 and candidate.polished.excitation > SYNERGY * max(total, 0):
                for index in set(pieces):
                    kept.remove(others[index])
            else:
                kept.remove(candidate)
    for candidate in sorted(kept, key=lambda c: len(c.columns)):
        for other in kept:
            if len(other.columns) > len(candidate.columns) and contained(candidate.columns, other.columns) >= CONTAINED:
                stronger = other.polished.strength >= STRONGER * candidate.polished.strength
                kept.remove(candidate if stronger else other)
                break
    return kept


def alike(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Best cosine of two matrices of deviations over the columns of both, and the move of ``b`` on ``a``."""
    norm = max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-12)
    best = (-1.0, 0)
    for move in range(1 - len(b), len(a)):
        low, high = max(0, move), min(len(a), move + len(b))
        best = max(best, (float((a[low:high] * b[low - move : high - move]).sum()) / norm, move))
    return best


def contained(small: np.ndarray, large: np.ndarray) -> float:
    """Best cosine of a matrix with the columns of another that it lies on; half of the columns must lie on it."""
    best, norm = -1.0, float((small**2).sum())
    for move in range(-(len(small) // 2), len(large) - len(small) + len(small) // 2 + 1):
        low, high = max(0, move), min(len(large), move + len(small))
        part = large[low:high]
        product = float((part * small[low - move : high - move]).sum())
        best = max(best, product / max(float(np.sqrt(norm * (part**2).sum())), 1e-12))
    return best


def composed(whole: np.ndarray, pieces: Sequence[np.ndarray]) -> list[int]:
    """Numbers of the pieces that, moved and added up, make a matrix; empty where they do not."""
    norm = float(np.sqrt((whole**2).sum()))
    residual, taken, atoms = whole / max(norm, 1e-12), list[int](), list[np.ndarray]()
    explained = 0.0
    for _ in range(_PIECES):
        best: tuple[float, int, np.ndarray] | None = None
        for number, piece in enumerate(pieces):
            for move in range(-(len(piece) // 3), len(whole) - len(piece) + len(piece) // 3 + 1):
                low, high = max(0, move), min(len(whole), move + len(piece))
                atom = np.zeros_like(whole)
                atom[low:high] = piece[low - move : high - move]
                for earlier in atoms:
                    atom -= float((atom * earlier).sum()) * earlier
                size = float(np.sqrt((atom**2).sum()))
                if size < 0.3 * float(np.sqrt((piece**2).sum())):
                    continue
                gain = float((residual * atom).sum()) / size
                if best is None or gain > best[0]:
                    best = (gain, number, atom / size)
        if best is None or best[0] < 0.2:
            break
        explained += best[0] ** 2
        residual = residual - best[0] * best[2]
        taken.append(best[1])
        atoms.append(best[2])
        if explained >= COMPOSED**2:
            return taken
    return []


def _merged(kept: Candidate, double: Candidate) -> Candidate:
    """Add the places of a double to those of the motif kept."""
    if len(kept.draft.parts) != 1 or len(double.draft.parts) != 1:
        return kept
    _, move = alike(kept.columns, double.columns)
    starts = dict(kept.draft.starts)
    for start, weight in double.draft.starts.items():
        starts[start - move] = starts.get(start - move, 0.0) + weight
    return replace(kept, draft=replace(kept.draft, starts=starts), mass=kept.mass + double.mass)


def trimmed(ppm: np.ndarray) -> tuple[int, int] | None:
    """First and last informative column of a part, None where all are flat."""
    found = informative(ppm * 100)
    return (found[0][0], found[-1][1]) if found else None
