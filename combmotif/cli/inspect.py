"""``combmotif inspect``: what a model reads, predicts, and consists of."""

from __future__ import annotations

import warnings
from contextlib import suppress

import click

from combmotif.cli.complete import complete_model
from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import device_option, trust_option


@click.command(
    cls=GuidedCommand,
    example="combmotif inspect mrl",
    then="combmotif init --model mrl      write a config that interprets one of the layers",
)
@click.argument("target", shell_complete=complete_model)
@click.option(
    "--length",
    type=click.IntRange(min=1, max=100_000_000),
    help="Input length in nt for the positions; default the model's.",
)
@trust_option
@device_option("cpu")
def inspect(target: str, length: int | None, trust: bool, device: str) -> None:  # noqa: FBT001
    """Show the layers of a model whose neurons can be interpreted.

    TARGET is the name of a shipped model, the path of a model card or a Keras file, or a config file.
    """
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from combmotif.config import open_model_from
    from combmotif.inference import convolution_layers
    from combmotif.inference.convolutions import hidden
    from combmotif.inference.geometry import known_geometry, placed
    from combmotif.models import choose_device

    model = open_model_from(target, device=choose_device(device), trust=trust, layers=True)
    spec = model.input_spec
    random = np.random.default_rng(0)
    codes = [random.integers(0, 4, length or spec.length or 1000).astype(np.uint8) for _ in range(4)]
    with suppress(ValueError):  # of a net that does not read this length its layers tell
        if doubts := model.doubts(codes):
            warnings.warn(doubts, stacklevel=1)
    length = length or spec.length
    parameters = sum(parameter.numel() for parameter in model.module.parameters())
    size = f"{spec.length} nt" if spec.length else "any length"
    click.echo(f"{model.name}: {model.description.get('description') or type(model.module).__name__}")
    click.echo(f"input: {spec.alphabet.upper()}, {size}, {spec.channels} channels")
    click.echo(f"outputs: {', '.join(model.outputs)}{' (per position)' if model.pick.along else ''}")
    click.echo(f"parameters: {parameters:,}")
    for metric in model.description.get("metrics", []):
        click.echo(f"{metric['name']}: {metric['value']:g} on {metric.get('data', '')}")

    columns = ["layer", "neurons", "receptive field", "stride", "offset", "parameters"]
    table = Table(*columns, *(["positions", "at an edge"] if length else []))
    refused = [f"model '{model.name}' has no layers: {why}"] if (why := hidden(model.module)) else []
    for layer in convolution_layers(model):
        try:
            geometry = known_geometry(model, layer)
        except ValueError as error:
            refused.append(str(error))
            continue
        module = dict(model.module.named_modules()).get(layer)  # none of a convolution that is called as a function
        own = sum(parameter.numel() for parameter in module.parameters()) if module is not None else 0
        here = placed(model, geometry, length or 1000)
        offset = here.offset if length or here.offset == geometry.offset else "by length"  # as of half the sequence
        row = [geometry.neurons, geometry.receptive_field, geometry.stride, offset, f"{own:,}"]
        table.add_row(layer, *map(str, row), *map(str, here.edge_positions(length) if length else ()))
    console = Console()
    (console if console.is_terminal else Console(width=110)).print(table)
    if length:
        click.echo(f"positions: on {length} nt; at an edge: those that see padding, which motifs and sites leave out")
    for reason in refused:
        click.echo(reason)
