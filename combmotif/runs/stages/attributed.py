"""TF-MoDISco in a run: attribute sequences, or a neuron's own windows, and find what recurs in them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from combmotif.attribution.attributions import Attributions, completeness_warning, join_attributions
from combmotif.attribution.files import pack, unpack, write_attributions
from combmotif.attribution.gradients import captum_attr
from combmotif.attribution.methods import attribute
from combmotif.attribution.targets import Target, parse_target
from combmotif.config.stages import AttributionSection
from combmotif.core.files import atomic, write_table
from combmotif.discovery.tfmodisco.modisco import ModiscoOptions, modisco
from combmotif.discovery.tfmodisco.pattern_motifs import neuron_pattern_motifs, pattern_motifs
from combmotif.discovery.tfmodisco.patterns import Pattern, load_patterns, save_patterns
from combmotif.discovery.tfmodisco.strand import modisco_module
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import Context
from combmotif.runs.store import content_key, load_arrays, save_arrays
from combmotif.sampling.samples import Samples
from combmotif.sequence.alphabet import decode

if TYPE_CHECKING:
    from combmotif.runs.stages.stages import Stages

NUCLEOTIDES_PER_TASK = 10_000


@dataclass(frozen=True)
class AttributionTask:
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
        motifs = pattern_motifs(result, prefix=f"output.{task.target.channel}")
        patterns = [_moved(pattern, whole.rows, whole.starts) for pattern in result.patterns]
    else:
        assert task.target.layer is not None
        samples, probe = Samples.load(task.samples), context.probe(task.target.layer)
        motifs = neuron_pattern_motifs(probe, samples, whole.rows, result)
        patterns = [_moved(pattern, whole.rows, whole.starts) for pattern in result.patterns]
    with atomic(_words(task.path)) as temporary:
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


def _words(path: Path) -> Path:
    return path.with_suffix(".json")


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
    if section.method == "integrated_gradients":
        captum_attr()
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


def _plan(stages: Stages) -> tuple[list[AttributionTask], list[ModiscoTask]]:
    """Split the work: attributions of a few sequences each, then one search per target."""
    context, store = stages.context, stages.store
    section = context.config.attribution or AttributionSection()
    asked = section.model_dump()
    searched = context.config.discover.model_dump()
    if context.config.discover.origin == "dataset":
        target = parse_target(section.target, context.model)
        everything: list[tuple[Target, int, int, Path | None]] = [
            (target, len(context.sequences), int(context.sequences.lengths.mean()), None)
        ]
    else:
        everything = [
            (Target(s.layer, s.neuron), len(s), s.codes.shape[1], stages.sample_path(s.layer, s.neuron))
            for s in stages.samples
        ]
    parts, searches = [], []
    for target, count, length, source in everything:
        rows = np.unique(np.linspace(0, count - 1, min(count, section.limit)).round().astype(int)) if count else ()
        together = max(1, NUCLEOTIDES_PER_TASK // max(1, length))
        own = []
        for start in range(0, len(rows), together):
            chosen = tuple(int(row) for row in rows[start : start + together])
            origin = stages.sequences_key if source is None else source.name
            key = content_key("attribution", stages.base, asked, str(target), origin, chosen)
            own.append(AttributionTask(target, chosen, store.task("attribution", key, ".npz"), source))
        if own:
            key = content_key("modisco", stages.base, searched, [task.path.name for task in own])
            path = store.task("modisco", key, ".h5")
            searches.append(ModiscoTask(target, tuple(task.path for task in own), path, source))
        parts += own
    return parts, searches


def run_modisco(stages: Stages) -> None:
    """Attribute, keep the attributions, find patterns, and write them with their seqlets."""
    parts, searches = _plan(stages)
    stages.bring_up_to_date("motifs", attribution_task, parts, lambda task: (task.path,))
    tolerance = (stages.context.config.attribution or AttributionSection()).tolerance
    wanted: set[Path] = set()
    notes: list[str] = []
    for search in searches:
        errors, steps = _keep(stages, search, wanted)
        if (stages.context.config.attribution or AttributionSection()).method == "integrated_gradients":
            warning = completeness_warning(str(search.target), errors, tolerance, steps)
            stages.warnings += [warning] if warning else []
        if len(errors):
            notes.append(
                f"The contributions to {search.target} miss its change by {np.median(errors):.1%} in the middle one of "
                f"{len(errors):,} sequences, by {errors.max():.1%} at most."
            )
    stages.store.keep_only("attributions", wanted)
    stages.bring_up_to_date("motifs", modisco_task, searches, lambda task: (task.path, _words(task.path)))
    found: list[Motif] = []
    patterns: list[Pattern] = []
    said, window = [], 0
    for search in searches:
        own = load_motifs(search.path)
        words = json.loads(_words(search.path).read_text(encoding="utf-8"))
        said.append(f"{search.target}: {words['statement']}")
        window = words["window"]
        found += own
        patterns += load_patterns(search.path)
    stages.notes["motifs"] = [f"TF-MoDISco, {sentence}." for sentence in said] + notes
    stages.store.remove("motifs/modisco_seqlets.tsv.gz", "motifs/tree.tsv", "motifs/syntax.tsv")
    if found:
        write_table(stages.store.file("motifs/modisco_seqlets.tsv.gz"), seqlet_table(stages, found, patterns))
    stages.write_motifs(
        found,
        lambda motifs, path: save_patterns(patterns, motifs, path, window=window),
        empty="; ".join(said) if said else "there is nothing to attribute",
    )


def _keep(stages: Stages, search: ModiscoTask, wanted: set[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Write a target's attributions to the run folder; returns completeness errors and steps."""
    path = stages.store.path / "attributions" / search.target.file_name
    loaded = [unpack(load_arrays(source)) for source in search.sources]
    position = {int(row): place for place, row in enumerate(np.concatenate([part.rows for part in loaded]))}
    names = [name for part in loaded for name in part.names]
    renumbered: list[Attributions] = [
        replace(part, rows=np.array([position[int(row)] for row in part.rows], dtype=np.int64)) for part in loaded
    ]
    width = max((len(codes) for part in loaded for codes in part.codes), default=0)
    stages.store.folder.files([path.with_name(path.name + end) for end in (".h5", ".npz", ".ohe.npz", ".tsv")])
    wanted.update(write_attributions(renumbered, path, names=names, width=width))
    table = pd.concat([part.table() for part in loaded])
    listed = path.with_name(path.name + ".tsv")
    write_table(listed, table)
    wanted.add(listed)
    return np.concatenate([part.errors for part in loaded]), np.concatenate([part.steps for part in loaded])


def seqlet_table(stages: Stages, motifs: Sequence[Motif], patterns: Sequence[Pattern]) -> pd.DataFrame:
    """Tabulate where each pattern's motif stands: motif, sequence, start, end, strand, contribution, site.

    Strongest first within a motif. ``start`` and ``end`` are those of the motif's columns on the sequence (of a
    neuron's motif: on the sample); a site that hangs over an end is shown with dots there.
    """
    context, frames = stages.context, []
    for motif, pattern in zip(motifs, patterns, strict=True):
        first, last = pattern.span
        one = pattern.one_hot[:, first:last]
        letters = [
            "".join(decode(column.argmax(keepdims=True).astype(np.uint8), alphabet=context.model.input_spec.alphabet)
                    if column.any() else "." for column in site)
            for site in one
        ]  # fmt: skip
        turned = pattern.turned
        frame = pd.DataFrame(
            {
                "motif": motif.id,
                "sequence": [
                    context.sequences.names[row] if motif.neuron < 0 else f"sample {row}" for row in pattern.examples
                ],
                "start": np.where(turned, pattern.ends - last, pattern.starts + first),
                "end": np.where(turned, pattern.ends - first, pattern.starts + last),
                "strand": np.where(turned, "-", "+"),
                "contribution": pattern.contributions[:, first:last].sum((1, 2)),
                "site": letters,
            }
        )
        strongest = np.argsort(-frame["contribution"].abs().to_numpy(), kind="stable")
        frames.append(frame.iloc[strongest])
    return pd.concat(frames, ignore_index=True)
