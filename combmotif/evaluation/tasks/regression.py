"""Measured values of sequences (MPRA, half-life): how well do a model's vectors, or its own predictions, tell them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.ridge import leave_group_out_ridge
from combmotif.evaluation.solvers import deal_folds, nested_regression
from combmotif.evaluation.statistics import number_groups, pearson
from combmotif.evaluation.tasks.base import (
    ScoreColumn,
    Task,
    Truth,
    column_of,
    encode_rows,
    groups_from,
    minus_names,
    numbers_of,
    read_cells,
)
from combmotif.training.overlap import overlap_groups


class RegressionTask(Task):
    """Predict measured values of sequences, in folds of unrelated groups.

    Parameters
    ----------
    table : str
        .csv or .tsv with sequences and values.
    sequence : str
        Column of the sequences.
    targets : sequence of str
        Columns of the values; NA where not measured.
    columns : sequence of str, optional
        Names of the columns of a table without a header line.
    name : str, optional
        Column of names; default row numbers.
    where : dict of str to str, optional
        Keep the rows with these values.
    groups : dict, optional
        ``{overlap: 40}``, sequences that share a 40-mer (default), or ``{column: gene}``.
    cv : str
        ``folds:10`` (nested: the penalty of a fold is chosen without it), ``leave-group-out`` (ridge with the one
        penalty that is best over all groups), or ``column:BIN``, published folds.
    regressor : str
        ``ridge``, ``svr``, ``lasso``, ``gbm``, ``mlp``, or ``none`` to use the model's own predictions only.
    pairs : dict, optional
        ``{by: variant, allele: allele, ref: ref, alt: alt}``: columns that join two rows to a pair, and the values of
        the second that say which is which; the difference alt - ref is then measured, too.
    single_base : bool
        Keep only pairs of one length that differ by one base.
    complete : bool
        Keep only rows with a value of every target, so that all targets have the same rows.
    strand, orientation : str
        Column of the strand of each gene, and how the sequences are given (``rna`` or ``genome``).
    seed : int
    """

    def __init__(
        self,
        table: str,
        targets: Sequence[str],
        *,
        sequence: str = "sequence",
        columns: Sequence[str] | None = None,
        name: str | None = None,
        where: dict[str, str] | None = None,
        groups: dict[str, Any] | None = None,
        cv: str = "folds:10",
        regressor: str = "ridge",
        pairs: dict[str, str] | None = None,
        single_base: bool = False,
        complete: bool = False,
        strand: str | None = None,
        orientation: str = "rna",
        seed: int = 0,
    ) -> None:
        super().__init__(kind="regression")
        self.cv, self.regressor, self.seed = cv, regressor, seed
        cells = read_cells(table, columns=columns)
        texts = column_of(cells, sequence, path=table, key="sequence")
        names = cells[name] if name else [f"row{i + 1}" for i in range(len(texts))]
        self.codes, rows = encode_rows(texts, names, self.skipped)
        kept = np.ones(len(rows), dtype=bool)
        for column, wanted in (where or {}).items():
            chosen = column_of(cells, column, path=table, key="where")
            kept &= np.array([chosen[row] == wanted for row in rows])
        values = {t: numbers_of(column_of(cells, t, path=table, key="targets"), path=table, column=t) for t in targets}
        need = np.all if complete else np.any
        measured = need([np.isfinite(v[rows]) for v in values.values()], axis=0)
        self.skipped += [
            (names[row], "not every target is measured" if complete else "no target is measured")
            for row in rows[kept & ~measured]
        ]
        kept &= measured
        self._pairs: list[tuple[int, int]] = []
        if pairs:
            kept, joined = _join_pairs(cells, rows, kept, self.codes, pairs, table, single_base=single_base)
            self.skipped += joined.pop("skipped")
            self._pairs = joined["pairs"]
        places = np.flatnonzero(kept)
        if not len(places):
            raise ValueError(f"{table}: expected rows with a sequence and a value in {', '.join(targets)}, found none")
        self.codes, rows = [self.codes[i] for i in places], rows[places]
        back = {int(place): i for i, place in enumerate(places)}
        self._pairs = [(back[a], back[b]) for a, b in self._pairs]
        self.names = [names[row] for row in rows]
        self.orientation = orientation
        self.minus = minus_names(cells, strand, rows, self.names, path=table)
        self.groups = groups_from(groups, cells, self.codes, rows, path=table)
        self.items = pd.DataFrame({"item": self.names, "group": self.groups, "length": [len(c) for c in self.codes]})
        self.folds = None
        if cv.startswith("column:"):
            column = cv.partition(":")[2]
            self.folds = number_groups([column_of(cells, column, path=table, key="cv")[row] for row in rows])
        for target in targets:
            own = values[target][rows]
            self.items[target] = own
            related = self._related(np.isfinite(own), groups)
            self.truths.append(Truth(target, own, related))
            if self._pairs:
                ref, alt = np.array(self._pairs).T
                self.truths.append(Truth(f"{target}: alt - ref", own[alt] - own[ref], related[ref], "difference"))

    def _related(self, measured: np.ndarray, groups: dict[str, Any] | None) -> np.ndarray:
        """Groups of the rows that are measured: a sequence that is not joins none of them."""
        if measured.all() or (groups and groups.get("column")):
            return self.groups
        related = np.arange(len(measured)) + len(measured)
        rows = np.flatnonzero(measured)
        overlap = (groups or {}).get("overlap") or 40
        related[rows] = overlap_groups([self.codes[i] for i in rows], k=int(overlap))
        return related

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Fit the vectors to every target, and take the model's own predictions as they are."""
        found: list[ScoreColumn] = []
        if "predict" in adapter.capabilities:
            predicted = adapter.predict(self.codes, names=self.names)
            for i, output in enumerate(adapter.outputs or [f"output{i + 1}" for i in range(predicted.shape[1])]):
                found += self._columns(
                    output, predicted[:, i], [t.name for t in self.truths if t.kind == "real"], False
                )
        if "embed" in adapter.capabilities and self.regressor != "none":
            x = adapter.embed(self.codes, names=self.names)
            for truth in [t for t in self.truths if t.kind == "real"]:
                found += self._columns(self.regressor, self._fit(x, truth), [truth.name], True)
        if not found:
            adapter.require("predict" if self.regressor == "none" else "embed")
        return found

    def _columns(self, name: str, values: np.ndarray, targets: list[str], fitted: bool) -> list[ScoreColumn]:  # noqa: FBT001
        found = [ScoreColumn(name, target, values, fitted) for target in targets]
        if self._pairs:
            ref, alt = np.array(self._pairs).T
            found += [ScoreColumn(name, f"{target}: alt - ref", values[alt] - values[ref]) for target in targets]
        return found

    def _fit(self, x: np.ndarray, truth: Truth) -> np.ndarray:
        rows = np.flatnonzero(np.isfinite(truth.values) & np.isfinite(x).all(1))
        predicted = np.full(len(truth.values), np.nan)
        y, own = truth.values[rows], x[rows]
        if self.cv == "leave-group-out":
            if self.regressor != "ridge":
                raise ValueError(f"cv: leave-group-out is for ridge; use folds:10 with {self.regressor}")
            tried = leave_group_out_ridge(own, y, truth.groups[rows])
            ones = np.ones(len(y))
            predicted[rows] = tried[int(np.nanargmax([pearson(y, row, ones) for row in tried]))]
            return predicted
        if self.folds is not None:
            folds = number_groups(self.folds[rows].tolist())
        else:
            kind, _, count = self.cv.partition(":")
            if kind != "folds" or not count.isdecimal():
                raise ValueError(f"cv: expected folds:N, leave-group-out or column:NAME, found '{self.cv}'")
            folds = deal_folds(truth.groups[rows], folds=int(count), seed=self.seed)
        predicted[rows] = nested_regression(own, y, folds, regressor=self.regressor, seed=self.seed).predicted
        return predicted


def _join_pairs(
    cells: dict[str, list[str]],
    rows: np.ndarray,
    kept: np.ndarray,
    codes: Sequence[np.ndarray],
    pairs: dict[str, str],
    table: str,
    *,
    single_base: bool,
) -> tuple[np.ndarray, dict[str, list]]:
    """Join the rows of a variant; returns which rows are of a pair, the pairs, and what was skipped."""
    if missing := [key for key in ("by", "allele", "ref", "alt") if key not in pairs]:
        raise ValueError(f"pairs: expected by, allele, ref and alt, found no '{missing[0]}'")
    by = column_of(cells, pairs["by"], path=table, key="pairs.by")
    allele = column_of(cells, pairs["allele"], path=table, key="pairs.allele")
    found: dict[str, dict[str, int]] = {}
    skipped = []
    for place, row in enumerate(rows):
        if not kept[place]:
            continue
        if allele[row] not in (pairs["ref"], pairs["alt"]):
            skipped.append((by[row], f"allele '{allele[row]}' is neither {pairs['ref']} nor {pairs['alt']}"))
        elif allele[row] in found.setdefault(by[row], {}):
            skipped.append((by[row], f"allele '{allele[row]}' stands twice"))
        else:
            found[by[row]][allele[row]] = place
    joined, mask = [], np.zeros(len(rows), dtype=bool)
    for name, own in found.items():
        if len(own) < 2:
            skipped.append((name, "only one allele is there"))
            continue
        ref, alt = own[pairs["ref"]], own[pairs["alt"]]
        same = len(codes[ref]) == len(codes[alt])
        if single_base and not (same and int((codes[ref] != codes[alt]).sum()) == 1):
            skipped.append((name, "the alleles differ by more than one base"))
            continue
        joined.append((ref, alt))
        mask[[ref, alt]] = True
    return mask, {"pairs": joined, "skipped": skipped}
