import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from combmotif.config import load_config
from combmotif.core.files import HOST
from combmotif.runs import run

STAGES = ["samples", "motifs", "matches", "activations", "contribution", "effects", "interaction", "report"]


def test_two_workers_give_the_same_bytes(config, undisturbed, contents, tmp_path):
    result = run(config(), tmp_path, workers=2)
    assert result.stages == undisturbed[0].stages
    assert contents(tmp_path) == undisturbed[1]


def test_a_second_run_reuses_every_task(config, undisturbed, contents):
    folder = undisturbed[0].folder
    run(config(), folder, workers=1)
    stages = json.loads((folder / "run.json").read_text())["stages"]
    assert all(stages[s]["tasks"] == stages[s]["reused"] for s in STAGES[:-1])
    assert contents(folder) == undisturbed[1]


def test_neurons_that_share_files_give_the_same_tables(config, undisturbed, contents, tmp_path, monkeypatch):
    monkeypatch.setattr("combmotif.runs.store.TASKS", 3)  # of ten neurons three go into a task
    run(config("match=null", "interaction=null"), tmp_path, workers=1)
    found, alone = contents(tmp_path), undisturbed[1]
    count = Counter(name.partition("-")[0] for name in found)
    assert (count["tasks/motifs"], count["tasks/causal"]) == (4, 4)
    assert count["tasks/effect"] < Counter(name.partition("-")[0] for name in alone)["tasks/effect"]
    tables = {name for name in found if not name.startswith(("tasks/", ".combmotif", "report"))}
    assert {"motifs/tree.tsv", "contribution.tsv", "motif_effects.tsv"} < tables
    assert {name: found[name] for name in tables} == {name: alone[name] for name in tables}
    entry = json.loads((tmp_path / "run.json").read_text())["stages"]["contribution"]
    assert 0 < entry["cpu_seconds"] < 2 * entry["seconds"] + 1


def test_missing_task_files_are_made_again(config, undisturbed, contents, tmp_path):
    for name, content in undisturbed[1].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    random = np.random.default_rng(0)
    tasks = sorted(path for path in (tmp_path / "tasks").iterdir() if path.name != "checksums")
    for path in random.choice(tasks, len(tasks) // 3, replace=False):
        path.unlink()
    (tmp_path / "tasks" / f"{tasks[0].name}.{HOST}.99999999.0123abcd.tmp").write_bytes(b"half a file")
    run(config(), tmp_path, workers=1)
    assert contents(tmp_path) == undisturbed[1]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")
def test_killed_at_any_moment_and_started_again(config, undisturbed, contents, killed, tmp_path):
    # in one folder, one after the other, so each run goes on from what the last one left
    random = np.random.default_rng(11)
    for most in (12, 24, 30):
        assert killed(tmp_path, random.integers(1, most), after=bool(random.integers(2)))
    run(config(), tmp_path, workers=1)
    assert contents(tmp_path) == undisturbed[1]


def children(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for child processes in /proc")
def test_workers_end_with_a_run_that_is_killed(home, config, undisturbed, contents, tmp_path):
    command = [sys.executable, "-m", "combmotif", "run", home / "run.yaml", "--out", tmp_path, "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home)
    workers = []
    for _ in range(1200):
        workers = sorted({*workers, *children(process.pid)})
        if process.poll() is not None or len(list(tmp_path.glob("tasks/*.npz"))) > 1:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert workers
    for _ in range(1200):
        if not any(map(alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(alive, workers))
    run(config(), tmp_path, workers=1)
    assert contents(tmp_path) == undisturbed[1]


def reused(folder):
    stages = json.loads((folder / "run.json").read_text())["stages"]
    return {s: stages[s]["reused"] / stages[s]["tasks"] for s in STAGES[:-1] if stages[s].get("tasks")}


def test_a_changed_section_redoes_only_what_it_touches(config, copy, undisturbed, contents):
    run(config("discover.purity=0.5"), copy, workers=1)
    # neurons are demixed again; it is layers that read the purity, so motifs, faithfulness and families are the same
    assert reused(copy) == {
        "samples": 1,
        "motifs": 2 / 12,
        "matches": 1,
        "activations": 1,
        "contribution": 1,
        "effects": 1,
        "interaction": 1,
    }
    run(config("contribution.threshold=0.8"), copy, workers=1)
    assert reused(copy)["samples"] == 1
    assert reused(copy)["activations"] == 0
    run(config("sample.keep=200"), copy, workers=1)
    assert reused(copy)["samples"] == 0
    run(config("seed=4"), copy, workers=1)
    assert set(reused(copy).values()) == {0}
    run(config(), copy, workers=1)
    assert contents(copy) == undisturbed[1]


def test_a_changed_forward_pass_is_another_model(config, home, copy, undisturbed, contents):
    source = (home / "net.py").read_text()
    try:  # the same weights and layers, but an average in place of the maximum
        (home / "net.py").write_text(source.replace("torch.max_pool1d(h, 2)", "torch.avg_pool1d(h, 2)"))
        run(config(), copy, workers=1)
    finally:
        (home / "net.py").write_text(source)
    assert set(reused(copy).values()) == {0}
    assert contents(copy)["activations.tsv"] != undisturbed[1]["activations.tsv"]


def test_what_is_no_longer_asked_for_is_removed(home, copy, undisturbed, contents):
    lines = (home / "run.yaml").read_text().splitlines()
    less = [line for line in lines if not line.startswith(("match", "contribution", "effects", "interaction"))]
    (home / "less.yaml").write_text("\n".join(less))
    result = run(load_config(home / "less.yaml", overrides=["neurons.select=[0, 4]"]), copy, workers=1)
    assert all(
        result.stages[s].startswith("empty: not asked for")
        for s in ("matches", "contribution", "effects", "interaction")
    )
    names = set(contents(copy))
    assert {n for n in names if n.startswith("samples/")} == {"samples/conv2/0.npz", "samples/conv2/4.npz"}
    gone = {
        "matches.tsv", "motifs/targets.meme", "contribution.tsv", "motif_effects.tsv", "motif_positions.tsv",
        "interactions.tsv", "interaction_instances.tsv.gz",
    }  # fmt: skip
    assert not names & gone
    assert not any(n.startswith(("tasks/pair", "tasks/effect", "tasks/causal")) for n in names)
    run(load_config(home / "less.yaml", overrides=["neurons.layer=conv1", "neurons.select=0"]), copy, workers=1)
    assert {n for n in contents(copy) if n.startswith("samples/")} == {"samples/conv1/0.npz"}
