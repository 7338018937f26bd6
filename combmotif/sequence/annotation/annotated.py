"""Sequences with the coding-frame and splice tracks of their annotation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from combmotif.sequence.annotation.files import iterate_transcripts
from combmotif.sequence.annotation.transcripts import Annotation, Transcript
from combmotif.sequence.left_out import LeftOut, describe_left_out


class Annotator:
    """Gives FASTA records their tracks; see :func:`annotate`.

    What a record is, a transcript or a chromosome, is decided over all of them, so that their order does not matter.

    Parameters
    ----------
    annotation : Annotation
    source : str
    skip_invalid : bool, default False
    on_left_out : callable, optional
        As :func:`annotate` takes them.

    Attributes
    ----------
    genome : bool
        Whether the records so far are chromosomes.
    """

    def __init__(
        self,
        annotation: Annotation,
        *,
        source: str,
        skip_invalid: bool = False,
        on_left_out: Callable[[LeftOut], None] | None = None,
    ) -> None:
        self.annotation, self.source, self.skip_invalid = annotation, source, skip_invalid
        self.genome = False
        self._found: set[str] = set()
        self._chromosomes: set[str] = set()
        self._unknown: list[LeftOut] = []
        self._collected: list[LeftOut] | None = [] if on_left_out is None else None
        self._on_left_out = self._collected.append if self._collected is not None else on_left_out

    def tracks_of(self, name: str, codes: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Yield name, codes and tracks of every transcript that a record is or holds."""
        chromosome = self.annotation.chromosome(name)
        if chromosome is not None:
            self._one_kind(name, genome=True)
            if chromosome in self._chromosomes:
                raise ValueError(f"{self.source}: chromosome '{chromosome}' is there twice; remove one")
            self._chromosomes.add(chromosome)
            for own in self.annotation.by_chromosome[chromosome]:
                if own.exons:
                    yield from self._fitted(own, own.name, codes, spliced=False)
                else:
                    self._leave_out(own.name, own.fault)
            return
        transcript, reason = self.annotation.find(name)
        if transcript is not None:
            self._one_kind(name, genome=False)
            yield from self._fitted(transcript, name, codes, spliced=True)
        else:
            self._unknown.append(LeftOut(name, reason))
            if self._found:  # the records are transcripts, and this one is none
                self._refuse_unknown()

    def finish(self) -> None:
        """Account for what was not met, after the last record.

        Raises
        ------
        ValueError
            If no record is of the annotation, or one that is to be a transcript is not.
        """
        if not self.genome:
            self._refuse_unknown()
        if self.genome:
            for chromosome, transcripts in self.annotation.by_chromosome.items():
                for transcript in transcripts:
                    # A chromosome of its own name is the transcript itself, which was not asked for.
                    if chromosome not in self._chromosomes and chromosome != transcript.name:
                        self._leave_out(
                            transcript.name, f"its chromosome '{chromosome}' has no sequence in {self.source}"
                        )
        for name, _ in self._unknown:
            self._leave_out(name, f"a record of {self.source} on which {self.annotation.source} has no transcript")
        if self._collected:
            warnings.warn(f"{self.source}: {describe_left_out(self._collected)}", stacklevel=3)

    def _one_kind(self, name: str, *, genome: bool) -> None:
        if (self.genome and not genome) or (genome and self._found):
            other = next(iter(self._chromosomes)) if self.genome else next(iter(self._found))
            raise ValueError(
                f"{self.source}: expected transcripts or chromosomes, found both ('{other}' and '{name}'); give them "
                f"in files of their own"
            )
        self.genome = genome
        if not genome:
            self._found.add(name)
            self._refuse_unknown()

    def _refuse_unknown(self) -> None:
        """Refuse, or leave out, records that were not found, now that the records are known to be transcripts."""
        for name, reason in self._unknown:
            example = next(iter(self.annotation.transcripts.values()))
            text = f"'{name}' is neither a transcript nor a chromosome of {self.annotation.source}, " + (
                reason or f"whose first is transcript '{example.name}' on '{example.chromosome}'"
            )
            if not self._found:
                raise ValueError(f"{self.source}: {text}")
            self._invalid(name, text, self.source)
        self._unknown = []

    def _fitted(
        self, transcript: Transcript, title: str, codes: np.ndarray, *, spliced: bool
    ) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        try:
            tracks = transcript.tracks()
            sequence = codes if spliced else transcript.spliced(codes)
        except ValueError as error:
            self._invalid(title, str(error), self.annotation.source)
            return
        if len(sequence) != transcript.length:
            reason = (
                f"transcript '{title}': its exons in {self.annotation.source} sum to {transcript.length:,} nt, its "
                f"sequence has {len(sequence):,} nt; use the annotation of the same release"
            )
            self._invalid(title, reason, self.source)
            return
        yield title, sequence, tracks

    def _invalid(self, name: str, reason: str, file: str) -> None:
        if not self.skip_invalid:
            raise ValueError(f"{file}: {reason}; or leave out what cannot be used (skip_invalid)")
        self._leave_out(name, reason)

    def _leave_out(self, name: str, reason: str) -> None:
        if self._on_left_out is not None:
            self._on_left_out(LeftOut(name, reason))


def annotate(
    records: Iterable[tuple[str, np.ndarray]],
    annotation: Annotation,
    *,
    source: str = "sequences",
    skip_invalid: bool = False,
    on_left_out: Callable[[LeftOut], None] | None = None,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give sequences their tracks, one by one.

    A record that is named like a chromosome of the annotation is a piece of genome: every transcript on it is spliced
    out. Any other record is a transcript. Of a genome, records without a transcript and transcripts whose chromosome
    is not among the records are left out, and told.

    Parameters
    ----------
    records : iterable of (name, uint8 codes (length,))
    annotation : Annotation
    source : str
        Where the records come from, for messages.
    skip_invalid : bool, default False
        Leave out transcripts whose annotation is missing or cannot be used, instead of refusing them.
    on_left_out : callable, optional
        Called with everything that is left out; default one warning that counts it.

    Yields
    ------
    (name, codes, tracks)
        uint8 (length,) and uint8 (2, length).

    Raises
    ------
    ValueError
        If no record is of the annotation, some are transcripts and some chromosomes, or, without ``skip_invalid``, a
        transcript is not in the annotation, its exons do not sum to its length, or its reading frame is unknown.
    """
    annotator = Annotator(annotation, source=source, skip_invalid=skip_invalid, on_left_out=on_left_out)
    for name, codes in records:
        yield from annotator.tracks_of(name, codes)
    annotator.finish()


def read_annotation(path: str | Path) -> Annotation:
    """Read transcripts from a BED12, GTF or GFF3 file, plain or .gz.

    The format is told by the lines: 12 columns whose second is a number are BED12, attributes ``transcript_id "X"``
    GTF, ``Parent=X`` GFF3. The coding region runs from the first to the last CDS (thick) position as the file gives
    it: Ensembl's and GENCODE's GTF leave the stop codon out, BED12 has it in. The phase of the first CDS says where
    its first whole codon begins. A transcript without exon lines has those that its CDS, UTRs and stop codon make
    together.

    A transcript that cannot be used (no strand, exons that overlap, CDS outside of its exons, phases that contradict
    each other, several places under one name) is kept with its ``fault``, for whoever asks for it.

    Raises
    ------
    ValueError
        Naming the line that is not of these formats.
    """
    return Annotation(iterate_transcripts(Path(path)), str(path))
