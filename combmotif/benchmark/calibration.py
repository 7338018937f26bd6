"""How far the interaction test can be trusted: simulations with known answers, through the code that tests motifs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from combmotif.benchmark.simulation import (
    SATURATING_WORDS,
    Saturating,
    Simulation,
    hal_epistasis,
    saturating_sequences,
    simulate_pair,
)
from combmotif.config.effects import InteractionOptions
from combmotif.core.executors import make_executor
from combmotif.core.tables import CALIBRATION
from combmotif.effect.pairs.interaction import interaction
from combmotif.effect.pairs.measure import MeasuredPair
from combmotif.effect.pairs.summary import summarise, unit_effects
from combmotif.effect.statistics import signed_rank
from combmotif.models.model import SequenceModel

ALPHA = 0.05
KNOWN_E = 0.8
CHUNK = 20


@dataclass(frozen=True)
class Plan:
    """How much is simulated.

    Attributes
    ----------
    pairs : int
        Pairs per setting of the false-positive rate and of the known effect.
    power_pairs : int
        Pairs per setting of the power.
    effects, sizes : tuple
        True epistasis and sequences per pair of the power table.
    saturating_runs : int
        Runs of six pairs.
    tolerance : tuple of two pairs of floats
        Acceptable false-positive rate and acceptable coverage of the interval.
    bias : float
        Acceptable relative bias of e, either way.
    """

    pairs: int = 2000
    power_pairs: int = 200
    effects: tuple[float, ...] = (0.25, 0.5, 1.0)
    sizes: tuple[int, ...] = (6, 10, 20, 50)
    saturating_runs: int = 10
    tolerance: tuple[tuple[float, float], tuple[float, float]] = ((0.03, 0.07), (0.93, 0.97))
    bias: float = 0.05


QUICK = Plan(
    pairs=100,
    power_pairs=40,
    effects=(1.0,),
    sizes=(10, 20),
    saturating_runs=1,
    tolerance=((0.0, 0.11), (0.89, 1.0)),
    bias=0.09,
)
"""For tests: tolerances that 100 pairs keep 99 times of 100, and that a test of every placement as a row does not."""


def calibrate(
    plan: Plan | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Simulate pairs with known interplay and test them.

    Parameters
    ----------
    plan : Plan, optional
        Default: 2,000 pairs per setting.
    seed : int, default 0
    workers : int, default 1
        Processes; the table does not depend on it.
    on_progress : callable, optional
        Called with (what is done, pairs done, pairs in all).

    Returns
    -------
    pandas.DataFrame
        Columns: `combmotif.core.tables.CALIBRATION`. Rows: false-positive rate of an additive predictor with 1, 3 and
        10 placements per sequence (20 sequences); bias and coverage of the 95 % interval at e = 0.8; power; pairs of a
        saturating predictor called sub-additive, on its own scale and on the latent one; and HAL's positional score.
    """
    plan = plan or Plan()
    null = [Simulation(0.0, 20, placements, plan.pairs) for placements in (1, 3, 10)]
    known = Simulation(KNOWN_E, 20, 3, plan.pairs)
    power = [Simulation(e, n, 1, plan.power_pairs) for e in plan.effects for n in plan.sizes]
    settings = [*null, known, *power]
    tasks = [
        (setting, range(first, min(first + CHUNK, setting.pairs)), seed)
        for setting in settings
        for first in range(0, setting.pairs, CHUNK)
    ]
    total = sum(setting.pairs for setting in settings)
    done = 0

    def tell(task: Task, _: int) -> None:
        nonlocal done
        done += len(task[1])
        if on_progress is not None:
            on_progress("simulated pairs", done, total)

    found: dict[Simulation, list[np.ndarray]] = {setting: [] for setting in settings}
    with make_executor(workers) as executor:
        for (setting, _, _), values in zip(tasks, executor.run(_simulate, tasks, on_done=tell), strict=True):
            found[setting].append(values)
    results = {setting: np.concatenate(values) for setting, values in found.items()}
    (fpr_low, fpr_high), (cover_low, cover_high) = plan.tolerance
    rows = []
    for setting in null:
        p, by_row = results[setting][:, 0], results[setting][:, 1]
        rates = (float((p < ALPHA).mean()), float((by_row < ALPHA).mean()))
        rows.append(_row("false-positive rate", "additive", setting, *rates, fpr_low, fpr_high))
    estimate, low, high = results[known][:, 2:].T
    bias = float(estimate.mean() / KNOWN_E - 1)
    rows.append(_row("relative bias of e", "known", known, bias, np.nan, -plan.bias, plan.bias))
    covered = float(((low <= KNOWN_E) & (high >= KNOWN_E)).mean())
    rows.append(_row("coverage of the 95 % interval", "known", known, covered, np.nan, cover_low, cover_high))
    for setting in power:
        share = float((results[setting][:, 0] < ALPHA).mean())
        rows.append(_row("power", "known", setting, share, np.nan, np.nan, np.nan))
    rows += _saturating(plan.saturating_runs, seed)
    rows += _hal(plan.pairs, seed)
    return CALIBRATION.frame(rows)


def _row(
    check: str, predictor: str, setting: Simulation | None, value: float, by_row: float, low: float, high: float,
    pairs: int | None = None,
) -> dict:  # fmt: skip
    holds = bool(not (value < low or value > high) and not np.isnan(value))
    return {
        "check": check,
        "predictor": predictor,
        "sequences": np.nan if setting is None else setting.sequences,
        "placements": np.nan if setting is None else setting.placements,
        "e": np.nan if setting is None else setting.e,
        "pairs": setting.pairs if setting is not None else pairs,
        "value": value,
        "by_row": by_row,
        "low": low,
        "high": high,
        "holds": holds,
    }


Task = tuple[Simulation, range, int]


def _simulate(_state: None, task: Task) -> np.ndarray:
    """Simulate and test pairs: p, p by row, estimate and interval; float (pairs, 5)."""
    setting, numbers, seed = task
    measured = [simulate_pair(setting, number, seed=seed) for number in numbers]
    names = [f"s{i}" for i in range(setting.sequences)]
    table = summarise(measured, names, InteractionOptions(latent="none")).table
    by_row = [_p_by_row(pair) for pair in measured]
    columns = ["p_value", "epistasis", "epistasis_ci_low", "epistasis_ci_high"]
    values = table[columns].to_numpy(dtype=float)
    return np.column_stack([values[:, 0], by_row, values[:, 1:]])


def _p_by_row(pair: MeasuredPair) -> float:
    """Test every placement as if it were a sequence of its own."""
    return signed_rank(unit_effects(pair.states, np.arange(len(pair.rows)))["epistasis"])


def _saturating(runs: int, seed: int) -> list[dict]:
    """Count the pairs of a saturating predictor that are called super-additive or sub-additive, on both scales."""
    model = SequenceModel("saturating", Saturating())
    pairs = list(combinations(SATURATING_WORDS, 2))
    tables = [
        interaction(
            model,
            saturating_sequences(seed + run),
            pairs,
            InteractionOptions(controls=0, backgrounds=0),
            seed=seed + run,
        ).table
        for run in range(runs)
    ]
    table = pd.concat(tables)
    called = ("super-additive", "sub-additive")
    rows = []
    for name, column, low, high in (
        ("called interacting, raw scale", "class", 0.8, 1.0),
        ("called interacting, latent scale", "class_latent", 0.0, 0.1),
    ):
        share = float(table[column].isin(called).mean())
        rows.append(_row(name, "saturating", None, share, np.nan, low, high, len(table)))
    return rows


def _hal(pairs: int, seed: int) -> list[dict]:
    """Find the largest |e| of two edits in HAL, 6 nt or more apart, and the smallest |e| of closer ones."""
    random = np.random.default_rng(seed)
    far = np.abs(hal_epistasis(random.integers(6, 12, pairs), seed=seed)).max()
    near = np.abs(hal_epistasis(random.integers(1, 6, pairs), seed=seed)).min()
    return [
        _row("largest |e|, edits 6 nt or more apart", "hal", None, float(far), np.nan, 0.0, 1e-12, pairs),
        _row("smallest |e|, edits closer than 6 nt", "hal", None, float(near), np.nan, 1e-9, np.inf, pairs),
    ]
