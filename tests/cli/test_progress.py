import combmotif.cli.progress as progress_module
from combmotif.cli.progress import StageProgress


def test_without_a_terminal_lines_come_seldom(monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now)
    with StageProgress() as progress:
        for done in range(5):
            progress.update("samples", done, 4000)
            now += 12
        progress.line("samples: done")
    assert capsys.readouterr().err.splitlines() == ["samples: 3 of 4,000", "samples: done"]


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
