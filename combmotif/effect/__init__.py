"""Effects of neurons and motifs on the prediction, and how they are tested."""

from combmotif.config.effects import ContributionOptions, InteractionOptions, MarginalOptions
from combmotif.effect.marginal import MarginalResult, marginal_effects
from combmotif.effect.neurons.clamp import channel_means, clamp
from combmotif.effect.neurons.contribution import contribution
from combmotif.effect.pairs.interaction import base_frequencies, interaction
from combmotif.effect.pairs.interaction_map import interaction_map, name_families
from combmotif.effect.pairs.measure import MeasuredPair, measure_pair
from combmotif.effect.pairs.pair import Pair, as_pair
from combmotif.effect.pairs.propose import choose_pairs
from combmotif.effect.pairs.summary import InteractionResult, summarise
from combmotif.effect.pairs.triples import choose_triples, measure_triple, summarise_triples
from combmotif.effect.pattern import Pattern, as_pattern
from combmotif.effect.prototype import (
    PrototypeInteraction,
    measure_prototype,
    prototype_contribution,
    prototype_interaction,
    summarise_prototype,
)

__all__ = [
    "ContributionOptions",
    "InteractionOptions",
    "InteractionResult",
    "MarginalOptions",
    "MarginalResult",
    "MeasuredPair",
    "Pair",
    "Pattern",
    "PrototypeInteraction",
    "as_pair",
    "as_pattern",
    "base_frequencies",
    "channel_means",
    "choose_pairs",
    "choose_triples",
    "clamp",
    "contribution",
    "interaction",
    "interaction_map",
    "marginal_effects",
    "measure_pair",
    "measure_prototype",
    "measure_triple",
    "name_families",
    "prototype_contribution",
    "prototype_interaction",
    "summarise",
    "summarise_prototype",
    "summarise_triples",
]
