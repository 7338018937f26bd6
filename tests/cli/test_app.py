import errno
import os
import subprocess
import sys

import pytest

import combmotif
import combmotif.config


def test_help_names_every_command_without_importing_torch():
    code = "import sys\nfrom combmotif.cli import app\napp(['--help'], standalone_mode=False)\n"
    code += "print('torch' in sys.modules, 'pandas' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("run", "inspect", "train", "predict", "report", "schema", "models"):
        assert f"\n  {command} " in done.stdout
    assert done.stdout.endswith("False False False\n")


def test_version(cli):
    assert cli("--version").stdout == f"combmotif, version {combmotif.__version__}\n"


def test_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "combmotif", "runn"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No such command 'runn'" in done.stderr


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


def test_a_bug_is_not_hidden(cli, own_net, monkeypatch):
    monkeypatch.setattr(combmotif.config, "load_config", lambda *_a, **_o: 1 / 0)
    assert isinstance(cli("run", own_net).exception, ZeroDivisionError)
