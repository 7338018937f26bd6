"""Where a motif lies in a site: the stretch to highlight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from combmotif.motifs.motif import Motif
from combmotif.sequence.alphabet import encode

SHOWN = 72


@dataclass(frozen=True)
class Site:
    """A window of a real sequence, cut in three: before the motif, the motif, after it; "" where none fits."""

    sequence: str
    start: float
    end: float
    activation: float
    before: str
    inside: str
    after: str
    motif: str


def locate(letters: str, motifs: Sequence[Motif]) -> tuple[str, int, int]:
    """Find the motif that fits a site best, by log-odds against equal base frequencies.

    Parameters
    ----------
    letters : str
        The site.
    motifs : sequence of Motif

    Returns
    -------
    (motif id, start, end)
        In the site, 0-based half-open; ("", 0, 0) where no motif has a positive score.
    """
    codes = encode(letters)
    winner, score = ("", 0, 0), 0.0
    for motif in motifs:
        if len(motif) > len(codes):
            continue
        odds = np.zeros((len(motif), 5))
        odds[:, :4] = np.log2(motif.ppm / 0.25)
        windows = np.lib.stride_tricks.sliding_window_view(codes, len(motif))
        scores = odds[np.arange(len(motif)), windows].sum(1)
        start = int(scores.argmax())
        if scores[start] > score:
            winner, score = (motif.id, start, start + len(motif)), float(scores[start])
    return winner


def top_sites(rows: Sequence[dict[str, Any]], motifs: Sequence[Motif]) -> list[Site]:
    """Prepare the strongest windows of one neuron, rows of sites.tsv.gz; a long window is shown around its motif."""
    sites = []
    for row in rows:
        letters = str(row["site"])
        try:
            motif, start, end = locate(letters, motifs) if letters else ("", 0, 0)
        except ValueError:
            motif, start, end = "", 0, 0
        before, inside, after = letters[:start], letters[start:end], letters[end:]
        room = max(8, (SHOWN - len(inside)) // 2)
        if len(letters) > SHOWN:
            before = before if len(before) <= room else "…" + before[-room:]
            after = after if len(after) <= room else after[:room] + "…"
        sites.append(Site(row["sequence"], row["start"], row["end"], row["activation"], before, inside, after, motif))
    return sites
