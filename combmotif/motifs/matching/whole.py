"""Whole matrices against whole matrices, as MEME's Tomtom compares and reports them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from combmotif.config.stages import MatchSection
from combmotif.core.tables import MATCHES
from combmotif.core.typed_yaml import default_of
from combmotif.motifs.matching.database import Database
from combmotif.motifs.matching.match import COLUMNS, check_search, consensus_of
from combmotif.motifs.matching.tomtom import MEME_PSEUDOCOUNT, SMALLEST_P, pseudocounted, tomtom
from combmotif.motifs.motif import MotifSet

LAMBDAS = np.arange(1, 101) * 0.005
"""p-values above which MEME counts, to estimate the share of true null hypotheses."""
BOOTSTRAP_SAMPLE = 1000
"""p-values in each of MEME's bootstrap samples."""
LARGEST_PSEUDOCOUNT = 1_000_000
"""Beyond it every column is flat to the last digit, and no two matrices differ."""


def null_share(p_values: np.ndarray) -> float:
    """Estimate the share of true null hypotheses among p-values, as MEME's q-values do.

    At each of 100 values of lambda up to 0.5 the share of p-values above it, over 1 - lambda, is an estimate. The one
    is taken whose mean squared distance from the smallest of them, in bootstrap samples of 1,000 p-values, is least.
    MEME draws the samples; here the mean over all samples is written down (Storey et al. 2004), so that a result
    repeats: the two differ by less than 0.4 % on the reference.

    Parameters
    ----------
    p_values : float array, shape (n,)

    Returns
    -------
    float
        Above 0 and at most 1.
    """
    above = (p_values[:, None] > LAMBDAS).mean(0)
    estimates = above / (1 - LAMBDAS)
    variance = above * (1 - above) / min(BOOTSTRAP_SAMPLE, len(p_values)) / (1 - LAMBDAS) ** 2
    chosen = float(estimates[((estimates - estimates.min()) ** 2 + variance).argmin()])
    return min(1.0, chosen) if chosen > 0 else 1.0


def match_whole(
    queries: MotifSet,
    databases: Sequence[Database],
    *,
    strands: str = "single",
    q: float = default_of(MatchSection, "q"),
    pseudocount: float = MEME_PSEUDOCOUNT,
    sites: Sequence[float | None] | None = None,
) -> pd.DataFrame:
    """Compare whole motifs with whole elements: what MEME's ``tomtom -dist ed`` gives.

    Nothing is split, left out or guarded: a flat motif is matched too, and may resemble a flat matrix (see
    `guarded_tomtom`). The columns of all databases together are the background; a word is the matrix of its letters.

    Parameters
    ----------
    queries : MotifSet
    databases : sequence of Database
    strands : {"single", "both"}, default "single"
        "single" is MEME's ``-norc``.
    q : float
        Largest q-value returned, above 0 and at most 1: MEME's ``-thresh``.
    pseudocount : float, default 0.1
        Counts added to every column of queries and targets, spread evenly, at most a million: MEME's
        ``-motif-pseudo``.
    sites : sequence of float or None, optional
        Sites behind each query, None for 20, as MEME takes it; default those of the motifs.

    Returns
    -------
    pandas.DataFrame
        One row per motif and element, in the order of `queries`, then by p-value, overlap and target id. Columns as
        of `match`: ``offset`` is the column of the motif on which the target begins, that is MEME's Optimal_offset
        with the other sign; ``e_value`` is p times the targets of all databases; ``q_value`` is of the query's own
        targets (both strands of each, where both are compared), with the share of true nulls estimated by
        `null_share`; ``start`` and ``end`` are 0 and the motif's length.

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no database.

    Examples
    --------
    >>> from combmotif.motifs import Motif, load_database, word_ppm
    >>> queries = MotifSet((Motif("m1", word_ppm("UGUAAAUA") * 20, 20),))
    >>> match_whole(queries, [load_database("builtin")])["name"].iloc[0]
    'PUM1/PUM2 (Pumilio)'
    """
    check_search(strands, q)
    if not 0 <= pseudocount <= LARGEST_PSEUDOCOUNT:
        raise ValueError(f"pseudocount: expected 0 to {LARGEST_PSEUDOCOUNT:,} counts, got {pseudocount}")
    entries = [(database.name, entry) for database in databases for entry in database.entries]
    if not entries:
        raise ValueError("databases: expected at least one with an entry; load_database('builtin') is our own")
    if not len(queries):
        return pd.DataFrame(columns=COLUMNS)
    given = [motif.sites for motif in queries] if sites is None else sites
    own = [
        pseudocounted(motif.frequencies, n, pseudocount=pseudocount) for motif, n in zip(queries, given, strict=True)
    ]
    targets = [pseudocounted(entry.ppm, entry.sites, pseudocount=pseudocount) for _, entry in entries]
    count, both = len(targets), strands == "both"
    found = tomtom(own, [*targets, *(target[::-1, ::-1] for target in targets)] if both else targets)
    p, offset, overlap = found.p_value, found.offset, found.overlap
    if both:  # the better of two strands by chance: 1 - (1 - p)^2
        p = np.maximum(p * (2 - p), SMALLEST_P)
    rows: list[tuple] = []
    for row, motif in enumerate(queries):
        q_values = np.minimum(1, null_share(p[row]) * false_discovery_control(p[row]))
        turned = p[row, count:] < p[row, :count] if both else np.zeros(count, dtype=bool)
        best = np.arange(count) + count * turned
        named = np.flatnonzero(q_values[best] <= q)
        ranked = sorted(named, key=lambda j: (p[row, best[j]], -overlap[row, best[j]], entries[j][1].id))
        said = motif.consensus(queries.alphabet)
        for j in ranked:
            (database, entry), at = entries[j], best[j]
            rows.append(
                (motif.id, entry.id, entry.name, entry.kind, entry.family, database, offset[row, at], overlap[row, at],
                 "-" if turned[j] else "+", p[row, at], p[row, at] * count, q_values[at], said,
                 consensus_of(entry, queries.alphabet), entry.citation, "tomtom", "is", 0, len(motif), "", np.nan,
                 np.nan)
            )  # fmt: skip
    return MATCHES.frame([(*row, np.nan) for row in rows])[COLUMNS]
