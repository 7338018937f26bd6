"""Attributions as HDF5 and npz, in the layouts that TF-MoDISco and Fi-NeMo read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from combmotif.attribution.attributions import Attributions
from combmotif.core.files import atomic, writing_h5
from combmotif.sequence.hdf5 import dataset, reading_hdf5

FORMAT_VERSION = 1
_DATASETS = {
    "starts": np.int64,
    "values": np.float64,
    "references": np.float64,
    "errors": np.float64,
    "steps": np.int64,
}


def write_attributions(
    parts: Iterable[Attributions], path: str | Path, *, names: Sequence[str], width: int
) -> tuple[Path, Path, Path]:
    """Write attributions part by part to ``PATH.h5``, ``PATH.npz`` and ``PATH.ohe.npz``, each whole or not at all.

    The HDF5 file holds ``raw/seq`` (one-hot, int8), ``shap/seq`` (hypothetical contributions, float32) and
    ``projected_shap/seq`` (contributions), each of shape (sequences, 4, width), as ChromBPNet writes them:
    ``modisco motifs -i PATH.h5`` and ``finemo extract-regions-chrombpnet-h5`` read it. Row i is sequence i; shorter
    sequences are followed by zeros. Beside them stand ``names``, ``lengths`` (0 where a neuron has no window),
    ``starts``, ``values``, ``references``, ``errors`` and ``steps`` as in :class:`Attributions`. ``PATH.npz`` holds the
    hypothetical contributions as ``arr_0`` and ``PATH.ohe.npz`` the one-hot sequences as ``arr_0``:
    ``modisco motifs -s PATH.ohe.npz -a PATH.npz``, ``finemo extract-regions-modisco-fmt``.

    Parameters
    ----------
    parts : iterable of Attributions
        Of one target and method, in any order, with the same sequences in view; only one is held at a time.
    path : path
        Without a suffix.
    names : sequence of n str
        Of all sequences.
    width : int
        Length of the longest scored part.

    Returns
    -------
    tuple of three paths

    Examples
    --------
    >>> from combmotif.attribution import attribute
    >>> from combmotif.config.stages import AttributionOptions
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> found = attribute(model, codes, "output:0", options=AttributionOptions(method="gradient_input"))
    >>> [path.name for path in write_attributions([found], "scores", names=found.names, width=60)]
    ['scores.h5', 'scores.npz', 'scores.ohe.npz']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    finals = tuple(path.with_name(path.name + suffix) for suffix in (".h5", ".npz", ".ohe.npz"))
    with atomic(finals[0]) as whole, atomic(finals[1]) as scores, atomic(finals[2]) as letters:
        _write_h5(parts, whole, names, width)
        _write_npz(whole, scores, "shap/seq")
        _write_npz(whole, letters, "raw/seq")
    return finals  # type: ignore[return-value]


def _write_h5(parts: Iterable[Attributions], path: Path, names: Sequence[str], width: int) -> None:
    count = len(names)
    rows = max(1, min(count, 1_000_000 // max(1, 4 * width)))
    with writing_h5(path) as file:
        file.attrs["combmotif_attributions"] = FORMAT_VERSION
        file["names"] = np.array([name.encode() for name in names], dtype=np.bytes_)
        packed: dict[str, Any] = {"compression": "gzip", "compression_opts": 4, "chunks": (rows, 4, width)}
        if not count or not width:
            packed = {}
        tables = {
            name: file.create_dataset(f"{name}/seq", (count, 4, width), dtype, **packed)
            for name, dtype in (("raw", np.int8), ("shap", np.float32), ("projected_shap", np.float32))
        }
        columns = {name: np.zeros(count, dtype) for name, dtype in _DATASETS.items()}
        lengths = np.zeros(count, np.int64)
        for part in parts:
            file.attrs["target"], file.attrs["method"] = part.target, part.method
            file.attrs["tolerance"] = np.nan if part.tolerance is None else part.tolerance
            for name, column in columns.items():
                column[part.rows] = getattr(part, name)
            order = np.argsort(part.rows, kind="stable")
            for run in np.split(order, np.flatnonzero(np.diff(part.rows[order]) > 1) + 1):
                for begin in range(0, len(run), rows):
                    _write_rows(tables, lengths, part, run[begin : begin + rows], width)
        file["lengths"] = lengths
        for name, column in columns.items():
            file[name] = column


def _write_rows(
    tables: dict[str, Any], lengths: np.ndarray, part: Attributions, chosen: np.ndarray, width: int
) -> None:
    """Write sequences that stand in neighbouring rows."""
    if not len(chosen):
        return
    whole = np.zeros((len(chosen), 4, width), np.int8)
    scores = np.zeros((len(chosen), 4, width), np.float32)
    for place, index in enumerate(chosen):
        codes = part.codes[index]
        known = np.flatnonzero(codes < 4)
        whole[place, codes[known], known] = 1
        scores[place, :, : len(codes)] = part.scores[index]
        lengths[part.rows[index]] = len(codes)
    first = int(part.rows[chosen[0]])
    span = slice(first, first + len(chosen))
    tables["raw"][span], tables["shap"][span], tables["projected_shap"][span] = whole, scores, scores * whole


def _write_npz(source: Path, path: Path, table: str) -> None:
    """Copy a table of an HDF5 file to an .npz file as ``arr_0``, a few rows at a time."""
    with h5py.File(source, "r") as file, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        data = file[table]
        with archive.open("arr_0.npy", "w", force_zip64=True) as stream:
            header = {"descr": data.dtype.str, "fortran_order": False, "shape": data.shape}
            np.lib.format.write_array_header_2_0(stream, header)
            rows = max(1, 4_000_000 // max(1, 4 * data.shape[2]))
            for begin in range(0, data.shape[0], rows):
                stream.write(np.ascontiguousarray(data[begin : begin + rows]).tobytes())


def load_attributions(path: str | Path) -> Attributions:
    """Read the HDF5 file that :func:`write_attributions` wrote.

    Parameters
    ----------
    path : path
        ``PATH.h5``.

    Returns
    -------
    Attributions

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing or is not one of these.

    Examples
    --------
    >>> from combmotif.attribution import attribute
    >>> from combmotif.config.stages import AttributionOptions
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> found = attribute(model, codes, "output:0", options=AttributionOptions(method="gradient_input"))
    >>> file, _, _ = write_attributions([found], "scores", names=found.names, width=60)
    >>> load_attributions(file).names
    ('0', '1')
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"attributions {path}: no such file")
    source = f"attributions {path}"
    with reading_hdf5(path, name=source) as file:
        if file.attrs.get("combmotif_attributions") != FORMAT_VERSION:
            raise ValueError(
                f"attributions {path}: expected the attribute combmotif_attributions = {FORMAT_VERSION}, found "
                f"{file.attrs.get('combmotif_attributions')}; write the file with combmotif attribute"
            )
        lengths = dataset(file, "lengths", source)[()]
        rows = np.flatnonzero(lengths)
        scored = ("raw/seq", "shap/seq") if len(rows) else ()  # without a scored sequence nothing was written to them
        tables = {name: dataset(file, name, source) for name in ("names", *_DATASETS, *scored)}
        wrong = next((name for name, table in tables.items() if table.shape[:1] != lengths.shape), None)
        if wrong is not None:
            raise ValueError(
                f"attributions {path}: expected {len(lengths)} rows in '{wrong}', found shape {tables[wrong].shape}"
            )
        codes, scores = [], []
        for row in rows:
            whole = tables["raw/seq"][row][:, : lengths[row]]
            codes.append(np.where(whole.any(0), whole.argmax(0), 4).astype(np.uint8))
            scores.append(tables["shap/seq"][row][:, : lengths[row]])
        columns = {name: tables[name][()][rows] for name in _DATASETS}
        names = [name.decode() for name in tables["names"][()]]
        tolerance = float(file.attrs.get("tolerance", np.nan))
        return Attributions(
            str(file.attrs.get("target", "")),
            str(file.attrs.get("method", "")),
            tuple(names[row] for row in rows),
            rows,
            columns["starts"],
            tuple(codes),
            tuple(scores),
            columns["values"],
            columns["references"],
            columns["errors"],
            columns["steps"],
            None if np.isnan(tolerance) else tolerance,
        )


def pack(attributions: Attributions) -> dict[str, np.ndarray]:
    """Put attributions into plain arrays, end to end, as a task's .npz file holds them."""
    lengths = np.array([len(codes) for codes in attributions.codes], dtype=np.int64)
    flat = [scores.T for scores in attributions.scores]
    return {
        "target": np.array(attributions.target),
        "method": np.array(attributions.method),
        "tolerance": np.array(np.nan if attributions.tolerance is None else attributions.tolerance),
        "names": np.array(attributions.names, dtype=np.str_),
        "rows": attributions.rows,
        "lengths": lengths,
        "codes": np.concatenate(attributions.codes) if len(lengths) else np.zeros(0, np.uint8),
        "scores": np.concatenate(flat) if len(lengths) else np.zeros((0, 4), np.float32),
        **{name: getattr(attributions, name) for name in _DATASETS},
    }


def unpack(arrays: dict[str, np.ndarray]) -> Attributions:
    """Undo :func:`pack`."""
    cuts = np.cumsum(arrays["lengths"])[:-1]
    some = len(arrays["lengths"]) > 0
    tolerance = float(arrays["tolerance"])
    return Attributions(
        str(arrays["target"]),
        str(arrays["method"]),
        tuple(str(name) for name in arrays["names"]),
        arrays["rows"],
        arrays["starts"],
        tuple(np.split(arrays["codes"], cuts)) if some else (),
        tuple(own.T.copy() for own in np.split(arrays["scores"], cuts)) if some else (),
        arrays["values"],
        arrays["references"],
        arrays["errors"],
        arrays["steps"],
        None if np.isnan(tolerance) else tolerance,
    )
