"""The matches stage: motifs against databases whose elements have family names, and against shuffled ones."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pandas as pd

from combmotif.config.stages import MatchSection
from combmotif.core.files import atomic
from combmotif.core.seeding import named_generator
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.matching.control import (
    ShuffledMatches,
    control_queries,
    match_shuffled,
    shuffled_database,
    summarise_control,
)
from combmotif.motifs.matching.database import Database
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.pairs import Pairs, informative_runs, warn_of_small
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, Cost, Empty, Output, Stage, Trial, Work
from combmotif.runs.stages.match_tasks import (
    MatchTasks,
    match_kinds,
    match_task,
    match_tasks,
    missing_collections,
    read_databases,
    read_matched,
)
from combmotif.runs.stages.motifs import FoundMotifs


def match_motifs(
    motifs: MotifSet,
    databases: Sequence[Database],
    section: MatchSection,
    *,
    seed: int,
    syntax: pd.DataFrame | None = None,
    compared: list[Pairs] | None = None,
    copies: list[ShuffledMatches] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """Match a run's motifs as its config says.

    Parameters
    ----------
    motifs : MotifSet
    databases : sequence of Database
        With the families of their matrices, see `with_families`.
    section : MatchSection
    seed : int
    syntax : pandas.DataFrame, optional
        The spacing of the motifs' parts, for the frames of codons.
    compared, copies : list, optional
        What was worked out before: the pairs of motif and element, and the matches to shuffled databases.

    Returns
    -------
    matches : pandas.DataFrame
        As `combmotif.motifs.matching.match` gives it; with the column ``chance`` where shuffles were asked for.
    control : pandas.DataFrame or None
        See `combmotif.motifs.matching.control.MatchControl`.
    warnings : list of str
    """
    found = match(
        motifs, databases, strands=section.strands, q=section.q, top=section.top, syntax=syntax, compared=compared
    )
    control = None
    if section.shuffles:
        few = control_queries(motifs)
        if copies is None:
            generator = named_generator(seed, "matches", "shuffles")
            shuffles = ([shuffled_database(d, generator) for d in databases] for _ in range(section.shuffles))
            copies = [match_shuffled(few, one, strands=section.strands, q=section.q) for one in shuffles]
        shuffled = summarise_control(few, databases, found, copies)
        found["chance"], control = shuffled.chance, shuffled.table
    dull = len(motifs) - len({run.row for run in informative_runs(motifs)})
    warnings = [
        f"{dull:,} of {len(motifs):,} motifs have no run of columns with 2 bits of information and were not matched to "
        f"known elements."
    ]
    return found, control, warnings if dull else []


class MatchStage(Stage[MatchTasks, None]):
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

    def tasks(self, work: Work) -> Generator[Batch, None, MatchTasks]:
        """Match some motifs in each task, and shuffle the databases once in each of others."""
        motifs, section = work.found[FoundMotifs].motifs, work.context.config.match
        if not len(motifs):
            raise Empty("there is no motif to match")
        assert section is not None
        tasks = match_tasks(work, motifs, work.context.kept["databases"], section)
        yield Batch(match_task, [tasks.families, *tasks.motifs, *tasks.copies])
        return tasks

    def merge(self, work: Work, done: MatchTasks, out: Output) -> None:
        """Write the matches, those of shuffled motifs, and the elements that were matched."""
        context, section, found = work.context, work.context.config.match, work.found[FoundMotifs]
        assert section is not None
        databases, pairs, copies = read_matched(done, found.motifs, context.kept["databases"])
        warn_of_small(databases)
        syntax = None if found.syntax is None else pd.read_csv(found.syntax, sep="\t", dtype=str)
        matches, control, warnings = match_motifs(
            found.motifs, databases, section, seed=context.config.seed, syntax=syntax, compared=pairs, copies=copies
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
        """Say that how many tasks there are depends on the motifs, and so does the time."""
        return Cost(trial.neurons_ratio)
