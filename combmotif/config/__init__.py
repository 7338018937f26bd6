"""Typed YAML: what a run and a training are asked."""

from combmotif.config.effects import (
    ContributionOptions,
    ContributionSection,
    InteractionOptions,
    InteractionSection,
    MarginalOptions,
)
from combmotif.config.inputs import (
    CardSection,
    FastaSequences,
    Hdf5Sequences,
    KerasSection,
    NeuronsSection,
    PythonSection,
    RandomSequences,
    TableSequences,
)
from combmotif.config.load import apply_override, load_config, load_train_config
from combmotif.config.neurons import parse_selection, select_neurons
from combmotif.config.opening import open_model, open_model_from, output_index, with_trust
from combmotif.config.paths import find_file, resolve_paths
from combmotif.config.run import RunConfig
from combmotif.config.stages import (
    AttributionOptions,
    AttributionSection,
    DiscoverSection,
    MatchSection,
    ReportSection,
    SampleSection,
    SitesSection,
)
from combmotif.config.training.measured import MeasuredConfig
from combmotif.config.training.regression import TrainConfig

__all__ = [
    "AttributionOptions",
    "AttributionSection",
    "CardSection",
    "ContributionOptions",
    "ContributionSection",
    "DiscoverSection",
    "FastaSequences",
    "Hdf5Sequences",
    "InteractionOptions",
    "InteractionSection",
    "KerasSection",
    "MarginalOptions",
    "MatchSection",
    "MeasuredConfig",
    "NeuronsSection",
    "PythonSection",
    "RandomSequences",
    "ReportSection",
    "RunConfig",
    "SampleSection",
    "SitesSection",
    "TableSequences",
    "TrainConfig",
    "apply_override",
    "find_file",
    "load_config",
    "load_train_config",
    "open_model",
    "open_model_from",
    "output_index",
    "parse_selection",
    "resolve_paths",
    "select_neurons",
    "with_trust",
]
