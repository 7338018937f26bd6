"""Motifs from the samples of each neuron: demixed, or their strongest windows or words laid over one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd

from combmotif.core.files import atomic
from combmotif.core.seeding import stable_hash
from combmotif.core.tables import SYNTAX, TREE
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.halves import demix_halves
from combmotif.discovery.layerwise.demix import DemixOptions
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif
from combmotif.discovery.sufficiency import SufficiencyOptions
from combmotif.discovery.words import word_motifs
from combmotif.motifs.formats.h5 import load_motifs, load_texts, save_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, OneFile, Work
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.samples import sample_files
from combmotif.runs.store import in_tasks
from combmotif.sampling.samples import Samples


@dataclass(frozen=True)
class DemixTask(OneFile):
    """Neurons of a layer to demix, the files of their samples, and that of their motifs and the tables beside them."""

    layer: str
    neurons: tuple[int, ...]
    sources: tuple[Path, ...]
    path: Path


def demix_task(context: Context, task: DemixTask) -> None:
    """Demix the windows of neurons into motifs; writes an .h5 that holds tree and syntax of each too."""
    section, alphabet = context.config.discover, context.model.input_spec.alphabet
    form = {"sep": "\t", "index": False, "float_format": "%.6g", "lineterminator": "\n"}
    motifs: list[Motif] = []
    texts: dict[str, str] = {}
    for number, (neuron, source) in enumerate(zip(task.neurons, task.sources, strict=True)):
        found = _demixed(context, task.layer, neuron, Samples.load(source))
        motifs += found.motifs
        for name, table in (("tree", found.tree), ("syntax", found.syntax)):
            texts[f"{name}{number}"] = str(table.to_csv(**form))
    with atomic(task.path) as temporary:
        save_motifs(MotifSet(tuple(motifs), section.file_name, alphabet), temporary, texts=texts)


def _demixed(context: Context, layer: str, neuron: int, samples: Samples) -> Demixed:
    """Find the motifs of one neuron by the config's method."""
    section, probe = context.config.discover, context.probe(layer)
    alphabet = context.model.input_spec.alphabet
    seed = stable_hash(context.config.seed, "motifs", layer, neuron) % 2**31
    if section.method == "words":
        words = word_motifs(probe, samples, top=section.top, min_sites=section.min_sites)
        return Demixed(tuple(words), (), TREE.frame(), SYNTAX.frame())
    if section.method == "seqlets":
        options_of = SeqletOptions(section.top, section.align, section.min_sites)
        motif = seqlet_motif(probe, samples, options=options_of)
        return Demixed(() if motif is None else (motif,), (), TREE.frame(), SYNTAX.frame())
    clusters = None if section.clusters == "auto" else int(section.clusters)
    sufficiency = SufficiencyOptions(windows=section.windows, passes=section.passes)
    options = DemixOptions(clusters=clusters, purity=section.purity, min_sites=section.min_sites)

    def demix(part: Samples, seed: int) -> Demixed:
        return demix_neuron(
            probe, part, method=section.demixing, preset=section.preset, options=options,
            sufficiency=sufficiency, seed=seed, alphabet=alphabet,
        )  # fmt: skip

    return demix_halves(
        probe, samples, demix, seed=seed, whole=section.preset is not None, fewest=2 * section.min_sites
    )


def demix_tasks(work: Work) -> list[DemixTask]:
    """Split the neurons into tasks: one takes seconds to minutes, which is what a worker should be given at a time."""
    section = work.context.config.discover.model_dump(exclude={"reproduced"})
    of: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    files = sample_files(work)
    for (layer, neuron), source in files.items():
        of[layer].append((neuron, source))
    tasks = []
    for layer, own in of.items():
        for part in in_tasks(own, len(files)):
            neurons, sources = zip(*part, strict=True)
            path = work.file("motifs", section, [source.name for source in sources], suffix=".h5")
            tasks.append(DemixTask(layer, neurons, sources, path))
    return tasks


def demix_samples(work: Work) -> Generator[Batch, None, Discovered]:
    """Demix the samples of every neuron."""
    tasks = demix_tasks(work)
    yield Batch(demix_task, tasks)
    texts = [(load_texts(task.path), number) for task in tasks for number in range(len(task.neurons))]
    return Discovered(
        [motif for task in tasks for motif in load_motifs(task.path)],
        empty="no group of windows has an informative column (0.5 bits or more)",
        tables={
            f"motifs/{name}.tsv": pd.concat(
                [
                    pd.read_csv(StringIO(own[f"{name}{number}"]), sep="\t", dtype=str, keep_default_na=False)
                    for own, number in texts
                ]
            )
            for name in ("tree", "syntax")
        },
    )
