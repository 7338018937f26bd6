"""A config that is right, to be made wrong in one place."""

from __future__ import annotations

import copy

import pytest
import yaml

RIGHT = {
    "model": {"card": "optimus5p"},
    "sequences": {"kind": "random", "count": 100, "length": 50},
    "neurons": {"layer": "conv3", "select": "0-15"},
}


@pytest.fixture
def right():
    return copy.deepcopy(RIGHT)


@pytest.fixture
def write(tmp_path):
    """Write a config (plain data, or text) to tmp_path/c.yaml."""

    def write(data):
        path = tmp_path / "c.yaml"
        path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
        return path

    return write
