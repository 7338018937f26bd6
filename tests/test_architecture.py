"""The package is built in floors: an import points down, nothing goes round in a circle, no folder is a hall."""

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "combmotif"
MOST_FLOORS = 10
MOST_MODULES = 14
#: Rooms of the modules that lie in no folder.
TOP = {
    "combmotif": "api",
    "combmotif.__main__": "cli",
}


def _modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _imported(path: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in the file: also in functions and for types only."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else str(node.module) for name in full}
    return names & set(MODULES)


IMPORTS = {name: _imported(path) for name, path in MODULES.items()}


def _floors() -> list[list[str]]:
    """The floors from the top, as docs/architecture.md lists them in its first block."""
    block = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    rows = [row.split("  ")[0].strip() for row in block.splitlines()[1:] if row.strip()]
    return [[room.strip(" /") for room in row.split(",")] for row in rows]


def _room(module: str) -> str:
    return TOP.get(module) or module.split(".")[1]


def test_floors_name_every_room_once():
    floors = _floors()
    assert 1 < len(floors) <= MOST_FLOORS
    rooms = [room for floor in floors for room in floor]
    assert len(set(rooms)) == len(rooms)
    assert {_room(module) for module in MODULES} <= set(rooms)


def test_files_the_page_names_exist():
    """Names in backquotes that lead into a room, or to a file that is shipped beside the package."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    page = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([\w/.-]+)`", page))
    for room, opened in re.findall(r"^\| `(\w+)/` \| (.*) \|$", page, re.MULTILINE):  # what to open first, in its room
        named |= {f"{room}/{name}" for name in re.findall(r"`([\w/.]+(?:/|\.py|\.tsv))`", opened)}
    paths = [name for name in named if name.split("/")[0] in rooms and "/" in name and "NAME" not in name]
    assert len(paths) > 60
    assert not [name for name in paths if not (PACKAGE / name).exists()]


def test_imports_point_down():
    """A room imports from the floors below only: not from above, nor from its neighbours."""
    level = {room: number for number, floor in enumerate(_floors()) for room in floor}
    upward = sorted(
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        for other in others
        if _room(other) != _room(module) and level[_room(other)] <= level[_room(module)]
    )
    assert not upward


def _circle(package: str) -> list[str]:
    """A circle among the modules and sub-packages of one package, or an empty list."""
    depth = package.count(".") + 1

    def child(module: str) -> str:
        return ".".join(module.split(".")[: depth + 1])  # the package itself stands for its __init__.py

    inside = [module for module in MODULES if f"{module}.".startswith(f"{package}.")]
    graph: dict[str, set[str]] = defaultdict(set)
    for module in inside:
        graph[child(module)] |= {child(other) for other in IMPORTS[module] if other in inside} - {child(module)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


PACKAGES = sorted({name.rpartition(".")[0] for name in MODULES} - {""})


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle(package):
    """Neither between modules nor between packages; an import in a function or for types counts like any other."""
    assert not _circle(package)


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=lambda path: path.name)
def test_no_folder_is_a_hall(folder):
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    if folder.name != "cli":
        assert len(modules) <= MOST_MODULES, f"{folder.name} has {len(modules)} modules; make sub-packages"
