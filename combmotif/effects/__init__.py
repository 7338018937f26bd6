"""Effects of neurons and motifs on the prediction, and how they are tested."""

from combmotif.effects.clamp import channel_means, clamp
from combmotif.effects.columns import (
    CONTRIBUTION_COLUMNS,
    INSTANCE_COLUMNS,
    INTERACTION_COLUMNS,
    MAP_COLUMNS,
    MOTIF_EFFECT_COLUMNS,
    MOTIF_POSITION_COLUMNS,
    SPACING_COLUMNS,
    TRIPLE_COLUMNS,
)
from combmotif.effects.contribution import contribution
from combmotif.effects.interaction import base_frequencies, interaction
from combmotif.effects.interaction_map import interaction_map, name_families
from combmotif.effects.map_drawing import draw_interaction_map
from combmotif.effects.marginal import MarginalOptions, MarginalResult, marginal_effects
from combmotif.effects.measure import MeasuredPair, measure_pair
from combmotif.effects.pair import Pair, as_pair
from combmotif.effects.pairs import choose_pairs
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.prototype import PrototypeInteraction, prototype_contribution, prototype_interaction
from combmotif.effects.prototype_pairs import measure_prototype, summarise_prototype
from combmotif.effects.summary import InteractionResult, summarise
from combmotif.effects.triples import choose_triples, measure_triple, summarise_triples

__all__ = [
    "CONTRIBUTION_COLUMNS",
    "INSTANCE_COLUMNS",
    "INTERACTION_COLUMNS",
    "MAP_COLUMNS",
    "MOTIF_EFFECT_COLUMNS",
    "MOTIF_POSITION_COLUMNS",
    "SPACING_COLUMNS",
    "TRIPLE_COLUMNS",
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
    "draw_interaction_map",
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
