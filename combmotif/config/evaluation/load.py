"""Read a benchmark from its YAML file or a model from a command line, and find the files they name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from combmotif.config.evaluation.sections import ModelEntry, SuiteConfig
from combmotif.config.load import apply_override
from combmotif.config.paths import find_card, find_factory, find_file, find_files
from combmotif.core.plain_yaml import read_yaml
from combmotif.core.typed_yaml import validate

_FILES = ("table", "test", "train", "fasta", "regions", "peaks", "windows", "kmers", "motifs", "conservation", "places")
MISSING = "its files are missing: "


def load_suite(path: str | Path, *, overrides: Sequence[str] = ()) -> tuple[SuiteConfig, dict[str, str]]:
    """Read the YAML file of a benchmark, and find its files.

    Parameters
    ----------
    path : path
    overrides : sequence of str
        ``a.b=value``, applied in order.

    Returns
    -------
    (SuiteConfig, dict of str to str)
        With absolute paths, and the optional tasks and models that are left out, each with the reason.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence naming the file, the key, what was expected and what was found.
    """
    path = Path(path)
    data = read_yaml(path)
    for override in overrides:
        apply_override(data, override)
    return resolve_suite(validate(SuiteConfig, data, name=str(path)), path.resolve().parent)


def resolve_suite(config: SuiteConfig, base: Path) -> tuple[SuiteConfig, dict[str, str]]:
    """Make every path of a suite absolute; see :func:`load_suite`.

    Parameters
    ----------
    config : SuiteConfig
    base : path
        Folder that relative paths start from.

    Returns
    -------
    (SuiteConfig, dict of str to str)
        As of :func:`load_suite`.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing that a task needs which is not optional, or the files of every task are.
    """
    left_out: dict[str, str] = {}
    tasks: dict[str, Any] = {}
    for name, task in config.tasks.items():
        try:
            paths: dict[str, Any] = {
                key: find_file(value, base=base, key=f"tasks.{name}.{key}")
                for key in _FILES
                if isinstance(value := getattr(task, key, None), str)
            }
        except (FileNotFoundError, ValueError) as error:
            if not task.optional:
                raise
            left_out[name] = f"{MISSING}{error}"
            continue
        if (pairs := getattr(task, "pairs", None)) is not None and pairs.table is not None:
            found = find_file(pairs.table, base=base, key=f"tasks.{name}.pairs.table")
            paths["pairs"] = pairs.model_copy(update={"table": found})
        tasks[name] = task.model_copy(update=paths)
    if not tasks:
        raise ValueError(f"tasks: the files of every task are missing, first {next(iter(left_out.values()))}")
    models = {name: _resolved(entry, name, base) for name, entry in config.models.items()}
    return config.model_copy(update={"tasks": tasks, "models": models}), left_out


def _resolved(entry: ModelEntry, name: str, base: Path) -> ModelEntry:
    update: dict[str, Any] = {
        key: find_file(value, base=base, key=f"models.{name}.{key}")
        for key in ("hf", "fasta", "probabilities", "embeddings", "predictions", "track", "places")
        if (value := getattr(entry, key)) is not None
    }
    if entry.card is not None:
        card = os.path.expandvars(entry.card)
        update["card"] = find_card(card, base=base, key=f"models.{name}.card")
    if entry.model is not None:
        update["model"] = find_files(entry.model, base=base, key=f"models.{name}.model")
    if entry.factory is not None:
        update["factory"] = find_factory(entry.factory, base=base, key=f"models.{name}.factory")
    return entry.model_copy(update=update)


def parse_model(text: str, *, trust: bool = False, ref_aware: bool = False) -> ModelEntry:
    """Read a model of a command line: a card, or ``KIND:WHAT``.

    ``kmer:5``, ``codons``, ``composition``, ``length``, ``minimal``, ``word2vec:FASTA``; ``concat:MODEL,MODEL``;
    ``dnabert:FOLDER``,
    ``nt_v2:FOLDER``, ``dnabert2:FOLDER``, ``auto:FOLDER``; ``keras:FILE``; ``probabilities:FILE``,
    ``embeddings:FILE``, ``predictions:FILE``, ``track:FILE``; ``python:FILE.py:FUNCTION``; anything else is the name
    or path of a card.

    Parameters
    ----------
    text : str
    trust : bool, default False
        Run the Python code that a card names.
    ref_aware : bool, default False
        Of Hugging Face folders: read a base from the tokens that have the own bases elsewhere.

    Returns
    -------
    ModelEntry

    Examples
    --------
    >>> entry = parse_model("kmer:5")
    >>> entry.features, entry.k
    ('kmer:5', None)
    """
    kind, _, what = text.partition(":")
    data: dict[str, Any]
    if kind == "concat":
        data = {"concat": what.split(",")}
    elif kind in ("kmer", "codons", "composition", "length", "minimal"):
        data = {"features": text}
    elif kind == "word2vec" and what:
        data = {"features": kind, "fasta": what}
    elif kind in ("dnabert", "nt_v2", "dnabert2", "auto") and what:
        data = {"hf": what, "adapter": kind}
    elif kind == "keras" and what:
        data = {"model": {"kind": "keras", "weights": what}}
    elif kind in ("probabilities", "embeddings", "predictions", "track") and what:
        data = {kind: what}
    elif kind == "python" and what:
        data = {"factory": what}
    else:
        data = {"card": text, "trust": trust}
    if ref_aware:
        data["ref_aware"] = True
    return _resolved(validate(ModelEntry, data, name="--model"), text, Path.cwd())
