"""Motif files as motif sets, and back, whatever their format."""

from __future__ import annotations

from pathlib import Path

import h5py

from combmotif.core.files import reading
from combmotif.motifs.formats.h5 import load_motifs, load_names, save_motifs
from combmotif.motifs.formats.matrices import write_motif_table
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.matching.database import Database, DatabaseEntry, load_database
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sequence.hdf5 import reading_hdf5

WRITTEN = {".meme": "meme", ".h5": "h5", ".hdf5": "h5", ".tsv": "tsv"}
DEFAULT_SITES = 100
"""Sites taken to stand behind a matrix whose file does not say how many."""


def open_motifs(spec: str | Path, *, species: str | None = None) -> tuple[MotifSet, dict[str, str]]:
    """Read a motif file of any kind as motifs, with their names.

    Parameters
    ----------
    spec : str or path
        As `load_database` takes it. An HDF5 file of combmotif keeps every field of its motifs.
    species : str, optional
        See `load_database`.

    Returns
    -------
    motifs : MotifSet
        Counts are the probabilities times the sites of the file, or times 100 where it names none.
    names : dict of str to str
        Name of each motif by its id, where it has one of its own.
    """
    path = Path(spec)
    if _is_own(path):
        with reading(path, "motifs of combmotif"):
            return load_motifs(path), load_names(path)
    return as_motifs(load_database(spec, species=species))


def known_sites(spec: str | Path) -> dict[str, float | None]:
    """Read how many sites stand behind each motif of a file, None where it does not say; see `open_motifs`."""
    if _is_own(Path(spec)):
        return {motif.id: motif.sites for motif in load_motifs(spec)}
    return {entry.id: entry.sites for entry in load_database(spec).entries}


def _is_own(path: Path) -> bool:
    """Whether a file is an HDF5 file of combmotif."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    with reading_hdf5(path, name=f"motif file {path}") as file:
        return "combmotif_format" in file.attrs


def as_motifs(database: Database) -> tuple[MotifSet, dict[str, str]]:
    """Turn the entries of a database into motifs, with their names; see `open_motifs`."""
    motifs = tuple(motif_of(entry, database.name) for entry in database.entries)
    names = {entry.id: entry.name for entry in database.entries if entry.name != entry.id}
    return MotifSet(motifs, database.name, database.alphabet), names


def motif_of(entry: DatabaseEntry, method: str = "") -> Motif:
    """Turn one entry into a motif."""
    sites = max(1, round(entry.sites or DEFAULT_SITES))
    return Motif(entry.id, entry.ppm * sites, sites, method=method)


def write_motifs(motifs: MotifSet, path: str | Path, *, style: str, names: dict[str, str] | None = None) -> None:
    """Write motifs as ``meme``, ``h5`` (the layout of TF-MoDISco-lite) or ``tsv``."""
    if style == "meme":
        write_meme(motifs, path, names=names)
    elif style == "h5":
        save_motifs(motifs, path, names=names)
    elif style == "tsv":
        write_motif_table(motifs, path, names=names)
    else:
        raise ValueError(f"style: expected meme, h5 or tsv, got {style!r}")
