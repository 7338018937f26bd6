"""Run a network in parts: windows of neurons, feature maps, dense scans."""

from combmotif.inference.edits import Edits
from combmotif.inference.geometry import LayerGeometry, convolution_layers, layer_geometry, layer_outputs
from combmotif.inference.locality import LocalityMode, Window
from combmotif.inference.perturb import Predicted, predict_edits
from combmotif.inference.probe import WindowProbe
from combmotif.inference.scan import scan

__all__ = [
    "Edits",
    "LayerGeometry",
    "LocalityMode",
    "Predicted",
    "Window",
    "WindowProbe",
    "convolution_layers",
    "layer_geometry",
    "layer_outputs",
    "predict_edits",
    "scan",
]
