"""Teach a small net what trained nets predict: label random sequences, mix in measured ones, scale, fold back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.files import read_sealed, write_sealed
from combmotif.models.model import SequenceModel

_BLOCK = 8192


@dataclass(frozen=True)
class TrainingData:
    """What :func:`combmotif.training.regressor.train` takes, z-scored.

    Attributes
    ----------
    codes : uint8 array, shape (n, length)
    labels : float32 array, shape (n, 1)
        (value - mean) / std.
    weights : float32 array, shape (n,)
    validation : (codes, labels)
        Random sequences that are not among ``codes``, scaled alike.
    mean, std : float
        Of the labels before scaling.
    """

    codes: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]
    mean: float
    std: float


def teacher_labels(
    teachers: Sequence[tuple[SequenceModel, int]],
    codes: np.ndarray,
    *,
    cache: Path | None = None,
    on_rows: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Label sequences by the mean prediction of trained nets.

    Parameters
    ----------
    teachers : sequence of (SequenceModel, output)
        Each with the column of the prediction that counts.
    codes : uint8 array, shape (n, length)
    cache : path, optional
        An ``.npz`` file that grows as rows are labelled; another call with the same teachers and sequences goes on
        from it.
    on_rows : callable, optional
        Called with (rows done, rows in all).

    Returns
    -------
    float32 array, shape (n, 1)
    """
    digest = hashlib.sha256(np.ascontiguousarray(codes).tobytes())
    digest.update(repr([(teacher.fingerprint(), output) for teacher, output in teachers]).encode())
    key = digest.hexdigest()
    labels = np.zeros((len(codes), 1), dtype=np.float32)
    done = 0
    kept = None if cache is None else read_sealed(cache, instead="the labels are made again")
    if kept is not None:
        with np.load(io.BytesIO(kept)) as known:
            if str(known["key"]) == key:
                done = len(known["labels"])
                labels[:done] = known["labels"]
    while done < len(codes):
        block = codes[done : done + _BLOCK]
        predictions = [teacher.predict(block)[:, output] for teacher, output in teachers]
        labels[done : done + len(block), 0] = np.mean(predictions, axis=0)
        done += len(block)
        if cache is not None:
            cache.parent.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.savez(buffer, key=np.array(key), labels=labels[:done])
            write_sealed(cache, buffer.getvalue())
        if on_rows is not None:
            on_rows(done, len(codes))
    return labels


def training_data(
    codes: np.ndarray,
    labels: np.ndarray,
    *,
    validation: int,
    measured: tuple[np.ndarray, np.ndarray] | None = None,
    weight: float = 1.0,
) -> TrainingData:
    """Hold out the last rows, append measured ones, and scale to mean 0 and standard deviation 1.

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    labels : float array, shape (n, 1)
    validation : int
        Rows held out from the end.
    measured : (codes, labels), optional
        Further rows to train on.
    weight : float, default 1
        Of a measured row in the loss; a random row has 1.

    Returns
    -------
    TrainingData
    """
    if not 0 < validation < len(codes):
        raise ValueError(f"validation: expected between 1 and {len(codes) - 1} rows, found {validation}")
    train_codes, train_labels = codes[:-validation], labels[:-validation]
    weights = np.ones(len(train_codes), dtype=np.float32)
    if measured is not None:
        train_codes = np.concatenate([train_codes, measured[0]])
        train_labels = np.concatenate([train_labels, measured[1]])
        weights = np.concatenate([weights, np.full(len(measured[0]), weight, dtype=np.float32)])
    mean, std = float(train_labels.mean(dtype=np.float64)), float(train_labels.std(dtype=np.float64))
    if not std > 0:
        raise ValueError("labels: expected values that differ, all are equal")

    def scaled(values: np.ndarray) -> np.ndarray:
        return ((values - mean) / std).astype(np.float32)

    held_out = (codes[-validation:], scaled(labels[-validation:]))
    return TrainingData(train_codes, scaled(train_labels), weights, held_out, mean, std)
