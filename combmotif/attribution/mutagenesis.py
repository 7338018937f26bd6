"""In-silico saturation mutagenesis: the target with every single base replaced by every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from combmotif.attribution.gradients import NUCLEOTIDES
from combmotif.attribution.targets import TargetFunction, Unit
from combmotif.inference.edits import Edits
from combmotif.inference.perturb import predict_edits


def mutation_effects(function: TargetFunction, x: torch.Tensor) -> torch.Tensor:
    """Change of the target by every substitution.

    Parameters
    ----------
    function : TargetFunction
    x : torch.Tensor, shape (n, channels, length)

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
        Target of the mutant minus target of the sequence; 0 at the sequence's own base and where it has an N.
    """
    effects = torch.zeros_like(x[:, :4])
    length = x.shape[2]
    size = max(1, NUCLEOTIDES // length)
    with torch.inference_mode():
        for row, one in enumerate(x):
            places, bases = torch.nonzero((one[:4] == 0) & (one[:4].sum(0) > 0), as_tuple=False).flip(1).unbind(1)
            own = function(one[None])
            for start in range(0, len(places), size):
                at, base = places[start : start + size], bases[start : start + size]
                index = torch.arange(len(at), device=x.device)
                mutants = one.repeat(len(at), 1, 1)
                mutants[index, :4, at] = 0
                mutants[index, base, at] = 1
                effects[row, base, at] = function(mutants) - own
    return effects


def edited_effects(function: TargetFunction, units: Sequence[Unit]) -> torch.Tensor:
    """Change of an output by every substitution, working out again only what a substitution changes.

    Parameters
    ----------
    function : TargetFunction
        Of an output.
    units : sequence of n Unit
        Of one length.

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
        As :func:`mutation_effects`, to 1e-5 of the largest prediction.
    """
    effects = np.zeros((len(units), 4, len(units[0].codes)), np.float32)
    for row, unit in enumerate(units):
        own = unit.codes
        places, bases = np.nonzero((np.arange(4) != own[:, None]) & (own < 4)[:, None])
        edits = Edits.of(np.zeros(len(places), np.int64), [(places, bases[:, None].astype(np.uint8))])
        tracks = None if unit.tracks is None else [unit.tracks]
        found = predict_edits(function.model, [own], edits, tracks=tracks)
        channel = function.target.channel
        effects[row, bases, places] = found.values[:, channel] - found.base[0, channel]
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
    if function.target.is_output:
        effects = edited_effects(function, units).to(x.device)
    else:
        effects = mutation_effects(function, x)
    known = (x[:, :4].sum(1, keepdim=True) > 0).to(effects.dtype)
    return (effects - effects.mean(1, keepdim=True)) * known


def effects_of(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Turn mutagenesis scores (4, length) back into the effect of every substitution, 0 at the own base."""
    known = codes < 4
    effects = np.zeros_like(scores)
    place = np.flatnonzero(known)
    effects[:, place] = scores[:, place] - scores[codes[place], place]
    return effects
