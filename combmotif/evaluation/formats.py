"""Vectors and per-base numbers in the formats that others read: npz, Parquet and tables beside HDF5."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from combmotif.core.files import atomic, reading, require_file, require_parquet, without_guard, write_table
from combmotif.sequence.delimited import Table, open_table

VECTORS = (".h5", ".hdf5", ".npz", ".parquet", ".tsv", ".tsv.gz")
"""Endings of the files that ``combmotif embed`` writes."""
PER_BASE = (*VECTORS, ".bw")
"""Endings of the files that ``combmotif score`` writes."""
_BASES = ["A", "C", "G", "T"]


def ending(path: Path, known: Sequence[str]) -> str:
    """Return how the name of a file to be written ends; an unknown ending is a ValueError that names the known ones."""
    found = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    if found not in known:
        raise ValueError(f"--out: expected a name that ends in {', '.join(known)}, found '{path.name}'")
    if found == ".parquet":
        require_parquet()
    return found


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file."""
    require_file(path)
    require_parquet()
    import pyarrow

    try:
        return pd.read_parquet(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path}: expected a Parquet file, found a damaged one or another format") from error


@contextlib.contextmanager
def open_rows(
    path: str | Path, *, columns: Sequence[str] | None = None, separator: str | None = None
) -> Iterator[Table]:
    """Open a table as `open_table` does, or a Parquet file as if its cells were text."""
    if Path(path).suffix != ".parquet":
        with open_table(path, columns=columns, separator=separator) as table:
            yield table
        return
    frame = read_parquet(Path(path))
    names = tuple(columns or map(str, frame.columns))
    if len(names) != frame.shape[1]:
        raise ValueError(f"{path}: columns: expected {frame.shape[1]} names, found {len(names)}")
    rows = frame.itertuples(index=False, name=None)
    texts = (["" if pd.isna(cell) else str(cell) for cell in row] for row in rows)
    yield Table(str(path), names, enumerate(texts, 1))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an .npz file of plain arrays; one that would need code to be run is refused."""
    require_file(path)
    with reading(path, "an .npz file of arrays"), np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def read_vectors(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Read ``names`` and ``embeddings`` of an HDF5 or .npz file; None for a table."""
    if path.suffix in (".h5", ".hdf5"):
        with reading(path, "HDF5 with 'names' and 'embeddings'"), h5py.File(path) as file:
            found = {key: (file[key].asstr()[:] if key == "names" else file[key][:])
                     for key in ("names", "embeddings") if key in file}  # fmt: skip
            there = list(file)
    elif path.suffix == ".npz":
        found = read_arrays(path)
        there = list(found)
    else:
        return None
    if "names" not in found or "embeddings" not in found:
        raise ValueError(f"{path}: expected 'names' and 'embeddings', found {', '.join(there) or 'nothing'}")
    names, table = found["names"], np.asarray(found["embeddings"], dtype=np.float32)
    if table.ndim != 2 or len(names) != len(table):
        raise ValueError(f"{path}: expected a row for each of {len(names)} names, found an array of {table.shape}")
    return names, table


def read_per_base(path: Path) -> dict[str, np.ndarray]:
    """Read per-base probabilities of an .npz file, or of a table (name, position, A, C, G, T), by name.

    An .npz file holds ``names``, ``lengths`` and ``probs`` (all bases, 4), or an array (length, 4) for every name.
    """
    if path.suffix == ".npz":
        arrays = read_arrays(path)
        if not {"names", "lengths", "probs"} <= set(arrays):
            return {name: np.asarray(table, dtype=np.float32) for name, table in arrays.items()}
        ends = np.cumsum(arrays["lengths"])
        if len(ends) != len(arrays["names"]) or (ends[-1] if len(ends) else 0) != len(arrays["probs"]):
            raise ValueError(f"{path}: expected as many rows of 'probs' as 'lengths' say, found {len(arrays['probs'])}")
        parts = np.split(np.asarray(arrays["probs"], dtype=np.float32), ends[:-1])
        return dict(zip(arrays["names"].tolist(), parts, strict=True))
    if path.suffix == ".parquet":
        table = read_parquet(path)
    else:
        with reading(path, "a table with name, position, A, C, G and T"):
            table = pd.read_csv(
                path, sep="\t", dtype={"name": str}, keep_default_na=False, na_values={b: [""] for b in _BASES}
            )
    if missing := [column for column in ("name", "position", *_BASES) if column not in table]:
        raise ValueError(f"{path}: expected the columns name, position, A, C, G, T, found no '{missing[0]}'")
    found = {}
    for name, own in table.groupby("name", sort=False):
        if (own["position"].to_numpy() != np.arange(len(own))).any():
            raise ValueError(f"{path}: {name}: expected positions 0, 1, 2, ... in order, found others")
        plain = str(name) if path.suffix == ".parquet" else without_guard(str(name))
        found[plain] = own[_BASES].to_numpy(dtype=np.float32)
    return found


def convert_vectors(kept: Path, out: Path, kind: str) -> None:
    """Write the vectors of an HDF5 file as .npz, Parquet or a table."""
    with h5py.File(kept) as file:
        names, lengths, table = file["names"].asstr()[:].astype(str), file["lengths"][:], file["embeddings"][:]
    if kind == ".npz":
        with atomic(out) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, names=names, lengths=lengths, embeddings=table)
        return
    frame = pd.DataFrame(table, columns=[f"e{i}" for i in range(table.shape[1])])
    frame.insert(0, "name", names.astype(object))
    if kind == ".parquet":
        with atomic(out) as temporary:
            frame.to_parquet(temporary, index=False)
    else:
        write_table(out, frame)


def write_per_base(
    path: Path, kind: str, names: Sequence[str], codes: Sequence[np.ndarray], tables: Sequence[np.ndarray]
) -> None:
    """Write per-base probabilities of all sequences as .npz or Parquet, as :func:`read_per_base` reads them."""
    lengths, probs = np.array([len(code) for code in codes]), np.concatenate(tables).astype(np.float32)
    if kind == ".npz":
        with path.open("wb") as stream:
            np.savez_compressed(stream, names=np.array(names, dtype=str), lengths=lengths, probs=probs)
        return
    frame = pd.DataFrame(probs, columns=_BASES)
    frame.insert(0, "name", np.repeat(np.array(names, dtype=object), lengths))
    frame.insert(1, "position", np.concatenate([np.arange(length) for length in lengths]))
    frame.insert(2, "base", np.array(list("ACGTN"), dtype=object)[np.concatenate(codes)])
    frame.to_parquet(path, index=False)
