"""The page in a browser: what a reader does with it works, without an error and without a sideways scroll."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from combmotif.motifs.formats.meme import read_meme
from combmotif.report import build_report, html

pytestmark = pytest.mark.slow

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"needs a Chromium on PATH (looked for {', '.join(NAMES)})")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, make_run: Callable[..., Path]) -> str:
    return build_report(make_run(tmp_path_factory.mktemp("run"))).as_uri()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else said.append(request.url),
    )
    yield opened
    context.close()
    assert said == []


def visible(page: Any) -> list[str]:
    return page.eval_on_selector_all(
        "#neuron-table tbody tr", "rows => rows.filter(r => !r.hidden).map(r => r.cells[0].textContent)"
    )


def wait_for_page(page: Any, name: str) -> None:
    """Wait until the page of a neuron or a pair has taken over: its address changes before it does."""
    page.wait_for_function(
        """name => {
          const heading = document.querySelector('#view h2');
          return heading && heading.textContent.startsWith(name) && heading === document.activeElement;
        }""",
        arg=name,
    )


def go_back(page: Any) -> None:
    """Go back from within the page: asked from outside, a browser may not have noted its last address yet."""
    page.evaluate("history.back()")


def saved(page: Any, selector: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.locator(selector).first.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_search_and_filters_keep_the_rows_that_fit(page: Any, report: str) -> None:
    page.goto(report)
    page.wait_for_selector("#neuron-table tbody tr")
    assert len(visible(page)) == 8
    page.fill("#search", "pum2")
    assert visible(page) == ["conv3:1", "conv3:3", "conv3:6"]
    assert page.text_content("#shown") == "3 of 8"
    page.fill("#search", "conv3:1")
    assert visible(page) == ["conv3:1"]
    page.fill("#search", "no such thing")
    assert visible(page) == []
    page.click("#clear")
    page.wait_for_function("document.querySelector('#shown').textContent === '8 of 8'")
    assert len(visible(page)) == 8
    for field, value, expected in (
        ("#by-kind", "negative", ["conv3:0", "conv3:6"]),
        ("#by-element", "PUF", ["conv3:1", "conv3:3", "conv3:6"]),
        ("#by-family", "neuronmotif 0", ["conv3:0", "conv3:5"]),
    ):
        page.select_option(field, value)
        assert visible(page) == expected, field
        page.select_option(field, "")
    page.fill("#by-consensus", "UGURNA")
    assert visible(page) == ["conv3:1", "conv3:3", "conv3:6"]
    page.fill("#by-consensus", "")
    page.fill("#by-purity", "0.9")
    purities = page.eval_on_selector_all(
        "#neuron-table tbody tr", "rows => rows.filter(r => !r.hidden).map(r => Number(r.cells[7].dataset.v))"
    )
    assert 0 < len(purities) < 7
    assert min(purities) >= 0.9
    page.click("#filters button[type=reset]")
    page.check("#by-known")
    page.wait_for_function("document.querySelector('#shown').textContent === '7 of 8'")
    assert "conv3:7" not in visible(page)


@pytest.mark.parametrize("target", ["conv3:1", "conv3:6.m1"])
def test_a_deep_link_opens_the_neuron(page: Any, report: str, target: str) -> None:
    page.goto(f"{report}#{target}")
    assert page.text_content("#view h2").startswith(target.replace(".m1", ""))
    assert page.is_hidden("#story")
    if target.endswith("m1"):
        page.wait_for_function(
            "id => Math.abs(document.getElementById(id).getBoundingClientRect().top - 150) < 150",
            arg=target,
        )
    assert page.title().startswith("conv3:")


def test_a_neuron_shows_all_its_parts(page: Any, report: str) -> None:
    page.goto(f"{report}#conv3:6")
    said = page.inner_text("#view")
    for words in (
        "conv3:6 looks at 24 nt at a time", "Highest activation in each of 200 sequences", "offset −1 · p 0.001",
        "How its sequences were demixed", "split by the map of conv2 into 3", "Syntax: parts and their spacing",
        "2 to 4 nt, mostly 2, 300 sequences", "Where it fires on the sequences of the run", "on the measured rl",
    ):  # fmt: skip
        assert words in said, words
    assert page.locator("#view svg.logo").count() >= 6
    assert page.locator("#view mark").count() == 6
    assert page.locator("#view svg.plot title").all_text_contents().count("Distances") >= 1
    drawn = page.eval_on_selector_all(
        "#view .aligned svg.logo", "all => all.map(svg => svg.querySelectorAll('path').length)"
    )
    assert min(drawn) >= 4


def test_a_tree_split_by_motif_says_so(page: Any, report: str) -> None:
    page.goto(f"{report}#conv3:1")
    said = page.inner_text("#view")
    assert "split by motif into" in said
    assert "the map of motif" not in said


def test_the_next_neuron_is_the_next_row_shown(page: Any, report: str) -> None:
    page.goto(report)
    page.fill("#search", "pum2")
    page.click('#neuron-table a[href="#conv3:3"]')
    wait_for_page(page, "conv3:3")
    page.keyboard.press("ArrowRight")
    wait_for_page(page, "conv3:6")
    assert page.locator('#view [rel="next"]').count() == 0
    page.keyboard.press("ArrowLeft")
    wait_for_page(page, "conv3:3")
    page.keyboard.press("Escape")
    page.wait_for_selector("#story:not([hidden])")
    assert page.evaluate("document.activeElement.textContent") == "conv3:3"
    go_back(page)
    page.wait_for_function("!document.querySelector('#view').hidden")


def test_sorting_by_keyboard(page: Any, report: str) -> None:
    page.goto(report)
    button = page.locator("#neuron-table thead button", has_text="Effect")
    button.focus()
    page.keyboard.press("Enter")
    assert button.locator("xpath=..").get_attribute("aria-sort") == "ascending"
    up = visible(page)
    assert up[0] == "conv3:0"
    assert up[-1] == "conv3:7", "no value comes last"
    page.keyboard.press("Enter")
    assert visible(page) == [f"conv3:{n}" for n in (1, 5, 4, 2, 3, 6, 0, 7)]
    page.locator("#neuron-table thead").get_by_text("Neuron", exact=True).click()
    assert visible(page) == [f"conv3:{n}" for n in range(8)]


def test_everything_is_reached_without_a_mouse(page: Any, report: str) -> None:
    page.goto(report)
    page.focus('#neuron-table a[href="#conv3:0"]')
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "conv3:1"
    page.keyboard.press("Enter")
    wait_for_page(page, "conv3:1")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "document.activeElement.tagName + ' ' + document.activeElement.textContent.trim().slice(0, 24)"
            )
        )
    for part in (
        "BUTTON SVG",
        "BUTTON MEME",
        "SUMMARY Sequences behind it",
        "SUMMARY In numbers",
        "SUMMARY 2 matches in numbers",
    ):
        assert part in seen or part == "SUMMARY Sequences behind it", part
    page.goto(f"{report}#conv3:1")
    page.focus("#view details > summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#view details').open")


def test_pairs_open_from_the_map(page: Any, report: str) -> None:
    page.goto(report)
    page.click("#map > summary")  # few of its cells are filled
    page.locator('.map a[href="#pair-2"]').first.click()
    wait_for_page(page, "")
    said = page.inner_text("#view")
    for words in (
        "sub-additive",
        "both together",
        "o − a − b + n",
        "Sequence by sequence",
        "circles with bars are estimates",
    ):
        assert words in said, words
    assert page.locator("#view svg.plot").count() == 4
    assert page.locator("#view .boxed").count() == 6
    assert "random segments of the same sequences" in said
    name, content = saved(page, '#view button[data-table="pair-2.tsv"]')
    assert name == "pair-2.tsv"
    assert content.decode().splitlines()[-1].startswith("epistasis e\to - a - b + n\t0.42\t[0.340, 0.500]")
    page.goto(f"{report}#pair-5")
    page.wait_for_function("document.querySelector('#view').dataset.shown === 'pair-5'")
    assert "Too few sequences hold the pair" in page.inner_text("#view")


def test_an_element_leads_to_its_neurons(page: Any, report: str) -> None:
    page.goto(report)
    page.click('button[data-filter-element="PUF"]')
    assert visible(page) == ["conv3:1", "conv3:3", "conv3:6"]


def test_downloads_give_the_files(page: Any, report: str) -> None:
    folder = Path(report.removeprefix("file://")).parent
    page.goto(report)
    for name in ("contribution.tsv", "motifs/neuronmotif.meme", "motifs/neuronmotif.tsv"):
        assert saved(page, f'button[data-file="{name}"]') == (Path(name).name, (folder / name).read_bytes())


def test_a_table_is_saved_as_it_is_shown(page: Any, report: str) -> None:
    page.goto(report)
    page.fill("#search", "pum2")
    name, content = saved(page, 'button[data-table="neurons.shown.tsv"]')
    rows = [line.split("\t") for line in content.decode().splitlines()]
    assert name == "neurons.shown.tsv"
    assert rows[0][:4] == ["Neuron", "First motif", "Consensus", "Known element"]
    assert [row[0] for row in rows[1:]] == ["conv3:1", "conv3:3", "conv3:6"]
    assert float(rows[1][5]) == pytest.approx(0.816667, rel=1e-4)


def test_a_saved_logo_is_a_whole_file(page: Any, report: str) -> None:
    page.goto(f"{report}#conv3:1.m1")
    name, content = saved(page, 'button[data-logo-file="svg"]')
    root = ElementTree.fromstring(content)
    assert name == "conv3.1.m1.svg"
    assert {path.get("fill") for path in root.iter("{http://www.w3.org/2000/svg}path")} >= {
        "#12977a",
        "#8f1537",
        "#b07d0a",
    }
    assert root.get("class") is None
    name, content = saved(page, 'button[data-logo-file="png"]')
    assert (name, content[:8]) == ("conv3.1.m1.png", b"\x89PNG\r\n\x1a\n")
    name, content = saved(page, 'button[data-meme="conv3:1.m1"]')
    (page_folder := Path(report.removeprefix("file://")).parent / name).write_bytes(content)
    whole = {m.id: m.ppm for m in read_meme(page_folder.parent / "motifs" / "neuronmotif.meme")}
    ours = read_meme(page_folder)
    assert [m.id for m in ours] == ["conv3:1.m1"]
    assert abs(ours[0].ppm - whole["conv3:1.m1"]).max() < 0.005


def test_letters_and_heights_can_be_chosen(page: Any, report: str) -> None:
    page.goto(f"{report}#conv3:1")
    assert page.locator("#view .gU").count() > 0
    page.select_option('[data-setting="alphabet"]', "dna")
    assert page.locator("#view .gU").count() == 0
    assert page.locator("#view .gT").count() > 0
    assert page.inner_text("#view .motif code") == "TGTAAATA"
    page.select_option('[data-setting="mode"]', "counts")
    assert page.locator("#view .aligned .tick", has_text="0.5").count() > 0


@pytest.mark.parametrize("place", ["", "#conv3:6", "#pair-2"])
def test_screens_never_scroll_sideways(page: Any, report: str, place: str) -> None:
    page.goto(report + place)
    page.eval_on_selector_all("details", "all => all.forEach(box => { box.open = true; })")
    for width in (1280, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_plots_and_labels_fit_a_phone(page: Any, report: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(report)
    ends = page.eval_on_selector_all(".forest .dot", "dots => dots.map(dot => dot.getBoundingClientRect().right)")
    assert ends
    assert max(ends) <= 390
    # a range of one word has one rectangle, or the word is broken
    broken = """labels => labels.flatMap(label => label.textContent.split(/[^\\w]+/).filter(word => {
        const text = label.firstChild, start = text.data.indexOf(word), range = document.createRange();
        range.setStart(text, start); range.setEnd(text, start + word.length);
        return range.getClientRects().length > 1;
    }))"""
    page.eval_on_selector_all("details:has(.map)", "all => all.forEach(one => { one.open = true; })")
    assert page.locator(".map tbody th .nt").count() > 1
    assert page.eval_on_selector_all(".map tbody th .nt, .flow a", broken) == []


def test_tables_fit_an_ordinary_screen(page: Any, report: str) -> None:
    page.goto(report)
    wide = page.eval_on_selector_all(
        "#story .scroll",
        "all => all.filter(b => b.scrollWidth > b.clientWidth + 1).map(b => b.outerHTML.slice(0, 90))",
    )
    assert wide == []


def test_nothing_moves_when_logos_appear(page: Any, report: str) -> None:
    page.goto(report)
    page.wait_for_function("document.querySelectorAll('[data-logo]:not([data-drawn])').length === 0")
    shift = page.evaluate(
        """() => new Promise((done) => {
          let sum = 0;
          new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
            .observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => done(sum), 300);
        })"""
    )
    assert shift < 0.02


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (part) => {
    for (let box = part; box; box = box.parentElement) {
      const colour = getComputedStyle(box).backgroundColor;
      if (!colour.startsWith('rgb')) continue;
      const values = parse(colour);
      if (values.length === 3 || values[3] === 1) return values;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const part = node.parentElement;
    if (!node.textContent.trim() || !part.checkVisibility() || part.closest('script, .map, .spoken')) continue;
    const style = getComputedStyle(part);
    const ink = parse(part.closest('svg') ? style.fill : style.color).slice(0, 3);
    const [a, b] = [light(ink), light(ground(part))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(`${part.outerHTML.slice(0, 80)} ${contrast.toFixed(2)}`);
  }
  return [...faint];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["", "#conv3:6", "#pair-2"])
def test_text_stands_out_from_its_ground(page: Any, report: str, scheme: str, place: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report + place)
    page.eval_on_selector_all("details", "all => all.forEach(box => { box.open = true; })")
    assert page.evaluate(CONTRAST) == []


def test_of_very_many_neurons_the_table_holds_a_page(
    page: Any, tmp_path: Path, make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_report(make_run(tmp_path / "whole"))
    page.goto(whole.as_uri())
    names = visible(page)
    page.locator("#neuron-table thead").get_by_text("Neuron", exact=True).click()
    page.locator("#neuron-table thead").get_by_text("Neuron", exact=True).click()
    page.wait_for_function("document.querySelector('#neuron-table tbody th').textContent.trim() !== 'conv3:0'")
    turned = visible(page)
    monkeypatch.setattr(html, "MANY_NEURONS", 5)
    monkeypatch.setattr(html, "NEURONS_AT_ONCE", 3)
    page.goto(build_report(make_run(tmp_path / "paged")).as_uri())
    assert len(names) == 8
    assert visible(page) == names[:3]
    assert page.inner_text("#page-shown") == "1 to 3 of 8"
    assert page.locator("#page-before").is_disabled()
    page.click("#page-after")
    page.click("#page-after")
    assert visible(page) == names[6:]
    assert page.inner_text("#page-shown") == "7 to 8 of 8"
    assert page.locator("#page-after").is_disabled()
    page.wait_for_function("document.querySelector('#neuron-table tbody [data-logo]').dataset.drawn")
    page.click("#neuron-table tbody a")  # the page of a neuron that was not in the table at first
    wait_for_page(page, names[6])
    go_back(page)
    page.locator("#neuron-table thead").get_by_text("Neuron", exact=True).click()
    page.locator("#neuron-table thead").get_by_text("Neuron", exact=True).click()
    # all rows are sorted, not those of a page; they are there until the table is cut to its first page again
    page.wait_for_function(
        """name => {
          const body = document.querySelector('#neuron-table tbody');
          return body.rows.length === 3 && body.querySelector('th').textContent === name;
        }""",
        arg=turned[0],
    )
    assert visible(page) == turned[:3]
    page.fill("#search", names[7])
    assert visible(page) == [names[7]]
    assert page.inner_text("#shown") == "1 of 8"
    page.fill("#search", "nothing like it")
    assert visible(page) == []
    assert page.locator("#nothing").is_visible()


def test_without_scripts_the_story_is_still_told(browser: Any, report: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert page.locator("#neuron-table tbody tr").count() == 8
    assert page.locator("#filters").is_hidden()
    assert page.locator("noscript").inner_text().startswith("Without scripts you can read the story")
    context.close()


def test_print_has_every_logo_and_no_controls(page: Any, report: str) -> None:
    page.goto(report)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('#story [data-logo]:not([data-drawn])').length") == 0
    page.emulate_media(media="print")
    assert page.is_hidden("#filters")
    page.goto(f"{report}#all-neurons")
    page.wait_for_function("document.querySelector('#view').dataset.shown === 'all-neurons'")
    assert page.locator("#view .sheet-page").count() == 8
    assert page.locator("#view path.bar").first.is_visible()
    assert page.is_hidden("nav")
