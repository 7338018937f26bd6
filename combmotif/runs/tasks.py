"""The tasks of a run: each reads the context and a payload and writes one file, named by what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from combmotif.core.files import atomic, write_table
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.core.tables import SYNTAX, TREE
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.halves import demix_halves
from combmotif.discovery.layerwise.demix import DemixOptions
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif
from combmotif.discovery.sufficiency import SufficiencyOptions
from combmotif.discovery.words import word_motifs
from combmotif.inference.dense import scan_layers
from combmotif.inference.sites import SiteFinder
from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.store import save_arrays
from combmotif.sampling.dataset import dataset_samples, track_windows
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sampling.published import combmotif_samples, neuronmotif_samples
from combmotif.sampling.samples import Samples

ENUMERATED = 20_000
"""Windows kept of an enumeration, unless sample.keep says otherwise."""


@dataclass(frozen=True)
class NeuronTask:
    """Neurons of a layer that are worked on together, and the file each result goes to."""

    layer: str
    neurons: tuple[int, ...]
    paths: tuple[Path, ...]
    sources: tuple[Path, ...] = ()


def sample_task(context: Context, task: NeuronTask) -> None:
    """Find windows that excite the neurons; writes one .npz per neuron."""
    section, probe, sequences = context.config.sample, context.probe(task.layer), context.sequences
    seeds = [named_generator(context.config.seed, "samples", probe.layer, neuron) for neuron in task.neurons]
    given = {name: value for name in ("population", "keep") if (value := getattr(section, name)) is not None}
    limits = {"generations": section.generations, "patience": section.patience}
    short = probe.receptive_field <= LONGEST
    bank = None
    if section.tracks == "data" and section.origin == "search":
        assert sequences.tracks is not None
        random = named_generator(context.config.seed, "tracks", probe.layer)
        bank = track_windows(sequences.tracks, probe.receptive_field, random=random)
    if section.origin == "dataset":
        tracks = sequences.tracks if section.tracks == "data" else None
        keep = given.get("keep", EvolveOptions.keep)
        found = dataset_samples(probe, task.neurons, sequences.codes, tracks=tracks, keep=keep)
    elif section.preset == "neuronmotif" and short:
        found = enumerate_windows(probe, task.neurons, seeds=seeds, keep=given.get("keep", 100_000), bank=bank)
    elif section.preset:
        sampler = {"neuronmotif": neuronmotif_samples, "combmotif": combmotif_samples}[section.preset]
        found = sampler(probe, task.neurons, seeds=seeds, bank=bank, **given, **limits)
    elif section.method == "enumerate" or (section.method == "auto" and short):
        found = enumerate_windows(probe, task.neurons, seeds=seeds, keep=given.get("keep", ENUMERATED), bank=bank)
    else:
        found = evolve(probe, task.neurons, seeds=seeds, options=EvolveOptions(**given, **limits), bank=bank)
    for samples, path in zip(found, task.paths, strict=True):
        samples.save(path)


def motif_task(context: Context, task: NeuronTask) -> None:
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
            motif = seqlet_motif(
                probe, neuron, samples.codes, samples.activations, options=options_of, background=samples.background,
                tracks=samples.tracks,
            )  # fmt: skip
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


def beside(path: Path, name: str) -> Path:
    """Name the table of a neuron that lies beside its motifs."""
    return path.with_name(f"{path.stem}.{name}.tsv")


@dataclass(frozen=True)
class ScanTask:
    """Sequences that are scanned together, and the file of the result."""

    rows: range
    path: Path


def scan_task(context: Context, task: ScanTask) -> None:
    """Predict sequences and find each neuron's strongest windows; writes an .npz.

    Of every neuron and sequence the strongest valid window is kept, and every local maximum that may yet turn out to
    be a site: at or above the threshold times the largest activation among these sequences.
    """
    threshold = context.config.scan_threshold
    codes = [context.sequences.codes[i] for i in task.rows]
    tracks = context.sequences.tracks_of(task.rows)
    neurons = {layer.probe.layer: layer.channels for layer in context.layers}
    finder = SiteFinder(len(codes), neurons, threshold)
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
