import json


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
