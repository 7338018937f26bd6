import json
import os
import time


def test_what_is_done_and_what_comes_next(cli, tmp_path):
    (tmp_path / "r").mkdir()
    record = {
        "config": {"neurons": {"layer": ["conv2", "conv3"], "select": "0-3"}},
        "model": {"name": "mrl"},
        "sequences": {"source": "utrs.tsv"},
        "planned": ["samples", "matches", "interaction", "report"],
        "stages": {
            "samples": {"status": "done", "tasks": 4, "seconds": 75.2},
            "matches": {"status": "empty: not asked for", "tasks": 0, "seconds": 0.01},
        },
        "warnings": ["a", "b"],
    }
    (tmp_path / "r" / "run.json").write_text(json.dumps(record))
    result = cli("status", "r")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "r: mrl, conv2, conv3",
        "neurons: 0-3; sequences: utrs.tsv",
        "stage        state    tasks   time",
        "samples      done     4 of 4  1 min",
        "matches      empty            0.0 s  not asked for",
        "interaction  waiting",
        "report       waiting",
        "2 warnings, in run.json and the report",
    ]
    assert result.stderr == "Next: go on with the command that began it, 'combmotif run CONFIG --out r'\n"


def test_no_run(refused):
    assert "nowhere: expected a run folder" in refused("status", "nowhere")


def test_who_is_at_work_and_how_long_it_takes(cli, tmp_path):
    tasks = tmp_path / "r" / "tasks"
    tasks.mkdir(parents=True)
    record = {"planned": ["motifs", "report"], "stages": {"motifs": {"status": "running"}}}
    (tasks / "lock").write_text(json.dumps({"host": "node7", "pid": 12, "token": "x"}))
    assert cli("status", "r").stdout == "Process 12 on node7 is at work in it. It has no task yet.\n"
    (tmp_path / "r" / "run.json").write_text(json.dumps(record))
    (tasks / "progress.json").write_text(json.dumps({"stage": "motifs", "files": ["a", "b", "c", "d"], "before": 1}))
    for name in ("a", "b"):
        (tasks / name).touch()
    now = time.time()
    os.utime(tasks / "progress.json", (now - 60, now - 60))
    (tasks / "lock").write_text(json.dumps({"host": "node7", "pid": 12, "token": "x", "workers": 1600, "lost": 2}))
    os.utime(tasks / "lock", (now, now))
    said = cli("status", "r").stdout.splitlines()
    assert said[3].split(maxsplit=5) == ["motifs", "running", "2", "of", "4", "about 2 min left"]
    assert said[-1] == "Process 12 on node7 is at work in it, with 1,600 workers; 2 tasks of the stage are lost so far."
    os.utime(tasks / "lock", (now - 600, now - 600))
    assert "its process is gone" in cli("status", "r").stdout


def test_shares_that_nobody_has_merged(cli, tmp_path):
    for share, status in (("1-of-2", "done"), ("2-of-2", "running")):
        folder = tmp_path / "r" / "shards" / share
        folder.mkdir(parents=True)
        record = {"planned": ["motifs"], "stages": {"motifs": {"status": status}}}
        (folder / "run.json").write_text(json.dumps(record))
    result = cli("status", "r")
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["share", "state", "stage", "files"], ["1-of-2", "done"], ["2-of-2", "stopped", "motifs"],
    ]  # fmt: skip
    assert "'combmotif run' does" in result.stderr
