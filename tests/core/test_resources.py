from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from combmotif.core import resources
from combmotif.core.resources import resource_path


def test_found_in_the_repository(repository):
    assert resource_path("motifs", "rna_elements.yaml").is_file()
    assert resource_path("motifs") == repository / "resources" / "motifs"


def test_found_inside_an_installed_package(tmp_path, repository):
    package = tmp_path / "combmotif"
    (package / "resources" / "motifs").mkdir(parents=True)
    (package / "core").mkdir()
    (package / "__init__.py").touch()
    (package / "core" / "__init__.py").touch()
    (package / "resources" / "motifs" / "x.yaml").touch()
    shutil.copy(repository / "combmotif" / "core" / "resources.py", package / "core")
    code = "from combmotif.core.resources import resource_path as r; print(r('motifs', 'x.yaml'))"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(package / "resources" / "motifs" / "x.yaml")


def test_the_package_comes_first(tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").touch()
    (tmp_path / "second" / "b").touch()
    monkeypatch.setattr(resources, "ROOTS", (tmp_path / "first", tmp_path / "second"))
    assert resource_path("a") == tmp_path / "first" / "a"
    assert resource_path("b") == tmp_path / "second" / "b"


def test_a_missing_resource_names_both_places():
    with pytest.raises(FileNotFoundError, match="'motifs/none' not found: tried .*combmotif.* and "):
        resource_path("motifs", "none")
