"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """One thread for every test: numba, once it runs, gives torch one per core, and they wait by spinning."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder with pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real data and published weights: $COMBMOTIF_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("COMBMOTIF_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "weights").is_dir():
        pytest.skip(f"no test data at {folder} (set COMBMOTIF_DATA to the folder that holds mrl/ and weights/)")
    return folder
