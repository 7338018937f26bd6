"""Fit effects of hexamers to counts of outcomes, as HAL was: softmax regression, KL divergence and L1, L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import log_softmax, rel_entr, softmax

from combmotif.models.architectures.hal.hexamers import HEXAMERS, hexamer_numbers
from combmotif.models.architectures.hal.table import DONOR, REGIONS, SPANS


@dataclass(frozen=True)
class Outcome:
    """One of the outcomes that compete for the reads of a sequence.

    Attributes
    ----------
    name : str
    regions : mapping of str to (first, stop)
        Half-open range of hexamer starts whose effects count for this outcome, by name of the region; empty for an
        outcome with a bias only. Outcomes that name the same region share its effects.
    """

    name: str
    regions: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class HexamerFit:
    """Fitted effects.

    Attributes
    ----------
    regions : tuple of str
    effects : float64 array, shape (4096, regions)
        Natural log odds.
    bias : float64 array, shape (outcomes,)
    divergence : float
        Mean KL divergence of the predicted from the observed shares, without the penalty.
    iterations : int
    converged : bool
    """

    regions: tuple[str, ...]
    effects: np.ndarray
    bias: np.ndarray
    divergence: float
    iterations: int
    converged: bool


def donor_outcome(name: str, donor: int, length: int) -> Outcome:
    """Make the outcome of a splice donor whose G stands at index ``donor``: HAL's eight regions, as far as they fit."""
    regions = {}
    for region, (start, stop) in zip(REGIONS, SPANS, strict=True):
        first, last = max(0, start - DONOR + donor), min(length - 5, stop - DONOR + donor)
        if first < last:
            regions[region] = (first, last)
    return Outcome(name, regions)


def region_names(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Names of all regions, in order of first mention."""
    return tuple(dict.fromkeys(region for outcome in outcomes for region in outcome.regions))


def count_hexamers(codes: np.ndarray, outcomes: Sequence[Outcome]) -> list[csr_array]:
    """Count hexamers by region, for each outcome: sparse (n, regions x 4096), hexamers with an N left out.

    Raises
    ------
    ValueError
        If a region leaves the sequences.
    """
    numbers = hexamer_numbers(codes)
    names = region_names(outcomes)
    designs = []
    for outcome in outcomes:
        columns, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for region, (first, stop) in outcome.regions.items():
            if not 0 <= first < stop <= numbers.shape[1]:
                raise ValueError(
                    f"outcome '{outcome.name}': region '{region}' has hexamer starts {first}-{stop - 1}, expected them "
                    f"within 0-{numbers.shape[1] - 1} of sequences of {codes.shape[1]} nt"
                )
            part = numbers[:, first:stop]
            row, place = np.nonzero(part < HEXAMERS)
            rows.append(row)
            columns.append(part[row, place] + np.int64(names.index(region) * HEXAMERS))
        index = np.concatenate(rows), np.concatenate(columns)
        shape = (len(codes), len(names) * HEXAMERS)
        designs.append(csr_array((np.ones(len(index[0])), index), shape=shape))  # equal places are added up
    return designs


def predict_shares(codes: np.ndarray, outcomes: Sequence[Outcome], fit: HexamerFit) -> np.ndarray:
    """Predict the share of reads of each outcome, float64 (n, outcomes): softmax of bias plus effects."""
    flat = fit.effects.T.ravel()
    logits = np.stack([x @ flat for x in count_hexamers(codes, outcomes)], axis=1) + fit.bias
    shares: np.ndarray = softmax(logits, axis=1)
    return shares


def fit_hexamers(
    codes: np.ndarray,
    counts: np.ndarray,
    outcomes: Sequence[Outcome],
    *,
    l1: float = 1e-6,
    iterations: int = 1000,
    on_iteration: Callable[[int, int], None] | None = None,
) -> HexamerFit:
    """Fit the effects of hexamers.

    Minimises the mean over sequences of KL(observed shares || predicted shares) plus ``l1`` times the sum of absolute
    effects; biases are free. The penalty is exact: each effect is the difference of two numbers >= 0 (L-BFGS-B).

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    counts : array, shape (n, outcomes)
        Reads; sequences without any are left out.
    outcomes : sequence of Outcome
        At least two.
    l1 : float, default 1e-6
        Weight of the penalty; the authors' choice was 3e-7 to 3e-6, for 265,000 sequences.
    iterations : int, default 1000
        Most iterations.
    on_iteration : callable, optional
        Called with (iteration, most iterations).

    Returns
    -------
    HexamerFit

    Raises
    ------
    ValueError
        If the shapes do not agree, counts are negative, or no sequence has reads.

    References
    ----------
    Rosenberg et al., Cell 2015, 163:698-711 (cell-2015, notebook N7).
    """
    counts = np.asarray(counts, dtype=float)
    if counts.shape != (len(codes), len(outcomes)) or len(outcomes) < 2:
        raise ValueError(
            f"counts: expected shape ({len(codes)}, {len(outcomes)}), one column for each of two or more outcomes, "
            f"found {counts.shape}"
        )
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("counts: expected numbers of at least 0, found negative or missing ones")
    if not len(region_names(outcomes)):
        raise ValueError("outcomes: expected at least one with regions, found none")
    read = counts.sum(1) > 0
    if not read.any():
        raise ValueError("counts: expected sequences with reads, found none")
    shares = counts[read] / counts[read].sum(1, keepdims=True)
    designs = count_hexamers(codes[read], outcomes)
    used = [(k, x, x.T.tocsr()) for k, x in enumerate(designs) if x.nnz]
    size = designs[0].shape[1]
    entropy = float(np.mean(rel_entr(shares, 1).sum(1)))  # so that the loss is a divergence: 0 for perfect shares

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        up, down, bias = parameters[:size], parameters[size : 2 * size], parameters[2 * size :]
        logits = np.tile(bias, (len(shares), 1))
        for k, x, _ in used:
            logits[:, k] += x @ (up - down)
        logs = log_softmax(logits, axis=1)
        excess = (np.exp(logs) - shares) / len(shares)
        slope = np.zeros(size)
        for k, _, transposed in used:
            slope += transposed @ excess[:, k]
        value = entropy - float((shares * logs).sum(1).mean()) + l1 * float((up + down).sum())
        return value, np.concatenate([slope + l1, l1 - slope, excess.sum(0)])

    done = 0

    def tell(_parameters: np.ndarray) -> None:
        nonlocal done
        done += 1
        if on_iteration is not None:
            on_iteration(done, iterations)

    start = np.zeros(2 * size + len(outcomes))
    bounds = [(0, None)] * (2 * size) + [(None, None)] * len(outcomes)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        callback=tell,
        options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": 1e-10, "gtol": 1e-8, "maxcor": 20},
    )
    effects = found.x[:size] - found.x[size : 2 * size]
    penalty = l1 * float(found.x[: 2 * size].sum())
    regions = region_names(outcomes)
    bias = found.x[2 * size :] - found.x[2 * size :].mean()
    return HexamerFit(
        regions,
        effects.reshape(len(regions), HEXAMERS).T.copy(),
        bias,
        float(found.fun) - penalty,
        int(found.nit),
        bool(found.success),
    )


def simulate_counts(
    codes: np.ndarray,
    outcomes: Sequence[Outcome],
    fit: HexamerFit,
    *,
    reads: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw reads from a model with known effects: int64 (n, outcomes), ``reads`` in every row."""
    counts: np.ndarray = generator.multinomial(reads, predict_shares(codes, outcomes, fit))
    return counts
