"""Which bases make an output, or a neuron, what it is."""

from combmotif.attribution.attributions import Attributions, join_attributions
from combmotif.attribution.files import load_attributions, write_attributions
from combmotif.attribution.methods import (
    METHODS,
    CompletenessWarning,
    attribute,
    attribute_parts,
)
from combmotif.attribution.targets import Target, parse_target
from combmotif.config.stages import AttributionOptions

__all__ = [
    "METHODS",
    "AttributionOptions",
    "Attributions",
    "CompletenessWarning",
    "Target",
    "attribute",
    "attribute_parts",
    "join_attributions",
    "load_attributions",
    "parse_target",
    "write_attributions",
]
