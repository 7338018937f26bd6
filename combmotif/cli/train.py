"""``combmotif train``: train a net and write its card."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, config_argument, quiet_option, set_option, trust_option


@click.command(
    cls=GuidedCommand,
    example="combmotif train configs/train_mrl.yaml",
    then="combmotif inspect CARD, with the model card it has written",
)
@config_argument
@click.option("--out", type=PATH, help="Folder of the training; default training/CONFIG.")
@trust_option
@set_option("fit.epochs=5")
@quiet_option("Print only the result.")
def train(config: Path, out: Path | None, trust: bool, overrides: tuple[str, ...], quiet: bool) -> None:  # noqa: FBT001
    """Train a network as described in CONFIG, and write its card.

    An interrupted training resumes.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_train_config, with_trust
    from combmotif.runs.training.train import train as fit

    asked = with_trust(load_train_config(config, overrides=overrides), trust=trust)

    def tell(row: dict[str, float]) -> None:
        at = "epoch" if "epoch" in row else "step"
        losses = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in row.items() if name != at]
        progress.line(f"{at} {row[at]:.0f}: {', '.join(losses)}")

    with StageProgress(quiet=quiet) as progress:
        result = fit(asked, out or Path("training") / config.stem, progress=progress.update, on_epoch=tell)
    for line in result.lines:
        click.echo(line)
    for line in result.warnings:
        click.echo(line, err=True)
    if result.card is not None:
        click.echo(f"Model card: {result.card}")
