"""``combmotif worker``: a worker of a dask scheduler, on any host."""

from __future__ import annotations

import os
from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import option, scheduler_file_option, scheduler_option


@click.command(
    cls=GuidedCommand,
    example="combmotif worker --scheduler-file sched.json --workers 4",
    then="combmotif run CONFIG --scheduler-file sched.json      on any host that sees the same files",
)
@scheduler_option
@scheduler_file_option
@option("--workers", type=click.IntRange(min=1, max=1024), default=1, help="Processes, with one thread each.")
@option("--memory", default="auto", help="Memory of each process, such as 4GB; a process that uses more is killed.")
@click.option("--gpu", type=click.IntRange(min=0), help="Index of the GPU to use; default all, in turn.")
@click.option("--interface", help="Network interface to listen on, such as ib0 or eth0.")
@click.option(
    "--lifetime", help="Stop after this time, such as 55m; choose a little less than the walltime of the job."
)
def worker(
    scheduler: str | None,
    scheduler_file: Path | None,
    workers: int,
    memory: str,
    gpu: int | None,
    interface: str | None,
    lifetime: str | None,
) -> None:
    """Do tasks for a dask scheduler until the scheduler closes.

    The worker must see the run folder and the files of the config under the same paths as the process that runs them,
    and have the same versions of combmotif and torch. Stop it with Ctrl-C; others take over its unfinished tasks.
    """
    from combmotif.core.executors.scheduler import require_listening, scheduler_address
    from combmotif.core.executors.worker import address_towards, serve

    if scheduler is not None and scheduler_file is None:
        address = scheduler
    elif scheduler_file is not None and scheduler is None:
        address = scheduler_address(scheduler_file)
        require_listening(address, f"--scheduler-file {scheduler_file}")
    else:
        raise click.UsageError("give one of --scheduler and --scheduler-file")
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
    arguments = ["--nworkers", str(workers), "--memory-limit", memory, "--death-timeout", "600"]
    arguments += ["--host", address_towards(address)] if interface is None else ["--interface", interface]
    arguments += [] if lifetime is None else ["--lifetime", lifetime]
    serve([address, *arguments, "--name", f"{os.uname().nodename}-{os.getpid()}"])
