"""The motif interaction map: families of motifs against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from combmotif.core.tables import FAMILY_MAP, INSERTED
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pattern import Pattern
from combmotif.motifs.cluster import families
from combmotif.motifs.motif import Motif, MotifSet

MIXED = "mixed"
SILENT = ("too few sequences", "undetermined", "no effect detected")
"""Classes that say nothing where another pair of the same families has a class that does."""


def name_families(pairs: Sequence[Pair]) -> list[Pair]:
    """Give every pair the names of its motifs' families.

    Those that a pair has already stay. A word is a family of its own. Other matrices that resemble each other (average
    similarity of 0.8, see `combmotif.motifs.families`) are one family, called by the consensus of the member with most
    information.
    """
    sides: dict[str, Pattern] = {
        side.name: side
        for pair in pairs
        for side, given in ((pair.a, pair.family_a), (pair.b, pair.family_b))
        if not given
    }
    matrices = [side for side in sides.values() if not isinstance(side.motif, str)]
    labels = families(MotifSet(tuple(Motif(side.name, np.asarray(side.motif) * 100, 100) for side in matrices)))
    names = {name: side.consensus for name, side in sides.items()}
    taken: Counter[str] = Counter()
    for label in dict.fromkeys(labels):
        members = [side for side, own in zip(matrices, labels, strict=True) if own == label]
        best = max(members, key=_information)
        taken[best.consensus] += 1
        title = best.consensus if taken[best.consensus] == 1 else f"{best.consensus} ({best.name})"
        names |= {side.name: title for side in members}
    return [
        replace(pair, family_a=pair.family_a or names[pair.a.name], family_b=pair.family_b or names[pair.b.name])
        for pair in pairs
    ]


def _information(pattern: Pattern) -> float:
    p = np.clip(np.asarray(pattern.motif, dtype=float), 1e-12, 1)
    return float((2 + (p * np.log2(p)).sum(1)).sum())


def interaction_map(table: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Sum up the pairs of motifs as pairs of families.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `summarise`, one row per pair. A pair whose sequences tell nothing (`SILENT`) counts with what its insertion
        tells.
    pairs : sequence of Pair
        The same pairs in the same order.

    Returns
    -------
    pandas.DataFrame
        Columns: `combmotif.core.tables.FAMILY_MAP`. One row per two families that were tested, in order of the first
        pair.
    """
    table = _told(table)
    cells: dict[tuple[str, str], list[int]] = {}
    for index, pair in enumerate(pairs):
        a, b = pair.family_a or pair.a.consensus, pair.family_b or pair.b.consensus
        key = (b, a) if (b, a) in cells else (a, b)
        cells.setdefault(key, []).append(index)
    rows = []
    for (a, b), members in cells.items():
        own = table.iloc[members]
        weights = own["sequences"].to_numpy(dtype=float)
        kinds = list(dict.fromkeys(own["class"]))
        telling = [kind for kind in kinds if kind not in SILENT]
        kind = telling[0] if len(telling) == 1 else MIXED if telling else kinds[0] if len(kinds) == 1 else SILENT[1]
        rows.append(
            {
                "family_a": a,
                "family_b": b,
                "class": kind,
                "pairs": len(own),
                "sequences": int(own["sequences"].sum()),
                "e": _mean(own["epistasis"], weights),
                "joint": _mean(own["joint"], weights),
                "q": own["q_value"].min(),
            }
        )
    return FAMILY_MAP.frame(rows)


def _told(table: pd.DataFrame) -> pd.DataFrame:
    """Put the results by insertion in place of those of sequences that tell nothing."""
    if f"{INSERTED}class" not in table:
        return table
    told = table[f"{INSERTED}class"]
    silent = (table["class"].isin(SILENT) & told.notna() & ~told.isin([*SILENT, ""])).to_numpy()
    table = table.copy()
    for name, inserted in (
        ("class", "class"), ("sequences", "backgrounds"), ("epistasis", "epistasis"), ("joint", "joint"),
        ("q_value", "q_value"),
    ):  # fmt: skip
        table[name] = table[name].where(~silent, table[INSERTED + inserted])
    return table


def _mean(values: pd.Series, weights: np.ndarray) -> float:
    known = values.notna().to_numpy() & (weights > 0)
    return float(np.average(values.to_numpy(dtype=float)[known], weights=weights[known])) if known.any() else np.nan
