"""Motifs from the samples of each neuron: demixed, or their strongest windows or words laid over one another."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from combmotif.core.files import atomic, write_table
from combmotif.core.seeding import stable_hash
from combmotif.core.tables import SYNTAX, TREE
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.halves import demix_halves
from combmotif.discovery.layerwise.demix import DemixOptions
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif
from combmotif.discovery.sufficiency import SufficiencyOptions
from combmotif.discovery.words import word_motifs
from combmotif.motifs.formats.h5 import load_motifs, save_motifs
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, Work
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.samples import chunks_of_neurons, sample_files
from combmotif.sampling.samples import Samples

TABLES = ("tree", "syntax")


@dataclass(frozen=True)
class DemixTask:
    """Neurons of a layer that are demixed together, the files of their samples, and one for the motifs of each."""

    layer: str
    neurons: tuple[int, ...]
    sources: tuple[Path, ...]
    paths: tuple[Path, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """Motifs, and the tables beside them."""
        return (*self.paths, *(beside(path, name) for path in self.paths for name in TABLES))


def beside(path: Path, name: str) -> Path:
    """Name the table of a neuron that lies beside its motifs."""
    return path.with_name(f"{path.stem}.{name}.tsv")


def demix_task(context: Context, task: DemixTask) -> None:
    """Demix the windows of the neurons into motifs; writes one .h5, tree and syntax per neuron."""
    section, probe = context.config.discover, context.probe(task.layer)
    options = DemixOptions(
        clusters=None if section.clusters == "auto" else int(section.clusters),
        purity=section.purity,
        min_sites=section.min_sites,
    )
    alphabet = context.model.input_spec.alphabet
    for neuron, source, path in zip(task.neurons, task.sources, task.paths, strict=True):
        seed = stable_hash(context.config.seed, "motifs", task.layer, neuron) % 2**31
        samples = Samples.load(source)
        if section.method == "words":
            motifs = tuple(word_motifs(probe, samples, top=section.top, min_sites=section.min_sites))
            tables = {"tree": TREE.frame(), "syntax": SYNTAX.frame()}
        elif section.method == "seqlets":
            options_of = SeqletOptions(section.top, section.align, section.min_sites)
            motif = seqlet_motif(probe, samples, options=options_of)
            motifs = () if motif is None else (motif,)
            tables = {"tree": TREE.frame(), "syntax": SYNTAX.frame()}
        else:

            def demix(part: Samples, seed: int) -> Demixed:
                return demix_neuron(
                    probe, part, method=section.demixing, preset=section.preset, options=options,
                    sufficiency=SufficiencyOptions(windows=section.windows), seed=seed, alphabet=alphabet,
                )  # fmt: skip

            found = demix_halves(
                probe, samples, demix, seed=seed, whole=section.preset is not None, fewest=2 * section.min_sites
            )
            motifs, tables = found.motifs, {"tree": found.tree, "syntax": found.syntax}
        for name, table in tables.items():
            write_table(beside(path, name), table)
        with atomic(path) as temporary:
            save_motifs(MotifSet(motifs, section.file_name, alphabet), temporary)


def demix_tasks(work: Work) -> list[DemixTask]:
    """Make a task of each neuron: it takes seconds to minutes, which is what a worker should be given at a time."""
    section, samples = work.context.config.discover.model_dump(exclude={"reproduced"}), sample_files(work)
    tasks = []
    for layer, chunk in chunks_of_neurons(work.context, lambda _: 1):
        sources = tuple(samples[layer, neuron] for neuron in chunk)
        key = work.key("motifs", section, [path.name for path in sources])
        paths = tuple(work.results.task("motifs", f"{key}-{neuron}", ".h5") for neuron in chunk)
        tasks.append(DemixTask(layer, chunk, sources, paths))
    return tasks


def demix_samples(work: Work) -> Generator[Batch, None, Discovered]:
    """Demix the samples of every neuron."""
    tasks = demix_tasks(work)
    yield Batch(demix_task, tasks)
    paths = [path for task in tasks for path in task.paths]
    tables = {
        f"motifs/{name}.tsv": pd.concat(
            [pd.read_csv(beside(path, name), sep="\t", dtype=str, keep_default_na=False) for path in paths]
        )
        for name in TABLES
    }
    return Discovered(
        [motif for path in paths for motif in load_motifs(path)],
        empty="no group of windows has an informative column (0.5 bits or more)",
        tables=tables,
    )
