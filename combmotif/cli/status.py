"""``combmotif status``: how far a run is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import run_argument

if TYPE_CHECKING:
    from combmotif.runs.status import RunStatus


@click.command(
    cls=GuidedCommand,
    example="combmotif status runs/mrl",
    then="the command it prints: resume an interrupted run, or open the report of a finished one",
)
@run_argument
def status(run: Path) -> None:
    """Show the progress of the run in the folder RUN.

    Only the folder is read, so this works while the run is active, from another machine that shares the folder, and
    after the run has ended or died.
    """
    from combmotif.cli.progress import duration
    from combmotif.cli.table import print_table
    from combmotif.runs.status import run_status, share_statuses

    if (shares := share_statuses(run)) and not (run / "run.json").is_file():
        states = [(name, *_share(found)) for name, found in shares.items()]
        print_table(states, columns=("share", "state", "stage", "files"))
        next_step("the first share that has all results merges them; what is missing, 'combmotif run' does")
        return
    found = run_status(run)
    if not found.record:
        click.echo(_who(found.at_work or {}) + " It has no task yet.")
        next_step(f"look again with 'combmotif status {run}'")
        return
    model, sequences = _mapping(found.record.get("model")), _mapping(found.record.get("sequences"))
    neurons = _mapping(_mapping(found.record.get("config")).get("neurons"))
    layer = neurons.get("layer", "?")
    click.echo(f"{run}: {model.get('name', '?')}, {layer if isinstance(layer, str) else ', '.join(map(str, layer))}")
    click.echo(f"neurons: {neurons.get('select', '?')}; sequences: {sequences.get('source', '?')}")
    rows = []
    for stage in found.stages:
        tasks = "" if not stage.total else f"{stage.done:,} of {stage.total:,}"
        took = "" if stage.seconds is None else duration(stage.seconds)
        left = "" if stage.left is None else f"about {duration(stage.left)} left"
        rows.append((stage.stage, stage.state, tasks, took, stage.reason or left))
    print_table(rows, columns=("stage", "state", "tasks", "time", ""))
    warnings = found.record.get("warnings") or []
    if warnings:
        click.echo(f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}, in run.json and the report")
    if found.active:
        click.echo(_who(found.at_work or {}))
        next_step(f"look again with 'combmotif status {run}'")
    elif found.finished:
        next_step(f"open {run / 'report.html'}")
    else:
        next_step(f"go on with the command that began it, 'combmotif run CONFIG --out {run}'")


def _mapping(value: object) -> dict:
    """Take what a record holds for a mapping, where it is one."""
    return value if isinstance(value, dict) else {}


def _who(at_work: dict[str, Any]) -> str:
    """Say which process is at work, and how many workers it has."""
    workers, lost = at_work.get("workers"), at_work.get("lost")
    who = f"Process {at_work['pid']} on {at_work.get('host')}" if "pid" in at_work else "A process"
    who += " is at work in it" + (f", with {workers:,} workers" if isinstance(workers, int) else "")
    return who + (f"; {lost:,} tasks of the stage are lost so far." if isinstance(lost, int) and lost else ".")


def _share(found: RunStatus) -> tuple[str, str, str]:
    """Say how a share is, what it is at, and how far that is."""
    open_stages = [stage for stage in found.stages if stage.state not in ("done", "empty", "failed")]
    if not open_stages:
        return "done", "", ""
    stage = open_stages[0]
    state = "at work" if found.active else "stopped"
    return state, stage.stage, f"{stage.done:,} of {stage.total:,}" if stage.total else ""
