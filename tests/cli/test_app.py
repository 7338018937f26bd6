import ast
import errno
import os
import shlex
import subprocess
import sys

import click
import pytest

import combmotif
import combmotif.config
from combmotif.cli import app
from combmotif.cli.group import COMMANDS
from combmotif.core.version import __version__


def test_help_names_every_command_and_imports_none_of_them():
    code = "import sys\nfrom combmotif.cli import app\napp(['--help'], standalone_mode=False)\n"
    code += (
        "print([n for n in sys.modules if n.startswith('combmotif')], 'torch' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("run", "inspect", "train", "predict", "report", "schema", "models"):
        assert f"\n  {command} " in done.stdout
    modules = ["", ".cli", ".cli.errors", ".cli.group", ".cli.guide", ".core", ".core.lazy", ".core.version"]
    assert sorted(ast.literal_eval(done.stdout.splitlines()[-1].removesuffix(" False False"))) == [
        f"combmotif{name}" for name in modules
    ]


@pytest.mark.parametrize(("name", "entry"), [pair for section in COMMANDS.values() for pair in section.items()])
def test_every_command_has_a_purpose_an_example_and_a_next_step(name, entry):
    command = app.get_command(click.Context(app), name)
    assert command.name == name
    assert command.help.partition("\n")[0] == entry[1]
    assert command.then
    for line in command.example.splitlines():
        words = shlex.split(line.partition(" > ")[0])
        assert words[:2] == ["combmotif", name]
        command.make_context(name, words[2:])  # the options exist
    assert f"\nExample:\n  combmotif {name}" in command.get_help(click.Context(command, info_name=name))


def test_version(cli):
    assert cli("--version").stdout == f"combmotif, version {combmotif.__version__}\n"


def test_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "combmotif", "runn"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command 'runn'; did you mean 'run'?" in done.stderr


def test_interrupt_says_that_work_is_kept(cli, own_net, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(combmotif.config, "load_config", interrupted)
    result = cli("run", own_net)
    assert result.exit_code == 130
    assert "Stopped; finished work is kept, run the same command again to go on." in result.stderr


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "out/x.npz: no space left on the disk; free some and run the same command again to go on"),
        (errno.EACCES, "out/x.npz: no permission to read or write here; choose another folder (--out)"),
        (errno.EROFS, "out/x.npz: no permission to read or write here"),
    ],
)
def test_errors_of_the_disk(refused, own_net, monkeypatch, code, message):
    def failing(*_arguments, **_options):
        raise OSError(code, os.strerror(code), "out/x.npz")

    monkeypatch.setattr(combmotif.config, "load_config", failing)
    assert refused("run", own_net).startswith(message)


def test_debug_shows_where_an_error_came_from(cli, own_net):
    result = cli("--debug", "run", own_net, "--set", "sede=3")
    assert isinstance(result.exception, ValueError)
    assert "did you mean 'seed'" in str(result.exception)


def test_a_bug_is_told_as_one(cli, own_net, monkeypatch):
    monkeypatch.setattr(combmotif.config, "load_config", lambda *_a, **_o: {}["gone"])
    result = cli("run", own_net)
    assert result.exit_code == 70
    assert result.stderr.startswith(f"Error: a bug of combmotif {__version__}: KeyError")
    assert "please report it" in result.stderr
    assert result.stderr.count("\n") == 1
    assert isinstance(cli("--debug", "run", own_net).exception, KeyError)
