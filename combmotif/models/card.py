"""Describe, open and save trained models by their card, a file ``model.yaml`` beside the weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.core.download import sha256_of
from combmotif.core.plain_yaml import dump_yaml, read_yaml
from combmotif.core.resources import resource_path
from combmotif.core.typed_yaml import nearest, validate
from combmotif.models.architectures import open_architecture
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.hal.table import places as hal_places
from combmotif.models.card_schema import CardInput, ModelCard
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.opening import open_module
from combmotif.models.python_model import build_module
from combmotif.models.weights import load_weights, replace_file, save_weights
from combmotif.sequence.alphabet import encode

CARD_FILE = "model.yaml"
WEIGHTS_FILE = "weights.safetensors"
_FIXED_LENGTH = {"optimus5p": 50}
HALF_LIFE = InputSpec("rna", 12288, 6, "pad_right")
"""What Saluki and CombMotif's half-life nets read: whole mRNAs with coding frame and splice sites."""


def list_cards() -> list[str]:
    """Return the names of the models that come with the package, in alphabetical order.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from combmotif.models import list_cards
    >>> "mrl" in list_cards()
    True
    """
    try:
        root = resource_path("models")
    except FileNotFoundError:
        return []
    return sorted(path.parent.name for path in root.glob(f"*/{CARD_FILE}"))


def card_file(name_or_path: str | Path) -> Path:
    """Find a card by the name of a shipped model, the path of a folder with a model.yaml, or the path of the file.

    Raises
    ------
    FileNotFoundError
        If there is none; the shipped names are listed.
    """
    shipped = list_cards()
    if str(name_or_path) in shipped:
        return resource_path("models", str(name_or_path), CARD_FILE)
    path = Path(name_or_path)
    if path.is_dir():
        path = path / CARD_FILE
    if not path.is_file():
        hint = nearest(str(name_or_path), shipped) if shipped else "; no model is shipped"
        raise FileNotFoundError(f"card: there is no model card '{name_or_path}' by name or path{hint}")
    return path


def read_card(name_or_path: str | Path) -> ModelCard:
    """Read and check a card, without its weights.

    Examples
    --------
    >>> from combmotif.models.card import read_card
    >>> read_card("mrl").outputs[0].name
    'mrl'
    """
    path = card_file(name_or_path)
    return validate(ModelCard, read_yaml(path), name=str(path))


def find_weights(card: ModelCard, path: Path) -> Path | None:
    """Find the weights file of a card read from ``path``: beside it, else in ``$COMBMOTIF_DATA/weights``.

    The table of a ``hal`` card is looked for in ``$COMBMOTIF_DATA/hal`` and where ``combmotif fetch hal`` puts it.

    Raises
    ------
    FileNotFoundError
        If it is in none of them; where it is published is named.
    """
    if card.weights is None:
        return None
    places = [(path.parent / Path(os.path.expandvars(card.weights)).expanduser()).resolve()]
    if card.kind == "hal":
        places += hal_places(Path(card.weights).name)
    elif os.environ.get("COMBMOTIF_DATA"):
        places.append(Path(os.environ["COMBMOTIF_DATA"]) / "weights" / Path(card.weights).name)
    for place in places:
        if place.is_file():
            return place
    source = f"; they are published at {card.training.source}" if card.training.source else ""
    fetch, folder = ("run 'combmotif fetch hal', or ", "hal") if card.kind == "hal" else ("", "weights")
    raise FileNotFoundError(
        f"model '{card.name or path.parent.name}': its weights '{card.weights}' are not there{source}; {fetch}put them "
        f"at {places[0]}, or in a folder {folder}/ inside the folder that $COMBMOTIF_DATA names"
    )


def _build(card: ModelCard, path: Path, weights: Path | None) -> nn.Module:
    if card.factory is not None:
        source, _, function = card.factory.rpartition(":")
        beside = path.parent / source
        module = build_module(f"{beside}:{function}" if source.endswith(".py") else card.factory, card.arguments)
        return module if weights is None else load_weights(module, weights)
    assert weights is not None  # a card of another kind has them
    try:
        return open_architecture(card.kind, weights, card.arguments)
    except TypeError as error:
        raise ValueError(f"{path}: arguments: {error}") from None


def _input_spec(card: ModelCard, module: nn.Module) -> InputSpec:
    """What a card says the model reads; where it says nothing, what the architecture reads."""
    if card.input is not None:
        return InputSpec(card.input.alphabet, card.input.length, card.input.channels, card.input.rule)
    if isinstance(module, CnnGru) and module.conv1.in_channels == HALF_LIFE.channels:
        return HALF_LIFE
    return InputSpec("rna", _FIXED_LENGTH.get(card.kind))


def _verify(model: SequenceModel, card: ModelCard, path: Path) -> None:
    if card.expected is None:
        return
    codes = [encode(text, name=f"{path}: expected.sequences") for text in card.expected.sequences]
    for code in codes:
        model.check(code, name=f"{path}: expected.sequences")
    found = model.predict(codes)
    expected = np.array(card.expected.predictions, dtype=float)
    if expected.shape != found.shape:
        raise ValueError(f"{path}: expected.predictions: expected shape {found.shape}, found {expected.shape}")
    difference = np.abs(found - expected)
    row, column = np.unravel_index(int(np.nanargmax(np.where(np.isnan(difference), np.inf, difference))), found.shape)
    if not difference[row, column] <= card.expected.tolerance:
        raise ValueError(
            f"{path}: the model does not predict what its card promises: {card.expected.sequences[row]} "
            f"({model.outputs[column]}): expected {expected[row, column]:.6g}, found {found[row, column]:.6g} "
            f"(tolerance {card.expected.tolerance:g}); the weights or the code are not those of the card"
        )


def load_card(name_or_path: str | Path, device: torch.device | str = "cpu", *, trust: bool = False) -> SequenceModel:
    """Open a trained model and verify it.

    A card of ``kind: python`` names Python code, which may do anything: it is run only with leave.

    Parameters
    ----------
    name_or_path : str or path
        Name of a shipped model, a folder with a ``model.yaml``, or such a file.
    device : torch.device or str, default "cpu"
    trust : bool, default False
        Run the Python code that the card names; for those of people you trust.

    Returns
    -------
    SequenceModel
        In evaluation mode, its description the card.

    Raises
    ------
    FileNotFoundError
        If the card or its weights are missing.
    ValueError
        If the card is wrong, its code has no leave to run, the weights have another checksum or do not fit, or the
        predictions are not those the card promises.

    Examples
    --------
    >>> from combmotif.models import load_card
    >>> from combmotif.sequence.sets import random_sequences
    >>> model = load_card("mrl")
    >>> model.predict(random_sequences(3, 50, seed=1).codes).shape
    (3, 1)
    """
    path = card_file(name_or_path)
    card = validate(ModelCard, read_yaml(path), name=str(path))
    name = card.name or path.resolve().parent.name
    if card.factory is not None and not trust:
        raise ValueError(
            f"{path}: its model is made by Python code that would have to run (factory: {card.factory}); read that "
            f"code, and say --trust (in a config 'trust: true' beside 'card', in Python trust=True) if you trust it"
        )
    weights = find_weights(card, path)
    if weights is not None and card.sha256 is not None and (digest := sha256_of(weights)) != card.sha256:
        raise ValueError(f"{weights}: expected the weights of {path} (sha256 {card.sha256}), found sha256 {digest}")
    module = _build(card, path, weights)
    model = open_module(
        module,
        _input_spec(card, module),
        name=name,
        outputs=None if card.outputs is None else [output.name for output in card.outputs],
        output=card.output,
        inputs=card.inputs,
        description={**card.model_dump(mode="json", exclude_none=True), "name": name},
    )
    _verify(model, card, path)
    model.module.to(device)
    return model


def save_card(folder: str | Path, module: nn.Module, card: dict[str, Any], *, sequences: list[str]) -> Path:
    """Write a model as a folder with weights and card, so that :func:`load_card` opens and verifies it.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    module : torch.nn.Module
    card : dict
        The card without ``weights``, ``sha256`` and ``expected``, which are worked out here.
    sequences : list of str
        A few sequences whose predictions the card promises, to 0.001 in units of the output.

    Returns
    -------
    pathlib.Path
        The card's file.

    Examples
    --------
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> card = {"name": "toy", "kind": "cnn_gru", "arguments": {"width": 8}, "input": {"alphabet": "rna", "length": 48}}
    >>> path = save_card("toy", CnnGru(width=8).eval(), card | {"outputs": [{"name": "y"}]}, sequences=["ACGU" * 12])
    >>> load_card(path).outputs
    ('y',)
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(module, folder / WEIGHTS_FILE)
    full: dict[str, Any] = {**card, "weights": WEIGHTS_FILE, "sha256": sha256_of(folder / WEIGHTS_FILE)}
    typed = validate(ModelCard, full, name=str(folder / CARD_FILE))
    read = typed.input or CardInput()
    spec = InputSpec(read.alphabet, read.length, read.channels, read.rule)
    outputs = None if typed.outputs is None else [output.name for output in typed.outputs]
    model = open_module(module, spec, name="new", outputs=outputs, output=typed.output, inputs=typed.inputs)
    predictions = model.predict([encode(text) for text in sequences])
    full["expected"] = {
        "sequences": sequences,
        "predictions": [[round(float(value), 6) for value in row] for row in predictions],
        "tolerance": 1e-3,
    }
    validate(ModelCard, full, name=str(folder / CARD_FILE))
    replace_file(folder / CARD_FILE, dump_yaml(full).encode())
    return folder / CARD_FILE
