from typing import Literal

import pytest
from pydantic import Field

from combmotif.core.plain_yaml import dump_yaml, parse_yaml, read_yaml
from combmotif.core.typed_yaml import Section, Whole, nearest, validate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("-3", -3),
        ("1e-3", 1e-3),
        ("2e4", 2e4),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", float("-inf")),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("1:30", "1:30"),
        ("0-15", "0-15"),
        ("2024-01-02", "2024-01-02"),
        ("1_000", "1_000"),
        ("NaN", "NaN"),
        ("[AUG, UAA]", ["AUG", "UAA"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_scalars_mean_what_they_look_like(text, value):
    found = parse_yaml(text, name="x")
    assert found == value
    assert type(found) is type(value)


def test_what_is_written_reads_back():
    data = {"a": ["no", "1e-3", 1e-3, "0o7", True, None, "1:30", "2024-01-02", "é: #"], "b": {"c": 1e-12}}
    assert parse_yaml(dump_yaml(data), name="x") == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "f.yaml, line 2, column 1: the key 'a' stands twice"),
        ("a:\n  b: 1\n  b: 2\n", "f.yaml, line 3, column 3: the key 'b' stands twice"),
        ("a: [1\n", "f.yaml, line 2, column 1: expected ',' or '.', found the end of the file"),
        ("a: 1\n\tb: 2\n", "line 2, column 1: found a tab; indent with spaces"),
        (
            "a: !!python/object/apply:os.system [echo]\n",
            "column 4: expected plain text, numbers and lists, found the tag '!!python/object/apply:os.system'; take",
        ),
        ("a: !path x\n", "found the tag '!path'; take it out, or put quotes around the text"),
        ("a: @x\n", "line 1, column 4: found '@'; put quotes around a text that begins with it"),
        ("a: b: c\n", "line 1, column 5: found a second ': ' on one line; put quotes"),
        ("a: *\n", "found a lone & or [*]; put quotes around it"),
        ("a: *b\n", "found '[*]b'; put quotes around a text that begins with [*]"),
        ("- 1\nb: 1\n", "line 2, column 1: this line does not belong to the lines above; mend the indentation"),
        ("a: {b: 1\n", "expected ',' or '}', found the end of the file"),
        ("? [1]\n: 2\n", "a key must be a word"),
        ("", "the file is empty"),
        ("- 1\n", r"expected 'key: value' lines, found \[1\]"),
        ("a: 'x\n", "line"),
        ("a: 1\n--- \nb: 2\n", r"found a second document \(---\), expected one per file"),
        ("a: \x00", "not valid YAML|special characters"),
    ],
)
def test_broken_files_are_told_with_their_line(tmp_path, text, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_yaml("f.yaml")
    assert "\n" not in str(error.value)


def test_binary_file(tmp_path):
    (tmp_path / "f").write_bytes(b"\x89HDF\xff\xfe")
    with pytest.raises(ValueError, match="bytes that are not text"):
        read_yaml(tmp_path / "f")


def test_nearest():
    assert nearest("scramble", ["scrambles", "mode"]) == "; did you mean 'scrambles'?"
    assert nearest("zzz", ["scrambles", "mode"]) == "; known are scrambles, mode"


class Inner(Section):
    count: Whole = Field(ge=1, description="how many. ")
    way: Literal["fast", "slow"] = Field("fast", description="speed")


class Outer(Section):
    inner: Inner = Field(description="the inside")
    items: list[Inner] = Field(default_factory=list, description="more")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "f: inner: expected a value (the inside), found nothing; add the line 'inner: ...'"),
        ({"inner": {}}, "f: inner.count: expected a value (how many. ), found nothing; add the line 'count: ...'"),
        ({"inner": {"count": 0}}, "f: inner.count: expected a number greater than or equal to 1 (how many. ), found 0"),
        ({"inner": {"count": True}}, "f: inner.count: expected a number (how many. ), found true"),
        ({"inner": {"count": 1.5}}, "f: inner.count: expected a whole number (how many. ), found 1.5"),
        ({"inner": {"cuont": 1}}, "f: inner.cuont: unknown key; did you mean 'count'?"),
        (
            {"inner": {"count": 1, "way": "fats"}},
            "f: inner.way: expected one of fast, slow, found 'fats'; did you mean 'fast'?",
        ),
        ({"inner": 3}, "f: inner: expected 'key: value' lines (the inside), found 3"),
        ({"inner": None}, "f: inner: expected 'key: value' lines (the inside), found nothing; write 'inner: {}'"),
        ({"inner": {"count": 1}, "items": [{"count": 2}, {"count": "x"}]}, "f: items.1.count: expected a whole number"),
        ({"inner": {"count": "x"}, "itmes": []}, "f: itmes: unknown key; did you mean 'items'?"),
    ],
)
def test_every_mistake_is_one_sentence(data, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        validate(Outer, data, name="f")
    assert str(error.value).startswith(message)


def test_sections_cannot_be_changed():
    outer = validate(Outer, {"inner": {"count": 2e1}}, name="f")
    assert outer.inner.count == 20
    with pytest.raises(ValueError, match="frozen"):
        outer.inner = Inner(count=1)
