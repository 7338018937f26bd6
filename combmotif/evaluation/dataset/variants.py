"""Variants of a VCF put into the sequence around them: pairs of reference and alternative windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.packed import open_text
from combmotif.evaluation.dataset.anchored import (
    ANCHORS,
    DONOR_WINDOW,
    EXONIC,
    AnchoredRegion,
    common_ends,
    cut_fixed,
    regions_for,
)
from combmotif.evaluation.dataset.utrs import COMPLEMENT, REGIONS, Region, read_transcripts, transcripts_on
from combmotif.sequence.alphabet import encode
from combmotif.sequence.fasta import iterate_fasta


@dataclass(frozen=True)
class Variant:
    """One alternative allele of a VCF line; ``position`` is 0-based."""

    chromosome: str
    position: int
    name: str
    ref: str
    alt: str
    info: dict[str, str]

    @property
    def label(self) -> str:
        """``chromosome_position_ref_alt``, the position 1-based as in the VCF."""
        return f"{self.chromosome}_{self.position + 1}_{self.ref}_{self.alt}"


def iterate_vcf(path: str | Path) -> Iterator[Variant | tuple[str, str]]:
    """Read a VCF (plain or .gz) allele by allele; what is no sequence change is (name, reason).

    Raises
    ------
    ValueError
        If a line has fewer than five columns, or a position is no number from 1.
    """
    with open_text(Path(path)) as stream:
        for number, line in enumerate(stream, 1):
            if line.startswith("#") or not line.strip():
                continue
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) < 5 or not cells[1].isdecimal() or int(cells[1]) < 1:
                raise ValueError(
                    f"{path}: line {number}: expected CHROM, POS (from 1), ID, REF and ALT separated by tabs, found "
                    f"{line.strip()[:60]!r}"
                )
            chromosome, position, name, ref = cells[0], int(cells[1]) - 1, cells[2], cells[3].upper().replace("U", "T")
            info = {}
            for entry in cells[7].split(";") if len(cells) > 7 else ():
                key, equals, value = entry.partition("=")
                info[key] = value if equals else "1"
            for alt in cells[4].upper().split(","):
                alt = alt if alt.startswith("<") else alt.replace("U", "T")
                label = f"{chromosome}_{position + 1}_{ref}_{alt}"
                if not ref or not set(ref) <= set("ACGT"):
                    yield label, "its reference allele holds other letters than A, C, G, T"
                elif alt in ("", ".", "*") or not set(alt) <= set("ACGT"):
                    yield label, f"its alternative allele '{alt}' is no sequence (symbolic, missing or spanning)"
                elif alt == ref:
                    yield label, "its reference and alternative allele are the same"
                else:
                    yield Variant(chromosome, position, name if name != "." else label, ref, alt, info)


@dataclass(frozen=True)
class VariantPair:
    """A variant in its window.

    Attributes
    ----------
    variant : Variant
    region, strand : str
        Name of the region it lies in, or of the chromosome.
    position : int
        Of the first base of the alleles in the sequences, 0-based.
    ref, alt : uint8 arrays
    """

    variant: Variant
    region: str
    strand: str
    position: int
    ref: np.ndarray
    alt: np.ndarray


def place_variant(
    variant: Variant,
    region: Region,
    chromosome: np.ndarray,
    *,
    window: int | None,
    orientation: str,
    fixed: bool = False,
    anchor: str = "variant",
) -> VariantPair | str:
    """Put a variant into a region, or say why it cannot be.

    Parameters
    ----------
    variant : Variant
    region : Region
    chromosome : uint8 array
    window : int or None
        Width in nt around the middle of the reference allele, clipped to the region; None for the whole region.
    orientation : str
        ``rna`` or ``genome``.
    fixed : bool, default False
        Both sequences have the width of the window, also with an insertion or deletion, see `cut_fixed`.
    anchor : str, default "variant"
        Of fixed windows: what they are held by, of `ANCHORS`; a donor's are held by the donor.

    Returns
    -------
    VariantPair or str
    """
    places = region.places()
    start = int(np.searchsorted(places, variant.position))
    end = start + len(variant.ref)
    if (
        end > len(places)
        or places[start] != variant.position
        or places[end - 1] != variant.position + len(variant.ref) - 1
    ):
        return "it reaches beyond the region or over a splice site"
    sequence = region.cut(chromosome, orientation="genome")
    if not np.array_equal(sequence[start:end], encode(variant.ref)):
        there = "".join("ACGTN"[int(base)] for base in sequence[start:end])
        return f"its reference allele {variant.ref} is not that of the FASTA ({there})"
    if fixed and window is not None:
        given, ends = encode(variant.alt), (start, end)
        if orientation == "rna" and region.strand == "-":
            sequence, given = COMPLEMENT[sequence[::-1]], COMPLEMENT[given[::-1]]
            ends = (len(sequence) - end, len(sequence) - start)
        # bases that the two alleles share are no part of the change: GA>G deletes the A alone
        shared = common_ends(sequence[ends[0] : ends[1]], given)
        ends = (ends[0] + shared[0], ends[1] - shared[1])
        given = given[shared[0] : len(given) - shared[1]]
        held = region.anchor if isinstance(region, AnchoredRegion) else anchor
        found = cut_fixed(sequence, *ends, given, length=window, anchor=held)
        return found if isinstance(found, str) else VariantPair(
            variant, region.name, region.strand, found[2], *found[:2]
        )  # fmt: skip
    low, high = 0, len(sequence)
    if window is not None:
        low = max(0, (start + end) // 2 - window // 2)
        high = min(len(sequence), low + window)
        low = min(low, start)
        high = max(high, end)
    ref = sequence[low:high]
    alt = np.concatenate([sequence[low:start], encode(variant.alt), sequence[end:high]])
    position = start - low
    if orientation == "rna" and region.strand == "-":
        position = len(ref) - (end - low)
        ref, alt = COMPLEMENT[ref[::-1]], COMPLEMENT[alt[::-1]]
    return VariantPair(variant, region.name, region.strand, position, ref, alt)


def variant_pairs(
    vcf: str | Path,
    fasta: str | Path,
    *,
    annotation: str | Path | None = None,
    region: str = "3utr",
    window: int | None = 512,
    orientation: str = "rna",
    fixed: bool = False,
    anchor: str = "variant",
    strand: str = "+",
) -> Iterator[VariantPair | tuple[str, str]]:
    """Put every variant of a VCF into the sequence around it.

    Chromosomes named with and without ``chr`` are the same. A variant in several transcripts' regions is put into the
    longest of these, one in several donors' windows into that of the nearest donor.

    Parameters
    ----------
    vcf, fasta : path
    annotation : path, optional
        GTF, GFF3 or BED12 (or plain BED of the regions themselves): only variants in the region of a transcript, on its
        strand, clipped to it; without it windows of the genome.
    region : str, default "3utr"
        ``3utr``, ``5utr``, ``cds``, ``transcript``; ``donor`` and ``exon`` of the unspliced transcript, see
        `exonic_regions`.
    window : int or None, default 512
        Width in nt; None for the whole region.
    orientation : str, default "rna"
    fixed, anchor
        As for `place_variant`.
    strand : str, default "+"
        Of windows of the genome, without an annotation.

    Yields
    ------
    VariantPair, or (variant, reason)

    Raises
    ------
    ValueError
        If an option is unknown, no chromosome of the VCF is in the FASTA, one is there twice, or most reference alleles
        differ: another genome build.
    """
    if region not in (*REGIONS, *EXONIC):
        raise ValueError(f"region: expected {', '.join((*REGIONS, *EXONIC))}, found '{region}'")
    if anchor not in ANCHORS:
        raise ValueError(f"anchor: expected {', '.join(ANCHORS)}, found '{anchor}'")
    if annotation is None and window is None:
        raise ValueError("window: expected a width in nt where there is no annotation, found none")
    if annotation is None and (region in EXONIC or anchor != "variant"):
        asked_for = f"region: '{region}'" if region in EXONIC else f"anchor: '{anchor}'"
        raise ValueError(f"{asked_for} needs an annotation of the transcripts, found none")
    if region == "donor":
        window, fixed = window or DONOR_WINDOW, True
    by_chromosome: dict[str, list[Variant]] = {}
    seen: set[tuple[str, str]] = set()
    first = ""
    for entry in iterate_vcf(vcf):
        if not isinstance(entry, Variant):
            first = first or f"; the first line was skipped because {entry[1]}"
            yield entry
        elif (key := (entry.chromosome, entry.label)) in seen:
            yield entry.label, "it stands twice"
        else:
            seen.add(key)
            by_chromosome.setdefault(entry.chromosome.removeprefix("chr"), []).append(entry)
    if not by_chromosome:
        raise ValueError(f"{vcf}: expected variants, found none{first}")
    read, whole = (None, False) if annotation is None else read_transcripts(annotation)
    if whole and region not in EXONIC:
        region = "transcript"
    asked, wrong, placed, names, annotated = 0, 0, 0, [], False
    used: set[str] = set()
    for name, chromosome in iterate_fasta(fasta):
        names.append(name)
        if name.removeprefix("chr") in used:
            raise ValueError(f"{fasta}: chromosome '{name}' is there twice; remove one")
        variants = by_chromosome.pop(name.removeprefix("chr"), [])
        if not variants:
            continue
        used.add(name.removeprefix("chr"))
        if read is None:
            regions = [Region(name, name, strand, ((0, len(chromosome)),))]
        else:
            regions = regions_for(read, name, chromosome, region, window)
            annotated = annotated or bool(transcripts_on(read, name))
        regions.sort(key=lambda r: (-r.length, r.name))
        for variant in variants:
            found = _in_longest(
                variant, regions, chromosome, window=window, orientation=orientation, whole=read is None, fixed=fixed,
                anchor=anchor,
            )  # fmt: skip
            asked += 1
            wrong += isinstance(found, str) and "not that of the FASTA" in found
            placed += not isinstance(found, str)
            yield (variant.label, found) if isinstance(found, str) else found
    if asked and read is not None and not annotated:
        raise ValueError(
            f"{annotation}: expected transcripts on the chromosomes of {vcf} and {fasta} ({', '.join(names[:3])}), "
            f"found {', '.join(list(read.by_chromosome)[:3])}"
        )
    for variants in by_chromosome.values():
        yield from ((variant.label, "its chromosome is not in the FASTA") for variant in variants)
    if not asked:
        there = next(iter(by_chromosome.values()))[0].chromosome
        raise ValueError(f"{vcf}: its chromosomes ('{there}', ...) are not in {fasta} ({', '.join(names[:3])})")
    if wrong > placed:
        raise ValueError(
            f"{vcf}: the reference alleles of {wrong:,} of {wrong + placed:,} variants are not those of {fasta}; is it "
            f"of another genome build? (liftOver or CrossMap bring a VCF to another build)"
        )


def _in_longest(
    variant: Variant,
    regions: Sequence[Region],
    chromosome: np.ndarray,
    *,
    window: int | None,
    orientation: str,
    whole: bool,
    fixed: bool,
    anchor: str,
) -> VariantPair | str:
    reason = (
        f"it lies beyond the chromosome of {len(chromosome):,} nt"
        if whole
        else ("it lies in no region of the annotation")
    )
    around = [one for one in regions if one.blocks[0][0] <= variant.position < one.blocks[-1][1]]
    around.sort(key=lambda one: abs(one.place - variant.position) if isinstance(one, AnchoredRegion) else 0)
    for region in around:
        if whole:  # only the part around it is needed of a chromosome
            half = (window or 0) + len(variant.ref)
            low, high = max(0, variant.position - half), min(len(chromosome), variant.position + half + 1)
            region = Region(region.name, region.chromosome, region.strand, ((low, high),))
        found = place_variant(
            variant, region, chromosome, window=window, orientation=orientation, fixed=fixed, anchor=anchor
        )
        if not isinstance(found, str):
            return found
        if "not that of the FASTA" in found or "reaches" not in reason:
            reason = found
    return reason
