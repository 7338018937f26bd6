"""Run a network in parts: windows of neurons, feature maps, dense scans."""

from combmotif.inference.convolutions import convolution_layers
from combmotif.inference.dense import scan, scan_layers
from combmotif.inference.geometry import layer_geometry
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.inference.probe import WindowProbe
from combmotif.inference.sites import SiteFinder

__all__ = [
    "Edits",
    "SiteFinder",
    "WindowProbe",
    "convolution_layers",
    "layer_geometry",
    "predict_edits",
    "scan",
    "scan_layers",
]
