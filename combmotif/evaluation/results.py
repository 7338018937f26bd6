"""Vectors and per-base scores of a FASTA file, written as they are made."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import h5py
import numpy as np

from combmotif.core.files import atomic, no_formula, require_file, writing_text
from combmotif.evaluation.adapters.base import Adapter, LacksCapability, pool_states, read_mode
from combmotif.evaluation.adapters.tracks import bigwig_package
from combmotif.evaluation.formats import PER_BASE, VECTORS, convert_vectors, ending, write_per_base
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.names import UniqueNames

_BLOCK = 256
"""Sequences that are in memory at a time."""


def _blocks(
    adapter: Adapter, fasta: str | Path, skipped: list[tuple[str, str]]
) -> Iterator[tuple[list[str], list[np.ndarray]]]:
    require_file(fasta)
    records = iterate_fasta(fasta)
    unique = UniqueNames(name for name, _ in iterate_fasta(fasta))
    while block := list(islice(records, _BLOCK)):
        names, codes = [], []
        for name, code in block:
            name = unique(name)
            if not (code < 4).any():
                skipped.append((name, "it is all N"))
            elif any(part in ("", ".", "..") for part in name.split("/")):
                skipped.append((name, "a part of its name is empty, . or .., which HDF5 cannot keep"))
            else:
                names.append(name)
                codes.append(code)
        if names:
            yield names, codes


def embed_fasta(
    adapter: Adapter,
    fasta: str | Path,
    out: Path,
    *,
    pool: str = "mean",
    layers: str = "-1",
    chunk: int | None = None,
    overlap: int = 0,
) -> tuple[int, int, list[tuple[str, str]]]:
    """Write a vector for every sequence.

    Parameters
    ----------
    adapter : Adapter
    fasta : path
    out : pathlib.Path
        HDF5 with ``names``, ``embeddings`` float32 (n, d) and ``lengths``, written as they are made; ``.npz`` of the
        same; ``.parquet``, ``.tsv`` or ``.tsv.gz`` with a column of names and one per number.
    pool, layers : str
        See :meth:`Adapter.embed`; ``none`` writes the vectors of all bases or tokens, ``/NAME/states`` of HDF5.
    chunk : int, optional
        Longer sequences are cut into parts of this many nt, whose vectors are averaged, weighted by the bases.
    overlap : int, default 0
        Bases that two parts share.

    Returns
    -------
    (sequences, numbers each, skipped)

    Raises
    ------
    ValueError
        If the model gives no vectors, a name or pool is wrong, or the overlap is not smaller than the chunk.
    """
    adapter.require("embed")
    if pool == "none":
        if out.suffix not in (".h5", ".hdf5") or chunk is not None:
            raise ValueError("pool: none is for HDF5 (.h5), without a chunk; choose another pool, or another --out")
        return _write_states(adapter, fasta, out, layers)
    pool_states(np.zeros((1, 1)), pool)  # a wrong word is told before the model is asked, also where it pools nothing
    if chunk is not None and overlap >= chunk:
        raise ValueError(f"overlap: expected less than the chunk of {chunk} nt, found {overlap}")
    if (kind := ending(out, VECTORS)) not in (".h5", ".hdf5"):
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "vectors.h5"
            written = embed_fasta(adapter, fasta, kept, pool=pool, layers=layers, chunk=chunk, overlap=overlap)
            convert_vectors(kept, out, kind)
        return written
    skipped: list[tuple[str, str]] = []
    count = width = 0
    with atomic(out) as temporary, h5py.File(temporary, "w") as file:
        text = h5py.string_dtype()
        names_of = file.create_dataset("names", (0,), maxshape=(None,), dtype=text)
        lengths_of = file.create_dataset("lengths", (0,), maxshape=(None,), dtype=np.int64)
        table = None
        for names, codes in _blocks(adapter, fasta, skipped):
            parts, owners = [], []
            for row, code in enumerate(codes):
                step = len(code) if chunk is None or len(code) <= chunk else chunk - overlap
                size = len(code) if chunk is None else chunk
                starts = range(0, max(1, len(code) - (overlap if len(code) > size else 0)), step)
                own = [code[start : start + size] for start in starts]
                parts += own
                owners += [row] * len(own)
            vectors = adapter.embed(parts, pool=pool, layers=layers)
            weights = np.array([len(part) for part in parts], dtype=float)
            found = np.zeros((len(codes), vectors.shape[1]))
            np.add.at(found, owners, vectors * weights[:, None])
            found /= np.bincount(owners, weights=weights)[:, None]
            if table is None:
                width = found.shape[1]
                table = file.create_dataset("embeddings", (0, width), maxshape=(None, width), dtype=np.float32)
            for data, new in ((names_of, names), (lengths_of, [len(code) for code in codes]), (table, found)):
                data.resize(count + len(names), axis=0)
                data[count:] = new
            count += len(names)
        file.attrs.update(model=adapter.name, pool=pool, layers=layers, orientation=adapter.orientation)
        if not count:
            raise ValueError(f"{fasta}: expected sequences with known bases, found none")
    return count, width, skipped


def _write_states(
    adapter: Adapter, fasta: str | Path, out: Path, layers: str
) -> tuple[int, int, list[tuple[str, str]]]:
    """Write the vectors of every base or token of every sequence."""
    skipped: list[tuple[str, str]] = []
    count = width = 0
    with atomic(out) as temporary, h5py.File(temporary, "w") as file:
        for names, codes in _blocks(adapter, fasta, skipped):
            for name, code in zip(names, codes, strict=True):
                (states,) = adapter.states([code], layers=layers)
                file.create_dataset(f"{name}/states", data=states.astype(np.float32), compression="gzip")
                count, width = count + 1, states.shape[1]
        file.attrs.update(model=adapter.name, layers=layers, orientation=adapter.orientation)
        if not count:
            raise ValueError(f"{fasta}: expected sequences with known bases, found none")
    return count, width, skipped


def substitution_effects(adapter: Adapter, code: np.ndarray, *, output: int = 0) -> np.ndarray:
    """Change of a prediction by every substitution (in-silico mutagenesis); float32 (length, 4), 0 for the base."""
    adapter.require("predict")
    length = len(code)
    mutants = np.repeat(np.asarray(code)[None], 4 * length, axis=0)
    mutants[np.arange(4 * length), np.repeat(np.arange(length), 4)] = np.tile(np.arange(4, dtype=np.uint8), length)
    before = adapter.predict([code])[0]
    if output >= len(before):
        raise ValueError(f"output: expected a number below {len(before)}, found {output}")
    after = adapter.predict(list(mutants))[:, output].reshape(length, 4)
    return (after - before[output]).astype(np.float32)


def score_fasta(
    adapter: Adapter, fasta: str | Path, out: Path, *, mode: str = "masked", output: int = 0
) -> tuple[int, int, list[tuple[str, str]]]:
    """Write per-base probabilities, or with ``mode="ism"`` the effects of substitutions.

    Parameters
    ----------
    adapter : Adapter
    fasta : path
    out : pathlib.Path
        ``.h5``: ``/NAME/probs`` float16 (length, 4), written as they are made, as are ``.tsv`` and ``.tsv.gz``: name,
        position (from 0), base, A, C, G, T; ``.parquet``: the same columns; ``.npz``: names, lengths, probs;
        ``.bw``: bigWig of the probability of the base that is there (``ism``: of the largest effect), with the
        sequences as chromosomes.
    mode : str
        See :meth:`Adapter.probabilities`; or ``ism``.
    output : int
        Of a predictor, for ``ism``.

    Returns
    -------
    (sequences, bases, skipped)

    Raises
    ------
    ValueError
        If the model cannot do this, or the name of the file ends otherwise.
    """
    kind = ending(out, PER_BASE)
    adapter.require("predict" if mode == "ism" else read_mode(mode)[0])
    skipped: list[tuple[str, str]] = []
    if kind == ".bw":
        return (*_write_bigwig(adapter, fasta, out, skipped, mode=mode, output=output), skipped)
    tables = _tables(adapter, fasta, skipped, mode=mode, output=output)
    count = bases = 0
    with atomic(out) as temporary:
        if kind in (".h5", ".hdf5"):
            with h5py.File(temporary, "w") as file:
                for name, code, table in tables:
                    kept = table.astype(np.float16 if mode != "ism" else np.float32)
                    file.create_dataset(f"{name}/probs", data=kept, compression="gzip", compression_opts=1)
                    count, bases = count + 1, bases + len(code)
                file.attrs.update(model=adapter.name, mode=mode, orientation=adapter.orientation)
        elif kind in (".npz", ".parquet"):
            every = list(tables)
            names, codes, probs = [row[0] for row in every], [row[1] for row in every], [row[2] for row in every]
            count, bases = len(names), sum(map(len, codes))
            if count:
                write_per_base(temporary, kind, names, codes, probs)
        else:
            with writing_text(temporary, out) as text:
                text.write("name\tposition\tbase\tA\tC\tG\tT\n")
                for name, code, table in tables:
                    lines = [
                        f"{no_formula(name)}\t{i}\t{'ACGTN'[int(base)]}\t" + "\t".join(f"{v:.6g}" for v in row)
                        for i, (base, row) in enumerate(zip(code, table, strict=True))
                    ]
                    text.write("\n".join(lines) + "\n")
                    count, bases = count + 1, bases + len(code)
        if not count:
            raise ValueError(f"{fasta}: expected sequences with known bases, found none")
    return count, bases, skipped


def agreement(first: Adapter, second: Adapter, fasta: str | Path, *, mode: str = "masked") -> tuple[float, int]:
    """Correlate two models' probabilities of A, C, G and U at all bases, such as a model's and an alignment's.

    Parameters
    ----------
    first, second : Adapter
        The second is asked for masked probabilities; bases where one of the two has none are left out.
    fasta : path
    mode : str
        Of the first.

    Returns
    -------
    (Pearson's r, bases)
    """
    sums, count = np.zeros(5), 0
    for names, codes in _blocks(first, fasta, []):
        tables = first.probabilities(codes, names=names, mode=mode), second.probabilities(codes, names=names)
        one, other = (np.concatenate(table).astype(float) - 0.25 for table in tables)
        kept = np.isfinite(one).all(1) & np.isfinite(other).all(1)
        x, y = one[kept].ravel(), other[kept].ravel()
        sums += (x.sum(), y.sum(), x @ x, y @ y, x @ y)
        count += int(kept.sum())
    n = 4 * max(count, 1)
    spread = (sums[2] - sums[0] ** 2 / n) * (sums[3] - sums[1] ** 2 / n)
    return float((sums[4] - sums[0] * sums[1] / n) / np.sqrt(spread)) if spread > 0 else float("nan"), count


def _tables(
    adapter: Adapter, fasta: str | Path, skipped: list[tuple[str, str]], *, mode: str, output: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for names, codes in _blocks(adapter, fasta, skipped):
        if mode == "ism":
            for name, code in zip(names, codes, strict=True):
                yield name, code, substitution_effects(adapter, code, output=output)
        else:
            yield from zip(names, codes, adapter.probabilities(codes, names=names, mode=mode), strict=True)


def _write_bigwig(
    adapter: Adapter, fasta: str | Path, out: Path, skipped: list[tuple[str, str]], *, mode: str, output: int
) -> tuple[int, int]:
    package = bigwig_package()
    sizes = [
        (name, len(code))
        for names, codes in _blocks(adapter, fasta, [])
        for name, code in zip(names, codes, strict=True)
    ]
    if not sizes:
        raise LacksCapability(f"{fasta}: expected sequences with known bases, found none")
    bases = 0
    with atomic(out) as temporary:
        file = package.open(str(temporary), "w")
        try:
            file.addHeader(sizes)
            for name, code, table in _tables(adapter, fasta, skipped, mode=mode, output=output):
                known = np.where(code < 4, code, 0)
                value = np.abs(table).max(1) if mode == "ism" else table[np.arange(len(code)), known]
                rows = np.flatnonzero((code < 4) & np.isfinite(value))
                ends = (rows + 1).tolist()
                file.addEntries([name] * len(rows), rows.tolist(), ends=ends, values=value[rows].astype(float).tolist())
                bases += len(code)
        finally:
            file.close()
    return len(sizes), bases
