"""Variants: do a model's scores of a reference and an alternative sequence tell harmful from harmless ones?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from combmotif.config.evaluation import VariantsSection
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

    A larger score means more harm; scores made elsewhere, and effects, are turned round (``-NAME``, ``abs:NAME``) so
    that it does.
    """

    def __init__(self, section: VariantsSection, *, seed: int = 0) -> None:
        super().__init__(kind="variants")
        self.section, self.seed = section, seed
        table, label, effect, chrom, pos = section.table, section.label, section.effect, section.chrom, section.pos
        positive, negative = section.positive, section.negative
        cells = read_cells(table)
        names, pairs = read_pairs(
            cells, ref=section.ref, alt=section.alt, name=section.name, path=table, skipped=self.skipped
        )
        rows = np.array([row for row, _, _ in pairs])
        self.ref, self.alt = [code for _, code, _ in pairs], [code for _, _, code in pairs]
        self.names = [names[row] for row in rows]
        self.ends = [common_ends(a, b) for a, b in zip(self.ref, self.alt, strict=True)]
        own = self.groups = groups_from(section.groups, cells, self.ref, rows, path=table)
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
        on_minus = minus_names(cells, section.strand, rows, self.names, path=table)
        self.orientation = section.orientation
        if on_minus is not None:
            self.minus = frozenset(f"{name}_{allele}" for name in on_minus for allele in ("ref", "alt"))
        self._places: list[tuple[str, int, int]] = []
        if pos is not None and parts is not None:
            numbers = column_of(cells, pos, path=table, key="pos")
            for row, part, before, after, ends in zip(rows, parts, self.ref, self.alt, self.ends, strict=True):
                if not numbers[row].isdecimal() or int(numbers[row]) < 1:
                    raise ValueError(
                        f"{table}: row {row + 1} column '{pos}': expected a position from 1, found '{numbers[row]}'"
                    )
                anchor = len(before) != len(after)  # insertions and deletions begin with the base before them
                self._places.append((part, int(numbers[row]) - 1, len(before) - sum(ends) + anchor))
        self._given = {own: _turned_column(cells, own, rows, path=table, key="columns") for own in section.columns}

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return the columns of scores, and the loss of motifs."""
        found = {}
        if self._given:
            found["table"] = self._all(self._given)
        if motifs := self.section.motifs:
            kmers = [encode(motif) for motif in motifs]
            span = slice(*self.section.motif_span) if self.section.motif_span else slice(None)

            def count(code: np.ndarray) -> int:
                return sum(len(find_instances(code[span], kmer)) for kmer in kmers)

            lost = np.array([count(a) - count(b) for a, b in zip(self.ref, self.alt, strict=True)], dtype=float)
            found["motif loss"] = self._all({f"loss of {'/'.join(motifs)}": lost})
        return found

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
            if self.section.label is not None and self.section.classifier != "none":
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
        widths = (0, *self.section.vis_windows)
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
        folds = deal_folds(truth.groups[rows], folds=self.section.folds, seed=self.seed)
        found = []
        for name, x in (("classifier", np.concatenate([ref, alt - ref], 1)), ("locus only", ref)):
            values = np.full(len(truth.values), np.nan)
            try:
                own = nested_classifier(
                    x[rows], truth.values[rows], folds, classifier=self.section.classifier, seed=self.seed
                )
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
