"""The notebooks of docs/notebooks run from top to bottom, and the site shows what their cells give."""

import importlib.util
import types

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed (pip install 'combmotif[test]')")


@pytest.fixture(scope="module")
def notebooks(repository):
    spec = importlib.util.spec_from_file_location("notebooks", repository / "scripts" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_every_notebook_runs(notebooks, monkeypatch, repository):
    monkeypatch.setenv("PYTHONPATH", str(repository))
    paths = sorted(notebooks.FOLDER.glob("*.md"))
    for page, needed in {"keras_file": "keras", "cluster": "distributed"}.items():
        if importlib.util.find_spec(needed) is None:
            paths = [path for path in paths if path.stem != page]
    done = notebooks.execute(paths)
    assert len(done) >= 7
    for name, book in done.items():
        cells = [cell for cell in book.cells if cell.cell_type == "code"]
        assert len(cells) >= 3, name
        assert any(cell.outputs for cell in cells), name


def test_an_error_in_a_cell_is_told(notebooks, tmp_path, monkeypatch):
    (tmp_path / "wrong.md").write_text("# Wrong\n\n```python\nassert 1 + 1 == 3\n```\n")
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="AssertionError"):
        notebooks.execute([tmp_path / "wrong.md"])


def test_the_page_of_a_notebook_shows_text_and_pictures(notebooks, monkeypatch):
    cell = notebooks.nbformat.v4.new_code_cell("1 + 1\n")
    new = notebooks.nbformat.v4.new_output
    cell.outputs = [
        new("stream", name="stderr", text="warning"),
        new("stream", name="stdout", text="hello\n"),
        new("execute_result", data={"text/html": "<svg/>", "text/plain": "2"}),
    ]
    book = notebooks.nbformat.v4.new_notebook(cells=[notebooks.nbformat.v4.new_markdown_cell("# Title"), cell])
    monkeypatch.setattr(notebooks, "outputs", lambda: {"quick_start": book})
    place = types.SimpleNamespace(file=types.SimpleNamespace(abs_src_path=str(notebooks.FOLDER / "quick_start.md")))
    shown = notebooks.on_page_markdown("", page=place)
    assert shown == ('# Title\n\n```python\n1 + 1\n```\n\n```text\nhello\n```\n\n<div class="output">\n<svg/>\n</div>')
    elsewhere = types.SimpleNamespace(file=types.SimpleNamespace(abs_src_path="/docs/faq.md"))
    assert notebooks.on_page_markdown("as it is", page=elsewhere) == "as it is"
