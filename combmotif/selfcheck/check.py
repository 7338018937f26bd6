"""Run methods on neurons whose answer is known and tabulate their scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from combmotif.discovery.neuronmotif import Demixed
from combmotif.effects.seeding import named_generator, stable_hash
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples
from combmotif.selfcheck.families import draw
from combmotif.selfcheck.methods import METHODS, Method
from combmotif.selfcheck.sampled import Sampling, sample
from combmotif.selfcheck.scores import (
    LEAST_CORRELATION,
    agreement,
    explained_activation,
    explained_by,
    found_gaps,
    jaccard,
    recalled,
)
from combmotif.selfcheck.truth import Instance

SCORE_COLUMNS = (
    "family", "neuron", "method", "receptive_field", "samples", "sampled", "truth", "recall", "precision", "motifs", "spacing",
    "explained", "stability", "seconds",
)  # fmt: skip


def check_neuron(
    instance: Instance, seed: int, methods: Mapping[str, Method], sampling: Sampling, *, repeats: int = 2
) -> list[dict[str, object]]:
    """Score methods on one neuron; each sampling is demixed anew, ``repeats`` (2 or more) of them.

    Scores are means over the repeats; the samples of each next repeat are the fresh ones of the one before.
    """
    probe = WindowProbe(instance.model, instance.layer)
    drawn = [
        sample(instance, probe, sampling, named_generator(seed, "sample", instance.name, repeat))
        for repeat in range(repeats)
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
        seconds = (time.perf_counter() - start) / repeats
        scores = [
            _score(instance, result, samples, fresh, plain.astype(np.uint8))
            for result, samples, fresh in zip(found, draws, draws[1:] + draws[:1], strict=True)
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


def _score(
    instance: Instance, found: Demixed, samples: Samples, fresh: Samples, plain: np.ndarray
) -> dict[str, float]:
    truth, motifs = instance.truth, found.motifs
    right = precision_of(motifs, truth.parts)
    recall = [recalled(part, motifs) >= LEAST_CORRELATION for part in truth.parts]
    spacing = np.nan
    if truth.spacing is not None:
        codes = [samples.codes[rows] for rows in found.rows]
        spacing = jaccard(found_gaps(motifs, codes, truth), truth.gaps)
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


def benchmark(
    families: str,
    numbers: Sequence[int],
    seed: int,
    *,
    methods: Mapping[str, Method] | None = None,
    sampling: Sampling | None = None,
    on_done: Callable[[list[dict[str, object]]], None] | None = None,
) -> pd.DataFrame:
    """Score methods on many neurons.

    Parameters
    ----------
    families : str
        Letters of `FAMILIES`.
    numbers : sequence of int
        Instances of each family.
    seed : int
        Of nets, samples and methods.
    methods : mapping of name to Method, optional
        Default `METHODS`.
    sampling : Sampling, optional
    on_done : callable, optional
        Called with the rows of every neuron.

    Returns
    -------
    pandas.DataFrame
        One row per neuron and method, columns `SCORE_COLUMNS`.
    """
    rows: list[dict[str, object]] = []
    for family in families:
        for number in numbers:
            instance = draw(family, number, seed)
            new = check_neuron(instance, seed, METHODS if methods is None else methods, sampling or Sampling())
            rows += new
            if on_done:
                on_done(new)
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of each method per family and over all (``all``, every family alike)."""
    columns = ["recall", "precision", "motifs", "spacing", "explained", "stability", "seconds"]
    order = list(dict.fromkeys(scores["method"]))
    per = scores.groupby(["family", "method"])[columns].mean()
    total = per.groupby("method").mean()
    total.index = pd.MultiIndex.from_tuples([("all", name) for name in total.index], names=["family", "method"])
    table = pd.concat([per, total]).reset_index()
    table["method"] = pd.Categorical(table["method"], order, ordered=True)
    return table.sort_values(["family", "method"], key=lambda c: c.map({"all": "~"}).fillna(c) if c.name == "family" else c)
