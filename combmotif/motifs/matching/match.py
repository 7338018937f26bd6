"""Which known elements do the motifs look like?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.stages import MatchSection
from combmotif.core.tables import MATCHES
from combmotif.core.typed_yaml import default_of
from combmotif.motifs.matching.database import Database, DatabaseEntry
from combmotif.motifs.matching.hits import Hit, choose_hits
from combmotif.motifs.matching.pairs import Pairs, compare_runs, informative_runs
from combmotif.motifs.matching.spelled import CODON, START_CODONS, STOP_CODONS, class_places, nearest_partner, syntax_of
from combmotif.motifs.motif import Motif, MotifSet, letter_sets

COLUMNS = [name for name in MATCHES.names if name != "chance"]
"""``chance`` is what `match_control` measures."""


def match(
    queries: MotifSet,
    databases: Sequence[Database],
    *,
    strands: str = "single",
    q: float = default_of(MatchSection, "q"),
    top: int = default_of(MatchSection, "top"),
    syntax: pd.DataFrame | None = None,
    compared: list[Pairs] | None = None,
) -> pd.DataFrame:
    """Find the known elements that motifs resemble.

    Each informative run of a motif is compared with matrices by itself (two motifs at a fixed distance are matched
    apart) by `guarded_tomtom`, so flat flanks and flat motifs are never matched. IUPAC words
    are sought anywhere on the motif by `combmotif.motifs.word.word_test`, whose p-value means something for three
    letters too. False discovery rates are Benjamini and Hochberg's over all pairs of query and target of the call.

    An element is named (``relation`` is ``is``) where its q-value is at most `q`. A word that random letters spell more
    often than once in 500 places (AUG, GGAC) never is: it is contained, as is a longer one with a larger q, and only
    where the consensus spells it, letter by letter (`spelled_places`). That is a statement
    about what the motif says, not about chance: its p- and q-values are given as they are. Nothing is said to be
    contained in a motif of less than half ``reproducibility``, where motifs have one.

    Parameters
    ----------
    queries : MotifSet
    databases : sequence of Database
        Each is the background of its own Tomtom p-values, so adding one does not change the p-values of another.
    strands : {"single", "both"}, default "single"
        "both" also tries the reverse complement of the targets (DNA).
    q : float
        Largest q-value returned, above 0 and at most 1.
    top : int
        Most elements named per informative run; words that are contained are given besides, see `choose_hits`.
    syntax : pandas.DataFrame, optional
        Spacing of the motifs' parts, see `combmotif.discovery.syntax_table`: where that of two codons varies, so does
        their frame.
    compared : list of Pairs, optional
        What `compare_runs` gives for these arguments, where it was worked out before.

    Returns
    -------
    pandas.DataFrame
        One row per motif, run, target and place, in the order of `queries` and from left to right; first what is named,
        then what is contained, both by p-value, overlap and target id, as MEME sorts them. Columns:

        - ``motif``, ``target`` (id), ``name``, ``kind``, ``family``, ``database``, ``citation``
        - ``offset``: column of the motif, 0-based, on which the target's first column lies; may be negative
        - ``overlap``: columns shared; ``strand``: ``+`` or ``-``
        - ``p_value`` in (0, 1]; ``e_value``: times the number of targets of all databases; ``q_value``
        - ``query_consensus`` of the columns matched, ``target_consensus``
        - ``method``: ``tomtom`` or ``word``; ``relation``: ``is`` or ``contains``
        - ``start``, ``end``: columns of the motif that were matched, 0-based half-open: a word's own, or the run
        - ``partner``, ``distance``, ``frame``: of a start codon the stop codon downstream, of a stop codon the start
          codon upstream (the nearest in frame, else the nearest): its letters, the nt between both, and 0 in frame, 1
          or 2; the frame is NaN where the distance varies so that it changes

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no database.

    Examples
    --------
    >>> from combmotif.motifs import Motif, MotifSet, load_database, match, word_ppm
    >>> motifs = MotifSet((Motif("pumilio", 100 * word_ppm("UGUANAUA"), 100),))
    >>> match(motifs, [load_database("builtin")], q=0.05, top=1)["name"].tolist()
    ['PUM1/PUM2 (Pumilio)']
    """
    check_search(strands, q)
    if top < 1:
        raise ValueError(f"top: expected at least 1, got {top}")
    if not any(len(database) for database in databases):
        raise ValueError("databases: expected at least one with an entry; load_database('builtin') is our own")
    runs = informative_runs(queries)
    if not runs:
        return pd.DataFrame(columns=COLUMNS)
    pairs = compared or compare_runs(queries, runs, databases, strands=strands)
    elements, layouts = sum(len(pair.entries) for pair in pairs), syntax_of(syntax)
    rows: list[tuple] = []
    for run, hits in zip(runs, choose_hits(runs, pairs, q, top), strict=True):
        motif = queries[run.row]
        said, codons = motif.consensus(queries.alphabet), _codons(motif, pairs) if hits else {}
        for hit in hits:
            entry, (start, end) = hit.entry, hit.columns
            rows.append(
                (motif.id, entry.id, entry.name, entry.kind, entry.family, hit.pair.database, hit.place, hit.overlap,
                 "-" if hit.reverse else "+", hit.p, hit.p * elements, hit.q, said[start:end],
                 consensus_of(entry, queries.alphabet), entry.citation, hit.pair.method, hit.relation, start, end,
                 *_codon_partner(hit, codons, said, layouts.get(motif.id, [])))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _codon_partner(hit: Hit, codons: dict[str, list[int]], consensus: str, parts: list[dict[str, Any]]) -> tuple:
    """Letters, distance and frame of the codon that a start or stop codon belongs to."""
    starts = hit.entry.family == START_CODONS
    found = None
    if not hit.reverse and hit.entry.family in codons:
        others = codons[STOP_CODONS if starts else START_CODONS]
        found = nearest_partner(hit.place, others, consensus, parts, downstream=starts)
    return found or ("", np.nan, np.nan)


def _codons(motif: Motif, pairs: list[Pairs]) -> dict[str, list[int]]:
    """Columns on which the motif has start and stop codons, whichever the databases know."""
    sets = letter_sets(motif.ppm)
    words = [entry for pair in pairs for entry in pair.entries if len(entry.word) == CODON]
    return {
        family: class_places(sets, [entry.word for entry in words if entry.family == family])
        for family in (START_CODONS, STOP_CODONS)
    }


def check_search(strands: str, q: float) -> None:
    """Raise ValueError for strands or a limit of q that no search has."""
    if strands not in ("single", "both"):
        raise ValueError(f"strands: expected 'single' or 'both', got {strands!r}")
    if not 0 < q <= 1:
        raise ValueError(f"q: expected a number above 0 and at most 1, got {q}")


def consensus_of(entry: DatabaseEntry, alphabet: str) -> str:
    """Spell an element: its word, or the consensus of its matrix."""
    if not entry.word:
        return Motif("", entry.ppm * 100, 100).consensus(alphabet)
    return entry.word.replace("T", "U") if alphabet == "rna" else entry.word.replace("U", "T")
