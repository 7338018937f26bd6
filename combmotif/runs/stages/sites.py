"""The sites of a run: the strongest windows of each neuron, kept and written in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.core.files import atomic, has_parquet
from combmotif.runs.context import Context
from combmotif.runs.stages.base import Output
from combmotif.runs.tables import bed_names, bed_table, letters_of, site_table

MANY = 1_000_000
"""Sites from which ``sites.format: auto`` writes Parquet: as text they would take minutes, and a spreadsheet cannot
open so many rows."""
STRONGEST = 100
"""Sites of each neuron that the text files of a run with Parquet hold."""
PENDING = 2_000_000
"""Sites that wait before they are sorted among those kept: enough to sort seldom, 32 MB."""
ROWS = 250_000
"""Rows of a table made at a time."""
PARQUET = "sites.parquet"


@dataclass(frozen=True)
class Sites:
    """Windows of neurons in sequences, by neuron, the strongest first, then by sequence and position.

    Attributes
    ----------
    places : int32 array, shape (n, 3)
        Row of the sequence, place of the neuron among the run's, first position.
    strengths : float32 array, shape (n,)
        Activations there.
    """

    places: np.ndarray
    strengths: np.ndarray

    @classmethod
    def none(cls) -> Sites:
        """No sites."""
        return cls(np.zeros((0, 3), np.int32), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.strengths)

    def __getitem__(self, rows: Any) -> Sites:
        return Sites(self.places[rows], self.strengths[rows])

    def of(self, column: int) -> Sites:
        """Those of one neuron, by its place among the run's."""
        first, last = np.searchsorted(self.places[:, 1], [column, column + 1])
        return self[first:last]


def strongest(sites: Sites, most: int) -> Sites:
    """Put sites in order, and keep at most so many of each neuron."""
    sites = sites[np.lexsort((sites.places[:, 2], sites.places[:, 0], -sites.strengths, sites.places[:, 1]))]
    columns = sites.places[:, 1]
    rank = np.arange(len(columns)) - np.searchsorted(columns, columns)
    return sites[rank < most]


def gather(parts: Iterable[Sites], levels: np.ndarray, most: int) -> tuple[Sites, np.ndarray]:
    """Keep the strongest sites of each neuron, while those of the scan's tasks go by.

    Memory is bounded by neurons x ``most``, twice that while it sorts. Of equal activations the earlier sequence and
    position goes first, so the result does not depend on how the sequences were cut.

    Parameters
    ----------
    parts : iterable of Sites
        In the order of the sequences.
    levels : float array, shape (neurons,)
        Least activation of a site.
    most : int
        Sites of each neuron.

    Returns
    -------
    kept : Sites
    capped : bool array, shape (neurons,)
        Whether a neuron has more.
    """
    found = np.zeros(len(levels), np.int64)
    # what a neuron that is full asks of a further site: more than its weakest, for an equal one comes later
    floor = np.full(len(levels), -np.inf, np.float32)
    waiting: list[Sites] = []
    kept, count = Sites.none(), 0

    def sort() -> None:
        nonlocal kept, waiting, count
        both = [kept, *waiting]
        kept = strongest(
            Sites(np.concatenate([one.places for one in both]), np.concatenate([one.strengths for one in both])), most
        )
        waiting, count = [], 0
        ends = np.searchsorted(kept.places[:, 1], np.arange(len(levels)), side="right")
        full = np.diff(ends, prepend=0) >= most
        floor[full] = kept.strengths[ends[full] - 1]

    for part in parts:
        part = part[part.strengths >= levels[part.places[:, 1]]]
        found += np.bincount(part.places[:, 1], minlength=len(levels))
        part = part[part.strengths > floor[part.places[:, 1]]]
        waiting.append(part)
        count += len(part)
        if count > max(PENDING, len(kept)):
            sort()
    sort()
    return kept, found > most


def write_sites(context: Context, sites: Sites, out: Output) -> list[str]:
    """Write sites as text or, where they are many or the config says so, as Parquet and the strongest as text.

    Returns
    -------
    list of str
        What a reader of the files should know.
    """
    form, notes = context.config.sites.format, []
    large = form == "parquet" or (form == "auto" and len(sites) > MANY)
    if large and not has_parquet():
        large = False
        notes.append(
            f"{len(sites):,} sites were written as text, since pyarrow is not installed; with it (pip install "
            f"'combmotif[parquet]') so many are written as Parquet, in less time and space."
        )
    if large:
        _write_parquet(context, sites, out.file(PARQUET))
        notes.append(
            f"All {len(sites):,} sites kept are in {PARQUET}; the text files hold the strongest {STRONGEST} of each "
            f"neuron (sites.format: tsv writes all as text)."
        )
        sites = strongest(sites, STRONGEST)
    neurons = [neuron.name for neuron in context.neurons]
    first = np.unique(sites.places[:, 1], return_index=True)  # the strongest of each neuron
    maxima = {neurons[column]: float(sites.strengths[row]) for column, row in zip(*first, strict=True)}
    rest = dict(zip(neurons, context.backgrounds, strict=True))
    out.tables(
        "sites.tsv.gz",
        (
            site_table(context, part.places, part.strengths).assign(site=letters_of(context, part.places))
            for part in _parts(sites)
        ),
    )
    parts = (site_table(context, part.places, part.strengths) for part in _parts(_by_place(context, sites)))
    out.tables("sites.bed.gz", (bed_table(part, rest, maxima) for part in parts), header=False)
    return notes


def _parts(sites: Sites) -> Iterator[Sites]:
    for start in range(0, max(1, len(sites)), ROWS):
        yield sites[start : start + ROWS]


def _by_place(context: Context, sites: Sites) -> Sites:
    """Put sites in the order of a BED file: by name of the sequence, position, and name of the neuron."""
    rows, columns, starts = sites.places.T
    ends = starts + np.array([neuron.probe.receptive_field for neuron in context.neurons], np.int64)[columns]
    sequences = _ranks(bed_names(pd.Series(context.sequences.names)))
    neurons = _ranks(neuron.name for neuron in context.neurons)
    return sites[np.lexsort((neurons[columns], ends, starts, sequences[rows]))]


def _ranks(names: Iterable[str]) -> np.ndarray:
    """Place of each name among all in alphabetical order; equal names have one place."""
    return np.unique(np.array([*names], dtype=object), return_inverse=True)[1]


def _write_parquet(context: Context, sites: Sites, path: Path) -> None:
    """Write sites in row groups, each of which holds few neurons, so that a reader of one neuron reads little."""
    import pyarrow
    from pyarrow import parquet

    names = pyarrow.array([neuron.name for neuron in context.neurons])
    sequences = pyarrow.array(list(context.sequences.names))
    sizes = np.array([neuron.probe.receptive_field for neuron in context.neurons], np.int32)
    kind = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    fields = [("neuron", kind), ("sequence", kind), ("start", pyarrow.int32()), ("end", pyarrow.int32())]
    schema = pyarrow.schema([*fields, ("activation", pyarrow.float32())])
    with atomic(path) as temporary, parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for part in _parts(sites):
            rows, columns, starts = (np.ascontiguousarray(column) for column in part.places.T)
            named = [
                pyarrow.DictionaryArray.from_arrays(pyarrow.array(index), values)
                for index, values in ((columns, names), (rows, sequences))
            ]
            numbers = [starts, starts + sizes[columns], part.strengths]
            arrays = [*named, *map(pyarrow.array, numbers)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
