"""Patterns of TF-MoDISco: aligned seqlets with their contributions, and the files they are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from combmotif.core.files import writing_h5
from combmotif.motifs.formats.h5 import FORMAT_VERSION, SCALARS
from combmotif.motifs.motif import PSEUDOCOUNT, MotifSet, information

TRIM = 0.3
"""A pattern is cut to the columns with at least this share of its largest contribution, as the tool's report does."""

LETTERED = 0.25
"""Bits from which a column at a pattern's end belongs to its motif."""


@dataclass(frozen=True)
class Pattern:
    """Seqlets that show one motif, aligned.

    Attributes
    ----------
    sign : int
        1 where the seqlets raise the target, -1 where they lower it.
    examples : integer array, shape (n,)
        Row of each seqlet's sequence.
    starts, ends : integer arrays, shape (n,)
        On the sequence, 0-based half-open; a seqlet that hangs over an end starts below 0 or ends beyond it.
    turned : bool array, shape (n,)
        Whether the seqlet is a reverse complement.
    one_hot, contributions, hypothetical : float32 arrays, shape (n, length, 4)
        Of each seqlet, zeros beyond the ends of its sequence.
    parts : tuple of Pattern
        The tool's subclusters.
    """

    sign: int
    examples: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    turned: np.ndarray
    one_hot: np.ndarray
    contributions: np.ndarray
    hypothetical: np.ndarray
    parts: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, pattern: Any, sign: int, margin: int, truth: np.ndarray) -> Pattern:
        """Take over a pattern of modisco-lite.

        Its tracks begin ``margin`` nt before the sequences; ``truth`` (n, length, 4) is their one-hot table with zeros
        where a sequence has no base.
        """
        seqlets = pattern.seqlets
        inner = (pattern.subcluster_to_subpattern or {}).values() if pattern.subclusters is not None else ()
        bases = [truth[seqlet.example_idx, seqlet.start : seqlet.end] for seqlet in seqlets]
        return cls(
            sign,
            np.array([seqlet.example_idx for seqlet in seqlets], dtype=np.int64),
            np.array([seqlet.start for seqlet in seqlets], dtype=np.int64) - margin,
            np.array([seqlet.end for seqlet in seqlets], dtype=np.int64) - margin,
            np.array([bool(seqlet.is_revcomp) for seqlet in seqlets]),
            np.array([b[::-1, ::-1] if s.is_revcomp else b for b, s in zip(bases, seqlets, strict=True)], np.float32),
            np.array([seqlet.contrib_scores for seqlet in seqlets], dtype=np.float32),
            np.array([seqlet.hypothetical_contribs for seqlet in seqlets], dtype=np.float32),
            tuple(cls.of(part, sign, margin, truth) for part in inner),
        )

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def span(self) -> tuple[int, int]:
        """First and last column that matter: with at least 30 % of the largest mean contribution, and 0.25 bits.

        Columns at the ends that contribute without a preferred letter are left out: they are the seqlets' surroundings.
        """
        height = np.abs(self.contributions.mean(0).sum(1))
        kept = np.flatnonzero(height >= TRIM * height.max())
        first, last = int(kept[0]), int(kept[-1]) + 1
        counts = self.one_hot[:, first:last].sum(0, dtype=np.float64) + PSEUDOCOUNT
        lettered = np.flatnonzero(information(counts / counts.sum(1, keepdims=True)) >= LETTERED)
        return (first + int(lettered[0]), first + int(lettered[-1]) + 1) if len(lettered) else (first, last)

    @property
    def contribution(self) -> float:
        """Mean contribution of a seqlet, summed over the columns that matter, in the target's units."""
        first, last = self.span
        return float(self.contributions[:, first:last].sum((1, 2)).mean())


def save_patterns(patterns: Sequence[Pattern], motifs: MotifSet, path: str | Path, *, window: int) -> None:
    """Write patterns as modisco-lite writes them, each with the fields of the motif made of it.

    ``modisco report``, Fi-NeMo and other readers of the tool's results read the file; ``load_motifs`` reads the motifs.
    The same patterns give the same bytes.

    Parameters
    ----------
    patterns : sequence of n Pattern
    motifs : MotifSet
        The n motifs made of them, in the same order.
    path : path
        Overwritten where it exists.
    window : int
        Window in nt, kept as the tool keeps it.
    """
    numbers = {1: 0, -1: 0}
    with writing_h5(path) as file:
        file.attrs["window_size"] = window
        file.attrs["combmotif_format"] = FORMAT_VERSION
        file.attrs["method"], file.attrs["alphabet"] = motifs.method, motifs.alphabet
        file.create_group("pos_patterns")  # always there, for readers that ask for it
        for rank, (pattern, motif) in enumerate(zip(patterns, motifs, strict=True)):
            side = "pos_patterns" if pattern.sign > 0 else "neg_patterns"
            group = file.require_group(side).create_group(f"pattern_{numbers[pattern.sign]}")
            numbers[pattern.sign] += 1
            _write(pattern, group)
            group.attrs["rank"] = rank
            group["pfm"], group["offsets"] = motif.pfm, np.array(motif.offsets, dtype=np.int64)
            for name in SCALARS:
                group.attrs[name] = getattr(motif, name)


def _write(pattern: Pattern, group: Any) -> None:
    group["sequence"] = pattern.one_hot.mean(0, dtype=np.float64)
    group["contrib_scores"] = pattern.contributions.mean(0, dtype=np.float64)
    group["hypothetical_contribs"] = pattern.hypothetical.mean(0, dtype=np.float64)
    seqlets = group.create_group("seqlets")
    seqlets["n_seqlets"] = np.array([len(pattern)])
    seqlets["start"], seqlets["end"] = pattern.starts, pattern.ends
    seqlets["example_idx"], seqlets["is_revcomp"] = pattern.examples, pattern.turned
    for name, values in (
        ("sequence", pattern.one_hot),
        ("contrib_scores", pattern.contributions),
        ("hypothetical_contribs", pattern.hypothetical),
    ):
        seqlets.create_dataset(name, data=values, compression="gzip", compression_opts=4)
    for number, part in enumerate(pattern.parts):
        _write(part, group.create_group(f"subpattern_{number}"))


def load_patterns(path: str | Path) -> list[Pattern]:
    """Read the patterns of a file that :func:`save_patterns` or modisco-lite wrote, in the order of motifs.

    Raises
    ------
    FileNotFoundError
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"pattern file {path}: no such file")
    found: list[tuple[int, Pattern]] = []
    with h5py.File(path, "r") as file:
        for side, sign in (("pos_patterns", 1), ("neg_patterns", -1)):
            groups = file.get(side, {})
            for name in sorted(groups, key=lambda name: int(name.rpartition("_")[2])):
                rank = int(groups[name].attrs.get("rank", len(found)))
                found.append((rank, _read(groups[name], sign)))
    return [pattern for _, pattern in sorted(found, key=lambda item: item[0])]


def _read(group: Any, sign: int) -> Pattern:
    seqlets = group["seqlets"]
    parts = sorted(
        (name for name in group if name.startswith("subpattern_")), key=lambda name: int(name.rpartition("_")[2])
    )
    return Pattern(
        sign,
        seqlets["example_idx"][()],
        seqlets["start"][()],
        seqlets["end"][()],
        seqlets["is_revcomp"][()].astype(bool),
        seqlets["sequence"][()].astype(np.float32),
        seqlets["contrib_scores"][()].astype(np.float32),
        seqlets["hypothetical_contribs"][()].astype(np.float32),
        tuple(_read(group[name], sign) for name in parts),
    )
