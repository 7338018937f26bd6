"""``combmotif models``: the shipped model cards."""

from __future__ import annotations

import click


@click.command()
def models() -> None:
    """List the models that come with combmotif, for 'model: {card: NAME}'."""
    from combmotif.models.card import card_file, find_weights, list_cards, read_card

    for name in list_cards():
        card = read_card(name)
        click.echo(f"{name}: {card.description}")
        click.echo(f"    outputs: {', '.join(output.name for output in card.outputs or [])}")
        for metric in card.metrics:
            click.echo(f"    {metric.name} {metric.value:g} on {metric.data}")
        try:
            find_weights(card, card_file(name))
        except FileNotFoundError as error:
            click.echo(f"    {error}")
