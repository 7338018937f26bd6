"""The matches stage: motifs against databases whose elements have family names, and against shuffled ones."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pandas as pd

from combmotif.config.stages import MatchSection
from combmotif.core.files import atomic
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.matching.control import ShuffledMatches, control_queries, summarise_control
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


def tabulate_matches(
    motifs: MotifSet,
    databases: Sequence[Database],
    section: MatchSection,
    pairs: list[Pairs],
    copies: list[ShuffledMatches],
    syntax: pd.DataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Tabulate a run's matches, with the column ``chance`` where shuffles were asked for, and those to shuffles.

    Parameters are what `read_matched` gives and the spacing of the motifs' parts, for the frames of codons.
    """
    found = match(
        motifs, databases, strands=section.strands, q=section.q, top=section.top, syntax=syntax, compared=pairs
    )
    if not section.shuffles:
        return found, None
    shuffled = summarise_control(control_queries(motifs), databases, found, copies)
    found["chance"] = shuffled.chance
    return found, shuffled.table


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
        matches, control = tabulate_matches(found.motifs, databases, section, pairs, copies, syntax)
        if dull := len(found.motifs) - len({run.row for run in informative_runs(found.motifs)}):
            out.warnings.append(
                f"{dull:,} of {len(found.motifs):,} motifs have no run of columns with 2 bits of information and were "
                f"not matched to known elements."
            )
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
