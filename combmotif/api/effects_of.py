"""What neurons, or motifs, do to the prediction, in one step: effects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.api import pictures
from combmotif.api.arguments import chosen_neurons, whole
from combmotif.api.given import Model, Motifs, Sequences, as_sequences, evaluating, is_word, open_model
from combmotif.api.insertions import interval, marginalize
from combmotif.api.pictures import Picture
from combmotif.api.results import Result
from combmotif.config.effects import ContributionOptions
from combmotif.config.opening import output_index
from combmotif.core.typed_yaml import validate
from combmotif.effect import contribution as compare_sequences
from combmotif.effect.frame import region_lengths
from combmotif.effect.neurons.clamp import channel_means, clamp
from combmotif.effect.neurons.sites import scramble_sites
from combmotif.inference.background import active_level, background_activations
from combmotif.inference.dense import scan_layers
from combmotif.inference.probe import WindowProbe
from combmotif.inference.sites import SiteFinder
from combmotif.models.model import SequenceModel
from combmotif.runs.stages.contribution import sequences_changed
from combmotif.sequence.sets import SequenceSet


def effects(
    model: Model,
    sequences: Sequences,
    of: Motifs | int,
    neurons: int | str | Sequence[int | str] | None = None,
    *,
    output: int | str = 0,
    seed: int = 0,
    **options: Any,
) -> Result[Any]:
    """Measure the effect of neurons, or of motifs, on the prediction.

    Neurons are compared three ways: sequences that excite them with sequences that do not, the same sequences with the
    neuron's sites scrambled, and with the neuron held at its mean. Motifs are inserted into the sequences, which is
    :func:`combmotif.marginalize`.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
    of : str, int, or motifs
        A convolution, ``"conv3"``, with ``neurons``; one neuron, ``"conv3:7"``; or motifs: IUPAC words, matrices, what
        :func:`combmotif.demix` returned, a motif file.
    neurons : int, str, or sequence of them
        Of a convolution: ``7``, ``"0-15"`` (both ends included), ``[0, 3]`` or ``"all"``, counted from 0.
    output : int or str, default 0
        Output of the model, by number or name.
    seed : int, default 0
    **options
        Of neurons, keys of a config's ``contribution`` section: ``threshold``, ``margin``, ``alpha``, ``n_min``. Of
        motifs, keys of its ``effects`` section.

    Returns
    -------
    Result
        ``table`` has one row per neuron, see CONTRIBUTION on the page of tables; of motifs the rows that
        :func:`combmotif.marginalize` gives.

    Raises
    ------
    ValueError
        If the layer, a neuron, a motif or the output does not exist.

    Examples
    --------
    >>> import combmotif as cm
    >>> found = cm.effects("mrl", {"kind": "random", "count": 100, "length": 50}, "conv3", 7)
    >>> found.table["neuron"].tolist()
    ['conv3:7']
    """
    if neurons is None and _are_motifs(of):
        return marginalize(model, sequences, of, output=output, seed=seed, **options)  # type: ignore[arg-type]
    given = as_sequences(sequences)
    chosen, seed = validate(ContributionOptions, options, name="effects"), whole(seed, "seed")
    with evaluating(model):
        net = open_model(model, given)
        name, channels = chosen_neurons(net, of, neurons)  # type: ignore[arg-type]
        column = output_index(output, net.outputs, key="output")
        rest = background_activations(net, name)[list(channels)]
        finder = SiteFinder(len(given), {name: channels}, chosen.threshold, backgrounds=rest)
        for block in scan_layers(net, [name], given.codes, tracks=given.tracks):
            finder.add(block)
        outcome = net.predict(given.codes, tracks=given.tracks)[:, column].astype(float)
        best = finder.best.astype(float)
        maxima = np.where(np.isfinite(best), best, -np.inf).max(0)
        maxima = np.where(np.isfinite(maxima), maxima, 0)
        active = active_level(rest, maxima, chosen.threshold)
        clamped, scrambled = _interventions(net, given, name, channels, finder, active, column, seed)
        table = compare_sequences(
            best, {f"prediction:{net.outputs[column]}": np.where(np.isfinite(outcome), outcome, np.nan)}, chosen,
            neurons=[f"{name}:{channel}" for channel in channels], maxima=maxima, backgrounds=rest,
            covariates={"length": given.lengths, "gc": given.gc, **region_lengths(given.tracks)},
            changes={"clamp": clamped, "site": scrambled},
        )  # fmt: skip
    title = f"Effect of {len(channels)} neuron{'s' * (len(channels) > 1)} of {name} on {net.outputs[column]}"

    def draw() -> Picture:
        rows = [(row["neuron"], row["class"], row["class"], interval(row)) for row in table.to_dict("records")]
        return pictures.effects(rows, axis="difference of the prediction", title=title)

    shown = ("neuron", "n_active", "effect", "ci_low", "ci_high", "q_welch", "site_effect", "clamp_effect", "class")
    return Result(title, table, table, draw, shown)


def _are_motifs(of: Any) -> bool:
    """Whether motifs are meant, and not a layer or neuron by its name."""
    return not isinstance(of, (str, int)) or is_word(of) or Path(str(of)).is_file()


def _interventions(
    net: SequenceModel,
    given: SequenceSet,
    layer: str,
    channels: Sequence[int],
    finder: SiteFinder,
    active: np.ndarray,
    output: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Clamp each neuron, and scramble its sites, in sequences that excite it; two arrays (sequences, neurons)."""
    changed = np.full((2, len(given), len(channels)), np.nan)
    probe, means = WindowProbe(net, layer), channel_means(net, layer, given.codes, tracks=given.tracks)
    most = sequences_changed(int(given.lengths.max()))
    for place, channel in enumerate(channels):
        rows = np.flatnonzero(finder.best[:, place] >= active[place])
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))]
        if not len(rows):
            continue
        some = given.subset(rows)
        changed[0, rows, place] = clamp(
            net, layer, (channel,), some.codes, np.array([means[channel]]), tracks=some.tracks, output=output
        )[:, 0]
        changed[1, rows, place] = scramble_sites(
            probe, channel, some, finder.where[rows, place], silent=float(active[place]), seed=seed, output=output
        )
    return changed[0], changed[1]
