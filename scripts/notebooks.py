"""Run the notebooks of docs/notebooks: python scripts/notebooks.py [--out FOLDER] writes each as .ipynb with outputs.

A notebook is a Markdown page whose ```python blocks are its cells. All run in one kernel, one after the other, emptied
in between. The documentation site shows the outputs: `mkdocs build` calls this file as a hook.
"""

import argparse
import re
from functools import cache
from html import unescape
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"
CELL = re.compile(r"^```python\n(.*?)^```\n?", re.DOTALL | re.MULTILINE)
EMPTY = "%reset -f\n__spec__ = None"  # which worker processes look for in the module they were started from


def read(path: Path) -> nbformat.NotebookNode:
    """Turn a page into a notebook: text, code, text, code, ..., text."""
    new = (nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell)
    parts = CELL.split(path.read_text())
    return nbformat.v4.new_notebook(cells=[new[place % 2](part) for place, part in enumerate(parts)])


def execute(paths: list[Path], *, timeout: int = 600) -> dict[str, nbformat.NotebookNode]:
    """Run pages in one kernel; name of each to the notebook with its outputs. An error of a cell is raised."""
    books = {path.stem: read(path) for path in paths}
    cells = []
    for book in books.values():
        cells += [nbformat.v4.new_code_cell(EMPTY), *book.cells]
    whole = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(ROOT)}}
    NotebookClient(whole, timeout=timeout, startup_timeout=timeout, kernel_name="python3", resources=where).execute()
    return books  # the cells are the same objects


def shown(output: nbformat.NotebookNode) -> str:
    """Write one output of a cell as Markdown."""
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="output">\n{data["text/html"]}\n</div>' if data["text/html"].strip() else ""
    text = output.get("text") or data.get("text/plain", "")
    return f"```text\n{unescape(text).rstrip()}\n```" if output.get("name") != "stderr" and text.strip() else ""


@cache
def outputs() -> dict[str, nbformat.NotebookNode]:
    """Run all pages once per build."""
    return execute(sorted(FOLDER.glob("*.md")))


def on_page_markdown(markdown: str, *, page: object, **_: object) -> str:
    """Let the site show what the cells gave (a hook of mkdocs)."""
    path = Path(page.file.abs_src_path)  # type: ignore[attr-defined]
    if path.parent != FOLDER:
        return markdown
    parts = []
    for cell in outputs()[path.stem].cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        else:
            parts += [f"```python\n{cell.source}```", *filter(None, map(shown, cell.outputs))]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="pages without .md; default all")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "notebooks")
    given = parser.parse_args()
    paths = [FOLDER / f"{name}.md" for name in given.names] or sorted(FOLDER.glob("*.md"))
    given.out.mkdir(parents=True, exist_ok=True)
    for name, book in execute(paths).items():
        nbformat.write(book, given.out / f"{name}.ipynb")
        print(given.out / f"{name}.ipynb")


if __name__ == "__main__":
    main()
