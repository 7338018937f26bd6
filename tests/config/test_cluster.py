import re

import pytest

from combmotif.config.cluster import ClusterConfig, JobSection, JobsSection, load_cluster, seconds_of
from combmotif.runs.hosts.engine import CLUSTERS, job_settings, make_engine


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 s", 90), ("30min", 1800), ("2h", 7200), ("1.5 d", 129600), ("04:00:00", 14400), ("01:30", 5400),
     ("1-12:00:00", 129600), ("45", 45)],
)  # fmt: skip
def test_times(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2 weeks", "0", "0 h", "00:00:00", "-3 s"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="expected a time such as 90 s, 30 min, 2 h or 04:00:00, found"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("engine: slrm", "engine: expected one of local, dask, .*, found 'slrm'; did you mean 'slurm'"),
        ("engine: dask", "expected one of scheduler and scheduler_file, found 0 of them"),
        ("scheduler: tcp://h:1", "scheduler, scheduler_file: expected engine: dask, found engine: local"),
        ("jobs: {least: 3, most: 2}", "least: expected at most 2 \\(most\\), found 3"),
        ("job: {memory: lots}", "job.memory: expected memory such as 4GB or 512MB, found 'lots'"),
        ("job: {walltime: 7 weeks}", "job.walltime: expected a time such as"),
        ("task_limit: never", "task_limit: expected a time such as"),
        ("job: {cores: 4}", "job.cores: unknown key"),
        ("attempts: 0", "attempts: expected"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path, text, told):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match=told):
        load_cluster(tmp_path / "c.yaml")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="--cluster .*: there is no such file"):
        load_cluster(tmp_path / "c.yaml")


def test_what_a_job_is_asked_for():
    job = JobSection(workers=4, memory="16GB", walltime="01:00:00", gpus=1, account="lab", extra=["--nice"])
    settings = job_settings(ClusterConfig(engine="slurm", job=job))
    assert settings["cores"] == settings["processes"] == 4
    assert settings["walltime"] == "01:00:00"
    assert settings["account"] == "lab"
    assert settings["job_extra_directives"] == ["--nice", "--gres=gpu:1"]
    assert settings["worker_extra_args"] == ["--lifetime", "3300s", "--lifetime-stagger", "60s", "--nworkers", "4"]
    lsf = job_settings(ClusterConfig(engine="lsf", job=job))
    assert lsf["walltime"] == "01:00"
    assert lsf["project"] == "lab"
    with pytest.raises(ValueError, match="job.gpus: expected 0 for engine: pbs, .* put the site's directive into"):
        job_settings(ClusterConfig(engine="pbs", job=job))
    with pytest.raises(ValueError, match="job.workers: expected 1, for in SGE .* found 4; .* such as '-pe smp 4'"):
        job_settings(ClusterConfig(engine="sge", job=job.model_copy(update={"gpus": 0})))


@pytest.mark.filterwarnings("ignore:OAR Job memory")
@pytest.mark.parametrize(
    ("engine", "cores", "extra"),
    [
        ("slurm", "#SBATCH --cpus-per-task=2", []),
        ("pbs", "#PBS -l select=1:ncpus=2:mem=3815MB", []),
        ("moab", "#PBS -l select=1:ncpus=2:mem=8GB:ngpus=1", ["-l select=1:ncpus=2:mem=8GB:ngpus=1"]),
        ("lsf", "#BSUB -n 2", []),
        ("sge", "#$ -pe smp 2", ["-pe smp 2"]),
        ("oar", "#OAR -l /nodes=1/core=2,walltime=04:00:00", []),
    ],
)
def test_the_job_script_of_every_queueing_system(engine, cores, extra, tmp_path):
    jobqueue = pytest.importorskip("dask_jobqueue")
    kind = getattr(jobqueue, CLUSTERS[engine])
    job = JobSection(
        workers=2, queue="cpu", account="lab", interface="lo", logs=str(tmp_path), prologue=["module load x"],
        extra=extra, skip=["-l select"] if engine == "moab" else [],
    )  # fmt: skip
    settings = job_settings(ClusterConfig(engine=engine, jobs=JobsSection(least=0), job=job))
    settings["interface"] = None
    script = kind.job_cls(scheduler="tcp://127.0.0.1:1", name="j", **settings).job_script()
    assert "combmotif.core.executors.worker tcp://127.0.0.1:1" in script
    assert "--nworkers 2" in script
    assert f"\n{cores}\n" in script
    assert script.count("-l select") == (engine in ("pbs", "moab"))  # two of them would be refused
    assert "\nmodule load x\n" in script
    assert "cpu" in script
    assert "lab" in script


def test_a_machine_that_cannot_submit(monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="engine: pbs: there is no command 'qsub' here, .* run this on a login"):
        make_engine(ClusterConfig(engine="pbs"), 1)


def test_a_scheduler_that_is_not_there(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("combmotif.core.executors.scheduler._FILE_PATIENCE", 0.3)
    monkeypatch.setattr("combmotif.core.executors.scheduler._BEGIN", 0.3)
    with (
        pytest.warns(UserWarning, match="there is no such file yet; waiting for it, at most 0 seconds"),
        pytest.raises(FileNotFoundError, match=re.escape("there is no such file after 0 seconds; 'dask scheduler")),
    ):
        make_engine(ClusterConfig(engine="dask", scheduler_file=str(tmp_path / "s.json")), 1)
    for other in ("{}", '"x"', '{"address": "tcp:'):
        (tmp_path / "s.json").write_text(other)
        with pytest.raises(
            ValueError, match="expected the file that 'dask scheduler --scheduler-file' writes, found another"
        ):
            make_engine(ClusterConfig(engine="dask", scheduler_file=str(tmp_path / "s.json")), 1)
    monkeypatch.setattr("combmotif.runs.hosts.engine.ANSWER", 1)
    with pytest.raises(ValueError, match="--scheduler tcp://127.0.0.1:9: no scheduler answers there .* is it running"):
        make_engine(ClusterConfig(engine="dask", scheduler="tcp://127.0.0.1:9"), 1)


def test_every_key_is_in_the_docs(repository):
    page = (repository / "docs" / "cluster.md").read_text()
    named = set(re.findall(r"`([\w.]+)`", page))
    keys = {*ClusterConfig.model_fields} - {"job", "jobs"}
    keys |= {f"job.{key}" for key in JobSection.model_fields} | {f"jobs.{key}" for key in JobsSection.model_fields}
    assert keys <= named
