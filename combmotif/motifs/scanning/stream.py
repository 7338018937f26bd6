"""Scan any number of sequences with any number of motifs, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from combmotif.core.tables import HITS
from combmotif.motifs.matching.database import Database, DatabaseEntry
from combmotif.motifs.matching.mirna import SeedFamily, family_name, find_mirna_sites
from combmotif.motifs.scanning.scan import Scanner
from combmotif.sequence.alphabet import decode

CHUNK = 1 << 20  # nt held at a time


def scan_sequences(
    records: Iterable[tuple[str, np.ndarray]],
    database: Database,
    *,
    p_value: float = 1e-4,
    strands: str = "single",
    background: Sequence[float] | None = None,
    chunk: int = CHUNK,
) -> Iterator[pd.DataFrame]:
    """Find the sites of every motif of a database on every sequence, as FIMO does (Grant et al. 2011).

    A matrix has a site where a random window scores as high with probability at most `p_value`, exact from
    the distribution of its scores; a word has a site wherever it stands. RNA has one strand.

    Parameters
    ----------
    records : iterable of (name, uint8 codes (length,))
        As `combmotif.sequence.fasta.iterate_fasta` gives them; read once.
    database : Database
    p_value : float, default 1e-4
    strands : {"single", "both"}, default "single"
        "both" also scans with the reverse complement of each motif (DNA).
    background : sequence of 4 floats, default uniform
        Frequencies of A, C, G, T/U.
    chunk : int, default 1,048,576
        Nucleotides held at a time.

    Yields
    ------
    pandas.DataFrame
        Hits in some of the sequences, columns `combmotif.core.tables.HITS`; by sequence, start, p-value and motif.
    """
    if strands not in ("single", "both"):
        raise ValueError(f"strands: expected 'single' or 'both', got {strands!r}")
    scanners = []
    for entry in database.entries:
        motif = entry.word or entry.ppm
        scanners.append((entry, "+", Scanner(motif, p_value=p_value, background=background)))
        if strands == "both":
            motif = reverse_complement(entry.word) if entry.word else entry.ppm[::-1, ::-1]
            scanners.append((entry, "-", Scanner(motif, p_value=p_value, background=background)))
    alphabet = database.alphabet
    for names, codes in _chunks(records, chunk):
        found = [_hits(entry, strand, scanner, codes) for entry, strand, scanner in scanners if scanner.reachable]
        yield _finish(pd.concat(found, ignore_index=True) if found else _empty(), names, codes, alphabet)


def scan_microrna_sites(
    records: Iterable[tuple[str, np.ndarray]],
    families: Sequence[SeedFamily],
    *,
    background: Sequence[float] | None = None,
) -> Iterator[pd.DataFrame]:
    """Find the target sites of microRNAs, each once and by its best type.

    Parameters and tables as for `scan_sequences`; a site's ``motif`` is its word and its type (8mer, 7mer-m8,
    7mer-A1, 6mer), ``name`` the microRNAs, and its score and p-value are of the word it spells.
    """
    for names, codes in _chunks(records, CHUNK):
        sites = find_mirna_sites(codes, families, background=background)
        named = {index: family_name(names_) for index, names_ in sites.groups.items()}
        table = sites.table
        frame = pd.DataFrame(
            {
                "motif": table["word"] + ":" + table["type"],
                "name": [named[g] for g in table["group"]],
                "sequence": table["sequence"], "start": table["start"], "end": table["end"], "strand": "+",
                "score": -np.log2(table["p_value"].to_numpy(dtype=float)), "p_value": table["p_value"],
            }
        )  # fmt: skip
        yield _finish(frame, names, codes, "rna")


def nucleotide_frequencies(records: Iterable[tuple[str, np.ndarray]]) -> np.ndarray:
    """Count nucleotides and return the frequencies of A, C, G, T/U in sequences, shape (4,); each at least 0.1 %."""
    counts = np.zeros(4)
    for _, codes in records:
        counts += np.bincount(codes, minlength=5)[:4]
    if not counts.sum():
        raise ValueError("background: the sequences hold no A, C, G or U to take frequencies from")
    frequencies = np.maximum(counts / counts.sum(), 1e-3)
    return frequencies / frequencies.sum()


def reverse_complement(word: str) -> str:
    """Spell the reverse complement of an IUPAC word, with T for U."""
    return word.upper().translate(str.maketrans("ACGTURYSWKMBDHVN", "TGCAAYRSWMKVHDBN"))[::-1]


def to_bed(hits: pd.DataFrame) -> pd.DataFrame:
    """Give hits as the six columns of BED; the score is -10 log10 p, at most 1000."""
    score = np.minimum(1000, np.rint(-10 * np.log10(hits["p_value"].to_numpy(dtype=float)))).astype(int)
    name = [f"{m}({n})" if n not in ("", m) else m for m, n in zip(hits["motif"], hits["name"], strict=True)]
    return pd.DataFrame(
        {
            "chrom": hits["sequence"], "start": hits["start"], "end": hits["end"],
            "name": [text.replace(" ", "_") for text in name], "score": score, "strand": hits["strand"],
        }
    )  # fmt: skip


def _chunks(records: Iterable[tuple[str, np.ndarray]], size: int) -> Iterator[tuple[list[str], list[np.ndarray]]]:
    names: list[str] = []
    codes: list[np.ndarray] = []
    held = 0
    for name, sequence in records:
        names.append(name)
        codes.append(sequence)
        held += len(sequence)
        if held >= size:
            yield names, codes
            names, codes, held = [], [], 0
    if names:
        yield names, codes


def _hits(entry: DatabaseEntry, strand: str, scanner: Scanner, codes: list[np.ndarray]) -> pd.DataFrame:
    found = scanner.find(codes)
    if entry.place == "start":
        ends = found["sequence"].map(lambda row: len(codes[row]))
        found = found[found["start"] == 0 if strand == "+" else found["end"] == ends].reset_index(drop=True)
    found.insert(0, "motif", entry.id)
    found.insert(1, "name", entry.name)
    found.insert(5, "strand", strand)
    return found


def _empty() -> pd.DataFrame:
    return HITS.frame().drop(columns="site")


def _finish(hits: pd.DataFrame, names: list[str], codes: list[np.ndarray], alphabet: str) -> pd.DataFrame:
    """Sort the hits, name the sequences and spell the sites."""
    hits = hits.sort_values(["sequence", "start", "p_value", "motif", "strand"], kind="stable", ignore_index=True)
    spelled = []
    for row, start, end, strand in zip(hits["sequence"], hits["start"], hits["end"], hits["strand"], strict=True):
        site = codes[row][start:end]
        spelled.append(decode(3 - site[::-1] if strand == "-" else site, alphabet=alphabet))
    hits["sequence"] = [names[row] for row in hits["sequence"]]
    hits["site"] = spelled
    return hits[HITS.names]
