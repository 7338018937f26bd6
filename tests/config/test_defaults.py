"""Every default stands once: in the typed section."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

import combmotif
from combmotif.config.comparing import CompareConfig
from combmotif.config.run import RunConfig
from combmotif.config.stages import SampleSection
from combmotif.core.typed_yaml import default_of

PACKAGE = Path(combmotif.__file__).parent
SECTIONS = ("sample", "attribution", "discover", "match", "contribution", "effects", "interaction")
ELSEWHERE = {"seed", "strands", "output", "alphabet", "method", "source"}
"""Names that other functions have for things of their own, or whose default (0, single, RNA) is no choice."""


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """List the pydantic models that an annotation holds, and those that they hold."""
    if get_origin(annotation) in (Annotated, list, Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _sections(inner)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _sections(field.annotation)


def _settings() -> dict[str, set[str]]:
    """Name of a setting: its defaults, as Python writes them."""
    asked = [CompareConfig, *(own for name in SECTIONS for own in _sections(RunConfig.model_fields[name].annotation))]
    found: dict[str, set[str]] = {}
    for section in asked:
        for name, field in section.model_fields.items():
            if not field.is_required() and name not in ELSEWHERE:
                found.setdefault(name, set()).add(repr(default_of(section, name)))
    return found


def _given(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """List the arguments and fields that have a default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            own = node.args
            yield from zip((a.arg for a in own.args[len(own.args) - len(own.defaults) :]), own.defaults, strict=True)
            yield from ((a.arg, d) for a, d in zip(own.kwonlyargs, own.kw_defaults, strict=True) if d is not None)
        elif isinstance(node, ast.ClassDef):
            yield from ((a.target.id, a.value) for a in node.body if _is_field(a))


def _is_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None


def test_no_function_or_options_repeat_the_default_of_a_setting() -> None:
    settings = _settings()
    assert {"scrambles", "threshold", "draws", "q", "windows"} <= set(settings)
    again = [
        f"{path.relative_to(PACKAGE)}: {name} = {ast.literal_eval(value)!r}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ("cli", "config")
        for name, value in _given(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(value, ast.Constant) and value.value is not None and repr(value.value) in settings.get(name, ())
    ]
    assert again == [], "take the default from the section: default_of(Section, name), or take the section itself"


def test_the_default_of_a_setting_is_that_of_its_section() -> None:
    assert default_of(SampleSection, "patience") == SampleSection().patience
    assert default_of(RunConfig, "sample") == SampleSection()
