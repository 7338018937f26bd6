"""Sequences, tracks and labels of HDF5 files, a block of rows at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from combmotif.core.packed import FREE_BYTES, LARGEST_RATIO
from combmotif.sequence.alphabet import UNKNOWN, encode
from combmotif.sequence.delimited import MISSING
from combmotif.sequence.left_out import LeftOut
from combmotif.sequence.sets import SequenceSet

_BYTES_AT_ONCE = 64_000_000
_TELLING = 100
"""Codes among which one A at least is expected: by chance a sequence of 100 nt has none once in 10^12."""


def check_one_hot(raw: h5py.Dataset, *, name: str) -> bool:
    """Whether a one-hot dataset (n, channels, length) or (n, length, channels) has its channels first.

    The shorter of the two axes holds the channels, so a sequence is longer than its channels are many.

    Raises
    ------
    ValueError
        If it has not three axes, or fewer than 4 channels, or no numbers.
    """
    if raw.ndim != 3 or min(raw.shape[1:]) < 4 or raw.dtype.kind not in "biuf":
        raise ValueError(
            f"{name}: expected one-hot (n, length, 4), codes (n, length) or strings (n,), found shape {raw.shape} of "
            f"{raw.dtype}"
        )
    return bool(raw.shape[1] <= raw.shape[2])


def codes_of_one_hot(hot: np.ndarray, *, name: str, start: int = 0) -> np.ndarray:
    """Turn one-hot rows (n, length, 4) into codes (n, length); all zeros, or four equal shares, are N.

    Parameters
    ----------
    hot : array, shape (n, length, 4)
    name : str
        What messages call it.
    start : int, default 0
        Number of rows before these, for messages.

    Raises
    ------
    ValueError
        If a position is neither, as scores, probabilities and missing values are not; the first is named.
    """
    values = np.asarray(hot, dtype=np.float32)
    one = ((values == 0) | (values == 1)).all(2) & (values.sum(2) == 1)
    unknown = (values == values[:, :, :1]).all(2) & (values[:, :, 0] >= 0) & (values[:, :, 0] <= 1)
    wrong = np.argwhere(~(one | unknown))
    if len(wrong):
        row, place = wrong[0]
        found = " ".join(f"{value:.7g}" for value in np.asarray(hot[row, place], dtype=float))
        raise ValueError(
            f"{name}: row {start + row + 1} position {place + 1}: expected one 1 and three 0 (A, C, G, U), or four "
            f"equal shares for N, found {found}; only one-hot is sequence"
        )
    return np.where(one, values.argmax(2), UNKNOWN).astype(np.uint8)


def _from_one_hot(block: np.ndarray, name: str, start: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Codes (length,) and tracks (k, length) of a block (n, length, channels), all-zero ends cut."""
    hot, extra = block[:, :, :4], block[:, :, 4:]
    full = codes_of_one_hot(hot, name=name, start=start)
    if not np.isfinite(extra).all():
        row, place, channel = np.argwhere(~np.isfinite(extra))[0]
        raise ValueError(
            f"{name}: row {start + row + 1} position {place + 1}: expected a finite number in channel {channel + 5}, "
            f"found {extra[row, place, channel]}"
        )
    used = np.asarray(hot.any(2) | extra.any(2))
    ends = [int(np.max(np.flatnonzero(row), initial=-1)) + 1 for row in used]
    if 0 in ends:
        raise ValueError(f"{name}: row {start + ends.index(0) + 1} is all zeros: it has no sequence")
    whole = bool(((extra >= 0) & (extra <= 255) & (extra == np.floor(extra))).all())
    extra = extra.astype(np.uint8 if whole else np.float32).transpose(0, 2, 1)
    return [row[:end] for row, end in zip(full, ends, strict=True)], [
        np.ascontiguousarray(row[:, :end]) for row, end in zip(extra, ends, strict=True)
    ]


def read_hdf5(
    path: str | Path, *, sequence: str = "sequence", label: str | None = None, skip_missing: bool = False
) -> SequenceSet:
    """Read sequences from an HDF5 dataset.

    Parameters
    ----------
    path : path
    sequence : str, default "sequence"
        Dataset of one-hot (n, length, 4+) or (n, 4+, length), of integer codes (n, length), or of strings (n,).
        Trailing all-zero positions of one-hot rows are padding and are cut; zeros before, or four equal shares, are N.
        Channels beyond the fourth are kept as tracks; CombMotif's half-life files (``train_sequence`` (n, 6, 12288))
        have the coding frame and splice sites.
    label : str, optional
        Dataset of shape (n,) or (n, k).
    skip_missing : bool, default False
        Leave out rows whose label is not finite, with a note that counts them, instead of refusing them.

    Raises
    ------
    ValueError
        If a dataset is missing, holds something else than sequences or numbers (the first row and position are named),
        or no row is left.
    """
    path = Path(path)
    tracks: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    with reading_hdf5(path) as file:
        raw = dataset(file, sequence, path)
        values = None if label is None else _numbers(dataset(file, label, path), f"{path}: '{label}'")
        for own, extra in _blocks(raw, f"{path}: '{sequence}'", _BYTES_AT_ONCE):
            codes += own
            tracks += extra
    if not codes:
        raise ValueError(f"{path}: '{sequence}' has no rows")
    label_names: tuple[str, ...] = ()
    if values is not None and label is not None:
        if len(values) != len(codes):
            raise ValueError(f"{path}: {len(codes)} sequences but {len(values)} labels")
        label_names = (label,) if values.shape[1] == 1 else tuple(f"{label}_{i}" for i in range(values.shape[1]))
    kept = tuple(tracks) if tracks and tracks[0].shape[0] else None
    names = tuple(f"row{i + 1}" for i in range(len(codes)))
    found = SequenceSet(names, tuple(codes), values, label_names, str(path), kept)
    return found if values is None else _measured(found, values, skip_missing=skip_missing)


def _measured(found: SequenceSet, values: np.ndarray, *, skip_missing: bool) -> SequenceSet:
    """Leave out, or refuse, the rows whose labels are not finite."""
    finite = np.isfinite(values).all(1)
    if finite.all():
        return found
    left_out = tuple(
        LeftOut(f"row{row + 1}", f"row {row + 1}: expected a finite number, found {values[row]}")
        for row in np.flatnonzero(~finite)
    )
    where = f"{found.source}: '{found.label_names[0]}'"
    if not skip_missing:
        raise ValueError(f"{where}: {left_out[0].reason}; give it a number, or take the row out")
    if not finite.any():
        raise ValueError(f"{where}: expected finite numbers, found no row that has one")
    note = (
        f"{where}: {len(left_out):,} of {len(values):,} rows have no measurement (first: {left_out[0].reason}) and "
        f"were left out."
    )
    return replace(found.subset(np.flatnonzero(finite)), notes=(note,), left_out=left_out)


def dataset(file: h5py.Group, name: str, path: str | Path) -> h5py.Dataset:
    """Give a dataset that holds values and is as large as it says; see `require_stored`.

    Raises
    ------
    ValueError
        If there is none of this name, or it is a group, empty, or far larger than what is stored of it.
    """
    if not name or name not in file or not isinstance(file[name], h5py.Dataset):
        found = "a group of this name" if name and name in file else ", ".join(file) or "nothing"
        raise ValueError(f"{path}: expected a dataset '{name}', found {found}")
    require_stored(file[name], f"{path}: '{name}'")
    return file[name]


def require_stored(raw: h5py.Dataset, name: str) -> None:
    """Refuse a dataset to which nothing was ever written, and one made to fill a memory.

    HDF5 gives the fill value, mostly 0, for what was never written: a file of 2 kB may hold 4 TB of A.
    """
    if not raw.size:  # empty, or without a shape: whoever reads it says so
        return
    stored = raw.id.get_storage_size()
    if raw.is_virtual:
        sources = {Path(raw.file.filename).parent / source.file_name for source in raw.virtual_sources()}
        stored = sum(path.stat().st_size for path in sources if path.is_file())
    elif raw.external:
        stored = sum(size for _, _, size in raw.external)
    if not stored:
        raise ValueError(f"{name}: nothing was ever written to it (shape {raw.shape}); make the file again")
    # One-hot rows have 4 and more values for a nucleotide, of which a packed file keeps some bits.
    values = raw.size * raw.dtype.itemsize if raw.ndim == 1 else raw.size // (1 if raw.ndim == 2 else 4)
    if values > max(FREE_BYTES, LARGEST_RATIO * stored):
        raise ValueError(
            f"{name}: its shape {raw.shape} is more than {LARGEST_RATIO} times what is stored of it; where it is "
            f"right, store it unpacked (h5repack -f NONE)"
        )


def _numbers(raw: h5py.Dataset, name: str) -> np.ndarray:
    """Values of a dataset, shape (n, k)."""
    if raw.dtype.kind not in "biuf" or raw.ndim not in (1, 2):
        raise ValueError(f"{name}: expected numbers (n,) or (n, k), found shape {raw.shape} of {raw.dtype}")
    values = np.asarray(raw[()], dtype=float)
    return values.reshape(len(values), -1)


def _blocks(raw: h5py.Dataset, name: str, most_bytes: int) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Codes and tracks of a few rows at a time; no tracks for strings and codes."""
    plain = (raw.ndim == 1 and raw.dtype.kind in "OSU") or (raw.ndim == 2 and raw.dtype.kind in "iuf")
    letters = h5py.check_enum_dtype(raw.dtype) or {}
    own = {"A": 0, "C": 1, "G": 2, "T": 3, "U": 3, "N": UNKNOWN}
    if plain and any(own.get(letter.upper()) != code for letter, code in letters.items()):
        raise ValueError(f"{name}: expected the codes A 0, C 1, G 2, T or U 3, N 4, found {letters}")
    channels_first = not plain and check_one_hot(raw, name=name)
    step = max(1, most_bytes // max(1, int(np.prod(raw.shape[1:])) * raw.dtype.itemsize))
    for start in range(0, len(raw), step):
        block = raw[start : start + step]
        if plain:
            yield _plain(block, name, start), []
        else:
            yield _from_one_hot(block.transpose(0, 2, 1) if channels_first else block, name, start)


def _plain(block: np.ndarray, name: str, start: int) -> list[np.ndarray]:
    """Codes of a block of strings or of integer codes."""
    if block.dtype.kind in "OSU":
        return [_encoded(text, f"{name}: row {start + i + 1}") for i, text in enumerate(block)]
    wrong = np.argwhere(~np.isin(block, (0, 1, 2, 3, UNKNOWN)))
    if len(wrong):
        row, place = wrong[0]
        raise ValueError(
            f"{name}: row {start + row + 1} position {place + 1}: expected a code, 0 to 4 (A, C, G, U, N), found "
            f"{block[row, place]:g}"
        )
    if block.size >= _TELLING and block.min() == 1 and block.max() == UNKNOWN:
        raise ValueError(
            f"{name}: expected the codes A 0, C 1, G 2, T or U 3, N 4, found 1 to 4 and not a single 0; where they "
            f"count from 1, take 1 off"
        )
    if _is_flat_one_hot(block):
        raise ValueError(
            f"{name}: expected codes (n, length), found what looks like one-hot of shape {block.shape}; give it as "
            f"(n, length, 4)"
        )
    return [row.astype(np.uint8) for row in block]


def _is_flat_one_hot(block: np.ndarray) -> bool:
    """Whether 2-D rows are one-hot that lost an axis: (length, 4), (4, length) or (n, 4 length)."""
    if (block > 1).any() or not (block == 1).any():
        return False
    by_row = block.shape[1] % 4 == 0 and bool((block.reshape(len(block), -1, 4).sum(2) == 1).all())
    return by_row or (len(block) == 4 and bool((block.sum(0) == 1).all()))


def _encoded(value: object, name: str) -> np.ndarray:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise ValueError(f"{name}: expected a string, found {type(value).__name__}")
    text = text.strip(" \0")  # strings of one length are padded
    if text.lower() in MISSING:
        raise ValueError(f"{name} has no sequence ({text!r})")
    return encode(text, name=name)


@contextlib.contextmanager
def reading_hdf5(path: str | Path, *, name: str | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; what is damaged further in is a ValueError that names the file as well.

    Parameters
    ----------
    path : path
    name : str, optional
        What messages call it; default its path.
    """
    with open_hdf5(path, name=name) as file, naming_damage(name or path):
        yield file


@contextlib.contextmanager
def naming_damage(name: str | Path) -> Iterator[None]:
    """Turn what h5py raises of damage, and of links that lead nowhere, into a ValueError that names the file."""
    try:
        yield
    except (RuntimeError, KeyError, OSError) as error:
        reason = " ".join(str(error).strip("'\"").split())
        raise ValueError(f"{name}: the HDF5 file is damaged ({reason}); copy or make it again") from None


def open_hdf5(path: str | Path, *, name: str | None = None) -> h5py.File:
    """Open an HDF5 file for reading; a file that is none is a ValueError that says so."""
    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"{name or path}: there is no such file") from None
    except OSError as error:
        raise ValueError(f"{name or path}: expected an HDF5 file, found something else ({error})") from None
