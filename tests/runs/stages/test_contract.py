"""What every stage keeps to, and that another one is a module and a line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from combmotif.config import RunConfig, load_config
from combmotif.report.folder import read_run
from combmotif.runs import run
from combmotif.runs.context import Context
from combmotif.runs.plan import plan
from combmotif.runs.stages import STAGES, Stage
from combmotif.runs.stages.base import Batch, Cost, Empty, Found
from combmotif.runs.stages.samples import Sampled
from combmotif.runs.stages.scan import Scan
from combmotif.runs.status import run_status

NET = """
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 3, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1))
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 40, length: 20}
neurons: {layer: '0', select: [0, 2]}
sample: {keep: 60}
match: {databases: [builtin], q: 1}
device: cpu
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "run.yaml").write_text(CONFIG)
    return load_config(tmp_path / "run.yaml")


def made(stage):
    """The type of what a stage hands on."""
    return get_args(type(stage).__orig_bases__[0])[1]


def test_every_stage_needs_what_one_before_it_hands_on():
    assert len({stage.name for stage in STAGES}) == len(STAGES) == 7
    before = set()
    for stage in STAGES:
        assert set(stage.needs) <= before, stage.name
        before.add(made(stage))
        assert not stage.section or stage.section in RunConfig.model_fields


def test_a_stage_sees_what_it_says_it_needs_and_nothing_else():
    found = Found()
    found.add(Sampled((), {}))
    found.add(None)
    assert found[Sampled].samples == ()
    assert found.only([Sampled])[Sampled] is found[Sampled]
    with pytest.raises(KeyError):
        found.only([])[Sampled]
    with pytest.raises(KeyError):
        found[Scan]


@dataclass(frozen=True)
class LengthTask:
    """A neuron, and the file of the number of its windows."""

    neuron: int
    path: Path

    @property
    def files(self):
        return (self.path,)


def length_task(context: Context, task: LengthTask) -> None:
    task.path.write_text(str(task.neuron + len(context.sequences)))


class LengthStage(Stage[list[LengthTask], None]):
    """A stage that somebody has added."""

    name = "lengths"
    needs = (Sampled,)
    outputs = ("lengths.tsv",)

    def _tasks(self, work):
        numbers = [neuron.channel for neuron in work.context.neurons]
        return [LengthTask(number, work.file("length", number, suffix=".txt")) for number in numbers]

    def tasks(self, work):
        tasks = self._tasks(work)
        yield Batch(length_task, tasks)
        assert all(task.path.is_file() for task in tasks)
        return tasks

    def merge(self, work, done, out):
        out.notes.append("Lengths were added up.")
        out.warnings.append("Lengths are no motifs.")
        out.table("lengths.tsv", pd.DataFrame({"length": [int(task.path.read_text()) for task in done]}))
        if not any(map(len, work.found[Sampled].samples)):
            raise Empty("nothing was sampled")

    def cost(self, trial):
        return Cost(trial.neurons_ratio, *trial.count(self._tasks(trial.whole)), note="quick")


@pytest.fixture
def one_more(monkeypatch):
    """A run with a stage of lengths after that of samples."""
    stages = (STAGES[0], LengthStage(), *STAGES[1:])
    for module in ("runner", "plan"):
        monkeypatch.setattr(f"combmotif.runs.{module}.STAGES", stages)


@pytest.mark.slow
@pytest.mark.usefixtures("one_more", "quick_workers")
def test_a_stage_that_is_added_is_run_planned_shown_and_reused(config, tmp_path):
    before = {stage.stage: stage for stage in plan(config, tmp_path / "out", workers=1, measure=False).stages}
    assert (before["lengths"].tasks, before["lengths"].done, before["lengths"].note) == (2, 0, "quick")
    assert not (tmp_path / "out").exists()
    result = run(config, tmp_path / "out", workers=2)
    assert result.stages["lengths"] == "done"
    assert list(result.stages)[:3] == ["samples", "lengths", "motifs"]
    assert pd.read_csv(tmp_path / "out" / "lengths.tsv", sep="\t").length.tolist() == [40, 42]
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    entry = record["stages"]["lengths"]
    assert (entry["tasks"], entry["reused"], entry["notes"]) == (2, 0, ["Lengths were added up."])
    assert "Lengths are no motifs." in record["warnings"]
    after = {stage.stage: stage for stage in plan(config, tmp_path / "out", workers=1, measure=False).stages}
    assert after["lengths"].done == 2
    assert [stage.stage for stage in run_status(tmp_path / "out").stages] == record["planned"]
    shown = read_run(tmp_path / "out").stages
    assert [*shown, "report"] == record["planned"]
    assert shown["lengths"].reason == "Lengths were added up."
    assert "Lengths were added up." in (tmp_path / "out" / "report.html").read_text()


def test_a_plan_counts_what_each_way_to_motifs_would_do(config, tmp_path):
    def counted(**discover):
        section = config.discover.model_validate(discover)
        asked = config.model_copy(update={"discover": section})
        return {stage.stage: stage.tasks for stage in plan(asked, tmp_path / "out", measure=False).stages}

    sampled = {"samples": 1, "motifs": 2, "matches": None, "activations": 1}
    assert counted() == counted(method="words") == sampled
    assert counted(method="seqlets", **{"from": "dataset"}) == {"motifs": 1, "matches": None, "activations": 1}


def test_a_plan_refuses_what_a_run_would(config, tmp_path):
    asked = config.model_copy(update={"match": config.match.model_copy(update={"databases": ["nowhere.meme"]})})
    with pytest.raises(FileNotFoundError, match="nowhere.meme"):
        plan(asked, tmp_path / "out", measure=False)
