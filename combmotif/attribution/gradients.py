"""Attributions that follow the gradient: GradientShap, gradient x input, and what integrated gradients share.

All give *hypothetical* contributions, one per base and position: what that base would add there, against the
baselines. The contribution of a sequence is the value at its own base.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from combmotif.attribution.targets import TargetFunction

NUCLEOTIDES = 51_200
"""Most nucleotides of one forward and backward pass."""


@contextmanager
def recurrent_gradients(module: nn.Module) -> Iterator[None]:
    """Let cuDNN take gradients through recurrent layers of a net that is in evaluation mode.

    cuDNN keeps what its backward pass needs in training mode only. The recurrent layers alone are put into it, with
    dropout at 0, which computes the same values; mode and dropout are as before when the block ends, also by an
    exception. On a CPU this changes nothing.

    Parameters
    ----------
    module : torch.nn.Module
    """
    layers = [part for part in module.modules() if isinstance(part, nn.RNNBase)]
    before = [(layer.training, layer.dropout) for layer in layers]
    try:
        for layer in layers:
            layer.training, layer.dropout = True, 0.0
        yield
    finally:
        for layer, (training, dropout) in zip(layers, before, strict=True):
            layer.training, layer.dropout = training, dropout


def values(function: TargetFunction, x: torch.Tensor) -> np.ndarray:
    """Evaluate a target on inputs (n, channels, length) in passes of bounded size; float64 (n,)."""
    size = max(1, NUCLEOTIDES // x.shape[2])
    with torch.no_grad():
        parts = [function(x[start : start + size]).double().cpu().numpy() for start in range(0, len(x), size)]
    return np.concatenate(parts) if parts else np.zeros(0)


def gradient(function: TargetFunction, x: torch.Tensor) -> torch.Tensor:
    """Gradient of a target at inputs (n, channels, length), in passes of bounded size; same shape.

    Raises
    ------
    ValueError
        If the network passes no gradient, as behind an argmax, under ``no_grad`` or of quantized weights.
    """
    size = max(1, NUCLEOTIDES // x.shape[2])
    parts = []
    with torch.enable_grad(), recurrent_gradients(function.model.module):
        for start in range(0, len(x), size):
            part = x[start : start + size].detach().requires_grad_()
            value = function(part).sum()
            try:
                (slope,) = torch.autograd.grad(value, part)
            except RuntimeError as error:
                if "out of memory" in str(error):
                    raise
                raise ValueError(
                    f"model '{function.model.name}' passes no gradient from {function.target} to its input "
                    f"({str(error).splitlines()[0][:150]}); attribution.method 'mutagenesis' needs none"
                ) from None
            parts.append(slope)
    return torch.cat(parts)


def hypothetical(slope: torch.Tensor, baselines: torch.Tensor) -> torch.Tensor:
    """Turn mean gradients (n, 4, length) from baselines (n, 4, length) to the bases into hypothetical contributions.

    Base c at position i counts ``slope[c, i] - sum_b baseline[b, i] * slope[b, i]``.
    """
    return slope - (baselines * slope).sum(1, keepdim=True)


def gradient_shap(
    function: TargetFunction, x: torch.Tensor, baselines: torch.Tensor, *, draws: int, random: np.random.Generator
) -> torch.Tensor:
    """Average the gradient over random points between input and baselines (expected gradients).

    Parameters
    ----------
    function, x, baselines
        As for :func:`combmotif.attribution.integrated.integrated_gradients`.
    draws : int
        Points per input; every baseline is drawn as often as any other, to within one.
    random : numpy.random.Generator

    Returns
    -------
    torch.Tensor, shape (n, 4, length)
        Hypothetical contributions.

    References
    ----------
    Lundberg and Lee, NeurIPS 2017 (arXiv 1705.07874); Erion et al., Nat Mach Intell 2021, 3:620.
    """
    count = baselines.shape[1]
    size = max(1, NUCLEOTIDES // x.shape[2] // draws)
    parts = []
    for start in range(0, len(x), size):
        part = x[start : start + size]
        order = np.stack([random.permutation(np.arange(draws) % count) for _ in part])
        chosen = baselines[start : start + size].gather(
            1, torch.as_tensor(order, device=x.device)[:, :, None, None].expand(-1, -1, *x.shape[1:])
        )
        share = torch.as_tensor(random.random(order.shape), dtype=x.dtype, device=x.device)[:, :, None, None]
        points = chosen + share * (part[:, None] - chosen)
        slope = gradient(function, points.reshape(-1, *x.shape[1:]))[:, :4]
        own = hypothetical(slope, chosen.reshape(-1, *x.shape[1:])[:, :4])
        parts.append(own.reshape(len(part), draws, 4, x.shape[2]).mean(1))
    return torch.cat(parts)


def gradient_input(function: TargetFunction, x: torch.Tensor) -> torch.Tensor:
    """Gradient at the input, (n, 4, length); its value at the sequence's own bases is gradient x input."""
    return gradient(function, x)[:, :4]
