"""Tables about motif files: what is in one, how two compare, which motifs of one are alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from combmotif.core.tables import MOTIF_CLUSTERS, MOTIF_COMPARISON, MOTIF_LIST
from combmotif.motifs.cluster import families, similarity
from combmotif.motifs.matching.family import family_of_genes, gene_names
from combmotif.motifs.matching.tomtom import guarded_tomtom
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.segment import segments


def list_motifs(motifs: MotifSet, names: dict[str, str]) -> pd.DataFrame:
    """Tabulate motifs: columns `combmotif.core.tables.MOTIF_LIST`."""
    rows = [
        (m.id, names.get(m.id, m.id), len(m), m.sites, float(m.information.sum()), m.consensus(motifs.alphabet))
        for m in motifs
    ]
    return MOTIF_LIST.frame(rows)


def compare_motifs(
    first: MotifSet,
    second: MotifSet,
    names: Mapping[str, str],
    second_names: Mapping[str, str] | None = None,
    *,
    strands: str = "single",
) -> pd.DataFrame:
    """Find for every motif of one set the motif of another that resembles it most.

    Parameters
    ----------
    first, second : MotifSet
    names : mapping of str to str
        Names of the motifs of the first, by id.
    second_names : mapping of str to str, optional
        Names of the motifs of the second, which may give one id to another motif; default `names`.
    strands : {"single", "both"}, default "single"
        Of the p-value.

    Returns
    -------
    pandas.DataFrame
        Columns `combmotif.core.tables.MOTIF_COMPARISON`: ``similarity`` is that of
        `combmotif.motifs.cluster.similarity` (1 for equal matrices), at ``offset`` (column of the motif on which the
        other begins); ``p_value`` is the guarded Tomtom's.
    """
    spans_a, spans_b = [_span(m) for m in first], [_span(m) for m in second]
    p_values = guarded_tomtom([ppm for ppm, _ in spans_a], [ppm for ppm, _ in spans_b], strands=strands).p_value
    others = names if second_names is None else second_names
    rows = []
    for i, motif in enumerate(first):
        scored = [similarity(spans_a[i][0], ppm) for ppm, _ in spans_b]
        best = int(np.argmax([score for score, _ in scored]))
        other, (score, shift) = second[best], scored[best]
        offset = shift + spans_a[i][1] - spans_b[best][1]
        rows.append(
            (motif.id, names.get(motif.id, motif.id), other.id, others.get(other.id, other.id), score, offset,
             float(p_values[i, best]), motif.consensus(first.alphabet), other.consensus(second.alphabet))
        )  # fmt: skip
    return MOTIF_COMPARISON.frame(rows)


def cluster_motifs(motifs: MotifSet, names: dict[str, str], *, threshold: float = 0.8) -> pd.DataFrame:
    """Group motifs that are the same, all compared with all (`combmotif.motifs.families`).

    Returns
    -------
    pandas.DataFrame
        One row per motif, columns `combmotif.core.tables.MOTIF_CLUSTERS`: ``cluster`` from 1, the largest first;
        ``cluster_name`` after the genes its members are named by; ``representative`` whether the motif is the most
        similar to its fellows.
    """
    labels = np.array(families(motifs, threshold=threshold))
    sizes = np.bincount(labels)
    rank = np.empty(len(sizes), dtype=int)
    rank[np.lexsort((np.arange(len(sizes)), -sizes))] = np.arange(1, len(sizes) + 1)
    rows = []
    for label in np.argsort(rank):
        members = [motifs[int(i)] for i in np.flatnonzero(labels == label)]
        genes = [gene for m in members if not m.layer for gene in gene_names(names.get(m.id, m.id))]
        called = family_of_genes(genes) if genes else members[0].consensus(motifs.alphabet)
        middle = _medoid(members)
        rows += [
            (m.id, names.get(m.id, m.id), int(rank[label]), called, len(members), i == middle,
             m.consensus(motifs.alphabet))
            for i, m in enumerate(members)
        ]  # fmt: skip
    return MOTIF_CLUSTERS.frame(rows)


def _medoid(members: list[Motif]) -> int:
    spans = [_span(motif)[0] for motif in members]
    totals = [sum(similarity(one, other)[0] for other in spans) for one in spans] if len(members) > 2 else [0.0]
    return int(np.argmax(totals))


def _span(motif: Motif) -> tuple[np.ndarray, int]:
    """Columns from the first informative to the last, and where they begin; all of them where none is."""
    found = segments(motif.ppm, min_length=1)
    return (motif.ppm[found[0][0] : found[-1][1]], found[0][0]) if found else (motif.ppm, 0)
