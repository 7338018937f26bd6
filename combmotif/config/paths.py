"""Find the files a config names.

A relative path is relative to the folder of the config file; where nothing stands there, to the working directory.
``~`` and environment variables (``$DATA/utrs.tsv``) are expanded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from combmotif.config.run import RunConfig
from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
from combmotif.core.typed_yaml import Section, nearest

_Section = TypeVar("_Section", bound=Section)


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


FINDERS: dict[str, Callable[..., str]] = {
    **dict.fromkeys(("path", "fasta", "annotation", "table", "weights"), find_file),
    "card": find_card,
    "factory": find_factory,
    "custom_objects": partial(find_factory, what="dictionary"),
}
"""How what a key names is found, wherever in a config the key stands."""


def find_files(section: _Section, *, base: Path, key: str = "") -> _Section:
    """Resolve every file that a section or one inside it names; ``key`` is where it stands in the YAML."""
    update: dict[str, Any] = {}
    for name, value in section:
        place = f"{key}.{name}" if key else name
        if isinstance(value, str) and name in FINDERS:
            update[name] = FINDERS[name](value, base=base, key=place)
        elif isinstance(value, Section):
            update[name] = find_files(value, base=base, key=place)
        elif isinstance(value, list) and value and isinstance(value[0], Section):
            update[name] = [find_files(one, base=base, key=f"{place}.{i}") for i, one in enumerate(value)]
    return section.model_copy(update={name: found for name, found in update.items() if found != getattr(section, name)})


def resolve_paths(config: _Section, base: Path) -> _Section:
    """Return the config with every path absolute; a file that is missing is an error here, before any work."""
    config = find_files(config, base=base)
    if not isinstance(config, RunConfig):
        return config
    update: dict[str, Any] = {}
    if config.match is not None:
        databases, named = [], ["builtin", *COLLECTIONS, *PUBLISHED_DATABASES]
        for index, name in enumerate(config.match.databases):
            try:
                key = f"match.databases.{index}"
                databases.append(name if name in named else find_file(name, base=base, key=key))
            except FileNotFoundError as error:
                hint = "" if Path(name).suffix else nearest(name, named)  # rbp.meme is a file, not the database rbp
                raise FileNotFoundError(f"{error}{hint if 'did you mean' in hint else ''}") from None
        update["match"] = config.match.model_copy(update={"databases": databases})
    pairs = None if config.interaction is None else config.interaction.pairs
    if config.interaction is not None and isinstance(pairs, str) and pairs != "from_motifs":
        pairs = find_file(pairs, base=base, key="interaction.pairs")
        update["interaction"] = config.interaction.model_copy(update={"pairs": pairs})
    return config.model_copy(update=update)
