"""Predict many edited copies of sequences, working out again only what an edit changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from combmotif.inference.incremental import operations  # noqa: F401 - teaches edited tensors torch's functions
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.patches import Edited, Layout, NotLocal, Roster, Tape
from combmotif.models.model import SequenceModel

METHODS = ("auto", "incremental", "plain")
TOLERANCE = 1e-5
"""Largest difference from the full forward pass, as a share of the largest prediction (and at least of 1)."""
_LEAST_GAIN = 4.0
_CHECKED = 3, 32
"""Fewest and most edits that are predicted both ways; within them, as many as the nucleotides allow."""
_NUCLEOTIDES_CHECKED = 20_000
_EDITS_AT_ONCE = 1024
_VALUES_AT_ONCE = 30_000_000
_NUCLEOTIDES_AT_ONCE = 50_000


@dataclass(frozen=True)
class Predicted:
    """Predictions of edited sequences, and how they were made.

    Attributes
    ----------
    values : float32 array, shape (edits, outputs)
    base : float32 array, shape (sequences, outputs)
        Of the base sequences; NaN for one that no edit is a copy of.
    method : str
        ``incremental`` (only what an edit changes), ``plain`` (full forward passes) or ``mixed`` (by length).
    reason : str
        Why, in words.
    checked : int
        Edits that were also predicted by full forward passes.
    difference : float
        Largest difference found there.
    """

    values: np.ndarray
    base: np.ndarray
    method: str
    reason: str
    checked: int
    difference: float


_listeners: list[list[Predicted]] = []


@contextmanager
def recording() -> Iterator[list[Predicted]]:
    """Collect how edits were predicted while the context lasts, for a run's record; values are left out.

    Examples
    --------
    >>> with recording() as how:
    ...     pass
    >>> how
    []
    """
    heard: list[Predicted] = []
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners[:] = [other for other in _listeners if other is not heard]


def predict_edits(
    model: SequenceModel,
    codes: Sequence[np.ndarray],
    edits: Edits,
    *,
    tracks: Sequence[np.ndarray] | None = None,
    batch: int = 512,
    method: str = "auto",
) -> Predicted:
    """Predict every edited sequence.

    Convolutions are evaluated where their windows hold an edited base, recurrent layers from the first step that
    changes, the layers behind them on what comes out; everything else is taken from one forward pass of the base
    sequence. Operations that cannot be followed position by position see the whole edited tensor. A sample of the edits
    is always predicted by full forward passes too, and these are used for all where they differ by more than 1e-5.

    Parameters
    ----------
    model : SequenceModel
    codes : sequence of uint8 arrays, each of shape (length,)
        Base sequences, of any lengths the model reads.
    edits : Edits
        Positions are those of the sequences as given; a model that pads or cuts them does so afterwards.
    tracks : sequence of arrays, each of shape (k, length), optional
        Of a model with extra channels: a position keeps them when its base is edited. Default zeros.
    batch : int, default 512
        Most sequences per full forward pass.
    method : {"auto", "incremental", "plain"}, default "auto"
        ``auto`` takes full forward passes where they are estimated to be faster, as on short inputs.

    Returns
    -------
    Predicted

    Raises
    ------
    ValueError
        If an edit leaves its sequence, its segments overlap, or the method is unknown.

    Examples
    --------
    Every single-nucleotide substitution of two sequences:

    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.models.model import SequenceModel
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(80, np.uint8)]
    >>> edits = Edits.substitutions(codes)
    >>> predicted = predict_edits(model, codes, edits)
    >>> predicted.values.shape, predicted.base.shape
    ((420, 1), (2, 1))

    Two segments of one sequence replaced, in two ways:

    >>> a, b = [[0, 1, 2], [3, 3, 3]], [[2, 2], [1, 1]]
    >>> edits = Edits.of([0, 0], [([5, 5], a), ([40, 40], b)])
    >>> predict_edits(model, codes, edits).values.shape
    (2, 1)
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, found '{method}'")
    lengths = np.array([len(c) for c in codes], dtype=np.int64)
    edits.check(lengths)
    fitted = [model.fit(np.asarray(c), None if tracks is None else tracks[i]) for i, c in enumerate(codes)]
    rows = [row for row, _, _ in fitted]
    beside = None if tracks is None else [track for _, track, _ in fitted if track is not None]
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    edits = edits.shifted(np.maximum(lengths - sizes, 0))
    outputs = len(model.outputs)
    values = np.zeros((len(edits), outputs), np.float32)
    base = np.full((len(codes), outputs), np.nan, np.float32)
    notes: dict[str, str] = {}
    checked, difference = 0, 0.0
    with torch.no_grad():
        for length in np.unique(sizes[edits.rows]):
            which = np.flatnonzero(sizes[edits.rows] == length)
            worker = _Worker(model, rows, beside, edits.select(which), batch)
            found, reason, gap = worker.choose(method)
            notes.setdefault(found, reason)
            checked += worker.checked
            difference = max(difference, gap)
            used = np.unique(edits.rows[which])
            values[which], base[used] = worker.incremental(used) if found == "incremental" else worker.plain(used)
    kinds = sorted(notes)
    label = kinds[0] if len(kinds) == 1 else "mixed" if kinds else "plain"
    reason = "; ".join(f"{notes[k]}" for k in kinds) or "there is no edit"
    for heard in _listeners:
        heard.append(Predicted(values[:0], base[:0], label, reason, checked, difference))
    return Predicted(values, base, label, reason, checked, difference)


class _Worker:
    """Edits of base sequences of one length."""

    def __init__(
        self,
        model: SequenceModel,
        codes: Sequence[np.ndarray],
        tracks: Sequence[np.ndarray] | None,
        edits: Edits,
        batch: int,
    ) -> None:
        self.model, self.codes, self.tracks, self.edits = model, codes, tracks, edits
        self.length = len(codes[edits.rows[0]])
        self.batch = max(1, min(batch, 512 * 200 // max(self.length, 1)))
        self.at_once = 1
        self.checked = 0

    def _input(self, rows: np.ndarray) -> torch.Tensor:
        beside = None if self.tracks is None else np.stack([self.tracks[row] for row in rows])
        return self.model.tensor(np.stack([self.codes[row] for row in rows]), beside)

    def _run(self, x: torch.Tensor) -> np.ndarray:
        y = self.model(x)
        if y.shape != (len(x), len(self.model.outputs)):
            raise ValueError(
                f"model '{self.model.name}': expected predictions of shape ({len(x)}, {len(self.model.outputs)}), "
                f"found {tuple(y.shape)}; name every output in the model's 'outputs'"
            )
        return y.float().cpu().numpy()

    def _written(self, edits: Edits) -> np.ndarray:
        """Predict edits by full forward passes."""
        result = np.zeros((len(edits), len(self.model.outputs)), np.float32)
        for start in range(0, len(edits), self.batch):
            part = edits.select(np.arange(start, min(start + self.batch, len(edits))))
            beside = None if self.tracks is None else np.stack([self.tracks[row] for row in part.rows])
            result[start : start + self.batch] = self._run(self.model.tensor(part.apply(self.codes), beside))
        return result

    def plain(self, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict all edits, each distinct one once, and the base sequences ``used``."""
        first, kind = self.edits.distinct()
        base = [self._run(self._input(used[i : i + self.batch])) for i in range(0, len(used), self.batch)]
        return self._written(self.edits.select(first))[kind], np.concatenate(base)

    def choose(self, method: str) -> tuple[str, str, float]:
        """Try both ways on a sample of the edits: (method, reason, largest difference)."""
        if method == "plain":
            return "plain", "full forward passes were asked for", 0.0
        count = int(np.clip(_NUCLEOTIDES_CHECKED // max(1, self.length), *_CHECKED))
        sample = self.edits.select(np.unique(np.linspace(0, len(self.edits) - 1, count).astype(np.int64)))
        tape = Tape(keep=False)
        try:
            found = self._edited(sample, tape)[0]
        except (NotLocal, RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            reason = f"the network cannot be followed from edited positions ({str(error).splitlines()[0]})"
            return "plain", reason, 0.0
        if not tape.full:
            return "plain", "the network cannot be followed from edited positions (its first operation)", 0.0
        gain = tape.full / max(tape.done, 1)
        self.at_once = int(np.clip(_VALUES_AT_ONCE // tape.widest, 8, _EDITS_AT_ONCE))
        if method == "auto" and gain < _LEAST_GAIN:
            return "plain", f"an edit changes {100 / gain:.0f} % of the work of a forward pass", 0.0
        expected = self._written(sample)
        self.checked = len(sample)
        gap = float(np.abs(found - expected).max())
        if not gap <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
            return "plain", f"working out only what changes differed by {gap:.2g} on a sample", gap
        return "incremental", f"an edit changes {100 / gain:.1f} % of the work of a forward pass", gap

    def incremental(self, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict all edits from what they change, and the base sequences ``used``."""
        first, kind = self.edits.distinct()
        edits = self.edits.select(first)
        values = np.zeros((len(edits), len(self.model.outputs)), np.float32)
        base = np.zeros((len(used), len(self.model.outputs)), np.float32)
        for chunk in self._chunks(edits):
            parts = [chunk[i : i + self.at_once] for i in range(0, len(chunk), self.at_once)]
            tape = Tape(keep=len(parts) > 1)
            for part in parts:
                values[part], own = self._edited(edits.select(part), tape)
            base[np.searchsorted(used, np.unique(edits.rows[chunk]))] = own
        return values[kind], base

    def _chunks(self, edits: Edits) -> Iterator[np.ndarray]:
        """Split edits by base sequence, few sequences at a time."""
        order = np.argsort(edits.rows, kind="stable")
        bases, counts = np.unique(edits.rows, return_counts=True)
        together: list[np.ndarray] = []
        most = max(1, _NUCLEOTIDES_AT_ONCE // self.length)
        for part in np.split(order, np.cumsum(counts)[:-1]):
            size = sum(map(len, together)) + len(part)
            if together and (len(together) >= most or size > self.at_once):
                yield np.concatenate(together)
                together = []
            together.append(part)
        if together:
            yield np.concatenate(together)

    def _edited(self, edits: Edits, tape: Tape) -> tuple[np.ndarray, np.ndarray]:
        """Run the module once: predictions of the edits, and of their base sequences."""
        tape.rewind()
        used, rows = np.unique(edits.rows, return_inverse=True)
        # each base sequence stands as an edit that changes nothing
        count = len(used)
        rows = np.concatenate([np.arange(count), rows])
        members = np.concatenate([np.full((count, edits.members.shape[1]), -1, np.int64), edits.members])
        x = tape("input", lambda: self._input(used))
        y = self._run(_wrap(x, used, edits, rows, members, tape))
        return y[count:], y[:count]


def _wrap(x: torch.Tensor, used: np.ndarray, edits: Edits, rows: np.ndarray, members: np.ndarray, tape: Tape) -> Edited:
    """Make the network's input of edits: base sequences, and patches in groups of one width."""
    device = x.device
    widths = [int(w) for w in np.unique(edits.sizes)] or [1]
    order = [np.flatnonzero(edits.sizes == width) for width in widths]
    rank = np.full(len(edits.sizes) + 1, -1, np.int64)
    rank[np.concatenate(order)] = np.arange(len(edits.sizes))
    groups, starts, patches = [], [], []
    for width, chosen in zip(widths, order, strict=True):
        owner = torch.as_tensor(np.searchsorted(used, edits.owners[chosen]), device=device)
        start = torch.as_tensor(edits.starts[chosen], device=device)
        letters = torch.as_tensor(edits.letters[chosen, :width].astype(np.int64), device=device)
        position = start[:, None] + torch.arange(width, device=device)
        patch = x[owner[:, None], :, position].transpose(1, 2)
        patch[:, :4] = torch.nn.functional.one_hot(letters, 5)[:, :, :4].transpose(1, 2).to(x.dtype)
        groups.append(owner)
        starts.append(start)
        patches.append(patch)
    roster = Roster(
        torch.as_tensor(rows, device=device), torch.as_tensor(rank[members], device=device), tuple(groups), len(x), tape
    )
    ends = tuple(s + w for s, w in zip(starts, widths, strict=True))
    return Edited(x, patches, Layout(x.shape[2], tuple(starts), tuple(widths), tuple(starts), ends, roster))
