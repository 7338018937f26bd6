"""Trained predictors: architectures, weights, model cards, training."""

from combmotif.models.cnn_gru import CnnGru
from combmotif.models.framepool import FramePool
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.optimus import Optimus5Prime

__all__ = ["CnnGru", "FramePool", "InputSpec", "Optimus5Prime", "SequenceModel"]
