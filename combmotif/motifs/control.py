"""How many matches would chance give? The run's own motifs against shuffled databases."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from combmotif.motifs.database import Database, DatabaseEntry, word_ppm
from combmotif.motifs.motif import MotifSet
from combmotif.motifs.pairs import Run, compare_runs, informative_runs
from combmotif.sequence.alphabet import IUPAC, iupac_sets

CONTROL_COLUMNS = (
    "database",
    "method",
    "elements",
    "queries",
    "matched",
    "matched_shuffled",
    "false_match_rate",
    "copies",
)
MOST_QUERIES = 400
_SPELLED = {tuple(iupac_sets(letter)[0].tolist()): letter for letter in IUPAC if letter != "T"}


@dataclass(frozen=True)
class MatchControl:
    """Matches to shuffled copies of the databases.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per database and method, and one for all together, with the columns `CONTROL_COLUMNS`: ``queries``
        compared (informative runs), those ``matched`` by the database (q at most the run's, or an identical word),
        those ``matched_shuffled`` by a copy (mean over the copies), and their ratio, the ``false_match_rate`` (at
        most 1; empty where nothing matched).
    chance : float array, shape (matches,)
        For each row of the matches: share of queries (times copies) that match a shuffled copy of the row's database as
        well, by p-value or, for an identical word, by being identical to any.
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
    q: float = 0.05,
    min_overlap: int = 4,
) -> MatchControl:
    """Match the same motifs to shuffled databases, as often as `match` was right to call nothing.

    A p-value rests on a model of chance; this asks chance itself. Every element is shuffled: its positions are put in
    random order, and the letters of each position are renamed at random, which keeps how long and how sharp it is and
    destroys what it says. Runs beyond 400 are left out evenly.

    Parameters
    ----------
    queries, databases, strands, q, min_overlap
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
    runs = informative_runs(queries)
    runs = [runs[i] for i in np.unique(np.linspace(0, len(runs) - 1, min(MOST_QUERIES, len(runs))).round().astype(int))]
    best: dict[tuple[str, str], list[np.ndarray]] = {}
    said: dict[tuple[str, str], list[np.ndarray]] = {}
    called: dict[tuple[str, str], list[np.ndarray]] = {}
    everything: list[np.ndarray] = []
    for _ in range(copies):
        shuffled = [shuffled_database(database, generator) for database in databases]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a small database was warned of already
            pairs = compare_runs(runs, shuffled, strands=strands, min_overlap=min_overlap) if runs else []
        if not pairs:
            continue
        q_values = false_discovery_control(np.concatenate([pair.p for pair in pairs], axis=1).ravel())
        q_values = q_values.reshape(len(runs), -1)
        at, named = 0, []
        for pair in pairs:
            key = (pair.database, pair.method)
            near: np.ndarray = (q_values[:, at : at + len(pair.entries)] <= q) | pair.identical
            best.setdefault(key, []).append(pair.p.min(1))
            said.setdefault(key, []).append(np.asarray(pair.identical.any(1)))
            named.append(np.asarray(near.any(1)))
            called.setdefault(key, []).append(named[-1])
            at += len(pair.entries)
        everything.append(np.any(np.stack(named), axis=0))
    return MatchControl(
        _table(runs, queries, databases, matches, called, everything, copies), _chance(matches, best, said)
    )


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
    runs: list[Run],
    queries: MotifSet,
    databases: Sequence[Database],
    matches: pd.DataFrame,
    called: dict[tuple[str, str], list[np.ndarray]],
    everything: list[np.ndarray],
    copies: int,
) -> pd.DataFrame:
    places = {(queries[run.row].id, run.start) for run in runs}
    true: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for row in matches.itertuples():
        if (row.motif, row.start) in places:
            true.setdefault((row.database, row.method), set()).add((row.motif, row.start))
    sizes = {
        (database.name, method): sum(bool(entry.word) == (method == "word") for entry in database.entries)
        for database in databases
        for method in ("word", "tomtom")
    }
    rows = []
    for key, shares in called.items():
        false = float(np.mean([share.sum() for share in shares]))
        found = len(true.get(key, ()))
        rows.append((*key, sizes[key], len(runs), found, false, min(1.0, false / found) if found else np.nan, copies))
    false = float(np.mean([share.sum() for share in everything])) if everything else 0.0
    found = len(set().union(*true.values())) if true else 0
    rate = min(1.0, false / found) if found else np.nan
    rows.append(("all", "", sum(sizes.values()), len(runs), found, false, rate, copies))
    return pd.DataFrame(rows, columns=list(CONTROL_COLUMNS))


def _chance(
    matches: pd.DataFrame, best: dict[tuple[str, str], list[np.ndarray]], said: dict[tuple[str, str], list[np.ndarray]]
) -> np.ndarray:
    lowest = {key: np.sort(np.concatenate(values)) for key, values in best.items()}
    identical = {key: float(np.concatenate(values).mean()) for key, values in said.items()}
    result = np.full(len(matches), np.nan)
    for at, row in enumerate(matches.itertuples()):
        key = (row.database, row.method)
        if key in lowest:
            below = np.searchsorted(lowest[key], row.p_value * (1 + 1e-9), side="right") / len(lowest[key])
            result[at] = identical[key] if row.identical else below
    return result
