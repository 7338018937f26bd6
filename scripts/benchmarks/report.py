"""How large the report is and how soon it can be used: generated runs of 16, 64 and 448 neurons with 10 motifs each.

python scripts/benchmarks/report.py [--motifs 10] [--repeat 5]

Needs playwright and a Chromium on PATH. Times are medians over fresh browser contexts, of a local file: `ready` is when
the page's script has ended (it can be searched and clicked), `search` and `open` are until the screen has been drawn
after typing a word, and after going to a neuron that was not looked at before.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from combmotif.report import build_report

DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def fixture():
    """The generator of run folders that the tests of the report use."""
    path = Path(__file__).resolve().parents[2] / "tests" / "report" / "conftest.py"
    spec = importlib.util.spec_from_file_location("report_fixture", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_run


def measure(browser, url: str, last: str) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(url)
    times = page.evaluate(
        "() => { const t = performance.getEntriesByType('navigation')[0];"
        " const p = performance.getEntriesByName('first-contentful-paint')[0];"
        " return [p ? p.startTime : NaN, t.domInteractive, t.loadEventEnd]; }"
    )
    first_paint, ready, loaded = times
    begun = page.evaluate("performance.now()")
    page.evaluate(
        "() => { const box = document.querySelector('#search'); box.value = 'pum2';"
        " box.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    searched = page.evaluate(DRAWN) - begun
    begun = page.evaluate("performance.now()")
    page.evaluate("anchor => { location.hash = anchor; }", last)
    page.wait_for_selector("#view:not([hidden])")
    opened = page.evaluate(DRAWN) - begun
    heap = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
    context.close()
    return {"paint": first_paint, "ready": ready, "loaded": loaded, "search": searched, "open": opened, "heap": heap}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, nargs="+", default=[16, 64, 448])
    parser.add_argument("--motifs", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    write_run = fixture()
    found = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    print("neurons  motifs  size MB  build s  first paint ms  ready ms  search ms  open neuron ms  heap MB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for neurons in arguments.neurons:
            run = write_run(
                Path(folder) / str(neurons), neurons=neurons, motifs=arguments.motifs, pairs=20, full=True, layers=7
            )
            begun = time.perf_counter()
            report = build_report(run)
            seconds = time.perf_counter() - begun
            last = next(line for line in (run / "neurons.tsv").read_text().splitlines()[-2:-1]).split("\t")[0]
            rows = [measure(browser, report.as_uri(), last.replace(":", ".")) for _ in range(arguments.repeat)]
            median = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
            motifs = (neurons - 1) * arguments.motifs
            print(
                f"{neurons:7d} {motifs:7d} {report.stat().st_size / 1e6:8.2f} {seconds:8.1f} {median['paint']:15.0f}"
                f" {median['ready']:9.0f} {median['search']:10.0f} {median['open']:15.0f} {median['heap']:8.1f}"
            )
        browser.close()


if __name__ == "__main__":
    main()
