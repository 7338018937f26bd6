"""``combmotif run``: from a config to tables and a report."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    PATH,
    chosen_engine,
    cluster_option,
    config_argument,
    quiet_option,
    run_folder_option,
    run_set_option,
    scheduler_file_option,
    scheduler_option,
    trust_option,
    workers_option,
)

if TYPE_CHECKING:
    from combmotif.cli.progress import StageProgress
    from combmotif.config import RunConfig
    from combmotif.config.cluster import ClusterConfig
    from combmotif.runs import RunResult


@click.command(
    cls=GuidedCommand,
    example="combmotif run configs/mrl.yaml --out runs/mrl",
    then="open report.html in a browser; the tables are beside it",
)
@config_argument
@run_folder_option
@trust_option
@run_set_option
@workers_option
@scheduler_option
@scheduler_file_option
@cluster_option
@click.option(
    "--shard",
    metavar="I/N",
    help="Do share I of N, in a job of any queueing system; the job that finishes last merges.",
)
@click.option("--replace", is_flag=True, help="Replace the results of another config in the folder.")
@quiet_option("Print only the report's path.")
@click.option(
    "--verbose", is_flag=True, help="Print more: versions and hardware, tasks and memory of each stage, warnings."
)
@click.option("--log", type=PATH, help="Append every line, with the time, to this file.")
@click.pass_context
def run(
    ctx: click.Context,
    config: Path,
    out: Path | None,
    trust: bool,  # noqa: FBT001
    overrides: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    scheduler_file: Path | None,
    cluster: Path | None,
    shard: str | None,
    replace: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    log: Path | None,
) -> None:
    """Interpret a model as described in CONFIG.

    An interrupted run resumes. A folder with the results of another config is left unchanged unless --replace is given;
    a new section, such as match, only adds results.

    With --scheduler, --scheduler-file or --cluster the tasks are done on other hosts, which must see the run folder
    under the same path. The files do not depend on where the tasks are done.

    Paths in CONFIG are relative to its folder or, if there is no such file, to the working directory.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_config, with_trust
    from combmotif.core.executors import TasksLost
    from combmotif.core.output import OutputFolder
    from combmotif.runs.earlier import refuse_replacing

    if quiet and verbose:
        raise click.UsageError("give one of --quiet and --verbose")
    engine = chosen_engine(workers, scheduler, scheduler_file, cluster)
    share = None if shard is None else _share(shard, engine)
    asked = with_trust(load_config(config, overrides=overrides), trust=trust)
    folder = out or Path("runs") / config.stem
    if not replace:
        refuse_replacing(asked, folder)
    if log is not None and log.resolve().is_relative_to(folder.resolve()):
        OutputFolder(folder, "run")  # marked while it is empty: the log is begun first
    with StageProgress(quiet=quiet, log=log) as progress, _terminated_like_interrupted():
        if verbose:
            progress.line(f"config: {config}{''.join(f', {override}' for override in overrides)}; folder: {folder}")
        try:
            result = _run(asked, folder, engine, share, progress=progress, verbose=verbose)
        except TasksLost as lost:
            click.echo(f"Error: {lost}; the same command tries them again", err=True)
            ctx.exit(1)
        if result is None:
            click.echo(f"Share {shard} is done; another merges", err=True)
            return
        _tell(result, progress=progress, quiet=quiet, verbose=verbose)
        progress.record(f"Report: {result.report}")
    click.echo(f"Report: {result.report}")
    if result.failed:
        click.echo(f"Error: {'; '.join(f'{stage} {status}' for stage, status in result.failed.items())}", err=True)
        ctx.exit(1)
    next_step(f"open {result.report} in a browser; the tables are in {result.folder}", quiet=quiet)


def _share(shard: str, engine: ClusterConfig) -> tuple[int, int]:
    """Read I/N."""
    number, slash, total = shard.partition("/")
    if not (slash and number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total) <= 10_000):
        raise click.UsageError(f"--shard: expected I/N with I from 1 to N, such as 7/64, found '{shard}'")
    if engine.engine != "local":
        raise click.UsageError(f"--shard shares work among jobs of their own: expected no {engine.engine} engine")
    return int(number), int(total)


def _run(
    asked: RunConfig,
    folder: Path,
    engine: ClusterConfig,
    share: tuple[int, int] | None,
    *,
    progress: StageProgress,
    verbose: bool,
) -> RunResult | None:
    from combmotif.cli.progress import duration
    from combmotif.runs import run as run_pipeline
    from combmotif.runs.earlier import read_record
    from combmotif.runs.shards import run_share

    def tell(stage: str, status: str, seconds: float) -> None:
        more = ""
        if verbose and share is None:
            record = read_record(folder)
            entry = record["stages"][stage]
            more = f", tasks {entry['tasks']}, done before {entry['reused']}" if entry.get("tasks") else ""
            more += f", peak memory {record['peak_memory_mb']:,.0f} MB"
        progress.line(f"{stage}: {status} ({duration(seconds)}{more})")

    if share is not None:
        return run_share(asked, folder, share, cluster=engine, progress=progress.update, on_stage=tell)
    return run_pipeline(asked, folder, cluster=engine, progress=progress.update, on_stage=tell)


def _tell(result: RunResult, *, progress: StageProgress, quiet: bool, verbose: bool) -> None:
    from combmotif.cli.table import print_table
    from combmotif.report import main_findings
    from combmotif.runs.earlier import read_record

    rows = [(finding.label, finding.value) for finding in main_findings(result.folder) if finding.value]
    for label, value in rows:
        progress.record(f"{label}: {value}")
    if verbose:
        for warning in read_record(result.folder).get("warnings", []):
            progress.line(f"Warning: {warning}")
    if not quiet:
        print_table(rows)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, which schedulers send, end a run as Ctrl-C does: recorded, finished work kept."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
