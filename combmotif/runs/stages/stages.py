"""The stages of a run, in order; each brings its task results up to date and writes its tables."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.core.files import atomic, write_table
from combmotif.core.version import __version__
from combmotif.models.predict_file import not_finite
from combmotif.motifs.cluster import families
from combmotif.motifs.formats.h5 import load_motifs, save_motifs
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.matching.database import Database
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context, sequences_checksum, source_checksum
from combmotif.runs.engines import Engine, Task
from combmotif.runs.stages.attributed import run_modisco
from combmotif.runs.stages.dataset_seqlets import run_dataset_seqlets
from combmotif.runs.stages.faithful import run_faithfulness
from combmotif.runs.stages.matching import match_kinds, match_motifs
from combmotif.runs.store import PROGRESS, RunStore, content_key, load_arrays
from combmotif.runs.tables import (
    activation_table,
    bed_table,
    motif_table,
    neuron_table,
    sample_table,
    site_table,
    unsampled,
)
from combmotif.runs.tasks import (
    NeuronTask,
    ScanTask,
    beside,
    motif_task,
    sample_task,
    scan_task,
)
from combmotif.sampling.samples import Samples

NEURONS_PER_TASK = 8
NUCLEOTIDES_PER_TASK = 100_000
MOTIF_FILES = ("neuronmotif", "modisco", "seqlets")
"""Names of motif files, one per method; a run keeps those of its own."""


class Empty(Exception):
    """A stage ends without a result, for the reason given."""


@dataclass
class Stages:
    """The state of a run between its stages.

    Attributes
    ----------
    context : Context
    store : RunStore
    engine : Engine
    databases : sequence of Database
        Of the match section.
    on_progress : callable
        Called with (stage, tasks done, tasks in all).
    motifs, apart : MotifSet
        Those that are reported, and those that did not come again in the other half of a neuron's samples.
    faithfulness : dict of (layer, neuron) to dict
        See `combmotif.runs.stages.faithful.run_faithfulness`.
    notes : dict of stage to list of str
        What a reader of a stage's results should know also where all is well, for run.json.
    edits : dict of stage to dict
        How edited sequences were predicted there, for run.json; see `predicted.summary`.
    redone : dict of stage to list of str
        Results that had been damaged since an earlier run wrote them, for run.json.
    """

    context: Context
    store: RunStore
    engine: Engine
    databases: Sequence[Database]
    on_progress: Callable[[str, int, int], None]
    files: set[Path] = field(default_factory=set)
    done: dict[str, int] = field(default_factory=dict)
    reused: dict[str, int] = field(default_factory=dict)
    samples: list[Samples] = field(default_factory=list)
    motifs: MotifSet = field(default_factory=lambda: MotifSet((), "neuronmotif"))
    apart: MotifSet = field(default_factory=lambda: MotifSet((), "neuronmotif"))
    faithfulness: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)
    families: list[int] = field(default_factory=list)
    matches: pd.DataFrame = field(default_factory=pd.DataFrame)
    best: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    places: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), int))
    strengths: np.ndarray = field(default_factory=lambda: np.zeros(0))
    where: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), int))
    predictions: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    edits: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    redone: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.context.model
        self.base = [
            __version__, model.fingerprint(), source_checksum(model.module), self.context.config.seed,
        ]  # fmt: skip
        self.sequences_key = sequences_checksum(self.context.sequences)

    def bring_up_to_date(
        self, stage: str, task: Task, payloads: Sequence[Any], paths: Callable[[Any], Sequence[Path]]
    ) -> None:
        """Do the tasks whose files are not there yet."""
        self.files.update(path for payload in payloads for path in paths(payload))
        todo = [payload for payload in payloads if not all(self.store.is_whole(path) for path in paths(payload))]
        if self.store.redone:
            damaged, self.store.redone = self.store.redone, []
            count = f"{len(damaged)} results were" if len(damaged) > 1 else "a result was"
            warnings.warn(
                f"{self.store.path}: {count} damaged after being written (tasks/{damaged[0]}) and will be "
                f"computed again",
                stacklevel=1,
            )
            self.redone.setdefault(stage, []).extend(damaged)
        self.done[stage] = self.done.get(stage, 0) + len(payloads)
        self.reused[stage] = self.reused.get(stage, 0) + len(payloads) - len(todo)
        past = len(payloads) - len(todo)
        files = [path.name for payload in payloads for path in paths(payload)]
        self.store.write_json(PROGRESS, {"stage": stage, "files": files})
        self.on_progress(stage, past, len(payloads))
        self.store.folder.files([path for payload in todo for path in paths(payload)])

        def on_done(payload: Any, done: int) -> None:
            self.store.seal(*paths(payload))
            self.on_progress(stage, past + done, len(payloads))

        self.engine.run(task, todo, on_done=on_done)

    def begin(self, stage: str) -> None:
        """Say that a stage begins."""
        self.on_progress(stage, 0, 1)

    def _chunks(self, together: int = NEURONS_PER_TASK) -> list[tuple[str, tuple[int, ...]]]:
        """Split the neurons into tasks: (layer, channels)."""
        return [
            (layer.probe.layer, layer.channels[i : i + together])
            for layer in self.context.layers
            for i in range(0, len(layer.channels), together)
        ]

    def run_samples(self) -> None:
        """Find windows that excite each neuron."""
        if self.context.config.discover.origin == "dataset":
            self.store.keep_only("samples", set())
            self.store.remove("samples.tsv")
            self.samples = [unsampled(neuron.layer, neuron.channel) for neuron in self.context.neurons]
            raise Empty("not needed: motifs come from the sequences given (discover.from: dataset)")
        section = self.context.config.sample
        of_data = section.origin == "dataset" or section.tracks == "data"
        depends = [self.sequences_key] if of_data else []
        tasks = []
        # one scan of the sequences serves all neurons of a layer
        for layer, chunk in self._chunks(10**9 if section.origin == "dataset" else NEURONS_PER_TASK):
            key = content_key("samples", self.base, section.model_dump(), layer, chunk, *depends)
            paths = tuple(self.store.task("samples", f"{key}-{neuron}", ".npz") for neuron in chunk)
            tasks.append(NeuronTask(layer, chunk, paths))
        self.bring_up_to_date("samples", sample_task, tasks, lambda task: task.paths)
        self._sample_paths = {
            (task.layer, n): p for task in tasks for n, p in zip(task.neurons, task.paths, strict=True)
        }
        self.samples = [Samples.load(path) for task in tasks for path in task.paths]
        copies = [self.store.path / "samples" / s.layer / f"{s.neuron}.npz" for s in self.samples]
        self.store.keep_only("samples", set(copies))
        for samples, path in zip(self.samples, copies, strict=True):
            samples.save(self.store.file(path))
        write_table(self.store.file("samples.tsv"), sample_table(self.samples))
        slow = [f"{s.layer}:{s.neuron}" for s in self.samples if not s.converged]
        if slow:
            self.warnings.append(
                f"The search for exciting windows ended at sample.generations before it converged for neurons "
                f"{', '.join(slow)}; raise sample.generations."
            )
        if not any(map(len, self.samples)):
            raise Empty("no window excites any of the neurons; their activation is never above 0")

    def sample_path(self, layer: str, neuron: int) -> Path:
        """File of a neuron's samples among the tasks' results."""
        return self._sample_paths[layer, neuron]

    def run_motifs(self) -> None:
        """Demix the windows into motifs; write them as MEME, HDF5 and a table."""
        discover = self.context.config.discover
        if discover.method == "modisco":
            run_modisco(self)
            return
        self.store.remove("motifs/modisco_seqlets.tsv.gz")
        self.store.keep_only("attributions", set())
        if discover.origin == "dataset":
            run_dataset_seqlets(self)
            return
        section = discover.model_dump(exclude={"reproduced"})
        tasks = []
        for layer, chunk in self._chunks():
            sources = tuple(self._sample_paths[layer, neuron] for neuron in chunk)
            key = content_key("motifs", self.base, section, [path.name for path in sources])
            paths = tuple(self.store.task("motifs", f"{key}-{neuron}", ".h5") for neuron in chunk)
            tasks.append(NeuronTask(layer, chunk, paths, sources))
        tables = ("tree", "syntax")
        self.bring_up_to_date(
            "motifs", motif_task, tasks,
            lambda task: [*task.paths, *(beside(path, name) for path in task.paths for name in tables)],
        )  # fmt: skip
        for name in tables:
            parts = [
                pd.read_csv(beside(path, name), sep="\t", dtype=str, keep_default_na=False)
                for task in tasks
                for path in task.paths
            ]
            write_table(self.store.file(f"motifs/{name}.tsv"), pd.concat(parts))
        self.write_motifs(
            [motif for task in tasks for path in task.paths for motif in load_motifs(path)],
            save_motifs,
            empty="no group of windows has an informative column (0.5 bits or more)",
        )

    def write_motifs(self, found: Sequence[Motif], save: Callable[[MotifSet, Path], None], *, empty: str) -> None:
        """Keep the run's motifs, write them as HDF5 (by ``save``), MEME and a table, and measure their faithfulness.

        All are in the HDF5 file and the table; those that do not come again (``discover.reproduced``) are in no family,
        not in the MEME file, and are neither matched nor paired.

        Raises
        ------
        Empty
            For the reason given, if there are none, and if none comes again.
        """
        discover, alphabet = self.context.config.discover, self.context.model.input_spec.alphabet
        name = discover.file_name
        everything = MotifSet(tuple(found), name, alphabet)
        again = [not motif.reproducibility < discover.reproduced for motif in found]  # true of one not measured
        self.motifs, self.apart = (
            MotifSet(tuple(m for m, kept in zip(found, again, strict=True) if kept is side), name, alphabet)
            for side in (True, False)
        )
        self.families = families(self.motifs)
        self.store.remove(*(f"motifs/{o}{x}" for o in MOTIF_FILES if o != name for x in (".h5", ".meme", ".tsv")))
        labels = {motif.id: label for motif, label in zip(self.motifs, self.families, strict=True)}
        write_table(self.store.file(f"motifs/{name}.tsv"), motif_table(everything, labels))
        if not found:
            self.store.remove(f"motifs/{name}.h5", f"motifs/{name}.meme")
            raise Empty(empty)
        with atomic(self.store.file(f"motifs/{name}.h5")) as temporary:
            save(everything, temporary)
        if not len(self.motifs):
            self.store.remove(f"motifs/{name}.meme")
            raise Empty(
                f"none of {len(found):,} motifs found in one half of a neuron's samples comes again in the other with "
                f"a similarity of {discover.reproduced:g} (discover.reproduced)"
            )
        with atomic(self.store.file(f"motifs/{name}.meme")) as temporary:
            write_meme(self.motifs, temporary)
        self.faithfulness = run_faithfulness(self, NEURONS_PER_TASK)

    def run_matches(self) -> None:
        """Match the motifs to known elements."""
        section = self.context.config.match
        if section is None:
            raise Empty("not asked for: the configuration has no 'match' section")
        if not len(self.motifs):
            raise Empty("there is no motif to match")
        seed = self.context.config.seed
        layout = self.store.path / "motifs" / "syntax.tsv"
        syntax = pd.read_csv(layout, sep="\t", dtype=str) if layout.is_file() else None
        self.matches, control, warnings = match_motifs(self.motifs, self.databases, section, seed=seed, syntax=syntax)
        self.warnings += warnings
        kinds, origin = match_kinds(section, self.context.model)
        if kinds is not None:
            self.notes["matches"] = [f"Elements of these kinds were matched: {', '.join(kinds)} ({origin})."]
        if control is not None:
            write_table(self.store.file("match_control.tsv"), control)
        write_table(self.store.file("matches.tsv"), self.matches)
        targets = {(row.database, row.target) for row in self.matches.itertuples()}
        matched = [
            Motif(entry.id, entry.ppm * 1000, sites=1000, method=database.name)
            for database in self.databases
            for entry in database.entries
            if (database.name, entry.id) in targets
        ]
        if not len(self.matches):
            raise Empty(f"no motif resembles a known element at q <= {section.q:g}")
        matched = list({motif.id: motif for motif in matched}.values())
        with atomic(self.store.file("motifs/targets.meme")) as temporary:
            write_meme(MotifSet(tuple(matched), "targets", self.motifs.alphabet), temporary)

    def scan(self) -> list[dict[str, np.ndarray]]:
        """Scan every window of every sequence, where that is not done yet; the results of the tasks, in order."""
        context, threshold = self.context, self.context.config.scan_threshold
        together = max(1, int(NUCLEOTIDES_PER_TASK / context.sequences.lengths.mean()))
        tasks = []
        for start in range(0, len(context.sequences), together):
            rows = range(start, min(start + together, len(context.sequences)))
            neurons = [neuron.name for neuron in context.neurons]
            key = content_key("scan", self.base, neurons, threshold, start, together, self.sequences_key)
            tasks.append(ScanTask(rows, self.store.task("scan", key, ".npz")))
        self.bring_up_to_date("activations", scan_task, tasks, lambda task: (task.path,))
        parts = [load_arrays(task.path) for task in tasks]
        self.best = np.concatenate([part["best"] for part in parts])
        self.where = np.concatenate([part["where"] for part in parts])
        self.predictions = np.concatenate([part["prediction"] for part in parts])
        return parts

    def run_activations(self) -> None:
        """Scan every window of every sequence; write each neuron's maxima and sites, and the predictions."""
        context = self.context
        parts = self.scan()
        counts = np.sum([part["windows"] for part in parts], axis=0)
        for layer, (windows, invalid) in zip(context.layers, counts, strict=True):
            name, size = layer.probe.layer, layer.probe.receptive_field
            if invalid:
                self.warnings.append(
                    f"{invalid:,} of {windows:,} windows of {name} hold an N and were left out of the scan."
                )
            short = int((context.sequences.lengths < size).sum())
            if short:
                self.warnings.append(
                    f"{short:,} of {len(context.sequences):,} sequences are shorter than the receptive field of "
                    f"{name}, {size} nt, and have no window."
                )
        lost = np.flatnonzero(~np.isfinite(self.predictions).all(1))
        if len(lost):
            names = [context.sequences.names[row] for row in lost[:3]]
            self.warnings.append(f"{not_finite(context.model.name, names, len(lost), len(self.predictions))}.")
        maxima = self.dataset_maxima()
        places = np.concatenate([part["sites"] for part in parts])
        strengths = np.concatenate([part["strengths"] for part in parts])
        self.places, self.strengths = places, strengths
        kept = strengths >= context.config.site_threshold * maxima[places[:, 1]]
        write_table(self.store.file("activations.tsv"), activation_table(context, self.best, self.predictions))
        sites = site_table(context, places[kept], strengths[kept])
        write_table(self.store.file("sites.tsv.gz"), sites)
        write_table(self.store.file("sites.bed.gz"), bed_table(sites), header=False)
        counts = [Counter((m.layer, m.neuron) for m in own) for own in (self.motifs, self.apart)]
        neurons = neuron_table(context, self.samples, maxima, *counts, faithfulness=self.faithfulness)
        write_table(self.store.file("neurons.tsv"), neurons)

    def dataset_maxima(self) -> np.ndarray:
        """Each neuron's largest activation in the sequences; float (neurons,), -inf where it has no window."""
        return np.nanmax(np.where(np.isfinite(self.best), self.best, -np.inf), axis=0)
