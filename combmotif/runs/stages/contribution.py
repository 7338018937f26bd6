"""The contribution stage: compare outcomes over sequences, clamp neurons, scramble their sites."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.config.effects import ContributionSection
from combmotif.core.tables import CONTRIBUTION
from combmotif.effect.frame import region_lengths
from combmotif.effect.neurons.clamp import channel_sums, clamp
from combmotif.effect.neurons.contribution import contribution
from combmotif.effect.neurons.sites import DRAWS, scramble_sites
from combmotif.inference.background import above_background, active_level
from combmotif.inference.incremental.perturb import recording
from combmotif.runs.context import Context
from combmotif.runs.predicted import as_array, summary
from combmotif.runs.stages.base import Batch, Cost, OneFile, Output, Stage, Trial, Work
from combmotif.runs.stages.samples import Sampled
from combmotif.runs.stages.scan import Scan, chunks_of_sequences
from combmotif.runs.store import in_tasks, load_arrays, save_arrays


@dataclass(frozen=True)
class CausalTask(OneFile):
    """Neurons of a layer to clamp and whose sites to scramble, and the file of the result.

    Attributes
    ----------
    layer : str
    neurons : tuple of int
    rows : tuple of integer arrays, shape (n,)
        Sequences in which each is active, at most ``sequences_changed`` of them.
    starts : tuple of integer arrays, shape (n,)
        Its strongest window in each.
    means, silent : tuple of float
        What each is held at, and the activation below which a scrambled site counts as silent.
    outputs : tuple of int
        Columns of the prediction.
    path : Path
    """

    layer: str
    neurons: tuple[int, ...]
    rows: tuple[np.ndarray, ...]
    starts: tuple[np.ndarray, ...]
    means: tuple[float, ...]
    silent: tuple[float, ...]
    outputs: tuple[int, ...]
    path: Path


@dataclass(frozen=True)
class MeansTask(OneFile):
    """Sequences over which the neurons of all layers are averaged, and the file of the result."""

    rows: range
    path: Path


def sequences_changed(longest: int) -> int:
    """Most active sequences per neuron whose prediction is worked out again: 500 short ones, 30 long ones."""
    return int(np.clip(5_000_000 // (DRAWS * longest), 30, 500))


def means_task(context: Context, task: MeansTask) -> None:
    """Add up what neurons give, of all layers in one pass of the network; writes an .npz."""
    codes = [context.sequences.codes[row] for row in task.rows]
    layers = [layer.probe.layer for layer in context.layers]
    found = channel_sums(context.model, layers, codes, tracks=context.sequences.tracks_of(task.rows))
    arrays = {f"sums{number}": found[layer][0] for number, layer in enumerate(layers)}
    save_arrays(task.path, {**arrays, "positions": np.array([found[layer][1] for layer in layers])})


def means_tasks(work: Work) -> list[MeansTask]:
    """Split the sequences into tasks."""
    context = work.context
    layers = [layer.probe.layer for layer in context.layers]
    return [
        MeansTask(rows, work.file("means", layers, rows.start, len(rows), context.sequences_key))
        for rows in chunks_of_sequences(context.sequences)
    ]


def read_means(context: Context, tasks: Sequence[MeansTask]) -> dict[str, np.ndarray]:
    """Give what the neurons of each layer are held at: their mean over all positions of all sequences."""
    parts = [load_arrays(task.path) for task in tasks]
    positions = np.sum([part["positions"] for part in parts], axis=0)
    return {
        layer.probe.layer: np.sum([part[f"sums{number}"] for part in parts], axis=0) / positions[number]
        for number, layer in enumerate(context.layers)
    }


def causal_task(context: Context, task: CausalTask) -> None:
    """Measure how predictions change when neurons are clamped and when their sites are scrambled; writes an .npz."""
    probe, output = context.probe(task.layer), task.outputs
    arrays: dict[str, np.ndarray] = {}
    with recording() as how:
        for number, neuron in enumerate(task.neurons):
            sequences, held = context.sequences.subset(task.rows[number]), np.array([task.means[number]])
            arrays[f"clamped{number}"] = clamp(
                context.model, task.layer, (neuron,), sequences.codes, held, tracks=sequences.tracks, output=output
            )[:, 0]
            silent, seed = task.silent[number], context.config.seed
            arrays[f"scrambled{number}"] = scramble_sites(
                probe, neuron, sequences, task.starts[number], silent=silent, seed=seed, output=output
            )
    save_arrays(task.path, {**arrays, "how": as_array(how)})


Tasks = dict[tuple[float, tuple[int, ...]], CausalTask]
"""By threshold and the places of their neurons among the run's."""


class ContributionStage(Stage[Tasks, None]):
    """Compare outcomes with and without each neuron, over sequences and by intervening."""

    name = "contribution"
    section = "contribution"
    needs = (Sampled, Scan)
    outputs = ("contribution.tsv",)

    def check(self, context: Context) -> None:
        """Refuse outputs the model does not have."""
        if context.config.contribution is not None:
            _columns(context)

    def tasks(self, work: Work) -> Generator[Batch, None, Tasks]:
        """Average neurons over some sequences in each task, then intervene on some neurons in each.

        There are none where labels are compared, or as the prototype does.
        """
        section = _section(work.context)
        if section.preset is not None or section.outcome == "label":
            return {}
        means = means_tasks(work)
        yield Batch(means_task, means)
        tasks = _causal_tasks(work, read_means(work.context, means))
        yield Batch(causal_task, list(tasks.values()))
        return tasks

    def merge(self, work: Work, done: Tasks, out: Output) -> None:
        """Write the table: neurons, outcomes and thresholds."""
        context, section, scan = work.context, _section(work.context), work.found[Scan]
        outcomes, sequences = _outcomes(context, scan), context.sequences
        maxima = scan.maxima
        finite = np.where(np.isfinite(maxima), maxima, 0)
        neurons = [neuron.name for neuron in context.neurons]
        if section.preset is not None:
            table = contribution(scan.best, outcomes, section, neurons=neurons, maxima=finite)
            out.table("contribution.tsv", table.reindex(columns=[*CONTRIBUTION.names, "p_ttest"]))
            return
        names = [f"prediction:{context.model.outputs[column]}" for column in _columns(context)]
        changes, how = _changes(done, (*scan.best.shape, len(names)))
        out.edits.update(summary(how))
        tables = []
        for level in section.levels:
            own = {
                kind: {name: changes[level][arrays][:, :, i] for i, name in enumerate(names)} if done else None
                for kind, arrays in (("clamp", "clamped"), ("site", "scrambled"))
            }
            tables.append(
                contribution(
                    scan.best,
                    outcomes,
                    section.model_copy(update={"thresholds": [level]}),
                    neurons=neurons,
                    maxima=finite,
                    backgrounds=context.backgrounds,
                    covariates={"length": sequences.lengths, "gc": sequences.gc, **region_lengths(sequences.tracks)},
                    changes=own,
                )
            )
        table = pd.concat(tables, ignore_index=True)
        sampled = {neuron: one.maximum for neuron, one in zip(neurons, work.found[Sampled].samples, strict=True)}
        table["sampled_maximum"] = table["neuron"].map(sampled).astype(float)
        order = {name: place for place, name in enumerate(outcomes)}
        table = table.sort_values("outcome", key=lambda column: column.map(order), kind="stable")
        out.table("contribution.tsv", table[CONTRIBUTION.names])

    def cost(self, trial: Trial) -> Cost:
        """Say that the time grows with the neurons and the sequences in which each is active."""
        context = trial.whole.context
        changed = sequences_changed(int(context.sequences.lengths.max()))
        more = min(trial.sequences_ratio, max(1.0, changed / trial.sequences * 2))
        return Cost(trial.neurons_ratio * more, len(means_tasks(trial.whole)) + len(_parts(context)))


def _section(context: Context) -> ContributionSection:
    section = context.config.contribution
    assert section is not None
    return section


def _columns(context: Context) -> list[int]:
    return context.outputs(_section(context).output, "contribution.output")


def _outcomes(context: Context, scan: Scan) -> dict[str, np.ndarray]:
    """What neurons are compared by: predictions, NaN where they are not finite, and labels."""
    section, sequences, model = _section(context), context.sequences, context.model
    outcomes: dict[str, np.ndarray] = {}
    if section.outcome in ("prediction", "both"):
        finite = np.where(np.isfinite(scan.predictions), scan.predictions, np.nan)
        outcomes |= {f"prediction:{model.outputs[column]}": finite[:, column] for column in _columns(context)}
    if section.outcome in ("label", "both"):
        for index, name in enumerate(sequences.label_names):
            outcomes[f"label:{name}"] = sequences.labels[:, index]  # type: ignore[index]
    return outcomes


def _parts(context: Context) -> list[tuple[int, ...]]:
    """Split the neurons into tasks, each of neurons of one layer; their places among the run's."""
    count = len(context.neurons)
    columns = [range(count)[context.columns(layer)] for layer in context.layers]
    return [part for own in columns for part in in_tasks(own, count)]


def _causal_tasks(work: Work, means: dict[str, np.ndarray]) -> Tasks:
    """Choose the sequences in which each neuron is active, at every threshold; ``means`` are of every layer."""
    context, scan, sequences = work.context, work.found[Scan], work.context.sequences
    outputs, maxima = _columns(context), scan.maxima
    most = sequences_changed(int(sequences.lengths.max()))
    tasks = {}
    alive = above_background(context.backgrounds, maxima)
    for level in _section(context).levels:
        active = active_level(context.backgrounds, maxima, level)

        def rows_of(column: int, level: float) -> np.ndarray:
            rows = np.flatnonzero(scan.best[:, column] >= level) if alive[column] else np.zeros(0, int)
            return rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))]

        for columns in _parts(context):
            neurons = [context.neurons[column] for column in columns]
            rows = tuple(rows_of(column, active[column]) for column in columns)
            tasks[level, columns] = CausalTask(
                neurons[0].layer,
                tuple(neuron.channel for neuron in neurons),
                rows,
                tuple(scan.where[own, column] for own, column in zip(rows, columns, strict=True)),
                tuple(float(means[neuron.layer][neuron.channel]) for neuron in neurons),
                tuple(active[list(columns)].tolist()),
                tuple(outputs),
                work.file("causal", [neuron.name for neuron in neurons], outputs, level, context.sequences_key),
            )
    return tasks


def _changes(tasks: Tasks, shape: tuple[int, ...]) -> tuple[dict[float, dict[str, np.ndarray]], list[np.ndarray]]:
    """Read how predictions changed when neurons were clamped, and when their sites were scrambled.

    Returns
    -------
    changes : dict of threshold to dict
        ``clamped`` and ``scrambled``, float (sequences, neurons, outputs), NaN where it was not measured.
    how : list of array
        How the edited sequences were predicted.
    """
    how = []
    levels = dict.fromkeys(level for level, _ in tasks)
    changes = {level: {name: np.full(shape, np.nan) for name in ("clamped", "scrambled")} for level in levels}
    for (level, columns), task in tasks.items():
        arrays = load_arrays(task.path)
        how.append(arrays["how"])
        for name, changed in changes[level].items():
            for number, (rows, column) in enumerate(zip(task.rows, columns, strict=True)):
                changed[rows, column] = arrays[f"{name}{number}"]
    return changes, how
