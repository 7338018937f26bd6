"""The result of an attribution: scores per base, and how well they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Attributions:
    """Hypothetical contributions of every base of some sequences to one target.

    Attributes
    ----------
    target : str
        ``output:0`` or ``conv5:12``.
    method : str
        ``integrated_gradients``, ``gradient_shap``, ``gradient_input`` or ``mutagenesis``.
    names : tuple of n str
    rows : integer array, shape (n,)
        Place among the sequences given, ascending; sequences without a window of the neuron are not here.
    starts : integer array, shape (n,)
        Position of the first scored base on its sequence: 0 for an output, unless the model reads the 3' end only.
    codes : tuple of n uint8 arrays, shape (length,)
        The scored part of each sequence, in its true length.
    scores : tuple of n float32 arrays, shape (4, length)
        What A, C, G and U would each contribute at every position, in the target's units, against the baselines.
    values : float64 array, shape (n,)
        The target on each sequence.
    references : float64 array, shape (n,)
        Its mean over the baselines, dinucleotide shuffles of the sequence.
    errors : float64 array, shape (n,)
        Completeness error: how far the contributions of a sequence are from adding up to ``values - references``, in
        units of the mean distance between the target on the sequence and on its baselines (:func:`typical_change`).
    steps : integer array, shape (n,)
        Points per baseline, mean over the baselines (integrated gradients) or in all (GradientShap); 1 for gradient x
        input, 0 for mutagenesis.
    tolerance : float or None
        Largest error that integrated gradients accept; None for methods that need not add up.
    """

    target: str
    method: str
    names: tuple[str, ...]
    rows: np.ndarray
    starts: np.ndarray
    codes: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]
    values: np.ndarray
    references: np.ndarray
    errors: np.ndarray
    steps: np.ndarray
    tolerance: float | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def contributions(self) -> list[np.ndarray]:
        """Contribution of each sequence's own bases; n float32 arrays of shape (length,), 0 at an N."""
        return [own_scores(scores, codes) for scores, codes in zip(self.scores, self.codes, strict=True)]

    @property
    def warning(self) -> str:
        """Say how many sequences are above the tolerance and by how much; empty where none is."""
        return completeness_warning(self.target, self.errors, self.tolerance, self.steps)

    def table(self) -> pd.DataFrame:
        """One row per sequence: sequence, start, end, target, value, reference, completeness_error, steps."""
        return pd.DataFrame(
            {
                "sequence": self.names,
                "start": self.starts,
                "end": self.starts + np.array([len(c) for c in self.codes], dtype=np.int64),
                "target": self.target,
                "value": self.values,
                "reference": self.references,
                "completeness_error": self.errors,
                "steps": self.steps,
            }
        )


def typical_change(values: np.ndarray, baselines: np.ndarray) -> np.ndarray:
    """Mean distance between a target on sequences (n,) and on their baselines (n, b), the unit of completeness errors.

    At least a hundred-thousandth of the largest of these values, about what single precision leaves of a sum: where
    the target hardly changes, errors are told in that unit.
    """
    least = 1e-5 * np.maximum(np.abs(values), np.abs(baselines).max(1)) + 1e-12
    return np.maximum(np.abs(values[:, None] - baselines).mean(1), least)


def completeness_warning(target: str, errors: np.ndarray, tolerance: float | None, steps: np.ndarray) -> str:
    """Say how many completeness errors are above the tolerance, and the largest; empty where none is."""
    above = np.flatnonzero(errors > tolerance) if tolerance is not None else np.zeros(0, int)
    if not len(above):
        return ""
    return (
        f"The contributions to {target} of {len(above):,} of {len(errors):,} sequences miss the change of the target "
        f"by more than {tolerance:.2%} of its size, the largest by {errors[above].max():.2%}, after "
        f"{int(steps[above].max())} steps; raise attribution.max_steps or attribution.baselines."
    )


def own_scores(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Pick the score of each sequence's own base; scores (4, length), codes (length,) -> (length,), 0 at an N."""
    known = np.flatnonzero(codes < 4)
    own = np.zeros(len(codes), dtype=scores.dtype)
    own[known] = scores[codes[known], known]
    return own


def join_attributions(parts: Sequence[Attributions]) -> Attributions:
    """Put parts of one attribution together, by ascending row.

    Raises
    ------
    ValueError
        If there is no part, or the parts are of several targets or methods.
    """
    kinds = {(part.target, part.method, part.tolerance) for part in parts}
    if len(kinds) != 1:
        raise ValueError(f"parts: expected attributions of one target and method, found {sorted(map(str, kinds))}")
    ((target, method, tolerance),) = kinds
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    names = [name for part in parts for name in part.names]
    codes = [own for part in parts for own in part.codes]
    scores = [own for part in parts for own in part.scores]
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("starts", "values", "references", "errors", "steps")
    }
    return Attributions(
        target=target,
        method=method,
        names=tuple(names[i] for i in order),
        rows=rows[order],
        codes=tuple(codes[i] for i in order),
        scores=tuple(scores[i] for i in order),
        tolerance=tolerance,
        **columns,
    )
