"""``combmotif train``: train a net and write its card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, config_argument, quiet_option, set_option, trust_option

if TYPE_CHECKING:
    from combmotif.config.training.hexamers import HexamersConfig


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
    """Train a net as CONFIG says, and write its card.

    Started again, it goes on where it was.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import MeasuredConfig, load_train_config, with_trust
    from combmotif.config.training.half_life import HalfLifeConfig
    from combmotif.config.training.hexamers import HexamersConfig
    from combmotif.config.training.language import LanguageConfig
    from combmotif.runs.training.half_life import fit_half_life
    from combmotif.runs.training.language import fit_language
    from combmotif.runs.training.measured import fit_model
    from combmotif.runs.training.regression import train_model

    asked = with_trust(load_train_config(config, overrides=overrides), trust=trust)
    if isinstance(asked, HexamersConfig):
        _fit_hexamers(asked, out or Path("training") / config.stem, quiet=quiet)
        return

    def tell(row: dict[str, float]) -> None:
        at = "epoch" if "epoch" in row else "step"
        losses = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in row.items() if name != at]
        progress.line(f"{at} {row[at]:.0f}: {', '.join(losses)}")

    with StageProgress(quiet=quiet) as progress:
        folder = out or Path("training") / config.stem
        if isinstance(asked, HalfLifeConfig):
            result = fit_half_life(asked, folder, progress=progress.update, on_epoch=tell)
        elif isinstance(asked, LanguageConfig):
            result = fit_language(asked, folder, progress=progress.update, on_epoch=tell)
        elif isinstance(asked, MeasuredConfig):
            result = fit_model(asked, folder, progress=progress.update, on_epoch=tell)
        else:
            result = train_model(asked, folder, progress=progress.update, on_epoch=tell)
    for name, test in result.metrics.get("tests", {}).items():
        ceiling = f"the teachers' mean has {test['teachers_r2']:.4f}"
        click.echo(f"squared correlation {test['r2']:.4f} on {name}, {test['rows']:,} rows ({ceiling})")
    for name, outputs in result.metrics.get("out_of_fold", {}).items():
        for output, quality in outputs.items():
            click.echo(f"Pearson r {quality['r']:.4f} of {output} on {quality['rows']:,} held-out rows ({name})")
    for name, test in result.metrics.get("half_life", {}).items():
        click.echo(f"Pearson r {test['pearson']:.4f} of {name} on {test['n']:,} test mRNAs")
    for name, loss in result.metrics.get("held_out_loss", {}).items():
        click.echo(f"{loss:.4f} nats per base: {name}")
    if result.metrics.get("left_out"):
        first = result.metrics["left_out_first"][0]
        click.echo(f"Warning: left out {result.metrics['left_out']:,} rows, first: {first}", err=True)
    click.echo(f"Model card: {result.card}")


def _fit_hexamers(config: HexamersConfig, out: Path, *, quiet: bool) -> None:
    from combmotif.cli.progress import StageProgress
    from combmotif.runs.training.hexamers import train_hexamers

    with StageProgress(quiet=quiet) as progress:
        result = train_hexamers(config, out, progress=progress.update)
    held_out = result.metrics["held_out"]
    for name, value in held_out.get("r2", {}).items():
        if value is not None:
            click.echo(f"squared correlation {value:.4f} of the share of {name} on {held_out['rows']:,} held-out rows")
    for region, value in result.metrics.get("recovered", {}).items():
        click.echo(f"correlation {value:.4f} of the fitted with the planted effects of {region}")
    if not result.metrics["converged"]:
        click.echo(f"The fit ended after {result.metrics['iterations']} iterations; raise fit.iterations.", err=True)
    click.echo(f"Hexamer effects: {result.table}")
    if result.card is not None:
        click.echo(f"Model card: {result.card}")
