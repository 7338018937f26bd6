"""``combmotif plan``: what a config would do, without doing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    cluster_option,
    config_argument,
    run_folder_option,
    run_set_option,
    trust_option,
    workers_option,
)

if TYPE_CHECKING:
    from combmotif.config.cluster import ClusterConfig
    from combmotif.runs.plan import RunPlan


@click.command(
    cls=GuidedCommand,
    example="combmotif plan configs/mrl.yaml --workers 2",
    then="combmotif run CONFIG            do it",
)
@config_argument
@run_folder_option
@trust_option
@run_set_option
@workers_option
@cluster_option
@click.option("--no-measure", "counted_only", is_flag=True, help="Count only; no estimate of time and memory.")
def plan(
    config: Path,
    out: Path | None,
    trust: bool,  # noqa: FBT001
    overrides: tuple[str, ...],
    workers: int | None,
    cluster: Path | None,
    counted_only: bool,  # noqa: FBT001
) -> None:
    """Show what CONFIG would run, with an estimate of time and memory.

    Nothing is written to the run folder; results that it already holds count as done. The estimate comes from a short
    measurement with two neurons of each layer and is accurate to within a factor of about two.
    """
    from combmotif.cli.progress import StageProgress, duration
    from combmotif.cli.table import print_table
    from combmotif.config import load_config, with_trust
    from combmotif.config.cluster import load_cluster
    from combmotif.runs.plan import plan as make_plan

    asked = with_trust(load_config(config, overrides=overrides), trust=trust)
    engine = None if cluster is None else load_cluster(cluster)
    if engine is not None and workers is None:
        queued = engine.jobs.most * engine.job.workers
        workers = engine.workers if engine.engine in ("local", "dask") else queued
    folder = out or Path("runs") / config.stem
    with StageProgress() as progress:
        found = make_plan(
            asked,
            folder,
            workers=workers,
            measure=not counted_only,
            progress=lambda stage, done, total: progress.update(f"measuring {stage}", done, total),
        )
    for name, neurons, size in found.layers:
        click.echo(f"{name}: {neurons} neurons, each sees {size} nt")
    click.echo(f"sequences: {found.sequences:,}")
    rows = []
    for stage in found.stages:
        tasks = "" if stage.tasks is None else f"{stage.tasks:,}"
        done = "" if stage.done is None else f"{stage.done:,}"
        rows.append((stage.stage, tasks, done, "" if stage.seconds is None else duration(stage.seconds)))
    print_table(rows, columns=("stage", "tasks", "done", "time"))
    for stage in found.stages:
        if stage.note:
            click.echo(f"{stage.stage}: {stage.note}")
    if found.left_out:
        click.echo(f"not asked for: {', '.join(found.left_out)}")
    if found.seconds is not None:
        processes = f"{found.workers} worker{'s' if found.workers > 1 else ''}"
        click.echo(f"about {duration(found.seconds)} and {(found.memory_mb or 0) / 1024:.1f} GB with {processes}")
    if found.disk_mb is not None:
        click.echo(f"about {max(found.disk_mb, 1) / 1024:.2g} GB on the disk")
    if found.parent_mb is not None and found.worker_mb is not None and found.workers > 1:
        click.echo(
            f"of the memory {found.parent_mb / 1024:.1f} GB for the process that merges, "
            f"{found.worker_mb / 1024:.1f} GB for each worker"
        )
    for line in [] if engine is None else _about_jobs(engine, found):
        click.echo(line)
    if found.replaced:
        click.echo(f"{folder} holds the results of another config ({'; '.join(found.replaced[:3])})")
        next_step(f"combmotif run {config} --out ANOTHER, or --replace")
    else:
        where = "" if cluster is None else f" --cluster {cluster}"
        next_step(f"combmotif run {config}{'' if out is None else f' --out {out}'}{where}")


def _about_jobs(engine: ClusterConfig, found: RunPlan) -> list[str]:
    """Say what jobs a run would take, and what does not fit into them."""
    from combmotif.cli.progress import duration
    from combmotif.config.cluster import JOBQUEUES, bytes_of, seconds_of

    if engine.engine not in JOBQUEUES:
        return []
    job = engine.job
    said = [
        f"{engine.engine}: {engine.jobs.least} to {engine.jobs.most} jobs of {job.workers} workers, {job.memory} and "
        f"{duration(seconds_of(job.walltime))}"
    ]
    longest, limit = found.longest_task, engine.limit_seconds
    if longest is not None:
        if longest > seconds_of(job.walltime) / 2:
            said.append(f"job.walltime is short: a task takes about {duration(longest)}")
        if limit is not None and longest > limit / 2:
            said.append(f"task_limit is short: a task takes about {duration(longest)}")
        own = bytes_of(job.memory) / job.workers / 2**20
        if found.worker_mb is not None and found.worker_mb > own:
            said.append(
                f"job.memory is short: a worker has {own / 1024:.1f} GB of it and takes about "
                f"{found.worker_mb / 1024:.1f} GB"
            )
        said.append(f"about {duration(max(found.seconds or 0, longest))} if all jobs run")
    return said
