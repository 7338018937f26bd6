"""Motif sets as HDF5: lossless for combmotif, and readable by tools that read TF-MoDISco results."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from combmotif.core.files import writing_h5
from combmotif.motifs.formats.record import MotifFile, MotifRecord, unique_records
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sequence.hdf5 import dataset, reading_hdf5, require_stored

FORMAT_VERSION = 1
_TEXTS = ("id", "layer", "method")
SCALARS = [field.name for field in fields(Motif) if field.name not in ("pfm", "offsets")]


def save_motifs(
    motifs: MotifSet,
    path: str | Path,
    *,
    names: dict[str, str] | None = None,
    texts: dict[str, str] | None = None,
) -> None:
    """Write a motif set to an HDF5 file; the same motifs give the same bytes.

    The layout is that of TF-MoDISco-lite (``pos_patterns/pattern_0`` ... with ``sequence``, ``contrib_scores``,
    ``hypothetical_contribs`` of shape (length, 4) and ``seqlets/n_seqlets``), plus what a `Motif` holds: the counts as
    ``pfm``, the offsets and, as attributes, every other field. ``sequence`` is the probability
    matrix. A motif of combmotif has no attribution, so both score tables hold the probabilities times
    the column's information in bits, which draws the usual logo; the attribute ``contrib_scores_are`` says so.

    Parameters
    ----------
    motifs : MotifSet
    path : str or pathlib.Path
        Overwritten where it exists.
    names : dict, optional
        Name of each motif by its id, kept as the attribute ``name``; see `load_names`.
    texts : dict, optional
        What else the file is to hold, each by a name of its own; see `load_texts`.

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> save_motifs(MotifSet((Motif("m1", word_ppm("UGUA") * 20, 20),)), "motifs.h5")
    >>> [motif.id for motif in load_motifs("motifs.h5")]
    ['m1']
    """
    with writing_h5(path) as file:
        for name, text in (texts or {}).items():
            file[name] = np.frombuffer(text.encode(), np.uint8)
        file.attrs["combmotif_format"] = FORMAT_VERSION
        file.attrs["method"], file.attrs["alphabet"] = motifs.method, motifs.alphabet
        file.attrs["contrib_scores_are"] = "probability x information of the column in bits, not attributions"
        patterns = file.create_group("pos_patterns")
        for number, motif in enumerate(motifs):
            group = patterns.create_group(f"pattern_{number}")
            scores = motif.ppm * motif.information[:, None]
            group["sequence"] = motif.ppm
            group["contrib_scores"] = group["hypothetical_contribs"] = scores
            group["pfm"] = motif.pfm
            group["offsets"] = np.array(motif.offsets, dtype=np.int64)
            group.create_group("seqlets")["n_seqlets"] = np.array([motif.sites], dtype=np.int64)
            for name in SCALARS:
                group.attrs[name] = getattr(motif, name)
            if names and names.get(motif.id):
                group.attrs["name"] = names[motif.id]


def load_texts(path: str | Path) -> dict[str, str]:
    """Read the texts that `save_motifs` was given, by name."""
    with reading_hdf5(path, name=f"motif file {path}") as file:
        return {name: bytes(one[()]).decode() for name, one in file.items() if isinstance(one, h5py.Dataset)}


def load_names(path: str | Path) -> dict[str, str]:
    """Read the names of motifs, by id, that `save_motifs` was given."""
    with reading_hdf5(path, name=f"motif file {path}") as file:
        groups = [group for _, group in _groups(file, Path(path))]
        return {str(g.attrs["id"]): str(g.attrs["name"]) for g in groups if "id" in g.attrs and "name" in g.attrs}


def load_motifs(path: str | Path) -> MotifSet:
    """Read a motif set that `save_motifs` wrote.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    MotifSet
        Equal in every field to the one saved.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is missing, or was not written by `save_motifs`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"motif file {path}: no such file")
    with reading_hdf5(path, name=f"motif file {path}") as file:
        if file.attrs.get("combmotif_format") != FORMAT_VERSION:
            raise ValueError(
                f"motif file {path}: expected the attribute combmotif_format = {FORMAT_VERSION}, got "
                f"{file.attrs.get('combmotif_format')}; only files written by combmotif hold every field of a motif"
            )
        motifs = tuple(motif for _, motif in sorted(_ranked(file, path), key=lambda one: one[0]))
        return MotifSet(motifs, method=str(file.attrs.get("method", "")), alphabet=_alphabet(file))


def _groups(file: h5py.File, path: Path) -> Iterator[tuple[str, h5py.Group]]:
    """Every pattern of a file, with its name."""
    for side in ("pos_patterns", "neg_patterns"):
        if side in file and not isinstance(file[side], h5py.Group):
            raise ValueError(f"motif file {path}: expected {side} to be a group of patterns, it is a dataset")
        for name in file.get(side, {}):
            group = file[side].get(name)
            if not isinstance(group, h5py.Group):
                raise ValueError(f"motif file {path}: expected {side}/{name} to be a pattern (a group), it is none")
            yield f"{side}/{name}", group


def _ranked(file: h5py.File, path: Path) -> Iterator[tuple[int, Motif]]:
    """Motifs with their place among the others; what is damaged is named."""
    for name, group in _groups(file, path):
        try:
            rank = group.attrs.get("rank", name.rpartition("_")[2])
            yield int(_plain(rank)), _motif(group)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"motif file {path}: {name} is damaged ({reason}); write the file again") from None


def _alphabet(file: h5py.File) -> str:
    alphabet = str(file.attrs.get("alphabet", "dna"))
    return alphabet if alphabet in ("rna", "dna") else "dna"


def _motif(group: h5py.Group) -> Motif:
    values = {name: _plain(group.attrs[name]) for name in SCALARS if name in group.attrs}
    for name in ("pfm", "offsets"):
        require_stored(group[name], name)
    pfm, offsets = np.asarray(group["pfm"][()]), np.asarray(group["offsets"][()])
    if (
        pfm.dtype.kind not in "iuf"
        or pfm.ndim != 2
        or pfm.shape[1] != 4
        or not len(pfm)
        or not np.isfinite(pfm).all()
        or (pfm < 0).any()
    ):
        raise ValueError(f"expected counts of shape (length, 4), found shape {pfm.shape} of {pfm.dtype}")
    if offsets.ndim != 1 or (len(offsets) and offsets.dtype.kind not in "iu"):
        raise ValueError(f"expected whole numbers as offsets, found shape {offsets.shape} of {offsets.dtype}")
    for name, value in values.items():
        if isinstance(value, np.ndarray) or isinstance(value, str) != (name in _TEXTS):
            raise ValueError(f"expected {'a text' if name in _TEXTS else 'a number'} as {name}, found {value!r}")
    return Motif(pfm=pfm, offsets=tuple(int(o) for o in offsets), **values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def read_patterns(path: str | Path) -> MotifFile:
    """Read the patterns of an HDF5 file in the layout of TF-MoDISco-lite, whoever wrote it.

    Parameters
    ----------
    path : str or pathlib.Path
        With the groups ``pos_patterns`` and ``neg_patterns`` (one suffices), in each ``pattern_N`` with ``sequence`` of
        shape (length, 4) and, usually, ``seqlets/n_seqlets``.

    Returns
    -------
    MotifFile
        Identifiers are the motif's own where combmotif wrote the file, else ``pos_patterns.pattern_0``. The alphabet is
        DNA unless the file says otherwise.

    Raises
    ------
    ValueError
        If it is not such a file, or holds no pattern.
    """
    path = Path(path)
    with reading_hdf5(path, name=f"motif file {path}") as file:
        groups = [name for name in ("pos_patterns", "neg_patterns") if name in file]
        if not groups:
            raise ValueError(
                f"motif file {path}: expected the groups pos_patterns or neg_patterns of TF-MoDISco-lite, found "
                f"{', '.join(list(file)[:5]) or 'nothing'}; results of the first TF-MoDISco must be converted with "
                f"'modisco convert'"
            )
        for group in groups:
            if not isinstance(file[group], h5py.Group):
                raise ValueError(f"motif file {path}: expected {group} to be a group of patterns, it is a dataset")
        records = [_record(file[group], group, name, path) for group in groups for name in _in_order(file[group])]
        alphabet = _alphabet(file)
    if not records:
        raise ValueError(f"motif file {path}: it holds no pattern")
    return MotifFile("modisco", alphabet, unique_records(records, f"motif file {path}"))


def _in_order(group: h5py.Group) -> list[str]:
    return sorted(group, key=lambda name: (len(name), name))


def _record(parent: h5py.Group, group: str, name: str, path: Path) -> MotifRecord:
    try:
        return _pattern(parent[name], group, name, path)
    except (KeyError, IndexError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"motif file {path}: {group}/{name} is damaged ({reason})") from None


def _pattern(pattern: Any, group: str, name: str, path: Path) -> MotifRecord:
    if not isinstance(pattern, h5py.Group) or "sequence" not in pattern:
        raise ValueError(f"motif file {path}: {group}/{name} has no dataset 'sequence'")
    # Ours have counts, without the pseudo-count of ``sequence``.
    raw = dataset(pattern, "pfm" if "pfm" in pattern else "sequence", f"motif file {path}: {group}/{name}")
    if raw.dtype.kind not in "biuf":
        raise ValueError(f"motif file {path}: {group}/{name}/sequence: expected numbers")
    matrix = np.asarray(raw[()], dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != 4 or not len(matrix):
        raise ValueError(f"motif file {path}: {group}/{name}/sequence: expected shape (length, 4), got {matrix.shape}")
    if "pfm" in pattern:
        matrix = np.where(matrix.sum(1, keepdims=True) > 0, matrix, 0.25)
    total = matrix.sum(1, keepdims=True)
    if not np.isfinite(matrix).all() or (matrix < 0).any() or (total <= 0).any():
        raise ValueError(f"motif file {path}: {group}/{name}/sequence: expected probabilities above 0 in every column")
    sites = pattern.get("seqlets/n_seqlets")
    if sites is not None and sites.dtype.kind not in "biuf":
        raise ValueError(f"motif file {path}: {group}/{name}: expected a number of seqlets, found {sites.dtype}")
    count = float(np.asarray(sites[()]).ravel()[0]) if sites is not None else None
    if count is not None and not 0 <= count < math.inf:  # as a NaN is not
        raise ValueError(f"motif file {path}: {group}/{name}: expected a number of seqlets, found {count:g}")
    identifier = str(pattern.attrs.get("id", f"{group}.{name}"))
    return MotifRecord(identifier, str(pattern.attrs.get("name", identifier)), matrix / total, count)
