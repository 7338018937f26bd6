"""Where a neuron falls silent: the activation below which the network does not listen to it."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.isotonic import IsotonicRegression

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

SEQUENCES, NUCLEOTIDES = 96, 50_000
"""Sequences that the network reads, fewer where they are long."""
LISTENS = 0.1
"""Share of the gradient at the top of the range from which a neuron is listened to; a closed rectifier leaves a few
hundredths of it, which come by way of a norm."""


def silence_level(probe: WindowProbe, samples: Samples, random: np.random.Generator) -> float:
    """Find the activation from which the rest of the network listens to a neuron.

    A raw convolution output has no zero of its own: what follows, such as a norm and a rectifier, decides which values
    count. So the network is asked: it reads background sequences, half of them with a sampled window somewhere, and
    listens where the gradient of its outputs with respect to the neuron is at least a tenth of the mean in the upper
    quarter of the range of activation. The level is the activation from which it listens in half of the cases or more
    (isotonic regression). Adding a constant to the neuron and taking it off again behind it moves activation and level
    alike. Where the network takes the largest value of each sequence and nothing else, every value may be that, and
    the zero that it was trained against is the level.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
        Of the neuron; not empty.
    random : numpy.random.Generator

    Returns
    -------
    float
        In the layer's units; -inf where no gradient reaches the neuron, so that every value counts.
    """
    size = probe.receptive_field
    length = probe.model.input_spec.length or max(200, 4 * size)
    count = max(8, min(SEQUENCES, NUCLEOTIDES // length))
    codes = random.integers(0, 4, (count, length)).astype(np.uint8)
    rows = np.linspace(0, len(samples) - 1, count).astype(int)
    for row in range(0, count, 2):
        start = int(random.integers(0, length - size + 1))
        codes[row, start : start + size] = samples.codes[rows[row]]
    found = _activations_and_gradients(probe, codes, samples.neuron, random)
    if found is None:
        return -np.inf
    activation, weight = found
    top = activation.max()
    upper = activation >= top - 0.25 * (top - activation.mean())
    heard = weight > LISTENS * weight[upper].mean()
    largest = activation == activation.max(1, keepdims=True)
    if (weight > 0).any(1).all() and not (weight > 0)[~largest].any():
        return 0.0  # one value of each sequence is heard, whatever it is
    listens = IsotonicRegression().fit_transform(activation.ravel(), heard.ravel().astype(float)) >= 0.5
    return float(activation.ravel()[listens].min()) if listens.any() else -np.inf


def _activations_and_gradients(
    probe: WindowProbe, codes: np.ndarray, neuron: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Activations (sequences, positions) of a neuron, and the absolute gradient of a random sum of the outputs."""
    model, kept = probe.model, []

    def keep(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        if output.requires_grad:
            output.retain_grad()
            kept.append(output)
        return output.clone()  # what follows may work in place

    if probe.layer not in dict(model.module.named_modules()):
        return None  # a convolution that is called as a function
    handle = model.module.get_submodule(probe.layer).register_forward_hook(keep)
    try:
        with torch.enable_grad():
            outputs = model(model.tensor(codes).requires_grad_())
            signs = torch.as_tensor(random.choice([-1.0, 1.0], outputs.shape), dtype=outputs.dtype)
            (outputs * signs.to(outputs.device)).sum().backward()
    except RuntimeError:
        return None  # outputs that no gradient reaches, such as counts
    finally:
        handle.remove()
        model.module.zero_grad(set_to_none=True)
    if not kept or kept[0].grad is None or kept[0].ndim != 3:
        return None
    activation, gradient = kept[0].detach()[:, neuron], kept[0].grad[:, neuron].abs()
    return activation.cpu().double().numpy(), gradient.cpu().double().numpy()
