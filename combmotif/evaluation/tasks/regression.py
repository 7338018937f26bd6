"""Measured values of sequences (MPRA, half-life): how well do a model's vectors, or its own predictions, tell them?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from combmotif.config.evaluation import RegressionSection
from combmotif.evaluation.adapters.base import Adapter, LacksCapability
from combmotif.evaluation.ridge import PENALTIES, leave_group_out_ridge
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
    names_of,
    numbers_of,
    read_cells,
)
from combmotif.evaluation.tasks.pairs import Pairs
from combmotif.training.overlap import overlap_groups


class RegressionTask(Task):
    """Predict measured values of sequences, in folds of unrelated groups."""

    def __init__(self, section: RegressionSection, *, seed: int = 0) -> None:
        super().__init__(kind="regression")
        self.section, self.seed = section, seed
        table, targets, pairs, cv = section.table, section.targets, section.pairs, section.cv
        cells = read_cells(table, columns=section.columns)
        texts = column_of(cells, section.sequence, path=table, key="sequence")
        names = names_of(cells, section.name, path=table)
        self.codes, rows = encode_rows(texts, names, self.skipped)
        kept = np.ones(len(rows), dtype=bool)
        for column, wanted in section.where.items():
            chosen = column_of(cells, column, path=table, key="where")
            kept &= np.array([chosen[row] == wanted for row in rows])
        column = cv.partition(":")[2] if cv.startswith("column:") else ""
        told = column_of(cells, column, path=table, key="cv") if column else []
        if column:
            if not any(told):
                raise ValueError(f"{table}: cv: expected folds in '{column}', found that every row's is empty")
            without = np.array([not told[row] for row in rows])
            self.skipped += [(names[row], f"its cell in '{column}' names no fold") for row in rows[kept & without]]
            kept &= ~without
        values = {t: numbers_of(column_of(cells, t, path=table, key="targets"), path=table, column=t) for t in targets}
        need = np.all if section.complete else np.any
        measured = need([np.isfinite(v[rows]) for v in values.values()], axis=0)
        self.skipped += [
            (names[row], "not every target is measured" if section.complete else "no target is measured")
            for row in rows[kept & ~measured]
        ]
        kept &= measured
        self._pairs: list[tuple[int, int]] = []
        if pairs:
            found = Pairs(cells, names, texts, rows, kept, pairs, path=table)
            if section.single_base:
                found.keep_single_bases(self.codes)
            self.skipped += found.skipped
            self._pairs = found.places
            if not self._pairs:
                why = f"; the first was left out because {self.skipped[-1][1]}" if self.skipped else ""
                raise ValueError(f"{table}: pairs: expected rows that are two alleles of a variant, found none{why}")
            if pairs.by:
                kept = np.isin(np.arange(len(rows)), self._pairs)
        places = np.flatnonzero(kept)
        if not len(places):
            raise ValueError(f"{table}: expected rows with a sequence and a value in {', '.join(targets)}, found none")
        self.codes, rows = [self.codes[i] for i in places], rows[places]
        back = {int(place): i for i, place in enumerate(places)}
        self._pairs = [(back[a], back[b]) for a, b in self._pairs]
        self.names = [names[row] for row in rows]
        self.orientation = section.orientation
        self.minus = minus_names(cells, section.strand, rows, self.names, path=table)
        self.groups = groups_from(section.groups, cells, self.codes, rows, path=table)
        self.items = pd.DataFrame({"item": self.names, "group": self.groups, "length": [len(c) for c in self.codes]})
        published = tuple(told[row] for row in rows) if column else None
        self.folds = None if published is None else number_groups(list(published))
        for target in targets:
            own = values[target][rows]
            self.items[target] = own
            related = self._related(np.isfinite(own))
            self.truths.append(Truth(target, own, related, parts=published, part="fold"))
            if section.regressor != "none":
                self._check_folds(self.truths[-1], table)
            if self._pairs:
                ref, alt = np.array(self._pairs).T
                self.truths.append(Truth(f"{target}: alt - ref", own[alt] - own[ref], related[ref], "difference"))
                if pairs is not None and (p_column := pairs.significant.get(target)):
                    told = column_of(cells, p_column, path=table, key="pairs.significant")
                    p = numbers_of([told[row] for row in rows[alt]], path=table, column=p_column)
                    label = np.where(np.isfinite(p), p <= pairs.level, np.nan)
                    if len(np.unique(label[np.isfinite(label)])) < 2:
                        raise ValueError(
                            f"{table}: pairs.significant: expected pairs with a p of at most {pairs.level:g} and "
                            f"others in '{p_column}', found only one of the two"
                        )
                    self.truths.append(Truth(f"{target}: significant", label, related[ref], "binary"))

    def _check_folds(self, truth: Truth, table: str) -> None:
        """Refuse, before any work, folds that nothing can be fitted in."""
        measured = np.isfinite(truth.values)
        units = truth.groups if self.folds is None else self.folds
        least = 2 if self.section.cv == "leave-group-out" else 3
        if (found := len(np.unique(units[measured]))) < least:
            what = (
                "groups of unrelated sequences"
                if self.folds is None
                else f"folds in '{self.section.cv.partition(':')[2]}'"
            )
            raise ValueError(
                f"{table}: target '{truth.name}': expected at least {least} {what} with a value, found {found}"
            )

    def _related(self, measured: np.ndarray) -> np.ndarray:
        """Groups of the rows that are measured: a sequence that is not joins none of them."""
        if measured.all() or self.section.groups.column:
            return self.groups
        related = np.arange(len(measured)) + len(measured)
        rows = np.flatnonzero(measured)
        related[rows] = overlap_groups([self.codes[i] for i in rows], k=self.section.groups.overlap)
        return related

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Fit the vectors to every target, and take the model's own predictions as they are."""
        found: list[ScoreColumn] = []
        if "predict" in adapter.capabilities:
            predicted = adapter.predict(self.codes, names=self.names)
            for i, output in enumerate(adapter.outputs or [f"output{i + 1}" for i in range(predicted.shape[1])]):
                found += self._columns(output, predicted[:, i], [t.name for t in self.truths if t.kind == "real"])
        if "embed" in adapter.capabilities and self.section.regressor != "none":
            x = adapter.embed(self.codes, names=self.names)
            for truth in [t for t in self.truths if t.kind == "real"]:
                predicted, settings = self._fit(x, truth)
                found += self._columns(self.section.regressor, predicted, [truth.name], settings=settings)
        if not found:
            adapter.require("predict" if self.section.regressor == "none" else "embed")
        return found

    def _columns(
        self, name: str, values: np.ndarray, targets: list[str], *, settings: tuple[str, ...] | None = None
    ) -> list[ScoreColumn]:
        """Hold values against targets, and their differences of pairs; they were fitted where there are settings."""
        fitted = settings is not None
        found = [ScoreColumn(name, target, values, fitted, settings=settings or ()) for target in targets]
        if self._pairs:
            ref, alt = np.array(self._pairs).T
            change = values[alt] - values[ref]
            found += [ScoreColumn(name, f"{target}: alt - ref", change) for target in targets]
            there = {truth.name for truth in self.truths}
            sizes = [f"{target}: significant" for target in targets if f"{target}: significant" in there]
            found += [ScoreColumn(f"|{name}|", size, np.abs(change)) for size in sizes]
        return found

    def _fit(self, x: np.ndarray, truth: Truth) -> tuple[np.ndarray, tuple[str, ...]]:
        """Predictions of rows by fits without their group, and the setting of each fit."""
        rows = np.flatnonzero(np.isfinite(truth.values) & np.isfinite(x).all(1))
        predicted = np.full(len(truth.values), np.nan)
        units = truth.groups if self.folds is None else self.folds
        if len(np.unique(units[rows])) < (2 if self.section.cv == "leave-group-out" else 3):
            raise LacksCapability(
                f"it has whole vectors for {len(rows):,} of {int(np.isfinite(truth.values).sum()):,} items, too few to "
                f"fit '{truth.name}' in folds of unrelated groups"
            )
        y, own = truth.values[rows], x[rows]
        if self.section.cv == "leave-group-out":
            tried = leave_group_out_ridge(own, y, truth.groups[rows])
            ones = np.ones(len(y))
            best = int(np.nanargmax([pearson(y, row, ones) for row in tried]))
            predicted[rows] = tried[best]
            return predicted, (str({"penalty": PENALTIES[best]}),)
        if self.folds is not None:
            folds = np.unique(self.folds[rows], return_inverse=True)[1]
        else:
            folds = deal_folds(truth.groups[rows], folds=int(self.section.cv.partition(":")[2]), seed=self.seed)
        fitted = nested_regression(own, y, folds, regressor=self.section.regressor, seed=self.seed)
        predicted[rows] = fitted.predicted
        return predicted, tuple(str(setting) for setting in fitted.chosen)
