"""Seqlets from the sequences given: the strongest windows that the scan found, one motif per neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif
from combmotif.motifs.formats.h5 import save_motifs

if TYPE_CHECKING:
    from combmotif.runs.stages.stages import Stages


def run_dataset_seqlets(stages: Stages) -> None:
    """Lay each neuron's strongest windows in the sequences over one another."""
    context, section = stages.context, stages.context.config.discover
    parts = stages.scan()
    places = np.concatenate([part["sites"] for part in parts])
    strengths = np.concatenate([part["strengths"] for part in parts])
    sequences = context.sequences
    options = SeqletOptions(section.top, section.align, section.min_sites)
    found = []
    for layer in context.layers:
        size, columns = layer.probe.receptive_field, context.columns(layer)
        for column, channel in zip(range(columns.start, columns.stop), layer.channels, strict=True):
            own = places[:, 1] == column
            whole = np.flatnonzero(np.isfinite(stages.best[:, column]))
            rows = np.concatenate([places[own, 0], whole])
            starts = np.concatenate([places[own, 2], stages.where[whole, column]])
            values = np.concatenate([strengths[own], stages.best[whole, column]])
            _, first = np.unique(np.stack([rows, starts]), axis=1, return_index=True)
            rows, starts, values = rows[first], starts[first], values[first]
            if not len(rows):
                continue
            windows = np.stack([sequences.codes[r][s : s + size] for r, s in zip(rows, starts, strict=True)])
            tracks = None
            if sequences.tracks is not None:
                tracks = np.stack([sequences.tracks[r][:, s : s + size] for r, s in zip(rows, starts, strict=True)])
            motif = seqlet_motif(
                layer.probe,
                channel,
                windows,
                values,
                options=options,
                background=float(context.backgrounds[column]),
                sequences=rows,
                starts=starts,
                tracks=tracks,
            )
            if motif is not None:
                found.append(motif)
    stages.write_motifs(
        found,
        save_motifs,
        empty=f"no neuron has {options.min_sites} windows in the sequences that share an informative column (0.5 bits)",
    )
