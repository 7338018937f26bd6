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
    from combmotif.config import MeasuredConfig, load_train_config
    from combmotif.pipeline.fit import fit_model
    from combmotif.pipeline.train import train_model

    asked = load_train_config(config, overrides=overrides)

    def tell(row: dict[str, float]) -> None:
        losses = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in row.items() if name != "epoch"]
        progress.line(f"epoch {row['epoch']:.0f}: {', '.join(losses)}")

    with StageProgress(quiet=quiet) as progress:
        folder = out or Path("training") / config.stem
        if isinstance(asked, MeasuredConfig):
            result = fit_model(asked, folder, progress=progress.update, on_epoch=tell)
        else:
            result = train_model(asked, folder, progress=progress.update, on_epoch=tell)
    for name, test in result.metrics.get("tests", {}).items():
        ceiling = f"the teachers' mean has {test['teachers_r2']:.4f}"
        click.echo(f"r2 {test['r2']:.4f} on {name}, {test['rows']:,} rows ({ceiling})")
    for name, outputs in result.metrics.get("out_of_fold", {}).items():
        for output, quality in outputs.items():
            click.echo(f"Pearson r {quality['r']:.4f} of {output} on {quality['rows']:,} held-out rows ({name})")
    click.echo(f"Model card: {result.card}")
