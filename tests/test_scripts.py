"""The install scripts, with a python that stands for pip and venv."""

import os
import stat
import subprocess

import pytest

FAKE = """#!/bin/sh
# A python that is new enough, makes an environment with itself in it, and writes down what it is asked.
case "$*" in
    *version_info*) exit 0 ;;
    --version) echo "Python 3.99" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip --version") exit 0 ;;
    "- "*) cat "$2/pyproject.toml" "$2/constraints.txt" | cksum ;;
    *) echo "$*" >>"$LOG" ;;
esac
"""


@pytest.fixture
def clone(repository, tmp_path):
    """A folder with the scripts, a PATH with a fake python3, and a log of what it was asked."""
    root = tmp_path / "a clone"
    (root / "scripts").mkdir(parents=True)
    for name in ("install.sh", "quickstart.sh", "test.sh"):
        (root / "scripts" / name).write_text((repository / "scripts" / name).read_text())
    for name in ("pyproject.toml", "constraints.txt", "setup.py"):
        (root / name).write_text((repository / name).read_text())
    programs = tmp_path / "bin"
    programs.mkdir()
    python = programs / "python3"
    python.write_text(FAKE)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return root


def _run(clone, script, path=None):
    log = clone / "log"
    log.write_text("")
    path = path or f"{clone.parent / 'bin'}:/usr/bin:/bin"
    environment = {"PATH": path, "LOG": str(log), "HOME": os.environ.get("HOME", "/")}
    command = ["/bin/bash", str(clone / "scripts" / script)]
    options = {"cwd": clone.parent, "env": environment, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, **options)
    return done, log.read_text().splitlines()


def test_quickstart_installs_once_and_then_runs(clone):
    done, asked = _run(clone, "quickstart.sh")
    assert done.returncode == 0, done.stderr
    assert asked == [
        f"-m pip install --quiet --disable-pip-version-check -c {clone}/constraints.txt -e {clone}",
        f"-m combmotif run configs/mrl.yaml --out {clone}/runs/mrl",
    ]
    done, asked = _run(clone, "quickstart.sh")
    assert asked == [f"-m combmotif run configs/mrl.yaml --out {clone}/runs/mrl"]
    (clone / "constraints.txt").write_text("torch==9\n")
    done, asked = _run(clone, "quickstart.sh")
    assert "-m pip install" in asked[0]


def test_test_script_holds_the_quickstarts_install(clone):
    done, asked = _run(clone, "test.sh")
    assert done.returncode == 0, done.stderr
    assert asked[0].endswith(f"-e {clone}[test]")
    assert asked[1:] == ["-m ruff check .", "-m ruff format --check .", "-m mypy", "-m pytest -q -n 2 --dist loadfile"]
    _, asked = _run(clone, "quickstart.sh")
    assert len(asked) == 1


def test_without_a_python_there_is_one_sentence(clone):
    programs = clone.parent / "few"
    programs.mkdir()
    for name in ("dirname", "cat", "rm"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    done, _ = _run(clone, "quickstart.sh", path=str(programs))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: combmotif needs Python 3.10 or newer")
    assert done.stderr.count("\n") == 1
