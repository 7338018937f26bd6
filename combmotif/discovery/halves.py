"""Demix a neuron twice, from independent halves of its samples: which motifs come again, and what they explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from combmotif.discovery.demixed import Demixed
from combmotif.discovery.occurrences import Occurrences
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.concordance import best_similarity
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples

_ASKED = 300  # most held-out windows from which motifs are taken away
_BACKGROUNDS = 8  # sets of random nucleotides that replace them
_RANDOM = 2000  # random windows that give each motif its threshold


def _halves(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two halves, each over the whole range: of two that follow each other, a coin says which goes where."""
    rows = np.arange(0, count, 2)
    other = np.minimum(rows + random.integers(0, 2, len(rows)), count - 1)
    return other, np.setdiff1d(np.arange(count), other)


def _part(samples: Samples, rows: np.ndarray) -> Samples:
    tracks = None if samples.tracks is None else samples.tracks[rows]
    return replace(samples, codes=samples.codes[rows], activations=samples.activations[rows], tracks=tracks)


def demix_halves(
    probe: WindowProbe,
    samples: Samples,
    demix: Callable[[Samples, int], Demixed],
    *,
    seed: int = 0,
    whole: bool = False,
    fewest: int = 40,
) -> Demixed:
    """Demix two independent halves of a neuron's samples, and say of each motif how reproducible it is.

    The motifs are those of the first half. ``reproducibility`` is the best similarity with a motif of the second half,
    or an arrangement of them (see `combmotif.motifs.best_similarity`); ``explained`` is measured on the second half's
    windows (see `explained_excitation`), which the motifs were not made from. This costs twice one demixing.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
    demix : callable
        Samples and a seed to what is found in them; called with two seeds.
    seed : int, default 0
        Of the halves and of the two seeds.
    whole : bool, default False
        Report the motifs of all windows instead, as a published procedure has them; a motif's reproducibility is then
        the lesser of its similarities with the two halves. This costs two demixings of the whole.
    fewest : int, default 40
        With fewer windows they are demixed once, all together, and nothing is measured (NaN).

    Returns
    -------
    Demixed
        ``rows`` are those of the samples given.

    Examples
    --------
    >>> from combmotif.discovery import demix_halves, demix_neuron
    >>> from combmotif.inference import WindowProbe
    >>> from combmotif.models import load_card
    >>> from combmotif.sampling import enumerate_windows
    >>> import numpy as np
    >>> probe = WindowProbe(load_card("mrl"), "conv1")
    >>> samples = enumerate_windows(probe, [5], seeds=[np.random.default_rng(0)], keep=2000)[0]
    >>> found = demix_halves(probe, samples, lambda half, seed: demix_neuron(probe, half, seed=seed))
    >>> all(0 <= motif.reproducibility <= 1 and 0 <= motif.explained <= 1 for motif in found.motifs)
    True
    """
    if len(samples) < fewest:
        return demix(samples, seed)
    random = np.random.default_rng([seed, 2])
    places = _halves(len(samples), random)
    halves = [_part(samples, rows) for rows in places]
    seeds = [int(one) for one in random.integers(0, 2**31, 2)]
    runs = [demix(half, own) for half, own in zip(halves, seeds, strict=True)]
    reported, others = (demix(samples, seed), runs) if whole else (runs[0], runs[1:])
    explained = explained_excitation(probe, reported.motifs, halves[1], random)
    motifs = tuple(
        replace(
            motif,
            reproducibility=min(best_similarity(motif, other.motifs) for other in others),
            explained=float(lost),
        )
        for motif, lost in zip(reported.motifs, explained, strict=True)
    )
    rows = reported.rows if whole else tuple(places[0][own] for own in reported.rows)
    return replace(reported, motifs=motifs, rows=rows)


def explained_excitation(
    probe: WindowProbe, motifs: Sequence[Motif], samples: Samples, random: np.random.Generator
) -> np.ndarray:
    """Measure which share of the excitation of windows is lost without each motif.

    In every window the nucleotides that agree with the motif, wherever it scores higher than in 98 % of random windows,
    are replaced by random ones; all other motifs remain. Of two motifs that make up for each other both have little;
    of two that need each other both have all, so the shares do not add up to 1.

    Parameters
    ----------
    probe : WindowProbe
    motifs : sequence of Motif
    samples : Samples
        Windows that the motifs were not made from.
    random : numpy.random.Generator

    Returns
    -------
    float array, shape (motifs,)
        Share of the summed activation above ``samples.background``, 0 to 1; NaN where there are no windows.
    """
    if not len(samples):
        return np.full(len(motifs), np.nan)
    rows = np.unique(np.linspace(0, len(samples) - 1, min(_ASKED, len(samples))).round().astype(int))
    some = _part(samples, rows)
    size = probe.receptive_field
    plain = random.integers(0, 4, (_RANDOM, size)).astype(np.uint8)
    filled = random.integers(0, 4, (_BACKGROUNDS, size)).astype(np.uint8)
    total = float(some.excitation.sum())
    shares = []
    for motif in motifs:
        found = Occurrences(motif, size)
        gone = found.letters(some.codes, found.threshold(plain))
        held = np.flatnonzero(gone.any(1))
        if not held.size:
            shares.append(0.0)
            continue
        codes = np.where(gone[held][:, None], filled[None], some.codes[held][:, None]).reshape(-1, size)
        tracks = None if some.tracks is None else np.repeat(some.tracks[held], _BACKGROUNDS, axis=0)
        left = probe.activations(codes, tracks)[:, samples.neuron].astype(float) - samples.background
        left = np.maximum(left, 0).reshape(len(held), -1).mean(1)
        shares.append(float(np.clip((some.excitation[held] - left).sum() / total, 0, 1)))
    return np.array(shares)
