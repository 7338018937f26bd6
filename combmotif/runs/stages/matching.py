"""The matches of a run: motifs against databases whose elements have family names, and against shuffled ones."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from combmotif.config.stages import MatchSection
from combmotif.core.seeding import named_generator
from combmotif.models.model import SequenceModel
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.database import Database
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.pairs import informative_runs
from combmotif.motifs.motif import MotifSet


def match_kinds(section: MatchSection, model: SequenceModel) -> tuple[list[str] | None, str]:
    """Say which kinds of element are matched, None for all, and what says so: the config, else the model's card."""
    if section.kinds is not None:
        return section.kinds, "match.kinds"
    return model.description.get("match_kinds"), f"match_kinds of the card of model '{model.name}'"


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
