"""The documentation is true: links lead somewhere, configs are right, commands and Python blocks run."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import shlex
import shutil

import click
import pytest
from click.testing import CliRunner
from pages import blocks, commands, shell_lines

import combmotif
from combmotif.cli import app
from combmotif.config import RunConfig
from combmotif.core.plain_yaml import dump_yaml, parse_yaml
from combmotif.core.typed_yaml import validate

TINY = ("sample.population=16", "sample.generations=2", "sample.keep=200", "neurons.select=1")
FASTA = "".join(f">s{i}\n{'ACGUAUGGCA' * 5}\n" for i in range(5))


def _pages(repository):
    pages = [repository / "README.md", *sorted((repository / "docs").rglob("*.md"))]
    assert len(pages) > 20
    return pages


def test_links_lead_somewhere(repository):
    found = 0
    for page in _pages(repository):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if link.startswith(("http://", "https://", "mailto:")):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{page.name}: {link}"
            if anchor and target.suffix == ".md":
                heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
                assert anchor in slugs, f"{page.name}: {link}; {target.name} has {sorted(slugs)}"
            found += 1
    assert found > 50


def test_every_page_is_linked(repository):
    index = (repository / "docs" / "index.md").read_text()
    for page in sorted((repository / "docs").rglob("*.md")):
        if page.name != "index.md":
            assert f"({page.relative_to(repository / 'docs').as_posix()})" in index, page


def test_the_site_has_every_page_and_every_name_of_the_package(repository):
    named = set(re.findall(r"[\w/]+\.md", (repository / "mkdocs.yml").read_text()))
    pages = {page.relative_to(repository / "docs").as_posix() for page in (repository / "docs").rglob("*.md")}
    assert named == pages
    described = re.findall(r"^::: (\S+)$", (repository / "docs" / "api.md").read_text(), re.MULTILINE)
    for name in described:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
    offered = {name.rpartition(".")[2] for name in described}
    assert set(combmotif.__all__) - {"__version__"} <= offered


def test_files_that_are_named_exist(repository):
    found = 0
    for page in _pages(repository):
        for path in re.findall(
            r"`(?:python |bash |pytest )?((?:scripts|configs|tests)/[\w/.-]+\.\w+)", page.read_text()
        ):
            if not path.startswith(("configs/interpreting", "configs/interaction", "configs/training")):
                assert (repository / path).is_file(), f"{page.name}: {path}"
                found += 1
    assert found > 15


def test_commands_have_these_options(repository):
    found = 0
    for page in _pages(repository):
        text = page.read_text()
        inline = [shlex.split(command) for command in re.findall(r"`(combmotif [a-z][a-z-]* [^`\[|]*)`", text)]
        for command in [*(words for words in shell_lines(text) if words[0] == "combmotif"), *inline]:
            name, *arguments = ["2" if word == "N" else word for word in command[1:] if word != ">"]
            context = click.Context(app)
            assert name in app.list_commands(context), f"{page.name}: {command}"
            with contextlib.suppress(click.MissingParameter):  # in running text
                app.get_command(context, name).make_context(name, arguments)
            found += 1
    assert found > 15


def test_configs_are_right(repository):
    base = {
        "model": {"card": "mrl"}, "sequences": {"kind": "random"}, "neurons": {"layer": "conv3"},
    }  # fmt: skip
    found = 0
    for page in _pages(repository):
        for block in blocks(page.read_text(), "yaml"):
            data = parse_yaml(block, name=page.name)
            if set(data) <= set(RunConfig.model_fields):
                validate(RunConfig, {**base, **data}, name=page.name)
                found += 1
    assert found > 2


RUN = {
    "README": "tests/test_readme.py and here", "tutorials/own_model": "here", "tutorials/keras": "here",
    "command_line": "here", "methods/matching": "here", "python": "here", "hal": "tests/test_docs_hal.py",
    "methods/variants": "tests/test_docs_data.py", "half_life": "tests/test_docs_data.py",
    "utr3_lm": "options are read here; runs of wide layers take minutes",
    "cluster": "tests/test_docs_data.py", "evaluation": "tests/test_docs_data.py",
}  # fmt: skip
"""Pages with shell or Python, and what runs it."""
ELSEWHERE = {
    "sbatch": "needs a SLURM: tests/runs/test_hosts.py does shares, tests/runs/test_slurm.py jobs of a real one",
    "for": "needs other hosts: tests/runs/test_cluster.py starts workers here",
    "dask": "a scheduler of its own is at work in the test of the page",
    "pip": "installs", "bash": "installs: scripts/quickstart.sh",
    "python": "takes an hour: tests/test_scripts.py starts every script",
}  # fmt: skip
"""First words of lines of shell that are not run, and why."""


def test_every_block_is_run(repository):
    for page in _pages(repository):
        text, name = page.read_text(), page.relative_to(repository).with_suffix("").as_posix().removeprefix("docs/")
        lines = [words[0] for words in shell_lines(text)]
        assert set(lines) <= {"combmotif", *ELSEWHERE}, page
        if "combmotif" in lines or blocks(text, "python"):
            assert name in RUN or name.startswith("notebooks/"), f"{page}: no test runs its blocks"


@pytest.mark.parametrize("name", ["config", "tables"])
def test_a_generated_reference_is_current(repository, name):
    path = repository / "scripts" / f"{name}_reference.py"
    spec = importlib.util.spec_from_file_location(f"{name}_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shown = (repository / "docs" / f"{name}.md").read_text()
    assert shown == module.page(), f"docs/{name}.md is out of date: python scripts/{name}_reference.py"


@pytest.fixture
def folder(tmp_path, monkeypatch, repository):
    """An empty working directory with the repository's configs and a few sequences."""
    shutil.copytree(repository / "configs", tmp_path / "configs")
    (tmp_path / "utrs.fa").write_text(FASTA)
    (tmp_path / "my_utrs.tsv").write_text("utr\trl\n" + "".join(f"{'ACGUAUGGCA' * 5}\t{i}\n" for i in range(4)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write_files(text):
    for language in ("python", "yaml"):
        for block in blocks(text, language):
            name = re.match(r"# ([\w.]+\.(?:py|yaml))\n", block)
            if name:
                with open(name[1], "w") as file:  # noqa: PTH123
                    file.write(block)


def _quick(command):
    """The same command on so little that it takes a second."""
    if command[1] == "run":
        few = [f"--set={key}" for key in TINY]
        if "runs/hal" in command:
            few[-1] = "--set=neurons.select=0-7"
        return [*command[1:], "--workers", "1", "--replace", *few, "--set=sequences.count=60"]
    if command[1] == "plan":
        return [*command[1:], "--no-measure"]
    return command[1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ("notebooks/mrl_uorfs",),
        ("notebooks/stability",),
        ("tutorials/own_model",),
        ("command_line",),
        ("../README", "methods/matching"),
    ],
    ids=lambda names: names[-1],
)
def test_the_commands_of_pages_run_one_after_the_other(repository, folder, names):
    pages = [repository / "docs" / f"{name}.md" for name in names]
    for page in pages:
        _write_files(page.read_text())
    for command in [command for page in pages for command in commands(page)]:
        result = CliRunner().invoke(app, _quick(command))
        assert result.exit_code == 0, f"{command}: {result.output}"


@pytest.mark.slow
def test_the_hal_tutorial(repository, folder, data_dir, monkeypatch):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    for command in commands(repository / "docs" / "notebooks" / "hal_splicing.md"):
        if command[1] != "fetch":  # which downloads
            result = CliRunner().invoke(app, _quick(command))
            assert result.exit_code == 0, f"{command}: {result.output}"


@pytest.mark.slow
def test_the_python_lines_run(repository, folder, monkeypatch):
    (block,) = blocks((repository / "docs" / "python.md").read_text(), "python")
    names: dict = {}
    exec(block, names)
    assert (folder / "my_run" / "report.html").is_file()
    own = (repository / "docs" / "tutorials" / "own_model.md").read_text()
    _write_files(own)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("two_inputs", "tokens", "channels_last", "save_card"):
        exec((folder / f"{name}.py").read_text(), {})
    shutil.copy("my_net.py", "my_model/my_net.py")
    assert CliRunner().invoke(app, ["inspect", "my_model", "--trust"]).exit_code == 0


@pytest.mark.slow
def test_the_keras_tutorial(repository, folder):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed (pip install 'combmotif[keras]')")
    from combmotif.models.keras.backend import import_keras

    import_keras()
    page = repository / "docs" / "tutorials" / "keras.md"
    text = page.read_text()
    _write_files(text)
    exec((folder / "make_net.py").read_text(), {})
    for command in commands(page):
        result = CliRunner().invoke(app, _quick(command))
        assert result.exit_code == 0, f"{command}: {result.output}"
    (section,) = blocks(text, "yaml")
    config = parse_yaml((folder / "question.yaml").read_text(), name="question.yaml") | parse_yaml(section, name="page")
    (folder / "by_hand.yaml").write_text(dump_yaml(config))
    assert CliRunner().invoke(app, ["inspect", "by_hand.yaml"]).exit_code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell, folder, monkeypatch):
    def complete(words):
        instruction = f"{shell}_complete"
        monkeypatch.setenv("_COMBMOTIF_COMPLETE", instruction)
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", words.split()[-1] if shell == "fish" else str(len(words.split()) - 1))
        return CliRunner().invoke(app, [], prog_name="combmotif").output

    assert "evaluate-model" in complete("combmotif eval")
    assert "neurons.select=" in complete("combmotif run q.yaml --set neu")
    assert "utr3_stability" in complete("combmotif inspect utr")
    monkeypatch.setenv("_COMBMOTIF_COMPLETE", f"{shell}_source")
    assert "_COMBMOTIF_COMPLETE" in CliRunner().invoke(app, [], prog_name="combmotif").output
