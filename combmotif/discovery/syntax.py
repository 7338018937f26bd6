"""Which parts of a motif follow each other, and how far apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.core.tables import SYNTAX
from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

FIXED_SHARE = 0.9
"""A spacing is fixed if at least this share of the sequences has the most frequent one."""
RARE_SHARE = 0.02
"""Spacings of fewer sequences, relative to the most frequent one, count as chance."""
LEAST_SCORE = 0.6
"""Share of a part's best log-odds that a sequence must reach to carry the part."""


def syntax_table(
    motifs: Sequence[tuple[Motif, np.ndarray]], samples: Samples, *, alphabet: str = "rna"
) -> pd.DataFrame:
    """Measure the spacing of neighbouring parts of motifs of two or more segments, in the sequences behind each motif.

    In every sequence each part is sought by its log-odds (at least 60 % of the best possible); of two neighbours
    the best pair in the right order and without overlap counts. The spacing is ``fixed`` where 90 % of the sequences
    with both parts agree, else a ``range``.

    Parameters
    ----------
    motifs : sequence of (Motif, integer array)
        Each with its rows of the samples.
    samples : Samples
    alphabet : str, default "rna"
        Of the consensus words.

    Returns
    -------
    pandas.DataFrame
        One row per pair of neighbouring parts, 5' to 3': ``layer``, ``neuron``, ``motif``, ``part_a``, ``part_b``
        (consensus words), ``start_a``, ``start_b`` (columns of the motif's matrix), ``kind`` (fixed or range),
        ``spacing_min``, ``spacing_max``, ``spacing_mode`` (nt between the end of a and the start of b),
        ``sequences`` (that carry both), ``distribution`` (spacing:sequences, as in ``3:120;4:80``).
    """
    rows: list[dict[str, object]] = []
    for motif, members in motifs:
        spans = segments(motif.ppm)
        if len(spans) < 2:
            continue
        codes = samples.codes[members]
        scores = [part_scores(codes, motif.ppm[start:end]) for start, end in spans]
        for (a, b), first, second in zip(zip(spans[:-1], spans[1:], strict=True), scores[:-1], scores[1:], strict=True):
            gaps = pair_gaps(first, second, a[1] - a[0])
            entry = {
                "layer": motif.layer,
                "neuron": f"{motif.layer}:{motif.neuron}",
                "motif": motif.id,
                "part_a": motif.consensus(alphabet)[a[0] : a[1]],
                "part_b": motif.consensus(alphabet)[b[0] : b[1]],
                "start_a": a[0],
                "start_b": b[0],
            }
            rows.append(entry | describe_gaps(gaps, b[0] - a[1]))
    return SYNTAX.frame(rows)


def part_scores(codes: np.ndarray, ppm: np.ndarray) -> np.ndarray:
    """Score every place of windows by log-odds over its maximum; (n, length) -> (n, places), 1 is the consensus."""
    odds = np.log2(np.maximum(ppm, 1e-3) / 0.25)
    places = codes.shape[1] - len(ppm) + 1
    score = np.zeros((len(codes), max(0, places)))
    for column in range(len(ppm)):
        score += odds[column][codes[:, column : column + places]]
    return score / odds.max(1).sum()


def pair_gaps(first: np.ndarray, second: np.ndarray, length: int) -> np.ndarray:
    """Gap between the best ordered pair of places in every window that carries both parts; integer (m,).

    ``first`` and ``second`` are scores of `part_scores`, ``length`` the width of the first part.
    """
    n, places = second.shape
    allowed = np.where(first >= LEAST_SCORE, first, -np.inf)
    # best place of a that ends at or before each start of b; of equals the nearest
    best = np.full((n, places + 1), -np.inf)
    where = np.zeros((n, places + 1), int)
    for start in range(places):
        end = start - length
        best[:, start], where[:, start] = best[:, start - 1], where[:, start - 1]
        if 0 <= end < first.shape[1]:
            better = allowed[:, end] >= best[:, start]
            best[:, start] = np.where(better, allowed[:, end], best[:, start])
            where[:, start] = np.where(better, end, where[:, start])
    total = np.where(second >= LEAST_SCORE, second + best[:, :places], -np.inf)
    place = total.argmax(1)
    found = np.isfinite(total[np.arange(n), place])
    return (place - where[np.arange(n), place] - length)[found]


def describe_gaps(gaps: np.ndarray, expected: int) -> dict[str, object]:
    """Say whether gaps are fixed or a range; where no sequence carries both parts, the matrix's own gap stands."""
    if not len(gaps):
        return {
            "kind": "fixed", "spacing_min": expected, "spacing_max": expected, "spacing_mode": expected,
            "sequences": 0, "distribution": "",
        }  # fmt: skip
    values, counts = np.unique(gaps, return_counts=True)
    kept = counts >= max(1, RARE_SHARE * counts.max())
    values, counts = values[kept], counts[kept]
    mode = int(values[counts.argmax()])
    fixed = counts.max() >= FIXED_SHARE * counts.sum()
    return {
        "kind": "fixed" if fixed else "range",
        "spacing_min": mode if fixed else int(values[0]),
        "spacing_max": mode if fixed else int(values[-1]),
        "spacing_mode": mode,
        "sequences": int(counts.sum()),
        "distribution": ";".join(f"{v}:{c}" for v, c in zip(values, counts, strict=True)),
    }
