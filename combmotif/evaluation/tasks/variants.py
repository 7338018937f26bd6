"""Variants: do a model's scores of a reference and an alternative sequence tell harmful from harmless ones?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.evaluation.adapters.base import Adapter, LacksCapability, mean_log_probability
from combmotif.evaluation.adapters.tracks import Track
from combmotif.evaluation.dataset.anchored import common_ends
from combmotif.evaluation.solvers import deal_folds, nested_classifier
from combmotif.evaluation.tasks.base import (
    ScoreColumn,
    Task,
    Truth,
    column_of,
    groups_from,
    minus_names,
    numbers_of,
    read_cells,
)
from combmotif.evaluation.tasks.instances import find_instances
from combmotif.evaluation.tasks.pairs import read_pairs
from combmotif.sequence.alphabet import encode

_TINY = 1e-14


class VariantsTask(Task):
    """Score pairs of a reference and an alternative sequence, and hold them against a class or a measured effect.

    Parameters
    ----------
    table : str
        One row per variant, as ``combmotif dataset variants`` writes it.
    ref, alt : str
        Columns of the two sequences, of one window; an insertion or deletion makes their lengths differ.
    label : str, optional
        Column of the class.
    positive, negative : sequence of str
        Values of the label that mean 1 and 0; other rows have no class.
    effect : str, optional
        Column of a measured effect; ``-NAME`` and ``abs:NAME`` turn it round, so that more means more harm.
    columns : sequence of str
        Columns of scores made elsewhere, such as CADD or a published prediction; turned round in the same way.
    motifs : sequence of str
        k-mers whose loss is a score: occurrences in the reference less those in the alternative.
    motif_span : (int, int), optional
        Count only what begins and ends between these positions (0-based half-open), where a signal is to stand.
    name, chrom : str, optional
        Columns of the variant's name and of the chromosome, over which AUPRC is averaged.
    groups : dict, optional
        ``{column: gene}`` or ``{overlap: 40}`` (default).
    vis_windows : sequence of int
        Widths in nt over which the influence on the neighbours is averaged, beside the whole window.
    classifier : str
        Also fit a classifier (``logistic``, ``mlp`` or ``none``) to the vectors of both sequences, in folds of
        unrelated groups, with the reference alone (the locus) as its control.
    folds : int
    pos : str, optional
        Column of the position (1-based, of the first reference base), where a track such as conservation is read.
    strand, orientation : str
        Column of the strand of each gene, and how the sequences are given (``rna`` or ``genome``).
    seed : int
    """

    def __init__(
        self,
        table: str,
        *,
        ref: str = "ref_sequence",
        alt: str = "alt_sequence",
        label: str | None = None,
        positive: Sequence[str] = ("1",),
        negative: Sequence[str] = ("0",),
        effect: str | None = None,
        columns: Sequence[str] = (),
        motifs: Sequence[str] = (),
        motif_span: Sequence[int] | None = None,
        name: str | None = None,
        chrom: str | None = None,
        groups: dict[str, Any] | None = None,
        vis_windows: Sequence[int] = (64,),
        classifier: str = "logistic",
        folds: int = 5,
        pos: str | None = None,
        strand: str | None = None,
        orientation: str = "rna",
        seed: int = 0,
    ) -> None:
        super().__init__(kind="variants")
        self.motifs, self.vis_windows, self.folds, self.seed = tuple(motifs), tuple(vis_windows), folds, seed
        self.motif_span = slice(*motif_span) if motif_span else slice(None)
        cells = read_cells(table)
        names, pairs = read_pairs(cells, ref=ref, alt=alt, name=name, path=table, skipped=self.skipped)
        rows = np.array([row for row, _, _ in pairs])
        self.ref, self.alt = [code for _, code, _ in pairs], [code for _, _, code in pairs]
        self.names = [names[row] for row in rows]
        self.ends = [common_ends(a, b) for a, b in zip(self.ref, self.alt, strict=True)]
        own = groups_from(groups, cells, self.ref, rows, path=table)
        self.groups = own
        parts = None if chrom is None else tuple(column_of(cells, chrom, path=table, key="chrom")[row] for row in rows)
        if parts is not None and not any(parts):
            raise ValueError(f"{table}: chrom: expected chromosomes in '{chrom}', found that every row's is empty")
        self.items = pd.DataFrame({
            "item": self.names,
            "group": own,
            "position": [before for before, _ in self.ends],
            "ref_length": [len(code) for code in self.ref],
            "alt_length": [len(code) for code in self.alt],
        })  # fmt: skip
        if label is not None:
            told = [column_of(cells, label, path=table, key="label")[row] for row in rows]
            values = np.array([1.0 if t in positive else 0.0 if t in negative else np.nan for t in told])
            if len(np.unique(values[np.isfinite(values)])) < 2:
                raise ValueError(
                    f"{table}: label '{label}': expected rows of both classes ({', '.join(positive)} and "
                    f"{', '.join(negative)}), found {', '.join(sorted(set(told))[:6])}"
                )
            unclassed = ~np.isfinite(values)
            if effect is None:
                self.skipped += [
                    (self.names[i], f"label '{told[i]}' is of no class") for i in np.flatnonzero(unclassed)
                ]
            self.items["label"] = values
            self.truths.append(Truth("label", values, own, "binary", parts))
        if effect is not None:
            measured = _turned_column(cells, effect, rows, path=table, key="effect")
            if not np.isfinite(measured).any():
                raise ValueError(f"{table}: effect: expected numbers in '{effect}', found none")
            self.items["effect"] = measured
            self.truths.append(Truth("effect", measured, own, "difference", parts))
        if not self.truths:
            raise ValueError(f"{table}: expected a label or an effect to hold the scores against, found neither")
        self.classifier = classifier if label is not None else "none"
        on_minus = minus_names(cells, strand, rows, self.names, path=table)
        self.orientation = orientation
        if on_minus is not None:
            self.minus = frozenset(f"{name}_{allele}" for name in on_minus for allele in ("ref", "alt"))
        self._places: list[tuple[str, int, int]] = []
        if pos is not None:
            if parts is None:
                raise ValueError(f"{table}: pos: expected chrom beside it, found none")
            numbers = column_of(cells, pos, path=table, key="pos")
            for row, part, before, after, ends in zip(rows, parts, self.ref, self.alt, self.ends, strict=True):
                if not numbers[row].isdecimal() or int(numbers[row]) < 1:
                    raise ValueError(
                        f"{table}: row {row + 1} column '{pos}': expected a position from 1, found '{numbers[row]}'"
                    )
                anchor = len(before) != len(after)  # insertions and deletions begin with the base before them
                self._places.append((part, int(numbers[row]) - 1, len(before) - sum(ends) + anchor))
        self._given: dict[str, np.ndarray] = {}
        for column in columns:
            self._given[column] = _turned_column(cells, column, rows, path=table, key="columns")

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return the columns of scores, and the loss of motifs."""
        found = {}
        if self._given:
            found["table"] = self._all(self._given)
        if self.motifs:
            kmers = [encode(motif) for motif in self.motifs]

            def count(code: np.ndarray) -> int:
                return sum(len(find_instances(code[self.motif_span], kmer)) for kmer in kmers)

            lost = np.array([count(a) - count(b) for a, b in zip(self.ref, self.alt, strict=True)], dtype=float)
            found["motif loss"] = self._all({f"loss of {'/'.join(self.motifs)}": lost})
        return found

    def _all(self, scores: dict[str, np.ndarray]) -> list[ScoreColumn]:
        return [ScoreColumn(name, truth.name, values) for truth in self.truths for name, values in scores.items()]

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Score by everything the model is capable of; larger means a larger change for the worse."""
        names = [f"{name}_ref" for name in self.names], [f"{name}_alt" for name in self.names]
        scores: dict[str, np.ndarray] = {}
        if "predict" in adapter.capabilities:
            before, after = (adapter.predict(c, names=n) for c, n in zip((self.ref, self.alt), names, strict=True))
            for i, output in enumerate(adapter.outputs or [f"output{i + 1}" for i in range(before.shape[1])]):
                scores[f"delta {output}"] = after[:, i] - before[:, i]
                scores[f"|delta {output}|"] = np.abs(after[:, i] - before[:, i])
        tables: dict[str, list[list[np.ndarray]]] = {}
        for mode in ("unmasked", "masked"):
            if mode in adapter.capabilities:
                tables[mode] = [
                    adapter.probabilities(c, names=n, mode=mode)
                    for c, n in zip((self.ref, self.alt), names, strict=True)
                ]
        if "likelihood" in adapter.capabilities:
            if adapter.masked_likelihood and "masked" in tables:
                ref, alt = map(mean_log_probability, (self.ref, self.alt), tables["masked"])
            else:
                ref, alt = map(lambda c, n: adapter.log_likelihood(c, names=n), (self.ref, self.alt), names)
            scores |= {"loss alt": -alt, "loss difference": ref - alt}
        if isinstance(adapter, Track):
            scores["track"] = self._on_track(adapter)
        if "masked" in tables:
            scores |= self._substitutions(tables["masked"][0])
        if tables:  # the base itself in view, where the model can: the first of the two
            scores |= self._influences(*next(iter(tables.values())))
        columns = self._all(scores)
        if "embed" in adapter.capabilities:
            ref, alt = (
                np.asarray(adapter.embed(c, names=n), dtype=float)
                for c, n in zip((self.ref, self.alt), names, strict=True)
            )
            columns += self._all(_distances(ref, alt))
            if self.classifier != "none":
                columns += self._classified(ref, alt)
        if not columns:
            adapter.require("predict")
        return columns

    def _on_track(self, track: Track) -> np.ndarray:
        """Read the largest number of the reference's changed bases, of insertions and deletions with the one before."""
        if not self._places:
            raise LacksCapability(f"model '{track.name}' is read by position; give the task `chrom` and `pos`")
        return np.array([track.at(chromosome, position, size) for chromosome, position, size in self._places])

    def _substitutions(self, tables: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Score single substitutions by the probabilities of the two bases at the unmutated sequence."""
        found = np.full((len(self.ref), 3), np.nan)
        for row, (ref, alt, (before, _)) in enumerate(zip(self.ref, self.alt, self.ends, strict=True)):
            if len(ref) != len(alt) or int((ref != alt).sum()) != 1 or max(ref[before], alt[before]) > 3:
                continue
            p = tables[row][before]
            one, other = np.log(p[ref[before]] + _TINY), np.log(p[alt[before]] + _TINY)
            found[row] = (one, -other, one - other)
        return dict(zip(("pref", "palt", "pratio"), found.T, strict=True))

    def _influences(self, refs: list[np.ndarray], alts: list[np.ndarray]) -> dict[str, np.ndarray]:
        """Mean influence on the probabilities of the other positions, aligned over insertions and deletions."""
        widths = (0, *self.vis_windows)
        found = np.full((len(refs), len(widths)), np.nan)
        for row, (before, after) in enumerate(self.ends):
            a, b = refs[row], alts[row]
            pairs = [(a[:before], b[:before]), (a[len(a) - after :], b[len(b) - after :])]
            change = [np.abs(_log_odds(x) - _log_odds(y)).max(1) if len(x) else np.zeros(0) for x, y in pairs]
            for column, width in enumerate(widths):
                half = width // 2
                left = change[0][max(0, len(change[0]) - half) :] if width else change[0]
                both = np.concatenate([left, change[1][:half] if width else change[1]])
                found[row, column] = both.mean() if len(both) else np.nan
        return {f"VIS {w}" if w else "VIS": found[:, i] for i, w in enumerate(widths)}

    def _classified(self, ref: np.ndarray, alt: np.ndarray) -> list[ScoreColumn]:
        truth = self.truth("label")
        rows = np.flatnonzero(np.isfinite(truth.values) & np.isfinite(ref).all(1) & np.isfinite(alt).all(1))
        if len(np.unique(truth.groups[rows])) < 2:
            self.skipped.append(
                ("classifier", f"vectors of {len(rows):,} variants, which are of fewer than two groups")
            )
            return []
        folds = deal_folds(truth.groups[rows], folds=self.folds, seed=self.seed)
        found = []
        for name, x in (("classifier", np.concatenate([ref, alt - ref], 1)), ("locus only", ref)):
            values = np.full(len(truth.values), np.nan)
            try:
                own = nested_classifier(x[rows], truth.values[rows], folds, classifier=self.classifier, seed=self.seed)
                values[rows] = own.predicted
            except ValueError as error:
                self.skipped.append((name, str(error)))
                continue
            settings = tuple(str(chosen) for chosen in own.chosen)
            found.append(ScoreColumn(name, "label", values, control=name == "locus only", settings=settings))
        return found


def _turned_column(cells: dict[str, list[str]], column: str, rows: np.ndarray, *, path: str, key: str) -> np.ndarray:
    """Numbers of a column; of ``-NAME`` with the sign turned, of ``abs:NAME`` their sizes."""
    plain = column.removeprefix("abs:").removeprefix("-")
    texts = column_of(cells, plain, path=path, key=key)
    found = numbers_of([texts[row] for row in rows], path=path, column=plain)
    return np.abs(found) if column.startswith("abs:") else -found if column.startswith("-") else found


def _log_odds(p: np.ndarray) -> np.ndarray:
    p = p.astype(float)
    return np.asarray(np.log2((p + _TINY) / (1 - p + _TINY)))


def _distances(ref: np.ndarray, alt: np.ndarray) -> dict[str, np.ndarray]:
    norm = np.linalg.norm(ref, axis=1) * np.linalg.norm(alt, axis=1)
    inner = (ref * alt).sum(1)
    return {
        "l1": np.abs(ref - alt).sum(1),
        "l2": np.linalg.norm(ref - alt, axis=1),
        "dot": -inner,
        "cosine": 1 - inner / np.where(norm > 0, norm, np.nan),
    }
