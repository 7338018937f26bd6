"""What a comparison needs of a run folder, whatever method made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.core.files import reading
from combmotif.motifs.formats.meme import parse_meme
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.report.folder import as_number
from combmotif.runs.earlier import read_record

NO_METHOD = ("targets",)


@dataclass(frozen=True)
class ComparedRun:
    """The motifs of one method in one run folder.

    Attributes
    ----------
    label : str
        Unique among the runs compared.
    path : Path
    method, model : str
    motifs : MotifSet
        In file order; `neuron` is -1 where a motif is of the whole model.
    purity : dict of str to float
        By motif id; NaN where the method gives none.
    neurons : int
        Neurons that were interpreted; 0 where the method works on the whole model.
    config : dict
        The run's resolved config.
    """

    label: str
    path: Path
    method: str
    model: str
    motifs: MotifSet
    purity: dict[str, float]
    neurons: int
    config: dict[str, Any]


def read_runs(folders: Sequence[str | Path]) -> list[ComparedRun]:
    """Read run folders; a folder with motifs of several methods gives one entry for each.

    Parameters
    ----------
    folders : sequence of str or path
        ``RUN``, or ``LABEL=RUN`` to name it.

    Raises
    ------
    FileNotFoundError, ValueError
        If one is no run folder, or holds no table of motifs.
    """
    found = []
    for given in folders:
        label, equals, path = str(given).partition("=")
        folder = Path(path if equals and not Path(given).exists() else given)
        found += _read(folder, label if equals and folder == Path(path) else folder.resolve().name)
    if len(found) < 2:
        raise ValueError(f"runs: expected at least two to compare, got {len(found)}; give two run folders")
    labels = [run.label for run in found]
    if len(set(labels)) < len(labels):  # the same folder name twice, or several methods in one folder
        found = [replace(r, label=r.label if labels.count(r.label) == 1 else f"{r.label} {r.method}") for r in found]
    labels = [run.label for run in found]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"runs: two are called {twice[0]!r}; name them, as in first={found[0].path}")
    return found


def _read(folder: Path, label: str) -> list[ComparedRun]:
    record = read_record(folder)
    if not isinstance(record.get("config"), dict):
        raise ValueError(
            f"{folder / 'run.json'}: expected the record of a run, found something else; run the config again"
        )
    with reading(folder, "the files of a run"):
        return _read_motifs(folder, label, record)


def _read_motifs(folder: Path, label: str, record: dict[str, Any]) -> list[ComparedRun]:
    model = record.get("model")
    model = str(model.get("name", "")) if isinstance(model, dict) else str(model or "")
    runs = []
    for path in sorted((folder / "motifs").glob("*.tsv")):
        table = pd.read_csv(path, sep="\t", dtype={"motif": str, "layer": str}, keep_default_na=False, na_values=[""])
        if path.stem in NO_METHOD or "motif" not in table or not {"consensus", "information"} & set(table):
            continue  # the tree and the syntax of motifs are tables of another kind
        if path.stem in ("tree", "syntax"):
            continue
        if "reproduced" in table:
            table = table[table["reproduced"].astype(str) != "False"]
        matrices = {}
        alphabet = "rna"
        if path.with_suffix(".meme").is_file():
            alphabet, records = parse_meme(path.with_suffix(".meme"))
            matrices = {r.id: (r.ppm, r.nsites) for r in records}
        elif len(table):
            raise FileNotFoundError(f"{path.with_suffix('.meme')}: the matrices of {path.name} are not there")
        motifs = tuple(
            _motif(row, *matrices[str(row["motif"])], path.stem)
            for row in table.to_dict("records")
            if str(row["motif"]) in matrices
        )
        purity = {str(r["motif"]): as_number(r.get("purity")) for r in table.to_dict("records")}
        neurons = _neurons(folder, motifs)
        found = MotifSet(motifs, path.stem, alphabet)
        discover = record["config"].get("discover")
        method = path.stem  # the file of demixed motifs is that of words too
        if method == "neuronmotif" and isinstance(discover, dict):
            method = str(discover.get("method", method))
        runs.append(ComparedRun(label, folder, method, model, found, purity, neurons, record["config"]))
    if not runs:
        raise ValueError(f"{folder}: expected motifs (motifs/METHOD.tsv and .meme), found none; did its run end?")
    return runs


def _motif(row: dict[str, Any], ppm: np.ndarray, nsites: float | None, method: str) -> Motif:
    """Make a motif of a row of the table and its matrix; a row without a neuron is of the whole model."""
    sites = max(1, round(as_number(row.get("sites")) if np.isfinite(as_number(row.get("sites"))) else nsites or 100))
    layer, channel = row.get("layer"), row.get("channel", row.get("neuron"))
    if isinstance(channel, str) and ":" in channel:
        layer, _, channel = channel.rpartition(":")
    place = as_number(channel)
    known = isinstance(layer, str) and layer != "" and np.isfinite(place) and place >= 0
    start = as_number(row.get("start"))
    return Motif(
        str(row["motif"]),
        ppm * sites,
        sites,
        layer=str(layer) if known else "",
        neuron=int(place) if known else -1,
        method=method,
        start=int(start) if known and np.isfinite(start) else -1,
        max_activation=as_number(row.get("max_activation")),
        background=as_number(row.get("background")) if np.isfinite(as_number(row.get("background"))) else 0.0,
    )


def _neurons(folder: Path, motifs: tuple[Motif, ...]) -> int:
    if motifs and all(motif.neuron < 0 for motif in motifs):
        return 0
    path = folder / "neurons.tsv"
    if path.is_file():
        return len(pd.read_csv(path, sep="\t", usecols=[0]))
    return len({(motif.layer, motif.neuron) for motif in motifs if motif.neuron >= 0})
