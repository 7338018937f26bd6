"""What a neuron reads, one step at a time: sample windows that excite it and demix these into motifs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from combmotif.api import pictures
from combmotif.api.arguments import chosen_neurons, whole
from combmotif.api.given import Model, Sequences, as_sequences, evaluating, open_model
from combmotif.api.pictures import Picture
from combmotif.api.results import Result
from combmotif.config.stages import DiscoverSection
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.core.typed_yaml import default_of
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.halves import demix_halves
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import MotifSet
from combmotif.runs.stages.samples import ENUMERATED
from combmotif.runs.tables import motif_table
from combmotif.sampling.dataset import dataset_samples
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sampling.samples import BINS, Samples
from combmotif.sequence.alphabet import decode

_OF_MOTIFS = ("motif", "consensus", "sites", "information", "purity", "share", "reproducibility", "explained")


def sample(
    model: Model,
    layer: str | int,
    neuron: int | None = None,
    sequences: Sequences | None = None,
    *,
    keep: int | None = None,
    generations: int = EvolveOptions.generations,
    population: int = EvolveOptions.population,
    seed: int = 0,
) -> Result[Samples]:
    """Find the windows that excite a neuron.

    Windows of up to 10 nt are enumerated, longer ones are searched for, as in a run; or the windows of given sequences
    are used.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    layer : str or int
        A convolution, as ``named_modules`` calls it; or the neuron itself, ``"conv3:7"``.
    neuron : int, optional
        Channel of the layer, counted from 0.
    sequences : list of str, array, tensor, SequenceSet or file, optional
        Take the windows of these instead of searching.
    keep : int, optional
        Most windows to keep; default 20,000 if they are enumerated, 5,000 of a search.
    generations, population : int
        For a search: the maximum number of generations, and the windows that change in each.
    seed : int, default 0
        The same neuron and seed give the same windows as ``combmotif run``.

    Returns
    -------
    Result of :class:`combmotif.sampling.Samples`
        ``table`` has one row per window, strongest first: window, activation, excitation.

    Raises
    ------
    ValueError
        If there is no such layer or neuron, the layer reads the whole sequence, or no window is asked for.

    Examples
    --------
    >>> import combmotif as cm
    >>> found = cm.sample("mrl", "conv1", 5)
    >>> found.table.columns.tolist()
    ['window', 'activation', 'excitation']
    """
    given = None if sequences is None else as_sequences(sequences)
    if keep is not None:
        whole(keep, "keep", least=1)
    seed = whole(seed, "seed")
    whole(generations, "generations", least=1)
    whole(population, "population", least=1)
    with evaluating(model):
        net = open_model(model, given)
        name, (channel,) = _one(net, layer, neuron)
        probe, options = WindowProbe(net, name), EvolveOptions(population, generations, keep=keep or EvolveOptions.keep)
        seeds = [named_generator(seed, "samples", name, channel)]
        if given is not None:
            found = dataset_samples(probe, [channel], given.codes, tracks=given.tracks, keep=options.keep)
        elif probe.receptive_field <= LONGEST:
            found = enumerate_windows(probe, [channel], seeds=seeds, keep=keep or ENUMERATED)
        else:
            found = evolve(probe, [channel], seeds=seeds, options=options)
    own = found[0]
    letters = [decode(codes, alphabet=net.input_spec.alphabet) for codes in own.codes]
    table = pd.DataFrame({"window": letters, "activation": own.activations, "excitation": own.excitation})
    title = f"{len(own):,} windows of {probe.receptive_field} nt that excite {name}:{channel}"
    if not own.converged:
        title += " (the search ended at its limit of generations; raise generations)"

    def draw() -> Picture:
        edges = np.linspace(own.background, own.maximum, BINS + 1)
        return pictures.histogram(edges.tolist(), own.counts.tolist(), axis="activation", title=title)

    return Result(title, table, own, draw)


def _one(net: Any, layer: str | int, neuron: int | None) -> tuple[str, tuple[int]]:
    name, channels = chosen_neurons(net, layer, neuron)
    if len(channels) != 1:
        raise ValueError(
            f"neuron: expected one, found {len(channels)}; ask one by one, or combmotif.interpret all at once"
        )
    return name, (channels[0],)


def demix(model: Model, samples: Samples | Result[Samples], *, seed: int = 0, halves: bool = True) -> Result[Demixed]:
    """Separate the windows that excite a neuron into motifs.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        The one the windows were sampled for.
    samples : what :func:`combmotif.sample` returned
    seed : int, default 0
        The same samples and seed give the same motifs as ``combmotif run``.
    halves : bool, default True
        Demix two independent halves of the windows, and say of each motif how well the other half reproduces it; False
        demixes all windows once, in half the time.

    Returns
    -------
    Result of :class:`combmotif.discovery.Demixed`
        ``motifs`` holds them; ``table`` has one row per motif, see MOTIFS on the page of tables.

    Raises
    ------
    ValueError
        If the model has no such layer.

    Examples
    --------
    >>> import combmotif as cm
    >>> net = cm.open_model("mrl")
    >>> found = cm.demix(net, cm.sample(net, "conv1", 5, keep=2000))
    >>> found.motifs[0].id
    'conv1:5.m1'
    """
    windows = samples.data if isinstance(samples, Result) else samples
    if not isinstance(windows, Samples):
        raise ValueError(f"samples: expected what combmotif.sample returned, found {type(windows).__name__}")
    seed = whole(seed, "seed")
    with evaluating(model):
        net = open_model(model)
        probe, alphabet = WindowProbe(net, windows.layer), net.input_spec.alphabet

        def one(part: Samples, seed: int) -> Demixed:
            return demix_neuron(probe, part, seed=seed, alphabet=alphabet)

        own = stable_hash(seed, "motifs", windows.layer, windows.neuron) % 2**31
        fewest = 2 * default_of(DiscoverSection, "min_sites")
        found = demix_halves(probe, windows, one, seed=own, fewest=fewest) if halves else one(windows, own)
    least = default_of(DiscoverSection, "reproduced")
    again = {motif.id: 0 for motif in found.motifs if not motif.reproducibility < least}
    table = motif_table(MotifSet(found.motifs, "neuronmotif", alphabet), again)
    title = f"{len(found.motifs)} motifs of {windows.layer}:{windows.neuron}" if len(found.motifs) != 1 else (
        f"1 motif of {windows.layer}:{windows.neuron}"
    )  # fmt: skip
    return Result(
        title, table.drop(columns="family"), found, lambda: pictures.logos(found.motifs, alphabet=alphabet),
        _OF_MOTIFS,
    )  # fmt: skip
