"""Typed YAML: what a run and a training are asked."""

from combmotif.config.inputs import KerasSection, PythonSection
from combmotif.config.load import load_config, load_train_config
from combmotif.config.opening import open_model, open_model_from, output_index, with_trust
from combmotif.config.run import RunConfig
from combmotif.config.training.regression import TrainConfig

__all__ = [
    "KerasSection",
    "PythonSection",
    "RunConfig",
    "TrainConfig",
    "load_config",
    "load_train_config",
    "open_model",
    "open_model_from",
    "output_index",
    "with_trust",
]
