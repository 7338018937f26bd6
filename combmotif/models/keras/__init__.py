"""Networks in Keras files, opened through Keras 3 and seen as torch modules."""

from combmotif.models.keras.load import load_keras_model

__all__ = ["load_keras_model"]
