"""Multiple alignments (MAF), block by block: column frequencies and aligned regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.packed import open_text
from combmotif.evaluation.dataset.utrs import COMPLEMENT, Region

_CODES = np.full(256, 4, dtype=np.uint8)
for _number, _letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
    for _letter in _letters:
        _CODES[ord(_letter)] = _number
GAP = 5
_CODES[ord("-")] = GAP


@dataclass(frozen=True)
class MafRow:
    """One row of a block.

    Attributes
    ----------
    species, contig : str
        What stands before and after the first point of the source.
    start, size : int
        On the row's own strand, 0-based.
    strand : str
    length : int
        Of the whole contig.
    codes : uint8 array
        One per column: 0-3, 4 for N, 5 for a gap.
    """

    species: str
    contig: str
    start: int
    size: int
    strand: str
    length: int
    codes: np.ndarray


def iterate_maf(path: str | Path) -> Iterator[list[MafRow]]:
    """Read a MAF file (plain or .gz) block by block, in bounded memory.

    Raises
    ------
    ValueError
        If a row is incomplete, its size is not that of its bases, or the rows of a block differ in length.
    """
    block: list[MafRow] = []
    with open_text(Path(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip() or line[0] == "a":
                if block:
                    yield block
                block = []
                continue
            if line[0] != "s":
                continue
            cells = line.split()
            try:
                _, source, start, size, strand, length, text = cells
                row = MafRow(
                    source.partition(".")[0], source.partition(".")[2], int(start), int(size), strand, int(length),
                    _CODES[np.frombuffer(text.encode("ascii"), dtype=np.uint8)],
                )  # fmt: skip
            except ValueError:
                raise ValueError(
                    f"{path}: line {number}: expected 's source start size strand length text', found "
                    f"{line.strip()[:60]!r}"
                ) from None
            if int((row.codes != GAP).sum()) != row.size:
                raise ValueError(
                    f"{path}: line {number}: expected {row.size} bases of {source}, found {(row.codes != GAP).sum()}"
                )
            if block and len(block[0].codes) != len(row.codes):
                raise ValueError(
                    f"{path}: line {number}: expected {len(block[0].codes)} columns as in the row above, found "
                    f"{len(row.codes)}"
                )
            block.append(row)
    if block:
        yield block


def reference_row(block: Sequence[MafRow], reference: str) -> MafRow | None:
    """Find the row of the reference species, on the forward strand as MAF files of a reference have it."""
    for row in block:
        if row.species == reference:
            return row if row.strand == "+" else None
    return None


@dataclass
class AlignedRegion:
    """Rows of species on the columns of a region, in the order of the chromosome; 4 where unknown, 5 for a gap."""

    region: Region
    rows: dict[str, np.ndarray]

    def frequencies(self, *, reference: str | None = None) -> np.ndarray:
        """Share of A, C, G, U in every column, on the region's strand; NaN where no species has a base.

        Parameters
        ----------
        reference : str, optional
            Species to leave out: with the reference counted, its own base has always been seen.

        Returns
        -------
        float32 array (length, 4)
        """
        length = self.region.length
        counts = np.zeros((length, 4), dtype=np.float32)
        for species, row in self.rows.items():
            if species != reference:
                known = np.flatnonzero(row < 4)
                counts[known, row[known]] += 1
        total = counts.sum(1, keepdims=True)
        shares = counts / np.where(total > 0, total, np.nan)
        return shares[::-1, ::-1].copy() if self.region.strand == "-" else shares

    def sequences(self) -> dict[str, np.ndarray]:
        """Rows on the region's strand."""
        if self.region.strand == "+":
            return dict(self.rows)
        flip = np.append(COMPLEMENT, GAP).astype(np.uint8)
        return {species: flip[row[::-1]] for species, row in self.rows.items()}


def align_regions(
    blocks: Iterable[Sequence[MafRow]], regions: Sequence[Region], *, reference: str
) -> list[AlignedRegion]:
    """Project every species on the columns of regions of the reference; insertions against it are left out.

    Where several rows of a species cover a column, the one of the block that agrees best with the reference counts.

    Parameters
    ----------
    blocks : iterable of lists of MafRow
        As :func:`iterate_maf` gives them; read once.
    regions : sequence of Region
    reference : str
        Species of the regions.

    Returns
    -------
    list of AlignedRegion
        In the order of the regions; a region without a block has no rows.

    Raises
    ------
    ValueError
        If no block has a row of the reference.
    """
    found = [AlignedRegion(region, {}) for region in regions]
    quality: list[dict[str, np.ndarray]] = [{} for _ in regions]
    places = [region.places() for region in regions]
    by_contig: dict[str, list[int]] = {}
    for number, region in enumerate(regions):
        by_contig.setdefault(region.chromosome.removeprefix("chr"), []).append(number)
    ends = {contig: np.array([places[i][-1] for i in own]) for contig, own in by_contig.items()}
    starts = {contig: np.array([places[i][0] for i in own]) for contig, own in by_contig.items()}
    seen: set[str] = set()
    for block in blocks:
        seen.update(row.species for row in block)
        main = reference_row(block, reference)
        if main is None or (contig := main.contig.removeprefix("chr")) not in by_contig:
            continue
        hit = np.flatnonzero((starts[contig] < main.start + main.size) & (ends[contig] >= main.start))
        if not len(hit):
            continue
        columns = np.flatnonzero(main.codes != GAP)
        for number in (by_contig[contig][i] for i in hit):
            inside = np.flatnonzero((places[number] >= main.start) & (places[number] < main.start + main.size))
            at = columns[places[number][inside] - main.start]
            for row in block:
                agree = float((row.codes[columns] == main.codes[columns]).mean())
                own = found[number].rows.setdefault(row.species, np.full(len(places[number]), 4, dtype=np.uint8))
                best = quality[number].setdefault(row.species, np.full(len(places[number]), -1.0))
                better = inside[best[inside] < agree]
                own[better] = row.codes[at[best[inside] < agree]]
                best[better] = agree
    require_species(seen, reference)
    return found


def require_species(seen: set[str], reference: str) -> None:
    """Raise ValueError if an alignment has no row of the reference."""
    if reference not in seen:
        raise ValueError(
            f"maf: expected rows of '{reference}', found {', '.join(sorted(seen)[:6]) or 'no rows of an alignment'}"
        )
