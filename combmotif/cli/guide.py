"""The shape of a command's help: one line of purpose, an example, the next step; commands loaded when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


class GuidedCommand(click.Command):
    """A command whose help ends with an example that works and with what to do next.

    Parameters
    ----------
    example : str
        A command line.
    then : str
        What a user does after it, such as ``combmotif status RUN``.
    """

    def __init__(self, *arguments: Any, example: str = "", then: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.example = example
        self.then = then

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example and the next step under the options."""
        for heading, text in (("Example", self.example), ("Next", self.then)):
            if text:
                with formatter.section(heading):
                    for line in text.splitlines():
                        formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


class GuidedGroup(GuidedCommand, click.Group):
    """A group of commands whose help ends with an example and the next step."""


def next_step(text: str, *, quiet: bool = False) -> None:
    """Say on stderr, so that stdout stays for results, what to do next."""
    if not quiet:
        click.echo(f"Next: {text}", err=True)


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is asked for.

    Parameters
    ----------
    lazy : mapping of str to mapping of str to (str, str)
        Heading of the help: command: (``package.module:attribute``, one line of purpose). The purposes stand here so
        that ``--help`` imports no command.
    """

    def __init__(
        self, *arguments: Any, lazy: Mapping[str, Mapping[str, tuple[str, str]]] | None = None, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.sections = {heading: dict(commands) for heading, commands in (lazy or {}).items()}
        self._lazy = {name: entry for commands in self.sections.values() for name, entry in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, section by section."""
        return [*self._lazy, *(name for name in super().list_commands(ctx) if name not in self._lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = entry[0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; an unknown one is answered with the nearest."""
        from difflib import get_close_matches

        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            close = get_close_matches(args[0], self.list_commands(ctx), 1, 0.5)
            hint = f"did you mean '{close[0]}'?" if close else "'combmotif --help' lists them"
            ctx.fail(f"No such command '{args[0]}'; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings."""
        width = max(map(len, self.list_commands(ctx)), default=0)
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", purpose) for name, (_, purpose) in commands.items()])
        others = [name for name in super().list_commands(ctx) if name not in self._lazy]
        if others:
            with formatter.section("Further commands"):
                rows = [(name, self.commands[name].get_short_help_str(80)) for name in others]
                formatter.write_dl(rows)
