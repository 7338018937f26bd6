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
    config_argument,
    quiet_option,
    run_folder_option,
    run_set_option,
    trust_option,
    workers_option,
)

if TYPE_CHECKING:
    from combmotif.cli.progress import StageProgress
    from combmotif.config import RunConfig
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
@click.option("--replace", is_flag=True, help="Replace the results of another config in the folder.")
@quiet_option("Print only the report's path.")
@click.option("--verbose", is_flag=True, help="Say more: what is run on what, tasks and memory of stages, warnings.")
@click.option("--log", type=PATH, help="File that every line is added to, with the time.")
@click.pass_context
def run(
    ctx: click.Context,
    config: Path,
    out: Path | None,
    trust: bool,  # noqa: FBT001
    overrides: tuple[str, ...],
    workers: int | None,
    replace: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    log: Path | None,
) -> None:
    """Interpret a model as CONFIG says.

    Started again, it goes on where it was. A folder that holds the results of another config is left alone unless
    --replace is given; a section that is new, such as match, only adds to them.

    Paths in CONFIG are relative to its folder or, where nothing stands there, to the working directory.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_config, with_trust
    from combmotif.core.output import OutputFolder
    from combmotif.runs.earlier import refuse_replacing

    if quiet and verbose:
        raise click.UsageError("give one of --quiet and --verbose")
    asked = with_trust(load_config(config, overrides=overrides), trust=trust)
    folder = out or Path("runs") / config.stem
    if not replace:
        refuse_replacing(asked, folder)
    if log is not None and log.resolve().is_relative_to(folder.resolve()):
        OutputFolder(folder, "run")  # marked while it is empty: the log is begun first
    with StageProgress(quiet=quiet, log=log) as progress, _terminated_like_interrupted():
        if verbose:
            progress.line(f"config: {config}{''.join(f', {override}' for override in overrides)}; folder: {folder}")
        result = _run(asked, folder, workers=workers, progress=progress, verbose=verbose)
        _tell(result, progress=progress, quiet=quiet, verbose=verbose)
        progress.record(f"Report: {result.report}")
    click.echo(f"Report: {result.report}")
    if result.failed:
        click.echo(f"Error: {'; '.join(f'{stage} {status}' for stage, status in result.failed.items())}", err=True)
        ctx.exit(1)
    next_step(f"open {result.report} in a browser; the tables are in {result.folder}", quiet=quiet)


def _run(asked: RunConfig, folder: Path, *, workers: int | None, progress: StageProgress, verbose: bool) -> RunResult:
    from combmotif.cli.progress import duration
    from combmotif.runs import run as run_pipeline
    from combmotif.runs.earlier import read_record

    def tell(stage: str, status: str, seconds: float) -> None:
        more = ""
        if verbose:
            record = read_record(folder)
            entry = record["stages"][stage]
            more = f", tasks {entry['tasks']}, done before {entry['reused']}" if entry.get("tasks") else ""
            more += f", peak memory {record['peak_memory_mb']:,.0f} MB"
        progress.line(f"{stage}: {status} ({duration(seconds)}{more})")

    return run_pipeline(asked, folder, workers=workers, progress=progress.update, on_stage=tell)


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
