"""What a wheel built from the repository carries, and that it works where nothing else is."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version

import pytest


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    try:
        if int(version("setuptools").split(".")[0]) < 77:
            pytest.skip("needs setuptools 77 or newer to build a wheel")
    except PackageNotFoundError:
        pytest.skip("needs setuptools to build a wheel")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("combmotif", "resources"):
        shutil.copytree(repository / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(repository / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, source]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_resources_and_templates_are_inside(wheel, repository):
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"combmotif/resources/{path.relative_to(repository / 'resources').as_posix()}"
        for path in (repository / "resources").rglob("*")
        if path.is_file()
    }
    static = {
        path.relative_to(repository).as_posix()
        for kind in ("templates", "static")
        for path in (repository / "combmotif" / "report" / kind).rglob("*")
        if path.is_file()
    }
    assert shipped
    assert static
    assert shipped | static <= names
    assert "combmotif/resources/models/mrl/weights.safetensors" in names
    assert "combmotif/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "resources/", "build"))]


@pytest.mark.slow
def test_a_wheel_works_in_an_empty_folder(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "OMP_NUM_THREADS": "1"}
    environment.pop("COMBMOTIF_DATA", None)
    command = [sys.executable, "-m", "combmotif", "inspect", "mrl"]
    done = subprocess.run(command, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "parameters: 92,865" in done.stdout
