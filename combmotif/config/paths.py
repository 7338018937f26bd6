"""Find the files a config names.

A relative path is relative to the folder of the config file; where nothing stands there, to the working directory.
``~`` and environment variables (``$DATA/utrs.tsv``) are expanded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from combmotif.config.inputs import (
    CardSection,
    FastaSequences,
    Hdf5Sequences,
    KerasSection,
    PythonSection,
    TableSequences,
)
from combmotif.config.run import RunConfig
from combmotif.config.training.half_life import HalfLifeConfig
from combmotif.config.training.hexamers import CountedTable, HexamersConfig
from combmotif.config.training.language import LanguageConfig
from combmotif.config.training.measured import MeasuredConfig
from combmotif.config.training.regression import TrainConfig
from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
from combmotif.core.typed_yaml import nearest

_Config = TypeVar("_Config", RunConfig, TrainConfig, MeasuredConfig, HexamersConfig, HalfLifeConfig, LanguageConfig)


def find_file(path: str, *, base: Path, key: str) -> str:
    """Resolve one path of a config file.

    Parameters
    ----------
    path : str
        As written.
    base : pathlib.Path
        Folder of the config file.
    key : str
        YAML key, for the message.

    Returns
    -------
    str
        Absolute path of something that exists.

    Raises
    ------
    FileNotFoundError
        Naming the key and every place that was tried.
    ValueError
        If an environment variable in it is not set, or it is a pipe or device.
    """
    expanded = os.path.expandvars(path)
    unset = re.search(r"\$\{?(\w+)\}?", expanded)
    if unset:
        raise ValueError(
            f"{key}: the environment variable {unset[1]} in '{path}' is not set; set it, or give the path itself "
            f"(--set {key}=PATH)"
        )
    wanted = Path(expanded).expanduser()
    places = [wanted] if wanted.is_absolute() else list(dict.fromkeys([(base / wanted).resolve(), wanted.resolve()]))
    for place in places:
        if place.exists() and not (place.is_file() or place.is_dir()):
            raise ValueError(
                f"{key}: expected a file, found that {path} is a pipe or device; a run reads its files more than "
                f"once, so save it as a file"
            )
        if place.exists():
            return str(place)
    raise FileNotFoundError(f"{key}: found no '{path}'; looked for {' and '.join(str(p) for p in places)}")


def find_card(card: str, *, base: Path, key: str) -> str:
    """Resolve a card: the name of a shipped one stays a name; ``resources/...`` is also found in the package."""
    from combmotif.models.card import list_cards

    if card in list_cards():
        return card
    try:
        return find_file(card, base=base, key=key)
    except FileNotFoundError as error:
        parts = Path(card).parts
        if len(parts) == 3 and parts[:2] == ("resources", "models") and parts[2] in list_cards():
            return parts[2]
        raise FileNotFoundError(f"{error}, and among the shipped models{nearest(card, list_cards())}") from None


def find_factory(factory: str, *, base: Path, key: str, what: str = "function") -> str:
    """Resolve the file of ``path/to/file.py:function``; ``package.module:function`` stays as it is."""
    source, colon, function = factory.rpartition(":")
    if not colon or not function.isidentifier() or not source:
        raise ValueError(f"{key}: expected path/to/file.py:{what} or package.module:{what}, found '{factory}'")
    if source.endswith(".py") or "/" in source:
        return f"{find_file(source, base=base, key=key)}:{function}"
    return factory


def find_keras(model: KerasSection, *, base: Path) -> KerasSection:
    """Resolve the files of a ``kind: keras`` model."""
    objects = model.custom_objects
    if objects is not None:
        objects = find_factory(objects, base=base, key="model.custom_objects", what="dictionary")
    weights = find_file(model.weights, base=base, key="model.weights")
    return model.model_copy(update={"weights": weights, "custom_objects": objects})


def resolve_paths(config: _Config, base: Path) -> _Config:
    """Return the config with every path absolute; a file that is missing is an error here, before any work."""

    def found(key: str) -> Callable[[str], str]:
        return lambda path: find_file(path, base=base, key=key)

    if isinstance(config, MeasuredConfig):
        tables = [t.model_copy(update={"path": found(f"tables.{i}.path")(t.path)}) for i, t in enumerate(config.tables)]
        return config.model_copy(update={"tables": tables})
    if isinstance(config, LanguageConfig):
        texts = [t.model_copy(update={"path": found(f"texts.{i}.path")(t.path)}) for i, t in enumerate(config.texts)]
        return config.model_copy(update={"texts": texts})
    if isinstance(config, HalfLifeConfig):
        species = []
        for index, own in enumerate(config.species):
            files = {key: getattr(own, key, None) for key in ("path", "fasta", "annotation", "table")}
            paths = {key: found(f"species.{index}.{key}")(file) for key, file in files.items() if file is not None}
            species.append(own.model_copy(update=paths))
        return config.model_copy(update={"species": species})
    if isinstance(config, HexamersConfig):
        if not isinstance(config.sequences, CountedTable):
            return config
        path = found("sequences.path")(config.sequences.path)
        return config.model_copy(update={"sequences": config.sequences.model_copy(update={"path": path})})
    if isinstance(config, TrainConfig):
        update: dict = {
            "teachers": [
                t.model_copy(update={"card": find_card(t.card, base=base, key=f"teachers.{i}.card")})
                for i, t in enumerate(config.teachers)
            ],
            "tests": [
                t.model_copy(update={"path": found(f"tests.{i}.path")(t.path)}) for i, t in enumerate(config.tests)
            ],
        }
        if config.measured is not None:
            update["measured"] = config.measured.model_copy(
                update={"path": found("measured.path")(config.measured.path)}
            )
        return config.model_copy(update=update)

    update = {}
    model, sequences = config.model, config.sequences
    if isinstance(model, CardSection):
        update["model"] = model.model_copy(update={"card": find_card(model.card, base=base, key="model.card")})
    elif isinstance(model, PythonSection):
        weights = None if model.weights is None else found("model.weights")(model.weights)
        factory = find_factory(model.factory, base=base, key="model.factory")
        update["model"] = model.model_copy(update={"weights": weights, "factory": factory})
    elif isinstance(model, KerasSection):
        update["model"] = find_keras(model, base=base)
    if isinstance(sequences, (FastaSequences, TableSequences, Hdf5Sequences)):
        changed = {"path": found("sequences.path")(sequences.path)}
        if isinstance(sequences, (FastaSequences, TableSequences)) and sequences.annotation is not None:
            changed["annotation"] = found("sequences.annotation")(sequences.annotation)
        update["sequences"] = sequences.model_copy(update=changed)
    if config.match is not None:
        databases, named = [], ["builtin", *COLLECTIONS, *PUBLISHED_DATABASES]
        for index, name in enumerate(config.match.databases):
            try:
                databases.append(name if name in named else found(f"match.databases.{index}")(name))
            except FileNotFoundError as error:
                hint = "" if Path(name).suffix else nearest(name, named)  # rbp.meme is a file, not the database rbp
                raise FileNotFoundError(f"{error}{hint if 'did you mean' in hint else ''}") from None
        update["match"] = config.match.model_copy(update={"databases": databases})
    pairs = None if config.interaction is None else config.interaction.pairs
    if config.interaction is not None and isinstance(pairs, str) and pairs != "from_motifs":
        update["interaction"] = config.interaction.model_copy(update={"pairs": found("interaction.pairs")(pairs)})
    return config.model_copy(update=update)
