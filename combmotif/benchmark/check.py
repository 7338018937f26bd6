"""Run methods on neurons whose answer is known and tabulate their scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from combmotif.benchmark.families import FAMILIES, draw
from combmotif.benchmark.methods import METHODS, Method
from combmotif.benchmark.sampled import Sampling, sample
from combmotif.benchmark.scores import (
    LEAST_CORRELATION,
    agreement,
    explained_activation,
    explained_by,
    found_gaps,
    jaccard,
    recalled,
)
from combmotif.benchmark.truth import Instance
from combmotif.core.executors import make_executor
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.core.tables import BENCHMARK
from combmotif.discovery.demixed import Demixed
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples

LEAST_RECALL = 0.95
LEAST_PRECISION = 0.90


REPEATS = 2
"""Samplings of every neuron, each demixed anew."""


def check_neuron(
    instance: Instance, methods: Mapping[str, Method], sampling: Sampling, *, seed: int
) -> list[dict[str, object]]:
    """Score methods on one neuron.

    Scores are means over the repeats; the samples of each next repeat are the fresh ones of the one before.
    """
    probe = WindowProbe(instance.model, instance.layer)
    drawn = [
        sample(instance, probe, sampling, named_generator(seed, "sample", instance.name, repeat))
        for repeat in range(REPEATS)
    ]
    draws = [samples for samples, _ in drawn]
    plain = named_generator(seed, "random", instance.name).integers(0, 4, (4000, probe.receptive_field))
    rows = []
    for name, method in methods.items():
        start = time.perf_counter()
        found = [
            method(probe, samples, stable_hash(seed, instance.name, repeat) % 2**31)
            for repeat, samples in enumerate(draws)
        ]
        seconds = (time.perf_counter() - start) / REPEATS
        scores = [
            _score(instance, result, fresh, plain.astype(np.uint8))
            for result, fresh in zip(found, draws[1:] + draws[:1], strict=True)
        ]
        mean = {key: float(np.nanmean([s[key] for s in scores])) if _any(scores, key) else np.nan for key in scores[0]}
        rows.append(
            {
                "family": instance.family,
                "neuron": instance.name,
                "method": name,
                "receptive_field": probe.receptive_field,
                "samples": float(np.mean([len(s) for s in draws])),
                "sampled": float(np.mean([reached for _, reached in drawn])),
                "truth": len(instance.truth.parts),
                **mean,
                "stability": float(np.mean([agreement(a.motifs, b.motifs) for a, b in _pairs(found)])),
                "seconds": seconds,
            }
        )
    return rows


def _any(scores: Sequence[dict[str, float]], key: str) -> bool:
    return any(np.isfinite(s[key]) for s in scores)


def _pairs(found: Sequence[Demixed]) -> list[tuple[Demixed, Demixed]]:
    return [(found[i], found[j]) for i in range(len(found)) for j in range(i)]


def _score(instance: Instance, found: Demixed, fresh: Samples, plain: np.ndarray) -> dict[str, float]:
    truth, motifs = instance.truth, found.motifs
    right = precision_of(motifs, truth.parts)
    recall = [recalled(part, motifs) >= LEAST_CORRELATION for part in truth.parts]
    spacing = np.nan
    if truth.spacing is not None:
        spacing = jaccard(found_gaps(motifs, found.syntax, truth), truth.gaps)
    explained = np.nan
    if truth.parts and len(fresh):
        explained = explained_activation(motifs, fresh.codes, fresh.excitation, plain)
    return {
        "recall": float(np.mean(recall)) if recall else np.nan,
        "precision": right,
        "motifs": float(len(motifs)),
        "spacing": spacing,
        "explained": explained,
    }


def precision_of(motifs: Sequence[Motif], parts: Sequence[np.ndarray]) -> float:
    """Share of motifs made of known ones and nothing else; of a dead neuron 1 without motifs and 0 with any.

    NaN for a living neuron without motifs, whose recall says it.
    """
    if not parts:
        return float(not motifs)
    if not motifs:
        return float("nan")
    return float(np.mean([explained_by(motif, parts) >= LEAST_CORRELATION for motif in motifs]))


def _check(_state: None, task: tuple[str, int, int, tuple[str, ...], Sampling]) -> list[dict[str, object]]:
    family, number, seed, names, sampling = task
    return check_neuron(draw(family, number, seed), {name: METHODS[name] for name in names}, sampling, seed=seed)


def benchmark(
    families: str,
    numbers: Sequence[int],
    seed: int,
    *,
    methods: Sequence[str] | None = None,
    sampling: Sampling | None = None,
    workers: int = 1,
    on_done: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Score methods on many neurons; the same seed gives the same scores, whatever the number of workers.

    Parameters
    ----------
    families : str
        Letters of `FAMILIES`.
    numbers : sequence of int
        Instances of each family.
    seed : int
        Of nets, samples and methods.
    methods : sequence of str, optional
        Names in `METHODS`; default all.
    sampling : Sampling, optional
    workers : int, default 1
        Processes.
    on_done : callable, optional
        Called with the number of neurons done and of all.

    Returns
    -------
    pandas.DataFrame
        One row per neuron and method, columns `combmotif.core.tables.BENCHMARK`.

    Raises
    ------
    ValueError
        If there is no such family or method.
    """
    names = tuple(METHODS) if methods is None else tuple(methods)
    for given, known, what in ((families, FAMILIES, "families"), (names, METHODS, "methods")):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(f"{what}: expected some of {', '.join(known)}, found '{unknown[0]}'")
    tasks = [(family, number, seed, names, sampling or Sampling()) for family in families for number in numbers]
    with make_executor(workers) as executor:
        found = executor.run(_check, tasks, on_done=on_done and (lambda _, done: on_done(done, len(tasks))))
    return BENCHMARK.frame(row for rows in found for row in rows)


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of each method per family and over all (``all``, every family alike).

    Parameters
    ----------
    scores : pandas.DataFrame
        Of `benchmark`.

    Returns
    -------
    pandas.DataFrame
        One row per method and family.
    """
    columns = ["recall", "precision", "motifs", "spacing", "explained", "stability", "seconds"]
    order = list(dict.fromkeys(scores["method"]))
    per = scores.groupby(["family", "method"])[columns].mean()
    total = per.groupby("method").mean()
    total.index = pd.MultiIndex.from_tuples([("all", name) for name in total.index], names=["family", "method"])
    table = pd.concat([per, total]).reset_index()
    rank = {name: place for place, name in enumerate([*dict.fromkeys(scores["family"]), "all"])}
    place = {name: number for number, name in enumerate(order)}
    keys = pd.DataFrame({"family": table["family"].map(rank), "method": table["method"].map(place)})
    return table.loc[keys.sort_values(["family", "method"]).index].reset_index(drop=True)


def verdict(table: pd.DataFrame) -> list[str]:
    """Name what demixing by sufficiency misses of the thresholds, one sentence each; empty where it passes.

    ``table`` is of `summary`. Recall over all families must be at least 0.95 and precision 0.90.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `summary`.

    Returns
    -------
    list of str
    """
    own = table[(table["family"] == "all") & (table["method"] == "sufficiency")].iloc[0]
    return [
        f"{name} of sufficiency over all families: expected at least {least:.2f}, found {own[name]:.2f}"
        for name, least in (("recall", LEAST_RECALL), ("precision", LEAST_PRECISION))
        if own[name] < least
    ]
