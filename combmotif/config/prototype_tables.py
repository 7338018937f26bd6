"""The hand-written tables of the original CombMotif scripts: motif pairs, and clusters per feature map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from combmotif.core.typed_yaml import show
from combmotif.sequence.alphabet import iupac_sets


def read_label_file(data: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """Read the motif pairs of a label file, ``{combination1: {motifA: [...], motifB: [...]}}``, each once.

    Raises
    ------
    ValueError
        If it has another form, or a word that is no nucleotide word.
    """
    pairs: list[tuple[str, str]] = []
    for key, entry in data.items():
        sides = [entry.get(side) if isinstance(entry, Mapping) else None for side in ("motifA", "motifB")]
        words = [[side] if isinstance(side, str) else side for side in sides]
        if not all(isinstance(side, list) and side for side in words):
            raise ValueError(f"{name}: {key}: expected motifA and motifB with words, found {show(entry)}")
        for a in words[0] or ():
            for b in words[1] or ():
                for word in (a, b):
                    try:
                        iupac_sets(str(word))
                    except ValueError as error:
                        raise ValueError(f"{name}: {key}: {error}") from None
                if (a, b) not in pairs and (b, a) not in pairs:
                    pairs.append((str(a), str(b)))
    return pairs


def cluster_section(data: Mapping[str, Any], name: str, notes: list[str]) -> dict[str, Any]:
    """Turn a table of clusters per feature map into a ``discover`` section."""
    counts = {int(count) for maps in data.values() for count in maps.values()}
    if counts == {4}:
        notes.append(f"{name}: 4 clusters on every map; here auto, by purity ('discover: {{clusters: 4}}' for as many)")
        return {}
    if len(counts) == 1:
        section = {"discover": {"clusters": counts.pop()}}
        notes.append(f"{name}: the same number of clusters on every map is 'discover: {section['discover']}' here")
        return section
    found = ", ".join(map(str, sorted(counts)))
    notes.append(f"{name}: {found} clusters on different maps; here one number holds for all, or auto, the default")
    return {}
