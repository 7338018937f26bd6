"""How well found motifs agree with the motifs a net was given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.benchmark.truth import Truth
from combmotif.discovery.syntax import part_scores
from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments

LEAST_CORRELATION = 0.9
_COPIES = 6


def shown(motif: Motif) -> np.ndarray:
    """Deviation from uniform of a motif's informative segments; 0 elsewhere, as a reader sees it; (length, 4)."""
    deviation = np.zeros((len(motif), 4))
    for start, end in segments(motif.ppm):
        deviation[start:end] = motif.ppm[start:end] - 0.25
    return deviation


def placements(part: np.ndarray, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slide a part over a motif, also beyond its ends.

    Returns
    -------
    (correlations, starts)
        Correlation over the part's columns at every start from -(len(part) - 1) to len(motif) - 1. Columns of
        probabilities have the mean 0.25, so the Pearson correlation is the cosine of the deviations.
    """
    size = len(part)
    padded = np.concatenate([np.zeros((size - 1, 4)), deviation, np.zeros((size - 1, 4))])
    views = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0).transpose(0, 2, 1)
    truth = part - 0.25
    norm = np.sqrt((views**2).sum((1, 2)) * (truth**2).sum())
    return np.where(norm > 1e-9, (views * truth).sum((1, 2)) / np.maximum(norm, 1e-9), 0), np.arange(
        len(views)
    ) - size + 1


def recalled(part: np.ndarray, motifs: Sequence[Motif]) -> float:
    """Best correlation of a part with any motif, over the part's columns."""
    return max((float(placements(part, shown(motif))[0].max()) for motif in motifs), default=0.0)


def explained_by(motif: Motif, parts: Sequence[np.ndarray]) -> float:
    """Correlation of a motif with the best arrangement of whole known motifs, over the columns of both.

    Motifs are laid onto the found one, best first and without overlap, while that raises the correlation; columns that
    only the found or only the known motifs have lower it.
    """
    deviation = shown(motif)
    norm = float((deviation**2).sum())
    if norm < 1e-9:
        return 0.0
    taken: list[tuple[int, int]] = []
    inner = laid = best = 0.0
    for _ in range(_COPIES):
        choice = None
        for part in parts:
            truth = part - 0.25
            for start in range(1 - len(part), len(deviation)):
                if any(start < end and begin < start + len(part) for begin, end in taken):
                    continue
                low, high = max(0, start), min(len(deviation), start + len(part))
                product = float((deviation[low:high] * truth[low - start : high - start]).sum())
                score = (inner + product) / np.sqrt(norm * (laid + float((truth**2).sum())))
                if score > best + 1e-6:
                    best, choice = score, (start, start + len(part), product, float((truth**2).sum()))
        if choice is None:
            break
        taken.append(choice[:2])
        inner, laid = inner + choice[2], laid + choice[3]
    return best


def found_gaps(motifs: Sequence[Motif], syntax: pd.DataFrame, truth: Truth) -> frozenset[int]:
    """Spacings of the known pair as the found motifs and their syntax tell them.

    Parameters
    ----------
    motifs : sequence of Motif
    syntax : pandas.DataFrame
        See `combmotif.discovery.syntax_table`; of a motif with both parts, all spacings with 2 % of its sequences or
        more count, beside that of the matrix.
    truth : Truth
        Of two parts.
    """
    gaps: set[int] = set()
    first, second = truth.parts
    for motif in motifs:
        deviation = shown(motif)
        score_a, starts_a = placements(first, deviation)
        score_b, starts_b = placements(second, deviation)
        a, b = int(score_a.argmax()), int(score_b.argmax())
        usual = int(starts_b[b] - starts_a[a] - len(first))
        if min(score_a[a], score_b[b]) < LEAST_CORRELATION - 0.05 or usual < 0:
            continue
        gaps.add(usual)
        for row in syntax[syntax["motif"] == motif.id].to_dict("records"):
            counts = [tuple(map(int, entry.split(":"))) for entry in str(row["distribution"]).split(";") if entry]
            least = 0.02 * sum(count for _, count in counts)
            matrix = int(row["start_b"]) - int(row["start_a"]) - len(str(row["part_a"]))
            if starts_a[a] < row["start_b"] <= starts_b[b] + len(second) and row["start_a"] < starts_b[b]:
                gaps.update(usual + value - matrix for value, count in counts if count >= least)
    return frozenset(gap for gap in gaps if gap >= 0)


def jaccard(found: frozenset[int], known: frozenset[int]) -> float:
    """Shared over all members of two sets."""
    return len(found & known) / max(1, len(found | known))


def explained_activation(
    motifs: Sequence[Motif], fresh: np.ndarray, excitation: np.ndarray, random: np.ndarray
) -> float:
    """Share of the excitation of fresh samples in windows that carry a motif.

    A window carries one if its best score, over motifs and places, is above that of 95 % of the random
    windows, however many motifs there are.

    Parameters
    ----------
    motifs : sequence of Motif
    fresh, random : uint8 arrays, shape (n, length), (m, length)
        Samples drawn with another seed, and random windows.
    excitation : float array, shape (n,)
    """
    if not motifs:
        return 0.0
    best = [np.full(len(codes), -np.inf) for codes in (fresh, random)]
    for motif in motifs:
        ppm = np.where(np.abs(shown(motif)).sum(1, keepdims=True) > 0, motif.ppm, 0.25)
        bits = float(np.log2(np.maximum(ppm, 1e-3) / 0.25).max(1).sum())
        if bits < 1e-9:
            continue
        for scores, codes in zip(best, (fresh, random), strict=True):
            np.maximum(scores, bits * part_scores(codes, ppm).max(1), out=scores)
    return float(excitation[best[0] > np.quantile(best[1], 0.95)].sum() / excitation.sum())


def agreement(first: Sequence[Motif], second: Sequence[Motif]) -> float:
    """Share of the motifs of two runs that the other run also has (correlation of at least 0.9 over both's columns)."""
    if not first or not second:
        return float(not first and not second)
    hits = [
        explained_by(motif, [_trimmed(other) for other in others]) >= LEAST_CORRELATION
        for mine, others in ((first, second), (second, first))
        for motif in mine
    ]
    return float(np.mean(hits))


def _trimmed(motif: Motif) -> np.ndarray:
    deviation = shown(motif)
    columns = np.flatnonzero(np.abs(deviation).sum(1) > 0)
    return deviation[columns[0] : columns[-1] + 1] + 0.25 if columns.size else np.full((1, 4), 0.25)
