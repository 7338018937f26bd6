"""From a config's model section, or a command's argument, to the model."""

from __future__ import annotations

from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from combmotif.config.inputs import CardSection, KerasSection, ModelSection
from combmotif.config.load import load_config
from combmotif.config.run import RunConfig
from combmotif.config.training.regression import TrainConfig
from combmotif.core.plain_yaml import read_yaml
from combmotif.core.typed_yaml import nearest

if TYPE_CHECKING:
    import torch

    from combmotif.models.model import SequenceModel

_Config = TypeVar("_Config")
KERAS_FILES = (".keras", ".h5", ".hdf5")
"""Endings of the files that are opened as Keras networks where a model is named by one path."""


def open_model(section: ModelSection, *, device: torch.device | str = "cpu") -> SequenceModel:
    """Load the model of a config's ``model`` section; errors name the YAML key.

    Parameters
    ----------
    section : CardSection, PythonSection or KerasSection
    device : torch.device or str, default "cpu"

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError, FileNotFoundError
        If it cannot be opened.

    Examples
    --------
    >>> from combmotif.config.inputs import CardSection
    >>> open_model(CardSection(card="mrl")).outputs
    ('mrl',)
    """
    from combmotif.models.card import load_card
    from combmotif.models.model import InputSpec
    from combmotif.models.python_model import load_python

    try:
        if isinstance(section, CardSection):
            return load_card(section.card, device, trust=section.trust)
        if isinstance(section, KerasSection):
            return _open_keras(section, device)
        model = load_python(
            section.factory,
            kwargs=section.kwargs,
            weights=section.weights,
            input_spec=InputSpec(section.alphabet, section.length, section.channels, section.rule),
            outputs=section.outputs,
            output=section.output,
            inputs=section.inputs,
        )
        model.module.to(device)
        return model
    except ValueError as error:
        text = str(error)
        if isinstance(section, CardSection):
            prefix = "model.card: "
        elif text.startswith("model: "):
            prefix = ""
        else:
            keys = ("factory:", "input", "output", "constants:", "custom_objects:")
            prefix = "model." if text.startswith(keys) else "model.weights: "
        raise ValueError(prefix + text) from error


def _open_keras(section: KerasSection, device: torch.device | str) -> SequenceModel:
    from combmotif.models.keras import load_keras_model

    return load_keras_model(
        section.weights,
        alphabet=section.input.alphabet,
        length=section.input.length,
        rule=section.input.rule,
        input_name=section.input.name,
        codes=section.input.codes,
        constants=section.constants,
        output=section.output,
        outputs=section.outputs,
        custom_objects=section.custom_objects,
        device=device,
    )


def open_keras_file(section: KerasSection, *, device: torch.device | str = "cpu") -> tuple[SequenceModel, bool]:
    """Open a Keras file of which only the layers matter; what it predicts per position is read in the middle.

    Returns
    -------
    (SequenceModel, bool)
        And whether it predicts positions.
    """
    try:
        return open_model(section, device=device), False
    except ValueError as error:
        if "position: center" not in str(error):
            raise
    return open_model(section.model_copy(update={"output": {"position": "center"}}), device=device), True


def open_model_from(
    target: str, *, device: torch.device | str = "cpu", trust: bool = False, layers: bool = False
) -> SequenceModel:
    """Load a model from the name or path of a card, from the config file of a run, or from a Keras file.

    Parameters
    ----------
    target : str
    device : torch.device or str, default "cpu"
    trust : bool, default False
        Run the Python code that a card names; the code that a config names is run anyway.
    layers : bool, default False
        Only the layers matter: see `open_keras_file`.

    Returns
    -------
    SequenceModel

    Raises
    ------
    FileNotFoundError, ValueError
        If ``target`` is none of them.

    Examples
    --------
    >>> open_model_from("mrl").input_spec.length
    50
    """
    from combmotif.models.card import load_card

    path = Path(target)
    if path.is_file() and path.suffix in (".yaml", ".yml") and "model" in read_yaml(path):
        return open_model(with_trust(load_config(path), trust=trust).model, device=device)
    if path.is_file() and path.suffix in KERAS_FILES:
        section = KerasSection(kind="keras", weights=str(path))
        return open_keras_file(section, device=device)[0] if layers else open_model(section, device=device)
    return load_card(target, device, trust=trust)


def with_trust(config: _Config, *, trust: bool) -> _Config:
    """Give a config leave, or none beyond its own, to run the Python code that its cards name.

    Parameters
    ----------
    config : RunConfig or another config with models
    trust : bool

    Returns
    -------
    a config of the same kind
        The same one where it has nothing to be trusted.

    Examples
    --------
    >>> from combmotif.config import RunConfig
    >>> config = RunConfig(model={"card": "my_net"}, sequences={"kind": "random"})
    >>> with_trust(config, trust=True).model.trust
    True
    """
    if not trust:
        return config
    if isinstance(config, TrainConfig):
        teachers = [teacher.model_copy(update={"trust": True}) for teacher in config.teachers]
        return config.model_copy(update={"teachers": teachers})
    if isinstance(config, RunConfig) and isinstance(config.model, CardSection):
        return config.model_copy(update={"model": config.model.model_copy(update={"trust": True})})
    return config


def output_index(output: int | str, outputs: tuple[str, ...], *, key: str) -> int:
    """Turn an output's name or number into its column; ``key`` is the YAML key, for the message.

    Parameters
    ----------
    output : int or str
    outputs : tuple of str
        Names of all.
    key : str

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no such output.

    Examples
    --------
    >>> output_index("jurkat", ("jurkat", "beas2b"), key="output"), output_index(1, ("jurkat", "beas2b"), key="output")
    (0, 1)
    """
    if isinstance(output, str):
        if output not in outputs:
            raise ValueError(f"{key}: the model has no output '{output}'{nearest(output, list(outputs))}")
        return outputs.index(output)
    if isinstance(output, bool) or not isinstance(output, Integral) or not 0 <= output < len(outputs):
        raise ValueError(f"{key}: the model has {len(outputs)} outputs ({', '.join(outputs)}), found {output}")
    return output


def output_indices(chosen: int | str | list[int | str], outputs: tuple[str, ...], *, key: str) -> list[int]:
    """Turn an output, several, or ``all`` into columns; see `output_index`."""
    if chosen == "all" and "all" not in outputs:
        return list(range(len(outputs)))
    columns = [output_index(one, outputs, key=key) for one in (chosen if isinstance(chosen, list) else [chosen])]
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(f"{key}: expected outputs of the model, each once, found {chosen}")
    return columns
