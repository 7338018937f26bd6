"""The examples in docstrings run, and give what they say."""

import doctest
import importlib

import pytest

PLAIN = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def _modules(repository):
    for path in sorted((repository / "combmotif").rglob("*.py")):
        if ">>> " in path.read_text():
            name = path.relative_to(repository).with_suffix("").as_posix().replace("/", ".")
            yield importlib.import_module(name.removesuffix(".__init__"))


@pytest.mark.slow
def test_every_example_runs(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=PLAIN)
    wrong, count = [], 0
    for module in _modules(repository):
        for test in doctest.DocTestFinder().find(module):
            report: list[str] = []
            runner.run(test, out=report.append)
            count += bool(test.examples)
            wrong += report
    assert not wrong, "".join(wrong)
    assert count > 70
