"""Typed sections of YAML files: pydantic models whose mistakes are told in one sentence."""

from __future__ import annotations

import difflib
import re
import types
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from combmotif.core.plain_yaml import show

_Model = TypeVar("_Model", bound=BaseModel)


def nearest(word: str, known: list[str]) -> str:
    """Say which known word was probably meant: ``"; did you mean 'x'?"``, or list them all."""
    close = difflib.get_close_matches(str(word), known, 1, 0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(known)}"


class Section(BaseModel):
    """A part of a YAML file: immutable, and unknown keys are refused with the nearest right one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key", "{key}{hint}", {"key": str(key), "hint": nearest(str(key), known)}
                    )
        return data


def default_of(section: type[BaseModel], name: str) -> Any:
    """Give the default of a setting, for options and arguments that mean the same, so that it stands once."""
    return section.model_fields[name].get_default(call_default_factory=True)


def _refuse_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "Input should be a number")
    return value


# Nothing that is counted comes near the bound; a slip of the keys (1e12) is told here and not by a full memory.
Whole = Annotated[int, BeforeValidator(_refuse_bool), Field(ge=-(10**9), le=10**9)]
Seed = Annotated[int, BeforeValidator(_refuse_bool), Field(lt=2**63)]
Real = Annotated[float, BeforeValidator(_refuse_bool), Field(allow_inf_nan=False)]


def _field_at(model: Any, location: tuple) -> tuple[list[str], FieldInfo | None]:
    """Follow an error's location; return the YAML keys (union tags dropped) and the last field on the way."""
    keys: list[str] = []
    found: FieldInfo | None = None
    candidates = [model]
    for step in location:
        if isinstance(step, int):  # a place in a list
            keys.append(str(step))
            continue
        if mappings := [c for c in candidates if get_origin(c) is dict]:  # this step is a name that the user chose
            keys.append(str(step))
            candidates = _alternatives(get_args(mappings[0])[1])
            continue
        classes = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if len(classes) > 1:  # a union: this step is the tag of the branch that was taken
            candidates = [c for c in classes if _branch(c) == step] or [c for c in classes if _branch(c) is None]
            continue
        named = [(name, field) for c in classes for name, field in c.model_fields.items()]
        fields = [field for name, field in named if step in (field.alias or name, name)]
        if fields:
            found = fields[0]
            candidates = _alternatives(found.annotation)
            keys.append(str(step))
    return keys, found


def _branch(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("kind")
    return None if field is None else str(get_args(field.annotation)[0])


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Annotated, list, tuple):
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    return [annotation]


def _sentence(model: type[BaseModel], error: Any) -> str:
    keys, field = _field_at(model, error["loc"])
    kind, context, found = error["type"], error.get("ctx") or {}, error["input"]
    key = ".".join(keys)
    about = f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
    if kind == "unknown_key":
        return f"{'.'.join([*keys, context['key']])}: unknown key{context['hint']}"
    if kind == "missing":
        return f"{key}: expected a value{about}, found nothing; add the line '{keys[-1]}: ...'"
    if kind == "union_tag_not_found":
        tags = _tags(model, error["loc"])
        present = [str(k) for k in found] if isinstance(found, dict) else []
        misspelt = difflib.get_close_matches("kind", present, 1, 0.5)
        hint = f"; did you mean 'kind' instead of '{misspelt[0]}'?" if misspelt else ""
        return f"{key}.kind: expected one of {', '.join(tags)}, found nothing{hint or '; add the line kind: ...'}"
    if kind == "union_tag_invalid":
        tags = _tags(model, error["loc"])
        hint = nearest(context["tag"], tags) if difflib.get_close_matches(context["tag"], tags, 1, 0.5) else ""
        return f"{key}.kind: expected one of {', '.join(tags)}, found '{context['tag']}'{hint}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        empty = f"; write '{key}: {{}}' for the defaults, or leave the line out" if found is None else ""
        return f"{key or 'file'}: expected 'key: value' lines{about}, found {show(found)}{empty}"
    if kind == "value_error":
        return f"{key}: {context['error']}" if key else str(context["error"])
    if kind == "literal_error" and isinstance(found, str):
        choices = re.findall(r"'([^']*)'", context["expected"])
        hint = nearest(found, choices) if difflib.get_close_matches(found, choices, 1, 0.5) else ""
        return f"{key}: expected one of {', '.join(choices)}, found '{found}'{hint}"
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        number = context["min_length" if least else "max_length"]
        entries = "1 entry" if number == 1 else f"{number} entries"
        return (
            f"{key}: expected at {'least' if least else 'most'} {entries}{about}, found {context['actual_length']} "
            f"({show(found)})"
        )
    expected = error["msg"].replace("Input should be ", "").replace("greater than", "a number greater than")
    expected = expected.replace("less than", "a number less than").replace("a valid integer", "a whole number")
    expected = re.sub(r", unable to parse.*|, got a number with.*", "", expected).replace("a valid ", "a ")
    return f"{key}: expected {expected}{about}, found {show(found)}"


def _tags(model: type[BaseModel], location: tuple) -> list[str]:
    _, field = _field_at(model, location)
    classes = _alternatives(field.annotation) if field is not None else []
    classes = [own for c in classes for own in (_alternatives(get_args(c)[1]) if get_origin(c) is dict else [c])]
    return [tag for tag in map(_branch, classes) if tag is not None]


def validate(model: type[_Model], data: Any, *, name: str) -> _Model:
    """Turn plain data into a typed model.

    Parameters
    ----------
    model : type of pydantic model
    data : mapping
    name : str
        The file, for the message.

    Raises
    ------
    ValueError
        One sentence: file, key, what was expected, what was found; unknown keys come first.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda e: e["type"] != "unknown_key")
        # A union without a tag reports every branch; the branch that got furthest into the data is the one meant.
        first = errors[0]
        if first["type"] != "unknown_key":
            same = [e for e in errors if e["loc"][:1] == first["loc"][:1]]
            first = max(same, key=lambda e: len(e["loc"])) if len(same) > 1 else first
        raise ValueError(f"{name}: {_sentence(model, first)}") from None
