"""``combmotif init``: a commented config to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.complete import complete_model
from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, trust_option

if TYPE_CHECKING:
    from combmotif.config.starter import LayerFacts
    from combmotif.models.model import SequenceModel

SCHEMA_FILE = "combmotif.schema.json"


@click.command(
    cls=GuidedCommand,
    example="combmotif init --model mrl\ncombmotif init mine.yaml --python my_net.py:build --length 50\n"
    "combmotif init mine.yaml --keras net.h5",
    then="combmotif plan question.yaml   what would run, and how long",
)
@click.argument("path", type=PATH, default="question.yaml")
@click.option("--model", "card", shell_complete=complete_model, help="Name of a shipped model, or path of a card.")
@click.option("--python", "factory", metavar="FILE.py:FUNCTION", help="Your own function that returns a torch module.")
@click.option("--keras", type=PATH, metavar="FILE", help="A network in a Keras file, .keras or .h5.")
@click.option("--custom-objects", metavar="FILE.py:DICT", help="Classes of its layers that are not Keras' own.")
@trust_option
@click.option("--weights", help="File of its weights, with --python.")
@click.option(
    "--length", type=click.IntRange(min=1, max=100_000_000), help="Its input length in nt, with --python or --keras."
)
@click.option(
    "--channels",
    type=click.IntRange(min=4, max=100_000),
    default=4,
    help="Its input channels, with --python: bases, then tracks.",
)
def init(
    path: Path,
    card: str | None,
    factory: str | None,
    keras: Path | None,
    custom_objects: str | None,
    trust: bool,  # noqa: FBT001
    weights: str | None,
    length: int | None,
    channels: int,
) -> None:
    """Write a commented config to start from.

    PATH (question.yaml) is never overwritten. The model is opened, so that the comments list its layers and outputs.
    combmotif.schema.json is written beside the config; editors use it to complete and check the YAML.
    """
    if (card is not None) + (factory is not None) + (keras is not None) > 1:
        raise click.UsageError("give one of --model, --python and --keras")
    if not factory and (weights or channels > 4 or (length and not keras)):
        raise click.UsageError("--weights, --length and --channels go with --python (--length with --keras, too)")
    if custom_objects and not keras:
        raise click.UsageError("--custom-objects goes with --keras")
    if path.exists():
        raise FileExistsError(f"{path}: is there already and is not overwritten; name another file")
    from combmotif.config.starter import propose_layer, starter_config

    if keras is not None:
        model, lines = _open_keras(path.parent, keras, custom_objects, length)
    else:
        model, lines = _open(path.parent, card or "mrl", factory, weights, length, channels, trust=trust)
    layers = _layers(model)
    text = starter_config(
        lines,
        layers,
        name=model.name,
        length=model.input_spec.length,
        outputs=model.outputs,
        tracks=model.input_spec.channels - 4,
        schema=SCHEMA_FILE,
        file=str(path),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_schema(path.parent / SCHEMA_FILE)
    path.write_text(text, encoding="utf-8")
    chosen = propose_layer(layers, model.input_spec.length)
    click.echo(f"Config: {path} (layer {chosen.name}, {chosen.receptive_field} nt; schema for editors beside it)")
    next_step(f"combmotif plan {path}")


def _open(
    folder: Path,
    card: str,
    factory: str | None,
    weights: str | None,
    length: int | None,
    channels: int,
    *,
    trust: bool,
) -> tuple[SequenceModel, list[str]]:
    """Open the model as the config will, and say it in YAML."""
    from combmotif.config import PythonSection, open_model
    from combmotif.config.inputs import CardSection
    from combmotif.config.paths import find_card, find_factory, find_file

    if factory is None:
        found = find_card(card, base=folder, key="--model")
        lines = [f"card: {card}    # 'combmotif models' lists the shipped ones"]
        lines += ["trust: true    # runs the Python code that the card names"] if trust else []
        return open_model(CardSection(card=found, trust=trust)), lines
    section = PythonSection(
        kind="python",
        factory=find_factory(factory, base=folder, key="--python"),
        weights=None if weights is None else find_file(weights, base=folder, key="--weights"),
        length=length,
        channels=channels,
    )
    model = open_model(section)
    lines = [
        "kind: python",
        f"factory: {factory}    # a function that returns the module; the file is run",
        "# kwargs: {width: 64}    # its keyword arguments",
        f"weights: {weights}" if weights else "# weights: weights.safetensors    # or a torch state_dict",
        "alphabet: rna    # letters of the output; U and T are the same letter inside",
        f"length: {length}" if length else "# length: 50    # where it reads one length only",
        f"channels: {channels}    # A, C, G, U, then tracks" if channels > 4 else "# channels: 6    # with tracks",
        f"outputs: [{', '.join(model.outputs)}]",
    ]
    return model, lines


def _open_keras(
    folder: Path, file: Path, custom_objects: str | None, length: int | None
) -> tuple[SequenceModel, list[str]]:
    """Open a Keras file as the config will, and say it in YAML.

    What it predicts per position is read in the middle; the config says so.
    """
    from combmotif.config import KerasSection
    from combmotif.config.inputs import KerasInput
    from combmotif.config.opening import open_keras_file
    from combmotif.config.paths import find_files

    said = KerasSection(kind="keras", weights=str(file), custom_objects=custom_objects, input=KerasInput(length=length))
    model, positions = open_keras_file(find_files(said, base=folder, key="model"))
    output = "# output: 0    # what counts: a number, a name; {position: center} where it has positions"
    if positions:
        output = "output: {position: center}    # or {position: NUMBER}, {mean: positions}"
    where = f", length: {length}" if length else ""
    lines = [
        "kind: keras",
        f"weights: {file}",
        f"input: {{alphabet: rna{where}}}    # letters of the output; U and T are the same letter inside",
        output,
        f"outputs: [{', '.join(model.outputs)}]    # names of your own",
    ]
    lines += [f"custom_objects: {custom_objects}    # the file is run"] if custom_objects else []
    return model, lines


def _layers(model: SequenceModel) -> list[LayerFacts]:
    from combmotif.config.starter import LayerFacts
    from combmotif.inference import convolution_layers
    from combmotif.inference.convolutions import hidden
    from combmotif.inference.geometry import known_geometry

    layers, refused = [], ""
    for name in convolution_layers(model):
        try:
            geometry = known_geometry(model, name)
        except ValueError as error:
            refused = str(error)
            continue
        layers.append(LayerFacts(name, geometry.neurons, geometry.receptive_field))
    if not layers:
        why = refused or hidden(model.module) or "a layer is one where the network convolves"
        raise ValueError(f"model '{model.name}': expected a convolutional layer to interpret, found none; {why}")
    return layers


def _write_schema(path: Path) -> None:
    """Write the JSON Schema of a run's config, unless a file of another kind has its name."""
    from combmotif.config import RunConfig
    from combmotif.config.reference import schema_text

    if path.exists() and f'"title": "{RunConfig.__name__}"' not in path.read_text(encoding="utf-8", errors="replace"):
        raise FileExistsError(f"{path}: expected the schema that this command writes, found another file; move it away")
    path.write_text(schema_text(RunConfig), encoding="utf-8")
