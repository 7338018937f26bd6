"""Binding peaks on a genome (eCLIP), brought on the sequences that they overlap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from combmotif.evaluation.adapters.tracks import Place
from combmotif.evaluation.dataset.utrs import iterate_bed

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
