"""Tables in the terminal."""

from __future__ import annotations

import rich.console

from combmotif.cli.table import print_table


def test_a_program_reads_aligned_lines(capsys):
    print_table([("conv1", 12), ("conv10", 3)], columns=("layer", "nt"))
    assert capsys.readouterr().out == "layer   nt\nconv1   12\nconv10  3\n"
    print_table([("a", ""), ("[b]", 1.5)])
    assert capsys.readouterr().out == "a\n[b]  1.5\n"
    print_table([], columns=("layer",))
    assert capsys.readouterr().out == ""


def test_a_person_sees_a_drawn_table_with_brackets_as_they_are(capsys, monkeypatch):
    made = rich.console.Console
    monkeypatch.setattr(rich.console, "Console", lambda: made(force_terminal=True, width=60, no_color=True))
    print_table([("conv1", "[12]")], columns=("layer", "nt"))
    shown = capsys.readouterr().out
    assert "layer" in shown
    assert "[12]" in shown
    assert "│" in shown
