"""Pairs of alleles in a table: rows that belong together, or two columns of sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from combmotif.config.evaluation import PairsSection
from combmotif.evaluation.dataset.anchored import common_ends
from combmotif.evaluation.tasks.base import column_of, encode_rows, names_of, read_cells
from combmotif.sequence.alphabet import encode

Cells = Mapping[str, list[str]]


class Pairs:
    """Pairs of rows that are the alleles of a variant: ``places`` among the rows, ``names``, and what is ``skipped``.

    Rows are joined by a column whose cell both share, and one that says which allele each is (``by`` and ``allele`` of
    the spec; ``ref`` and ``alt`` are values of the second); or ``ref`` and ``alt`` are columns, of the table itself or
    of the file ``table``, that hold names or sequences of rows. An empty cell of these is of no pair, as the row of a
    reference is in a table whose alternatives name theirs.

    Parameters
    ----------
    cells : mapping of column to cells
    names, texts : sequence of str
        Names and sequences of all rows of the table.
    rows : int array (n,)
        Rows of the table that have a sequence.
    kept : bool array (n,)
        Which of them are of use.
    spec : PairsSection
    path : str
        Of the table, for messages.
    """

    def __init__(
        self, cells: Cells, names: Sequence[str], texts: Sequence[str], rows: np.ndarray, kept: np.ndarray,
        spec: PairsSection, *, path: str,
    ) -> None:  # fmt: skip
        self.places: list[tuple[int, int]] = []
        self.names: list[str] = []
        self.skipped: list[tuple[str, str]] = []
        useful = np.flatnonzero(kept).tolist()
        if spec.by is not None:
            self._join(cells, {place: rows[place] for place in useful}, spec, path)
        else:
            by_name = {names[rows[place]]: place for place in reversed(useful)}  # of one name the first counts
            by_sequence = {_plain(texts[rows[place]]): place for place in reversed(useful)}
            self._look_up(cells, by_name, by_sequence, spec, path)

    def _join(self, cells: Cells, rows: Mapping[int, int], spec: PairsSection, path: str) -> None:
        by = column_of(dict(cells), str(spec.by), path=path, key="pairs.by")
        allele = column_of(dict(cells), str(spec.allele), path=path, key="pairs.allele")
        wanted = (spec.ref, spec.alt)
        found: dict[str, dict[str, int]] = {}
        for place, row in rows.items():
            if allele[row] not in wanted:
                self.skipped.append((by[row], f"allele '{allele[row]}' is neither {wanted[0]} nor {wanted[1]}"))
            elif allele[row] in found.setdefault(by[row], {}):
                self.skipped.append((by[row], f"allele '{allele[row]}' stands twice"))
            else:
                found[by[row]][allele[row]] = place
        for name, own in found.items():
            if len(own) < 2:
                self.skipped.append((name, "only one allele is there"))
            else:
                self.places.append((own[wanted[0]], own[wanted[1]]))
                self.names.append(name)

    def _look_up(
        self, cells: Cells, by_name: Mapping[str, int], by_sequence: Mapping[str, int], spec: PairsSection, path: str
    ) -> None:
        source = spec.table or path
        own = dict(cells) if source == path else read_cells(source)
        columns = [column_of(own, getattr(spec, key), path=source, key=f"pairs.{key}") for key in ("ref", "alt")]
        seen = set()
        for ref, alt in zip(*columns, strict=True):
            if not ref or not alt:
                continue
            places = tuple(by_name.get(key, by_sequence.get(_plain(key), -1)) for key in (ref, alt))
            label = f"{ref[:40]} > {alt[:40]}"
            if -1 in places:
                missing = (ref, alt)[places.index(-1)]
                self.skipped.append((label, f"no row of use is named '{missing[:40]}' or has that sequence"))
            elif places in seen:
                self.skipped.append((label, "the pair stands twice"))
            else:
                seen.add(places)
                self.places.append((places[0], places[1]))
                self.names.append(label)

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


def _plain(text: str) -> str:
    return text.upper().replace("U", "T")


def read_pairs(
    cells: dict[str, list[str]], *, ref: str, alt: str, name: str | None, path: str, skipped: list[tuple[str, str]]
) -> tuple[list[str], list[tuple[int, np.ndarray, np.ndarray]]]:
    """Read pairs of a reference and an alternative sequence from a table's columns.

    Parameters
    ----------
    cells : dict of column to texts
        As `read_cells` gives them.
    ref, alt : str
        Columns of the sequences.
    name : str or None
        Column of the names; default row1, row2, ...
    path : str
        Of the table, for messages.
    skipped : list of (name, reason)
        Rows that are no pair of different sequences are added.

    Returns
    -------
    (names of all rows, list of (row, reference, alternative))

    Raises
    ------
    ValueError
        If a column is missing, no pair is left, or most are of sequences that have nothing to do with each other.
    """
    texts, others = column_of(cells, ref, path=path, key="ref"), column_of(cells, alt, path=path, key="alt")
    names = names_of(cells, name, path=path)
    codes, rows = encode_rows(texts, names, skipped)
    pairs = []
    for code, row in zip(codes, rows, strict=True):
        try:
            other = encode(others[row])
        except ValueError:
            skipped.append((names[row], "the alternative sequence holds what are no nucleotides"))
            continue
        if np.array_equal(code, other):
            skipped.append((names[row], "reference and alternative are the same"))
            continue
        pairs.append((int(row), code, other))
    if not pairs:
        why = f"; the first was left out because {skipped[0][1]}" if skipped else ""
        raise ValueError(f"{path}: expected pairs of different sequences, found none{why}")
    apart = [row for row, code, other in pairs if not _of_one_window(code, other)]
    if 2 * len(apart) > len(pairs):
        raise ValueError(
            f"{path}: expected reference and alternative sequences of one window, found {len(apart):,} of "
            f"{len(pairs):,} that have nothing in common, first '{names[apart[0]]}'; were its rows joined rightly?"
        )
    return names, pairs


def _of_one_window(ref: np.ndarray, alt: np.ndarray) -> bool:
    """Whether two sequences can be alleles: half of the positions agree, or the ends do.

    Rows that were joined wrongly agree at a quarter of the positions, and at the ends in a base or two. Windows of one
    length agree at one end only where an insertion or deletion has moved the rest.
    """
    return (len(ref) == len(alt) and float((ref == alt).mean()) >= 0.5) or sum(common_ends(ref, alt)) > 2
