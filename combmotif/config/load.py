"""Read a config file, apply ``--set``, check it, find its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from combmotif.config.paths import resolve_paths
from combmotif.config.run import RunConfig
from combmotif.config.training.half_life import HalfLifeConfig
from combmotif.config.training.hexamers import HexamersConfig
from combmotif.config.training.language import LanguageConfig
from combmotif.config.training.measured import MeasuredConfig
from combmotif.config.training.regression import TrainConfig
from combmotif.core.plain_yaml import parse_yaml, read_yaml, show
from combmotif.core.typed_yaml import nearest, validate

TrainingConfig = TrainConfig | MeasuredConfig | HexamersConfig | HalfLifeConfig | LanguageConfig
TRAININGS: dict[str, type] = {
    "measured": MeasuredConfig,
    "hexamers": HexamersConfig,
    "half_life": HalfLifeConfig,
    "language": LanguageConfig,
}
"""What ``combmotif train`` does, by the config's ``kind``; without one it distils."""


def apply_override(data: dict[str, Any], override: str) -> None:
    """Apply ``a.b=value`` to plain config data, in place.

    The value is read as YAML, so ``8``, ``1e-3``, ``[0, 3]`` and ``text`` mean what they mean in the file. A section
    that is not there yet is made; a number is a place in a list; ``a=null`` takes the key out.

    Raises
    ------
    ValueError
        If it is not KEY=VALUE, or the path leads through something that has no keys.

    Examples
    --------
    >>> from combmotif.config.load import apply_override
    >>> data = {"sample": {"keep": 100}}
    >>> apply_override(data, "sample.keep=300")
    >>> apply_override(data, "neurons.select=[0, 3]")
    >>> data
    {'sample': {'keep': 300}, 'neurons': {'select': [0, 3]}}
    """
    name = f"--set {override}"
    path, equals, text = override.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ValueError(f"{name}: expected KEY=VALUE, for example --set neurons.select=0-3")
    value = parse_yaml(text, name=name)
    place: Any = data
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        before = ".".join(keys[:depth])
        if isinstance(place, list):
            if not key.isdecimal() or int(key) >= len(place):
                raise ValueError(
                    f"{name}: '{before}' is a list of {len(place)}, expected a smaller number, found '{key}'"
                )
            if last:
                place[int(key)] = value
            else:
                place = place[int(key)]
        elif isinstance(place, dict):
            if last and value is None:
                place.pop(key, None)
            elif last:
                place[key] = value
            else:
                if place.get(key) is None:
                    place[key] = {}
                place = place[key]
        else:
            raise ValueError(f"{name}: '{before}' is {show(place)}, which has no keys")


def _load(model: Any, path: str | Path, overrides: Sequence[str]) -> Any:
    path = Path(path)
    data = read_yaml(path)
    for override in overrides:
        apply_override(data, override)
    if model is TrainConfig and "kind" in data:
        kind = str(data["kind"])
        if kind not in TRAININGS:
            raise ValueError(
                f"{path}: kind: expected {', '.join(TRAININGS)}, or no kind for a distillation, found '{kind}'"
                f"{nearest(kind, list(TRAININGS))}"
            )
        model = TRAININGS[kind]
    return resolve_paths(validate(model, data, name=str(path)), path.resolve().parent)


def load_config(path: str | Path, *, overrides: Sequence[str] = ()) -> RunConfig:
    """Read the YAML file of a run.

    Parameters
    ----------
    path : path
    overrides : sequence of str, default none
        ``a.b=value``, applied in order before the check.

    Returns
    -------
    RunConfig
        Checked, with absolute paths of files that exist.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence naming the file, the key, what was expected and what was found.

    Examples
    --------
    >>> _ = Path("q.yaml").write_text("model: {card: mrl}\\nsequences: {kind: random}\\nneurons: {layer: conv3}\\n")
    >>> load_config("q.yaml", overrides=["neurons.select=0-3"]).neurons.select
    '0-3'
    """
    config: RunConfig = _load(RunConfig, path, overrides)
    return config


def load_train_config(path: str | Path, *, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read the YAML file of a training, by its ``kind`` (see :data:`TRAININGS`); as :func:`load_config`.

    Parameters
    ----------
    path : path
    overrides : sequence of str, default none

    Returns
    -------
    TrainConfig, MeasuredConfig, HexamersConfig, HalfLifeConfig or LanguageConfig

    Examples
    --------
    >>> _ = Path("t.yaml").write_text("kind: language\\ntexts: [{path: t.fa}]\\ncard: {name: tiny}\\n")
    >>> _ = Path("t.fa").write_text(">a\\nACGU\\n")
    >>> load_train_config("t.yaml").kind
    'language'
    """
    config: TrainingConfig = _load(TrainConfig, path, overrides)
    return config
