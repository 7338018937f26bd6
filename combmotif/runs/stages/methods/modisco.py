"""TF-MoDISco in a run: attribute sequences, or a neuron's own windows, and find what recurs in them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.attribution.attributions import join_attributions
from combmotif.attribution.files import pack, unpack
from combmotif.attribution.methods import attribute
from combmotif.attribution.targets import Target, parse_target
from combmotif.config.stages import AttributionSection
from combmotif.core.files import atomic
from combmotif.discovery.tfmodisco.modisco import ModiscoOptions, modisco
from combmotif.discovery.tfmodisco.pattern_motifs import neuron_pattern_motifs, pattern_motifs
from combmotif.discovery.tfmodisco.patterns import Pattern, load_patterns, save_patterns
from combmotif.discovery.tfmodisco.strand import modisco_module
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Batch, OneFile, Output, Work
from combmotif.runs.stages.methods.attribution_files import keep_attributions, seqlet_table
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.samples import Sampled
from combmotif.runs.store import load_arrays, save_arrays
from combmotif.sampling.samples import Samples

NUCLEOTIDES_PER_TASK = 10_000


@dataclass(frozen=True)
class AttributionTask(OneFile):
    """Sequences, or samples of a neuron, to attribute together, and the file of the result."""

    target: Target
    rows: tuple[int, ...]
    path: Path
    source: Path | None = None


@dataclass(frozen=True)
class ModiscoTask:
    """Attributions to search for patterns, and the file of the patterns."""

    target: Target
    sources: tuple[Path, ...]
    path: Path
    samples: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Patterns, and what was found in words."""
        return self.path, self.words

    @property
    def words(self) -> Path:
        """File of what was found in words."""
        return self.path.with_suffix(".json")


def attribution_task(context: Context, task: AttributionTask) -> None:
    """Attribute some sequences; writes an .npz."""
    if task.source is None:
        codes: Sequence[np.ndarray] = [context.sequences.codes[row] for row in task.rows]
        names = [context.sequences.names[row] for row in task.rows]
        tracks = context.sequences.tracks_of(task.rows)
    else:
        assert task.target.layer is not None
        samples, probe = Samples.load(task.source), context.probe(task.target.layer)
        rows = list(task.rows)
        codes, names = list(samples.codes[rows]), [f"sample {row}" for row in rows]
        tracks = None
        if samples.tracks is not None:
            tracks = list(samples.tracks[rows])
        elif probe.pattern is not None:
            tracks = [probe.repeated(probe.receptive_field)] * len(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the stage tells of all sequences together
        found = attribute(
            context.model,
            codes,
            task.target,
            options=context.config.attribution,
            names=names,
            tracks=tracks,
            seed=context.config.seed,
        )
    save_arrays(task.path, pack(replace(found, rows=np.asarray(task.rows, dtype=np.int64)[found.rows])))


def modisco_options(context: Context) -> ModiscoOptions:
    """Options of TF-MoDISco that a config asks for."""
    own = context.config.discover
    strands = own.strands
    if strands == "auto":
        strands = "single" if context.model.input_spec.alphabet == "rna" else "both"
    return ModiscoOptions(
        strands=strands,
        window=own.window,
        flank=own.flank,
        fdr=own.fdr,
        min_seqlets=own.min_seqlets,
        min_sites=own.min_sites,
    )


def modisco_task(context: Context, task: ModiscoTask) -> None:
    """Find patterns in attributions; writes an .h5 of patterns and motifs, with what was found in words beside it."""
    whole = join_attributions([unpack(load_arrays(path)) for path in task.sources])
    result = modisco(whole.codes, whole.scores, options=modisco_options(context))
    if task.samples is None:
        motifs = pattern_motifs(result, prefix=f"output:{task.target.channel}")
        patterns = [_moved(pattern, whole.rows, whole.starts) for pattern in result.patterns]
    else:
        assert task.target.layer is not None
        samples, probe = Samples.load(task.samples), context.probe(task.target.layer)
        motifs = neuron_pattern_motifs(probe, samples, whole.rows, result)
        patterns = [_moved(pattern, whole.rows, whole.starts) for pattern in result.patterns]
    with atomic(task.words) as temporary:
        said = {"statement": result.statement, "window": result.window, "flank": result.flank}
        temporary.write_text(json.dumps(said), encoding="utf-8")
    with atomic(task.path) as temporary:
        found = MotifSet(tuple(motifs), "modisco", context.model.input_spec.alphabet)
        save_patterns(patterns, found, temporary, window=result.window)


def _moved(pattern: Pattern, rows: np.ndarray, starts: np.ndarray) -> Pattern:
    """Name sequences by their row in the run, and places by their position on the whole sequence."""
    return replace(
        pattern,
        examples=rows[pattern.examples],
        starts=pattern.starts + starts[pattern.examples],
        ends=pattern.ends + starts[pattern.examples],
        parts=tuple(_moved(part, rows, starts) for part in pattern.parts),
    )


def check_modisco(context: Context) -> None:
    """Refuse, before any work, what a config asks of TF-MoDISco and is not there.

    Raises
    ------
    ImportError, ValueError
        If a package is not installed, or the target does not exist.
    """
    config = context.config
    if config.discover.method != "modisco":
        return
    modisco_module("tfmodisco")
    section = config.attribution or AttributionSection()
    if config.discover.origin == "dataset":
        target = parse_target(section.target, context.model)
        if not target.is_output:
            raise ValueError(
                f"attribution.target: expected an output (output:0, output:NAME) with discover.from: dataset, found "
                f"'{section.target}'; a neuron is explained on its own windows with discover.from: samples"
            )
    elif config.attribution is not None and "target" in config.attribution.model_fields_set:
        raise ValueError(
            "attribution.target: is read with discover.from: dataset alone; with from: samples each neuron of "
            "'neurons' is explained on its own windows; leave the line out"
        )


def attribution_tasks(work: Work) -> list[AttributionTask]:
    """Split the sequences to attribute, or every neuron's samples, into tasks; all of a target's follow one another."""
    context = work.context
    section = context.config.attribution or AttributionSection()
    asked = section.model_dump()
    if context.config.discover.origin == "dataset":
        target = parse_target(section.target, context.model)
        everything: list[tuple[Target, int, int, Path | None]] = [
            (target, len(context.sequences), int(context.sequences.lengths.mean()), None)
        ]
    else:
        sampled = work.found[Sampled]
        everything = [
            (Target(s.layer, s.neuron), len(s), s.codes.shape[1], sampled.files[s.layer, s.neuron])
            for s in sampled.samples
        ]
    tasks = []
    for target, count, length, source in everything:
        rows = np.unique(np.linspace(0, count - 1, min(count, section.limit)).round().astype(int)) if count else ()
        together = max(1, NUCLEOTIDES_PER_TASK // max(1, length))
        for start in range(0, len(rows), together):
            chosen = tuple(int(row) for row in rows[start : start + together])
            origin = context.sequences_key if source is None else source.name
            path = work.file("attribution", asked, str(target), origin, chosen)
            tasks.append(AttributionTask(target, chosen, path, source))
    return tasks


def _searches(work: Work, parts: Sequence[AttributionTask]) -> list[ModiscoTask]:
    """One search for patterns in all attributions of a target."""
    searched = work.context.config.discover.model_dump()
    searches = []
    for target in dict.fromkeys(part.target for part in parts):
        own = [part for part in parts if part.target == target]
        path = work.file("modisco", searched, [part.path.name for part in own], suffix=".h5")
        searches.append(ModiscoTask(target, tuple(part.path for part in own), path, own[0].source))
    return searches


def find_patterns(work: Work) -> Generator[Batch, None, Discovered]:
    """Attribute, and find patterns in the attributions, which are kept with their seqlets."""
    parts = attribution_tasks(work)
    yield Batch(attribution_task, parts)
    searches = _searches(work, parts)
    yield Batch(modisco_task, searches)
    found: list[Motif] = []
    patterns: list[Pattern] = []
    said, window = [], 0
    for search in searches:
        own = load_motifs(search.path)
        words = json.loads(search.words.read_text(encoding="utf-8"))
        said.append(f"{search.target}: {words['statement']}")
        window = words["window"]
        found += own
        patterns += load_patterns(search.path)

    def keep(out: Output) -> None:
        out.notes.extend(f"TF-MoDISco, {sentence}." for sentence in said)
        sources = {search.target: search.sources for search in searches}
        keep_attributions(sources, work.context.config.attribution, out)

    return Discovered(
        found,
        empty="; ".join(said) if said else "there is nothing to attribute",
        tables={"motifs/modisco_seqlets.tsv.gz": seqlet_table(work.context, found, patterns)} if found else {},
        save=lambda motifs, path: save_patterns(patterns, motifs, path, window=window),
        beside=keep,
    )
