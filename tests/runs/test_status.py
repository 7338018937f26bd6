import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from combmotif.runs import run
from combmotif.runs.status import run_status
from combmotif.runs.store import PROGRESS, RunStore


def test_a_finished_run(undisturbed):
    found = run_status(undisturbed[0].folder)
    assert found.finished
    assert not found.active
    assert {s.stage: s.state for s in found.stages} == undisturbed[0].stages
    assert not (found.folder / PROGRESS).exists()
    samples = found.stages[0]
    assert samples.done == samples.total == 10


def test_a_process_that_is_gone_and_one_that_is_there(tmp_path):
    store = RunStore(tmp_path)
    store.write_json(
        "run.json", {"planned": ["samples", "motifs", "report"], "stages": {"samples": {"status": "running"}}}
    )
    store.write_json(PROGRESS, {"stage": "samples", "files": ["a.npz", "b.npz", "c.npz"]})
    (tmp_path / "tasks" / "b.npz").touch()
    running = run_status(tmp_path)
    assert running.active
    assert [(s.stage, s.state) for s in running.stages] == [
        ("samples", "running"), ("motifs", "waiting"), ("report", "waiting"),
    ]  # fmt: skip
    assert (running.stages[0].done, running.stages[0].total) == (1, 3)
    store.close()
    died = run_status(tmp_path)
    assert not died.active
    assert not died.finished
    assert (died.stages[0].state, died.stages[0].reason) == ("stopped", "its process is gone")


def _hear_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores them, and so would the run


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals of POSIX systems")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_recorded_and_goes_on(home, config, undisturbed, contents, tmp_path, number):
    command = [sys.executable, "-m", "combmotif", "run", home / "run.yaml", "--out", tmp_path, "--workers", "2"]
    command += ["--set", "sample.generations=400", "--set", "sample.patience=400", "--log", tmp_path / "log.txt"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, cwd=home, start_new_session=True, text=True, preexec_fn=_hear_interrupts
    )
    for _ in range(1200):
        if (tmp_path / PROGRESS).exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(0.5)
    # Ctrl-C reaches the whole group of processes, SIGTERM only the one it is sent to
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    told = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "Stopped; finished work is kept, run the same command again to go on." in told
    assert Path(tmp_path / "log.txt").read_text().endswith(" Stopped.\n")
    found = run_status(tmp_path)
    assert [s.state for s in found.stages] == ["stopped", *["waiting"] * (len(found.stages) - 1)]
    assert found.stages[0].reason.startswith("interrupted")
    if number == signal.SIGTERM:
        return
    (tmp_path / "log.txt").unlink()
    run(config(), tmp_path, workers=1)
    assert contents(tmp_path) == undisturbed[1]
