"""Does a sequence drawn from a motif do what the motif is said to do? Against shuffled motifs, on the model itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, ttest_1samp

from combmotif.core.tables import FAITHFULNESS
from combmotif.inference.probe import WindowProbe
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.sets import SequenceSet

_COLUMNS = list(FAITHFULNESS)


def faithfulness(
    model: SequenceModel,
    motifs: Sequence[Motif],
    sequences: SequenceSet,
    generator: np.random.Generator,
    *,
    draws: int,
    output: int = 0,
) -> pd.DataFrame:
    """Measure on the model what sequences drawn from motifs do.

    The control of a motif is the motif with its columns in random order and its letters renamed at random (one draw,
    one order), which is as sharp and as long and says something else.

    *Neuron*: the motif is drawn into windows of letter-shuffled sequences at its own place of the receptive field
    (where the run does not say which, at the place that excites the neuron most, for motif and control alike), and the
    neuron's activation is compared. *Output*: motif and control are drawn into the same place of the same sequence, and
    the two predictions are subtracted.

    Parameters
    ----------
    model : SequenceModel
    motifs : sequence of Motif
    sequences : SequenceSet
        Of the run: contexts, and the letters of windows.
    generator : numpy.random.Generator
    draws : int
        Sequences drawn per motif.
    output : int, default 0

    Returns
    -------
    pandas.DataFrame
        One row per motif: ``auc``, the chance that a drawn window excites the neuron more than a control, with
        its Mann-Whitney p-value, the median activations ``drawn`` and ``shuffled``, and ``reach``, the drawn median as
        a share of the largest activation known; ``moves``, the mean change of the output in standard deviations of
        the predictions, with its paired t-test and 95 % interval. NaN where a motif has no neuron, or is
        longer than every sequence.
    """
    tracks = sequences.tracks
    predictions = model.predict(sequences.codes, tracks=tracks)[:, output].astype(float)
    spread = float(predictions.std()) or 1.0
    probes: dict[str, WindowProbe] = {}
    rows = []
    for motif in motifs:
        row = dict.fromkeys(_COLUMNS, float("nan"))
        if motif.neuron >= 0:
            probe = probes.setdefault(motif.layer, WindowProbe(model, motif.layer))
            row.update(_on_neuron(probe, motif, sequences, generator, draws))
        row.update(_on_output(model, motif, sequences, generator, draws, output, spread))
        rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS)


def draw(ppm: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw sequences from a matrix, column by column; uint8 (count, length)."""
    return (generator.random((count, len(ppm), 1)) > np.cumsum(ppm, axis=1)[None, :, :3]).sum(2).astype(np.uint8)


def draw_controls(ppm: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw from shuffled copies of a matrix, each draw from another; uint8 (count, length)."""
    copies = [ppm[generator.permutation(len(ppm))][:, generator.permutation(4)] for _ in range(count)]
    return np.concatenate([draw(copy, 1, generator) for copy in copies])


def _on_neuron(
    probe: WindowProbe, motif: Motif, sequences: SequenceSet, generator: np.random.Generator, draws: int
) -> dict[str, float]:
    ppm, size = motif.frequencies, probe.receptive_field
    if len(ppm) > size:  # a motif found in longer windows: what of it the neuron can see
        bits = np.convolve(motif.information, np.ones(size), "valid")
        ppm = ppm[int(bits.argmax()) :][:size]
    background = _windows(sequences, size, draws, generator)
    drawn, control = draw(ppm, draws, generator), draw_controls(ppm, draws, generator)
    known = 0 <= motif.start <= size - len(ppm)
    places = [motif.start] if known else list(range(size - len(ppm) + 1))
    best = []
    for words in (drawn, control):
        values = []
        for place in places:
            windows = background.copy()
            windows[:, place : place + len(ppm)] = words
            values.append(probe.activations(windows)[:, motif.neuron])
        best.append(values[int(np.argmax([np.median(v) for v in values]))].astype(float))
    one, other = best
    if np.ptp(np.concatenate([one, other])) == 0:
        return {"auc": 0.5, "auc_p": 1.0, "drawn": one[0], "shuffled": one[0], "reach": float("nan")}
    test = mannwhitneyu(one, other, alternative="greater")
    height = motif.max_activation - motif.background
    return {
        "auc": float(test.statistic) / (len(one) * len(other)),
        "auc_p": float(test.pvalue),
        "drawn": float(np.median(one)),
        "shuffled": float(np.median(other)),
        "reach": (float(np.median(one)) - motif.background) / height if height > 0 else float("nan"),
    }


def _windows(sequences: SequenceSet, size: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Letters of the sequences in random order; uint8 (count, size)."""
    letters = np.concatenate(sequences.codes)
    letters = letters[letters < 4]
    return generator.choice(letters, size=(count, size)).astype(np.uint8)


def _on_output(
    model: SequenceModel,
    motif: Motif,
    sequences: SequenceSet,
    generator: np.random.Generator,
    draws: int,
    output: int,
    spread: float,
) -> dict[str, float]:
    ppm = motif.frequencies
    fitting = np.flatnonzero(sequences.lengths >= len(ppm))
    if not fitting.size:
        return {}
    rows = generator.choice(fitting, size=draws, replace=len(fitting) < draws)
    drawn, control = draw(ppm, draws, generator), draw_controls(ppm, draws, generator)
    with_motif: list[np.ndarray] = []
    with_control: list[np.ndarray] = []
    for at, row in enumerate(rows):
        codes = sequences.codes[row]
        place = int(generator.integers(len(codes) - len(ppm) + 1))
        for words, kept in ((drawn, with_motif), (control, with_control)):
            changed = codes.copy()
            changed[place : place + len(ppm)] = words[at]
            kept.append(changed)
    predicted = model.predict([*with_motif, *with_control], tracks=sequences.tracks_of([*rows, *rows]))[:, output]
    change = (predicted[:draws].astype(float) - predicted[draws:].astype(float)) / spread
    if np.ptp(change) == 0:
        return {"moves": float(change[0]), "moves_p": 1.0}
    test = ttest_1samp(change, 0.0)
    low, high = test.confidence_interval(0.95)
    return {
        "moves": float(change.mean()), "moves_p": float(test.pvalue), "moves_low": float(low), "moves_high": float(high)
    }  # fmt: skip
