"""What one motif does to the predictions: inserted into backgrounds, and scrambled where it stands by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from combmotif.core.seeding import named_generator, stable_hash
from combmotif.effect.backgrounds import Backgrounds
from combmotif.effect.frame import coding_region, codon_phases
from combmotif.effect.insertion import Insertions, best_kmers, insert_motif, windows_of
from combmotif.effect.overlaps import confounded, stop_codons
from combmotif.effect.pairs.measure import snap
from combmotif.effect.pattern import Pattern
from combmotif.effect.scramble import draw_replacements
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet

SITE_SCRAMBLES = 4
"""Scrambles of each site that stands in a sequence by itself; inserted motifs have one per place, at many places."""


@dataclass(frozen=True)
class Setup:
    """What the motifs of a run share.

    Attributes
    ----------
    model : SequenceModel
    sequences : SequenceSet
    backgrounds : Backgrounds
    frequencies : float array, shape (4,)
        Of the bases, for segments that a shuffle cannot scramble.
    places : int
        Insertions per background.
    outputs : tuple of int
        Columns of the prediction.
    avoid : tuple of Pattern
        Words that neither an insertion nor a scramble may make.
    avoid_stops : bool
        In-frame stop codons are such words, where the tracks tell the frame.
    seed : int
    batch : int
        Most sequences per full forward pass.
    """

    model: SequenceModel
    sequences: SequenceSet
    backgrounds: Backgrounds
    frequencies: np.ndarray
    places: int
    outputs: tuple[int, ...] = (0,)
    avoid: tuple[Pattern, ...] = ()
    avoid_stops: bool = False
    seed: int = 0
    batch: int = 512

    def tracks(self, rows: np.ndarray) -> list[np.ndarray] | None:
        """What stands beside the bases of sequences."""
        return self.sequences.tracks_of(rows)

    def phases(self, rows: np.ndarray) -> list[np.ndarray] | None:
        """Position in the codon along sequences, where in-frame stop codons are to be avoided."""
        return codon_phases(self.sequences.tracks, rows) if self.avoid_stops else None


@dataclass(frozen=True)
class Changes:
    """Differences of predictions: with the motif minus with its scramble.

    Attributes
    ----------
    rows : integer array, shape (places,)
        Background (or, of own sites, sequence).
    starts, lengths, frames : integer arrays, shape (places,)
        First position, length of the background, and distance to the coding region modulo 3 (0 = in frame). Where the
        tracks tell no coding region it begins where the sequence ends, as behind a 5'UTR.
    kinds : integer array, shape (places,)
        What was inserted (see `insertion.KINDS`).
    values : float array, shape (places, outputs)
        Positive = the motif raises the prediction; NaN where the net gave no finite prediction.
    fallback : float
        Share of the scrambles drawn from the base frequencies.
    """

    rows: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    frames: np.ndarray
    kinds: np.ndarray
    values: np.ndarray
    fallback: float = 0.0


@dataclass(frozen=True)
class Context:
    """Backgrounds without a motif or word, and the same with a copy of it planted.

    Attributes
    ----------
    name : str
        What the motif is called: a word, or the consensus of a motif of the run.
    pattern : Pattern
    without, planted : Backgrounds
    starts : integer array, shape (backgrounds,)
        First position of the copy.
    """

    name: str
    pattern: Pattern
    without: Backgrounds
    planted: Backgrounds
    starts: np.ndarray


@dataclass(frozen=True)
class MeasuredMotif:
    """One motif's differences, before any statistics.

    Attributes
    ----------
    id, consensus : str
    inserted : Changes
        In the backgrounds.
    sites : Changes
        Of the motif's own sites in the sequences.
    contexts : dict of str to Changes
        "without AUG", "with AUG": in backgrounds without and with another motif.
    """

    id: str
    consensus: str
    inserted: Changes
    sites: Changes
    contexts: dict[str, Changes] = field(default_factory=dict)


def _changes(setup: Setup, backgrounds: Backgrounds, found: Insertions) -> Changes:
    """Predict the backgrounds with the motif and with its scramble."""
    count, outputs = len(found.rows), list(setup.outputs)
    values = np.zeros((0, len(outputs)))
    tracks = setup.tracks(backgrounds.origins)
    if count:
        both = np.concatenate([found.letters, found.scrambled])
        edits = Edits.of(np.tile(found.rows, 2), [(np.tile(found.starts, 2), both)])
        predicted = predict_edits(setup.model, backgrounds.codes, edits, tracks=tracks, batch=setup.batch)
        states = _numbers(predicted.values[:, outputs])
        values = snap(states[:count] - states[count:], states[:count], states[count:])
    lengths, frames = _places(backgrounds.codes, tracks, found.rows, found.starts)
    return Changes(found.rows, found.starts, lengths, frames, found.kinds, values, found.fallback)


def _numbers(predictions: np.ndarray) -> np.ndarray:
    """Predictions as float64, NaN for all that is not finite, so that no difference of two infinities is taken."""
    return np.where(np.isfinite(predictions), predictions, np.nan).astype(np.float64)


def _places(
    codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None, rows: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Length of the sequence and frame of every place."""
    regions = [None if tracks is None else coding_region(tracks[row][0]) for row in range(len(codes))]
    lengths = np.array([len(sequence) for sequence in codes], dtype=np.int64)
    begins = np.array(
        [size if region is None else region[0] for region, size in zip(regions, lengths, strict=True)], np.int64
    )
    return lengths[rows], (begins[rows] - starts) % 3


def measure_insertion(setup: Setup, pattern: Pattern) -> Changes:
    """Insert a motif, and its scrambles, into the backgrounds.

    The draws depend on the seed and the motif's name alone.
    """
    found = insert_motif(
        setup.backgrounds.codes,
        pattern,
        places=setup.places,
        frequencies=setup.frequencies,
        generator=named_generator(setup.seed, "insertion", pattern.name),
        avoid=setup.avoid,
        phases=setup.phases(setup.backgrounds.origins),
    )
    return _changes(setup, setup.backgrounds, found)


def plant(setup: Setup, backgrounds: Backgrounds, name: str, pattern: Pattern) -> Context:
    """Plant a copy of a motif at a random place of every background that has room for it.

    Parameters
    ----------
    setup : Setup
    backgrounds : Backgrounds
        Without the motif.
    name : str
    pattern : Pattern
    """
    found = insert_motif(
        backgrounds.codes,
        pattern,
        places=1,
        frequencies=setup.frequencies,
        generator=named_generator(setup.seed, "plant", pattern.name),
        avoid=setup.avoid,
    )
    codes = []
    for row, start in zip(found.rows, found.starts, strict=True):
        copy = backgrounds.codes[row].copy()
        window = slice(start, start + len(pattern))
        copy[window] = best_kmers(pattern, copy[window])
        codes.append(copy)
    origins = backgrounds.origins[found.rows]
    plain = Backgrounds(tuple(backgrounds.codes[row] for row in found.rows), origins)
    return Context(name, pattern, plain, Backgrounds(tuple(codes), origins), found.starts)


def measure_context(setup: Setup, context: Context, pattern: Pattern) -> dict[str, Changes]:
    """Insert a motif at the same places, with the same scrambles, without and with another one."""
    found = insert_motif(
        context.without.codes,
        pattern,
        places=max(2, setup.places // 2),
        frequencies=setup.frequencies,
        generator=named_generator(setup.seed, "context", context.name, pattern.name),
        avoid=setup.avoid,
        taken=(context.starts, len(context.pattern)),
        phases=setup.phases(context.without.origins),
    )
    return {
        f"{how} {context.name}": _changes(setup, backgrounds, found)
        for how, backgrounds in (("without", context.without), ("with", context.planted))
    }


def measure_sites(setup: Setup, pattern: Pattern, *, most: int) -> Changes:
    """Scramble a motif's own sites: the best-scoring one of each of the `most` sequences with the best ones.

    Sites that share bases with an avoided word which is no part of the motif are left out, since scrambling them would
    destroy that as well.
    """
    sequences = setup.sequences
    rows, starts = pattern.find(sequences.codes)
    stops = stop_codons(sequences.codes, sequences.tracks) if setup.avoid_stops else None
    nothing = (rows[:0], starts[:0])
    bad = confounded((rows, starts), pattern, pattern, nothing, setup.avoid, sequences.codes, stops)
    rows, starts = rows[~bad], starts[~bad]
    words = windows_of(sequences.codes, rows, starts, len(pattern))
    scores = pattern.scores[np.arange(len(pattern)), words].sum(1).round(6)
    order = np.lexsort((starts, -scores, rows))
    best = order[np.unique(rows[order], return_index=True)[1]]
    # sequences of one score, such as all that hold a word, are drawn at random
    ranked = sorted(
        best.tolist(),
        key=lambda at: (-scores[at], stable_hash(setup.seed, "sites", pattern.name, sequences.names[rows[at]])),
    )
    kept = np.array(sorted(ranked[:most], key=lambda at: rows[at]), dtype=np.int64)
    chosen, starts = rows[kept], starts[kept]
    generator = named_generator(setup.seed, "site", pattern.name)
    codes = [sequences.codes[row] for row in chosen]
    found = draw_replacements(
        codes,
        [(starts, pattern)],
        draws=SITE_SCRAMBLES,
        mode="shuffle",
        frequencies=setup.frequencies,
        generators=[generator] * len(codes),
        avoid=setup.avoid,
        phases=setup.phases(chosen),
    )
    good, outputs = np.flatnonzero(~found.failed), list(setup.outputs)
    tracks, values, fallback = setup.tracks(chosen), np.zeros((0, len(outputs))), 0.0
    if len(good):
        letters = found.edits[0][good].reshape(-1, len(pattern))
        edits = Edits.of(np.repeat(good, SITE_SCRAMBLES), [(np.repeat(starts[good], SITE_SCRAMBLES), letters)])
        predicted = predict_edits(setup.model, codes, edits, tracks=tracks, batch=setup.batch)
        plain = _numbers(predicted.base[good][:, outputs])
        scrambled = _numbers(predicted.values[:, outputs]).reshape(len(good), SITE_SCRAMBLES, -1).mean(1)
        values, fallback = snap(plain - scrambled, plain, scrambled), float(found.fallback[good].mean())
    lengths, frames = _places(codes, tracks, good, starts[good])
    kinds = np.zeros(len(good), dtype=np.int64)
    return Changes(chosen[good], starts[good], lengths, frames, kinds, values, fallback)
