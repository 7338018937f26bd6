import pytest


def test_options_that_exclude_each_other(cli, refused, own_net, tmp_path):
    def misused(*arguments):
        result = cli(*arguments)
        assert result.exit_code == 2
        return result.stderr

    assert "give one of --workers, --scheduler" in misused("run", own_net, "--workers", 2, "--scheduler", "tcp://h:1")
    assert "give one of --scheduler and --scheduler-file" in misused("worker")
    assert "expected I/N with I from 1 to N, such as 7/64, found '3/2'" in misused("run", own_net, "--shard", "3/2")
    said = misused("run", own_net, "--shard", "1/2", "--scheduler", "tcp://h:1")
    assert "--shard shares work among jobs of their own: expected no dask engine" in said
    assert "there is no such file" in refused("run", own_net, "--cluster", tmp_path / "none.yaml")


def test_lost_tasks_end_with_exit_code_1(cli, own_net, monkeypatch):
    from combmotif.core.executors import TasksLost

    def lost(*_arguments, **_settings):
        raise TasksLost([("conv7:8", "its worker died 3 times")], 56)

    monkeypatch.setattr("combmotif.runs.run", lost)
    result = cli("run", own_net)
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "Error: 1 of 56 tasks failed: conv7:8; its worker died 3 times; the same command tries them again\n"
    )


@pytest.mark.slow
def test_what_is_no_scheduler_is_told(refused, own_net, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("combmotif.core.executors.scheduler._FILE_PATIENCE", 0.3)
    for command in (["run", own_net], ["worker"]):
        with pytest.warns(UserWarning, match=r"none.json: there is no such file yet; waiting for it"):
            assert "none.json: there is no such file after" in refused(*command, "--scheduler-file", "none.json")
    assert "--scheduler: expected an address" in refused("run", own_net, "--out", "o", "--scheduler", "")
    said = refused("run", own_net, "--out", "o", "--scheduler", "tls://127.0.0.1:1")
    assert "--scheduler tls://127.0.0.1:1: no scheduler answers there" in said
    assert "scheduler: expected an address, such as tcp://" in refused("worker", "--scheduler", "nope")
