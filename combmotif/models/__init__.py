"""Trained predictors: architectures, weights, model cards, training."""

from combmotif.models.card import list_cards, load_card, save_card
from combmotif.models.device import choose_device
from combmotif.models.keras import load_keras_model
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.python_model import load_python

__all__ = [
    "InputSpec",
    "SequenceModel",
    "choose_device",
    "list_cards",
    "load_card",
    "load_keras_model",
    "load_python",
    "save_card",
]
