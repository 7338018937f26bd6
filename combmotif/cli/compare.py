"""``combmotif compare``: the motifs of several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    PATH,
    databases_option,
    q_option,
    quiet_option,
    seed_option,
    strands_option,
    trust_option,
)

if TYPE_CHECKING:
    from combmotif.comparison import ComparedRun
    from combmotif.models.model import SequenceModel
    from combmotif.sequence.tables import SequenceSet


@click.command(
    cls=GuidedCommand,
    example="combmotif compare runs/mrl runs/mrl_modisco --out comparison",
    then="open comparison/compare.html; the tables are beside it",
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--out", type=PATH, required=True, help="Folder to write.")
@databases_option
@q_option
@strands_option
@click.option(
    "--draws",
    type=click.IntRange(min=0, max=100_000),
    default=64,
    show_default=True,
    help="Sequences drawn from each motif to test it on the model; 0 skips the models.",
)
@click.option("--sequences", "most", type=click.IntRange(min=20), default=500, show_default=True, help="Of each run.")
@seed_option()
@trust_option
@quiet_option("Print only the page's path.")
def compare(
    runs: tuple[str, ...],
    out: Path,
    databases: tuple[str, ...],
    q: float,
    strands: str,
    draws: int,
    most: int,
    seed: int,
    trust: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Compare the motifs of methods on one model, or of models under one method.

    RUN is a run folder, or NAME=RUN to name it. For each run: the information content of its motifs, how many are
    distinct, how many match known elements (and how many would by chance), and whether sequences drawn from them excite
    their neuron and change the output, compared with shuffled motifs. Shared families and motifs are drawn as a Venn
    diagram for up to three runs, as an UpSet chart for more.

    A config may be given instead of runs (configs/compare_methods.yaml): it names run folders, or configs, which are
    run first, and replaces the options.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.comparison import compare_runs, read_runs, write_comparison
    from combmotif.config.comparing import load_compare_config
    from combmotif.core.output import OutputFolder
    from combmotif.motifs.matching.database import load_database

    if out.is_file():
        raise ValueError(f"--out: expected a folder to write, found the file {out}")
    own: set[Path] = set()  # runs of configs that she named: their code is hers
    if len(runs) == 1 and runs[0].endswith((".yaml", ".yml")):
        config = load_compare_config(runs[0])
        OutputFolder(out, "comparison")
        folders = {name: _run_first(name, run, out, quiet=quiet, trust=trust) for name, run in config.runs.items()}
        own = {folder for name, folder in folders.items() if folder != Path(config.runs[name])}
        runs = tuple(f"{name}={folder}" for name, folder in folders.items())
        databases, q, strands = tuple(config.databases), config.q, config.strands
        draws, most, seed = config.draws, config.sequences, config.seed
    found = read_runs(runs)
    known = [load_database(name) for name in databases]
    OutputFolder(out, "comparison")  # refused before the work, not after it
    with StageProgress(quiet=quiet) as progress:
        comparison = compare_runs(
            found,
            known,
            open_run=(lambda run: _open(run, most, trust=trust or run.path in own)) if draws else None,
            strands=strands,
            q=q,
            draws=draws or 1,
            seed=seed,
            on_progress=progress.update,
        )
    page = write_comparison(comparison, found, out)
    if not quiet:
        for row in comparison.summary.itertuples():
            line = (
                f"{row.run}: {row.motifs} {'motif' if row.motifs == 1 else 'motifs'}, {row.clusters} different, "
                f"{row.matched} match a known element "
                f"({row.expected_by_chance:.1f} expected by chance)"
            )
            if row.tested_on_neuron:
                line += f", {row.excite} of {row.tested_on_neuron} excite their neuron"
            if row.tested_on_output:
                line += f", {row.move} of {row.tested_on_output} move the output"
            click.echo(line)
    click.echo(f"Page: {page}")
    next_step(f"open {page}; the tables are in {out}", quiet=quiet)


def _run_first(name: str, path: str, out: Path, *, quiet: bool, trust: bool) -> Path:
    """Give a run folder; of a config, that of its run, which is done here unless it is there."""
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_config, with_trust
    from combmotif.runs import run as run_pipeline

    if Path(path).is_dir():
        return Path(path)
    folder = out / "runs" / name
    with StageProgress(quiet=quiet) as progress:
        result = run_pipeline(with_trust(load_config(path), trust=trust), folder, progress=progress.update)
    if result.failed:
        reasons = "; ".join(f"{stage} {status}" for stage, status in result.failed.items())
        raise ValueError(f"runs.{name}: the run of {path} failed: {reasons}")
    return folder


def _open(run: ComparedRun, most: int, *, trust: bool) -> tuple[SequenceModel, SequenceSet]:
    """Open the model of a run and some of its sequences, evenly from all."""
    import numpy as np

    from combmotif.config.inputs import CardSection, KerasSection, PythonSection
    from combmotif.config.opening import open_model
    from combmotif.config.run import RunConfig
    from combmotif.core.typed_yaml import validate
    from combmotif.models import choose_device
    from combmotif.runs.context import load_sequences

    needed = ("model", "sequences", "neurons", "device", "seed")  # other sections may be those of another version
    data = {key: run.config[key] for key in needed if key in run.config}
    try:
        config = validate(RunConfig, data, name=f"{run.path}/run.json")
        section = config.model
        code = section.factory if isinstance(section, PythonSection) else None
        if isinstance(section, KerasSection):
            code = section.custom_objects
        if code is not None and not trust:
            raise ValueError(
                f"Python code that its run.json names would have to run ({code}); say --trust if you trust whoever "
                f"made the folder"
            )
        if isinstance(section, CardSection):  # what the record says of trust is not hers to say
            section = section.model_copy(update={"trust": trust})
        model = open_model(section, device=choose_device(config.device))
        sequences = load_sequences(config)
    except (FileNotFoundError, ValueError) as error:
        raise ValueError(
            f"{run.path}: its model or data cannot be opened ({error}), or say --draws 0 to leave models alone"
        ) from None
    rows = np.unique(np.linspace(0, len(sequences) - 1, min(most, len(sequences))).round().astype(int))
    return model, sequences.subset(rows)
