"""What is explained: an output of the model, or one neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from combmotif.inference.convolutions import convolution_layers, has_layer
from combmotif.inference.dense import scan
from combmotif.inference.geometry import known_geometry
from combmotif.inference.neuron import neuron_model
from combmotif.inference.windows import window_values
from combmotif.models.model import SequenceModel


@dataclass(frozen=True)
class Target:
    """An output of a model, or one neuron of a layer.

    Attributes
    ----------
    layer : str or None
        Of a neuron; None for an output.
    channel : int
        Number of the neuron or of the output, from 0.
    name : str
        Of the output; empty for a neuron.
    """

    layer: str | None
    channel: int
    name: str = ""

    @property
    def is_output(self) -> bool:
        """Whether an output of the model is explained."""
        return self.layer is None

    def __str__(self) -> str:
        return f"{self.layer or 'output'}:{self.channel}"

    @property
    def file_name(self) -> str:
        """Name of the target's files: ``output-0``, ``conv5-12``."""
        return f"{self.layer or 'output'}-{self.channel}"


def parse_target(text: str, model: SequenceModel) -> Target:
    """Read ``output:0``, ``output:NAME`` or ``conv5:12``.

    Parameters
    ----------
    text : str
    model : SequenceModel

    Returns
    -------
    Target

    Raises
    ------
    ValueError
        If the model has no such output, layer or neuron; what it has is named.

    Examples
    --------
    >>> from combmotif.attribution import parse_target
    >>> from combmotif.models import load_card
    >>> target = parse_target("conv2:5", load_card("mrl"))
    >>> target.layer, target.channel
    ('conv2', 5)
    """
    layer, colon, channel = str(text).rpartition(":")
    if not colon or not layer or not channel:
        raise ValueError(
            f"target: expected output:0, output:NAME or a neuron such as conv3:12, found '{text}'; model "
            f"'{model.name}' has the outputs {', '.join(model.outputs)}"
        )
    if layer == "output":
        if channel in model.outputs:
            return Target(None, model.outputs.index(channel), channel)
        if not channel.isdecimal() or int(channel) >= len(model.outputs):
            raise ValueError(
                f"target: model '{model.name}' has {len(model.outputs)} outputs, 0 to {len(model.outputs) - 1} or by "
                f"name ({', '.join(model.outputs)}), found '{text}'"
            )
        return Target(None, int(channel), model.outputs[int(channel)])
    if not has_layer(model, layer):
        raise ValueError(
            f"target: model '{model.name}' has no layer '{layer}', found '{text}'; choose output:0, or a neuron of "
            f"{', '.join(convolution_layers(model))}"
        )
    neurons = known_geometry(model, layer).neurons
    if not channel.isdecimal() or int(channel) >= neurons:
        raise ValueError(f"target: layer '{layer}' has {neurons} neurons, 0 to {neurons - 1}, found '{text}'")
    return Target(layer, int(channel))


@dataclass(frozen=True)
class Unit:
    """What the network reads of one sequence to give one number.

    Attributes
    ----------
    row : int
        Of the sequence.
    codes : uint8 array, shape (length,)
        As read by the network: brought to the model's length, or the window of a neuron.
    tracks : array, shape (k, length), or None
    start : int
        Position of the first base of ``codes`` on the sequence.
    stop : int
        Position behind the last; what lies beyond in ``codes`` is padding.
    """

    row: int
    codes: np.ndarray
    tracks: np.ndarray | None
    start: int
    stop: int


@dataclass(frozen=True)
class TargetFunction:
    """A target as a function of the network's input.

    A neuron is followed at one window, without padding: what lies outside the window does not matter to it.
    """

    model: SequenceModel
    target: Target

    @cached_property
    def width(self) -> int | None:
        """Receptive field of the neuron; None for an output."""
        return None if self.target.layer is None else known_geometry(self.model, self.target.layer).receptive_field

    @cached_property
    def alone(self) -> tuple[SequenceModel, int]:
        """The target as a model of whole inputs or windows, and the number of its output."""
        if self.target.layer is None:
            return self.model, self.target.channel
        return neuron_model(self.model, self.target.layer, self.target.channel), 0

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs (n, channels, length) to values (n,)."""
        if self.target.layer is None:
            return self.model(x)[:, self.target.channel]
        return window_values(self.model, known_geometry(self.model, self.target.layer), x)[:, self.target.channel]

    def tensor(self, codes: np.ndarray, tracks: Sequence[np.ndarray] | None) -> torch.Tensor:
        """Encode codes (n, length) of units, with tracks (n, k, length), as input (n, channels, length)."""
        return self.model.tensor(codes, tracks)

    def units(self, codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None = None) -> list[Unit]:
        """Cut out of every sequence what the network reads: of a neuron, the window on which it is most active.

        Parameters
        ----------
        codes : sequence of n uint8 arrays, any lengths
        tracks : sequence of n arrays, each of shape (k, length), optional

        Returns
        -------
        list of Unit
            A sequence without a window (shorter than the receptive field, or with an N in every window) has none.

        Raises
        ------
        ValueError
            If a sequence does not fit the model.
        """
        beside = [None] * len(codes) if tracks is None else list(tracks)
        if self.width is None:
            units = []
            for row, own in enumerate(codes):
                own = np.asarray(own)
                self.model.check(own, name=f"sequence {row}")
                fitted, track, _ = self.model.fit(own, beside[row])
                start = max(0, len(own) - len(fitted))
                units.append(Unit(row, np.asarray(fitted), track, start, len(own)))
            return units
        units = []
        for row, start in enumerate(self._strongest(codes, tracks).tolist()):
            if start < 0:
                continue
            stop = start + self.width
            track = beside[row]
            part = None if track is None else np.asarray(track)[:, start:stop]
            units.append(Unit(row, np.asarray(codes[row])[start:stop], part, start, stop))
        return units

    def _strongest(self, codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None) -> np.ndarray:
        """First position of the window on which the neuron is most active, -1 where there is none."""
        assert self.target.layer is not None
        places = np.full(len(codes), -1, dtype=np.int64)
        if all(len(c) == self.width for c in codes):
            whole = [not (np.asarray(c) > 3).any() for c in codes]
            return np.where(whole, 0, -1).astype(np.int64)
        for rows, values, valid in scan(self.model, self.target.layer, codes, tracks=tracks):
            if values.shape[2]:
                own = np.where(valid, values[:, self.target.channel], -np.inf)
                places[rows] = np.where(valid.any(1), own.argmax(1), -1)
        return places
