"""TF-MoDISco: the motifs that recur in attributions.

Seqlets - short stretches whose summed contribution is larger than chance - are cut out, compared, clustered and merged
into patterns by modisco-lite. The threshold is taken from the windows that lie inside the true ends of the sequences,
so sequences may differ in length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from combmotif.attribution.attributions import own_scores
from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of
from combmotif.discovery.tfmodisco.patterns import Pattern
from combmotif.discovery.tfmodisco.strand import cache_kernels, forward_only, modisco_module
from combmotif.motifs.motif import PSEUDOCOUNT, information
from combmotif.motifs.segment import segments

ONE_STRAND, BOTH_STRANDS = 8, 21
LEAST_PASSING = 0.03
LEAST_BITS = 3.0
"""A pattern none of whose stretches holds as much is no motif."""


@dataclass(frozen=True)
class ModiscoOptions:
    """How TF-MoDISco is run.

    Attributes
    ----------
    strands : str, default "single"
        ``both`` also compares reverse complements (DNA).
    window : int or None, default None
        Width in nt of the stretch that is scored; None takes 8 on one strand and 21 on both, and never more than a
        third of the longest sequence (at least 5).
    flank : int or None, default None
        Bases added to a seqlet on either side; None takes half the window.
    fdr : float
        False discovery rate of seqlets against a Laplace distribution of window scores.
    min_passing : float or None, default None
        Smallest share of windows that may pass; below it the threshold follows the share. None takes 0.03 or, of short
        sequences, half a window's width per sequence, 0.09 of 50 nt: a motif passes with several windows at once, and
        3 % of 43 windows would be less than one seqlet in every fourth sequence.
    max_passing : float, default 0.2
        Largest share.
    min_seqlets : int
        Fewest seqlets of one sign that are clustered at all.
    max_seqlets : int, default 5000
        Most seqlets of one sign that are clustered, the strongest.
    min_sites : int
        Fewest seqlets of a pattern.
    leiden_runs : int, default 10
        Starts of the clustering; the best is kept. Nearly all of the time goes into them.

    Raises
    ------
    ValueError
        If a field is out of its range.
    """

    strands: str = "single"
    window: int | None = None
    flank: int | None = None
    fdr: float = default_of(DiscoverSection, "fdr")
    min_passing: float | None = None
    max_passing: float = 0.2
    min_seqlets: int = default_of(DiscoverSection, "min_seqlets")
    max_seqlets: int = 5000
    min_sites: int = default_of(DiscoverSection, "min_sites")
    leiden_runs: int = 10

    def __post_init__(self) -> None:
        if self.strands not in ("single", "both"):
            raise ValueError(f"strands: expected single or both, found '{self.strands}'")
        if self.window is not None and self.window < 4:
            raise ValueError(f"window: expected at least 4 nt, found {self.window}")
        if self.flank is not None and self.flank < 1:
            raise ValueError(f"flank: expected at least 1 nt, found {self.flank}")
        if not 0 < self.fdr < 1:
            raise ValueError(f"fdr: expected a number between 0 and 1, found {self.fdr}")
        if not 0 <= (self.min_passing or 0) <= self.max_passing <= 1:
            raise ValueError(
                f"min_passing, max_passing: expected 0 <= min_passing <= max_passing <= 1, found {self.min_passing} "
                f"and {self.max_passing}"
            )

    def passing(self, window: int, windows: float) -> float:
        """Smallest share of windows that may pass, where a sequence has this many on average."""
        if self.min_passing is not None:
            return self.min_passing
        return min(max(LEAST_PASSING, window / 2 / max(windows, 1)), self.max_passing)

    def sizes(self, longest: int) -> tuple[int, int]:
        """Window and flank in nt for sequences of at most ``longest`` nt."""
        widest = ONE_STRAND if self.strands == "single" else BOTH_STRANDS
        window = self.window or min(widest, max(5, longest // 3))
        return window, self.flank or max(2, window // 2)


@dataclass(frozen=True)
class ModiscoResult:
    """Patterns, and the counts and thresholds that led to them.

    Attributes
    ----------
    patterns : tuple of Pattern
        Those first that explain most: by the sum over their seqlets of what these raise or lower the target.
    window, flank : int
        In nt.
    windows : int
        Windows scored.
    thresholds : tuple of two floats
        Summed contribution of a window from which it is a positive, and up to which it is a negative seqlet.
    seqlets : tuple of two ints
        Positive and negative seqlets found.
    min_seqlets : int
        Fewest of one sign that are clustered.
    faint : int
        Patterns left out because no stretch of them holds 3 bits: their seqlets share contributions, not letters.
    """

    patterns: tuple[Pattern, ...]
    window: int
    flank: int
    windows: int
    thresholds: tuple[float, float]
    seqlets: tuple[int, int]
    min_seqlets: int
    faint: int = 0

    @property
    def statement(self) -> str:
        """Say in one sentence what was found in how many seqlets."""
        noun = "pattern" if len(self.patterns) == 1 else "patterns"
        return (
            f"{len(self.patterns)} {noun} in {self.seqlets[0]:,} positive and {self.seqlets[1]:,} negative seqlets "
            f"of {self.window} + 2 x {self.flank} nt (window sums of {self.thresholds[0]:.3g} and above, "
            f"{self.thresholds[1]:.3g} and below, among {self.windows:,} windows; at least {self.min_seqlets} seqlets "
            f"of one sign are clustered)" + (f"; {self.faint} more without 3 bits in a row" if self.faint else "")
        )


def modisco(
    codes: Sequence[np.ndarray], scores: Sequence[np.ndarray], *, options: ModiscoOptions | None = None
) -> ModiscoResult:
    """Find the motifs that recur in attributions (TF-MoDISco, arXiv 1811.00416).

    Parameters
    ----------
    codes : sequence of n uint8 arrays, any lengths
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.
    scores : sequence of n float arrays, shape (4, length)
        Hypothetical contributions, such as ``Attributions.scores``.
    options : ModiscoOptions, optional

    Returns
    -------
    ModiscoResult
        Without patterns where there are too few seqlets, or they have nothing in common; ``statement`` says so.

    Raises
    ------
    ValueError
        If shapes do not fit, or every sequence is shorter than the window.
    ImportError
        If modisco-lite is not installed.
    """
    options = options or ModiscoOptions()
    extract, core, tool = (modisco_module(name) for name in ("extract_seqlets", "core", "tfmodisco"))
    cache_kernels()
    _check(codes, scores)
    longest = max((len(own) for own in codes), default=0)
    window, flank = options.sizes(longest)
    if longest < window:
        raise ValueError(f"codes: expected sequences of at least {window} nt (the window), found at most {longest} nt")
    sums = [_window_sums(own, one, window) for own, one in zip(scores, codes, strict=True)]
    flat = np.concatenate(sums)
    empty = ModiscoResult((), window, flank, len(flat), (0.0, 0.0), (0, 0), options.min_seqlets)
    if not np.abs(flat).max() > 0:
        return empty
    options = replace(options, min_passing=options.passing(window, len(flat) / len(codes)))
    high, low, least = _thresholds(extract, flat, window, options)
    margin = window + 3 * flank  # room to grow beyond the ends
    width = longest + 2 * margin
    track = np.full((len(codes), width - window + 1), -np.inf)
    for row, scored in enumerate(sums):
        passing = (scored >= high) | (scored <= low)
        track[row, margin : margin + len(scored)] = np.where(passing, np.abs(scored), -np.inf)
    found = extract._iterative_extract_seqlets(
        score_track=track, window_size=window, flank=flank, suppress=int(0.5 * window) + flank
    )
    truth, slopes = _tracks(codes, scores, margin, width)
    tracks = core.TrackSet(one_hot=_filled(truth), contrib_scores=truth * slopes, hypothetical_contribs=slopes)
    signed: dict[int, list] = {1: [], -1: []}
    for seqlet in tracks.create_seqlets(found):
        total = float(seqlet.contrib_scores[flank : flank + window].sum())
        if abs(total) > least:
            signed[1 if total > 0 else -1].append(seqlet)
    patterns: list[Pattern] = []
    faint = 0
    for sign, seqlets in signed.items():
        if len(seqlets) < max(options.min_seqlets, 2):
            continue
        strongest = sorted(seqlets, key=lambda seqlet: -float(np.abs(seqlet.contrib_scores).sum()))
        made = _cluster(tool, strongest[: options.max_seqlets], tracks, sign, window, flank, options)
        own = [Pattern.of(pattern, sign, margin, truth) for pattern in made]
        clear = [pattern for pattern in own if _bits(pattern) >= LEAST_BITS]
        patterns += clear
        faint += len(own) - len(clear)
    patterns.sort(key=lambda pattern: -abs(pattern.contribution) * len(pattern))
    return ModiscoResult(
        tuple(patterns),
        window,
        flank,
        len(flat),
        (float(high), float(low)),
        (len(signed[1]), len(signed[-1])),
        options.min_seqlets,
        faint,
    )


def _bits(pattern: Pattern) -> float:
    """Information of the most informative stretch of a pattern's columns that contribute."""
    first, last = pattern.span
    counts = pattern.one_hot[:, first:last].sum(0, dtype=np.float64) + PSEUDOCOUNT
    ppm = counts / counts.sum(1, keepdims=True)
    bits = information(ppm)
    return max((float(bits[start:end].sum()) for start, end in segments(ppm)), default=0.0)


def _check(codes: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> None:
    if len(codes) != len(scores):
        raise ValueError(f"scores: expected one array per sequence ({len(codes)}), found {len(scores)}")
    for row, (own, given) in enumerate(zip(codes, scores, strict=True)):
        if np.shape(given) != (4, len(own)):
            raise ValueError(f"scores: expected shape (4, {len(own)}) for sequence {row}, found {np.shape(given)}")
        if not np.isfinite(given).all():
            raise ValueError(f"scores: expected finite numbers, sequence {row} has others")


def _window_sums(scores: np.ndarray, codes: np.ndarray, window: int) -> np.ndarray:
    """Summed contribution of every window that lies inside a sequence; float64 (length - window + 1,)."""
    total = np.cumsum(np.concatenate([[0.0], own_scores(scores, codes).astype(np.float64)]))
    return total[window:] - total[:-window] if len(codes) >= window else np.zeros(0)


def _tracks(
    codes: Sequence[np.ndarray], scores: Sequence[np.ndarray], margin: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """One-hot sequences and hypothetical contributions, float32 (n, width, 4), zeros at N and beyond the ends."""
    truth = np.zeros((len(codes), width, 4), np.float32)
    slopes = np.zeros_like(truth)
    for row, (own, given) in enumerate(zip(codes, scores, strict=True)):
        known = np.flatnonzero(own < 4)
        truth[row, margin + known, own[known]] = 1
        slopes[row, margin + known] = given[:, known].T
    return truth, slopes


def _filled(truth: np.ndarray) -> np.ndarray:
    """Put a random base, which contributes nothing, wherever there is none; the tool divides by a column's sum."""
    whole = truth.copy()
    row, place = np.nonzero(~truth.any(2))
    whole[row, place, np.random.default_rng(1234).integers(0, 4, len(row))] = 1
    return whole


def _thresholds(extract: Any, flat: np.ndarray, window: int, options: ModiscoOptions) -> tuple[float, float, float]:
    """Window sums from which, and up to which, a window is a seqlet, and the least size at which its sign counts.

    As modisco-lite finds them: a Laplace distribution fitted to the window sums is the null, isotonic regression
    against draws of it gives the false discovery rate, and the share of windows that pass is kept in its bounds. Where
    all windows lie on one side of their mode, the largest share allowed passes.
    """
    cap = 1_000_000
    values = flat if len(flat) <= cap else np.random.default_rng(1234).choice(flat, cap, replace=False)
    try:
        above, below = extract._laplacian_null(track=flat, window_size=window, num_to_samp=10_000)
    except IndexError:  # every window on one side of the mode: no distribution to fit, so the strongest share passes
        strongest = max(float(np.quantile(np.abs(flat), 1 - options.max_passing)), 1e-4 * float(np.abs(flat).max()))
        return strongest, -strongest, 0.0
    positive, negative = np.sort(values[values >= 0]), np.sort(values[values < 0])[::-1]
    high, low = np.inf, -np.inf
    if len(positive) and len(above):
        high = extract._isotonic_thresholds(positive, above, increasing=True, target_fdr=options.fdr)
    if len(negative) and len(below):
        low = extract._isotonic_thresholds(negative, below, increasing=False, target_fdr=options.fdr)
    high, low = extract._refine_thresholds(
        vals=values,
        pos_threshold=high,
        neg_threshold=low,
        min_passing_windows_frac=options.min_passing,
        max_passing_windows_frac=options.max_passing,
    )
    noise = 1e-4 * float(np.abs(flat).max())  # of float32, where most windows contribute nothing at all
    high, low = max(high, noise), min(low, -noise)
    sizes = np.sort(np.abs(flat))
    ranks = [np.searchsorted(sizes, abs(limit)) / len(sizes) for limit in (high, low)]
    return float(high), float(low), float(sizes[int(max(0.0, min(*ranks, 0.8) - 1e-4) * len(sizes))])


def _cluster(
    tool: Any, seqlets: list, tracks: Any, sign: int, window: int, flank: int, options: ModiscoOptions
) -> list:
    """Cluster seqlets of one sign into the tool's patterns; on one strand nothing is turned."""
    tool._import_dependencies()
    settings = {
        "track_signs": sign,
        "trim_to_window_size": window + flank,
        "initial_flank_to_add": flank,
        "n_leiden_runs": options.leiden_runs,
        "final_min_cluster_size": options.min_sites,
        "min_num_to_trim_to": min(30, options.min_sites),
        "min_ic_windowsize": min(6, window),
    }
    if options.strands == "both":
        return tool.seqlets_to_patterns(seqlets, tracks, **settings) or []
    with forward_only():
        patterns = tool.seqlets_to_patterns(seqlets, tracks, **settings) or []
    turned = sum(bool(seqlet.is_revcomp) for pattern in patterns for seqlet in pattern.seqlets)
    if turned:
        raise RuntimeError(
            f"TF-MoDISco on one strand: {turned} seqlets came out turned; this version of modisco-lite aligns strands "
            f"in a place that is not known here; install modisco-lite 3.0"
        )
    return patterns
