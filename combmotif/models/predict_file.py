"""Predict a stream of sequences into a table, in bounded memory."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

import numpy as np

from combmotif.core.files import atomic, no_formula, writing_text
from combmotif.models.model import SequenceModel
from combmotif.sequence.names import UniqueNames

_BASES = 2_000_000
_ROWS = 4096

Record = tuple[str, np.ndarray] | tuple[str, np.ndarray, np.ndarray]
"""Name, uint8 codes (length,), and where there are any, tracks (k, length)."""


def _chunks(records: Iterable[Record]) -> Iterator[list[tuple[str, np.ndarray, np.ndarray | None]]]:
    chunk: list[tuple[str, np.ndarray, np.ndarray | None]] = []
    bases = 0
    for name, codes, *tracks in records:
        chunk.append((name, codes, tracks[0] if tracks else None))
        bases += len(codes)
        if len(chunk) >= _ROWS or bases >= _BASES:
            yield chunk
            chunk, bases = [], 0
    if chunk:
        yield chunk


def predict_file(
    model: SequenceModel,
    records: Iterable[Record],
    out: str | Path,
    *,
    source: str = "input",
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Write one row per sequence: name, length, and one column per output.

    A name that stands again gets _2, _3, ..., with a warning.

    Where the model has a rule for sequences of another length than its own, a column ``input`` says what the rule did
    to the sequence (``first 1712 nt left out``, ``9288 nt of padding``, or nothing).

    Parameters
    ----------
    model : SequenceModel
    records : iterable of (name, uint8 codes (length,)) or (name, codes, tracks (k, length))
        Read as it is predicted. Tracks that are not given are zero.
    out : path
        TSV file, gzipped where it ends in .gz; written under a temporary name and renamed when it is whole.
    source : str, default "input"
        Where the records come from, for messages.
    on_rows : callable, optional
        Called with the number of rows written so far.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ValueError
        If there are no records, or one does not fit the model (its name and length are told).
    """
    out = Path(out)
    if out.is_dir():
        raise ValueError(f"{out}: expected a file to write, found a folder")
    plain = out.is_file() or not out.exists()  # a pipe or device is written to, not replaced
    stream = iter(records)
    first = next(stream, None)
    if first is None:
        raise ValueError(f"{source}: expected sequences, the file has none")
    count, unique = 0, UniqueNames()
    lost, names = 0, []
    target = atomic(out) if plain else nullcontext(out)
    with target as path, writing_text(path, out) as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        told = ["input"] if model.input_spec.rule != "exact" else []
        writer.writerow(["name", "length", *told, *model.outputs])
        for chunk in _chunks(chain([first], stream)):
            for name, codes, _ in chunk:
                model.check(codes, name=f"{source}: '{name}'")
            predictions = _predict(model, chunk, source)
            if not count:
                _tell_doubts(model, chunk)
            wrong = np.flatnonzero(~np.isfinite(predictions).all(1))
            lost += len(wrong)
            names += [chunk[row][0] for row in wrong[:3]]
            for (name, codes, _), row in zip(chunk, predictions, strict=True):
                fitted = [model.fit(codes)[2]] if told else []
                writer.writerow([no_formula(unique(name)), len(codes), *fitted, *(f"{value:.6g}" for value in row)])
            count += len(chunk)
            if on_rows is not None:
                on_rows(count)
    if lost:
        warnings.warn(not_finite(model.name, names, lost, count), stacklevel=2)
    for note in unique.notes(source):
        warnings.warn(note, stacklevel=2)
    return count


def _tell_doubts(model: SequenceModel, chunk: list[tuple[str, np.ndarray, np.ndarray | None]]) -> None:
    given = [tracks for _, _, tracks in chunk[:8] if tracks is not None]
    doubts = model.doubts([codes for _, codes, _ in chunk[:8]], tracks=given or None)
    if doubts:
        warnings.warn(doubts, stacklevel=3)


def not_finite(model: str, names: Sequence[str], count: int, total: int) -> str:
    """Say that a model gave no number for some sequences, of which the first are named."""
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return (
        f"model '{model}' gave no finite prediction for {count:,} of {total:,} sequences ({shown}"
        f"{', ...' if count > len(names[:3]) else ''}); they are left out of every mean, test and class"
    )


def _predict(
    model: SequenceModel, chunk: list[tuple[str, np.ndarray, np.ndarray | None]], source: str
) -> np.ndarray:  # fmt: skip
    given = [tracks for _, _, tracks in chunk if tracks is not None]
    try:
        return model.predict([codes for _, codes, _ in chunk], tracks=given or None)
    except (RuntimeError, IndexError) as error:
        name, codes, _ = min(chunk, key=lambda record: len(record[1]))
        reason = (str(error.__cause__ or error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{source}: model '{model.name}' could not read its sequences, of which the shortest is '{name}' with "
            f"{len(codes)} nt ({reason[:120]})"
        ) from error
