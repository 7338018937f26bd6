"""Which known elements do the motifs look like?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from combmotif.motifs.database import Database, DatabaseEntry
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.pairs import Pairs, Run, compare_runs, informative_runs

MATCH_COLUMNS = (
    "motif", "target", "name", "kind", "family", "database", "offset", "overlap", "strand",
    "p_value", "e_value", "q_value", "query_consensus", "target_consensus", "citation",
    "method", "identical", "start", "end",
)  # fmt: skip


def match(
    queries: MotifSet,
    databases: Sequence[Database],
    *,
    strands: str = "single",
    q: float = 0.05,
    top: int = 5,
    min_overlap: int = 4,
    min_information: float = 0.5,
    min_bits: float = 2.0,
) -> pd.DataFrame:
    """Find the known elements that motifs resemble.

    Each informative run of a motif is a query of its own (two motifs at a fixed distance are matched apart), so flat
    flanks and flat motifs are never matched. Matrices are compared by `combmotif.motifs.tomtom.guarded_tomtom`, IUPAC
    words by `combmotif.motifs.word.word_test`, whose p-value means something for three letters too. False
    discovery rates are Benjamini and Hochberg's over all pairs of query and target of the call.

    A pair is returned where its q-value is at most `q`, or where a word is what the query says and little else
    (`identical`). The p- and q-values of these are given as they are, as chance says short words too: of 100 random
    motifs of 3, 4, 6, 8 and 12 sharp columns 7, 12, 1, 1 and 0 say a word of the built-in list, of weak ones of 20
    columns 1 (``python scripts/benchmarks/false_matches.py``; none of them reaches q <= 0.05).

    Parameters
    ----------
    queries : MotifSet
    databases : sequence of Database
        Each is the background of its own Tomtom p-values, so adding one does not change the p-values of another.
    strands : {"single", "both"}, default "single"
        "both" also tries the reverse complement of the targets (DNA).
    q : float, default 0.05
        Largest q-value returned, above 0 and at most 1.
    top : int, default 5
        Most rows per query; all identical words are given, even if they are more.
    min_overlap : int, default 4
        Columns that query and matrix must share, at most the shorter of the two.
    min_information : float, default 0.5
        Bits of an informative column, see `segments`.
    min_bits : float, default 2
        A run with less information in all is not matched.

    Returns
    -------
    pandas.DataFrame
        One row per motif, run and target, in the order of `queries` and from left to right; best first (identical
        words, then by p-value, overlap and target id, as MEME sorts them). Columns:

        - ``motif``, ``target`` (id), ``name``, ``kind``, ``family``, ``database``, ``citation``
        - ``offset``: column of the motif, 0-based, on which the target's first column lies; may be negative
        - ``overlap``: columns shared; ``strand``: ``+`` or ``-``
        - ``p_value`` in (0, 1]; ``e_value``: times the number of targets of all databases; ``q_value``
        - ``query_consensus`` of the run, ``target_consensus``
        - ``method``: ``tomtom`` or ``word``; ``identical``: bool
        - ``start``, ``end``: columns of the motif that were matched, 0-based half-open

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no database.
    """
    if strands not in ("single", "both"):
        raise ValueError(f"strands: expected 'single' or 'both', got {strands!r}")
    if not 0 < q <= 1:
        raise ValueError(f"q: expected a number above 0 and at most 1, got {q}")
    if top < 1 or min_overlap < 1:
        raise ValueError(f"top and min_overlap: expected at least 1, got {top} and {min_overlap}")
    if not any(len(database) for database in databases):
        raise ValueError("databases: expected at least one with an entry; load_database('builtin') is our own")
    runs = informative_runs(queries, min_information=min_information, min_bits=min_bits)
    if not runs:
        return pd.DataFrame(columns=list(MATCH_COLUMNS))
    pairs = compare_runs(runs, databases, strands=strands, min_overlap=min_overlap)
    return _table(queries, runs, pairs, q, top)


def _table(queries: MotifSet, runs: list[Run], pairs: list[Pairs], q: float, top: int) -> pd.DataFrame:
    p, identical, overlap = (
        np.concatenate(parts, axis=1)
        for parts in ([x.p for x in pairs], [x.identical for x in pairs], [x.overlap for x in pairs])
    )
    q_values = false_discovery_control(p.ravel()).reshape(p.shape)
    targets = [(pair, column) for pair in pairs for column in range(len(pair.entries))]
    order = np.argsort(np.argsort([pair.entries[column].id for pair, column in targets], kind="stable"))
    rows: list[tuple] = []
    seen: set[tuple[str, int, int]] = set()
    for i, run in enumerate(runs):
        kept = np.flatnonzero((q_values[i] <= q) | identical[i])
        kept = kept[np.lexsort((order[kept], -overlap[i, kept], p[i, kept], ~identical[i, kept]))]
        motif, said = queries[run.row], Motif("", run.ppm * 100, 100).consensus(queries.alphabet)
        for t in kept[: max(top, int(identical[i].sum()))]:
            pair, j = targets[t]
            entry, offset = pair.entries[j], run.start + int(pair.offset[i, j])
            if (motif.id, int(t), offset) in seen:  # where two pieces of a long run overlap
                continue
            seen.add((motif.id, int(t), offset))
            rows.append(
                (motif.id, entry.id, entry.name, entry.kind, entry.family, pair.database, offset,
                 int(pair.overlap[i, j]), "-" if pair.reverse[i, j] else "+",
                 float(p[i, t]), float(p[i, t] * len(targets)), float(q_values[i, t]),
                 said, _consensus(entry, queries.alphabet), entry.citation,
                 pair.method, bool(identical[i, t]), run.start, run.end)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(MATCH_COLUMNS))


def _consensus(entry: DatabaseEntry, alphabet: str) -> str:
    if not entry.word:
        return Motif("", entry.ppm * 100, 100).consensus(alphabet)
    return entry.word.replace("T", "U") if alphabet == "rna" else entry.word.replace("U", "T")
