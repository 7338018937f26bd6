"""What the shell offers when a command is completed: models, keys of a config, run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


def complete_model(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the shipped models and YAML files."""
    from combmotif.core.resources import resource_path

    shipped = sorted(path.parent.name for path in resource_path("models").glob("*/model.yaml"))
    names = [CompletionItem(name) for name in shipped if name.startswith(incomplete)]
    return names if names and incomplete else [*names, CompletionItem(incomplete, type="file")]


def complete_run(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer run folders: those with a run.json, here and one folder below."""
    folders = {path.parent for pattern in ("*/run.json", "*/*/run.json") for path in Path().glob(pattern)}
    names = sorted(str(folder) for folder in folders if str(folder).startswith(incomplete))
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="dir")]


def config_keys(schema: dict[str, Any], place: dict[str, Any] | None = None, before: str = "") -> dict[str, str]:
    """List the keys of a JSON Schema as dotted paths, with their descriptions."""
    place = schema if place is None else place
    if "$ref" in place:
        place = {**schema["$defs"][place["$ref"].rpartition("/")[2]], **{k: v for k, v in place.items() if k != "$ref"}}
    found: dict[str, str] = {}
    for option in (*place.get("anyOf", ()), *place.get("oneOf", ())):
        found |= config_keys(schema, option, before)
    for name, entry in place.get("properties", {}).items():
        inside = config_keys(schema, entry, f"{before}{name}.")
        found |= inside or {f"{before}{name}": entry.get("description", "")}
    return found


def complete_key(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the keys of a run's config, for ``--set``."""
    from combmotif.config import RunConfig

    keys = config_keys(RunConfig.model_json_schema())
    return [CompletionItem(f"{k}=", help=text) for k, text in sorted(keys.items()) if k.startswith(incomplete)]
