"""``combmotif compare``: the motifs of several runs side by side."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    PATH,
    chosen_engine,
    cluster_option,
    databases_option,
    q_option,
    quiet_option,
    scheduler_file_option,
    scheduler_option,
    seed_option,
    strands_option,
    trust_option,
    workers_option,
)

if TYPE_CHECKING:
    from combmotif.comparison import ComparedRun
    from combmotif.config.cluster import ClusterConfig
    from combmotif.config.comparing import CompareConfig
    from combmotif.models.model import SequenceModel
    from combmotif.sequence.sets import SequenceSet


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
@workers_option
@scheduler_option
@scheduler_file_option
@cluster_option
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
    workers: int | None,
    scheduler: str | None,
    scheduler_file: Path | None,
    cluster: Path | None,
    trust: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Compare the motifs of methods on one model, or of models under one method.

    RUN is a run folder, or NAME=RUN to name it. For each run: the information content of its motifs, how many are
    distinct, how many match known elements (and how many would by chance), and whether sequences drawn from them excite
    their neuron and change the output, compared with shuffled motifs. Shared families and motifs are drawn as a Venn
    diagram for up to three runs, as an UpSet chart for more.

    A config may stand in place of the runs (configs/compare_methods.yaml): it names run folders, or configs, which are
    run first, and replaces the options; or a suite of many models under one config, such as the folds of an ensemble.
    Their runs are done by --workers, or by --scheduler, --scheduler-file or --cluster as in 'combmotif run', one after
    the other; where one fails the others are done, and the same command goes on. consensus.tsv has mean and spread over
    runs of what shared elements do to the prediction.
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
        engine = chosen_engine(workers, scheduler, scheduler_file, cluster)
        folders, own = _run_first(config, out, engine, quiet=quiet, trust=trust)
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


def _run_first(
    config: CompareConfig, out: Path, engine: ClusterConfig, *, quiet: bool, trust: bool
) -> tuple[dict[str, Path], set[Path]]:
    """Do the runs of configs, one after the other on one scheduler; give all run folders, and those of them."""
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_config, with_trust
    from combmotif.runs import run as run_pipeline
    from combmotif.runs.hosts.engine import standing

    folders = {name: Path(path) for name, path in config.runs.items()}
    asked: dict[str, tuple[str, list[str]]] = {name: (str(p), []) for name, p in folders.items() if not p.is_dir()}
    if config.suite is not None:
        suite = config.suite
        asked |= {name: (suite.config, [f"{suite.vary}={value}"]) for name, value in suite.values.items()}
    # all are read before the first is run, lest the last one's mistake is found days later
    configs = {
        name: with_trust(load_config(path, overrides=overrides), trust=trust)
        for name, (path, overrides) in asked.items()
    }
    failed = {}
    with standing(engine) as where, StageProgress(quiet=quiet) as progress:

        def tell(stage: str, done: int, total: int, *, run: str) -> None:
            progress.update(f"{run}: {stage}", done, total)

        for name, one in configs.items():
            folders[name] = out / "runs" / name
            try:
                result = run_pipeline(one, folders[name], cluster=where, progress=partial(tell, run=name))
            except (ValueError, ImportError, FileNotFoundError) as error:  # of this model; the others can be run
                failed[name] = str(error)
                continue
            if result.failed:
                failed[name] = "; ".join(f"{stage} {status}" for stage, status in result.failed.items())
    if failed:
        first = next(iter(failed))
        more = f", and {len(failed) - 1} more ({', '.join([*failed][1:6])})" if len(failed) > 1 else ""
        raise ValueError(
            f"{len(failed)} of {len(configs)} runs failed: {first}: {failed[first]}{more}; the others are done, and "
            f"the same command goes on"
        )
    return folders, {folders[name] for name in configs}


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
