"""The group of commands, and what happens to their errors."""

from __future__ import annotations

import errno
import io
import sys
from typing import Any

import click

from combmotif.cli.errors import (
    EXPECTED,
    ExpectedError,
    UnexpectedError,
    is_out_of_memory,
    sentence,
    show_warnings_as_sentences,
)
from combmotif.cli.guide import LazyGroup
from combmotif.core.version import __version__

# A command is imported when it is asked for. Its line here is the first line of its docstring (a test compares them).
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Interpret a model": {
        "init": ("combmotif.cli.init:init", "Write a commented config to start from."),
        "plan": (
            "combmotif.cli.plan:plan",
            "Show what CONFIG would run, with an estimate of time and memory.",
        ),
        "run": ("combmotif.cli.run:run", "Interpret a model as described in CONFIG."),
        "worker": ("combmotif.cli.worker:worker", "Do tasks for a dask scheduler until the scheduler closes."),
        "status": ("combmotif.cli.status:status", "Show the progress of the run in the folder RUN."),
        "report": ("combmotif.cli.report:report", "Rewrite report.html of the run folder RUN from its tables."),
        "figures": ("combmotif.cli.figures:figures", "Draw the figures of the run folder RUN for a paper."),
    },
    "Models": {
        "models": ("combmotif.cli.models:models", "List the models that come with combmotif."),
        "inspect": ("combmotif.cli.inspect:inspect", "Show the layers of a model whose neurons can be interpreted."),
        "predict": ("combmotif.cli.predict:predict", "Predict the sequences of a FASTA file or a table."),
        "attribute": (
            "combmotif.cli.attribute:attribute",
            "Score the contribution of every base to an output or a neuron.",
        ),
        "variants": (
            "combmotif.cli.variants:variants",
            "Predict the effects of variants, and which neurons and motifs they create or disrupt.",
        ),
        "words": (
            "combmotif.cli.words:words",
            "Measure the effects of k-mers (WORDS): alone, by position, and in pairs by order, frame and distance.",
        ),
        "evaluate-model": (
            "combmotif.cli.evaluate_model:evaluate_model",
            "Compare a model's predictions with measured values.",
        ),
        "train": ("combmotif.cli.train:train", "Train a network as described in CONFIG, and write its card."),
        "fetch": ("combmotif.cli.fetch:fetch", "Download published weights or a motif database and verify them."),
    },
    "Benchmarks on 3'UTRs": {
        "benchmark": (
            "combmotif.cli.benchmark:benchmark",
            "Evaluate models on the tasks of SUITE, together with controls such as k-mers.",
        ),
        "evaluate": (
            "combmotif.cli.evaluate:evaluate",
            "Evaluate models on one TASK; mpra and half-life are presets of regression.",
        ),
        "embed": ("combmotif.cli.embed:embed", "Write a vector for every sequence of a FASTA file."),
        "score": (
            "combmotif.cli.embed:score",
            "Write probabilities, or effects of substitutions, for every base of a FASTA file.",
        ),
        "dataset": (
            "combmotif.cli.dataset:dataset",
            "Prepare data: untranslated regions, orthologues, alignment frequencies, variants.",
        ),
    },
    "Motifs": {
        "motifs": ("combmotif.cli.motifs:motifs", "List, convert, compare and cluster motif files."),
        "match": ("combmotif.cli.match:match", "Find the known elements that motifs resemble."),
        "compare": (
            "combmotif.cli.compare:compare",
            "Compare the motifs of methods on one model, or of models under one method.",
        ),
        "scan": ("combmotif.cli.scan:scan", "Find the sites of motifs on the sequences of a FASTA file."),
    },
    "Trust": {
        "selfcheck": (
            "combmotif.cli.selfcheck:selfcheck",
            "Test demixing on small networks whose motifs are known.",
        ),
        "calibrate": ("combmotif.cli.calibrate:calibrate", "Test the interaction statistics on simulated motifs."),
    },
    "Help with configs": {
        "schema": ("combmotif.cli.schema:schema", "Print every key of a config file, with meaning, default and unit."),
    },
}


class _Group(LazyGroup):
    """Turns an expected error into one sentence and exit code 2, any other into one that says so and exit code 70.

    ``--debug`` shows where it came from.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            kept = "; finished work is kept, run the same command again to go on" if _keeps_work(ctx) else ""
            click.echo(f"\nStopped{kept}.", err=True)
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            if isinstance(error, EXPECTED) or is_out_of_memory(error):
                raise ExpectedError(sentence(error)) from None
            raise UnexpectedError(error) from None


def _keeps_work(ctx: click.Context) -> bool:
    return ctx.invoked_subcommand in ("run", "train", "benchmark")


@click.group(cls=_Group, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="combmotif")
@click.option("--debug", is_flag=True, envvar="COMBMOTIF_DEBUG", help="Show tracebacks.")
def app(debug: bool) -> None:  # noqa: FBT001
    """Interpret a trained RNA or DNA network: motifs, known elements, effects and interactions.

    'combmotif COMMAND --help' shows an example of a command and what comes next.
    """


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that the terminal cannot show becomes a ?
            stream.reconfigure(errors="replace")
    show_warnings_as_sentences()
    if "--debug" not in sys.argv:  # HDF5 tells of a full disk once more when its files are forgotten
        sys.unraisablehook = lambda _: None
    try:
        app(prog_name="combmotif")
    finally:
        _flush()


def _flush() -> None:
    """Write out what is left, and say it in a sentence where that is not possible."""
    try:
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None  # or Python tries again at its end, and shows a traceback
        if error.errno != errno.EPIPE:
            click.echo(f"Error: standard output: {sentence(error)}", err=True)
            sys.exit(2)
