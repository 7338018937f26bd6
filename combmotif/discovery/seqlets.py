"""Max-activation seqlets: the windows on which a neuron is most active, laid over one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import PSEUDOCOUNT, Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

SWEEPS = 10
"""Most rounds of moving windows against the rest."""


@dataclass(frozen=True)
class SeqletOptions:
    """How the strongest windows become a motif.

    Attributes
    ----------
    top : int
        Windows that are laid over one another; 100 is the published number.
    align : bool
        Move windows against each other by less than the layer's stride, the distance by which pooling blurs a motif's
        place; False leaves every window where it is, as published.
    min_sites : int, default 5
        Fewest windows of a motif.

    Raises
    ------
    ValueError
        If a number is below 1.
    """

    top: int = default_of(DiscoverSection, "top")
    align: bool = default_of(DiscoverSection, "align")
    min_sites: int = 5

    def __post_init__(self) -> None:
        for name in ("top", "min_sites"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, found {getattr(self, name)}")


def top_windows(
    codes: np.ndarray,
    activations: np.ndarray,
    *,
    top: int,
    sequences: np.ndarray | None = None,
    starts: np.ndarray | None = None,
) -> np.ndarray:
    """Choose the strongest windows, each word once and each stretch of a sequence once.

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    activations : float array, shape (n,)
    top : int
    sequences, starts : integer arrays, shape (n,), optional
        Row and first position of windows that were cut from sequences. Of two windows of one sequence that share half
        their length or more only the stronger is kept.

    Returns
    -------
    integer array
        At most ``top`` rows, strongest first; equal activations are ordered by their letters, then by place, so the
        choice does not depend on the order given.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or only one of sequences and starts is given.
    """
    if codes.ndim != 2 or len(codes) != len(activations):
        raise ValueError(f"activations: expected one per window of {codes.shape}, found {len(activations)}")
    if (sequences is None) != (starts is None):
        raise ValueError("sequences, starts: expected both or none")
    order = np.arange(len(codes))
    place = (starts, sequences) if sequences is not None and starts is not None else ()
    order = np.lexsort((*place, *codes.T[::-1], -np.asarray(activations, dtype=np.float64)))
    half = codes.shape[1] / 2
    chosen: list[int] = []
    words: set[bytes] = set()
    taken: dict[int, list[int]] = {}
    for row in order.tolist():
        if len(chosen) >= top:
            break
        word = codes[row].tobytes()
        if word in words or not np.isfinite(activations[row]):
            continue
        if sequences is not None and starts is not None:
            neighbours = taken.setdefault(int(sequences[row]), [])
            if any(abs(int(starts[row]) - other) <= half for other in neighbours):
                continue
            neighbours.append(int(starts[row]))
        words.add(word)
        chosen.append(row)
    return np.array(chosen, dtype=np.int64)


def seqlet_motif(
    probe: WindowProbe,
    samples: Samples,
    *,
    options: SeqletOptions | None = None,
    sequences: np.ndarray | None = None,
    starts: np.ndarray | None = None,
) -> Motif | None:
    """Make one motif of the windows on which a neuron is most active.

    A neuron that answers to several motifs shows a mixture here, with a low purity; demixing tells them apart.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
        In any order; windows weaker than their background are not used. Of a model with extra channels, the consensus
        is tried with the tracks of the strongest window; without any, with the probe's.
    options : SeqletOptions, optional
    sequences, starts : integer arrays, shape (n,), optional
        As for :func:`top_windows`.

    Returns
    -------
    Motif or None
        Cut to its informative columns; None where too few windows excite the neuron or no column is informative.
    """
    options = options or SeqletOptions()
    codes, neuron, background = samples.codes, samples.neuron, samples.background
    activations = samples.activations.astype(np.float64)
    above = np.flatnonzero(activations > background)
    if sequences is not None and starts is not None:
        sequences, starts = sequences[above], starts[above]
    rows = above[top_windows(codes[above], activations[above], top=options.top, sequences=sequences, starts=starts)]
    if len(rows) < options.min_sites:
        return None
    windows, values = codes[rows], activations[rows]
    furthest = probe.geometry.stride - 1 if options.align else 0
    moves = align_windows(windows, furthest)
    pfm = _counts(windows, moves)
    ppm = (pfm + PSEUDOCOUNT) / (pfm + PSEUDOCOUNT).sum(1, keepdims=True)
    found = segments(ppm)
    if not found:
        return None
    first, last = max(0, found[0][0] - 1), min(len(pfm), found[-1][1] + 1)
    consensus = pfm.argmax(1).astype(np.uint8)[None]
    beside = None if samples.tracks is None else samples.tracks[rows[:1]]
    excitation = activations[above] - background
    return Motif(
        id=f"{probe.layer}:{neuron}.m1",
        pfm=pfm[first:last],
        sites=len(rows),
        layer=probe.layer,
        neuron=neuron,
        method="seqlets",
        start=first,
        max_activation=float(values.max()),
        mean_activation=float(values.mean()),
        min_activation=float(values.min()),
        consensus_activation=float(probe.activations(consensus, beside)[0, neuron]),
        share=float((values - background).sum() / excitation.sum()),
        offsets=tuple(sorted({0, *(-moves).tolist()})),
        background=background,
    )


def align_windows(windows: np.ndarray, furthest: int) -> np.ndarray:
    """Move windows against one another so that they agree best.

    Windows are laid down one by one, the first given first, each where it fits the earlier ones best; then each is
    moved against all others until nothing moves. Of equally good moves the smallest is taken.

    Parameters
    ----------
    windows : uint8 array, shape (n, length)
        Without N.
    furthest : int
        Largest move to either side, in nt.

    Returns
    -------
    integer array, shape (n,)
        Columns each window is moved to the right.
    """
    count, length = windows.shape
    moves = np.zeros(count, dtype=np.int64)
    if furthest < 1 or count < 2:
        return moves
    tries = sorted(range(-furthest, furthest + 1), key=lambda move: (abs(move), move))
    hot = np.eye(5)[windows][:, :, :4]
    frame = np.zeros((length + 2 * furthest, 4))
    columns = np.arange(length) + furthest

    def best(row: int) -> int:
        total = frame + PSEUDOCOUNT
        weight = np.log2(total / total.sum(1, keepdims=True) / 0.25)
        fits = [float((weight[columns + move] * hot[row]).sum()) for move in tries]
        return tries[int(np.argmax(np.round(fits, 9)))]

    for row in range(count):
        moves[row] = best(row) if row else 0
        frame[columns + moves[row]] += hot[row]
    for _ in range(SWEEPS):
        before = moves.copy()
        for row in range(count):
            frame[columns + moves[row]] -= hot[row]
            moves[row] = best(row)
            frame[columns + moves[row]] += hot[row]
        if (moves == before).all():
            break
    return moves - int(np.bincount(moves + furthest).argmax() - furthest)


def _counts(windows: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Count bases per column of the receptive field; a column that a moved window does not reach counts by quarters."""
    count, length = windows.shape
    counts = np.zeros((length, 4))
    for window, move in zip(windows, moves.tolist(), strict=True):
        low, high = max(0, move), min(length, length + move)
        counts[np.arange(low, high), window[low - move : high - move]] += 1
        counts[:low] += 0.25
        counts[high:] += 0.25
    return counts
