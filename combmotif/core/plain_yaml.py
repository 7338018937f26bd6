"""Plain data from YAML, with every mistake told in one sentence.

YAML is read as plain data only (strings, numbers, lists, mappings) and by the rules of YAML 1.2: ``yes``, ``no``,
``on`` and ``off`` are words, ``010`` is ten, ``1e-3`` is a number, ``1:30`` is text. A key that stands twice is an
error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

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
        If it is a folder, not UTF-8 text, not YAML, empty, or not a mapping; file and line are named.
    FileNotFoundError
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path}: expected a YAML file, found a folder")
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such config file")
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


def show(value: Any) -> str:
    """Write a value of a YAML file for a message, in at most 60 letters."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
