"""In-silico saturation mutagenesis: the target with every single base replaced by every other."""

from __future__ import annotations

import numpy as np
import torch

from combmotif.attribution.gradients import NUCLEOTIDES
from combmotif.attribution.targets import TargetFunction


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


def mutagenesis(function: TargetFunction, x: torch.Tensor) -> torch.Tensor:
    """Hypothetical contributions by mutagenesis: each base's effect less the mean over the four bases.

    The value at the sequence's own base is how much that base is worth against the mean of all four; the effect of a
    substitution is the difference of the two values (Zhou and Troyanskaya, Nat Methods 2015; normalised as in Agarwal
    and Kelley, Genome Biol 2022).

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
    """
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
