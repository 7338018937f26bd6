"""The scan of the run's sequences: every window of every neuron's layer, and the predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.inference.background import active_level
from combmotif.inference.dense import scan_layers
from combmotif.inference.sites import SiteFinder
from combmotif.runs.context import Context
from combmotif.runs.stages.base import OneFile, Work
from combmotif.runs.stages.sites import Sites, gather, strongest
from combmotif.runs.store import load_arrays, save_arrays
from combmotif.sequence.sets import SequenceSet

NUCLEOTIDES_PER_TASK = 100_000


@dataclass(frozen=True)
class ScanTask(OneFile):
    """Sequences that are scanned together, and the file of the result."""

    rows: range
    path: Path


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
    sites : Sites
        Windows that are strong enough (``RunConfig.scan_threshold``), at most ``sites.most`` of each neuron.
    capped : bool array, shape (neurons,)
        Whether a neuron has more of them.
    windows : integer array, shape (layers, 2)
        Windows of each layer, and those left out because they hold an N.
    """

    best: np.ndarray
    where: np.ndarray
    predictions: np.ndarray
    sites: Sites
    capped: np.ndarray
    windows: np.ndarray

    @property
    def maxima(self) -> np.ndarray:
        """Each neuron's largest activation in the sequences; float (neurons,), -inf where it has no window."""
        return _maxima(self.best)


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
    # one more than is kept, by which it is known that there were more
    sites = strongest(
        Sites((places + [task.rows.start, 0, 0]).astype(np.int32), strengths), context.config.sites.most + 1
    )
    save_arrays(
        task.path,
        {
            "best": finder.best,
            "where": finder.where,
            "prediction": context.model.predict(codes, tracks=tracks),
            "windows": finder.windows,
            "sites": sites.places,
            "strengths": sites.strengths,
        },
    )


def scan_tasks(work: Work) -> list[ScanTask]:
    """Split the sequences into tasks."""
    context, config = work.context, work.context.config
    depends = [neuron.name for neuron in context.neurons], config.scan_threshold, config.sites.most
    return [
        ScanTask(rows, work.file("scan", *depends, rows.start, len(rows), context.sequences_key))
        for rows in chunks_of_sequences(context.sequences)
    ]


def chunks_of_sequences(sequences: SequenceSet) -> list[range]:
    """Split sequences into tasks of about 100,000 nt, whatever the number of workers."""
    together = max(1, int(NUCLEOTIDES_PER_TASK / sequences.lengths.mean()))
    count = len(sequences)
    return [range(start, min(start + together, count)) for start in range(0, count, together)]


def read_scan(context: Context, tasks: Sequence[ScanTask]) -> Scan:
    """Put the results of the tasks together; their sites go by one task after the other."""
    names = ("best", "where", "prediction", "windows")
    parts = [load_arrays(task.path, names) for task in tasks]
    best, where, predictions = (np.concatenate([part[name] for part in parts]) for name in names[:3])
    config = context.config
    levels = active_level(context.backgrounds, _maxima(best), config.scan_threshold)
    own = (Sites(*load_arrays(task.path, ("sites", "strengths")).values()) for task in tasks)
    sites, capped = gather(own, levels, config.sites.most)
    return Scan(best, where, predictions, sites, capped, np.sum([part["windows"] for part in parts], axis=0))


def _maxima(best: np.ndarray) -> np.ndarray:
    maxima: np.ndarray = np.nanmax(np.where(np.isfinite(best), best, -np.inf), axis=0)
    return maxima
