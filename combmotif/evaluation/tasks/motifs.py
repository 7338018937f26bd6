"""Instances of binding motifs: does a model give a k-mer more probability where its protein binds than where not?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from combmotif.config.evaluation import MotifsSection
from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.adapters.tracks import Place, Track
from combmotif.evaluation.dataset.utrs import iterate_bed
from combmotif.evaluation.tasks.base import ScoreColumn, Task, Truth
from combmotif.evaluation.tasks.instances import (
    kmer_elements,
    list_instances,
    match_negatives,
    motif_elements,
    read_regions,
)
from combmotif.evaluation.tasks.windows import read_labelled
from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import read_fasta
from combmotif.training.overlap import overlap_groups

Bound = tuple[int, int, str]
"""Start and end on a sequence, and the protein; :data:`NO_PROTEIN` where nothing is told but that it is not unbound."""
NO_PROTEIN = "\0"


def read_peaks(
    path: str, places: Mapping[str, Place], *, extend: int = 50
) -> tuple[dict[str, list[Bound]], list[tuple[str, str]]]:
    """Read peaks of a genome (BED6 or narrowPeak) onto sequences of known place.

    The protein is the name up to the first ``_``. Where some names hold ``_IDR``, only those peaks, reproduced in both
    replicates, count as bound; no instance in any other peak, or in a peak of the other strand, counts as unbound.

    Parameters
    ----------
    path : str
    places : mapping of name to Place
    extend : int, default 50
        nt by which every peak is made longer at its 5' end, where the crosslinked base lies.

    Returns
    -------
    (bound regions of every sequence, merged by protein; what was skipped)

    Raises
    ------
    ValueError
        If a line is no peak, or none lies on a sequence: another genome build, or other chromosomes.
    """
    peaks: dict[str, list[tuple[int, int, str, str]]] = {}
    for _, cells in iterate_bed(path, least=6, strands=("+", "-", ".")):
        start = max(0, int(cells[1]) - extend * (cells[5] == "+"))
        end = int(cells[2]) + extend * (cells[5] == "-")
        peaks.setdefault(cells[0].removeprefix("chr"), []).append((start, end, cells[3], cells[5]))
    if not peaks:
        raise ValueError(f"{path}: expected peaks, found none")
    reproduced = any("_IDR" in name for own in peaks.values() for _, _, name, _ in own)
    found: dict[str, list[Bound]] = {}
    used: set[tuple[str, int]] = set()
    sorted_peaks = {chromosome: sorted(own) for chromosome, own in peaks.items()}
    for name, place in places.items():
        chromosome = place.region.chromosome.removeprefix("chr")
        own = sorted_peaks.get(chromosome, [])
        starts = np.array([peak[0] for peak in own])
        longest = max((peak[1] - peak[0] for peak in own), default=0)
        low, high = place.region.blocks[0][0], place.region.blocks[-1][1]
        for number in range(*np.searchsorted(starts, [low - longest, high]).tolist() if own else (0,)):
            start, end, label, strand = own[number]
            if (span := on_sequence(place, start, end)) is None:
                continue
            used.add((chromosome, number))
            bound = strand in (".", place.region.strand) and (not reproduced or "_IDR" in label)
            found.setdefault(name, []).append((*span, label.split("_")[0] if bound else NO_PROTEIN))
    count = sum(len(own) for own in peaks.values())
    if not used:
        asked = sorted({place.region.chromosome for place in places.values()})[:3]
        raise ValueError(
            f"{path}: expected peaks on the sequences of places (on {', '.join(asked)}), found that none of {count:,} "
            f"(on {', '.join(sorted(peaks)[:3])}) lies on one; are both of one genome build (liftOver brings BED files "
            f"to another)?"
        )
    skipped = (
        [("peaks", f"{count - len(used):,} of {count:,} lie on none of the sequences")] if len(used) < count else []
    )
    return {name: merge(own) for name, own in found.items()}, skipped


def on_sequence(place: Place, start: int, end: int) -> tuple[int, int] | None:
    """Cut an interval of the genome to a sequence, in the sequence's own positions; None if they do not meet."""
    done, low, high = 0, None, 0
    for first, last in place.region.blocks:
        a, b = max(start, first), min(end, last)
        if a < b:
            low = done + a - first if low is None else low
            high = done + b - first
        done += last - first
    if low is None:
        return None
    return (done - high, done - low) if place.reversed else (low, high)


def merge(regions: list[Bound]) -> list[Bound]:
    """Join overlapping regions of one protein, so that an instance may lie across two peaks of it."""
    merged: list[Bound] = []
    for start, end, protein in sorted(regions, key=lambda region: (region[2], region[0], region[1])):
        if merged and merged[-1][2] == protein and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), protein)
        else:
            merged.append((start, end, protein))
    return merged


_TINY = 1e-14


class MotifsTask(Task):
    """Tell bound from unbound instances of the same k-mers by per-base probabilities.

    Negatives are instances of the same k-mer outside all bound regions; per k-mer as many are kept of the one kind as
    of the other: for each of the fewer the nearest in local GC content that is left (``match: gc``), or at random
    (``match: kmer``), or all (``match: none``).

    For a track itself, and what is made from it, the instances that are most and least conserved by it are circular.
    """

    def __init__(self, section: MotifsSection, *, seed: int = 0) -> None:
        super().__init__(kind="motifs")
        self.agg = np.mean if section.agg == "mean" else np.max
        if section.motifs is not None:
            elements = motif_elements(section.motifs, section.proteins)
        else:
            elements = kmer_elements(section.kmers or {})
        where = self.take_places(section.places)
        bound: dict[str, list[tuple[int, int, str]]] = {}
        if section.windows is not None:
            names, texts, labels = read_labelled(section.windows)
            names = [f"{name}#{i + 1}" for i, name in enumerate(names)] if len(set(names)) < len(names) else names
            codes = [encode(text, name=f"{section.windows}: '{name}'") for name, text in zip(names, texts, strict=True)]
            for name, code, label in zip(names, codes, labels, strict=True):
                bound[name] = [(0, len(code), "")] if label else []
        else:
            sequences = read_fasta(str(section.fasta))
            names, codes = list(sequences.names), list(sequences.codes)
            lengths = {n: len(c) for n, c in zip(names, codes, strict=True)}
            if section.regions is not None:
                table, self.skipped = read_regions(section.regions, lengths)
                for row in table.itertuples(index=False):
                    bound.setdefault(str(row.name), []).append((int(row.start), int(row.end), str(row.protein)))
                bound = {name: merge(own) for name, own in bound.items()}
            else:
                known = self._known(where or {}, lengths)
                bound, self.skipped = read_peaks(str(section.peaks), known, extend=section.extend)
        items = list_instances(names, codes, elements, bound, p_value=section.p_value)
        if section.limit is not None and items["sequence"].nunique() > section.limit:
            held = set(items["sequence"])
            rows = np.array([row for row, name in enumerate(names) if name in held])
            drawn = np.random.default_rng(seed).choice(rows, section.limit, replace=False)
            items = items[items["sequence"].isin({names[row] for row in drawn})]
        items = match_negatives(items, section.match, per_sequence=section.per_sequence, seed=seed)
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
        if section.conservation is not None:
            self._conserved(Track(section.conservation, where), section.quantile)
        binding = sorted({p for text in self.items["protein"] for p in str(text).split(",") if p})
        for protein in binding if len(binding) > 1 else []:
            mask = np.array([protein in str(text).split(",") for text in self.items["protein"]])
            self.truths.append(Truth(protein, np.where(mask, values, np.nan), own, "binary"))
        for kmer in sorted(set(self.items["kmer"])) if self.items["kmer"].nunique() > 1 else []:
            mask = (self.items["kmer"] == kmer).to_numpy()
            self.truths.append(Truth(kmer, np.where(mask, values, np.nan), own, "binary"))

    @staticmethod
    def _known(where: dict[str, Place], lengths: dict[str, int]) -> dict[str, Place]:
        """Places of the sequences that are there; one that is not as long as its place is an error."""
        found = {name: place for name, place in where.items() if name in lengths}
        if not found:
            raise ValueError(
                f"places: expected the sequences of the FASTA ('{next(iter(lengths))}'), found none of them"
            )
        for name, place in found.items():
            if place.region.length != lengths[name]:
                raise ValueError(
                    f"places: {name}: expected {lengths[name]} bases as in its sequence, found {place.region.length}"
                )
        return found

    def _conserved(self, track: Track, quantile: float) -> None:
        """Add the most and the least conserved bound instances as truths; all unbound ones stay in both."""
        self.items["conservation"] = self._largest(track)
        bound = self.items[self.items["bound"] > 0]
        each = bound.assign(protein=bound["protein"].str.split(",")).explode("protein")
        ranked = each.groupby(["protein", "kmer"])["conservation"]
        high, low = ranked.transform("quantile", 1 - quantile), ranked.transform("quantile", quantile)
        for name, chosen in (
            ("most conserved", each["conservation"] >= high),
            ("least conserved", each["conservation"] <= low),
        ):
            kept = self.items.index.isin(each.index[chosen]) | (self.items["bound"] == 0)
            values = np.where(kept, self.items["bound"].to_numpy(dtype=float), np.nan)
            self.truths.append(Truth(name, values, self.items["group"].to_numpy(), "binary"))

    def _largest(self, adapter: Adapter) -> np.ndarray:
        """Largest number of the bases of each instance; NaN where none is known."""
        tables = dict(zip(self.names, adapter.track(self.codes, names=self.names), strict=True))
        found = np.full(len(self.items), np.nan)
        for row, (name, start, end) in enumerate(self._spans()):
            own = tables[name][start:end]
            if np.isfinite(own).any():
                found[row] = np.nanmax(own)
        return found

    def _spans(self) -> list[tuple[str, int, int]]:
        return list(zip(self.items["sequence"], self.items["start"], self.items["end"], strict=True))

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Mean or largest over the bases of each instance: p(ref), -ln of the least likely other base, log ratio.

        Of a track, the largest number.
        """
        if "track" in adapter.capabilities:
            return self._all({"max": self._largest(adapter)})
        adapter.require("masked")
        tables = dict(zip(self.names, adapter.probabilities(self.codes, names=self.names), strict=True))
        codes = dict(zip(self.names, self.codes, strict=True))
        scores = np.full((len(self.items), 3), np.nan)
        for row, (name, start, end) in enumerate(self._spans()):
            p = tables[name][start:end]
            if not np.isfinite(p).all():
                continue
            own = codes[name][start:end]
            ref = p[np.arange(len(own)), own]
            others = p.copy()
            others[np.arange(len(own)), own] = np.inf
            alt = others.min(1)
            scores[row] = (
                self.agg(ref),
                self.agg(-np.log(alt + _TINY)),
                self.agg(np.log(ref + _TINY) - np.log(alt + _TINY)),
            )
        return self._all(dict(zip(("ref", "alt", "ref_vs_alt"), scores.T, strict=True)))

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return the local AU content around each instance, and the length of its sequence."""
        length = self.items["length"].to_numpy(dtype=float)
        return {
            "composition": self._all({"local AU": 1 - self.items["local_gc"].to_numpy()}),
            "length": self._all({"length": length}),
        }
