"""What every task of a run needs: the model, the sequences, the neurons. Made once per process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.config.inputs import FastaSequences, Hdf5Sequences, NeuronsSection, RandomSequences, TableSequences
from combmotif.config.neurons import select_neurons
from combmotif.config.opening import open_model, output_index, output_indices
from combmotif.config.run import RunConfig
from combmotif.core.files import reading
from combmotif.core.seeding import stable_hash
from combmotif.core.version import __version__
from combmotif.inference.background import background_activations
from combmotif.inference.convolutions import convolution_layers, hidden
from combmotif.inference.probe import WindowProbe
from combmotif.models.device import choose_device
from combmotif.models.model import SequenceModel
from combmotif.sampling.enumerate import LONGEST
from combmotif.sequence.hdf5 import read_hdf5
from combmotif.sequence.sets import SequenceSet, random_sequences
from combmotif.sequence.tables import read_fasta, read_table


@dataclass(frozen=True)
class Layer:
    """A layer to interpret, and which of its neurons."""

    probe: WindowProbe
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Neuron:
    """One neuron to interpret: a channel of a layer."""

    probe: WindowProbe
    channel: int

    @property
    def layer(self) -> str:
        """The layer's name."""
        return self.probe.layer

    @property
    def name(self) -> str:
        """Such as conv3:12."""
        return f"{self.probe.layer}:{self.channel}"


@dataclass(frozen=True)
class Context:
    """A run's config and what it names, loaded and checked.

    Attributes
    ----------
    config : RunConfig
    model : SequenceModel
    sequences : SequenceSet
    layers : tuple of Layer
        What is interpreted, in the order of the config; none where it asks for no neurons.
    refused : mapping of layer to str
        Why layers are left out where the config asks for all.
    """

    config: RunConfig
    model: SequenceModel
    sequences: SequenceSet
    layers: tuple[Layer, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def neurons(self) -> list[Neuron]:
        """Every neuron of the run, layer by layer; the columns of all arrays over neurons."""
        return [Neuron(layer.probe, channel) for layer in self.layers for channel in layer.channels]

    @cached_property
    def base(self) -> list[Any]:
        """What every result of a task depends on; part of the names of their files."""
        return [__version__, self.model.fingerprint(), source_checksum(self.model.module), self.config.seed]

    @cached_property
    def sequences_key(self) -> str:
        """Checksum of the sequences; part of the names of results that depend on them."""
        return sequences_checksum(self.sequences)

    @cached_property
    def backgrounds(self) -> np.ndarray:
        """What the activations of ``neurons`` are measured from: their mean over backgrounds; float64 (neurons,)."""
        parts = [background_activations(self.model, one.probe.layer)[list(one.channels)] for one in self.layers]
        return np.concatenate([np.zeros(0), *parts])

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What the tasks of a stage share, made once per process."""
        return {}

    def probe(self, layer: str) -> WindowProbe:
        """Return the probe of a layer that is interpreted."""
        return next(one.probe for one in self.layers if one.probe.layer == layer)

    def columns(self, layer: Layer) -> slice:
        """Which of ``neurons`` are a layer's."""
        start = next(i for i, neuron in enumerate(self.neurons) if neuron.probe is layer.probe)
        return slice(start, start + len(layer.channels))

    def output(self, chosen: int | str, key: str) -> int:
        """Column of the prediction that a config's ``output`` means."""
        return output_index(chosen, self.model.outputs, key=key)

    def outputs(self, chosen: int | str | list[int | str], key: str) -> list[int]:
        """Columns of the prediction that a config's ``output`` means, where it may be several or all."""
        return output_indices(chosen, self.model.outputs, key=key)


def load_sequences(config: RunConfig) -> SequenceSet:
    """Read, or draw, the sequences a config names."""
    section = config.sequences
    if isinstance(section, RandomSequences):
        seed = stable_hash(config.seed, "sequences") % 2**63
        return random_sequences(
            section.count, section.length, seed=seed, frequencies=section.frequencies, exclude=section.exclude
        )
    assert isinstance(section, FastaSequences | TableSequences | Hdf5Sequences)
    with reading(section.path, "sequences"):
        sequences = _read(section)
    return sequences.subset(range(min(section.limit, len(sequences)))) if section.limit else sequences


def _read(section: FastaSequences | TableSequences | Hdf5Sequences) -> SequenceSet:
    if isinstance(section, FastaSequences):
        return read_fasta(section.path, annotation=section.annotation, skip_invalid=section.skip_invalid)
    if isinstance(section, TableSequences):
        labels = [section.label] if isinstance(section.label, str) else list(section.label or ())
        return read_table(
            section.path,
            sequence=section.sequence,
            name=section.name,
            labels=labels,
            annotation=section.annotation,
            cluster=section.cluster,
            skip_missing=True,
            skip_invalid=section.skip_invalid,
        )
    return read_hdf5(section.path, sequence=section.sequence, label=section.label, skip_missing=True)


def _layers(
    model: SequenceModel, section: NeuronsSection | None, *, longest: int, tracks: list[list[float]] | None = None
) -> tuple[tuple[Layer, ...], dict[str, str]]:
    """Find the layers and neurons a config names, and why others are left out.

    ``all`` means those whose windows fit into the sequences.
    """
    refused: dict[str, str] = {}
    if section is None:
        return (), refused
    if section.layer == "all":
        probes = []
        for name in convolution_layers(model):
            try:
                probe = WindowProbe(model, name, tracks=tracks)
            except ValueError as error:
                refused[name] = str(error)
                continue
            if probe.receptive_field <= longest:
                probes.append(probe)
            else:
                refused[name] = (
                    f"layer '{name}' has a receptive field of {probe.receptive_field} nt, the longest sequence has "
                    f"{longest} nt"
                )
        if not probes:
            raise ValueError(
                f"neurons.layer: all: model '{model.name}' has no layer that carries motifs and fits into the longest "
                f"sequence, of {longest} nt ({'; '.join(refused.values()) or 'it has no convolution'}); leave the "
                f"section 'neurons' out to do what needs no neurons"
            )
    else:
        names = section.layer if isinstance(section.layer, list) else [section.layer]
        probes = [WindowProbe(model, name, tracks=tracks) for name in names]
    return tuple(Layer(p, tuple(select_neurons(section.select, p.neurons, p.layer))) for p in probes), refused


def _checked_tracks(config: RunConfig, model: SequenceModel, sequences: SequenceSet) -> list[list[float]] | None:
    """Check sample.tracks; return the rows it gives, or None."""
    tracks, extra = config.sample.tracks, model.input_spec.channels - 4
    if tracks == "zero":
        return None
    if not extra:
        raise ValueError(
            f"sample.tracks: model '{model.name}' reads the bases alone, expected zero, found {tracks}; leave the "
            f"line out"
        )
    if tracks == "data":
        if sequences.tracks is None:
            raise ValueError(
                f"sample.tracks: data: the sequences have no tracks beside the bases, model '{model.name}' reads "
                f"{extra}; give the sequences an annotation (BED12, GTF or GFF3), or HDF5 with all channels"
            )
        return None
    assert isinstance(tracks, list)
    if len(tracks) != extra:
        raise ValueError(
            f"sample.tracks: model '{model.name}' reads {extra} tracks beside the bases, expected a row of numbers for "
            f"each, found {len(tracks)}"
        )
    return tracks


def load_context(
    config: RunConfig, *, model: SequenceModel | None = None, sequences: SequenceSet | None = None
) -> Context:
    """Load everything a config names and check that it fits together, before any long work.

    Parameters
    ----------
    config : RunConfig
    model : SequenceModel, optional
        In place of the one the config names.
    sequences : SequenceSet, optional
        In place of those the config names.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence that names the key, what was expected and what was found.
    """
    model = open_model(config.model, device=choose_device(config.device)) if model is None else model
    if config.neurons is not None and (why := hidden(model.module)):
        raise ValueError(f"neurons: model '{model.name}' has no layers: {why}")
    sequences = load_sequences(config) if sequences is None else sequences
    fixed = _checked_tracks(config, model, sequences)
    layers, refused = _layers(model, config.neurons, longest=int(sequences.lengths.max()), tracks=fixed)
    for name, codes in zip(sequences.names, sequences.codes, strict=True):
        model.check(codes, name=f"sequences: {name}")
    extra = model.input_spec.channels - 4
    if extra and sequences.tracks is not None and len(sequences.tracks[0]) != extra:
        raise ValueError(
            f"sequences: model '{model.name}' reads {extra} tracks beside the bases, the sequences have "
            f"{len(sequences.tracks[0])}"
        )
    for probe in (layer.probe for layer in layers):
        if sequences.lengths.max() < probe.receptive_field:
            raise ValueError(
                f"sequences: layer '{probe.layer}' has a receptive field of {probe.receptive_field} nt, the longest "
                f"sequence has {sequences.lengths.max()} nt; give longer sequences or choose an earlier layer"
            )
        if config.sample.method == "enumerate" and probe.receptive_field > LONGEST:
            raise ValueError(
                f"sample.method: enumerate: layer '{probe.layer}' has a receptive field of {probe.receptive_field} "
                f"nt, expected at most {LONGEST}; use 'evolve'"
            )
    _check_shortest(model, sequences)
    return Context(config, model, sequences, layers, refused)


def _check_shortest(model: SequenceModel, sequences: SequenceSet) -> None:
    """Predict the shortest sequence, which shows whether the model runs at all."""
    row = int(sequences.lengths.argmin())
    tracks = None if sequences.tracks is None else [sequences.tracks[row]]
    try:
        model.predict([sequences.codes[row]], tracks=tracks)
    except RuntimeError as error:
        raise ValueError(
            f"sequences: {sequences.names[row]}: model '{model.name}' cannot read a sequence of "
            f"{sequences.lengths[row]} nt ({str(error.__cause__ or error).splitlines()[0]})"
        ) from None


def source_checksum(module: torch.nn.Module) -> str:
    """SHA-256 of the files that define a net's forward passes; those of torch aside.

    Weights and structure do not tell a maximum from an average written in a ``forward``.
    """
    digest = hashlib.sha256()
    forwards = [getattr(type(m), "forward", None) for m in module.modules()]  # scripted ones have none here
    files = {getattr(getattr(forward, "__code__", None), "co_filename", "") for forward in forwards}
    library = Path(torch.__file__).parent
    own = [path.read_bytes() for path in map(Path, files) if path.is_file() and library not in path.parents]
    for content in sorted(own):  # not by path, which another host may have otherwise
        digest.update(content)
    for m in module.modules():
        if isinstance(m, torch.jit.ScriptModule):
            digest.update(str(getattr(m, "code", "")).encode())
    return digest.hexdigest()


def sequences_checksum(sequences: SequenceSet) -> str:
    """SHA-256 of names, letters and labels."""
    digest = hashlib.sha256("\n".join(sequences.names).encode())
    for codes in sequences.codes:
        digest.update(len(codes).to_bytes(8, "big"))
        digest.update(codes.tobytes())
    if sequences.labels is not None:
        digest.update(np.ascontiguousarray(sequences.labels).tobytes())
    digest.update("\n".join(sequences.clusters or ()).encode())
    for tracks in sequences.tracks or ():
        digest.update(f"{tracks.dtype}{tracks.shape}".encode())
        digest.update(np.ascontiguousarray(tracks).tobytes())
    return digest.hexdigest()
