"""Run a network in parts: windows of neurons, feature maps, dense scans."""

from combmotif.inference.background import background_activations
from combmotif.inference.convolutions import convolution_layers
from combmotif.inference.dense import Block, scan, scan_layers
from combmotif.inference.geometry import layer_geometry
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import Predicted, predict_edits
from combmotif.inference.layers import layer_outputs
from combmotif.inference.locality import LocalityMode
from combmotif.inference.marks import Window
from combmotif.inference.neuron import neuron_model
from combmotif.inference.probe import WindowProbe
from combmotif.inference.sites import SiteFinder
from combmotif.inference.windows import LayerGeometry

__all__ = [
    "Block",
    "Edits",
    "LayerGeometry",
    "LocalityMode",
    "Predicted",
    "SiteFinder",
    "Window",
    "WindowProbe",
    "background_activations",
    "convolution_layers",
    "layer_geometry",
    "layer_outputs",
    "neuron_model",
    "predict_edits",
    "scan",
    "scan_layers",
]
