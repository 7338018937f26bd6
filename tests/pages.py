"""The fenced blocks of documentation pages, for the tests that run them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path


def blocks(text: str, language: str) -> list[str]:
    """Blocks of one language; "" are those of none."""
    fences = re.findall(r"^```([a-z]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in fences if name == language]


def shell_lines(text: str) -> list[list[str]]:
    """Lines of shell as words, without comments and without VARIABLE=value before the command."""
    lines = "".join(blocks(text, "bash")).replace("\\\n", "").splitlines()
    plain = [re.sub(r'^(\s*[A-Z_]+=("[^"]*"|\S+))+', "", line) for line in lines]
    return [words for words in (shlex.split(line, comments=True) for line in plain) if words]


def commands(page: Path) -> list[list[str]]:
    """Commands of a page that shows some."""
    found = [words for words in shell_lines(page.read_text()) if words[0] == "combmotif"]
    assert found, f"{page.name}: expected a block of bash with a line that begins with combmotif"
    return found
