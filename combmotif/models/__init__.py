"""Trained predictors: architectures, weights, model cards, training."""

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.framepool import FramePool
from combmotif.models.architectures.optimus import Optimus5Prime
from combmotif.models.card import list_cards, load_card, read_card, save_card
from combmotif.models.card_schema import ModelCard
from combmotif.models.device import choose_device
from combmotif.models.keras import load_keras_model
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.python_model import load_python

__all__ = [
    "CnnGru",
    "FramePool",
    "InputSpec",
    "ModelCard",
    "Optimus5Prime",
    "SequenceModel",
    "choose_device",
    "list_cards",
    "load_card",
    "load_keras_model",
    "load_python",
    "read_card",
    "save_card",
]
