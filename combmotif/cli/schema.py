"""``combmotif schema``: every key of the config files."""

from __future__ import annotations

from typing import Any, Union

import click

from combmotif.cli.guide import GuidedCommand


@click.command(
    cls=GuidedCommand,
    example="combmotif schema --format markdown\ncombmotif schema > combmotif.schema.json",
    then="put '# yaml-language-server: $schema=combmotif.schema.json' above a config: editors complete it",
)
@click.option("--train", "training", is_flag=True, help="Of the config of 'combmotif train' instead of 'run'.")
@click.option("--compare", "comparing", is_flag=True, help="Of the config of 'combmotif compare' instead of 'run'.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="JSON Schema, which editors use to complete and check YAML, or tables to read.",
)
def schema(training: bool, comparing: bool, form: str) -> None:  # noqa: FBT001
    """Print every key of a config file, with meaning, default and unit."""
    from combmotif.config import RunConfig, TrainConfig
    from combmotif.config.comparing import CompareConfig
    from combmotif.config.load import TRAININGS
    from combmotif.config.reference import reference_text, schema_text

    if training and comparing:
        raise ValueError("--train and --compare: expected one of the two")
    if form == "json":
        trained = (TrainConfig, *TRAININGS.values())
        kinds: Any = Union[trained] if training else CompareConfig if comparing else RunConfig  # noqa: UP007
        click.echo(schema_text(kinds), nl=False)
        return
    trainings = {f"`combmotif train`, `kind: {kind}`": model for kind, model in TRAININGS.items()}
    headings = {"`combmotif train` without a kind: distillation": TrainConfig, **trainings}
    other: dict[str, Any] = {"`combmotif compare`": CompareConfig} if comparing else {"`combmotif run`": RunConfig}
    click.echo(reference_text(headings if training else other), nl=False)
