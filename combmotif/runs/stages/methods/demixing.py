"""Motifs from the samples of each neuron: demixed, or their strongest windows or words laid over one another."""

from __future__ import annotations

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
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, OneFile, Work
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.samples import sample_files
from combmotif.sampling.samples import Samples


@dataclass(frozen=True)
class DemixTask(OneFile):
    """A neuron to demix, the file of its samples, and that of its motifs and the tables beside them."""

    layer: str
    neuron: int
    source: Path
    path: Path


def demix_task(context: Context, task: DemixTask) -> None:
    """Demix the windows of a neuron into motifs; writes an .h5 that holds tree and syntax too."""
    section, probe = context.config.discover, context.probe(task.layer)
    alphabet = context.model.input_spec.alphabet
    seed = stable_hash(context.config.seed, "motifs", task.layer, task.neuron) % 2**31
    samples = Samples.load(task.source)
    tables = {"tree": TREE.frame(), "syntax": SYNTAX.frame()}
    if section.method == "words":
        motifs = tuple(word_motifs(probe, samples, top=section.top, min_sites=section.min_sites))
    elif section.method == "seqlets":
        options_of = SeqletOptions(section.top, section.align, section.min_sites)
        motif = seqlet_motif(probe, samples, options=options_of)
        motifs = () if motif is None else (motif,)
    else:
        clusters = None if section.clusters == "auto" else int(section.clusters)
        sufficiency = SufficiencyOptions(windows=section.windows, passes=section.passes)
        options = DemixOptions(clusters=clusters, purity=section.purity, min_sites=section.min_sites)

        def demix(part: Samples, seed: int) -> Demixed:
            return demix_neuron(
                probe, part, method=section.demixing, preset=section.preset, options=options,
                sufficiency=sufficiency, seed=seed, alphabet=alphabet,
            )  # fmt: skip

        found = demix_halves(
            probe, samples, demix, seed=seed, whole=section.preset is not None, fewest=2 * section.min_sites
        )
        motifs, tables = found.motifs, {"tree": found.tree, "syntax": found.syntax}
    form = {"sep": "\t", "index": False, "float_format": "%.6g", "lineterminator": "\n"}
    texts = {name: str(table.to_csv(**form)) for name, table in tables.items()}
    with atomic(task.path) as temporary:
        save_motifs(MotifSet(motifs, section.file_name, alphabet), temporary, texts=texts)


def demix_tasks(work: Work) -> list[DemixTask]:
    """Make a task of each neuron: it takes seconds to minutes, which is what a worker should be given at a time."""
    section = work.context.config.discover.model_dump(exclude={"reproduced"})
    return [
        DemixTask(layer, neuron, source, work.file("motifs", section, source.name, suffix=".h5"))
        for (layer, neuron), source in sample_files(work).items()
    ]


def demix_samples(work: Work) -> Generator[Batch, None, Discovered]:
    """Demix the samples of every neuron."""
    tasks = demix_tasks(work)
    yield Batch(demix_task, tasks)
    texts = [load_texts(task.path) for task in tasks]
    return Discovered(
        [motif for task in tasks for motif in load_motifs(task.path)],
        empty="no group of windows has an informative column (0.5 bits or more)",
        tables={
            f"motifs/{name}.tsv": pd.concat(
                [pd.read_csv(StringIO(own[name]), sep="\t", dtype=str, keep_default_na=False) for own in texts]
            )
            for name in ("tree", "syntax")
        },
    )
