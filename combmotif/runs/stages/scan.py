"""The scan of the run's sequences: every window of every neuron's layer, and the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.inference.dense import scan_layers
from combmotif.inference.sites import SiteFinder
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Work
from combmotif.runs.store import load_arrays, save_arrays

NUCLEOTIDES_PER_TASK = 100_000


@dataclass(frozen=True)
class ScanTask:
    """Sequences that are scanned together, and the file of the result."""

    rows: range
    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """One .npz."""
        return (self.path,)


@dataclass(frozen=True)
class Scan:
    """What the scan of all sequences found.

    Attributes
    ----------
    best : float array, shape (sequences, neurons)
        Largest activation, NaN without a valid window.
    where : integer array, shape (sequences, neurons)
        First position of that window.
    predictions : float array, shape (sequences, outputs)
    places : integer array, shape (n, 3)
        Windows that are strong enough: row of the sequence, place of the neuron among the run's, first position.
    strengths : float array, shape (n,)
        Activations there.
    windows : integer array, shape (layers, 2)
        Windows of each layer, and those left out because they hold an N.
    """

    best: np.ndarray
    where: np.ndarray
    predictions: np.ndarray
    places: np.ndarray
    strengths: np.ndarray
    windows: np.ndarray

    @property
    def maxima(self) -> np.ndarray:
        """Each neuron's largest activation in the sequences; float (neurons,), -inf where it has no window."""
        maxima: np.ndarray = np.nanmax(np.where(np.isfinite(self.best), self.best, -np.inf), axis=0)
        return maxima


def scan_task(context: Context, task: ScanTask) -> None:
    """Predict sequences and find each neuron's strongest windows; writes an .npz.

    Of every neuron and sequence the strongest valid window is kept, and every local maximum that may yet turn out to
    be a site: at or above the threshold's share of the way from the background to the largest among these sequences.
    """
    threshold = context.config.scan_threshold
    codes = [context.sequences.codes[i] for i in task.rows]
    tracks = context.sequences.tracks_of(task.rows)
    neurons = {layer.probe.layer: layer.channels for layer in context.layers}
    finder = SiteFinder(len(codes), neurons, threshold, backgrounds=context.backgrounds)
    for block in scan_layers(context.model, list(neurons), codes, tracks=tracks):
        finder.add(block)
    places, strengths = finder.sites()
    save_arrays(
        task.path,
        {
            "best": finder.best,
            "where": finder.where,
            "prediction": context.model.predict(codes, tracks=tracks),
            "sites": places + [task.rows.start, 0, 0],
            "strengths": strengths,
            "windows": finder.windows,
        },
    )


def scan_tasks(work: Work) -> list[ScanTask]:
    """Split the sequences into tasks."""
    context, threshold = work.context, work.context.config.scan_threshold
    together = max(1, int(NUCLEOTIDES_PER_TASK / context.sequences.lengths.mean()))
    neurons = [neuron.name for neuron in context.neurons]
    tasks = []
    for start in range(0, len(context.sequences), together):
        rows = range(start, min(start + together, len(context.sequences)))
        path = work.file("scan", neurons, threshold, start, together, context.sequences_key)
        tasks.append(ScanTask(rows, path))
    return tasks


def read_scan(tasks: Sequence[ScanTask]) -> Scan:
    """Put the results of the tasks together."""
    parts = [load_arrays(task.path) for task in tasks]
    best, where, predictions, places, strengths = (
        np.concatenate([part[name] for part in parts]) for name in ("best", "where", "prediction", "sites", "strengths")
    )
    return Scan(best, where, predictions, places, strengths, np.sum([part["windows"] for part in parts], axis=0))
