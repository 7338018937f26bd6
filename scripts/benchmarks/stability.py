"""Compare predictors of 3'UTR segment stability on the same held-out groups, in one table.

    COMBMOTIF_DATA=... combmotif train configs/train_utr3_stability.yaml --out training/train_utr3_stability
    COMBMOTIF_DATA=... python scripts/benchmarks/stability.py training/train_utr3_stability

The first command trains the nets of the shipped recipe and keeps what they predict for the folds they have not seen;
the second adds a ridge regression on 5-mer counts and a plain net (4 blocks, padded, measured values of the first table
only, no shifts), trained in the same folds: no two folds share a 40-mer. All numbers are Pearson r, pooled over the
held-out rows of all folds, with the range over the folds in brackets.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from combmotif.config import load_train_config
from combmotif.config.training.measured import MeasuredConfig, MeasuredFit
from combmotif.config.training.regression import NetSection
from combmotif.runs.training.base import Training
from combmotif.runs.training.measured import Workshop, held_out_quality
from combmotif.runs.training.measured_rows import MeasuredRows, read_rows
from combmotif.training.regressor import predict_codes

ALPHAS = (300.0, 1000.0, 3000.0, 10000.0, 30000.0)
SALUKI = "Prediction"
PUBLISHED = "best language-model embeddings (published, the paper's own split by chromosome)"


def word_counts(codes: np.ndarray, k: int = 5) -> np.ndarray:
    """Count the k-mers without N of each row; float32 (n, 4^k)."""
    counts = np.zeros((len(codes), 4**k), dtype=np.float32)
    for start in range(codes.shape[1] - k + 1):
        window = codes[:, start : start + k]
        rows = np.flatnonzero((window < 4).all(axis=1))
        counts[rows, window[rows].astype(np.int64) @ (4 ** np.arange(k)[::-1])] += 1
    return counts


def ridge(x: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Predict every row by ridge regression on the other folds; the penalty is chosen on one of these."""

    def fit(train: np.ndarray, test: np.ndarray, alphas: tuple[float, ...]) -> list[np.ndarray]:
        mean, scale, level = x[train].mean(0), x[train].std(0) + 1e-6, y[train].mean()
        z = (x[train] - mean) / scale
        values, vectors = np.linalg.eigh((z.T @ z).astype(np.float64))
        projected = vectors.T @ (z.T @ (y[train] - level))
        seen = ((x[test] - mean) / scale) @ vectors
        return [seen @ (projected / (values + alpha)) + level for alpha in alphas]

    predicted = np.full(len(y), np.nan)
    known = np.isfinite(y)
    count = int(folds.max()) + 1
    for fold in range(count):
        inner = (fold + 1) % count
        tuned = known & (folds == inner)
        tries = fit(known & (folds != fold) & (folds != inner), tuned, ALPHAS)
        best = ALPHAS[int(np.argmax([np.corrcoef(p, y[tuned])[0, 1] for p in tries]))]
        predicted[folds == fold] = fit(known & (folds != fold), folds == fold, (best,))[0]
    return predicted


def plain_net(rows: MeasuredRows, config: MeasuredConfig, out: Path) -> np.ndarray:
    """Train a plain net in every fold and predict the fold it has not seen."""
    shop = Workshop(config, Training(out, on_epoch=lambda row: click.echo(f"plain net: {row}", err=True)))
    section = NetSection(arguments={"blocks": 4, "padding": 2, "dropout": 0.2, "conv_dropout": 0.0})
    fit = MeasuredFit(epochs=5, batch=128, learning_rate=0.0025, averaging=0.995, precision="bfloat16")
    labels = rows.labels[:, : rows.outputs]
    predicted = np.zeros(labels.shape)
    for fold in range(config.folds.count):
        kept = (rows.folds != fold) & np.isfinite(labels).any(axis=1)
        weights = np.ones(rows.outputs)
        net = shop.net(
            f"fold{fold}", rows.codes[kept], labels[kept], outputs=rows.outputs, weights=weights, section=section,
            fit=fit, seed=fold,
        )  # fmt: skip
        predicted[rows.folds == fold] = predict_codes(net, rows.codes[rows.folds == fold])
    return predicted


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--config", default="configs/train_utr3_stability.yaml", show_default=True, help="Config of the training."
)
@click.option("--plain/--no-plain", default=True, show_default=True, help="Train the plain net too (10 minutes).")
def main(run: Path, config: str, plain: bool) -> None:  # noqa: FBT001
    """Print the table for the training in folder RUN."""
    asked = load_train_config(config)
    assert isinstance(asked, MeasuredConfig), f"{config}: expected kind: measured"
    rows = read_rows(asked)
    with np.load(run / "out_of_fold.npz") as stored:
        if not np.array_equal(stored["folds"], rows.folds):
            raise click.ClickException(f"{run}: was trained with other folds than {config} gives")
        ours = {name: stored[name] for name in ("single", "mean", "student") if name in stored}
    labels = rows.labels[:, : rows.outputs]
    counts = word_counts(rows.codes)
    found = {"ridge on 5-mer counts": np.stack([ridge(counts, column, rows.folds) for column in labels.T], axis=1)}
    if SALUKI in rows.tasks:
        opinion = rows.labels[:, [rows.tasks.index(SALUKI)]]
        found["published Saluki nets, which saw no reporter"] = np.repeat(opinion, rows.outputs, axis=1)
    if plain:
        found["plain net, 4 blocks"] = plain_net(rows, asked, run / "plain")
    text = {
        "single": "one net of the recipe",
        "mean": f"mean of {asked.members} nets",
        "student": "one net taught by them",
    }
    found |= {text[name]: predicted for name, predicted in ours.items()}
    tasks = rows.tasks[: rows.outputs]
    click.echo(f"| predictor | {' | '.join(tasks)} |\n|---|{'---|' * len(tasks)}")
    click.echo(f"| {PUBLISHED} | 0.55 | 0.49 |")
    for name, predicted in found.items():
        quality = held_out_quality(rows, predicted)
        cells = [f"{q['r']:.3f} ({min(q['folds']):.3f}-{max(q['folds']):.3f})" for q in quality.values()]
        click.echo(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
