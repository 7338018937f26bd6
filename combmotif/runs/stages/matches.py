"""The matches stage: motifs against databases whose elements have family names, and against shuffled ones."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pandas as pd

from combmotif.config.run import RunConfig
from combmotif.config.stages import MatchSection
from combmotif.core.databases import COLLECTIONS
from combmotif.core.files import atomic
from combmotif.core.seeding import named_generator
from combmotif.models.model import SequenceModel
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.database import Database, load_database, of_kinds
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.pairs import informative_runs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, Cost, Empty, Output, Stage, Trial, Work
from combmotif.runs.stages.motifs import FoundMotifs


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


def match_motifs(
    motifs: MotifSet,
    databases: Sequence[Database],
    section: MatchSection,
    *,
    seed: int,
    syntax: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """Match a run's motifs as its config says; ``syntax`` is the spacing of their parts, for the frames of codons.

    Returns
    -------
    matches : pandas.DataFrame
        As `combmotif.motifs.matching.match` gives it; with the column ``chance`` where shuffles were asked for.
    control : pandas.DataFrame or None
        See `combmotif.motifs.matching.control.MatchControl`.
    warnings : list of str
    """
    known = with_families(databases)
    found = match(motifs, known, strands=section.strands, q=section.q, top=section.top, syntax=syntax)
    control = None
    if section.shuffles:
        shuffled = match_control(
            motifs,
            known,
            found,
            named_generator(seed, "matches", "shuffles"),
            copies=section.shuffles,
            strands=section.strands,
            q=section.q,
        )
        found["chance"], control = shuffled.chance, shuffled.table
    dull = len(motifs) - len({run.row for run in informative_runs(motifs)})
    warnings = [
        f"{dull:,} of {len(motifs):,} motifs have no run of columns with 2 bits of information and were not matched to "
        f"known elements."
    ]
    return found, control, warnings if dull else []


class MatchStage(Stage[None, None]):
    """Match the motifs to known elements."""

    name = "matches"
    section = "match"
    needs = (FoundMotifs,)
    outputs = ("matches.tsv", "match_control.tsv", "motifs/targets.meme")

    def check(self, context: Context) -> None:
        """Read the databases, which the stage then finds read."""
        context.kept["databases"] = read_databases(context.config, context.model)
        section = context.config.match
        context.kept["missing"] = [] if section is None else missing_collections(section)

    def tasks(self, work: Work) -> Generator[Batch, None, None]:
        """Leave it all to `merge`, which takes no longer than to start a worker."""
        if not len(work.found[FoundMotifs].motifs):
            raise Empty("there is no motif to match")
        yield from ()

    def merge(self, work: Work, done: None, out: Output) -> None:
        """Match, and write the matches, those of shuffled motifs, and the elements that were matched."""
        context, section, found = work.context, work.context.config.match, work.found[FoundMotifs]
        assert section is not None
        databases: list[Database] = context.kept["databases"]
        syntax = None if found.syntax is None else pd.read_csv(found.syntax, sep="\t", dtype=str)
        matches, control, warnings = match_motifs(
            found.motifs, databases, section, seed=context.config.seed, syntax=syntax
        )
        out.warnings.extend(warnings)
        for name in context.kept["missing"]:
            others = ", ".join(one for one in section.databases if one not in context.kept["missing"])
            out.warnings.append(
                f"match.databases: {name} is not fetched, so motifs were matched to {others} alone; run 'combmotif "
                f"fetch {name}', then this config again."
            )
        kinds, origin = match_kinds(section, context.model)
        if kinds is not None:
            out.notes.append(f"Elements of these kinds were matched: {', '.join(kinds)} ({origin}).")
        if control is not None:
            out.table("match_control.tsv", control)
        out.table("matches.tsv", matches)
        if not len(matches):
            raise Empty(f"no motif resembles a known element at q <= {section.q:g}")
        targets = {(row.database, row.target) for row in matches.itertuples()}
        matched = {
            entry.id: Motif(entry.id, entry.ppm * 1000, sites=1000, method=database.name)
            for database in databases
            for entry in database.entries
            if (database.name, entry.id) in targets
        }
        with atomic(out.file("motifs/targets.meme")) as temporary:
            write_meme(MotifSet(tuple(matched.values()), "targets", found.motifs.alphabet), temporary)

    def cost(self, trial: Trial) -> Cost:
        """Say that it is one step, whose time grows with the motifs."""
        return Cost(trial.neurons_ratio, parallel=False)
