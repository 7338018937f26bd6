"""``combmotif models``: the shipped model cards."""

from __future__ import annotations

from itertools import groupby

import click

from combmotif.cli.guide import GuidedCommand


@click.command(
    cls=GuidedCommand,
    example="combmotif models",
    then="combmotif inspect NAME          the layers of one of them",
)
def models() -> None:
    """List the models that come with combmotif.

    A config selects one with 'model: {card: NAME}'. The accuracy of each model is listed with the command that
    reproduces it.
    """
    from combmotif.models.card import card_file, find_weights, list_cards, read_card

    for name in list_cards():
        card = read_card(name)
        click.echo(f"{name}: {card.description}")
        click.echo(f"    outputs: {', '.join(output.name for output in card.outputs or [])}")
        for command, metrics in groupby(card.metrics, key=lambda metric: metric.command):
            for metric in metrics:
                click.echo(f"    {metric.name} {metric.value:g} on {metric.data}")
            if command:
                click.echo(f"        {command}")
        try:
            find_weights(card, card_file(name))
        except FileNotFoundError as error:
            click.echo(f"    {error}")
