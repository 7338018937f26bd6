"""``combmotif import-config``: a config of the original CombMotif scripts, turned into ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH

if TYPE_CHECKING:
    from combmotif.config.prototype import Imported


@click.command(
    "import-config",
    cls=GuidedCommand,
    example="combmotif import-config configs/interaction/hl_predictor.yaml --layer conv5 --out hl.yaml",
    then="combmotif plan hl.yaml         what would run, and how long",
)
@click.argument("old", type=PATH)
@click.option("--out", type=PATH, help="File to write; default NAME.combmotif.yaml.")
@click.option("--layer", help="Layer to interpret; default conv5 of half-life nets, conv3 of MRL nets.")
def import_config(old: Path, out: Path | None, layer: str | None) -> None:
    """Turn a config of the original CombMotif scripts into ours.

    OLD is one of their YAML files: for interpreting, for contribution and interaction, for training; or a table of
    receptive fields, of clusters per feature map, or of motif pairs. What has no counterpart is said, with the reason.
    """
    from combmotif.config.prototype import import_config as read

    imported = read(old, layer=layer)
    target = out or Path(f"{old.stem}.combmotif.yaml")
    if imported.kind != "none":
        for path in (target, _card_path(target)):
            if path.exists() and (path == target or imported.card):
                raise FileExistsError(f"{path}: is there already; choose another --out")
        _write(imported, target, source=old.name)
    for note in imported.notes:
        click.echo(f"  {note}")
    if imported.kind == "none":
        click.echo(f"{old}: needs no new file.")
    else:
        click.echo(f"Config: {target}")
        next_step(f"combmotif {'train' if imported.kind == 'train' else 'plan'} {target}")


def _card_path(target: Path) -> Path:
    return target.with_name(f"{target.name.removesuffix('.yaml')}.model.yaml")


def _write(imported: Imported, target: Path, *, source: str) -> None:
    from combmotif.core.typed_yaml import dump_yaml

    target.parent.mkdir(parents=True, exist_ok=True)
    if imported.card:
        card = _card_path(target)
        weights = Path(imported.card["weights"])
        if weights.is_absolute():
            imported.card["weights"] = os.path.relpath(weights, card.parent.resolve())
        card.write_text(dump_yaml(imported.card), encoding="utf-8")
        imported.config["model"]["card"] = card.name
    notes = "".join(f"# {note}\n" for note in imported.notes)
    head = f"# From '{source}' of the CombMotif scripts, by 'combmotif import-config'.\n{notes}"
    target.write_text(head + dump_yaml(imported.config), encoding="utf-8")
