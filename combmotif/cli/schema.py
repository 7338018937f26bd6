"""``combmotif schema``: the JSON Schema of config files."""

from __future__ import annotations

import json
from typing import Any, Union

import click

from combmotif.cli.guide import GuidedCommand


@click.command(
    cls=GuidedCommand,
    example="combmotif schema > combmotif.schema.json",
    then="put '# yaml-language-server: $schema=combmotif.schema.json' above a config: editors complete it",
)
@click.option("--train", "training", is_flag=True, help="Of the config of 'combmotif train' instead of 'run'.")
def schema(training: bool) -> None:  # noqa: FBT001
    """Print every key of a config file, with meaning, default and unit.

    As JSON Schema, which editors use to complete and check YAML.
    """
    from pydantic import TypeAdapter

    from combmotif.config import RunConfig, TrainConfig
    from combmotif.config.load import TRAININGS

    trainings = (TrainConfig, *TRAININGS.values())
    kinds: Any = Union[trainings] if training else RunConfig  # noqa: UP007
    click.echo(json.dumps(TypeAdapter(kinds).json_schema(), indent=2))
