"""What several commands ask for alike: paths, leave to run code, and the options they share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from combmotif.cli.complete import complete_key, complete_model, complete_run

if TYPE_CHECKING:
    from combmotif.config.cluster import ClusterConfig

F = TypeVar("F", bound=Callable[..., Any])


class PathType(click.Path):
    """A path; an empty one, such as a shell makes of a variable that is not set, is refused."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text into a path."""
        if value in ("", b""):
            self.fail("expected a path, found nothing (is a variable of the shell not set?)", param, ctx)
        return super().convert(value, param, ctx)


PATH = PathType()


class ShareType(click.FloatRange):
    """A number from 0 to 1; NaN, which is in no range but fails no comparison either, is refused."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text into a number."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail("nan is not in the range 0<=x<=1.", param, ctx)
        return number


SHARE = ShareType()


def refuse_input(out: Path | None, *inputs: Path | str | None) -> None:
    """Refuse to write over what is read.

    Raises
    ------
    ValueError
        If the file to write, or one that is written beside it, is one of the files to read.
    """
    from combmotif.core.tables import LEFT_OUT

    if out is None:
        return
    beside = [out.with_name(f"{out.stem}.{LEFT_OUT.file}"), *(Path(f"{out}{end}") for end in (".tsv", ".skipped.tsv"))]
    for given in inputs:
        for path in (out, *beside):
            if given is not None and path.is_file() and Path(given).exists() and path.samefile(given):
                own = "" if path == out else f", with {path.name} beside it"
                raise ValueError(f"--out {out}{own}: expected another file than the input, which would be lost")


def option(*names: str, **arguments: Any) -> Callable[[F], F]:
    """Make an option whose default, if it has one, is shown in the help."""
    return click.option(*names, show_default="default" in arguments, **arguments)


def seed_option(what: str | None = None, *, default: int = 0) -> Callable[[F], F]:
    """Make ``--seed``; ``what`` says of which choices."""
    return option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=default, help=what)


def quiet_option(what: str = "Print nothing but errors.") -> Callable[[F], F]:
    """Make ``--quiet``; ``what`` says what is printed all the same."""
    return click.option("--quiet", is_flag=True, help=what)


def set_option(example: str, *, complete: Any = None) -> Callable[[F], F]:
    """Make ``--set``, given to a command as ``overrides``."""
    help_text = f"Override a key: {example}."
    return click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", shell_complete=complete, help=help_text
    )


def device_option(default: str = "auto") -> Callable[[F], F]:
    """Make ``--device``."""
    return option("--device", default=default, help="auto, cpu, cuda or mps.")


config_argument = click.argument("config", type=PATH)
run_argument = click.argument("run", type=PATH, shell_complete=complete_run)
run_folder_option = click.option("--out", type=PATH, help="Run folder; default runs/CONFIG.")
run_set_option = set_option("neurons.select=0-3", complete=complete_key)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1, max=1024), help="Processes; default one per core."
)
cluster_option = click.option(
    "--cluster",
    type=PATH,
    help="YAML file that says where tasks are done: this machine, a dask scheduler, or jobs (slurm, pbs, lsf, ...).",
)
scheduler_option = click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler, such as tcp://10.0.0.1:8786.")
scheduler_file_option = click.option(
    "--scheduler-file", type=PATH, help="File that 'dask scheduler --scheduler-file' wrote."
)
strands_option = option("--strands", type=click.Choice(["single", "both"]), default="single")
q_option = option("--q", "q", type=float, default=0.05, help="Largest q-value of a match.")
databases_option = option(
    "--database",
    "databases",
    multiple=True,
    default=("builtin",),
    help="builtin, a database of 'combmotif fetch', or a motif file; may be given several times.",
)
motif_species_option = click.option(
    "--species", help="Only motifs of this species: Homo_sapiens, or hsa for microRNAs."
)
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Run the Python code that a model card or a run folder names; for those of people you trust.",
)


def chosen_engine(
    workers: int | None, scheduler: str | None, scheduler_file: Path | None, cluster: Path | None
) -> ClusterConfig:
    """Say where tasks are done, by the options."""
    from combmotif.config.cluster import ClusterConfig, load_cluster

    given = [name for name, value in {
        "--workers": workers, "--scheduler": scheduler, "--scheduler-file": scheduler_file, "--cluster": cluster,
    }.items() if value is not None]  # fmt: skip
    if len(given) > 1:
        raise click.UsageError(f"give one of {', '.join(given)}")
    if cluster is not None:
        return load_cluster(cluster)
    if scheduler is not None:
        return ClusterConfig(engine="dask", scheduler=scheduler)
    if scheduler_file is not None:
        from combmotif.core.executors.scheduler import scheduler_address

        scheduler_address(scheduler_file)  # waited for, and told of, before anything is loaded
        return ClusterConfig(engine="dask", scheduler_file=str(scheduler_file))
    return ClusterConfig(workers=workers)


def model_option(name: str) -> Callable[[F], F]:
    """Make ``--model``, given to a command as ``name``."""
    return click.option(
        "--model", name, required=True, shell_complete=complete_model,
        help="Name of a shipped model, path of a card or a Keras file, or a config file.",
    )  # fmt: skip


def sequences_options(command: F) -> F:
    """Add the options that name a file of sequences, and what stands beside them."""
    for add in (
        click.option(
            "--skip-invalid", is_flag=True, help="Leave out, and list, transcripts without a usable annotation."
        ),
        click.option(
            "--annotation", type=PATH,
            help="BED12, GTF or GFF3 of the transcripts: gives nets that read them coding frame and splice sites.",
        ),
        click.option("--name", help="Column of the names in --table; default row1, row2, ..."),
        click.option("--sequence", help="Column of the sequences in --table; default sequence, seq or utr."),
        click.option("--table", type=PATH, help="CSV or TSV file with a header line, plain or .gz."),
        click.option("--fasta", type=PATH, help="FASTA file, plain or .gz."),
    ):  # fmt: skip
        command = add(command)  # the last one added is the first one shown
    return command
