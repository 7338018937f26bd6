"""Predict a stream of sequences into a table, in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from combmotif.models.model import SequenceModel

_BASES = 2_000_000
_ROWS = 4096


def _chunks(records: Iterable[tuple[str, np.ndarray]]) -> Iterator[list[tuple[str, np.ndarray]]]:
    chunk: list[tuple[str, np.ndarray]] = []
    bases = 0
    for name, codes in records:
        chunk.append((name, codes))
        bases += len(codes)
        if len(chunk) >= _ROWS or bases >= _BASES:
            yield chunk
            chunk, bases = [], 0
    if chunk:
        yield chunk


def predict_file(
    model: SequenceModel, records: Iterable[tuple[str, np.ndarray]], out: str | Path, *, source: str = "input"
) -> int:
    """Write one row per sequence: name, length, and one column per output.

    Parameters
    ----------
    model : SequenceModel
    records : iterable of (name, uint8 codes (length,))
        Read as it is predicted.
    out : path
        TSV file; written under a temporary name and renamed when it is whole.
    source : str, default "input"
        Where the records come from, for messages.

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
    temporary = out.with_name(out.name + ".tmp") if plain else out
    stream = iter(records)
    first = next(stream, None)
    if first is None:
        raise ValueError(f"{source}: expected sequences, the file has none")
    count = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(["name", "length", *model.outputs])
            for chunk in _chunks(chain([first], stream)):
                for name, codes in chunk:
                    model.check(codes, name=f"{source}: '{name}'")
                for (name, codes), row in zip(chunk, _predict(model, chunk, source), strict=True):
                    writer.writerow([name, len(codes), *(f"{value:.6g}" for value in row)])
                count += len(chunk)
    except BaseException:
        if plain:
            temporary.unlink(missing_ok=True)
        raise
    if plain:
        temporary.replace(out)
    return count


def _predict(model: SequenceModel, chunk: list[tuple[str, np.ndarray]], source: str) -> np.ndarray:
    try:
        return model.predict([codes for _, codes in chunk])
    except (RuntimeError, IndexError) as error:
        name, codes = min(chunk, key=lambda record: len(record[1]))
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{source}: model '{model.name}' could not read its sequences, of which the shortest is '{name}' with "
            f"{len(codes)} nt ({reason[:120]})"
        ) from error
