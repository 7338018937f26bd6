"""Every key of the config files, as JSON Schema and as a page to read."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

_LIMITS = {
    "minimum": "at least {}", "exclusiveMinimum": "above {}", "maximum": "at most {}", "exclusiveMaximum": "below {}",
    "minLength": "", "minItems": "at least {} of them",
}  # fmt: skip
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": ""}


def schema_text(kind: Any) -> str:
    """Return the JSON Schema of a config, indented."""
    return json.dumps(TypeAdapter(kind).json_schema(), indent=2) + "\n"


def reference_text(kinds: dict[str, Any]) -> str:
    """Describe configs in Markdown: a heading per section, a table of its keys.

    Parameters
    ----------
    kinds : dict of str to type
        Heading: pydantic model.
    """
    parts = []
    for heading, kind in kinds.items():
        schema = TypeAdapter(kind).json_schema()
        parts.append(f"## {heading}\n\n{_about(schema)}\n\n{_table(schema, schema)}")
        parts += _sections(schema, schema, seen=set())
    return "\n".join(parts)


def _about(place: dict[str, Any]) -> str:
    text = place.get("description", "")
    return " ".join(text.replace("``", "`").split())


def _resolve(schema: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in place:
        place = {**schema["$defs"][place["$ref"].rpartition("/")[2]], **{k: v for k, v in place.items() if k != "$ref"}}
    return place


def _options(schema: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    """List the alternatives of a value, itself where it has none."""
    place = _resolve(schema, place)
    found = [*place.get("anyOf", ()), *place.get("oneOf", ())]
    return [one for option in found for one in _options(schema, option)] or [place]


def _sections(schema: dict[str, Any], place: dict[str, Any], *, seen: set[str]) -> list[str]:
    """Describe the sections below a place, each once, in the order of the keys."""
    parts = []
    for key, entry in place.get("properties", {}).items():
        for option in _options(schema, entry):
            each = option.get("items", option.get("additionalProperties"))  # of a list, or of keys of any name
            inner = _options(schema, each) if isinstance(each, dict) else [option]
            for one in inner:
                title = str(one.get("title", ""))
                if "properties" not in one or title in seen:
                    continue
                seen.add(title)
                kind = one["properties"].get("kind", {}).get("const")
                heading = f"`{key}`" + (f", `kind: {kind}`" if kind else "")
                parts.append(f"### {heading}\n\n{_about(_definition(schema, one))}\n\n{_table(schema, one)}")
                parts += _sections(schema, one, seen=seen)
    return parts


def _definition(schema: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    definition: dict[str, Any] = schema.get("$defs", {}).get(place.get("title", ""), place)
    return definition


def _table(schema: dict[str, Any], place: dict[str, Any]) -> str:
    required = set(place.get("required", ()))
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for key, entry in place.get("properties", {}).items():
        resolved = _resolve(schema, entry)
        name = f"**`{key}`**" if key in required else f"`{key}`"
        meaning = (_about(entry if "description" in entry else resolved) + _default(entry)).replace("|", "\\|")
        lines.append(f"| {name} | {_value(schema, resolved)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _default(entry: dict[str, Any]) -> str:
    """Tell the default of a key, unless its description does, as where None has a meaning."""
    value = entry.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict) or "default" in entry.get("description", ""):
        return ""
    text = json.dumps(value, ensure_ascii=False).replace('"', "")
    return f"; default {text}"


def _value(schema: dict[str, Any], place: dict[str, Any]) -> str:
    """Say in words what a key takes."""
    words = []
    for option in _options(schema, place):
        if "enum" in option:
            text = ", ".join(f"`{value}`" for value in option["enum"])
        elif "const" in option:
            text = f"`{option['const']}`"
        elif "properties" in option or option.get("type") == "object":
            text = "section" if "properties" in option else "keys and values"
        elif option.get("type") == "array":
            inner = _value(schema, option["items"]) if option.get("items") else "values"
            text = f"list of: {inner}"
        else:
            text = _TYPES.get(str(option.get("type")), "")
        limits = [form.format(f"{option[k]:g}") for k, form in _LIMITS.items() if form and k in option]
        text = " ".join([text, *([f"({', '.join(limits)})"] if limits and text else [])])
        if text and text not in words:
            words.append(text)
    return " or ".join(words)
