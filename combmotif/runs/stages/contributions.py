"""The contribution stage: compare outcomes over sequences, clamp neurons, scramble their sites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from combmotif.core.files import write_table
from combmotif.core.tables import CONTRIBUTION
from combmotif.effects.frame import region_lengths
from combmotif.effects.neurons.clamp import channel_means, clamp
from combmotif.effects.neurons.contribution import contribution
from combmotif.effects.neurons.sites import scramble_sites
from combmotif.inference.incremental.perturb import recording
from combmotif.runs.context import Context
from combmotif.runs.engines import single_thread
from combmotif.runs.predicted import as_array, summary
from combmotif.runs.store import content_key, load_arrays, save_arrays

if TYPE_CHECKING:
    from combmotif.runs.stages.stages import Stages

DRAWS = 8


@dataclass(frozen=True)
class CausalTask:
    """A neuron to clamp and whose sites to scramble, and the file of the result.

    Attributes
    ----------
    layer : str
    neuron : int
    rows : integer array, shape (n,)
        Sequences in which it is active, at most ``sequences_changed`` of them.
    starts : integer array, shape (n,)
        Its strongest window in each.
    mean, silent : float
        What it is held at, and the activation below which a scrambled site counts as silent.
    outputs : tuple of int
        Columns of the prediction.
    path : Path
    """

    layer: str
    neuron: int
    rows: np.ndarray
    starts: np.ndarray
    mean: float
    silent: float
    outputs: tuple[int, ...]
    path: Path


def sequences_changed(longest: int) -> int:
    """Most active sequences per neuron whose prediction is worked out again: 500 short ones, 30 long ones."""
    return int(np.clip(5_000_000 // (DRAWS * longest), 30, 500))


def causal_task(context: Context, task: CausalTask) -> None:
    """Measure how the predictions change when a neuron is clamped and when its sites are scrambled; writes an .npz."""
    sequences = context.sequences
    codes = [sequences.codes[i] for i in task.rows]
    tracks = sequences.tracks_of(task.rows)
    held = np.array([task.mean])
    clamped = clamp(context.model, task.layer, (task.neuron,), codes, held, tracks=tracks, output=task.outputs)[:, 0]
    with recording() as how:
        scrambled = scramble_sites(
            context.probe(task.layer),
            task.neuron,
            codes,
            task.starts,
            silent=task.silent,
            names=[sequences.names[i] for i in task.rows],
            tracks=tracks,
            seed=context.config.seed,
            draws=DRAWS,
            output=task.outputs,
        )
    save_arrays(task.path, {"clamped": clamped, "scrambled": scrambled, "how": as_array(how)})


def run_contribution(stages: Stages) -> None:
    """Compare outcomes with and without each neuron, over sequences and by intervening; write the table."""
    from combmotif.runs.stages.stages import Empty

    context, section = stages.context, stages.context.config.contribution
    if section is None:
        raise Empty("not asked for: the configuration has no 'contribution' section")
    sequences, model = context.sequences, context.model
    columns = context.outputs(section.output, "contribution.output")
    outcomes: dict[str, np.ndarray] = {}
    if section.outcome in ("prediction", "both"):
        finite_only = np.where(np.isfinite(stages.predictions), stages.predictions, np.nan)
        outcomes |= {f"prediction:{model.outputs[column]}": finite_only[:, column] for column in columns}
    if section.outcome in ("label", "both"):
        for index, name in enumerate(sequences.label_names):
            outcomes[f"label:{name}"] = sequences.labels[:, index]  # type: ignore[index]
    maxima = stages.dataset_maxima()
    finite = np.where(np.isfinite(maxima), maxima, 0)
    neurons = [neuron.name for neuron in context.neurons]
    if section.preset is not None:
        table = contribution(stages.best, outcomes, section, neurons=neurons, maxima=finite)
        write_table(stages.store.file("contribution.tsv"), table.reindex(columns=[*CONTRIBUTION.names, "p_ttest"]))
        return
    changes = _changes(stages, section.levels, columns, maxima) if section.outcome != "label" else {}
    tables = []
    for level in section.levels:
        of_output = {f"prediction:{model.outputs[column]}": i for i, column in enumerate(columns)}
        own = {
            kind: {name: changes[level][arrays][:, :, i] for name, i in of_output.items()} if changes else None
            for kind, arrays in (("causal", "clamped"), ("site", "scrambled"))
        }
        tables.append(
            contribution(
                stages.best,
                outcomes,
                section.model_copy(update={"thresholds": [level]}),
                neurons=neurons,
                maxima=finite,
                sampled_maxima=np.array([samples.maximum for samples in stages.samples]),
                covariates={"length": sequences.lengths, "gc": sequences.gc, **region_lengths(sequences.tracks)},
                changes=own,
            )
        )
    table = pd.concat(tables, ignore_index=True)
    order = {name: place for place, name in enumerate(outcomes)}
    table = table.sort_values("outcome", key=lambda column: column.map(order), kind="stable")
    write_table(stages.store.file("contribution.tsv"), table[CONTRIBUTION.names])


def _changes(
    stages: Stages, levels: tuple[float, ...], outputs: list[int], maxima: np.ndarray
) -> dict[float, dict[str, np.ndarray]]:
    """Clamp each neuron, and scramble its sites, where it is active.

    Returns
    -------
    dict of threshold to dict
        ``clamped`` and ``scrambled``, float (sequences, neurons, outputs), NaN where it was not measured.
    """
    context, sequences = stages.context, stages.context.sequences
    means = {}
    with single_thread():
        for layer in context.layers:
            name = layer.probe.layer
            means[name] = channel_means(context.model, name, sequences.codes, tracks=sequences.tracks)
    most = sequences_changed(int(sequences.lengths.max()))
    tasks: dict[tuple[float, int], CausalTask] = {}
    for level in levels:
        for column, neuron in enumerate(context.neurons):
            silent = level * maxima[column]
            rows = np.flatnonzero(stages.best[:, column] >= silent) if maxima[column] > 0 else np.zeros(0, int)
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))]
            key = content_key("causal", stages.base, neuron.name, outputs, level, stages.sequences_key)
            path = stages.store.task("causal", key, ".npz")
            mean = float(means[neuron.layer][neuron.channel])
            tasks[level, column] = CausalTask(
                neuron.layer,
                neuron.channel,
                rows,
                stages.where[rows, column],
                mean,
                float(silent),
                tuple(outputs),
                path,
            )
    stages.bring_up_to_date("contribution", causal_task, list(tasks.values()), lambda task: (task.path,))
    shape = (*stages.best.shape, len(outputs))
    changes = {level: {name: np.full(shape, np.nan) for name in ("clamped", "scrambled")} for level in levels}
    how = []
    for (level, column), task in tasks.items():
        arrays = load_arrays(task.path)
        how.append(arrays["how"])
        for name, changed in changes[level].items():
            changed[task.rows, column] = arrays[name]
    stages.edits["contribution"] = summary(how)
    return changes
