"""The published hexamer tables of HAL: where they are, what they hold, how they are checked."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.core.download import cache_folder, md5_of
from combmotif.core.files import atomic
from combmotif.models.architectures.hal.hexamers import HEXAMERS, word_number
from combmotif.models.published import PUBLISHED_WEIGHTS

TABLE_FILE, TABLE_MD5 = PUBLISHED_WEIGHTS["hal"].file, PUBLISHED_WEIGHTS["hal"].md5
EXON_FILES = ("exonic_mer6_scores.csv", "exonic_acceptor_scores.csv")
REGIONS = (
    "far exon", "near exon", "donor -3", "donor -2", "donor -1", "donor 0", "near intron", "far intron",
)  # fmt: skip
"""The eight columns of the table. A donor column is named by where its hexamer starts, counted from the G of GT."""
WINDOW = 160
"""Length of a donor window in nt: 80 exonic, 80 intronic."""
DONOR = 80
"""Index of the G of GT in a donor window."""
SPANS = ((0, 40), (40, 70), (77, 78), (78, 79), (79, 80), (80, 81), (86, 115), (115, 155))
"""Hexamer starts of each column in a donor window, half-open; starts 70-76 and 81-85 score nothing."""
_FILE_ORDER = "ATCG"


@dataclass(frozen=True, eq=False)
class HexamerTable:
    """Effects of the 4,096 hexamers in the eight regions around a splice donor, in natural-log-odds units.

    Attributes
    ----------
    weights : float64 array, shape (4096, 8)
        Rows as ``hexamer_numbers`` counts them, columns as ``REGIONS`` names them.
    source : str
        Where it was read from.
    """

    weights: np.ndarray
    source: str = ""

    def __post_init__(self) -> None:
        if self.weights.shape != (HEXAMERS, len(REGIONS)):
            raise ValueError(f"weights: expected shape ({HEXAMERS}, {len(REGIONS)}), found {self.weights.shape}")

    def effect(self, hexamer: str) -> np.ndarray:
        """Return the eight effects of one hexamer, float64 (8,)."""
        return self.weights[word_number(hexamer)]

    def save(self, path: str | Path) -> Path:
        """Write the table in the published form: key ``weights``, (4096, 8), rows in the order of A, T, C, G."""
        path = Path(path)
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(file, weights=self.weights[file_rows()])
        return path


@dataclass(frozen=True, eq=False)
class ExonScores:
    """Further tables that the exon-skipping score needs.

    Attributes
    ----------
    hexamers : float64 array, shape (4096,)
        Effect of an exonic hexamer wherever it stands.
    acceptor : float64 array, shape (64,)
        Effect of the first three exonic bases, numbered like hexamers.
    """

    hexamers: np.ndarray
    acceptor: np.ndarray

    def __post_init__(self) -> None:
        for name, size in (("hexamers", HEXAMERS), ("acceptor", 64)):
            if getattr(self, name).shape != (size,):
                raise ValueError(f"{name}: expected shape ({size},), found {getattr(self, name).shape}")


def file_rows() -> np.ndarray:
    """Number of the hexamer in each row of the published file, which counts in the order A, T, C, G; int64 (4096,)."""
    return np.array([word_number("".join(word)) for word in product(_FILE_ORDER, repeat=6)], dtype=np.int64)


def places(file: str) -> list[Path]:
    """List where a file of HAL is looked for: ``hal/`` in ``$COMBMOTIF_DATA``, then in the cache folder."""
    data = os.environ.get("COMBMOTIF_DATA")
    return [*([Path(data) / "hal" / file] if data else []), cache_folder() / "hal" / file]


def find_table(file: str = TABLE_FILE) -> Path:
    """Find a file of HAL.

    Raises
    ------
    FileNotFoundError
        If it is in none of the :func:`places`; what to do is told.
    """
    for place in places(file):
        if place.is_file():
            return place
    tried = " and ".join(map(str, places(file)))
    fix = "run 'combmotif fetch hal'" if file == TABLE_FILE else "docs/hal.md says where it is published"
    raise FileNotFoundError(f"HAL: found no {file}; looked for {tried}; {fix}")


def load_table(path: str | Path | None = None, *, md5: str | None = TABLE_MD5) -> HexamerTable:
    """Read the hexamer table.

    Parameters
    ----------
    path : path, optional
        An ``.npz`` with the key ``weights``; default where :func:`find_table` finds the published one.
    md5 : str or None, default that of the published file
        What the file must have; None reads any table of the same form.

    Returns
    -------
    HexamerTable

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If it has another checksum or another content.
    """
    path = find_table() if path is None else Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; run 'combmotif fetch hal'")
    if md5 is not None and (found := md5_of(path)) != md5:
        raise ValueError(
            f"{path}: expected the hexamer table of HAL (md5 {md5}), found md5 {found}; delete the file and run "
            "'combmotif fetch hal', or read another table with md5=None"
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            rows = np.asarray(file["weights"], dtype=np.float64)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: expected an .npz with the key 'weights' ({error})") from None
    if rows.shape != (HEXAMERS, len(REGIONS)):
        raise ValueError(f"{path}: weights: expected shape ({HEXAMERS}, {len(REGIONS)}), found {rows.shape}")
    weights = np.empty_like(rows)
    weights[file_rows()] = rows
    return HexamerTable(weights, str(path))


def load_exon_scores(folder: str | Path | None = None) -> ExonScores:
    """Read the exonic hexamer scores and the acceptor scores, CSV files with the columns kmer and score.

    Parameters
    ----------
    folder : path, optional
        With ``exonic_mer6_scores.csv`` and ``exonic_acceptor_scores.csv``; default the :func:`places` of HAL.

    Returns
    -------
    ExonScores

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing, or does not hold every word once.
    """
    columns = []
    for file, size in zip(EXON_FILES, (6, 3), strict=True):
        path = find_table(file) if folder is None else Path(folder) / file
        table = pd.read_csv(path, dtype={"kmer": str})
        if not {"kmer", "score"} <= set(table) or sorted(table["kmer"].astype(str)) != _words(size):
            raise ValueError(f"{path}: expected the columns kmer and score with all {4**size} words of {size} letters")
        scores = pd.to_numeric(table["score"], errors="coerce").to_numpy(float)
        if not np.isfinite(scores).all():
            row = int(np.argmin(np.isfinite(scores)))
            raise ValueError(f"{path}: row {row + 1}: expected a finite score, found '{table['score'][row]}'")
        values = np.empty(4**size)
        values[[word_number(word) for word in table["kmer"]]] = scores
        columns.append(values)
    return ExonScores(*columns)


def _words(size: int) -> list[str]:
    return sorted("".join(word) for word in product("ACGT", repeat=size))
