"""Network architectures that cards name. To add one: a module beside these, and its line in `ARCHITECTURES`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES = {
    "cnn_gru": "cnn_gru_weights:load_cnn_gru",
    "optimus5p": "optimus:load_optimus",
    "framepool": "framepool:load_framepool",
    "hal": "hal.net:load_net",
    "language": "language:load_language",
}
"""Kind of a card: the function, by its module here, that opens a weights file with the card's arguments."""


def open_architecture(kind: str, weights: Path, arguments: dict[str, Any]) -> nn.Module:
    """Open a weights file as the architecture that `ARCHITECTURES` has under this name."""
    module, _, function = ARCHITECTURES[kind].partition(":")
    net: nn.Module = getattr(importlib.import_module(f"{__name__}.{module}"), function)(weights, **arguments)
    return net
