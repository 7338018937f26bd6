"""The page in a browser: what a reader does with it works, without an error and without a sideways scroll."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from combmotif.report import build_report

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
    opened.set_default_timeout(10_000)
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


def test_search_and_filters_keep_the_rows_that_fit(page: Any, report: str) -> None:
    page.goto(report)
    assert len(visible(page)) == 8
    page.fill("#search", "pum2")
    assert visible(page) == ["conv3:1", "conv3:3", "conv3:6"]
    assert page.text_content("#shown") == "3 of 8"
    assert page.is_hidden('[id="conv3.0"]')
    assert page.is_visible('[id="conv3.1"]')
    page.fill("#search", "conv3:1")
    assert visible(page) == ["conv3:1"]
    page.fill("#search", "no such thing")
    assert visible(page) == []
    page.click("#clear")
    assert len(visible(page)) == 8
    page.select_option("#by-kind", "negative")
    assert visible(page) == ["conv3:0", "conv3:6"]
    page.select_option("#by-kind", "")
    page.check("#by-known")
    assert "conv3:7" not in visible(page)


@pytest.mark.parametrize("target", ["conv3.1", "conv3.1.m1"])
def test_a_deep_link_opens_the_neuron(page: Any, report: str, target: str) -> None:
    page.goto(f"{report}#{target}")
    assert page.evaluate("document.getElementById('conv3.1').open")
    assert not page.evaluate("document.getElementById('conv3.0').open")
    page.wait_for_function(
        "id => { const top = document.getElementById(id).getBoundingClientRect().top; return top >= 0 && top < 300; }",
        arg=target,
    )


def test_a_link_shows_even_a_filtered_neuron(page: Any, report: str) -> None:
    page.goto(report)
    page.fill("#search", "conv3:1")
    page.evaluate("location.hash = '#conv3.0'")
    page.wait_for_function("document.getElementById('conv3.0').open")
    assert page.is_visible('[id="conv3.0"]')


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
    down = visible(page)
    assert down[-1] == "conv3:7"
    assert down[:-1] == ["conv3:1", "conv3:5", "conv3:4", "conv3:2", "conv3:3", "conv3:6", "conv3:0"]
    page.locator("#neuron-table thead button", has_text="Neuron").click()
    assert visible(page) == [f"conv3:{n}" for n in range(8)]


def test_downloads_give_the_files(page: Any, report: str) -> None:
    folder = Path(report.removeprefix("file://")).parent
    page.goto(report)
    for name in ("contribution.tsv", "motifs/neuronmotif.meme"):
        with page.expect_download() as waiting:
            page.click(f'button[data-file="{name}"]')
        saved = waiting.value
        assert saved.suggested_filename == Path(name).name
        assert Path(saved.path()).read_bytes() == (folder / name).read_bytes()


def test_a_saved_logo_is_a_whole_file(page: Any, report: str) -> None:
    page.goto(f"{report}#conv3.1.m1")
    with page.expect_download() as waiting:
        page.click('button[data-motif="conv3.1.m1"]')
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    page.set_content(text)
    box = page.evaluate("document.querySelector('svg > use').getBoundingClientRect().toJSON()")
    assert waiting.value.suggested_filename == "conv3.1.m1.svg"
    assert box["width"] > 100
    assert 'fill="#12977a"' in text


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens_never_scroll_sideways(page: Any, report: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(report)
    page.click("#open-all")
    page.eval_on_selector_all("details", "all => all.forEach(box => { box.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Any, report: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(report)
    faint = page.evaluate(
        """() => {
          const style = getComputedStyle(document.documentElement);
          const linear = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          const light = (name) => {
            let hex = style.getPropertyValue(name).trim();
            if (hex.length === 4) hex = '#' + [...hex.slice(1)].map((c) => c + c).join('');
            const [r, g, b] = linear(hex);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
          const words = ['--ink', '--muted', '--accent', '--up', '--down', '--mixed', '--amber', '--even', '--none'];
          return words.flatMap((word) => ['--bg', '--panel'].filter((ground) => contrast(word, ground) < 4.5)
            .map((ground) => word + ' on ' + ground))
            .concat(contrast('--ink', '--mark') < 4.5 ? ['--ink on --mark'] : [])
            .concat(['--A', '--C', '--G', '--U'].filter((letter) => contrast(letter, '--bg') < 3));
        }"""
    )
    assert faint == []


def test_without_scripts_the_page_is_still_complete(browser: Any, report: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert page.locator("#neuron-table tbody tr").count() == 8
    assert page.locator("#filters").is_hidden()
    assert page.locator("noscript").inner_text().startswith("This page is complete without scripts")
    context.close()


def test_print_shows_what_is_folded(page: Any, report: str) -> None:
    page.goto(report)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details.card:not([open])').length") == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('#details details[open]').length") == 0
