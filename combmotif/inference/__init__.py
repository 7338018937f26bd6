"""Run a network in parts: windows of neurons, feature maps, dense scans."""

from combmotif.inference.geometry import LayerGeometry, convolution_layers, layer_geometry, layer_outputs
from combmotif.inference.locality import LocalityMode, Window
from combmotif.inference.probe import WindowProbe
from combmotif.inference.scan import scan

__all__ = [
    "LayerGeometry",
    "LocalityMode",
    "Window",
    "WindowProbe",
    "convolution_layers",
    "layer_geometry",
    "layer_outputs",
    "scan",
]
