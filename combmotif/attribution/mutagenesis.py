"""In-silico saturation mutagenesis: the target with every single base replaced by every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from combmotif.attribution.targets import TargetFunction, Unit
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits


def mutation_effects(function: TargetFunction, units: Sequence[Unit], *, method: str = "auto") -> torch.Tensor:
    """Change of the target by every substitution, working out again only what a substitution changes.

    Parameters
    ----------
    function : TargetFunction
    units : sequence of n Unit
        Of one length.
    method : {"auto", "incremental", "plain"}, default "auto"
        As for :func:`combmotif.inference.incremental.perturb.predict_edits`.

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
        Target of the mutant minus target of the sequence, to 1e-5 of the largest value; 0 at the sequence's own base
        and where it has an N.
    """
    own = np.stack([unit.codes for unit in units])
    rows, places, bases = np.nonzero((np.arange(4) != own[:, :, None]) & (own < 4)[:, :, None])
    effects = np.zeros((len(own), 4, own.shape[1]), np.float32)
    if not len(rows):
        return torch.from_numpy(effects)
    model, channel = function.alone
    tracks = [unit.tracks for unit in units if unit.tracks is not None] or None
    edits = Edits.of(rows, [(places, bases[:, None].astype(np.uint8))])
    found = predict_edits(model, list(own), edits, tracks=tracks, method=method)
    effects[rows, bases, places] = found.values[:, channel] - found.base[rows, channel]
    return torch.from_numpy(effects)


def mutagenesis(function: TargetFunction, x: torch.Tensor, units: Sequence[Unit]) -> torch.Tensor:
    """Hypothetical contributions by mutagenesis: each base's effect less the mean over the four bases.

    The value at the sequence's own base is how much that base is worth against the mean of all four; the effect of a
    substitution is the difference of the two values (Zhou and Troyanskaya, Nat Methods 2015; normalised as in Agarwal
    and Kelley, Genome Biol 2022).

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
    """
    effects = mutation_effects(function, units).to(x.device)
    known = (x[:, :4].sum(1, keepdim=True) > 0).to(effects.dtype)
    return (effects - effects.mean(1, keepdim=True)) * known
