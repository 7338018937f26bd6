"""Target sites of microRNAs, from their mature sequences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from combmotif.core.packed import open_text
from combmotif.sequence.alphabet import decode, encode
from combmotif.sequence.fasta import iterate_fasta

SITE_TYPES = ("8mer", "7mer-m8", "7mer-A1", "6mer")
"""From the most to the least effective (Bartel 2009): pairs of nucleotides 2-8 or 2-7, with or without A opposite 1."""
_SHORTEST, _LONGEST = 15, 35
_PLACES = 4 ** np.arange(5, -1, -1)


class MicroRNA(NamedTuple):
    """A mature microRNA: `name` (hsa-miR-1-3p) and uint8 `codes` (length,)."""

    name: str
    codes: np.ndarray


class SeedFamily(NamedTuple):
    """MicroRNAs with one seed (nucleotides 2-8): `seed` as written 5' to 3' in RNA, and their names."""

    seed: str
    names: tuple[str, ...]


def read_mature(path: str | Path, *, species: str | None = None) -> list[MicroRNA]:
    """Read mature microRNAs, as miRBase's ``mature.fa`` has them.

    Parameters
    ----------
    path : str or pathlib.Path
        FASTA, plain or gzipped; the first word of a header is the name, with the species' three or four letters first.
    species : str, optional
        Only these: ``hsa``, as the names begin, or ``Homo sapiens``, as the headers say.

    Returns
    -------
    list of MicroRNA
        In file order.

    Raises
    ------
    ValueError
        If a record is not of 15-35 nt, or none is of the species; the species that are there are named.
    """
    path = Path(path)
    prefix = _prefix(path, species) if species else None
    found, known = [], set()
    for name, codes in iterate_fasta(path):
        known.add(name.split("-")[0])
        if prefix is not None and name.split("-")[0] != prefix:
            continue
        if not _SHORTEST <= len(codes) <= _LONGEST:
            raise ValueError(
                f"{path}: expected mature microRNAs of {_SHORTEST}-{_LONGEST} nt, '{name}' has {len(codes)}; a FASTA "
                f"of other sequences is no motif database"
            )
        if not (codes[:8] == 4).any():
            found.append(MicroRNA(name, codes))
    if not found:
        shown = ", ".join(sorted(known)[:8])
        raise ValueError(f"{path}: no microRNA of the species {species!r}; names begin with {shown or 'nothing'}, ...")
    return found


def _prefix(path: Path, species: str) -> str:
    """Letters that the names of a species begin with; from a header that holds its Latin name, if need be."""
    if re.fullmatch(r"[a-z0-9]{3,5}", species):
        return species
    wanted = species.replace("_", " ").lower()
    with open_text(path) as stream:
        for line in stream:
            if line.startswith(">") and f" {wanted} " in f" {line.lower().rstrip()} ":
                return line[1:].split("-")[0].strip()
    raise ValueError(
        f"{path}: no microRNA of the species {species!r}; give its letters, such as hsa, or its Latin name"
    )


def check_site_types(sites: Sequence[str]) -> tuple[str, ...]:
    """Check that there are sites, and all of `SITE_TYPES`."""
    wrong = [site for site in sites if site not in SITE_TYPES]
    if wrong or not sites:
        raise ValueError(f"sites: expected any of {', '.join(SITE_TYPES)}, got {wrong[0] if wrong else 'none'!r}")
    return tuple(sites)


def seed_families(micrornas: Iterable[MicroRNA]) -> list[SeedFamily]:
    """Group microRNAs by nucleotides 2-8, which decide over their targets; in order of first member."""
    groups: dict[str, list[str]] = {}
    for micro in micrornas:
        names = groups.setdefault(decode(micro.codes[1:8]), [])
        if micro.name not in names:
            names.append(micro.name)
    return [SeedFamily(seed, tuple(names)) for seed, names in groups.items()]


def site_word(seed: str, site_type: str) -> str:
    """Spell the site that a seed (7 nt, nucleotides 2-8) pairs with, in the direction of the mRNA.

    >>> [site_word("GAGGUAG", kind) for kind in SITE_TYPES]
    ['CUACCUCA', 'CUACCUC', 'UACCUCA', 'UACCUC']
    """
    if site_type not in SITE_TYPES:
        raise ValueError(f"site type: expected one of {', '.join(SITE_TYPES)}, got {site_type!r}")
    if len(seed) != 7:
        raise ValueError(f"seed: expected nucleotides 2-8, 7 letters, got {seed!r}")
    pair = str.maketrans("ACGUT", "UGCAA")
    site = seed.upper().translate(pair)[::-1]
    return (site if "m8" in site_type or site_type == "8mer" else site[1:]) + (
        "A" if "A1" in site_type or site_type == "8mer" else ""
    )


def family_name(names: Sequence[str]) -> str:
    """Name a seed family by its members: ``miR-15a-5p/15b-5p/16-5p``, without the species where all share it."""
    species = {name.split("-")[0] for name in names}
    short = [name.split("-", 1)[1] if len(species) == 1 and "-" in name else name for name in names]
    first, *rest = short
    stem = first.split("-")[0] + "-"
    shown = [first, *(name.removeprefix(stem) for name in rest)]
    return "/".join(shown[:4]) + (f"/+{len(shown) - 4}" if len(shown) > 4 else "")


@dataclass(frozen=True)
class MirnaSites:
    """Target sites on sequences.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns ``sequence`` (row), ``start``, ``end`` (0-based half-open), ``type``, ``word``, ``p_value``, ``group``.
    groups : dict of int to tuple of str
        The microRNAs of a group: those whose site a word is, which are more for 6mer and 7mer-A1 than for 7mer-m8.
    """

    table: pd.DataFrame
    groups: dict[int, tuple[str, ...]]


def find_mirna_sites(
    codes: Sequence[np.ndarray], families: Sequence[SeedFamily], *, background: Sequence[float] | None = None
) -> MirnaSites:
    """Find the sites that pair with nucleotides 2-7 of microRNAs, each called by its best type.

    A place that is an 8mer is not reported as the 7mers and the 6mer within it as well (Bartel 2009).

    Parameters
    ----------
    codes : sequence of uint8 arrays, shape (length,)
    families : sequence of SeedFamily
        As `seed_families` gives them.
    background : sequence of 4 floats, default uniform
        Frequencies of A, C, G, U, for the p-value of a word.

    Returns
    -------
    MirnaSites
        By sequence and start.
    """
    base = np.full(4, 0.25) if background is None else np.asarray(background, dtype=float)
    by_core: dict[int, dict[int, list[str]]] = {}  # 6mer -> base opposite nucleotide 8 -> names
    for family in families:
        site = encode(site_word(family.seed, "7mer-m8"))
        by_core.setdefault(_number(site[1:]), {}).setdefault(int(site[0]), []).extend(family.names)
    is_core = np.zeros(4**6, dtype=bool)
    is_core[list(by_core)] = True
    groups: dict[tuple[str, ...], int] = {}
    rows = []
    for row, sequence in enumerate(codes):
        if len(sequence) < 6:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(np.asarray(sequence, dtype=np.int64), 6)
        numbers = np.where((windows < 4).all(1), windows @ _PLACES, 0)
        for start in np.flatnonzero(is_core[numbers] & (windows < 4).all(1)).tolist():
            seeds = by_core[int(numbers[start])]
            before = int(sequence[start - 1]) if start else 4
            m8, a1 = before in seeds, start + 6 < len(sequence) and sequence[start + 6] == 0
            kind = "8mer" if m8 and a1 else "7mer-m8" if m8 else "7mer-A1" if a1 else "6mer"
            left, right = start - m8, start + 6 + a1
            names = seeds[before] if m8 else [name for members in seeds.values() for name in members]
            group = groups.setdefault(tuple(names), len(groups))
            word = sequence[left:right]
            rows.append((row, left, right, kind, decode(word), float(np.prod(base[word])), group))
    columns = ["sequence", "start", "end", "type", "word", "p_value", "group"]
    return MirnaSites(pd.DataFrame(rows, columns=columns), {number: names for names, number in groups.items()})


def _number(codes: np.ndarray) -> int:
    return int(codes.astype(np.int64) @ _PLACES)
