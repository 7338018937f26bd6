"""``combmotif train``: train a net and write its card."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the training; default training/CONFIG.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key: fit.epochs=5.")
@click.option("--quiet", is_flag=True, help="Print only the result.")
def train(config: Path, out: Path | None, overrides: tuple[str, ...], quiet: bool) -> None:  # noqa: FBT001
    """Train a net as CONFIG says; started again, it goes on where it was."""
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_train_config
    from combmotif.pipeline.train import train_model

    asked = load_train_config(config, overrides=overrides)

    def tell(row: dict[str, float]) -> None:
        progress.line(
            f"epoch {row['epoch']:.0f}: train loss {row['train_loss']:.4f}, validation loss "
            f"{row['validation_loss']:.4f}, validation r2 {row['validation_r2']:.4f}"
        )

    with StageProgress(quiet=quiet) as progress:
        folder = out or Path("training") / config.stem
        result = train_model(asked, folder, progress=progress.update, on_epoch=tell)
    for name, test in result.metrics["tests"].items():
        ceiling = f"the teachers' mean has {test['teachers_r2']:.4f}"
        click.echo(f"r2 {test['r2']:.4f} on {name}, {test['rows']:,} rows ({ceiling})")
    click.echo(f"Model card: {result.card}")
