"""Write prepared data: FASTA with an index, tables, frequencies; what was skipped beside each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from combmotif.core.files import atomic, refuse_other_table, write_table, writing_h5, writing_text
from combmotif.evaluation.dataset.maf import AlignedRegion, align_regions, iterate_maf
from combmotif.evaluation.dataset.orthologues import Orthologue, as_annotated, cut_orthologues, orthologues
from combmotif.evaluation.dataset.utrs import Region, utr_sequences
from combmotif.evaluation.dataset.variants import VariantPair, variant_pairs

Skipped = list[tuple[str, str]]
_Entry = TypeVar("_Entry", Orthologue, VariantPair)
_SKIPPED = ("item", "reason")
_PLACES = ("name", "chromosome", "strand", "length", "blocks", "orientation")
_LETTERS = np.frombuffer(b"ACGTN-", dtype=np.uint8)


def _text(codes: np.ndarray) -> str:
    return _LETTERS[codes].tobytes().decode()


def _write_fasta(path: Path, records: Sequence[tuple[str, str]]) -> None:
    with atomic(path) as temporary, writing_text(temporary, path) as stream:
        for name, text in records:
            lines = "".join(f"{text[i : i + 80]}\n" for i in range(0, len(text), 80))
            stream.write(f">{name}\n{lines}")


def _blocks(region: Region) -> str:
    return ",".join(f"{start}-{end}" for start, end in region.blocks)


def _parted(out: Path) -> tuple[str, str]:
    """Part a file's name before its ending: ``utrs`` and ``.fa.gz``."""
    ending = "".join(out.suffixes[-2:]) if out.suffix == ".gz" else out.suffix
    return out.name.removesuffix(ending), ending


@dataclass(frozen=True)
class Sorting:
    """How sequences are written: in random order or not, in files of so many, by a seed."""

    shuffle: bool = False
    shard: int | None = None
    seed: int = 0

    def write(self, out: Path, records: Sequence[tuple[str, str]]) -> None:
        """Write sequences to one file, or to OUT.0001.fa and so on."""
        records = [records[i] for i in self.order(len(records))]
        if self.shard is None:
            _write_fasta(out, records)
            return
        stem, ending = _parted(out)
        for number, start in enumerate(range(0, len(records), self.shard), 1):
            _write_fasta(out.with_name(f"{stem}.{number:04}{ending}"), records[start : start + self.shard])

    def order(self, count: int) -> list[int]:
        """Return the order in which so many sequences are written."""
        return np.random.default_rng(self.seed).permutation(count).tolist() if self.shuffle else list(range(count))


@contextlib.contextmanager
def _skipping(out: Path) -> Iterator[Skipped]:
    """Collect what is skipped, and write it beside a file; without any, only an earlier table is replaced."""
    path = Path(f"{out}.skipped.tsv")
    refuse_other_table(path, _SKIPPED)
    skipped: Skipped = []
    yield skipped
    if skipped or path.exists():
        write_table(path, pd.DataFrame(skipped, columns=list(_SKIPPED)))


def _kept(entries: Iterable[_Entry | tuple[str, str]], skipped: Skipped) -> Iterator[_Entry]:
    """Yield what is not skipped; the others are noted."""
    for entry in entries:
        if isinstance(entry, tuple):
            skipped.append(entry)
        else:
            yield entry


def _regions(
    annotation: Path, fasta: Path, *, region: str, orientation: str, shortest: int, skipped: Skipped
) -> Iterator[tuple[Region, np.ndarray]]:
    for found, name, codes in utr_sequences(
        annotation, fasta, region=region, orientation=orientation, shortest=shortest
    ):
        if found is None or isinstance(codes, str):
            skipped.append((name, str(codes)))
        else:
            yield found, codes


def write_utrs(
    annotation: Path,
    fasta: Path,
    out: Path,
    *,
    region: str = "3utr",
    orientation: str = "rna",
    shortest: int = 1,
    sorting: Sorting | None = None,
) -> tuple[int, Skipped]:
    """Write a region of every transcript as FASTA, and ``OUT.tsv`` with its place; see :func:`utr_sequences`.

    Returns
    -------
    (count, skipped)
    """
    with _skipping(out) as skipped:
        refuse_other_table(Path(f"{out}.tsv"), _PLACES)
        found = list(
            _regions(annotation, fasta, region=region, orientation=orientation, shortest=shortest, skipped=skipped)
        )
        if not found:
            raise ValueError(f"{annotation}: expected transcripts with a {region}, found none ({skipped[0][1]})")
        sorting = sorting or Sorting()
        sorting.write(out, [(own.name, _text(codes)) for own, codes in found])
        regions = [found[i][0] for i in sorting.order(len(found))]
        rows = [(own.name, own.chromosome, own.strand, own.length, _blocks(own), orientation) for own in regions]
        write_table(Path(f"{out}.tsv"), pd.DataFrame(rows, columns=list(_PLACES)))
        return len(found), skipped


def _aligned(
    maf: Path, cut: Sequence[tuple[Region, np.ndarray]], skipped: Skipped, *, reference: str
) -> list[AlignedRegion]:
    """Align regions; those that no block covers, or whose reference bases are others than in the FASTA, are counted.

    Raises
    ------
    ValueError
        If most of those that are covered differ, or none is left.
    """
    kept: list[AlignedRegion] = []
    wrong = 0
    aligned = align_regions(iterate_maf(maf), [region for region, _ in cut], reference=reference)
    for found, (region, codes) in zip(aligned, cut, strict=True):
        row = found.sequences().get(reference)
        if row is None:
            skipped.append((region.name, "no block of the alignment covers it"))
            continue
        known = (row < 4) & (codes < 4)
        differ = int((row[known] != codes[known]).sum())
        if differ > known.sum() / 10:
            wrong += 1
            skipped.append((region.name, f"{differ:,} of its {int(known.sum()):,} aligned bases are not the FASTA's"))
        else:
            kept.append(found)
    if wrong > len(kept):
        raise ValueError(
            f"{maf}: the bases of '{reference}' in {wrong:,} of {wrong + len(kept):,} regions are not those of the "
            f"FASTA; is it of another genome build?"
        )
    if not kept:
        raise ValueError(f"{maf}: no region is left; the first was skipped because {skipped[0][1]}")
    return kept


def write_orthologues(
    maf: Path,
    annotation: Path,
    fasta: Path,
    out: Path,
    *,
    reference: str,
    same_stop: bool = True,
    annotations: Mapping[str, Path] | None = None,
    genomes: Mapping[str, Path] | None = None,
    sorting: Sorting | None = None,
) -> tuple[int, Skipped]:
    """Write where the 3'UTRs of other species lie.

    With ``annotations`` of other species they end where these say; with ``genomes`` of other species their sequences
    are written, too, to ``OUT.fa``.

    Returns
    -------
    (count, skipped)
    """
    with _skipping(out) as skipped:
        cut = list(_regions(annotation, fasta, region="3utr", orientation="rna", shortest=1, skipped=skipped))
        entries = orthologues(iterate_maf(maf), [region for region, _ in cut], reference=reference, same_stop=same_stop)
        kept = list(_kept(as_annotated(list(_kept(entries, skipped)), annotations or {}), skipped))
        if not kept:
            raise ValueError(f"{maf}: no 3'UTR is left; the first was skipped because {skipped[0][1]}")
        records = []
        for name, cut_out in cut_orthologues(kept, genomes or {}):
            if isinstance(cut_out, str):
                skipped.append((name, cut_out))
            else:
                records.append((name, _text(cut_out)))
        if genomes:
            (sorting or Sorting()).write(Path(f"{out}.fa"), records)
        rows = [
            (own.region, own.species, own.place.chromosome, own.place.blocks[0][0], own.place.blocks[-1][1],
             own.place.strand, own.stop, _blocks(own.place))
            for own in kept
        ]  # fmt: skip
        columns = ["region", "species", "contig", "start", "end", "strand", "stop", "blocks"]
        write_table(out, pd.DataFrame(rows, columns=columns))
        return len(rows), skipped


def write_aligned(maf: Path, annotation: Path, fasta: Path, out: Path, *, reference: str) -> tuple[int, Skipped]:
    """Write the aligned 3'UTRs of all species as FASTA, on the columns of the reference.

    Returns
    -------
    (count, skipped)
    """
    with _skipping(out) as skipped:
        cut = list(_regions(annotation, fasta, region="3utr", orientation="rna", shortest=1, skipped=skipped))
        records = []
        for found in _aligned(maf, cut, skipped, reference=reference):
            for species, codes in sorted(found.sequences().items()):
                text = _text(codes)
                known = len(text.replace("-", "").replace("N", ""))
                records.append((f"{found.region.name}:{species}:{known}", text))
        _write_fasta(out, records)
        return len(records), skipped


def write_frequencies(
    maf: Path,
    annotation: Path,
    fasta: Path,
    out: Path,
    *,
    reference: str,
    region: str = "3utr",
    with_reference: bool = False,
) -> tuple[int, Skipped]:
    """Write the shares of the bases in every column, as :class:`FileModel` reads them; NaN where no species has one.

    Returns
    -------
    (count, skipped)
    """
    with _skipping(out) as skipped:
        cut = list(_regions(annotation, fasta, region=region, orientation="rna", shortest=1, skipped=skipped))
        count = 0
        with atomic(out) as temporary, writing_h5(temporary) as file:
            for found in _aligned(maf, cut, skipped, reference=reference):
                shares = found.frequencies(reference=None if with_reference else reference)
                file.create_dataset(f"{found.region.name}/probs", data=shares, compression="gzip")
                count += 1
        return count, skipped


def write_variants(
    vcf: Path,
    fasta: Path,
    out: Path,
    *,
    annotation: Path | None = None,
    region: str = "3utr",
    orientation: str = "rna",
    window: int | None = 512,
    info: Sequence[str] = (),
    fasta_out: Path | None = None,
) -> tuple[int, Skipped]:
    """Write a row per variant with the reference and the alternative sequence; see :func:`variant_pairs`.

    With ``fasta_out`` also both sequences as ``NAME_ref`` and ``NAME_alt``, for models that are asked elsewhere.

    Returns
    -------
    (count, skipped)
    """
    with _skipping(out) as skipped:
        rows: list[list[object]] = []
        there: set[str] = set()
        entries = variant_pairs(
            vcf, fasta, annotation=annotation, region=region, window=window, orientation=orientation
        )
        for entry in _kept(entries, skipped):
            own = entry.variant
            there.update(own.info)
            rows.append([
                own.label, own.name, own.chromosome, own.position + 1, own.ref, own.alt, entry.region, entry.strand,
                entry.position, *(own.info.get(key, "") for key in info), _text(entry.ref), _text(entry.alt),
            ])  # fmt: skip
        columns = ["variant", "id", "chrom", "pos", "ref", "alt", "region", "strand", "position", *info]
        if not rows:
            raise ValueError(f"{vcf}: no variant is left; the first was skipped because {skipped[0][1]}")
        if missing := [key for key in info if key not in there]:
            known = ", ".join(sorted(there)[:6]) or "no keys"
            raise ValueError(f"{vcf}: info: expected '{missing[0]}' in INFO of a variant, found {known}")
        write_table(out, pd.DataFrame(rows, columns=[*columns, "ref_sequence", "alt_sequence"]))
        if fasta_out is not None:
            _write_fasta(
                fasta_out, [(f"{row[0]}_{end}", str(row[at])) for row in rows for end, at in (("ref", -2), ("alt", -1))]
            )
        return len(rows), skipped
