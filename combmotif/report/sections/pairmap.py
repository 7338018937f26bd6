"""The map of interactions: motif by motif, or family by family where the run has tabulated families."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from combmotif.report import wording
from combmotif.report.encode import compact
from combmotif.report.folder import RunFolder
from combmotif.report.sections.interactions import PairView

LEAST_FILLED = 0.2
"""Share of the cells from which on a map is shown rather than a list of pairs."""


@dataclass(frozen=True)
class Cell:
    """One place of the map: its class and symbol, what it says, where a click leads ("" where nowhere), and e.

    ``strength`` is the size of e over the largest of the map, 0 to 1.
    """

    kind: str
    symbol: str
    title: str
    anchor: str
    strength: float
    value: float


@dataclass(frozen=True)
class PairMap:
    """A symmetric map.

    Attributes
    ----------
    names : tuple of str
        Of rows and columns.
    cells : tuple of tuple of Cell or None
    what : str
        ``motif`` or ``family``.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]
    what: str

    @property
    def sparse(self) -> bool:
        """Whether so few cells are filled that a list of the pairs says more."""
        return self.filled < LEAST_FILLED

    @property
    def filled(self) -> float:
        """Share of the cells, each with its mirror image counted once, that were tested."""
        size = len(self.names)
        tested = sum(cell is not None for i, row in enumerate(self.cells) for cell in row[i:])
        return tested / (size * (size + 1) / 2)

    @property
    def kinds(self) -> set[str]:
        """Classes that occur."""
        return {cell.kind for row in self.cells for cell in row if cell is not None}


def _square(names: list[str], labels: list[str], found: list[tuple[str, str, Cell]], what: str) -> PairMap | None:
    if not names:
        return None
    place = {name: index for index, name in enumerate(names)}
    cells: list[list[Cell | None]] = [[None] * len(names) for _ in names]
    for a, b, cell in found:
        cells[place[a]][place[b]] = cells[place[b]][place[a]] = cell
    return PairMap(tuple(labels), tuple(tuple(row) for row in cells), what)


def pair_map(views: list[PairView]) -> PairMap | None:
    """Arrange the pairs as a symmetric map, motifs in order of appearance; None where there is no pair."""
    keys: dict[str, str] = {}
    for view in views:
        keys.setdefault(f"{view.row['motif_a']}\n{view.a}", view.a)
        keys.setdefault(f"{view.row['motif_b']}\n{view.b}", view.b)
    called = list(keys.values())
    labels = [
        name if called.count(name) == 1 else f"{name} ({key.partition(chr(10))[0]})" for key, name in keys.items()
    ]
    largest = max((abs(v.estimate[1]) for v in views if v.estimate[1] == v.estimate[1]), default=0.0)
    found = [
        (
            f"{v.row['motif_a']}\n{v.a}",
            f"{v.row['motif_b']}\n{v.b}",
            _cell(v, largest),
        )
        for v in views
    ]
    return _square(list(keys), labels, found, "motif")


def _cell(view: PairView, largest: float) -> Cell:
    title = f"{view.a} and {view.b}: {view.kind}, e = {view.text}"
    return Cell(view.kind, view.symbol, title, view.anchor, _share(view.estimate[1], largest), view.estimate[1])


def _share(value: float, largest: float) -> float:
    return abs(value) / largest if largest > 0 and value == value else 0.0


def _labels(names: list[str], members: dict[tuple[str, str], list[PairView]]) -> list[str]:
    """Put the known element that most members of a family match before its consensus."""
    known: dict[str, Counter[str]] = {}
    for view in (view for views in members.values() for view in views):
        for side, element in zip("ab", view.known, strict=True):
            if element:
                known.setdefault(str(view.row.get(f"family_{side}") or ""), Counter())[element] += 1
    return [f"{known[name].most_common(1)[0][0]}: {name}" if name in known else name for name in names]


def family_map(
    run: RunFolder, members: dict[tuple[str, str], list[PairView]]
) -> tuple[PairMap | None, list[dict[str, Any]]]:
    """Arrange interaction_map.tsv as a symmetric map of families, and list the pairs behind each cell.

    Parameters
    ----------
    run : RunFolder
    members : dict
        (family, family), sorted, to the pairs of motifs of those families.

    Returns
    -------
    (map or None, list of dict)
        A cell with one pair leads to the pair; with several to ``cell-N``, the record number N of the list.
    """
    table = run.tables["map"]
    rows = table.to_dict("records")
    names = list(dict.fromkeys([name for row in rows for name in (row["family_a"], row["family_b"])]))
    largest = max((abs(row["e"]) for row in rows if row["e"] == row["e"]), default=0.0)
    found: list[tuple[str, str, Cell]] = []
    records: list[dict[str, Any]] = []
    for row in rows:
        a, b, kind = row["family_a"], row["family_b"], row["class"]
        symbol, meaning = wording.MAP_CLASSES.get(kind, ("", ""))
        views = members.get((min(a, b), max(a, b)), [])
        anchor = views[0].anchor if len(views) == 1 else f"cell-{len(records)}" if views else ""
        e = wording.number(row["e"], sign=True)
        amount = int(row["pairs"]) if row["pairs"] == row["pairs"] else len(views)
        title = f"{a} and {b}: {kind}, e = {e}, {wording.plural(amount, 'pair')}"
        if len(views) > 1:
            q = f", q {wording.p_value(row['q'])}" if row["q"] == row["q"] else ""
            records.append(compact({
                "a": a, "b": b, "kind": kind,
                "sentence": f"Over {wording.plural(len(views), 'pair')} of motifs of these families the map says "
                f"{kind or 'nothing'}, e = {e}{q}. {meaning}",
                "pairs": [
                    {"anchor": v.anchor, "name": v.name, "kind": v.kind, "e": v.estimate, "q": v.row["q_value"],
                     "sequences": v.row["sequences"]} for v in views
                ],
            }))  # fmt: skip
        found.append((a, b, Cell(kind, symbol, title, anchor, _share(row["e"], largest), row["e"])))
    return _square(names, _labels(names, members), found, "family"), records
