"""How faithful each neuron's motifs are on the run's own sequences: windows, tasks, and the columns of neurons.tsv."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.discovery.faithful import Windows, measure_faithfulness
from combmotif.motifs.cluster import families
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import OneFile, Work
from combmotif.runs.store import TOGETHER, load_arrays, save_arrays
from combmotif.runs.tables import FAITH_COLUMNS
from combmotif.sequence.sets import SequenceSet

_MOST, _FEWEST, _NUCLEOTIDES = 20_000, 4000, 400_000
"""Windows of a layer: as many as hold 400,000 nt, but 4,000 to 20,000; long fields take no longer than short ones."""
_RANDOM = 4000  # random windows beside them


@dataclass(frozen=True)
class FaithTask(OneFile):
    """Neurons of a layer with their motifs, and the file of the result."""

    layer: str
    motifs: tuple[tuple[int, tuple[Motif, ...]], ...]
    path: Path


@dataclass(frozen=True)
class KinTask(OneFile):
    """Motifs to sort into families, and the file of the result."""

    motifs: MotifSet
    path: Path


def draw_windows(sequences: SequenceSet, size: int, random: np.random.Generator) -> Windows:
    """Draw windows from sequences: half of them from one half of the sequences, the rest from the other.

    Parameters
    ----------
    sequences : SequenceSet
        Sequences of one cluster go to the same half, where clusters are known.
    size : int
        Length of the windows in nt. Windows with an N are left out.
    random : numpy.random.Generator

    Returns
    -------
    Windows
        Fewer than asked for where the sequences are short or few; random windows have uniform bases.
    """
    count = min(_MOST, max(_FEWEST, _NUCLEOTIDES // size))
    units = np.arange(len(sequences)) if sequences.clusters is None else np.asarray(sequences.clusters)
    names, unit = np.unique(units, return_inverse=True)
    first = np.isin(unit, random.permutation(len(names))[: (len(names) + 1) // 2])
    halves = [_drawn(sequences, np.flatnonzero(side), size, count // 2, random) for side in (first, ~first)]
    rows, starts = (np.concatenate(parts) for parts in zip(*halves, strict=True))
    codes = np.array([sequences.codes[r][s : s + size] for r, s in zip(rows, starts, strict=True)], np.uint8)
    tracks = None
    if sequences.tracks is not None and len(rows):
        pieces = [sequences.tracks[r][:, s : s + size] for r, s in zip(rows, starts, strict=True)]
        tracks = np.stack(pieces).astype(np.float32)
    background = random.integers(0, 4, (_RANDOM, size)).astype(np.uint8)
    return Windows(codes.reshape(-1, size), background, len(halves[0][0]), tracks)


def _drawn(
    sequences: SequenceSet, rows: np.ndarray, size: int, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw distinct windows without an N from some sequences; their rows and starts."""
    fitting = np.maximum(sequences.lengths[rows] - size + 1, 0)
    ends = np.cumsum(fitting)
    total = int(ends[-1]) if len(ends) else 0
    chosen = random.choice(total, min(count, total), replace=False) if total else np.zeros(0, int)
    at = np.searchsorted(ends, chosen, side="right")
    starts = chosen - (ends - fitting)[at]
    whole = [bool((sequences.codes[r][s : s + size] < 4).all()) for r, s in zip(rows[at], starts, strict=True)]
    return rows[at][whole], starts[whole]


def found_task(context: Context, task: FaithTask | KinTask) -> None:
    """Measure the faithfulness of neurons' motifs on windows of the sequences, or find families; writes an .npz."""
    if isinstance(task, KinTask):
        save_arrays(task.path, {"families": np.array(families(task.motifs), int)})
        return
    probe, seed = context.probe(task.layer), context.config.seed
    random = named_generator(seed, "windows", task.layer)
    windows = draw_windows(context.sequences, probe.receptive_field, random)
    found = []
    with probe.tabulated() if windows.tracks is None else nullcontext():
        values = probe.activations(windows.codes, windows.tracks) if len(windows.codes) else np.zeros((0, 1))
        for neuron, motifs in task.motifs:
            random = named_generator(seed, "faithfulness", task.layer, neuron)
            own = values[:, neuron] if len(values) else values[:, 0]
            score = measure_faithfulness(probe, neuron, motifs, windows, random, activations=own)
            found.append([getattr(score, name) for name in FAITH_COLUMNS])
    save_arrays(task.path, {"scores": np.array(found, float).reshape(-1, len(FAITH_COLUMNS))})


def faith_tasks(work: Work, motifs: MotifSet) -> list[FaithTask]:
    """Split the neurons that have motifs into tasks; motifs of the whole model have no neuron to be faithful to."""
    of: dict[str, dict[int, list[Motif]]] = defaultdict(lambda: defaultdict(list))
    for motif in motifs:
        if motif.neuron >= 0:
            of[motif.layer][motif.neuron].append(motif)
    tasks = []
    for layer, neurons in of.items():
        named = [(neuron, tuple(own)) for neuron, own in neurons.items()]
        for start in range(0, len(named), TOGETHER):
            chunk = tuple(named[start : start + TOGETHER])
            prints = [[neuron, [_print(motif) for motif in own]] for neuron, own in chunk]
            path = work.file("faithful", work.context.sequences_key, layer, prints)
            tasks.append(FaithTask(layer, chunk, path))
    return tasks


def kin_task(work: Work, motifs: MotifSet) -> KinTask:
    """Sort all motifs into families in one task, which takes memory by the square of their number."""
    prints = [[motif.id, motif.ppm.shape, _print(motif)] for motif in motifs]
    return KinTask(motifs, work.file("kin", motifs.alphabet, prints))


def read_faithfulness(tasks: Sequence[FaithTask]) -> dict[tuple[str, int], dict[str, float]]:
    """Read the results of the tasks: (layer, channel) to column and value."""
    return {
        (task.layer, neuron): dict(zip(FAITH_COLUMNS, map(float, row), strict=True))
        for task in tasks
        for (neuron, _), row in zip(task.motifs, load_arrays(task.path)["scores"], strict=True)
    }


def _print(motif: Motif) -> str:
    """Hash what of a motif counts here."""
    text = f"{motif.start} {motif.offsets} ".encode()
    return hashlib.sha256(text + np.ascontiguousarray(motif.pfm, float).tobytes()).hexdigest()
