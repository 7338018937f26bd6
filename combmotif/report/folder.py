"""Read a run folder as the report needs it: what is missing is named, never an error."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
import pandas as pd

from combmotif.core.packed import open_packed
from combmotif.core.tables import (
    CONTRIBUTION,
    FAMILY_MAP,
    INSTANCES,
    INTERACTIONS,
    MATCH_CONTROL,
    MATCHES,
    MOTIF_EFFECTS,
    MOTIF_POSITIONS,
    MOTIFS,
    NEURONS,
    PAIR_CONTROLS,
    SITES,
    SPACING,
    SYNTAX,
    TREE,
    TRIPLES,
    Table,
    table_at,
)
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.formats.meme import read_meme
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.report.wording import EARLIER_CLASSES

# stages that have a part of the page; which ones a run has, and in which order, its record says
SHOWN = ("samples", "motifs", "matches", "activations", "contribution", "effects", "interaction")
SECTIONS = {"matches": "match", "contribution": "contribution", "effects": "effects", "interaction": "interaction"}
PAGE_TABLES = (
    NEURONS, MATCHES, CONTRIBUTION, MOTIF_EFFECTS, MOTIF_POSITIONS, INTERACTIONS, INSTANCES, SITES, TREE, SYNTAX,
    SPACING, PAIR_CONTROLS, FAMILY_MAP, TRIPLES, MATCH_CONTROL,
)  # fmt: skip
"""Tables that the page reads, beside those of motifs."""
SITES_KEPT = 6
_CHUNK = 200_000


@dataclass(frozen=True)
class Stage:
    """How one stage of a run ended: state is done, empty, failed or absent, with the reason, or notes, in words."""

    name: str
    state: str
    reason: str = ""


@dataclass
class RunFolder:
    """A run's record, tables and motifs.

    Attributes
    ----------
    path : Path
    record : dict
        run.json, or {} where it cannot be read.
    tables : dict of str to DataFrame
        `PAGE_TABLES` and motifs by their names in `combmotif.core.tables`, and ``apart`` (motifs that are not
        reproduced). Each has every column of the schema, empty (NaN or "") where the file lacks it; flags are text. Of
        sites the strongest few of each neuron are kept.
    motifs : dict of str to Motif
        By motif id, in file order.
    scores : dict of str to (length, 4) array
        Contribution weights of motifs that were found in attributions, by motif id.
    targets : dict of str to (length, 4) array
        Matrices of matched known elements, by target id, where the run kept them (motifs/targets.meme).
    stages : dict of str to Stage
    problems : list of str
        What could not be read, in words.
    alphabet : str
        ``rna`` or ``dna``: that of the motifs.
    """

    path: Path
    record: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    motifs: dict[str, Motif] = field(default_factory=dict)
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    targets: dict[str, np.ndarray] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    alphabet: str = "rna"

    @property
    def config(self) -> dict[str, Any]:
        """The resolved configuration."""
        return mapping(self.record.get("config"))


def mapping(value: object) -> dict[str, Any]:
    """Return the value if it is a dictionary, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_number(value: object) -> float:
    """Read a table's cell as a number; NaN where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def neuron_name(layer: object, channel: object, method: object = "") -> str:
    """Name a neuron (conv3:12), or, for motifs of the whole model, the method that found them, else "model"."""
    if isinstance(channel, str) and ":" in channel:
        return channel
    try:
        place = int(float(channel))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        place = -1
    if place < 0 or not layer:
        return str(method) if method and method != "neuronmotif" else "model"
    return f"{layer}:{place}"


def anchor(neuron: str) -> str:
    """Address of a neuron in the page: conv3:12."""
    return neuron.replace(" ", "-")


def _shape(frame: pd.DataFrame, table: Table, file: str, problems: list[str]) -> pd.DataFrame:
    frame = frame.copy()
    if table is MOTIFS and "channel" not in frame and "neuron" in frame:
        frame["channel"] = frame["neuron"].fillna("").astype(str).str.rpartition(":")[2]
    if table is CONTRIBUTION:
        frame = frame.rename(columns=lambda name: name.replace("causal_", "clamp_"))  # of earlier versions
    lacking = [name for name in table.required if name not in frame]
    if lacking and len(frame.columns):
        problems.append(f"{file} has no column {', '.join(lacking)}; what depends on it is left blank.")
    if table in (TREE, SYNTAX) and {"layer", "neuron"} <= set(frame):  # a channel, or a name of earlier versions
        named = [neuron_name(*pair) for pair in zip(frame["layer"], frame["neuron"], strict=True)]
    else:
        named = []
    for name in table.of_type("text", "flag"):
        frame[name] = frame[name].fillna("") if name in frame else ""
    for name in table.of_type("whole", "number"):
        frame[name] = pd.to_numeric(frame[name], errors="coerce").astype(float) if name in frame else np.nan
    if named:
        frame["neuron"] = named
    for name in {"class", "inserted_class", "class_latent"} & set(frame) if table is not CONTRIBUTION else ():
        frame[name] = frame[name].replace(EARLIER_CLASSES)
    for side in "abc" if table in (INTERACTIONS, TRIPLES) else "":
        if f"columns_{side}" in frame:  # what the page draws and links: the id with its columns
            kept = frame[f"columns_{side}"].str.replace("-", ":")
            frame[f"motif_{side}"] += kept.where(kept == "", "[" + kept + "]")
    return frame


def _read(stream: BinaryIO, **options: Any) -> Any:
    return pd.read_csv(stream, sep="\t", dtype=str, keep_default_na=False, na_values=[""], **options)


def _top_sites(stream: BinaryIO) -> pd.DataFrame:
    """Keep the strongest windows of every neuron, one per sequence, reading a file of any size piece by piece."""
    kept: pd.DataFrame | None = None
    for chunk in _read(stream, chunksize=_CHUNK):
        if not {"neuron", "activation"} <= set(chunk):
            return chunk.iloc[:0]
        chunk["activation"] = pd.to_numeric(chunk["activation"], errors="coerce")
        kept = chunk if kept is None else pd.concat([kept, chunk])
        kept = kept.sort_values("activation", ascending=False, kind="stable")
        if "sequence" in kept:
            kept = kept.drop_duplicates(["neuron", "sequence"])
        kept = kept.groupby("neuron", sort=False).head(SITES_KEPT)
    return pd.DataFrame() if kept is None else kept


def _table(path: Path, table: Table, problems: list[str], *, expected: bool) -> pd.DataFrame:
    frame = pd.DataFrame()
    if not path.exists():
        if expected:
            problems.append(f"{path.name} is not in the run folder.")
    else:
        try:
            with open_packed(path) as stream:
                frame = _top_sites(stream) if table is SITES else _read(stream)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            if not isinstance(error, pd.errors.EmptyDataError):
                problems.append(f"{path.name} could not be read: {error}.")
    return _shape(frame, table, path.name, problems)


def _stages(record: dict[str, Any], config: dict[str, Any]) -> dict[str, Stage]:
    stages = {}
    told, listed = mapping(record.get("stages")), record.get("planned")
    planned = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    names = dict.fromkeys([*planned, *SHOWN, *told])
    names.pop("report", None)  # the page itself
    for name in names:
        entry = told.get(name)
        status = str(mapping(entry).get("status", "")) if isinstance(entry, dict) else str(entry or "")
        state, _, reason = status.partition(":")
        state = state.strip()
        if state == "empty" and reason.strip().startswith(("not asked for", "not needed")):
            stages[name] = Stage(name, "absent", reason.strip())
        elif state in ("running", "stopped"):
            stages[name] = Stage(name, "failed", "stopped before its end; the same command goes on from there")
        elif state == "done":
            notes = mapping(entry).get("notes")
            stages[name] = Stage(name, state, " ".join(map(str, notes)) if isinstance(notes, list) else "")
        elif state in ("empty", "failed"):
            stages[name] = Stage(name, state, reason.strip())
        elif state:
            stages[name] = Stage(name, "absent", status)
        elif name in SECTIONS and not config.get(SECTIONS[name]):
            stages[name] = Stage(name, "absent", f"not asked for: the configuration has no `{SECTIONS[name]}` section")
        else:
            stages[name] = Stage(name, "absent", "run.json holds no record of it")
    return stages


def _scores(path: Path, motifs: MotifSet) -> dict[str, np.ndarray]:
    """Read the mean contributions of motifs that were found in attributions; {} where the file holds none.

    A pattern may be longer than the motif cut from it; the contributions are those of the columns that look like it.
    """
    found: dict[str, np.ndarray] = {}
    with h5py.File(path, "r") as file:
        if "not attributions" in str(file.attrs.get("contrib_scores_are", "")):
            return found
        for group in (group for name in ("pos_patterns", "neg_patterns") for group in file.get(name, {}).values()):
            if not {"sequence", "contrib_scores"} <= set(group) or "id" not in group.attrs:
                continue
            motif = motifs[str(group.attrs["id"])]
            letters, scores = group["sequence"][()], group["contrib_scores"][()]
            places = range(len(letters) - len(motif) + 1)
            if len(places):
                start = min(places, key=lambda at: np.abs(letters[at : at + len(motif)] - motif.ppm).sum())
                found[motif.id] = np.asarray(scores[start : start + len(motif)], dtype=float)
    return found


def _motifs(run: RunFolder) -> None:
    frames = []
    for path in sorted((run.path / "motifs").glob("*.h5")):
        try:
            motifs = load_motifs(path)
            run.alphabet = motifs.alphabet
            for motif in motifs:
                run.motifs.setdefault(motif.id, motif)
            run.scores |= _scores(path, motifs)
        except Exception as error:  # a damaged HDF5 file makes its reader raise anything
            said = " ".join(str(error).split())[:160] or type(error).__name__
            run.problems.append(
                f"motifs/{path.name} could not be read ({said}); its logos are left out. "
                "Another version of combmotif may have written it."
            )
    for path in sorted((run.path / "motifs").glob("*.tsv"), key=lambda path: (path.stem != "neuronmotif", path.stem)):
        if table_at(f"motifs/{path.name}") is not MOTIFS:
            continue
        frame = _table(path, MOTIFS, run.problems, expected=True)
        frame["method"] = path.stem
        frames.append(frame)
    if not frames and run.stages["motifs"].state == "done":
        run.problems.append("motifs/neuronmotif.tsv is not in the run folder.")
    found = pd.concat(frames, ignore_index=True) if frames else _shape(pd.DataFrame(), MOTIFS, "", []).assign(method="")
    once = found["reproduced"].str.lower() == "false"
    run.tables["motifs"], run.tables["apart"] = (found[rows].reset_index(drop=True) for rows in (~once, once))
    if not run.motifs and len(found):
        run.problems.append("There is no readable motifs/*.h5 in the run folder; logos are left out.")
    targets = run.path / "motifs" / "targets.meme"
    if targets.exists():
        try:
            for record in read_meme(targets):
                run.targets.setdefault(record.id, np.asarray(record.ppm, dtype=float))
        except (OSError, ValueError, LookupError) as error:
            run.problems.append(f"motifs/targets.meme could not be read: {error}.")


def read_record(path: str | Path) -> dict[str, Any]:
    """Read a run folder's run.json, which is what makes a folder a run.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such folder or no run.json in it, or if run.json is no record of a run.
    """
    path = Path(path)
    file = path / "run.json"
    advice = "give the folder that 'combmotif run' wrote"
    if not path.is_dir():
        raise FileNotFoundError(f"run folder: expected a folder with run.json, found no folder at '{path}'; {advice}")
    if not file.is_file():
        raise FileNotFoundError(f"run folder: expected a run.json, found none in '{path}'; {advice}")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"run folder: {file} is damaged ({error}); run the same command again to mend it") from None
    if not isinstance(record, dict) or not isinstance(record.get("stages"), dict) or not mapping(record.get("config")):
        raise ValueError(f"run folder: {file} is no record of a run (it has no config and stages); {advice}")
    return record


def read_run(path: str | Path) -> RunFolder:
    """Read a run folder: record, tables, motifs.

    Parameters
    ----------
    path : str or Path
        The run folder.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is no run folder, see `read_record`; anything else that is missing is listed in ``problems``.
    """
    path = Path(path)
    run = RunFolder(path, read_record(path))
    run.stages = _stages(run.record, run.config)
    for table in PAGE_TABLES:
        expected = table.stage != "" and run.stages[table.stage].state == "done"
        run.tables[table.name] = _table(path / table.file, table, run.problems, expected=expected)
    _motifs(run)
    return run
