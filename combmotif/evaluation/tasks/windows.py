"""Bound and unbound windows (CLIP, eCLIP): can a model's vectors tell them apart, and better than composition does?"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.config.evaluation import WindowsSection
from combmotif.core.packed import open_text
from combmotif.evaluation.adapters.base import Adapter, LacksCapability
from combmotif.evaluation.features import kmer_counts
from combmotif.evaluation.solvers import deal_folds, nested_classifier, tuned_classifier
from combmotif.evaluation.tasks.base import ScoreColumn, Task, Truth, column_of, encode_rows, read_cells
from combmotif.training.overlap import overlap_groups

_CLASS = re.compile(r"class[:=]\s*([01])\b")


def read_labelled(
    path: str, *, label: str = "label", sequence: str = "sequence"
) -> tuple[list[str], list[str], np.ndarray]:
    """Read windows with a label of 0 or 1: FASTA with ``class:1`` in the header, or a table.

    Returns
    -------
    (names, sequences, labels)

    Raises
    ------
    ValueError
        If a label is missing or neither 0 nor 1.
    """
    if not re.search(r"\.(fa|fasta|fna)(\.gz)?$", path.lower()):
        cells = read_cells(path)
        texts = column_of(cells, sequence, path=path, key="sequence")
        labels = column_of(cells, label, path=path, key="label")
        for row, text in enumerate(labels, 1):
            if text not in ("0", "1"):
                raise ValueError(f"{path}: row {row} column '{label}': expected 0 or 1, found '{text}'")
        names = cells.get("name") or [f"row{i + 1}" for i in range(len(texts))]
        return names, texts, np.array(labels, dtype=float)
    names, texts, found = [], [], []
    with open_text(Path(path)) as stream:
        for line in stream:
            line = line.strip()
            if line.startswith(">"):
                match = _CLASS.search(line)
                if match is None:
                    raise ValueError(f"{path}: expected 'class:0' or 'class:1' in every header, found '{line[:60]}'")
                names.append(line[1:].split(";")[0].strip())
                texts.append("")
                found.append(float(match[1]))
            elif line:
                if not texts:
                    raise ValueError(f"{path}: expected a FASTA header ('>name'), found {line[:20]!r}")
                texts[-1] += line
    if not names:
        raise ValueError(f"{path}: expected FASTA records, the file is empty")
    return names, texts, np.array(found)


class WindowsTask(Task):
    """Tell bound from unbound windows, by a logistic regression on vectors that never saw related windows."""

    def __init__(self, section: WindowsSection, *, seed: int = 0) -> None:
        super().__init__(kind="windows")
        self.folds, self.seed = section.folds, seed
        test, train, overlap = section.test, section.train, section.overlap
        names, texts, labels = read_labelled(test, label=section.label, sequence=section.sequence)
        self.codes, rows = encode_rows(texts, names, self.skipped, shortest=6)
        self.names = [names[row] for row in rows]
        values = labels[rows]
        if len(np.unique(values)) < 2:
            raise ValueError(f"{test}: expected bound and unbound windows, found only label {values[0]:g}")
        groups = overlap_groups(self.codes, k=overlap)
        self.items = pd.DataFrame({"item": self.names, "group": groups, "label": values})
        self.truths = [Truth("bound", values, groups, "binary")]
        self.training: tuple[list[str], list[np.ndarray], np.ndarray] | None = None
        if train is not None:
            names, texts, labels = read_labelled(train, label=section.label, sequence=section.sequence)
            codes, rows = encode_rows(texts, names, self.skipped, shortest=6)
            seen = overlap_groups([*codes, *self.codes], k=overlap)
            shared = np.isin(seen[: len(codes)], seen[len(codes) :])
            self.skipped += [
                (names[row], f"training window that shares a {overlap}-mer with a test window")
                for row, related in zip(rows, shared, strict=True)
                if related
            ]
            kept = np.flatnonzero(~shared)
            if len(np.unique(labels[rows[kept]])) < 2:
                raise ValueError(f"{train}: expected unrelated training windows of both labels, found one label only")
            self.training = ([names[rows[i]] for i in kept], [codes[i] for i in kept], labels[rows[kept]])

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Fit a logistic regression to vectors; take predictions and likelihoods as they are."""
        found: list[ScoreColumn] = []
        if "embed" in adapter.capabilities:
            found.append(ScoreColumn("logistic", "bound", self._logistic(adapter)))
        elif "predict" in adapter.capabilities:
            predicted = adapter.predict(self.codes, names=self.names)
            found += [ScoreColumn(o, "bound", predicted[:, i]) for i, o in enumerate(adapter.outputs)]
        if "likelihood" in adapter.capabilities and not found:
            found.append(ScoreColumn("likelihood", "bound", adapter.log_likelihood(self.codes, names=self.names)))
        if not found:
            adapter.require("embed")
        return found

    def _logistic(self, adapter: Adapter) -> np.ndarray:
        x = np.asarray(adapter.embed(self.codes, names=self.names), dtype=float)
        truth = self.truths[0]
        known = np.flatnonzero(np.isfinite(x).all(1))
        scored = np.full(len(x), np.nan)
        if len(np.unique(truth.groups[known])) < 2 or len(np.unique(truth.values[known])) < 2:
            raise LacksCapability(
                f"it has whole vectors for {len(known):,} of {len(x):,} windows, all of one label or one group"
            )
        if self.training is None:
            folds = deal_folds(truth.groups[known], folds=self.folds, seed=self.seed)
            try:
                scored[known] = nested_classifier(x[known], truth.values[known], folds).predicted
            except ValueError as error:  # the few of one label are all in one fold
                raise LacksCapability(str(error)) from error
            return scored
        names, codes, labels = self.training
        fit = np.asarray(adapter.embed(codes, names=names), dtype=float)
        folds = deal_folds(overlap_groups(codes, k=40), folds=3, seed=self.seed)
        parts = [folds == fold for fold in range(int(folds.max()) + 1)]
        scored[known], _ = tuned_classifier(fit, labels, x[known], parts, classifier="logistic", seed=self.seed)
        return scored

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return the log odds of 5-mers, learned from the training windows: no fit, only counts."""
        if self.training is None:
            return {}
        _, codes, labels = self.training
        counts = kmer_counts(codes, 5)
        odds = np.log(counts[labels > 0].sum(0) + 1) - np.log(counts[labels == 0].sum(0) + 1)
        values = kmer_counts(self.codes, 5) @ (odds - odds.mean())
        return {"kmer:5 log odds": [ScoreColumn("log odds", "bound", values)]}
