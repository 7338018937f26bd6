"""Instances of elements (k-mers, motifs) in sequences: bound, unbound, and unbound ones that match the bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.core.packed import open_text
from combmotif.core.seeding import named_generator
from combmotif.evaluation.tasks.base import column_of, read_cells
from combmotif.motifs.formats.read import read_motifs
from combmotif.motifs.scanning.scan import Scanner

_AROUND = 50
"""Bases on either side over which the local composition of an instance is taken."""


@dataclass(frozen=True)
class Element:
    """What is looked for.

    Attributes
    ----------
    name : str
        The k-mer, or the name of the motif.
    proteins : tuple of str
        That bind it.
    motif : str or float array (length, 4)
        The k-mer (IUPAC letters), or probabilities of A, C, G, U.
    """

    name: str
    proteins: tuple[str, ...]
    motif: str | np.ndarray


def find_instances(code: np.ndarray, kmer: np.ndarray) -> np.ndarray:
    """Find every start of a k-mer in a sequence, overlapping ones and the last possible one included."""
    if len(code) < len(kmer):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((np.lib.stride_tricks.sliding_window_view(code, len(kmer)) == kmer).all(1))


def read_regions(path: str, lengths: dict[str, int]) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Read bound regions on sequences: name, start, end (0-based, half-open) and protein; BED, no header.

    The protein is the fourth column up to the first ``_``. Regions of sequences that are not there, or beyond their
    end, are skipped; a file none of which fits is an error.
    """
    rows, skipped = [], []
    with open_text(Path(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            cells = line.rstrip("\r\n").split("\t")
            try:
                name, start, end = cells[0], int(cells[1]), int(cells[2])
            except (IndexError, ValueError):
                raise ValueError(
                    f"{path}: line {number}: expected name, start, end with tabs between, found {line.strip()[:60]!r}"
                ) from None
            if name not in lengths:
                skipped.append((f"{name}:{start}-{end}", "the sequence is not in the FASTA"))
            elif not 0 <= start < end:
                skipped.append((f"{name}:{start}-{end}", "its start is not below its end"))
            elif end > lengths[name]:
                skipped.append((f"{name}:{start}-{end}", f"beyond the sequence of {lengths[name]} nt"))
            else:
                rows.append((name, start, end, cells[3].split("_")[0] if len(cells) > 3 else ""))
    if not rows:
        said = f"; the first is on '{skipped[0][0]}' ({skipped[0][1]})" if skipped else ""
        raise ValueError(f"{path}: expected regions on the sequences of the FASTA, found none{said}")
    return pd.DataFrame(rows, columns=["name", "start", "end", "protein"]), skipped


def kmer_elements(given: str | Mapping[str, Sequence[str]]) -> list[Element]:
    """Make an element of every k-mer, with all proteins that bind it; of a table with ``protein`` and ``kmer``, too."""
    if isinstance(given, str):
        cells = read_cells(given)
        columns = (column_of(cells, name, path=given, key="kmers") for name in ("protein", "kmer"))
        pairs = list(zip(*columns, strict=True))
    else:
        pairs = [(protein, kmer) for protein, kmers in given.items() for kmer in kmers]
    by_kmer: dict[str, list[str]] = {}
    for protein, kmer in pairs:
        by_kmer.setdefault(kmer.upper().replace("U", "T"), []).append(protein)
    if not by_kmer:
        raise ValueError("kmers: expected k-mers of at least one protein, found none")
    return [Element(kmer, tuple(proteins), kmer) for kmer, proteins in by_kmer.items()]


def motif_elements(path: str, proteins: Mapping[str, str] | None = None) -> list[Element]:
    """Make an element of every motif of a file, a run's or a database's.

    Parameters
    ----------
    path : str
        Of any format that `combmotif motifs` reads.
    proteins : mapping of motif to protein, optional
        Only these motifs; default all, each of the protein that it is named after (its name up to the first ``_``).

    Raises
    ------
    ValueError
        If a motif is not in the file.
    """
    records = {record.id: record for record in read_motifs(path).records}
    if proteins is None:
        return [Element(key, (record.name.split("_")[0],), record.ppm) for key, record in records.items()]
    if missing := [key for key in proteins if key not in records]:
        raise ValueError(
            f"{path}: proteins: expected motifs such as {', '.join(list(records)[:3])}, found '{missing[0]}'"
        )
    return [Element(key, (protein,), records[key].ppm) for key, protein in proteins.items()]


def list_instances(
    names: Sequence[str],
    codes: Sequence[np.ndarray],
    elements: Sequence[Element],
    bound: Mapping[str, Sequence[tuple[int, int, str]]],
    *,
    p_value: float = 1e-4,
) -> pd.DataFrame:
    """List every instance of every element: bound inside a region of its protein, unbound outside of all regions.

    Parameters
    ----------
    names, codes : sequences
    elements : sequence of Element
    bound : mapping of name to (start, end, protein)
        An empty protein stands for all.
    p_value : float, default 1e-4
        Of a motif's instances, under independent bases of equal frequency.

    Raises
    ------
    ValueError
        If there are none, or the regions are of other proteins than the elements.
    """
    there = {protein for regions in bound.values() for _, _, protein in regions}
    wanted = {protein for element in elements for protein in element.proteins}
    if there and "" not in there and not there & wanted:
        raise ValueError(
            f"motifs: expected elements of proteins with regions ({', '.join(sorted(there)[:5])}), found elements of "
            f"{', '.join(sorted(wanted)[:5])}"
        )
    gc = [np.append(0, np.cumsum(np.isin(code, (1, 2)))) for code in codes]
    rows = []
    for number, element in enumerate(elements):
        sites = Scanner(element.motif, p_value=p_value).find(codes)
        for row, start, end in sites[["sequence", "start", "end"]].to_numpy().tolist():
            regions = bound.get(names[row], ())
            around = {protein for first, last, protein in regions if first <= start and end <= last}
            inside = [protein for protein in element.proteins if around & {"", protein}]
            if not inside and any(first < end and start < last for first, last, _ in regions):
                continue  # in a region of another protein, or across the edge of one
            low, high = max(0, start - _AROUND), min(len(codes[row]), end + _AROUND)
            local = float(gc[row][high] - gc[row][low]) / (high - low)
            protein = ",".join(inside or element.proteins)
            place = (names[row], start, end, element.name, protein, float(bool(inside)), local, len(codes[row]))
            rows.append(((row, number, start), place))
    if not rows:
        known = ", ".join(element.name for element in elements[:5])
        raise ValueError(f"motifs: expected instances of {known} in the sequences, found none")
    columns = ["sequence", "start", "end", "kmer", "protein", "bound", "local_gc", "length"]
    return pd.DataFrame([place for _, place in sorted(rows)], columns=columns)


def match_negatives(items: pd.DataFrame, match: str, *, per_sequence: bool, seed: int) -> pd.DataFrame:
    """Keep as many unbound as bound instances of every element; see :class:`MotifsTask`.

    Of whichever there are more, those are kept that match the others.
    """
    if items["bound"].nunique() < 2:
        found = "bound" if items["bound"].iloc[0] else "unbound"
        raise ValueError(f"motifs: expected bound and unbound instances, found only {found} ones")
    if match == "none":
        return items
    kept: list[int] = []
    for kmer, own in items.groupby("kmer", sort=True):
        positive = own.index[own["bound"] > 0].to_numpy()
        negative = own.index[own["bound"] == 0].to_numpy()
        random = named_generator(seed, "negatives", kmer)
        if per_sequence:
            near = np.isin(own.loc[negative, "sequence"], own.loc[positive, "sequence"].unique())
            if near.sum() >= len(positive):
                negative = negative[near]
        fewer, more = sorted((random.permutation(positive), random.permutation(negative)), key=len)
        if match == "gc":
            gc = np.array(items.loc[more, "local_gc"], dtype=float)
            chosen = []
            for value in items.loc[fewer, "local_gc"]:
                chosen.append(int(np.argmin(np.abs(gc - value))))
                gc[chosen[-1]] = np.inf
            more = more[chosen]
        kept += [*fewer, *more[: len(fewer)]]
    if not kept:
        raise ValueError("motifs: expected bound and unbound instances of one k-mer, found none that has both")
    return items.loc[sorted(kept)]
