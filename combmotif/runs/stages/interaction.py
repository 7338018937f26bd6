"""The interaction stage: choose the pairs, measure each as a task of its own, test them together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import PairSection
from combmotif.core.files import atomic
from combmotif.core.tables import PAIR_CONTROLS
from combmotif.effect.pairs.interaction import base_frequencies, model_link, require_frame
from combmotif.effect.pairs.interaction_map import interaction_map, name_families
from combmotif.effect.pairs.measure import MeasuredPair
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows
from combmotif.effect.pairs.propose import choose_pairs
from combmotif.effect.pairs.summary import summarise
from combmotif.effect.pairs.triples import MeasuredTriple, choose_triples, summarise_triples
from combmotif.effect.pattern import Pattern
from combmotif.effect.prototype import summarise_prototype
from combmotif.inference.background import active_level
from combmotif.report.drawing.map_drawing import draw_interaction_map
from combmotif.runs.context import Context
from combmotif.runs.pair_files import read_pairs
from combmotif.runs.predicted import summary
from combmotif.runs.stages.base import Batch, Cost, Empty, Output, Stage, Trial, Work
from combmotif.runs.stages.motifs import FoundMotifs
from combmotif.runs.stages.pairs import (
    PairTask,
    TripleTask,
    interaction_section,
    not_finite_pairs,
    pair_task,
    prototype_task,
    read_pair,
    read_prototype,
    triple_task,
)
from combmotif.runs.stages.scan import Scan
from combmotif.runs.store import load_arrays

_NO_PART_OF_THE_KEY = {"pairs", "alpha", "margin", "latent", "order", "max_triples", "max_pairs"}
"""Settings that change which pairs are measured, or how they are tested, but no measurement."""


@dataclass(frozen=True)
class InteractionDone:
    """What was measured.

    Attributes
    ----------
    pairs : list of Pair
    measured : list of MeasuredPair
        Empty where it was done as the prototype does.
    tables : dict of str to DataFrame
        By file; ``interactions.tsv`` is among them.
    triples : list of TripleTask or None
        None where none are asked for.
    how : list of array
        How the edited sequences were predicted.
    """

    pairs: list[Pair]
    measured: list[MeasuredPair]
    tables: dict[str, pd.DataFrame]
    triples: list[TripleTask] | None
    how: list[np.ndarray]


class InteractionStage(Stage[InteractionDone, None]):
    """Test motif pairs by scrambling."""

    name = "interaction"
    section = "interaction"
    needs = (FoundMotifs, Scan)
    outputs = (
        "interactions.tsv", "interaction_instances.tsv.gz", "interaction_spacing.tsv", "interaction_map.tsv",
        "interaction_map.svg", "interaction_triples.tsv", "interaction_controls.tsv.gz",
    )  # fmt: skip

    def check(self, context: Context) -> None:
        """Refuse an output the model does not have, and pairs that cannot be."""
        if context.config.interaction is not None:
            context.output(context.config.interaction.output, "interaction.output")
            given_pairs(context)

    def tasks(self, work: Work) -> Generator[Batch, None, InteractionDone]:
        """Measure one pair in each task, then one triple of the pairs that were found in each."""
        section, key = interaction_section(work.context), _key(work)
        frequencies = base_frequencies(work.context.sequences.codes)
        pairs = name_families(_pairs(work, frequencies))
        kind = "prototype" if section.preset else "pair"
        tasks = []
        for pair in pairs:
            windows = _windows(work, pair, section.fires)
            inside = None if windows is None else [windows.rows.tolist(), windows.starts.tolist(), windows.length]
            path = work.file(kind, *key, pair.name, _sides(pair.a, pair.b), inside)
            tasks.append(PairTask(pair, frequencies, windows, path))
        yield Batch(prototype_task if section.preset else pair_task, tasks)
        if section.preset:
            return InteractionDone(pairs, [], _prototype_tables(work.context, tasks), None, [])
        measured = [read_pair(task, section.mode) for task in tasks]
        how = [load_arrays(task.path)["how"] for task in tasks]
        tables = _tables(work.context, measured)
        if section.order < 3:
            return InteractionDone(pairs, measured, tables, None, how)
        classes = list(tables["interactions.tsv"]["class"])
        triples = [
            TripleTask(motifs, frequencies, work.file("triple", *key, _sides(*motifs)))
            for motifs in choose_triples(pairs, classes, most=section.max_triples)
        ]
        yield Batch(triple_task, triples)
        return InteractionDone(pairs, measured, tables, triples, how)

    def merge(self, work: Work, done: InteractionDone, out: Output) -> None:
        """Write the tables of pairs, placements, distances and triples, and the map."""
        context, section = work.context, interaction_section(work.context)
        out.warnings.extend(not_finite_pairs(done.measured, context.sequences.names))
        out.edits.update(summary(done.how))
        for file, table in done.tables.items():
            out.table(file, table)
        overview = interaction_map(done.tables["interactions.tsv"], done.pairs)
        out.table("interaction_map.tsv", overview)
        with atomic(out.file("interaction_map.svg")) as temporary:
            unit = _unit(context, context.output(section.output, "interaction.output"))
            temporary.write_text(draw_interaction_map(overview, unit=unit), encoding="utf-8")
        if done.triples is not None:
            triples = summarise_triples(
                [MeasuredTriple(task.motifs, **load_arrays(task.path)) for task in done.triples],
                context.sequences.names,
                section,
                units=context.sequences.clusters,
            )
            out.table("interaction_triples.tsv", triples)

    def cost(self, trial: Trial) -> Cost:
        """Say that every pair is a task, whose time grows with the sequences that hold it."""
        context = trial.whole.context
        section, given = interaction_section(context), given_pairs(context)
        pairs = len(given) or section.max_pairs
        smaller: dict[str, Any] = {"max_pairs": 1}
        if given:
            first = given[0]
            smaller = {"pairs": [PairSection(a=first.a.name, b=first.b.name, neuron=first.neuron or None)]}
        more = min(trial.sequences_ratio, section.max_sequences / section.n_min)
        return Cost(pairs * more, pairs, smaller={"interaction": smaller})


def _key(work: Work) -> list[Any]:
    """What the result of a pair or triple depends on, beside its motifs."""
    asked = interaction_section(work.context).model_dump(exclude=_NO_PART_OF_THE_KEY)
    return [work.context.sequences_key, asked]


def given_pairs(context: Context) -> list[Pair]:
    """Read the pairs of words a config gives, checked; empty for ``from_motifs`` and where none are asked for.

    Raises
    ------
    ValueError
        If a word is no IUPAC word, is longer than the sequences, a table lacks the columns a and b, a neuron is not
        among those of the run, or the mode needs a coding frame that the sequences do not have.
    """
    section = context.config.interaction
    if section is None:
        return []
    if section.mode == "synonymous":
        try:
            require_frame(context.sequences)
        except ValueError as error:
            raise ValueError(f"interaction.{error}") from None
    if section.pairs == "from_motifs":
        return []
    pairs = read_pairs(section, alphabet=context.model.input_spec.alphabet)
    longest = int(context.sequences.lengths.max())
    known = {neuron.name for neuron in context.neurons}
    for pair in pairs:
        if len(pair.a) + len(pair.b) + pair.spacing[0] > longest:
            raise ValueError(
                f"interaction.pairs: {pair.a.name} and {pair.b.name} do not fit into the longest sequence of "
                f"{longest} nt"
            )
        if pair.neuron and pair.neuron not in known:
            raise ValueError(
                f"interaction.pairs: {pair.name}: expected a neuron that the run interprets, found '{pair.neuron}'; "
                f"add it to 'neurons', or write 'instances: scan'"
            )
    if section.instances == "neurons" and not any(pair.neuron for pair in pairs):
        raise ValueError(
            "interaction.instances: neurons needs the neuron that reads each pair, and no pair has one; name it "
            "(neuron: conv5:13), or write 'instances: scan'"
        )
    return pairs


def _pairs(work: Work, frequencies: np.ndarray) -> list[Pair]:
    """Pairs to measure: those of the config, or of the motifs found."""
    context, section = work.context, interaction_section(work.context)
    if section.pairs != "from_motifs":
        return given_pairs(context)
    found = work.found[FoundMotifs]
    if not len(found.motifs):
        raise Empty("there is no motif to pair")
    pairs = choose_pairs(
        found.motifs,
        found.families,
        context.sequences.codes,
        max_pairs=section.max_pairs,
        p_value=None if section.p_value == "auto" else section.p_value,
        background=frequencies,
        by_neuron=section.instances == "neurons",
    )
    if not pairs:
        raise Empty("no motif has a part of 4 bits or more that fits into the sequences")
    return pairs


def _prototype_tables(context: Context, tasks: Sequence[PairTask]) -> dict[str, pd.DataFrame]:
    """Test pairs as the published prototype does."""
    section = interaction_section(context)
    pairs = [read_prototype(task) for task in tasks]
    table, instances = summarise_prototype(pairs, context.sequences.names, alpha=section.alpha)
    return {"interactions.tsv": table, "interaction_instances.tsv.gz": instances}


def _tables(context: Context, measured: Sequence[MeasuredPair]) -> dict[str, pd.DataFrame]:
    """Test all pairs together."""
    section = interaction_section(context)
    link = model_link(context.model, context.output(section.output, "interaction.output"))
    result = summarise(measured, context.sequences.names, section, units=context.sequences.clusters, link=link)
    controls = [(pair.pair, e) for pair in measured for e in pair.control.values]
    return {
        "interactions.tsv": result.table,
        "interaction_instances.tsv.gz": result.instances,
        "interaction_spacing.tsv": result.spacing,
        "interaction_controls.tsv.gz": PAIR_CONTROLS.frame(controls),
    }


def _sides(*patterns: Pattern) -> list[Any]:
    return [(side.name, side.scores.tolist(), side.threshold) for side in patterns]


def _windows(work: Work, pair: Pair, fires: float) -> Windows | None:
    """Windows in which the neuron that reads a pair fires; None where the pair is looked for anywhere."""
    if not pair.neuron:
        return None
    neurons, scan = work.context.neurons, work.found[Scan]
    column = next(i for i, neuron in enumerate(neurons) if neuron.name == pair.neuron)
    level = active_level(work.context.backgrounds, scan.maxima, fires)[column]
    sites = scan.sites.of(column)
    rows, _, starts = sites.places[sites.strengths >= level].astype(np.int64).T
    order = np.lexsort((starts, rows))
    rows, starts = rows[order], starts[order]
    return Windows(rows, starts, neurons[column].probe.receptive_field)


def _unit(context: Context, column: int) -> str:
    outputs = context.model.description.get("outputs") or []
    known = column < len(outputs) and isinstance(outputs[column], dict)
    return str(outputs[column].get("unit") or "") if known else ""
