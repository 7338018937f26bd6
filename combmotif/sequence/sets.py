"""Sets of named sequences with labels, tracks and groups, and random ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.sequence.alphabet import contains, encode
from combmotif.sequence.annotation.annotated import Annotator, read_annotation
from combmotif.sequence.left_out import LeftOut, describe_left_out
from combmotif.sequence.names import unique_names


@dataclass(frozen=True, repr=False)
class SequenceSet:
    """Named sequences and, where known, their measured values.

    Attributes
    ----------
    names : tuple of str
        Unique.
    codes : tuple of uint8 arrays, each of shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.
    labels : float array, shape (n, k), or None
    label_names : tuple of str, length k
    source : str
        Where they came from, for the run's record.
    tracks : tuple of arrays, each of shape (tracks, length), or None
        What stands at each position beside the base, such as the coding frame and the splice sites.
    notes : tuple of str
        What was changed or left out when they were read, one sentence each.
    clusters : tuple of str, or None
        What counts as independent in a test, such as the gene of each sequence; None: every sequence.
    left_out : tuple of LeftOut
        Rows and transcripts that were not taken, each with the reason.
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, ...]
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    source: str = ""
    tracks: tuple[np.ndarray, ...] | None = None
    notes: tuple[str, ...] = ()
    clusters: tuple[str, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def from_strings(
        cls,
        strings: Iterable[str],
        *,
        names: Sequence[str] | None = None,
        labels: Mapping[str, Sequence[float]] | None = None,
        tracks: Sequence[np.ndarray] | None = None,
    ) -> SequenceSet:
        """Make a set of sequences in letters.

        Parameters
        ----------
        strings : iterable of str
            U and T are the same letter; anything ambiguous becomes N.
        names : sequence of str, optional
            Default ``sequence1``, ``sequence2``, ...
        labels : mapping of str to sequence of float, optional
            Measured values by name, one per sequence.
        tracks : sequence of arrays, each of shape (tracks, length), optional

        Returns
        -------
        SequenceSet

        Raises
        ------
        ValueError
            If there is no sequence, a letter is no nucleotide, or the numbers of names or values differ.

        Examples
        --------
        >>> SequenceSet.from_strings(["ACGU", "GGAUG"], labels={"load": [7.5, 3.0]}).names
        ('sequence1', 'sequence2')
        """
        if isinstance(strings, str):
            raise ValueError(f"sequences: expected a list of strings, found one, '{strings[:60]}'; put it into []")
        if not isinstance(strings, Iterable):
            raise ValueError(f"sequences: expected a list of strings, found {type(strings).__name__}")
        codes = tuple(encode(text, name=f"sequences: number {i}") for i, text in enumerate(strings))
        if names is not None and (twice := [name for name, times in Counter(names).items() if times > 1]):
            raise ValueError(f"names: expected each once, found '{twice[0]}' twice")
        return cls.from_codes(codes, names=names, labels=labels, tracks=tracks)

    @classmethod
    def from_codes(
        cls,
        codes: Sequence[np.ndarray],
        *,
        names: Sequence[str] | None = None,
        labels: Mapping[str, Sequence[float]] | None = None,
        tracks: Sequence[np.ndarray] | None = None,
    ) -> SequenceSet:
        """Make a set of sequences in codes; parameters as for :meth:`from_strings`."""
        if not len(codes):
            raise ValueError("sequences: expected at least one, found none")
        for what, given in {"names": names, "tracks": tracks}.items():
            if given is not None and len(given) != len(codes):
                raise ValueError(f"{what}: expected {len(codes)}, one per sequence, found {len(given)}")
        if labels is not None and not isinstance(labels, Mapping):
            raise ValueError(f"labels: expected lists of values by name, such as {{'load': [7.5]}}, found {labels!r}")
        columns = []
        for name, column in (labels or {}).items():
            if len(column) != len(codes):
                raise ValueError(f"labels: expected {len(codes)} values, found {len(column)} of '{name}'")
            try:
                columns.append(np.asarray(column, dtype=float))
            except (TypeError, ValueError) as error:
                raise ValueError(f"labels: expected numbers as '{name}' ({error})") from None
        return cls(
            tuple(f"sequence{i + 1}" for i in range(len(codes))) if names is None else tuple(map(str, names)),
            tuple(codes),
            np.column_stack(columns) if columns else None,
            tuple(labels or ()),
            f"{len(codes)} sequences given from Python",
            None if tracks is None else tuple(tracks),
        )

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        """Say how many they are, how long, and what is known of them."""
        low, high = (int(self.lengths.min()), int(self.lengths.max())) if len(self) else (0, 0)
        size = f"{low:,} nt" if low == high else f"{low:,} to {high:,} nt"
        values = f", with {', '.join(self.label_names)}" if self.label_names else ""
        names = ", ".join((*self.names[:3], *(("...",) if len(self) > 3 else ())))
        return f"SequenceSet of {len(self):,} sequences of {size}{values} ({names})"

    @property
    def lengths(self) -> np.ndarray:
        """Lengths in nt, shape (n,)."""
        return np.array([len(code) for code in self.codes], dtype=np.int64)

    @property
    def gc(self) -> np.ndarray:
        """Fraction of G and C among the unambiguous letters, shape (n,)."""
        return np.array([np.isin(c, (1, 2)).sum() / max(1, (c < 4).sum()) for c in self.codes])

    def subset(self, rows: Sequence[int] | np.ndarray) -> SequenceSet:
        """Return the sequences of the given rows, in that order."""
        labels = None if self.labels is None else self.labels[np.asarray(rows, dtype=int)]
        return SequenceSet(
            tuple(self.names[i] for i in rows),
            tuple(self.codes[i] for i in rows),
            labels,
            self.label_names,
            self.source,
            None if self.tracks is None else tuple(self.tracks[i] for i in rows),
            self.notes,
            None if self.clusters is None else tuple(self.clusters[i] for i in rows),
            self.left_out,
        )

    def last(self, length: int) -> SequenceSet:
        """Return the last ``length`` nt of every sequence, without the sequences that are shorter."""
        kept = self.subset(np.flatnonzero(self.lengths >= length))
        tracks = None if kept.tracks is None else tuple(track[:, -length:] for track in kept.tracks)
        codes = tuple(codes[-length:] for codes in kept.codes)
        return replace(kept, codes=codes, tracks=tracks)

    def tracks_of(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray] | None:
        """Tracks of the given rows, or None where the set has none."""
        return None if self.tracks is None else [self.tracks[i] for i in rows]

    def annotated(self, annotation: str | Path, *, skip_invalid: bool = False) -> SequenceSet:
        """Return the set with the tracks of a BED12, GTF or GFF3 file; see :func:`annotation.annotate`."""
        left_out: list[LeftOut] = []
        annotator = Annotator(
            read_annotation(annotation), source=self.source, skip_invalid=skip_invalid, on_left_out=left_out.append
        )
        found: list[tuple[str, np.ndarray, np.ndarray]] = []
        rows: list[int] = []
        for row, (name, codes) in enumerate(zip(self.names, self.codes, strict=True)):
            own = list(annotator.tracks_of(name, codes))
            found += own
            rows += [row] * len(own)
        annotator.finish()
        renamed = any(name != self.names[row] for row, (name, _, _) in zip(rows, found, strict=True))
        if renamed and (self.labels is not None or self.clusters is not None):
            raise ValueError(f"{self.source}: expected transcripts, found chromosomes; labels are of transcripts")
        if not found:
            raise ValueError(f"{self.source}: {describe_left_out(left_out)} and no transcript is left")
        told = (f"{self.source}: {describe_left_out(left_out)}.",) if left_out else ()
        return replace(
            self.subset(rows),
            names=tuple(name for name, _, _ in found),
            codes=tuple(codes for _, codes, _ in found),
            tracks=tuple(tracks for _, _, tracks in found),
            notes=(*self.notes, *told),
            left_out=(*self.left_out, *left_out),
        )

    def with_unique_names(self) -> SequenceSet:
        """Return the set with names of which each stands once, and a note on what was renamed."""
        names, notes = unique_names(self.names, self.source)
        return replace(self, names=names, notes=(*self.notes, *notes))


def random_sequences(
    count: int,
    length: int,
    *,
    seed: int,
    frequencies: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
    exclude: Sequence[str] = (),
) -> SequenceSet:
    """Draw independent random sequences.

    Parameters
    ----------
    count, length : int
    seed : int
    frequencies : 4 floats, default equal
        Of A, C, G, T/U; scaled to sum to 1.
    exclude : sequence of str, default none
        IUPAC words; a sequence that contains one is drawn again.

    Raises
    ------
    ValueError
        If the words leave hardly a sequence of this length.

    Examples
    --------
    >>> from combmotif.sequence.sets import random_sequences
    >>> sequences = random_sequences(100, 30, seed=1, exclude=["AUG"])
    >>> len(sequences), sequences.codes[0].shape
    (100, (30,))
    """
    p = np.asarray(frequencies, dtype=float)
    random = np.random.default_rng(seed)
    codes = random.choice(4, p=p / p.sum(), size=(count, length)).astype(np.uint8)
    for attempt in range(201):
        wrong = np.flatnonzero(np.any([contains(codes, word) for word in exclude], axis=0)) if exclude else ()
        if not len(wrong):
            break
        if attempt == 200:
            raise ValueError(f"exclude: hardly a random sequence of {length} nt is without {', '.join(exclude)}")
        codes[wrong] = random.choice(4, p=p / p.sum(), size=(len(wrong), length))
    without = f" without {', '.join(exclude)}" if exclude else ""
    return SequenceSet(
        tuple(f"random{i + 1}" for i in range(count)),
        tuple(codes),
        source=f"{count} random sequences of {length} nt{without}",
    )
