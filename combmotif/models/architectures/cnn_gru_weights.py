"""Open the weights of a CNN+GRU net in every form it has: our own, CombMotif's ``.pth``, Saluki's ``.h5``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.saluki_weights import read_saluki
from combmotif.models.weights import fill, read_weights

_KERAS = (".h5", ".hdf5", ".keras")
_RENAMED = (
    (r"ln_layers\.(\d+)\.ln\.", lambda match: f"norm{int(match[1]) + 1}."),
    (r"conv_layers\.(\d+)\.", lambda match: f"conv{int(match[1]) + 2}."),
    (r"Pln1\.ln\.", "norm_last."),
    (r"rnn\.gru\.", "gru."),
    (r"fc1\.", "dense."),
)


def from_combmotif(state: dict[str, torch.Tensor]) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Translate the weights of CombMotif's ``saluki_torch``.

    Parameters
    ----------
    state : dict
        Its state dictionary (``conv1.weight``, ``ln_layers.0.ln.weight``, ``conv_layers.0.weight``, ``Pln1.ln.weight``,
        ``rnn.gru.weight_ih_l0``, ``bn1.weight``, ``fc1.weight``, ``head.weight``, ...).

    Returns
    -------
    (arguments, state)
        What the file says of the keyword arguments of :class:`CnnGru` (not its padding and dropout), and the weights
        by our names.
    """
    renamed = {}
    for key, value in state.items():
        for pattern, replacement in _RENAMED:
            key = re.sub(f"^{pattern}", replacement, key)
        renamed[key] = value
    arguments: dict[str, Any] = {"blocks": sum(key.startswith("conv_layers.") for key in state) // 2}
    first, head = state.get("conv1.weight"), state.get("head.bias")
    if first is not None and first.ndim == 3:
        arguments |= {"width": first.shape[0], "channels": first.shape[1], "kernel": first.shape[2]}
    if head is not None:
        arguments["outputs"] = head.numel()
    return arguments, renamed


def load_cnn_gru(path: str | Path, arguments: dict[str, Any] | None = None) -> CnnGru:
    """Build the net of a weights file.

    Parameters
    ----------
    path : path
        Safetensors or a torch state dictionary by our names; CombMotif's ``.pth`` (``model_state_dict``); Saluki's
        Keras ``.h5``. Which one it is, is told by its suffix and names.
    arguments : dict, optional
        Of :class:`CnnGru`. A foreign file tells them itself, but for the padding of a CombMotif net with 4 channels:
        give ``padding: 2`` for its MRL nets, 0 for others.

    Returns
    -------
    CnnGru
        In evaluation mode.

    Raises
    ------
    ValueError
        If the file does not fit; the layer is named.
    """
    path, given = Path(path), dict(arguments or {})
    if path.suffix in _KERAS:
        told, state = read_saluki(path)
        return fill(CnnGru(**{**told, **given}), state, path=path).eval()  # type: ignore[return-value]
    state = read_weights(path)
    if any(key.startswith(("conv_layers.", "rnn.gru.")) for key in state):
        told, state = from_combmotif(state)
        if "padding" not in given and told.get("channels") == 6:
            given["padding"] = 0
        if "padding" not in given:
            raise ValueError(
                f"{path}: arguments.padding: a CombMotif file does not say it; write 2 for its 50-nt MRL nets, 0 for "
                f"a net without padding"
            )
        given = {**told, **given}
    return fill(CnnGru(**given), state, path=path).eval()  # type: ignore[return-value]
