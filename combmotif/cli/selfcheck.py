"""``combmotif selfcheck``: does demixing find motifs that are known?"""

from __future__ import annotations

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import seed_option

QUICK, FULL = 3, 24
SEED = 2


@click.command(
    cls=GuidedCommand,
    example="combmotif selfcheck",
    then="interpret a model with 'combmotif run CONFIG', whose motifs were demixed in the way just checked",
)
@click.option("--full", is_flag=True, help=f"{FULL} nets of every family instead of {QUICK}, and every method.")
@click.option("--workers", type=click.IntRange(min=1, max=1024), default=2, show_default=True, help="Processes.")
@seed_option("Of the nets.", default=SEED)
def selfcheck(full: bool, workers: int, seed: int) -> None:  # noqa: FBT001
    """Test demixing on small networks whose motifs are known.

    Exit code 0 if recall and precision reach the expected values, else 1.
    """
    from combmotif.benchmark import FAMILIES, METHODS, benchmark, summary, verdict
    from combmotif.cli.progress import StageProgress

    methods = list(METHODS) if full else ["none", "CombMotif", "sufficiency"]
    with StageProgress() as progress:
        scores = benchmark(
            "".join(FAMILIES),
            range(FULL if full else QUICK),
            seed,
            methods=methods,
            workers=workers,
            on_done=lambda done, count: progress.update("neurons", done, count),
        )
    table = summary(scores)
    for family, meaning in {**FAMILIES, "all": "all families alike"}.items():
        click.echo(f"\n({family}) {meaning}")
        part = table[table["family"] == family]
        click.echo(part.drop(columns="family").to_string(index=False, float_format=lambda v: f"{v:.2f}", na_rep="-"))
    missed = verdict(table)
    click.echo("")
    click.echo("\n".join(missed) if missed else "passed: the motifs of nets whose answer is known are found")
    if missed:
        raise click.exceptions.Exit(1)
