"""The databases of a run, and the tasks of matching: motifs against them and shuffled copies, and their families."""

from __future__ import annotations

import hashlib
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.config.run import RunConfig
from combmotif.config.stages import MatchSection
from combmotif.core.databases import COLLECTIONS
from combmotif.core.seeding import named_generator
from combmotif.models.model import SequenceModel
from combmotif.motifs.matching.control import ShuffledMatches, control_queries, match_shuffled, shuffled_database
from combmotif.motifs.matching.database import Database, load_database, of_kinds
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.pairs import Pairs, compare_runs, informative_runs, joined
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import OneFile, Work
from combmotif.runs.store import load_arrays, save_arrays

MOTIFS_PER_TASK = 200
"""A second or so against the words, a minute against five thousand matrices."""
_NUMBERS = ("p", "offset", "overlap", "reverse")


@dataclass(frozen=True)
class MatchTask(OneFile):
    """Motifs to match, and the file of the result.

    Attributes
    ----------
    motifs : MotifSet
        Those that have an informative run.
    copy : int or None
        Which shuffled copy of the databases, from 0; None for the databases as they are.
    databases : str
        Checksum of the databases, which a worker's must have.
    path : Path
    """

    motifs: MotifSet
    copy: int | None
    databases: str
    path: Path


@dataclass(frozen=True)
class FamilyTask(OneFile):
    """Elements of the databases to sort into families, and the file of the result."""

    databases: str
    path: Path


@dataclass(frozen=True)
class MatchTasks:
    """All tasks of matching.

    Attributes
    ----------
    motifs : tuple of MatchTask
        In the order of the motifs.
    copies : tuple of MatchTask
        In the order of the copies.
    families : FamilyTask
    """

    motifs: tuple[MatchTask, ...]
    copies: tuple[MatchTask, ...]
    families: FamilyTask


def match_kinds(section: MatchSection, model: SequenceModel) -> tuple[list[str] | None, str]:
    """Say which kinds of element are matched, None for all, and what says so: the config, else the model's card."""
    if section.kinds is not None:
        return section.kinds, "match.kinds"
    return model.description.get("match_kinds"), f"match_kinds of the card of model '{model.name}'"


def read_databases(config: RunConfig, model: SequenceModel) -> list[Database]:
    """Read the databases of the match section, and keep the kinds of element that it or the model's card names.

    Raises
    ------
    ValueError, FileNotFoundError
        If a database is not there, or has nothing of these kinds.
    """
    section = config.match
    if section is None:
        return []
    there = [name for name in section.databases if name not in missing_collections(section)]
    databases = [load_database(name, species=section.species, sites=section.sites) for name in there]
    kinds, name = match_kinds(section, model)
    kept = databases if kinds is None else of_kinds(databases, kinds, name=name)
    if not any(map(len, kept)):
        raise ValueError(f"{name}: expected kinds of which {', '.join(section.databases)} has any, found {kinds}")
    return kept


def missing_collections(section: MatchSection) -> list[str]:
    """List the collections that were not fetched; a run goes on without them where other databases are there."""
    missing = [name for name in section.databases if name in COLLECTIONS and not COLLECTIONS[name].path.is_file()]
    return missing if len(missing) < len(section.databases) else []


def match_tasks(work: Work, motifs: MotifSet, databases: Sequence[Database], section: MatchSection) -> MatchTasks:
    """Split the matching into tasks."""
    checksum = _databases_key(databases)
    rows = list(dict.fromkeys(run.row for run in informative_runs(motifs)))
    parts = [
        replace(motifs, motifs=tuple(motifs[row] for row in rows[start : start + MOTIFS_PER_TASK]))
        for start in range(0, len(rows), MOTIFS_PER_TASK)
    ]
    few = control_queries(motifs)

    def task(part: MotifSet, copy: int | None) -> MatchTask:
        depends = [] if copy is None else [copy, section.q]
        path = work.file("match", _motifs_key(part), checksum, section.strands, *depends)
        return MatchTask(part, copy, checksum, path)

    return MatchTasks(
        tuple(task(part, None) for part in parts),
        tuple(task(few, copy) for copy in range(section.shuffles)),
        FamilyTask(checksum, work.file("families", checksum)),
    )


def match_task(context: Context, task: MatchTask | FamilyTask) -> None:
    """Match motifs to the databases or to a shuffled copy of them, or sort their elements; writes an .npz."""
    databases, section = _databases(context, task.databases), _section(context)
    if isinstance(task, FamilyTask):
        entries = [entry for database in with_families(databases) for entry in database.entries]
        arrays = {name: np.array([getattr(entry, name) for entry in entries], dtype=str) for name in ("family", "kind")}
    elif task.copy is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a small database is warned of once, by the stage
            pairs = compare_runs(task.motifs, informative_runs(task.motifs), databases, strands=section.strands)
        arrays = {}
        for number, pair in enumerate(pairs):
            arrays |= {f"{name}{number}": getattr(pair, name) for name in _NUMBERS}
            spelled = [(*key, *place) for key, places in pair.spelled.items() for place in places]
            arrays[f"spelled{number}"] = np.array(spelled, dtype=np.int64).reshape(-1, 4)
    else:
        generator = named_generator(context.config.seed, "matches", "shuffles")
        for _ in range(task.copy + 1):  # the copies before it are drawn as well, which takes no time
            shuffled = [shuffled_database(database, generator) for database in databases]
        found = match_shuffled(task.motifs, shuffled, strands=section.strands, q=section.q)
        arrays = {"keys": np.array([*found], dtype=str).reshape(-1, 3)}
        arrays |= {f"found{number}": one for number, (one, _) in enumerate(found.values())}
        arrays |= {f"lowest{number}": one for number, (_, one) in enumerate(found.values())}
    save_arrays(task.path, arrays)


def read_matched(
    tasks: MatchTasks, motifs: MotifSet, databases: Sequence[Database]
) -> tuple[list[Database], list[Pairs], list[ShuffledMatches]]:
    """Read what the tasks found: the databases with their families, all pairs, and the copies."""
    own = load_arrays(tasks.families.path)
    named = iter(zip(own["family"].tolist(), own["kind"].tolist(), strict=True))
    known = []
    for database in databases:
        families = itertools.islice(named, len(database))
        entries = (replace(e, family=f, kind=k) for e, (f, k) in zip(database.entries, families, strict=True))
        known.append(replace(database, entries=tuple(entries)))
    runs = informative_runs(motifs)
    parts = [_pairs(load_arrays(task.path), known) for task in tasks.motifs]
    copies = []
    for task in tasks.copies:
        arrays = load_arrays(task.path)
        keys = (tuple(key) for key in arrays["keys"].tolist())
        copies.append({key: (arrays[f"found{i}"], arrays[f"lowest{i}"]) for i, key in enumerate(keys)})
    return known, joined(parts, motifs, runs) if parts else [], copies


def _pairs(arrays: dict[str, np.ndarray], databases: Sequence[Database]) -> list[Pairs]:
    """Read the pairs of one task, in the order in which `compare_runs` gives them; `joined` adds what was compared."""
    pairs: list[Pairs] = []
    for database in databases:
        for method in ("word", "tomtom"):
            entries = [entry for entry in database.entries if bool(entry.word) == (method == "word")]
            if entries:
                number = len(pairs)
                spelled: dict[tuple[int, int], list[tuple[int, bool]]] = {}
                for query, word, place, reverse in arrays[f"spelled{number}"].tolist():
                    spelled.setdefault((query, word), []).append((place, bool(reverse)))
                p, offset, overlap, reverse = (arrays[f"{name}{number}"] for name in _NUMBERS)
                pairs.append(Pairs(database.name, entries, method, [], p, offset, overlap, reverse, spelled))
    return pairs


def _section(context: Context) -> MatchSection:
    section = context.config.match
    assert section is not None
    return section


def _databases(context: Context, checksum: str) -> list[Database]:
    """Give the databases, read once per process, and make sure that they are those of the run."""
    if "databases" not in context.kept:
        context.kept["databases"] = read_databases(context.config, context.model)
    databases: list[Database] = context.kept["databases"]
    if _databases_key(databases) != checksum:
        raise ValueError(
            "match.databases: a worker found other elements in them than the run has; give all hosts the same files"
        )
    return databases


def _databases_key(databases: Sequence[Database]) -> str:
    digest = hashlib.sha256()
    for database in databases:
        digest.update(repr((database.name, database.alphabet, len(database))).encode())
        for entry in database.entries:
            digest.update(repr((entry.id, entry.name, entry.kind, entry.family, entry.word, entry.place)).encode())
            digest.update(repr((entry.sites, entry.ppm.shape)).encode())
            digest.update(np.ascontiguousarray(entry.ppm, dtype=float).tobytes())
    return digest.hexdigest()


def _motifs_key(motifs: MotifSet) -> str:
    digest = hashlib.sha256(motifs.alphabet.encode())
    for motif in motifs:
        digest.update(repr((motif.id, motif.reproducibility, motif.ppm.shape)).encode())
        digest.update(np.ascontiguousarray(motif.ppm, dtype=float).tobytes())
    return digest.hexdigest()
