"""Read YAML into typed models, with every mistake told in one sentence.

YAML is read as plain data only (strings, numbers, lists, mappings) and by the rules of YAML 1.2: ``yes``, ``no``,
``on`` and ``off`` are words, ``010`` is ten, ``1e-3`` is a number, ``1:30`` is text. A key that stands twice is an
error.
"""

from __future__ import annotations

import difflib
import re
import types
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

_Model = TypeVar("_Model", bound=BaseModel)

DEEPEST = 64
"""Lists and sections in each other; a config needs 6, and Python's parsers give up at some hundreds."""
LARGEST = 1_000_000
"""Values of a file with its aliases written out; tables of clusters of the largest nets have some ten thousand."""
LARGEST_FILE = 50_000_000
"""Bytes of a YAML file."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    yaml_implicit_resolvers: dict = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:  # noqa: FBT001, FBT002
        seen: set = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, 0) if text[:2] in ("0x", "0o") else int(text)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


_TAG = r"expected plain text, numbers and lists, found the tag '\1'; take it out, or put quotes around the text"
_PLAIN = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"could not determine a constructor for the tag '(!.*)'", _TAG),
        (r"could not determine a constructor for the tag 'tag:yaml.org,2002:(.*)'", _TAG.replace(r"\1", r"!!\1")),
        (r"(?:found )?character '\\t' that cannot start any token", "found a tab; indent with spaces"),
        (
            r"found character '(.)' that cannot start any token",
            r"found '\1'; put quotes around a text that begins with it",
        ),
        (
            r"mapping values are not allowed here",
            "found a second ': ' on one line; put quotes around a text that holds it, or mend the indentation",
        ),
        (
            r"expected chomping or indentation indicators, but found .*",
            "found a lone > or |; put quotes around a text that begins with it (is this a YAML file?)",
        ),
        (r"found undefined alias '(.*)'", r"found '*\1'; put quotes around a text that begins with *"),
        (r"expected alphabetic or numeric character, but found .*", "found a lone & or *; put quotes around it"),
        (r"expected <block end>, but found .*", "this line does not belong to the lines above; mend the indentation"),
        (r"found unexpected end of stream", "a quote is opened and never closed"),
        (r"expected a single document.*", "found a second document (---), expected one per file"),
        (r"but got '<stream end>'", "found the end of the file"),
        (r"failed to decode base64 data.*", "expected plain text, found !!binary; take it out"),
    )
]


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


class _TextLoader(_Loader):
    yaml_implicit_resolvers: dict[str, Any] = {}


def parse_yaml(text: str, *, name: str, as_text: bool = False) -> Any:
    """Parse YAML text into plain data; a mistake is a ValueError that names ``name``, line and column.

    With ``as_text`` every value is the text that is written, so that an identifier 007 is no number.
    """
    loader = None
    try:
        loader = (_TextLoader if as_text else _Loader)(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_bombs(node, name)
        return loader.construct_document(node)
    except RecursionError:
        raise ValueError(f"{name}: expected at most {DEEPEST} lists or sections in each other, found more") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = error.problem or "not valid YAML"
        if problem.startswith("but ") and error.context:
            problem = f"{error.context}, {problem}"
        for jargon, plain in _PLAIN:
            problem = jargon.sub(plain, problem)
        raise ValueError(f"{name}{where}: {problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: not valid YAML: {' '.join(str(error).split())}") from None
    except (KeyError, TypeError, AttributeError, OverflowError) as error:  # of a tag whose value is of another kind
        raise ValueError(f"{name}: a tag (!!) does not fit its value ({error}); take it out") from None
    except ValueError as error:
        raise error if name in str(error) else ValueError(f"{name}: not valid YAML: {error}") from None
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_bombs(root: yaml.Node, name: str) -> None:
    """Refuse text that stands for far more than it is: aliases of aliases, or nesting without end."""
    sizes: dict[int, int] = {}
    held = []  # the ids of nodes are theirs as long as these are

    def size(node: yaml.Node, depth: int) -> int:
        if depth > DEEPEST:
            raise RecursionError
        if id(node) not in sizes:
            held.append(node)
            sizes[id(node)] = LARGEST + 1  # until it is known: a node inside itself has no end
            inner = node.value if isinstance(node, yaml.CollectionNode) else ()
            parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
            sizes[id(node)] = min(LARGEST + 1, 1 + sum(size(part, depth + 1) for part in parts))
        return sizes[id(node)]

    if size(root, 0) > LARGEST:
        raise ValueError(f"{name}: its aliases (*) stand for more than {LARGEST:,} values; write out what is meant")


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    ValueError
        If it is not UTF-8 text, not YAML, empty, or not a mapping; file and line are named.
    FileNotFoundError
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise ValueError(f"{path}: expected a YAML file, found one of more than {LARGEST_FILE / 1e6:.0f} MB")
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: expected a YAML text file, found bytes that are not text") from None
    data = parse_yaml(text, name=str(path))
    if data is None:
        raise ValueError(f"{path}: expected 'key: value' lines, the file is empty")
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected 'key: value' lines, found {show(data)}")
    return data


def dump_yaml(data: dict[str, Any]) -> str:
    """Write plain data as YAML that :func:`parse_yaml` reads back, keys in their order."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


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


def show(value: Any) -> str:
    """Write a value of a YAML file for a message, in at most 60 letters."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


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
