"""``combmotif schema``: the JSON Schema of config files."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--train", "training", is_flag=True, help="Of the config of 'combmotif train' instead of 'run'.")
def schema(training: bool) -> None:  # noqa: FBT001
    """Print the JSON Schema of a config file, for editors that complete and check YAML."""
    from combmotif.config import RunConfig, TrainConfig

    click.echo(json.dumps((TrainConfig if training else RunConfig).model_json_schema(), indent=2))
