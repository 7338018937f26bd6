import re

import pytest

QUICK = ("--set", "sample.population=16", "--set", "sample.generations=2", "--set", "contribution={}")


def test_counts_and_an_estimate_without_a_folder(cli, own_net, tmp_path):
    result = cli("plan", own_net, *QUICK, "--workers", 2)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "0: 2 neurons, each sees 4 nt",
        "sequences: 60",
        "stage         tasks  done  time",
        lines[3],
    ]
    assert [line.split()[:3] for line in lines[3:5]] == [["samples", "1", "0"], ["motifs", "2", "0"]]
    assert lines[6].split()[:2] == ["contribution", "3"]
    assert lines[7].startswith("motifs: every neuron is demixed twice")
    assert lines[8] == "not asked for: matches, effects, interaction"
    assert lines[9].startswith("about ")
    assert lines[9].endswith(" GB with 2 workers")
    assert lines[10].endswith(" GB on the disk")
    assert re.fullmatch(r"of the memory \d\.\d GB for the process that merges, \d\.\d GB for each worker", lines[11])
    assert result.stderr.endswith(f"Next: combmotif run {own_net}\n")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_what_is_done_already_and_what_would_be_replaced(cli, own_net):
    assert cli("run", own_net, *QUICK, "--workers", 1).exit_code == 0
    again = cli("plan", own_net, *QUICK, "--no-measure")
    rows = [line.split() for line in again.stdout.splitlines()[3:7]]
    assert rows == [["samples", "1", "1"], ["motifs", "2", "2"], ["activations", "1", "1"], ["contribution", "3", "3"]]
    assert "about" not in again.stdout
    other = cli("plan", own_net, *QUICK, "--no-measure", "--set", "discover.purity=0.5")
    rows = [line.split() for line in other.stdout.splitlines()[3:6]]
    assert rows == [["samples", "1", "1"], ["motifs", "2", "0"], ["activations", "1", "1"]]
    assert "holds the results of another config (discover.purity: 0.95 there, 0.5 here)" in other.stdout
    assert "or --replace" in other.stderr


@pytest.mark.slow
def test_effects_are_a_stage_whose_tasks_depend_on_the_motifs(cli, own_net):
    result = cli("plan", own_net, *QUICK, "--set", "effects={backgrounds: 60}")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[3:8]}
    assert list(rows)[-2:] == ["contribution", "effects"]
    assert rows["effects"]  # an estimate of its time
    assert "not asked for: matches, interaction" in result.stdout


def test_mistakes_are_found(refused, own_net):
    assert "has no layer 'conv3'" in refused("plan", own_net, "--set", "neurons.layer=conv3")
    assert "interaction.pairs" in refused("plan", own_net, "--set", "interaction.pairs=[[AX, AC]]")


@pytest.mark.slow
def test_jobs_that_a_run_would_take(cli, own_net, tmp_path):
    (tmp_path / "slurm.yaml").write_text(
        'engine: slurm\njobs: {least: 1, most: 3}\njob: {workers: 4, walltime: "00:20:00"}\ntask_limit: 0.1 s\n'
    )
    result = cli("plan", own_net, *QUICK, "--cluster", tmp_path / "slurm.yaml")
    assert result.exit_code == 0, result.output
    assert " GB with 12 workers\n" in result.stdout
    assert "\nslurm: 1 to 3 jobs of 4 workers, 4GB and 20 min\n" in result.stdout
    assert "\ntask_limit is short: a task takes about " in result.stdout
    assert "job.walltime is short" not in result.stdout
    assert result.stderr.endswith(f"--cluster {tmp_path / 'slurm.yaml'}\n")
