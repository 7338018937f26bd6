"""What the shell offers."""

from __future__ import annotations

import os
import subprocess
import sys

from combmotif.cli.complete import complete_key, complete_model, complete_run, config_keys
from combmotif.config import RunConfig
from combmotif.core.resources import resource_path


def values(items):
    return [item.value for item in items]


def test_models_are_the_shipped_ones_and_files():
    shipped = sorted(path.parent.name for path in resource_path("models").glob("*/model.yaml"))
    assert shipped
    offered = complete_model(None, None, "")
    assert values(offered) == [*shipped, ""]
    assert [item.type for item in offered] == [*["plain"] * len(shipped), "file"]
    assert values(complete_model(None, None, shipped[0])) == [n for n in shipped if n.startswith(shipped[0])]
    assert [(item.value, item.type) for item in complete_model(None, None, "my_net")] == [("my_net", "file")]


def test_runs_are_the_folders_that_hold_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs/mrl", "runs/hal", "mine", "other/deep/down"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "runs" / "empty").mkdir()
    assert values(complete_run(None, None, "")) == ["mine", "runs/hal", "runs/mrl"]
    assert values(complete_run(None, None, "runs/m")) == ["runs/mrl"]
    assert [(item.value, item.type) for item in complete_run(None, None, "x")] == [("x", "dir")]


def test_keys_are_those_of_the_config_with_their_meaning():
    keys = config_keys(RunConfig.model_json_schema())
    assert {"seed", "match.q", "match.databases", "neurons.select", "model.card"} <= keys.keys()
    assert not {"match", "neurons", "model"} & keys.keys()  # sections are no keys to set
    assert keys["match.q"].startswith("largest q-value")
    assert values(complete_key(None, None, "match.q")) == ["match.q="]
    assert complete_key(None, None, "match.q")[0].help == keys["match.q"]
    assert complete_key(None, None, "nothing") == []


def test_the_shell_asks_for_them(tmp_path):
    line = "combmotif run x.yaml --set match.q"
    asked = {"_COMBMOTIF_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-c", "from combmotif.cli import main; main()"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, **asked},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["plain,match.q="], done.stderr
