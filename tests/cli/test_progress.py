import combmotif.cli.progress as progress_module
from combmotif.cli.progress import StageProgress, duration, rate


def test_times_and_rates_in_words():
    assert [duration(s) for s in (0.04, 9.9, 12.3, 65, 7300)] == ["0.0 s", "9.9 s", "12 s", "1 min", "2 h 2 min"]
    assert [rate(*r) for r in ((0, 5), (5000, 2), (5, 2), (1, 60))] == ["", "2,500/s", "2.5/s", "1.0/min"]


def test_what_is_done_already_counts_neither_as_rate_nor_as_time(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now)
    with StageProgress() as progress:
        progress.update("samples", 0, 1)
        progress.update("samples", 90, 100)
        now += 40
        progress.update("samples", 92, 100)
    assert capsys.readouterr().err == "samples: 92 of 100, 3.0/min, about 3 min left\n"


def test_without_a_terminal_lines_come_seldom(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now)
    with StageProgress() as progress:
        for done in range(5):
            progress.update("samples", done, 4000)
            now += 12
        progress.line("samples: done")
    assert capsys.readouterr().err.splitlines() == [
        "samples: 3 of 4,000, 5.0/min, about 13 h 19 min left",
        "samples: done",
    ]


def test_quiet_prints_nothing(capsys):
    with StageProgress(quiet=True) as progress:
        progress.update("samples", 1, 2)
        progress.line("samples: done")
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with StageProgress() as progress:
        progress.update("samples", 1, 2)
        progress.update("motifs", 2, 2)
        progress.line("motifs: done")
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "motifs: done" in shown
