"""Scan a FASTA file with a motif file, and write the hits as they are found."""

from __future__ import annotations

import contextlib
import gzip
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np
import pandas as pd

from combmotif.core.tables import HITS
from combmotif.motifs.matching.database import load_database, read_micrornas
from combmotif.motifs.scanning.scan import Scanner
from combmotif.motifs.scanning.stream import (
    nucleotide_frequencies,
    scan_microrna_sites,
    scan_sequences,
    to_bed,
)
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.names import UniqueNames

STYLES = ("tsv", "gz", "bed")


@dataclass
class ScanSummary:
    """What a scan found.

    Attributes
    ----------
    sites : Counter of str
        Sites of each motif that has one, by id.
    names : dict of str to str
        Of the motifs that have sites.
    motifs : int
        Motifs looked for.
    unreachable : dict of str to float
        Motifs whose best word is too likely to be a site, and its p-value.
    sequences, nucleotides : int
    """

    sites: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)
    motifs: int = 0
    unreachable: dict[str, float] = field(default_factory=dict)
    sequences: int = 0
    nucleotides: int = 0


def scan_file(
    sequences: str | Path,
    database: str | Path,
    out: str | Path,
    *,
    style: str = "tsv",
    p_value: float = 1e-4,
    strands: str = "single",
    background: str = "uniform",
    species: str | None = None,
) -> ScanSummary:
    """Find the sites of motifs on the sequences of a FASTA file, in bounded memory.

    A name that stands again gets _2, _3, ..., with a warning.

    Parameters
    ----------
    sequences : path
        FASTA, plain or gzipped.
    database : str or path
        As `load_database` takes it; of mature microRNAs all types of site are found, each place by its best.
    out : path
        File to write.
    style : {"tsv", "gz", "bed"}, default "tsv"
        A table with the columns `combmotif.core.tables.HITS`, the same gzipped, or BED.
    p_value : float, default 1e-4
        Largest p-value of a site of a matrix.
    strands : {"single", "both"}, default "single"
    background : {"uniform", "sequences"}, default "uniform"
        Letters of a random word: all alike, or as frequent as in the file (read twice).
    species : str, optional
        Only motifs of this species, where the database knows species.

    Returns
    -------
    ScanSummary

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or malformed, or no motif can reach `p_value`.
    """
    sequences = Path(sequences)
    if style not in STYLES:
        raise ValueError(f"style: expected one of {', '.join(STYLES)}, got {style!r}")
    if not sequences.exists() or sequences.is_dir():
        raise FileNotFoundError(f"sequences {sequences}: no such file; give a FASTA file")
    if background == "sequences" and not sequences.is_file():
        raise ValueError(
            f"sequences {sequences}: expected a file with background 'sequences', which reads it twice, found a pipe; "
            f"save it as a file, or take the background 'uniform'"
        )
    families = read_micrornas(database, species=species)
    letters = nucleotide_frequencies(iterate_fasta(sequences)).tolist() if background == "sequences" else None
    summary = ScanSummary()
    unique = UniqueNames()
    records = _counted(iterate_fasta(sequences), summary, unique)
    if families is not None:
        if strands == "both":
            raise ValueError("strands: microRNAs read the strand of the mRNA only; expected single, got both")
        summary.motifs = len(families)
        parts = scan_microrna_sites(records, families, background=letters)
    else:
        known = load_database(database, species=species)
        summary.motifs = len(known)
        for entry in known.entries:
            scanner = Scanner(entry.word or entry.ppm, p_value=p_value, background=letters)
            if not scanner.reachable:
                summary.unreachable[entry.id] = scanner.best_p
        if len(summary.unreachable) == len(known):
            raise ValueError(
                f"p_value: none of the {len(known)} motifs can reach {p_value:g}; the best word of any has "
                f"p = {min(summary.unreachable.values()):.2g}"
            )
        parts = scan_sequences(records, known, p_value=p_value, strands=strands, background=letters)
    _write(parts, Path(out), style, summary)
    if not summary.sequences:
        raise ValueError(f"{sequences}: expected FASTA records, the file is empty")
    for note in unique.notes(str(sequences)):
        warnings.warn(note, stacklevel=2)
    return summary


def _write(parts: Iterable[pd.DataFrame], out: Path, style: str, summary: ScanSummary) -> None:
    with contextlib.ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(out.open("wb"))
        if style == "gz":
            packed = gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="")
            stream = cast("IO[bytes]", stack.enter_context(packed))
        if style != "bed":
            stream.write(("\t".join(HITS.names) + "\n").encode())
        for part in parts:
            summary.sites.update(part["motif"])
            for row in part[["motif", "name"]].drop_duplicates().itertuples():
                summary.names[row.motif] = row.name
            table = to_bed(part) if style == "bed" else part
            text = table.to_csv(sep="\t", header=False, index=False, float_format="%.6g", lineterminator="\n")
            stream.write(text.encode())


def _counted(
    records: Iterable[tuple[str, np.ndarray]], summary: ScanSummary, unique: UniqueNames
) -> Iterator[tuple[str, np.ndarray]]:
    for name, codes in records:
        summary.sequences += 1
        summary.nucleotides += len(codes)
        yield unique(name), codes
