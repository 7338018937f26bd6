"""A neuron on its own window, seen as a model."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from combmotif.inference.geometry import known_geometry
from combmotif.inference.windows import window_values
from combmotif.models.model import SequenceModel


class _Neuron(nn.Module):
    """One channel of a layer at the first window of the input, without padding."""

    def __init__(self, model: SequenceModel, layer: str, channel: int) -> None:
        super().__init__()
        self.network = model.module
        self.model, self.layer, self.channel = model, layer, channel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map windows (n, channels, receptive field) to values (n, 1)."""
        geometry = known_geometry(self.model, self.layer)
        return window_values(self.model, geometry, x)[:, self.channel : self.channel + 1]


def neuron_model(model: SequenceModel, layer: str, channel: int) -> SequenceModel:
    """See one neuron as a model that reads windows of its receptive field and gives its value.

    Whatever works on models works on the neuron then, above all :func:`combmotif.inference.predict_edits`,
    which works out again only what an edit changes.

    Parameters
    ----------
    model : SequenceModel
    layer : str
        A layer that :func:`combmotif.inference.geometry.layer_geometry` accepts.
    channel : int
        Neuron, from 0.

    Returns
    -------
    SequenceModel
        Of one output, ``LAYER:CHANNEL``; it shares the weights of the model, and reads the same tracks.

    Raises
    ------
    ValueError
        If there is no such layer, it carries no motifs, or it has no such neuron.

    Examples
    --------
    >>> from combmotif.inference.neuron import neuron_model
    >>> from combmotif.models import load_card
    >>> neuron = neuron_model(load_card("mrl"), "conv2", 5)
    >>> neuron.outputs, neuron.input_spec.length
    (('conv2:5',), 9)
    """
    geometry = known_geometry(model, layer)
    if not 0 <= channel < geometry.neurons:
        raise ValueError(
            f"channel: layer '{layer}' has {geometry.neurons} neurons, 0 to {geometry.neurons - 1}, found {channel}"
        )
    spec = replace(model.input_spec, length=geometry.receptive_field, rule="exact")
    name = f"{layer}:{channel}"
    return SequenceModel(f"{model.name} {name}", _Neuron(model, layer, channel), spec, (name,))
