"""Effects of neurons and motifs on the prediction, and how they are tested."""

from combmotif.config.effects import ContributionOptions, InteractionOptions, MarginalOptions
from combmotif.effects.marginal import MarginalResult, marginal_effects
from combmotif.effects.neurons.clamp import channel_means, clamp
from combmotif.effects.neurons.contribution import contribution
from combmotif.effects.pairs.interaction import base_frequencies, interaction
from combmotif.effects.pairs.interaction_map import interaction_map, name_families
from combmotif.effects.pairs.measure import MeasuredPair, measure_pair
from combmotif.effects.pairs.pair import Pair, as_pair
from combmotif.effects.pairs.propose import choose_pairs
from combmotif.effects.pairs.summary import InteractionResult, summarise
from combmotif.effects.pairs.triples import choose_triples, measure_triple, summarise_triples
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.prototype.pairs import measure_prototype, summarise_prototype
from combmotif.effects.prototype.statistics import PrototypeInteraction, prototype_contribution, prototype_interaction

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
