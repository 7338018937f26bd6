"""Sequences, tracks and labels of HDF5 files, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import SequenceSet

_BYTES_AT_ONCE = 64_000_000
_ROWS_AT_ONCE = 1024


def check_one_hot(raw: h5py.Dataset, *, name: str) -> bool:
    """Whether a one-hot dataset (n, channels, length) or (n, length, channels) has its channels first.

    The shorter of the two axes holds the channels, so a sequence is longer than its channels are many.

    Raises
    ------
    ValueError
        If it has not three axes, or fewer than 4 channels.
    """
    if raw.ndim != 3 or min(raw.shape[1:]) < 4:
        raise ValueError(
            f"{name}: expected one-hot (n, length, 4), codes (n, length) or strings, found shape {raw.shape} of "
            f"{raw.dtype}"
        )
    return bool(raw.shape[1] <= raw.shape[2])


def _from_one_hot(block: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Codes (length,) and tracks (k, length) of a block (n, length, channels), all-zero ends cut."""
    hot, extra = block[:, :, :4], block[:, :, 4:]
    full = np.where(hot.any(2), hot.argmax(2), 4).astype(np.uint8)
    used = (full < 4) | extra.any(2)
    ends = [int(np.max(np.flatnonzero(row), initial=-1)) + 1 for row in used]
    whole = bool(((extra >= 0) & (extra <= 255) & (extra == np.floor(extra))).all())
    extra = extra.astype(np.uint8 if whole else np.float32).transpose(0, 2, 1)
    return [row[:end] for row, end in zip(full, ends, strict=True)], [
        np.ascontiguousarray(row[:, :end]) for row, end in zip(extra, ends, strict=True)
    ]


def read_hdf5(path: str | Path, *, sequence: str = "sequence", label: str | None = None) -> SequenceSet:
    """Read sequences from an HDF5 dataset.

    Parameters
    ----------
    path : path
    sequence : str, default "sequence"
        Dataset of one-hot (n, length, 4+) or (n, 4+, length), of integer codes (n, length), or of strings (n,).
        Trailing all-zero positions of one-hot rows are padding and are cut. Channels beyond the fourth are kept as
        tracks; CombMotif's half-life files (``train_sequence`` (n, 6, 12288)) have the coding frame and splice sites.
    label : str, optional
        Dataset of shape (n,) or (n, k).
    """
    path = Path(path)
    tracks: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    with open_hdf5(path) as file:
        for wanted in [sequence] + ([label] if label else []):
            if wanted not in file:
                raise ValueError(f"{path}: expected a dataset '{wanted}', found {', '.join(file) or 'nothing'}")
        raw = file[sequence]
        values = None if label is None else np.asarray(file[label][()], dtype=float)
        if raw.dtype.kind in "OS" or raw.ndim == 2:
            codes = _plain(raw[()], path, sequence, 0)
        else:
            channels_first = check_one_hot(raw, name=f"{path}: '{sequence}'")
            step = max(1, _BYTES_AT_ONCE // max(1, int(np.prod(raw.shape[1:])) * raw.dtype.itemsize))
            for start in range(0, len(raw), step):
                block = raw[start : start + step]
                found = _from_one_hot(block.transpose(0, 2, 1) if channels_first else block)
                codes += found[0]
                tracks += found[1]
    if not codes:
        raise ValueError(f"{path}: '{sequence}' has no rows")
    if values is not None:
        values = values.reshape(len(values), -1)
        if len(values) != len(codes):
            raise ValueError(f"{path}: {len(codes)} sequences but {len(values)} labels")
    label_names: tuple[str, ...] = ()
    if values is not None and label is not None:
        label_names = (label,) if values.shape[1] == 1 else tuple(f"{label}_{i}" for i in range(values.shape[1]))
    kept = tuple(tracks) if tracks and tracks[0].shape[0] else None
    return SequenceSet(
        tuple(f"row{i + 1}" for i in range(len(codes))), tuple(codes), values, label_names, str(path), kept
    )


def stream_hdf5(path: str | Path, *, sequence: str = "sequence") -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Read the sequences of an HDF5 dataset row by row, in bounded memory; the dataset as in :func:`read_hdf5`.

    Yields
    ------
    (name, codes, tracks)
        row1, row2, ..., uint8 codes (length,) and tracks (k, length); k is 0 where the dataset has none.
    """
    path = Path(path)
    with open_hdf5(path) as file:
        if sequence not in file:
            raise ValueError(f"{path}: expected a dataset '{sequence}', found {', '.join(file) or 'nothing'}")
        raw = file[sequence]
        plain = raw.dtype.kind in "OS" or raw.ndim == 2
        first = not plain and check_one_hot(raw, name=f"{path}: '{sequence}'")
        step = max(1, _BYTES_AT_ONCE // max(1, int(np.prod(raw.shape[1:])) * raw.dtype.itemsize))
        for start in range(0, len(raw), min(step, _ROWS_AT_ONCE)):
            block = raw[start : start + min(step, _ROWS_AT_ONCE)]
            if not plain:
                codes, tracks = _from_one_hot(block.transpose(0, 2, 1) if first else block)
            else:
                codes = _plain(block, path, sequence, start)
                tracks = [np.zeros((0, len(row)), np.uint8) for row in codes]
            for number, (row, track) in enumerate(zip(codes, tracks, strict=True), start + 1):
                yield f"row{number}", row, track


def _plain(block: np.ndarray, path: Path, sequence: str, start: int) -> list[np.ndarray]:
    """Codes of a block of strings or of integer codes."""
    if block.dtype.kind in "OS":
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in block]
        return [encode(t, name=f"{path}: row {start + i + 1}") for i, t in enumerate(texts)]
    if block.max(initial=0) > 4 or block.min(initial=0) < 0:
        raise ValueError(f"{path}: '{sequence}': expected codes 0-4, found {block.min()} to {block.max()}")
    return [row.astype(np.uint8) for row in block]


def open_hdf5(path: str | Path) -> h5py.File:
    """Open an HDF5 file for reading; a file that is none is a ValueError that says so."""
    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ValueError(f"{path}: expected an HDF5 file, found something else ({error})") from None
