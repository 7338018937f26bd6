"""Instances of binding motifs: does a model give a k-mer more probability where its protein binds than where not?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.core.seeding import named_generator
from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.tasks.base import ScoreColumn, Task, Truth, column_of, read_cells
from combmotif.evaluation.tasks.windows import read_labelled
from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import read_fasta
from combmotif.training.overlap import overlap_groups

_TINY = 1e-14
_AROUND = 50
"""Bases on either side over which the local composition of an instance is taken."""


def find_instances(code: np.ndarray, kmer: np.ndarray) -> np.ndarray:
    """Find every start of a k-mer in a sequence, overlapping ones and the last possible one included."""
    if len(code) < len(kmer):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero((np.lib.stride_tricks.sliding_window_view(code, len(kmer)) == kmer).all(1))


def read_regions(path: str, lengths: dict[str, int]) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Read bound regions on sequences: name, start, end (0-based, half-open) and protein; BED, no header.

    The protein is the fourth column up to the first ``_``. Regions of sequences that are not there, or beyond their
    end, are skipped; a file none of which fits is an error.
    """
    from pathlib import Path

    from combmotif.core.files import open_text

    rows, skipped = [], []
    with open_text(Path(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            cells = line.rstrip("\r\n").split("\t")
            try:
                name, start, end = cells[0], int(cells[1]), int(cells[2])
            except (IndexError, ValueError):
                raise ValueError(
                    f"{path}: line {number}: expected name, start, end with tabs between, found {line.strip()[:60]!r}"
                ) from None
            if name not in lengths:
                skipped.append((f"{name}:{start}-{end}", "the sequence is not in the FASTA"))
            elif not 0 <= start < end <= lengths[name]:
                skipped.append((f"{name}:{start}-{end}", f"beyond the sequence of {lengths[name]} nt"))
            else:
                rows.append((name, start, end, cells[3].split("_")[0] if len(cells) > 3 else ""))
    if not rows:
        said = f"; the first is on '{skipped[0][0]}' ({skipped[0][1]})" if skipped else ""
        raise ValueError(f"{path}: expected regions on the sequences of the FASTA, found none{said}")
    return pd.DataFrame(rows, columns=["name", "start", "end", "protein"]), skipped


def read_kmers(given: str | dict[str, Sequence[str]]) -> dict[str, list[str]]:
    """Read the k-mers of every protein: a mapping, or a table with the columns ``protein`` and ``kmer``."""
    if isinstance(given, dict):
        return {protein: [kmer.upper().replace("U", "T") for kmer in kmers] for protein, kmers in given.items()}
    cells = read_cells(given)
    proteins = column_of(cells, "protein", path=given, key="kmers")
    kmers = column_of(cells, "kmer", path=given, key="kmers")
    found: dict[str, list[str]] = {}
    for protein, kmer in zip(proteins, kmers, strict=True):
        found.setdefault(protein, []).append(kmer.upper().replace("U", "T"))
    return found


class MotifsTask(Task):
    """Tell bound from unbound instances of the same k-mers by per-base probabilities.

    Negatives are instances of the same k-mer outside all bound regions; per k-mer as many are drawn as there are
    positives, each the nearest in local GC content that is left (``match: gc``), or at random (``match: kmer``), or
    all are kept (``match: none``).

    Parameters
    ----------
    kmers : dict of protein to list of k-mers, or path of a table
    fasta : str, optional
        Sequences, with ``regions``, a BED of bound regions on them.
    regions : str, optional
    windows : str, optional
        Instead of both: labelled windows (``class:1`` in the header), each bound or unbound as a whole.
    match : str
    per_sequence : bool
        Draw negatives from sequences that have a positive too, as far as these suffice.
    limit : int, optional
        Draw this many of the sequences that hold an instance.
    seed : int
    """

    def __init__(
        self,
        kmers: str | dict[str, Sequence[str]],
        *,
        fasta: str | None = None,
        regions: str | None = None,
        windows: str | None = None,
        match: str = "gc",
        per_sequence: bool = False,
        limit: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(kind="motifs")
        listed = read_kmers(kmers)
        bound: dict[str, list[tuple[int, int, str]]] = {}
        if windows is not None:
            names, texts, labels = read_labelled(windows)
            names = [f"{name}#{i + 1}" for i, name in enumerate(names)] if len(set(names)) < len(names) else names
            codes = [encode(text, name=f"{windows}: '{name}'") for name, text in zip(names, texts, strict=True)]
            for name, code, label in zip(names, codes, labels, strict=True):
                bound[name] = [(0, len(code), "")] if label else []
        elif fasta is not None and regions is not None:
            sequences = read_fasta(fasta)
            names, codes = list(sequences.names), list(sequences.codes)
            table, self.skipped = read_regions(regions, {n: len(c) for n, c in zip(names, codes, strict=True)})
            for row in table.itertuples(index=False):
                bound.setdefault(str(row.name), []).append((int(row.start), int(row.end), str(row.protein)))
        else:
            raise ValueError("motifs: expected fasta and regions, or windows, found neither")
        items = _instances(names, codes, listed, bound)
        if limit is not None and items["sequence"].nunique() > limit:
            held = set(items["sequence"])
            rows = np.array([row for row, name in enumerate(names) if name in held])
            drawn = np.random.default_rng(seed).choice(rows, limit, replace=False)
            items = items[items["sequence"].isin({names[row] for row in drawn})]
        items = _matched(items, match, per_sequence=per_sequence, seed=seed)
        used = sorted(set(items["sequence"]))
        by_name = dict(zip(names, codes, strict=True))
        self.names, self.codes = used, [by_name[name] for name in used]
        groups = overlap_groups(self.codes, k=40)
        group_of = dict(zip(used, groups, strict=True))
        items["group"] = [group_of[name] for name in items["sequence"]]
        self.items = items.reset_index(drop=True)
        values = self.items["bound"].to_numpy(dtype=float)
        own = self.items["group"].to_numpy()
        self.truths = [Truth("all", values, own, "binary")]
        proteins = sorted({p for text in self.items["protein"] for p in str(text).split(",") if p})
        for protein in proteins if len(proteins) > 1 else []:
            mask = np.array([protein in str(text).split(",") for text in self.items["protein"]])
            self.truths.append(Truth(protein, np.where(mask, values, np.nan), own, "binary"))
        for kmer in sorted(set(self.items["kmer"])) if self.items["kmer"].nunique() > 1 else []:
            mask = (self.items["kmer"] == kmer).to_numpy()
            self.truths.append(Truth(kmer, np.where(mask, values, np.nan), own, "binary"))

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Average over the bases of each instance: p(ref), -ln of the least likely other base, and their log ratio."""
        adapter.require("masked")
        tables = dict(zip(self.names, adapter.probabilities(self.codes, names=self.names), strict=True))
        codes = dict(zip(self.names, self.codes, strict=True))
        scores = np.full((len(self.items), 3), np.nan)
        for row, (name, start, kmer) in enumerate(
            zip(self.items["sequence"], self.items["start"], self.items["kmer"], strict=True)
        ):
            p = tables[name][start : start + len(kmer)]
            if not np.isfinite(p).all():
                continue
            own = codes[name][start : start + len(kmer)]
            ref = p[np.arange(len(own)), own]
            others = p.copy()
            others[np.arange(len(own)), own] = np.inf
            alt = others.min(1)
            scores[row] = (
                ref.mean(),
                -np.log(alt + _TINY).mean(),
                (np.log(ref + _TINY) - np.log(alt + _TINY)).mean(),
            )
        return self._all(dict(zip(("ref", "alt", "ref_vs_alt"), scores.T, strict=True)))

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return the local AU content around each instance, and the length of its sequence."""
        length = self.items["length"].to_numpy(dtype=float)
        return {
            "composition": self._all({"local AU": 1 - self.items["local_gc"].to_numpy()}),
            "length": self._all({"length": length}),
        }

    def _all(self, scores: dict[str, np.ndarray]) -> list[ScoreColumn]:
        return [ScoreColumn(name, truth.name, values) for truth in self.truths for name, values in scores.items()]


def _instances(
    names: Sequence[str],
    codes: Sequence[np.ndarray],
    listed: dict[str, list[str]],
    bound: dict[str, list[tuple[int, int, str]]],
) -> pd.DataFrame:
    """Every instance of every k-mer: bound if it lies inside a region of its protein, unbound if outside of all."""
    by_kmer: dict[str, list[str]] = {}
    for protein, kmers in listed.items():
        for kmer in kmers:
            by_kmer.setdefault(kmer, []).append(protein)
    encoded = {kmer: encode(kmer) for kmer in by_kmer}
    rows = []
    for name, code in zip(names, codes, strict=True):
        regions = bound.get(name, [])
        for kmer, proteins in by_kmer.items():
            for start in find_instances(code, encoded[kmer]):
                start, end = int(start), int(start) + len(kmer)
                inside = [p for p in proteins if any(s <= start and end <= e and r in ("", p) for s, e, r in regions)]
                if not inside and any(s < end and start < e for s, e, _ in regions):
                    continue  # in a region of another protein, or across the edge of one
                around = code[max(0, start - _AROUND) : end + _AROUND]
                gc = float(np.isin(around, (1, 2)).mean())
                rows.append((name, start, kmer, ",".join(inside or proteins), float(bool(inside)), gc, len(code)))
    if not rows:
        raise ValueError(f"motifs: expected instances of {', '.join(list(by_kmer)[:5])} in the sequences, found none")
    columns = ["sequence", "start", "kmer", "protein", "bound", "local_gc", "length"]
    return pd.DataFrame(rows, columns=columns)


def _matched(items: pd.DataFrame, match: str, *, per_sequence: bool, seed: int) -> pd.DataFrame:
    if match == "none":
        return items
    if match not in ("gc", "kmer"):
        raise ValueError(f"match: expected gc, kmer or none, found '{match}'")
    kept: list[int] = []
    for kmer, own in items.groupby("kmer", sort=True):
        positive = own.index[own["bound"] > 0].to_numpy()
        negative = own.index[own["bound"] == 0].to_numpy()
        random = named_generator(seed, "negatives", kmer)
        if per_sequence:
            near = np.isin(own.loc[negative, "sequence"], own.loc[positive, "sequence"].unique())
            if near.sum() >= len(positive):
                negative = negative[near]
        count = min(len(positive), len(negative))
        positive = np.sort(random.permutation(positive)[:count])
        negative = random.permutation(negative)
        if match == "kmer":
            chosen = negative[:count]
        else:
            gc = items.loc[negative, "local_gc"].to_numpy(copy=True)
            chosen_at = []
            for row in random.permutation(positive):
                best = int(np.argmin(np.abs(gc - items.loc[row, "local_gc"])))
                chosen_at.append(best)
                gc[best] = np.inf
            chosen = negative[chosen_at] if chosen_at else negative[:0]
        kept += [*positive, *chosen]
    if not kept:
        raise ValueError("motifs: expected bound and unbound instances of a k-mer, found only one of them")
    return items.loc[sorted(kept)]
