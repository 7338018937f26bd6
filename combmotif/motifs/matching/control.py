"""How many matches would chance give? The run's own motifs against shuffled databases."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from combmotif.config.stages import MatchSection
from combmotif.core.tables import MATCH_CONTROL
from combmotif.core.typed_yaml import default_of
from combmotif.motifs.matching.database import Database, DatabaseEntry, word_ppm
from combmotif.motifs.matching.hits import CONTAINS, IS, split_q_values
from combmotif.motifs.matching.pairs import compare_runs, informative_runs
from combmotif.motifs.motif import MotifSet
from combmotif.sequence.alphabet import IUPAC, iupac_sets

MOST_QUERIES = 400
_Key = tuple[str, str, str]
ShuffledMatches = dict[_Key, tuple[np.ndarray, np.ndarray]]
"""What one shuffled copy of the databases gave, see `match_shuffled`."""
_SPELLED = {tuple(iupac_sets(letter)[0].tolist()): letter for letter in IUPAC if letter != "T"}


@dataclass(frozen=True)
class MatchControl:
    """Matches to shuffled copies of the databases.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per database, method and relation (``is``, of words also ``contains``), and one per relation for all
        databases together, with the columns `combmotif.core.tables.MATCH_CONTROL`: ``queries`` are the motifs compared,
        of them those that were ``matched``, named by the database or containing a word of it, those
        ``matched_shuffled`` by a copy in the same way (mean over the copies), and their ratio, the ``false_match_rate``
        (at most 1; empty where nothing matched).
    chance : float array, shape (matches,)
        For each row of the matches: share of motifs (times copies) that match a shuffled copy of the row's database as
        well, by p-value; where the row's word is contained, share that contain a word of it no likelier by chance.
    """

    table: pd.DataFrame
    chance: np.ndarray


def match_control(
    queries: MotifSet,
    databases: Sequence[Database],
    matches: pd.DataFrame,
    generator: np.random.Generator,
    *,
    copies: int = 10,
    strands: str = "single",
    q: float = default_of(MatchSection, "q"),
) -> MatchControl:
    """Match the same motifs to shuffled databases, as often as `match` was right to call nothing.

    A p-value rests on a model of chance; this asks chance itself. Every element is shuffled: its positions are put in
    random order, and the letters of each position are renamed at random, which keeps how long and how sharp it is and
    destroys what it says. Motifs beyond 400 are left out evenly.

    Parameters
    ----------
    queries, databases, strands, q
        As for `match`.
    matches : pandas.DataFrame
        What `match` returned for them.
    generator : numpy.random.Generator
    copies : int, default 10
        Shuffled copies of each database.

    Returns
    -------
    MatchControl
    """
    if copies < 1:
        raise ValueError(f"copies: expected at least 1, got {copies}")
    few = control_queries(queries)
    found = [
        match_shuffled(few, [shuffled_database(database, generator) for database in databases], strands=strands, q=q)
        for _ in range(copies)
    ]
    return summarise_control(few, databases, matches, found)


def control_queries(queries: MotifSet) -> MotifSet:
    """Choose the motifs that are matched to shuffled databases: those with an informative run, at most 400."""
    rows = list(dict.fromkeys(run.row for run in informative_runs(queries)))
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(MOST_QUERIES, len(rows))).round().astype(int))
    return replace(queries, motifs=tuple(queries[rows[i]] for i in chosen))


def match_shuffled(
    queries: MotifSet,
    databases: Sequence[Database],
    *,
    strands: str = "single",
    q: float = default_of(MatchSection, "q"),
) -> ShuffledMatches:
    """Match motifs to one shuffled copy of the databases; ``queries`` as `control_queries` chose them.

    Returns
    -------
    dict of (database, method, relation) to (bool array, float array)
        For every motif: whether it matched, and its lowest p-value.
    """
    runs = informative_runs(queries)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a small database was warned of already
        pairs = compare_runs(queries, runs, databases, strands=strands) if runs else []
    result: ShuffledMatches = {}
    for pair, q_values in zip(pairs, split_q_values(pairs) if pairs else [], strict=True):
        spelled = np.zeros(pair.p.shape, dtype=bool)
        spelled[tuple(np.array(list(pair.spelled), dtype=int).reshape(-1, 2).T)] = True
        named = (q_values <= q) & pair.nameable
        rows = [query.row for query in pair.queries]
        sorts = {IS: (named, np.broadcast_to(pair.nameable, named.shape))}
        if pair.method == "word":
            sorts[CONTAINS] = (spelled & ~named, spelled)
        for relation, (matched, counted) in sorts.items():
            found, best = np.zeros(len(queries), dtype=bool), np.full(len(queries), np.inf)
            np.logical_or.at(found, rows, matched.any(1))
            np.minimum.at(best, rows, np.where(counted, pair.p, np.inf).min(1))
            result[pair.database, pair.method, relation] = found, best
    return result


def summarise_control(
    queries: MotifSet, databases: Sequence[Database], matches: pd.DataFrame, copies: Sequence[ShuffledMatches]
) -> MatchControl:
    """Set the matches beside those to shuffled copies, each as `match_shuffled` returned it."""
    called: dict[_Key, list[np.ndarray]] = {}
    lowest: dict[_Key, list[np.ndarray]] = {}
    together: dict[str, list[np.ndarray]] = {IS: [], CONTAINS: []}
    for copy in copies:
        for key, (found, best) in copy.items():
            called.setdefault(key, []).append(found)
            lowest.setdefault(key, []).append(best)
        for relation, all_found in together.items():
            own = [found for (_, _, kind), (found, _) in copy.items() if kind == relation]
            all_found.append(np.any(own, axis=0) if own else np.zeros(len(queries), dtype=bool))
    table = _table([motif.id for motif in queries], databases, matches, called, together)
    return MatchControl(table, _chance(matches, lowest))


def shuffled_database(database: Database, generator: np.random.Generator) -> Database:
    """Shuffle every element: positions in random order, letters of each renamed at random; see `match_control`."""
    return replace(database, entries=tuple(_shuffled(entry, generator) for entry in database.entries))


def _shuffled(entry: DatabaseEntry, generator: np.random.Generator) -> DatabaseEntry:
    order = generator.permutation(len(entry.ppm))
    letters = generator.permuted(np.tile(np.arange(4), (len(order), 1)), axis=1)
    if not entry.word:
        return replace(entry, ppm=np.take_along_axis(entry.ppm[order], letters, axis=1))
    allowed = np.take_along_axis(iupac_sets(entry.word)[order], letters, axis=1)
    word = "".join(_SPELLED[tuple(row)] for row in allowed.tolist())
    return replace(entry, word=word, ppm=word_ppm(word))


def _table(
    motifs: list[str],
    databases: Sequence[Database],
    matches: pd.DataFrame,
    called: dict[_Key, list[np.ndarray]],
    together: dict[str, list[np.ndarray]],
) -> pd.DataFrame:
    sizes = {
        (database.name, method): sum(bool(entry.word) == (method == "word") for entry in database.entries)
        for database in databases
        for method in ("word", "tomtom")
    }
    own = matches[matches["motif"].isin(motifs)]
    parts = [
        (*key, sizes[key[:2]], own[(own["database"] == key[0]) & (own["method"] == key[1])], found)
        for key, found in called.items()
    ]
    parts += [("all", "", relation, sum(sizes.values()), own, found) for relation, found in together.items()]
    rows = []
    for database, method, relation, size, part, found in parts:
        matched = part.loc[part["relation"] == relation, "motif"].nunique()
        false = float(np.mean([copy.sum() for copy in found]))
        rate = min(1.0, false / matched) if matched else np.nan
        rows.append((database, method, relation, size, len(motifs), matched, false, rate, len(found)))
    return MATCH_CONTROL.frame(rows)


def _chance(matches: pd.DataFrame, lowest: dict[_Key, list[np.ndarray]]) -> np.ndarray:
    known = {key: np.sort(np.concatenate(values)) for key, values in lowest.items()}
    result = np.full(len(matches), np.nan)
    for at, row in enumerate(matches.itertuples()):
        values = known.get((row.database, row.method, row.relation))
        if values is not None:
            result[at] = np.searchsorted(values, row.p_value * (1 + 1e-9), side="right") / len(values)
    return result
