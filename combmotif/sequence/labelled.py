"""Sequences with measured values, given to a training batch by batch: from HDF5, or from memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np

from combmotif.sequence.alphabet import UNKNOWN
from combmotif.sequence.hdf5 import check_one_hot, codes_of_one_hot, dataset, naming_damage, open_hdf5

SPLITS = ("train", "valid", "test")


class Labelled(Protocol):
    """Rows of one-hot input with one measured value each."""

    labels: np.ndarray

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Give float32 (n, channels, length) of the rows, in their order."""
        ...


class Hdf5Rows:
    """One split of a file in CombMotif's layout, read as it is needed.

    Parameters
    ----------
    path : path
        Holds ``{split}_sequence``, one-hot (n, channels, length) or (n, length, channels), and ``{split}_label`` (n,)
        or (n, 1).
    split : str
        ``train``, ``valid`` or ``test``.
    channels, length : int
        What the net reads.

    Raises
    ------
    ValueError
        If a dataset is missing, or its shape is another; the file is named.
    """

    def __init__(self, path: str | Path, split: str, *, channels: int, length: int) -> None:
        self._file: h5py.File = open_hdf5(path)
        for name in (f"{split}_sequence", f"{split}_label"):
            if name not in self._file:
                raise ValueError(
                    f"{path}: expected datasets {split}_sequence and {split}_label (CombMotif's layout), found "
                    f"{', '.join(self._file) or 'nothing'}"
                )
        self._rows = dataset(self._file, f"{split}_sequence", Path(path))
        self._name = f"{path}: '{split}_sequence'"
        self._channels_first = check_one_hot(self._rows, name=self._name)
        found = self._rows.shape[1:] if self._channels_first else self._rows.shape[:0:-1]
        if found != (channels, length):
            raise ValueError(
                f"{path}: {split}_sequence: expected {channels} channels and {length} nt (net.channels, length), found "
                f"{found[0]} channels and {found[1]} nt"
            )
        measured = dataset(self._file, f"{split}_label", Path(path))
        if measured.size != len(self._rows) or measured.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}: {split}_label: expected one number for each of {len(self._rows)} rows, found shape "
                f"{measured.shape} of {measured.dtype}"
            )
        with naming_damage(path):
            values = measured[()]
        self.labels = np.asarray(values, dtype=np.float32).reshape(len(self._rows), -1)
        self.labels = _checked(self.labels[:, 0], f"{path}: {split}_label")

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Give float32 (n, channels, length) of the rows, in their order; what is not one-hot is a ValueError."""
        order = np.argsort(rows, kind="stable")
        result = np.empty((len(rows), *self._rows.shape[1:]), dtype=np.float32)
        with naming_damage(self._name):
            for place in order:
                result[place] = self._rows[int(rows[place])]
        result = result if self._channels_first else result.transpose(0, 2, 1)
        for one, row in zip(result, rows, strict=True):
            codes = codes_of_one_hot(one[None, :4].transpose(0, 2, 1), name=self._name, start=int(row))[0]
            one[:4, codes == UNKNOWN] = 0  # four equal shares are N
        return result


class MemoryRows:
    """Sequences and tracks held as small integers, brought to one length batch by batch.

    Parameters
    ----------
    codes : sequence of uint8 arrays (length,)
    tracks : sequence of arrays (k, length) or None
    labels : float array (n,)
    channels, length : int
        What the net reads: 4 + k channels. A shorter sequence gets zeros at the 3' end, of a longer one the last
        ``length`` nt are kept.
    """

    def __init__(
        self,
        codes: Sequence[np.ndarray],
        tracks: Sequence[np.ndarray] | None,
        labels: np.ndarray,
        *,
        channels: int,
        length: int,
        source: str = "labels",
    ) -> None:
        self.codes, self.tracks = codes, tracks
        self.channels, self.length = channels, length
        self.labels = _checked(np.asarray(labels, dtype=np.float32), source)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Give float32 (n, channels, length) of the rows, in their order."""
        result = np.zeros((len(rows), self.channels, self.length), dtype=np.float32)
        for place, row in enumerate(rows):
            codes = self.codes[row][-self.length :]
            known = np.flatnonzero(codes < 4)
            result[place, codes[known], known] = 1
            if self.tracks is not None:
                result[place, 4:, : len(codes)] = self.tracks[row][:, -self.length :]
        return result


def _checked(labels: np.ndarray, source: str) -> np.ndarray:
    if len(labels) < 2 or not np.isfinite(labels).all():
        raise ValueError(
            f"{source}: expected 2 or more finite values, found {len(labels)} of which "
            f"{int((~np.isfinite(labels)).sum())} are not finite"
            + (f" (first: row {int(np.argmin(np.isfinite(labels))) + 1})" if not np.isfinite(labels).all() else "")
        )
    return labels


def split_rows(values: Iterable[str], *, valid: Sequence[str], test: Sequence[str]) -> dict[str, np.ndarray]:
    """Split rows by the value of a column: those named for valid and test, all others train.

    Returns
    -------
    dict of "train", "valid", "test" to integer arrays of rows
    """
    column = np.array([str(value) for value in values], dtype=object)
    found = {"valid": np.isin(column, list(valid)), "test": np.isin(column, list(test))}
    found["train"] = ~(found["valid"] | found["test"])
    return {name: np.flatnonzero(found[name]) for name in SPLITS}
