"""Scan a stream of sequences into tables, in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.config.effects import ContributionOptions
from combmotif.core.files import atomic, no_formula, write_table
from combmotif.core.output import OutputFolder
from combmotif.core.typed_yaml import default_of
from combmotif.inference.background import background_activations
from combmotif.inference.dense import scan_layers
from combmotif.inference.geometry import known_geometry
from combmotif.inference.sites import SiteFinder
from combmotif.models.model import SequenceModel
from combmotif.models.predict_file import Record
from combmotif.runs.tables import bed_table

_BASES = 1_000_000


@dataclass(frozen=True)
class Scanned:
    """What a scan went through.

    Attributes
    ----------
    sequences, sites : int
    windows, excluded : dict of layer to int
        All windows, and those left out because they hold an N.
    """

    sequences: int
    sites: int
    windows: dict[str, int]
    excluded: dict[str, int]


def scan_file(
    model: SequenceModel,
    records: Iterable[Record],
    out: str | Path,
    neurons: Mapping[str, Sequence[int]],
    *,
    threshold: float = default_of(ContributionOptions, "threshold"),
    source: str = "input",
) -> Scanned:
    """Write each sequence's largest activations, and all sites, of chosen neurons.

    The records are read once, a million bases at a time; beyond that, only the names and the sites are held.
    Coordinates are those of the sequences as given.

    Parameters
    ----------
    model : SequenceModel
    records : iterable of (name, uint8 codes (length,)) or (name, codes, tracks (k, length))
        For example `combmotif.sequence.iterate_fasta(path)` or `stream_hdf5(path)`.
    out : path
        Folder for ``activations.tsv`` (sequence, length, one column per neuron: its largest value, empty without a
        valid window), ``sites.tsv.gz`` (neuron, sequence, start, end, activation; the strongest of each neuron first)
        and ``sites.bed.gz`` (six columns, see `bed_table`).
    neurons : mapping of layer to channels
    threshold : float
        A site lies at least this share of the way from the neuron's background to its maximum over all sequences.
    source : str, default "input"
        Where the records come from, for messages.

    Returns
    -------
    Scanned

    Raises
    ------
    ValueError
        If there are no records or no neurons, the threshold is not in (0, 1], or a layer has no windows.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold: expected a share of the maximum, above 0 and at most 1, found {threshold}")
    if not any(len(channels) for channels in neurons.values()):
        raise ValueError("neurons: expected channels of at least one layer, found none")
    sizes = [known_geometry(model, layer).receptive_field for layer, own in neurons.items() for _ in own]
    columns = [f"{layer}:{channel}" for layer, channels in neurons.items() for channel in channels]
    rest = np.concatenate([background_activations(model, layer)[list(own)] for layer, own in neurons.items()])
    own = OutputFolder(Path(out), "scan", option="out").file
    names: list[str] = []
    places: list[np.ndarray] = []
    strengths: list[np.ndarray] = []
    windows = np.zeros((len(neurons), 2), np.int64)
    finder: SiteFinder | None = None
    with atomic(own("activations.tsv")) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["sequence", "length", *columns])
        for chunk in _chunks(records):
            codes = [record[1] for record in chunk]
            tracks = [record[2] for record in chunk if len(record) > 2 and len(record[2])]
            finder = SiteFinder(len(chunk), neurons, threshold, backgrounds=rest, after=finder)
            for block in scan_layers(model, list(neurons), codes, tracks=tracks or None):
                finder.add(block)
            place, strength = finder.sites()
            places.append(place + [len(names), 0, 0])
            strengths.append(strength)
            windows += finder.windows
            names += [record[0] for record in chunk]
            for record, best in zip(chunk, finder.best, strict=True):
                values = ["" if np.isnan(value) else f"{value:.6g}" for value in best]
                writer.writerow([no_formula(record[0]), len(record[1]), *values])
        if finder is None:
            raise ValueError(f"{source}: expected sequences, the file has none")
    rows, kept = np.concatenate(places), np.concatenate(strengths)
    high = kept >= finder.floor[rows[:, 1]]
    rows, kept = rows[high], kept[high]
    order = np.lexsort((rows[:, 2], rows[:, 0], -kept, rows[:, 1]))
    rows, kept = rows[order], kept[order]
    sites = pd.DataFrame(
        {
            "neuron": [columns[column] for column in rows[:, 1]],
            "sequence": [names[row] for row in rows[:, 0]],
            "start": rows[:, 2],
            "end": rows[:, 2] + np.array(sizes, dtype=np.int64)[rows[:, 1]],
            "activation": kept,
        }
    )
    write_table(own("sites.tsv.gz"), sites)
    write_table(own("sites.bed.gz"), bed_table(sites, dict(zip(columns, rest, strict=True))), header=False)
    every, excluded = (dict(zip(neurons, counts.tolist(), strict=True)) for counts in windows.T)
    return Scanned(len(names), len(sites), every, excluded)


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    bases = 0
    for record in records:
        chunk.append(record)
        bases += len(record[1])
        if bases >= _BASES:
            yield chunk
            chunk, bases = [], 0
    if chunk:
        yield chunk
