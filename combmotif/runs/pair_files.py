"""Motif pairs that a config gives: words, a table, or the label files of CombMotif."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from combmotif.config.effects import InteractionSection, PairSection
from combmotif.core.plain_yaml import read_yaml
from combmotif.effects.pairs.pair import Pair
from combmotif.effects.pattern import as_pattern
from combmotif.sequence.delimited import open_table

RULES = ("order", "spacing_min", "spacing_max", "frame", "end_frame", "neuron")
_LABEL_FILE = re.compile(r"(?P<layer>\w+?)_neuron(?P<number>\d+)")


def read_pairs(section: InteractionSection, *, alphabet: str) -> list[Pair]:
    """Read the pairs of words of a config's ``interaction.pairs``.

    A string is the path of a tab-separated table with the columns a and b (and, where wanted, order, spacing_min,
    spacing_max, frame, end_frame and neuron), of a label file of CombMotif
    (``combination1: {motifA: [TGTANA], motifB: [GGAC]}``), or of a folder of such files. ``conv5_neuron14.yaml`` means
    neuron ``conv5:13``, as CombMotif counts neurons from 1. Every word of motifA is paired with every word of motifB.

    Without ``instances: neurons`` a pair's neuron is left out, and pairs that several neurons share are tested once.

    Raises
    ------
    ValueError
        If a word is no IUPAC word, a rule is not valid, a file lacks what it must have, or a pair is given twice.
    """
    given = section.pairs
    if isinstance(given, str):
        path = Path(given)
        labels = path.is_dir() or path.suffix in (".yaml", ".yml")
        asked = _read_labels(path) if labels else _read_table(path)
        once = section.instances == "scan"
    else:
        asked = [one if isinstance(one, PairSection) else PairSection(a=one[0], b=one[1]) for one in given]
        once = False
    pairs: list[Pair] = []
    keys: set[tuple[object, ...]] = set()
    for one in asked:
        try:
            pair = Pair(
                as_pattern(one.a, alphabet=alphabet),
                as_pattern(one.b, alphabet=alphabet),
                order=one.order,
                spacing=(one.spacing_min, one.spacing_max),
                frame=one.frame,
                end_frame=one.end_frame,
                neuron=one.neuron or "" if section.instances == "neurons" else "",
            )
        except ValueError as error:
            raise ValueError(f"interaction.pairs: {error}") from None
        if pair.key() in keys:
            if once and one.neuron:
                continue
            raise ValueError(f"interaction.pairs: '{pair.name}' is given twice (the order does not matter)")
        keys.add(pair.key())
        pairs.append(pair)
    return pairs


def _read_table(path: Path) -> list[PairSection]:
    columns: tuple[str, ...] = ()
    rows: list[dict[str, str]] = []
    if path.stat().st_size:
        with open_table(path) as table:
            columns = table.columns
            rows = [dict(zip(columns, cells, strict=True)) for _, cells in table.rows]
    if not {"a", "b"} <= set(columns) or not rows:
        raise ValueError(
            f"interaction.pairs: {path}: expected a tab-separated table with the columns a and b and one "
            f"pair per row, found {', '.join(columns) or 'nothing'}{'' if rows else ' and no rows'}"
        )
    found = []
    for number, row in enumerate(rows, 1):
        rules: dict[str, Any] = {name: row[name].strip() for name in RULES if row.get(name, "").strip()}
        for name in ("spacing_min", "spacing_max", "frame", "end_frame"):
            if name in rules and not re.fullmatch(r"\d+", rules[name]):
                raise ValueError(
                    f"interaction.pairs: {path}: row {number} column '{name}': expected a whole number, "
                    f"found '{rules[name]}'"
                )
            if name in rules:
                rules[name] = int(rules[name])
        try:
            found.append(PairSection(a=row["a"].strip(), b=row["b"].strip(), **rules))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise ValueError(f"interaction.pairs: {path}: row {number} {key}: {first['msg']}") from None
    return found


def _read_labels(path: Path) -> list[PairSection]:
    files: Sequence[Path] = [path]
    if path.is_dir():
        files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
        if not files:
            raise ValueError(f"interaction.pairs: {path}: expected label files (conv5_neuron14.yaml), found none")
    found = []
    for file in files:
        named = _LABEL_FILE.fullmatch(file.stem)
        neuron = None
        if named:
            if int(named["number"]) < 1:
                raise ValueError(
                    f"interaction.pairs: {file}: expected a neuron counted from 1, found {named['number']}"
                )
            neuron = f"{named['layer']}:{int(named['number']) - 1}"
        elif path.is_dir():
            continue  # a template beside the files
        for key, entry in read_yaml(file).items():
            words = [entry.get(side) if isinstance(entry, dict) else None for side in ("motifA", "motifB")]
            if not all(isinstance(w, list) and w and all(isinstance(x, str) for x in w) for w in words):
                raise ValueError(
                    f"interaction.pairs: {file}: {key}: expected {{motifA: [WORD], motifB: [WORD]}}, found {entry!r}"
                )
            found += [PairSection(a=a, b=b, neuron=neuron) for a in words[0] or () for b in words[1] or ()]
    if not found:
        raise ValueError(f"interaction.pairs: {path}: expected combinations of motifA and motifB, found none")
    return found
