"""What a run keeps of attributions: the files of every target, and the table of seqlets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.attribution.attributions import Attributions, completeness_warning
from combmotif.attribution.files import unpack, write_attributions
from combmotif.attribution.targets import Target
from combmotif.config.stages import AttributionSection
from combmotif.core.files import write_table
from combmotif.discovery.tfmodisco.patterns import Pattern
from combmotif.motifs.motif import Motif
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Output
from combmotif.runs.store import load_arrays
from combmotif.sequence.alphabet import decode


def keep_attributions(
    sources: Mapping[Target, Sequence[Path]], section: AttributionSection | None, out: Output
) -> None:
    """Write every target's attributions to the run folder, and say how well they add up."""
    section = section or AttributionSection()
    wanted: set[Path] = set()
    for target, paths in sources.items():
        errors, steps = _keep(target, paths, out, wanted)
        if section.method == "integrated_gradients":
            warning = completeness_warning(str(target), errors, section.tolerance, steps)
            out.warnings.extend([warning] if warning else [])
        if len(errors):
            out.notes.append(
                f"The contributions to {target} miss its change by {np.median(errors):.1%} in the middle one of "
                f"{len(errors):,} sequences, by {errors.max():.1%} at most."
            )
    out.store.keep_only("attributions", wanted)


def _keep(target: Target, sources: Sequence[Path], out: Output, wanted: set[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Write a target's attributions to the run folder; returns completeness errors and steps."""
    path = out.store.path / "attributions" / target.file_name
    loaded = [unpack(load_arrays(source)) for source in sources]
    position = {int(row): place for place, row in enumerate(np.concatenate([part.rows for part in loaded]))}
    names = [name for part in loaded for name in part.names]
    renumbered: list[Attributions] = [
        replace(part, rows=np.array([position[int(row)] for row in part.rows], dtype=np.int64)) for part in loaded
    ]
    width = max((len(codes) for part in loaded for codes in part.codes), default=0)
    out.store.files([path.with_name(path.name + end) for end in (".h5", ".npz", ".ohe.npz", ".tsv")])
    wanted.update(write_attributions(renumbered, path, names=names, width=width))
    table = pd.concat([part.table() for part in loaded])
    listed = path.with_name(path.name + ".tsv")
    write_table(listed, table)
    wanted.add(listed)
    return np.concatenate([part.errors for part in loaded]), np.concatenate([part.steps for part in loaded])


def seqlet_table(context: Context, motifs: Sequence[Motif], patterns: Sequence[Pattern]) -> pd.DataFrame:
    """Tabulate where each pattern's motif stands: motif, sequence, start, end, strand, contribution, site.

    Strongest first within a motif. ``start`` and ``end`` are those of the motif's columns on the sequence (of a
    neuron's motif: on the sample); a site that hangs over an end is shown with dots there.
    """
    frames = []
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
