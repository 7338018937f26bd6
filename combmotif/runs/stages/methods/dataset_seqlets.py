"""Seqlets from the sequences given: the strongest windows that the scan found, one motif per neuron."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif
from combmotif.runs.stages.base import Batch, Work
from combmotif.runs.stages.methods.discovered import Discovered
from combmotif.runs.stages.scan import read_scan, scan_task, scan_tasks
from combmotif.sampling.samples import Samples


def lay_dataset_windows(work: Work) -> Generator[Batch, None, Discovered]:
    """Lay each neuron's strongest windows in the sequences over one another."""
    context, section, sequences = work.context, work.context.config.discover, work.context.sequences
    tasks = scan_tasks(work)
    yield Batch(scan_task, tasks)
    scan = read_scan(context, tasks)
    options = SeqletOptions(section.top, section.align, section.min_sites)
    found = []
    for layer in context.layers:
        size, columns = layer.probe.receptive_field, context.columns(layer)
        for column, channel in zip(range(columns.start, columns.stop), layer.channels, strict=True):
            own = scan.sites.of(column)
            whole = np.flatnonzero(np.isfinite(scan.best[:, column]))
            rows = np.concatenate([own.places[:, 0], whole])
            starts = np.concatenate([own.places[:, 2], scan.where[whole, column]])
            values = np.concatenate([own.strengths, scan.best[whole, column]])
            _, first = np.unique(np.stack([rows, starts]), axis=1, return_index=True)
            rows, starts, values = rows[first], starts[first], values[first]
            if not len(rows):
                continue
            windows = np.stack([sequences.codes[r][s : s + size] for r, s in zip(rows, starts, strict=True)])
            tracks = None
            if sequences.tracks is not None:
                tracks = np.stack([sequences.tracks[r][:, s : s + size] for r, s in zip(rows, starts, strict=True)])
            background = float(context.backgrounds[column])
            samples = Samples(
                layer.probe.layer, channel, windows, values, "dataset", background=background, tracks=tracks
            )
            motif = seqlet_motif(layer.probe, samples, options=options, sequences=rows, starts=starts)
            if motif is not None:
                found.append(motif)
    return Discovered(
        found,
        empty=f"no neuron has {options.min_sites} windows in the sequences that share an informative column (0.5 bits)",
    )
