import os
import subprocess
import sys
from pathlib import Path

import pytest

from combmotif.core.files import HOST, temporary_name
from combmotif.core.output import MARKER, OutputFolder


def everything(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def project(tmp_path):
    """A folder of the user's own, with names that a run has, too."""
    names = ("samples/patient1/reads.fastq", "tasks/todo.txt", "data/thesis.tmp", "matches.tsv", "report.html")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    return tmp_path


def test_a_folder_of_the_user_is_refused_and_left_alone(project):
    with pytest.raises(ValueError, match=r"--out .*: expected a new or empty folder, .* found 'data' there"):
        OutputFolder(project, "run")
    (project / ".hidden").mkdir()  # what is hidden is the user's, too
    before = everything(project)
    for kind in ("training", "comparison", "figures", "attributions", "calibration"):
        with pytest.raises(ValueError, match="expected a new or empty folder"):
            OutputFolder(project, kind)
    assert everything(project) == before


def test_only_files_of_the_record_are_replaced_or_removed(tmp_path):
    own = OutputFolder(tmp_path / "run", "run")
    for name in ("a.tsv", "samples/x/1.npz", "samples/x/2.npz"):
        path = own.file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("ours")
    (tmp_path / "run" / "samples" / "reads.fastq").write_text("mine")
    (tmp_path / "run" / "matches.tsv").write_text("mine")
    again = OutputFolder(tmp_path / "run", "run")
    assert "a.tsv" in again
    with pytest.raises(ValueError, match=r"matches.tsv: is there already and was not written by this command"):
        again.file("matches.tsv")
    again.remove("matches.tsv", "a.tsv", "none.tsv")
    again.keep_only("samples", {tmp_path / "run" / "samples/x/1.npz"})
    assert everything(tmp_path / "run").keys() == {MARKER, "samples/x/1.npz", "samples/reads.fastq", "matches.tsv"}
    again.keep_only("samples", set())
    assert everything(tmp_path / "run").keys() == {MARKER, "samples/reads.fastq", "matches.tsv"}
    assert not (tmp_path / "run" / "samples" / "x").exists()
    again.settle()
    assert (tmp_path / "run" / MARKER).read_text() == "combmotif run\n"


def test_leftovers_of_killed_processes(tmp_path):
    own = OutputFolder(tmp_path / "run", "run")
    half = own.file("a.tsv").with_name(temporary_name("a.tsv").replace(f".{os.getpid()}.", ".99999999."))
    others = [tmp_path / "run" / name for name in ("thesis.tmp", "a.tsv.tmp", "b.tsv.h.12.01234567.tmp", "a.tsv.x.tmp")]
    for path in (half, *others):
        path.write_text("")
    OutputFolder(tmp_path / "run", "run").sweep()
    assert not half.exists()
    assert all(path.exists() for path in others)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="tells what has ended from what runs by /proc")
def test_leftovers_of_a_process_that_ended_and_of_the_record_itself(tmp_path):
    own = OutputFolder(tmp_path / "run", "run")
    own.file("a.tsv").touch()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and still has its number
    for name in ("a.tsv", MARKER):
        (tmp_path / "run" / f"{name}.{HOST}.{ended.pid}.0123abcd.tmp").write_text("half")
    own.sweep()
    ended.wait()
    assert everything(tmp_path / "run").keys() == {MARKER, "a.tsv"}


def test_a_file_that_another_process_has_recorded_meanwhile(tmp_path):
    own, other = (OutputFolder(tmp_path / "run", "run") for _ in range(2))
    other.file("tasks.lock").touch()
    assert own.file("tasks.lock") == tmp_path / "run" / "tasks.lock"
    (tmp_path / "run" / "thesis").touch()
    with pytest.raises(ValueError, match="thesis: is there already and was not written by this command"):
        own.file("thesis")


def test_links_are_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "1.npz").write_text("mine")
    (tmp_path / "table").write_text("mine")
    own = OutputFolder(tmp_path / "run", "run")
    own.files(["samples/1.npz", "a.tsv"])
    (tmp_path / "run" / "samples").symlink_to(tmp_path / "mine")
    (tmp_path / "run" / "a.tsv").symlink_to(tmp_path / "table")
    with pytest.raises(ValueError, match="found a link, which is not followed"):
        own.file("samples/1.npz")
    with pytest.raises(ValueError, match="found a link, which is not followed"):
        own.keep_only("samples", set())
    own.remove("a.tsv")
    own.sweep()
    assert not os.path.lexists(tmp_path / "run" / "a.tsv")
    assert everything(tmp_path)["table"] == "mine"
    assert (tmp_path / "mine" / "1.npz").read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    [
        '"../thesis"',
        '"/etc/thesis"',
        '"a/../../thesis"',
        "[1]",
        '"',
        "\\ud800",
        '""',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_record_cannot_lead_out_of_its_folder(tmp_path, line):
    (tmp_path / "thesis").write_text("mine")
    OutputFolder(tmp_path / "run", "run").file("a.tsv")
    with (tmp_path / "run" / MARKER).open("a") as stream:
        stream.write(line + "\n")
    own = OutputFolder(tmp_path / "run", "run")
    assert "a.tsv" in own
    own.remove("../thesis", "/etc/thesis", "a/../../thesis")
    own.keep_only("", set())
    assert (tmp_path / "thesis").read_text() == "mine"


def test_a_folder_of_another_kind_or_none(tmp_path):
    OutputFolder(tmp_path / "figures", "figures")
    with pytest.raises(ValueError, match=r"expected a folder for a run .*, found one of figures"):
        OutputFolder(tmp_path / "figures", "run")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"--to .*file: cannot write there"):
        OutputFolder(tmp_path / "file", "run", option="--to")
    (tmp_path / "empty").mkdir()
    OutputFolder(tmp_path / "empty", "run")
    OutputFolder(tmp_path / "empty", "run")


@pytest.mark.parametrize("cut", range(len("combmotif run") + 1))
def test_a_marker_that_a_full_disk_cut_short(tmp_path, cut):
    (tmp_path / MARKER).write_text("combmotif run"[:cut])
    OutputFolder(tmp_path, "run").file("a.tsv")
    assert "a.tsv" in OutputFolder(tmp_path, "run")
    with pytest.raises(ValueError, match="found one of a run"):
        OutputFolder(tmp_path, "figures")


def test_a_line_of_the_record_that_was_cut_short_costs_no_other(tmp_path):
    OutputFolder(tmp_path, "run").file("a.tsv")
    with (tmp_path / MARKER).open("a") as stream:
        stream.write('"b.t')
    OutputFolder(tmp_path, "run").file("c.tsv")
    again = OutputFolder(tmp_path, "run")
    assert "a.tsv" in again
    assert "c.tsv" in again
    assert "b.t" not in again


def test_a_marker_of_something_else_is_none(tmp_path):
    (tmp_path / MARKER).write_text("notes about combmotif\n")
    with pytest.raises(ValueError, match="expected a new or empty folder"):
        OutputFolder(tmp_path, "run")
    (tmp_path / MARKER).unlink()
    (tmp_path / "elsewhere").write_text("combmotif run\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / MARKER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="expected a new or empty folder"):
        OutputFolder(tmp_path / "run", "run")
