import json

import pytest

from combmotif.runs.earlier import read_record, refuse_replacing, replaced_results


@pytest.fixture
def folder(config, tmp_path):
    """Keep a record of a finished run in a folder."""

    def folder(*overrides, status="done"):
        asked = config(*overrides)
        record = {"config": asked.as_dict(), "stages": {"samples": {"status": status}}}
        (tmp_path / "run.json").write_text(json.dumps(record))
        return tmp_path

    return folder


def test_the_same_config_goes_on(config, folder):
    assert replaced_results(config(), folder()) == []
    assert replaced_results(config("device=auto", "report.title=Other"), folder()) == []


def test_a_new_section_only_adds(config, folder):
    assert replaced_results(config(), folder("match=null", "interaction=null")) == []
    assert replaced_results(config("match=null"), folder()) == ["match: {...} there, nothing here".replace(
        "{...}", '{"databases": ["builtin"], "q": 1.0, ...')]  # fmt: skip


def test_what_differs_is_named(config, folder):
    refused = config("neurons.select=0-3", "seed=5", "sample.keep=200", "discover.purity=0.5")
    with pytest.raises(
        ValueError, match=r"--out .*: it holds the results of another config \(neurons.select: all"
    ) as e:
        refuse_replacing(refused, folder())
    assert "neurons.select: all there, 0-3 here; sample.keep: 300 there, 200 here; " in str(e.value)
    assert ", and 1 more); choose another folder, or say --replace" in str(e.value)


def test_nothing_done_is_nothing_to_lose(config, folder, tmp_path):
    assert replaced_results(config("seed=5"), folder(status="stopped: interrupted")) == []
    (tmp_path / "run.json").write_text("{")
    assert replaced_results(config(), tmp_path) == []
    with pytest.raises(ValueError, match="run.json: expected the record of a run"):
        read_record(tmp_path)
    (tmp_path / "run.json").unlink()
    assert replaced_results(config(), tmp_path) == []
    with pytest.raises(FileNotFoundError, match="expected a run folder"):
        read_record(tmp_path)
