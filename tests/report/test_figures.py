"""Figures for a paper: drawn from the folder alone, the same bytes twice, refused with a sentence."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from combmotif.report.figures import write_figures

for package in ("matplotlib", "logomaker"):
    pytest.importorskip(package, reason=f"needs the extra figures ({package})")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> Path:
    return make_run(tmp_path_factory.mktemp("figures"), neurons=3, motifs=2, pairs=2)


@pytest.mark.slow
def test_every_kind_is_drawn_and_text_stays_text(run: Path, tmp_path: Path) -> None:
    written = write_figures(run, out=tmp_path / "new" / "folder", file_format="svg")
    names = [path.name for path in written]
    assert names == [
        "logos-conv3.svg", "contribution-prediction-mrl.svg", "contribution-label-rl.svg", "interactions.svg",
        "activations.svg",
    ]  # fmt: skip
    said = [" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())) for path in written]
    assert "conv3:1.m1" in said[0]
    assert "PUM2" in said[0]
    assert "difference in predicted mrl" in said[1]
    assert "super-additive" in said[3]
    assert "conv3:1" in said[4]
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [".combmotif", *sorted(names)]


@pytest.mark.slow
@pytest.mark.parametrize(("file_format", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_same_folder_same_bytes(run: Path, tmp_path: Path, file_format: str, begins: bytes) -> None:
    kinds = ("contribution",)
    first = write_figures(run, out=tmp_path / "a", file_format=file_format, kinds=kinds)
    second = write_figures(run, out=tmp_path / "b", file_format=file_format, kinds=kinds)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert first[0].read_bytes().startswith(begins)


def test_what_cannot_be_drawn_is_refused_or_left_out(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="expected a format of pdf, svg, png, got 'gif'"):
        write_figures(run, out=tmp_path, file_format="gif")
    with pytest.raises(ValueError, match="got 'logo'"):
        write_figures(run, out=tmp_path, kinds=("logo",))
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "run.json").write_text('{"config": {"seed": 1}, "stages": {}}')
    assert write_figures(tmp_path / "none") == []
    monkeypatch.setitem(sys.modules, "logomaker", None)  # as if it were not installed
    with pytest.raises(ValueError, match=r"pip install 'combmotif\[figures\]'"):
        write_figures(run, out=tmp_path)
