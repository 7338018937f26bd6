"""The interaction stage: choose the pairs, measure each as a task of its own, test them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from combmotif.config.effects import InteractionSection
from combmotif.core.files import atomic, write_table
from combmotif.core.tables import PAIR_CONTROLS
from combmotif.effects.finite import finite_states, only_finite
from combmotif.effects.pairs.control import Control
from combmotif.effects.pairs.interaction import base_frequencies, model_link, require_frame
from combmotif.effects.pairs.interaction_map import interaction_map, name_families
from combmotif.effects.pairs.measure import MeasuredPair, measure_pair
from combmotif.effects.pairs.pair import Pair
from combmotif.effects.pairs.placements import Windows
from combmotif.effects.pairs.propose import choose_pairs
from combmotif.effects.pairs.states import States
from combmotif.effects.pairs.summary import summarise
from combmotif.effects.pairs.triples import MeasuredTriple, Triple, choose_triples, measure_triple, summarise_triples
from combmotif.effects.pattern import Pattern
from combmotif.effects.prototype.pairs import PrototypePair, measure_prototype, summarise_prototype
from combmotif.inference.incremental.perturb import recording
from combmotif.report.drawing.map_drawing import draw_interaction_map
from combmotif.runs.context import Context
from combmotif.runs.pair_files import read_pairs
from combmotif.runs.predicted import as_array, summary
from combmotif.runs.store import content_key, load_arrays, save_arrays

if TYPE_CHECKING:
    from combmotif.runs.stages.stages import Stages

OUTPUTS = (
    "interactions.tsv", "interaction_instances.tsv.gz", "interaction_spacing.tsv", "interaction_map.tsv",
    "interaction_map.svg", "interaction_triples.tsv", "interaction_controls.tsv.gz",
)  # fmt: skip
"""Files of the stage."""
_STATES = ("o", "a", "b", "n")


@dataclass(frozen=True)
class PairTask:
    """A pair to measure, base frequencies of the sequences, windows to look in, and the file of the result."""

    pair: Pair
    frequencies: np.ndarray
    windows: Windows | None
    path: Path


@dataclass(frozen=True)
class TripleTask:
    """Three motifs to measure, base frequencies of the sequences, and the file of the result."""

    motifs: Triple
    frequencies: np.ndarray
    path: Path


def _section(context: Context) -> InteractionSection:
    section = context.config.interaction
    assert section is not None
    return section


def pair_task(context: Context, task: PairTask) -> None:
    """Measure one motif pair; writes an .npz."""
    with recording() as how:
        pair = measure_pair(
            context.model,
            context.sequences,
            task.pair,
            _section(context),
            frequencies=task.frequencies,
            seed=context.config.seed,
            windows=task.windows,
        )
    numbers = [pair.sequences_with_pair, pair.rejected, pair.unscrambled, pair.overlapping, *pair.control[:3]]
    states = {"o": pair.states.o, "a": pair.states.a, "b": pair.states.b, "n": pair.states.n}
    places = {"rows": pair.rows, "start_a": pair.start_a, "start_b": pair.start_b}
    others = {"fallback": pair.fallback, "numbers": np.array(numbers, float), "controls": pair.control.values}
    if pair.inserted is not None:
        others |= {f"inserted_{name}": getattr(pair.inserted, name) for name in _STATES}
    save_arrays(task.path, {**places, **states, **others, "how": as_array(how)})  # type: ignore[dict-item]


def _read_pair(task: PairTask, mode: str) -> MeasuredPair:
    arrays = load_arrays(task.path)
    with_pair, rejected, unscrambled, overlapping, p, epistasis, count = arrays["numbers"]
    return MeasuredPair(
        task.pair,
        arrays["rows"],
        arrays["start_a"],
        arrays["start_b"],
        States(arrays["o"], arrays["a"], arrays["b"], arrays["n"]),
        int(with_pair),
        mode,
        arrays["fallback"],
        float(rejected),
        int(unscrambled),
        Control(float(p), float(epistasis), int(count), tuple(arrays["controls"].tolist())),
        float(overlapping),
        inserted=States(*(arrays[f"inserted_{name}"] for name in _STATES)) if "inserted_o" in arrays else None,
    )


def _lost(measured: list[MeasuredPair], names: Sequence[str]) -> list[str]:
    """Say of which pairs placements have no finite prediction, how many, and on which sequences."""
    said = []
    for pair in measured:
        draws = ~np.isfinite(np.stack([pair.states.a, pair.states.b, pair.states.n])).all(0)
        if draws.any():
            said.append(
                f"{draws.sum():,} of {draws.size:,} scrambled copies of the placements of {pair.pair} have no finite "
                f"prediction; others of the same placement stand for them."
            )
        kept = only_finite(pair)
        if kept.not_finite:
            there = {*zip(kept.rows.tolist(), kept.start_a.tolist(), kept.start_b.tolist(), strict=True)}
            places = zip(pair.rows.tolist(), pair.start_a.tolist(), pair.start_b.tolist(), strict=True)
            lost = list(dict.fromkeys(names[place[0]] for place in places if place not in there))
            shown = ", ".join(f"'{name}'" for name in lost[:3]) + (", ..." if len(lost) > 3 else "")
            said.append(
                f"{kept.not_finite:,} of {len(pair.rows):,} placements of {pair.pair} have no finite prediction "
                f"(sequences {shown}) and were left out."
            )
        if pair.inserted is not None:
            count, total = len(finite_states(pair.inserted)[0]), len(pair.inserted.o)
            if count < total:
                said.append(
                    f"{total - count:,} of {total:,} backgrounds with {pair.pair} inserted have no finite prediction "
                    "and were left out."
                )
    return said


def _finite_prototype(pair: PrototypePair) -> PrototypePair:
    finite = np.isfinite(np.stack([pair.o, pair.a, pair.b, pair.n])).all(0)
    parts = ("rows", "start_a", "start_b", "o", "a", "b", "n")
    return replace(pair, **{name: getattr(pair, name)[finite] for name in parts})


def prototype_task(context: Context, task: PairTask) -> None:
    """Measure one motif pair as the published prototype does; writes an .npz."""
    output = context.output(_section(context).output, "interaction.output")
    pair = measure_prototype(
        context.model, context.sequences, task.pair, seed=context.config.seed, output=output, windows=task.windows
    )
    names = ("rows", "start_a", "start_b", "o", "a", "b", "n")
    save_arrays(task.path, {name: getattr(pair, name) for name in names})


def triple_task(context: Context, task: TripleTask) -> None:
    """Measure three motifs; writes an .npz."""
    found = measure_triple(
        context.model, context.sequences, task.motifs, _section(context), frequencies=task.frequencies,
        seed=context.config.seed,
    )  # fmt: skip
    save_arrays(task.path, {"rows": found.rows, "starts": found.starts, "states": found.states})


def plan_interactions(context: Context) -> list[Pair]:
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


def run_interactions(stages: Stages) -> None:
    """Test motif pairs by scrambling; write the tables of pairs, placements and distances, and the map."""
    from combmotif.runs.stages.stages import Empty

    context, section = stages.context, stages.context.config.interaction
    if section is None:
        raise Empty("not asked for: the configuration has no 'interaction' section")
    sequences = context.sequences
    frequencies = base_frequencies(sequences.codes)
    if section.pairs == "from_motifs":
        if not len(stages.motifs):
            raise Empty("there is no motif to pair")
        pairs = choose_pairs(
            stages.motifs,
            stages.families,
            sequences.codes,
            max_pairs=section.max_pairs,
            p_value=None if section.p_value == "auto" else section.p_value,
            background=frequencies,
            by_neuron=section.instances == "neurons",
        )
        if not pairs:
            raise Empty("no motif has a part of 4 bits or more that fits into the sequences")
    else:
        pairs = plan_interactions(context)
    pairs = name_families(pairs)
    asked = section.model_dump(exclude={"pairs", "alpha", "margin", "latent", "order", "max_triples", "max_pairs"})
    kind = "prototype" if section.preset else "pair"
    tasks = []
    for pair in pairs:
        windows = _windows(stages, pair, section.fires)
        inside = None if windows is None else [windows.rows.tolist(), windows.starts.tolist(), windows.length]
        key = content_key(kind, stages.base, stages.sequences_key, asked, pair.name, _sides(pair.a, pair.b), inside)
        tasks.append(PairTask(pair, frequencies, windows, stages.store.task(kind, key, ".npz")))
    done = prototype_task if section.preset else pair_task
    stages.bring_up_to_date("interaction", done, tasks, lambda task: (task.path,))
    own = stages.store.file
    if section.preset:
        rows = [_finite_prototype(PrototypePair(task.pair, **load_arrays(task.path))) for task in tasks]
        table, instances = summarise_prototype(rows, sequences.names, alpha=section.alpha)
    else:
        link = model_link(context.model, context.output(section.output, "interaction.output"))
        measured = [_read_pair(task, section.mode) for task in tasks]
        stages.warnings += _lost(measured, sequences.names)
        stages.edits["interaction"] = summary(load_arrays(task.path)["how"] for task in tasks)
        result = summarise(measured, sequences.names, section, units=sequences.clusters, link=link)
        table, instances = result.table, result.instances
        write_table(own("interaction_spacing.tsv"), result.spacing)
        controls = [(pair.pair, e) for pair in measured for e in pair.control.values]
        write_table(own("interaction_controls.tsv.gz"), PAIR_CONTROLS.frame(controls))
    write_table(own("interactions.tsv"), table)
    write_table(own("interaction_instances.tsv.gz"), instances)
    overview = interaction_map(table, pairs)
    write_table(own("interaction_map.tsv"), overview)
    with atomic(own("interaction_map.svg")) as temporary:
        unit = _unit(context, context.output(section.output, "interaction.output"))
        temporary.write_text(draw_interaction_map(overview, unit=unit), encoding="utf-8")
    if section.order == 3 and not section.preset:
        write_table(own("interaction_triples.tsv"), _triples(stages, pairs, list(table["class"]), frequencies, asked))


def _triples(
    stages: Stages, pairs: list[Pair], classes: list[str], frequencies: np.ndarray, asked: dict[str, Any]
) -> pd.DataFrame:
    """Test the triples of the pairs that were found."""
    section = _section(stages.context)
    tasks = []
    for motifs in choose_triples(pairs, classes, most=section.max_triples):
        key = content_key("triple", stages.base, stages.sequences_key, asked, _sides(*motifs))
        tasks.append(TripleTask(motifs, frequencies, stages.store.task("triple", key, ".npz")))
    stages.bring_up_to_date("interaction", triple_task, tasks, lambda task: (task.path,))
    measured = [MeasuredTriple(task.motifs, **load_arrays(task.path)) for task in tasks]
    sequences = stages.context.sequences
    return summarise_triples(measured, sequences.names, section, units=sequences.clusters)


def _sides(*patterns: Pattern) -> list[Any]:
    return [(side.name, side.scores.tolist(), side.threshold) for side in patterns]


def _windows(stages: Stages, pair: Pair, fires: float) -> Windows | None:
    """Windows in which the neuron that reads a pair fires; None where the pair is looked for anywhere."""
    if not pair.neuron:
        return None
    column = next(i for i, neuron in enumerate(stages.context.neurons) if neuron.name == pair.neuron)
    maximum = stages.dataset_maxima()[column]
    here = (stages.places[:, 1] == column) & (stages.strengths >= fires * maximum) & (maximum > 0)
    rows, _, starts = stages.places[here].T
    return Windows(rows, starts, stages.context.neurons[column].probe.receptive_field)


def _unit(context: Context, column: int) -> str:
    outputs = context.model.description.get("outputs") or []
    known = column < len(outputs) and isinstance(outputs[column], dict)
    return str(outputs[column].get("unit") or "") if known else ""
