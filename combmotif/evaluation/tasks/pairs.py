"""Rows of a table that are the two alleles of a variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from combmotif.evaluation.tasks.base import column_of, read_cells

Cells = Mapping[str, list[str]]


@dataclass
class Pairs:
    """Pairs of places among the rows that are kept, and what is no pair, with the reason.

    Attributes
    ----------
    places : list of (reference, alternative)
    names : list of str
        Of the pairs.
    skipped : list of (str, str)
    """

    places: list[tuple[int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def keep_single_bases(self, codes: Sequence[np.ndarray]) -> None:
        """Leave only the pairs whose sequences differ by one base; the others are counted."""
        kept = []
        for number, (ref, alt) in enumerate(self.places):
            one, other = codes[ref], codes[alt]
            if len(one) == len(other) and int((one != other).sum()) == 1:
                kept.append(number)
            else:
                self.skipped.append((self.names[number], "the alleles do not differ by exactly one base"))
        self.places, self.names = [self.places[i] for i in kept], [self.names[i] for i in kept]


def join_pairs(
    cells: Cells,
    names: Sequence[str],
    texts: Sequence[str],
    rows: np.ndarray,
    kept: np.ndarray,
    spec: Mapping[str, Any],
    *,
    path: str,
) -> Pairs:
    """Join the rows that share the cell of a column, one of each allele.

    Parameters
    ----------
    cells : mapping of column to cells
    names, texts : sequence of str
        Of all rows of the table.
    rows : int array (n,)
        Rows of the table that have a sequence.
    kept : bool array (n,)
        Which of them are of use.
    spec : mapping
        ``by`` and ``allele``, columns; ``ref`` and ``alt``, values of the second.
    path : str
        Of the table, for messages.
    """
    by = column_of(dict(cells), spec["by"], path=path, key="pairs.by")
    allele = column_of(dict(cells), spec["allele"], path=path, key="pairs.allele")
    wanted = (spec.get("ref") or "ref", spec.get("alt") or "alt")
    found: dict[str, dict[str, int]] = {}
    pairs = Pairs()
    for place in np.flatnonzero(kept).tolist():
        row = rows[place]
        if allele[row] not in wanted:
            pairs.skipped.append((by[row], f"allele '{allele[row]}' is neither {wanted[0]} nor {wanted[1]}"))
        elif allele[row] in found.setdefault(by[row], {}):
            pairs.skipped.append((by[row], f"allele '{allele[row]}' stands twice"))
        else:
            found[by[row]][allele[row]] = place
    for name, own in found.items():
        if len(own) < 2:
            pairs.skipped.append((name, "only one allele is there"))
        else:
            pairs.places.append((own[wanted[0]], own[wanted[1]]))
            pairs.names.append(name)
    return pairs


def look_up_pairs(
    cells: Cells,
    names: Sequence[str],
    texts: Sequence[str],
    rows: np.ndarray,
    kept: np.ndarray,
    spec: Mapping[str, Any],
    *,
    path: str,
) -> Pairs:
    """Find the rows that two columns name, by their names or their sequences; arguments as :func:`join_pairs`.

    ``ref`` and ``alt`` of the spec are the columns, of the table itself or of the file ``table``. An empty cell is of
    no pair, as the row of a reference is in a table whose alternatives name theirs.
    """
    source = spec.get("table") or path
    own = dict(cells) if source == path else read_cells(source)
    columns = [column_of(own, spec.get(key) or key, path=source, key=f"pairs.{key}") for key in ("ref", "alt")]
    by_name: dict[str, int] = {}
    by_sequence: dict[str, int] = {}
    for place in np.flatnonzero(kept).tolist():
        by_name.setdefault(names[rows[place]], place)
        by_sequence.setdefault(_plain(texts[rows[place]]), place)
    pairs, seen = Pairs(), set()
    for ref, alt in zip(*columns, strict=True):
        if not ref or not alt:
            continue
        places = tuple(by_name.get(key, by_sequence.get(_plain(key), -1)) for key in (ref, alt))
        label = f"{ref[:40]} > {alt[:40]}"
        if -1 in places:
            missing = (ref, alt)[places.index(-1)]
            pairs.skipped.append((label, f"no row of use is named '{missing[:40]}' or has that sequence"))
        elif places in seen:
            pairs.skipped.append((label, "the pair stands twice"))
        else:
            seen.add(places)
            pairs.places.append((places[0], places[1]))
            pairs.names.append(label)
    return pairs


def _plain(text: str) -> str:
    return text.upper().replace("U", "T")
