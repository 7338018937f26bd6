"""Sequences of files: FASTA and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.rows import read_rows
from combmotif.sequence.sets import SequenceSet


def read_fasta(path: str | Path, *, annotation: str | Path | None = None, skip_invalid: bool = False) -> SequenceSet:
    """Read a whole FASTA file (plain or .gz); an empty one is an error. Repeated names get _2, _3, ..., with a note.

    With an annotation (BED12, GTF or GFF3) the records are transcripts, or chromosomes that its transcripts are
    spliced out of, and the set has coding-frame and splice tracks. A transcript whose annotation cannot be used is an
    error, or with ``skip_invalid`` left out, with a note.

    Parameters
    ----------
    path : path
        Plain or gzipped.
    annotation : path, optional
        BED12, GTF or GFF3: the set then has tracks of coding frame and splice sites.
    skip_invalid : bool, default False
        Leave out transcripts without a usable annotation, instead of refusing them.

    Returns
    -------
    SequenceSet

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing, malformed or holds no sequence.

    Examples
    --------
    >>> from pathlib import Path
    >>> from combmotif.sequence import read_fasta
    >>> _ = Path("two.fa").write_text(">a\\nACGU\\n>b\\nGGAUG\\n")
    >>> read_fasta("two.fa").names
    ('a', 'b')
    """
    records = list(iterate_fasta(path))
    if not records:
        raise ValueError(f"{path}: expected FASTA records, the file is empty")
    found = SequenceSet(tuple(name for name, _ in records), tuple(codes for _, codes in records), source=str(path))
    if annotation is not None:
        found = found.annotated(annotation, skip_invalid=skip_invalid)
    return found.with_unique_names()


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
    skip_invalid: bool = False,
) -> SequenceSet:
    """Read sequences from a CSV or TSV table (plain or .gz).

    Names, groups and filters are text, exactly as the cells have them (``0012`` and ``12`` differ, ``NA`` may be a
    gene); only labels are numbers.

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs (any other name).
    sequence : str, optional
        Column of the sequences; default the first of sequence, seq, utr that exists.
    name : str, optional
        Column of the names; default row numbers, as for a row without a name.
    labels : sequence of str, default none
        Numeric columns to keep as labels.
    annotation : path, optional
        BED12, GTF or GFF3 of the transcripts in the table, which gives the set coding-frame and splice tracks; needs
        ``name``.
    where : str, optional
        ``column=value``: read only the rows with this value; ``column=`` those whose cell is empty.
    cluster : str, optional
        Column of what counts as independent in tests, such as the gene.
    skip_missing : bool, default False
        Leave out rows without a measurement (an empty cell, NA, NaN) or with an infinite one, with a note that counts
        them, instead of refusing them.
    skip_invalid : bool, default False
        Leave out transcripts whose annotation cannot be used, with a note, instead of refusing them.

    Returns
    -------
    SequenceSet

    Raises
    ------
    ValueError
        If a column is missing (the existing ones are named), the sequence or group of a row is empty, a label is not a
        finite number, or no row is left.

    Examples
    --------
    >>> from pathlib import Path
    >>> from combmotif.sequence import read_table
    >>> _ = Path("loads.csv").write_text("utr,load,gene\\nACGU,7.5,x\\nGGAUG,3,y\\n")
    >>> found = read_table("loads.csv", labels=["load"], name="gene")
    >>> found.names, found.labels[:, 0].tolist()
    (('x', 'y'), [7.5, 3.0])
    """
    if annotation is not None and name is None:
        raise ValueError(f"{path}: an annotation needs the column of the transcripts' names (name)")
    rows = read_rows(
        path, sequence=sequence, name=name, labels=labels, where=where, cluster=cluster, skip_missing=skip_missing
    )
    found = SequenceSet(
        tuple(rows.names),
        tuple(rows.codes),
        np.array(rows.values) if labels else None,
        tuple(labels),
        str(path),
        notes=tuple(rows.notes),
        clusters=tuple(rows.groups) if cluster else None,
        left_out=tuple(rows.left_out),
    )
    if annotation is not None:
        found = found.annotated(annotation, skip_invalid=skip_invalid)
    return found.with_unique_names()
