"""Effects of neurons and motifs on the prediction, and how they are tested."""

from combmotif.effect.marginal import MarginalResult, marginal_effects
from combmotif.effect.neurons.clamp import clamp
from combmotif.effect.neurons.contribution import contribution
from combmotif.effect.pairs.interaction import interaction
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.summary import InteractionResult

__all__ = ["InteractionResult", "MarginalResult", "Pair", "clamp", "contribution", "interaction", "marginal_effects"]
