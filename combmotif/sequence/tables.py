"""Sets of named sequences with labels, from FASTA, tables, or drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.files import open_text
from combmotif.sequence.alphabet import encode
from combmotif.sequence.annotation import annotate, read_annotation
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.names import unique_names
from combmotif.sequence.words import contains


@dataclass(frozen=True)
class SequenceSet:
    """Named sequences and, where known, their measured values.

    Attributes
    ----------
    names : tuple of str
        Unique.
    codes : tuple of uint8 arrays, each of shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.
    labels : float array, shape (n, k), or None
    label_names : tuple of str, length k
    source : str
        Where they came from, for the run's record.
    tracks : tuple of arrays, each of shape (tracks, length), or None
        What stands at each position beside the base, such as the coding frame and the splice sites.
    notes : tuple of str
        What was changed or left out when they were read, one sentence each.
    clusters : tuple of str, or None
        What counts as independent in a test, such as the gene of each sequence; None: every sequence.
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, ...]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    source: str = ""
    tracks: tuple[np.ndarray, ...] | None = None
    notes: tuple[str, ...] = ()
    clusters: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """Lengths in nt, shape (n,)."""
        return np.array([len(code) for code in self.codes], dtype=np.int64)

    @property
    def gc(self) -> np.ndarray:
        """Fraction of G and C among the unambiguous letters, shape (n,)."""
        return np.array([np.isin(c, (1, 2)).sum() / max(1, (c < 4).sum()) for c in self.codes])

    def subset(self, rows: Sequence[int] | np.ndarray) -> SequenceSet:
        """Return the sequences of the given rows, in that order."""
        labels = None if self.labels is None else self.labels[np.asarray(rows, dtype=int)]
        return SequenceSet(
            tuple(self.names[i] for i in rows),
            tuple(self.codes[i] for i in rows),
            labels,
            self.label_names,
            self.source,
            None if self.tracks is None else tuple(self.tracks[i] for i in rows),
            self.notes,
            None if self.clusters is None else tuple(self.clusters[i] for i in rows),
        )

    def last(self, length: int) -> SequenceSet:
        """Return the last ``length`` nt of every sequence, without the sequences that are shorter."""
        kept = self.subset(np.flatnonzero(self.lengths >= length))
        tracks = None if kept.tracks is None else tuple(track[:, -length:] for track in kept.tracks)
        codes = tuple(codes[-length:] for codes in kept.codes)
        return replace(kept, codes=codes, tracks=tracks)

    def tracks_of(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray] | None:
        """Tracks of the given rows, or None where the set has none."""
        return None if self.tracks is None else [self.tracks[i] for i in rows]

    def annotated(self, annotation: str | Path) -> SequenceSet:
        """Return the set with the tracks of a BED12, GTF or GFF3 file; see :func:`annotation.annotate`."""
        found = {
            name: (codes, tracks)
            for name, codes, tracks in annotate(
                zip(self.names, self.codes, strict=True), read_annotation(annotation), source=self.source
            )
        }
        names = tuple(found)
        if names != self.names and (self.labels is not None or self.clusters is not None):
            raise ValueError(f"{self.source}: expected transcripts, found chromosomes; labels are of transcripts")
        codes, tracks = (tuple(found[name][i] for name in names) for i in (0, 1))
        return replace(self, names=names, codes=codes, tracks=tracks)


def read_fasta(path: str | Path, *, annotation: str | Path | None = None) -> SequenceSet:
    """Read a whole FASTA file (plain or .gz); an empty one is an error. Repeated names get _2, _3, ..., with a note.

    With an annotation (BED12, GTF or GFF3) the records are transcripts, or chromosomes that its transcripts are
    spliced out of, and the set has coding-frame and splice tracks.
    """
    records = list(iterate_fasta(path))
    if not records:
        raise ValueError(f"{path}: expected FASTA records, the file is empty")
    names, notes = unique_names([name for name, _ in records], str(path))
    found = SequenceSet(names, tuple(codes for _, codes in records), source=str(path), notes=notes)
    return found if annotation is None else found.annotated(annotation)


def read_table(
    path: str | Path,
    *,
    sequence: str | None = None,
    name: str | None = None,
    labels: Sequence[str] = (),
    annotation: str | Path | None = None,
    where: str | None = None,
    cluster: str | None = None,
    skip_missing: bool = False,
) -> SequenceSet:
    """Read sequences from a CSV or TSV table (plain or .gz).

    Parameters
    ----------
    path : path
        Columns are separated by tabs (``.tsv``, ``.txt``) or commas (``.csv``).
    sequence : str, optional
        Column of the sequences; default the first of sequence, seq, utr that exists.
    name : str, optional
        Column of the names; default row numbers.
    labels : sequence of str, default none
        Numeric columns to keep as labels.
    annotation : path, optional
        BED12, GTF or GFF3 of the transcripts in the table, which gives the set coding-frame and splice tracks; needs
        ``name``.
    where : str, optional
        ``column=value``: read only the rows with this value.
    cluster : str, optional
        Column of what counts as independent in tests, such as the gene.
    skip_missing : bool, default False
        Leave out rows without a measurement (an empty cell, NA, NaN), with a note that counts them, instead of
        refusing them.

    Raises
    ------
    ValueError
        If a column is missing (the existing ones are named), a cell is empty or a label is not a number, or no row
        is left.
    """
    path = Path(path)
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        with open_text(path) as stream:
            table = pd.read_csv(stream, sep=separator)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: expected a table with a header line, the file is empty") from None
    columns = [str(c) for c in table.columns]
    if where is not None:
        key, equals, value = where.partition("=")
        if not equals or key not in columns:
            raise ValueError(f"{path}: expected COLUMN=VALUE with a column among {', '.join(columns)}, found '{where}'")
        table = table[table[key].astype(str) == value].reset_index(drop=True)
        if not len(table):
            raise ValueError(f"{path}: no row has '{value}' in column '{key}'")
    column = sequence or next((c for c in ("sequence", "seq", "utr") if c in columns), None)
    for wanted in [column or "sequence", *filter(None, (name, cluster)), *labels]:
        if wanted not in columns:
            raise ValueError(f"{path}: expected a column '{wanted}', found {', '.join(columns)}")
    if not len(table):
        raise ValueError(f"{path}: the table has a header but no rows")
    missing = np.flatnonzero(table[column].isna())
    if missing.size:
        raise ValueError(f"{path}: row {missing[0] + 1} has no sequence in column '{column}'")
    notes: tuple[str, ...] = ()
    rows = np.arange(1, len(table) + 1)
    if skip_missing and labels:
        unmeasured = table[list(labels)].isna().any(axis=1).to_numpy()
        if unmeasured.all():
            raise ValueError(f"{path}: expected numbers in {' and '.join(labels)}, found no row that has them")
        if unmeasured.any():
            notes += (
                f"{path}: {unmeasured.sum():,} of {len(table):,} rows have no measurement in {' or '.join(labels)} "
                f"(first: row {rows[unmeasured][0]}) and were left out.",
            )
            table, rows = table[~unmeasured].reset_index(drop=True), rows[~unmeasured]
    values = np.empty((len(table), len(labels)))
    for index, label in enumerate(labels):
        numeric = pd.to_numeric(table[label], errors="coerce")
        wrong = np.flatnonzero(numeric.isna())
        if wrong.size:
            found_text = str(table[label].iloc[wrong[0]])
            more = f" (and in {wrong.size - 1:,} more rows)" if wrong.size > 1 else ""
            raise ValueError(
                f"{path}: row {rows[wrong[0]]} column '{label}': expected a number, found "
                f"{'nothing' if found_text == 'nan' else repr(found_text)}{more}; take rows without a measurement out"
            )
        values[:, index] = numeric
    given = [str(v) for v in table[name]] if name else [f"row{row}" for row in rows]
    codes = tuple(encode(str(s), name=f"{path}: row {row}") for row, s in zip(rows, table[column], strict=True))
    names, renamed = unique_names(given, str(path))
    notes = (*notes, *renamed)
    groups = None if cluster is None else tuple(table[cluster].astype(str))
    measured = values if labels else None
    found = SequenceSet(names, codes, measured, tuple(labels), str(path), notes=notes, clusters=groups)
    if annotation is None:
        return found
    if name is None:
        raise ValueError(f"{path}: an annotation needs the column of the transcripts' names (name)")
    return found.annotated(annotation)


def random_sequences(
    count: int,
    length: int,
    *,
    seed: int,
    frequencies: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
    exclude: Sequence[str] = (),
) -> SequenceSet:
    """Draw independent random sequences.

    Parameters
    ----------
    count, length : int
    seed : int
    frequencies : 4 floats, default equal
        Of A, C, G, T/U; scaled to sum to 1.
    exclude : sequence of str, default none
        IUPAC words; a sequence that contains one is drawn again.

    Raises
    ------
    ValueError
        If the words leave hardly a sequence of this length.
    """
    p = np.asarray(frequencies, dtype=float)
    random = np.random.default_rng(seed)
    codes = random.choice(4, p=p / p.sum(), size=(count, length)).astype(np.uint8)
    for attempt in range(201):
        wrong = np.flatnonzero(np.any([contains(codes, word) for word in exclude], axis=0)) if exclude else ()
        if not len(wrong):
            break
        if attempt == 200:
            raise ValueError(f"exclude: hardly a random sequence of {length} nt is without {', '.join(exclude)}")
        codes[wrong] = random.choice(4, p=p / p.sum(), size=(len(wrong), length))
    without = f" without {', '.join(exclude)}" if exclude else ""
    return SequenceSet(
        tuple(f"random{i + 1}" for i in range(count)),
        tuple(codes),
        source=f"{count} random sequences of {length} nt{without}",
    )
