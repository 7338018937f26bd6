"""The group of commands, and what happens to their errors."""

from __future__ import annotations

from typing import Any

import click

from combmotif import __version__
from combmotif.cli.errors import EXPECTED, ExpectedError, sentence
from combmotif.cli.evaluate_model import evaluate_model
from combmotif.cli.fetch import fetch
from combmotif.cli.inspect import inspect
from combmotif.cli.models import models
from combmotif.cli.predict import predict
from combmotif.cli.report import report
from combmotif.cli.run import run
from combmotif.cli.schema import schema
from combmotif.cli.train import train


class _Group(click.Group):
    """Turns an expected error into one sentence and exit code 2; ``--debug`` shows where it came from."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            kept = "; finished work is kept, run the same command again to go on" if _keeps_work(ctx) else ""
            click.echo(f"\nStopped{kept}.", err=True)
            ctx.exit(130)
        except EXPECTED as error:
            if ctx.params.get("debug"):
                raise
            raise ExpectedError(sentence(error)) from None


def _keeps_work(ctx: click.Context) -> bool:
    return ctx.invoked_subcommand in ("run", "train")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="combmotif")
@click.option("--debug", is_flag=True, envvar="COMBMOTIF_DEBUG", help="Show tracebacks.")
def app(debug: bool) -> None:  # noqa: FBT001
    """Which motifs has a trained RNA or DNA network learned, what are they, and what do they do?

    Begin with: combmotif run CONFIG
    """


for command in (run, inspect, predict, evaluate_model, report, models, fetch, train, schema):
    app.add_command(command)


def main() -> None:
    """Run the command line."""
    app(prog_name="combmotif")
