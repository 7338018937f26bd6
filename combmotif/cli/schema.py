"""``combmotif schema``: the JSON Schema of config files."""

from __future__ import annotations

import json
from typing import Any, Union

import click


@click.command()
@click.option("--train", "training", is_flag=True, help="Of the config of 'combmotif train' instead of 'run'.")
def schema(training: bool) -> None:  # noqa: FBT001
    """Print the JSON Schema of a config file, for editors that complete and check YAML."""
    from pydantic import TypeAdapter

    from combmotif.config import RunConfig, TrainConfig
    from combmotif.config.load import TRAININGS

    trainings = (TrainConfig, *TRAININGS.values())
    kinds: Any = Union[trainings] if training else RunConfig  # noqa: UP007
    click.echo(json.dumps(TypeAdapter(kinds).json_schema(), indent=2))
