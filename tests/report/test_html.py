"""The page: whole, escaped, the same every time, and honest about what is missing."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from combmotif.core.tables import MOTIFS, RUN_TABLES
from combmotif.report import build_report, render
from combmotif.report.folder import read_run

VOID = {"meta", "link", "input", "br", "hr", "img", "col"}


class Page(HTMLParser):
    """Checks nesting and collects identifiers, links and text."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self._note(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(dict(attrs))

    def _note(self, attrs: dict[str, str | None]) -> None:
        if attrs.get("id"):
            self.ids.append(str(attrs["id"]))
        href = attrs.get("href") or ""
        if href.startswith("#"):
            self.links.append(href[1:])
        elif href:
            self.sources.append(href)
        if attrs.get("src"):
            self.sources.append(str(attrs["src"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing at {self.getpos()}"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(folder: Path) -> tuple[str, Page]:
    text = render(folder)
    return text, Page(text)


def stored(text: str) -> list[dict]:
    """Records of neurons and pairs."""
    return [json.loads(part) for part in re.findall(r'id="[np]\d+">(.*?)</script>', text)]


def test_page_is_well_formed_and_every_link_leads_somewhere(run_folder: Path) -> None:
    path = build_report(run_folder)
    assert path == run_folder / "report.html"
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    drawn = {record["anchor"] for record in stored(text)}
    drawn |= {motif["id"] for record in stored(text) for motif in record.get("motifs", [])}
    assert {"conv3:1", "conv3:0.m1", "pair-1"} <= drawn
    assert set(page.links) - {"all-neurons"} <= set(page.ids) | drawn
    assert "effects" in page.ids


def test_page_needs_nothing_from_outside(run_folder: Path) -> None:
    text, page = read(run_folder)
    assert page.sources == ["data:,"]
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)


@pytest.mark.slow
def test_same_folder_same_bytes_wherever_it_lies(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    first, second = make_run(tmp_path / "a"), tmp_path / "elsewhere" / "b"
    shutil.copytree(first, second)
    record = json.loads((second / "run.json").read_text())
    for number, stage in enumerate(record["stages"].values()):
        stage["seconds"] = 3.0 + number
    record["peak_memory_mb"] = 4321.5
    (second / "run.json").write_text(json.dumps(record))
    assert build_report(first).read_bytes() == build_report(second).read_bytes()
    assert build_report(first).read_bytes() == build_report(first).read_bytes()


def test_names_are_escaped(run_folder: Path) -> None:
    text, page = read(run_folder)
    assert 'seq_0|<b>&"1' in {site["sequence"] for record in stored(text) for site in record.get("sites", [])}
    assert "<b>&" not in text
    record = json.loads((run_folder / "run.json").read_text())
    record["model"]["name"] = "</script><script>alert(1)</script>"
    (run_folder / "run.json").write_text(json.dumps(record))
    table = pd.read_csv(run_folder / "matches.tsv", sep="\t")
    table["name"] = "</script><b>"
    table.to_csv(run_folder / "matches.tsv", sep="\t", index=False)
    text, page = read(run_folder)
    assert "<script>alert" not in text
    assert text.count("</script>") == text.count("<script")


def test_downloads_hold_the_files_as_they_are(run_folder: Path) -> None:
    text, _ = read(run_folder)
    inside = json.loads(re.search(r'id="files">(.*?)</script>', text).group(1))  # type: ignore[union-attr]
    packed = {name: content for name, content in inside.items() if not isinstance(content, str)}
    inside |= {name: gzip.decompress(base64.b64decode(content["gzip"])).decode() for name, content in packed.items()}
    for name in ("neurons.tsv", "matches.tsv", "contribution.tsv", "interactions.tsv", "motifs/neuronmotif.tsv"):
        assert inside[name] == (run_folder / name).read_text(encoding="utf-8")
    assert inside["motifs/neuronmotif.meme"].startswith("MEME version")
    assert not {"activations.tsv", "sites.tsv.gz"} & set(inside)


def test_the_model_is_described_by_its_card(run_folder: Path) -> None:
    _, page = read(run_folder)
    for said in (
        "What it is Mean ribosome load of a 50-nt 5'UTR.", "Predicts mrl (ribosomes per mRNA): more translation",
        "Trained on egfp_unmod_1", "How good r2 0.934 on 20,000 UTRs", "Limits 50 nt <only>",
    ):  # fmt: skip
        assert said in page.words


def test_title_comes_from_the_caller_then_the_settings_then_the_model(run_folder: Path) -> None:
    assert "<h1>A &amp; B</h1>" in render(run_folder, title="A & B")
    assert "<h1>What optimus5p has learned</h1>" in render(run_folder)
    record = json.loads((run_folder / "run.json").read_text())
    record["config"]["report"] = {"title": "From the settings"}
    (run_folder / "run.json").write_text(json.dumps(record))
    assert "<h1>From the settings</h1>" in render(run_folder)


@pytest.mark.parametrize(
    ("stage", "section", "file"),
    [("matches", "match", "matches.tsv"), ("contribution", "contribution", "contribution.tsv"),
     ("interaction", "interaction", "interactions.tsv")],
)  # fmt: skip
@pytest.mark.parametrize(
    ("status", "said"),
    [(None, "Not asked for: the configuration has no `{}` section."), ("empty: nothing < found", "Nothing < found."),
     ("failed: out of memory", "Out of memory."), ("empty: not asked for: no section", "Not asked for: no section.")],
)  # fmt: skip
def test_missing_stages_are_named_with_their_reason(
    run_folder: Path, stage: str, section: str, file: str, status: str | None, said: str
) -> None:
    (run_folder / file).unlink()
    record = json.loads((run_folder / "run.json").read_text())
    if status is None:
        del record["stages"][stage], record["config"][section]
    else:
        record["stages"][stage] = {"status": status}
    (run_folder / "run.json").write_text(json.dumps(record))
    _, page = read(run_folder)
    assert said.format(section) in page.words
    assert f"{file} is not in the run folder" not in page.words


def test_tables_that_should_be_there_are_missed(run_folder: Path) -> None:
    for name in ("contribution.tsv", "motifs/neuronmotif.h5"):
        (run_folder / name).unlink()
    _, page = read(run_folder)
    assert "contribution.tsv is not in the run folder." in page.words
    assert "There is no readable motifs/*.h5 in the run folder; logos are left out." in page.words


@pytest.mark.slow
@pytest.mark.parametrize("name", ["neurons", "motifs", "matches", "contribution", "interactions", "instances", "sites"])
def test_any_column_may_be_missing(tmp_path: Path, make_run: Callable[..., Path], name: str) -> None:
    run_folder, table = make_run(tmp_path / "run", neurons=2, motifs=1, pairs=1), RUN_TABLES[name]
    file = "motifs/neuronmotif.tsv" if table is MOTIFS else table.file
    whole = pd.read_csv(run_folder / file, sep="\t")
    for column in table.required:
        whole.drop(columns=column).to_csv(run_folder / file, sep="\t", index=False)
        assert any(f"{Path(file).name} has no column {column};" in said for said in read_run(run_folder).problems)
    whole.drop(columns=table.required).to_csv(run_folder / file, sep="\t", index=False)
    read(run_folder)
    whole.iloc[:0].to_csv(run_folder / file, sep="\t", index=False)
    read(run_folder)
    for content in (b"", b"\x1f\x8b broken", gzip.compress(b"")):
        (run_folder / file).write_bytes(content)
        read(run_folder)


def test_a_run_without_files_still_gives_a_page(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"config": {"seed": 1}, "stages": {}, "model": null, "warnings": "x"}')
    _, page = read(tmp_path)
    assert "There is no neuron to show." in page.words
    assert "There is no motif to show" in page.words


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "expected a run.json, found none"), ("{", "run.json is damaged"), ("{}", "no record of a run"),
     ("[]", "no record of a run"), ('{"config": 3, "stages": []}', "no record of a run")],
)  # fmt: skip
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises((FileNotFoundError, ValueError), match=said):
        build_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a folder with run.json"):
        build_report(tmp_path / "nowhere")


def test_every_column_the_page_uses_is_explained(run_folder: Path) -> None:
    _, page = read(run_folder)
    for table in RUN_TABLES.values():
        assert table.about in page.words
        assert [column.name for column in table.columns if column.meaning not in page.words] == []
    assert "e = (o − n) − (b − n) − (a − n) = o − a − b + n" in page.words


@pytest.mark.slow
def test_pages_stay_small(tmp_path: Path, make_run: Callable[..., Path]) -> None:
    large = build_report(make_run(tmp_path / "large", neurons=64, motifs=10, pairs=8, full=True))
    assert large.stat().st_size < 5_000_000
