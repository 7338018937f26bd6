"""Effects of neurons and motifs on the prediction, and how they are tested."""

from combmotif.effects.clamp import channel_means, clamp
from combmotif.effects.columns import CONTRIBUTION_COLUMNS, INSTANCE_COLUMNS, INTERACTION_COLUMNS
from combmotif.effects.contribution import contribution
from combmotif.effects.interaction import base_frequencies, interaction
from combmotif.effects.measure import MeasuredPair, measure_pair
from combmotif.effects.pairs import choose_pairs
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.prototype import PrototypeInteraction, prototype_contribution, prototype_interaction
from combmotif.effects.summary import InteractionResult, summarise

__all__ = [
    "CONTRIBUTION_COLUMNS",
    "INSTANCE_COLUMNS",
    "INTERACTION_COLUMNS",
    "InteractionResult",
    "MeasuredPair",
    "Pattern",
    "PrototypeInteraction",
    "as_pattern",
    "base_frequencies",
    "channel_means",
    "choose_pairs",
    "clamp",
    "contribution",
    "interaction",
    "measure_pair",
    "prototype_contribution",
    "prototype_interaction",
    "summarise",
]
