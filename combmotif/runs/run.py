"""One run: from a config to a folder of tables and a report."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from combmotif.config.run import RunConfig
from combmotif.core.version import __version__
from combmotif.inference.geometry import convolution_layers, layer_geometry
from combmotif.models.model import SequenceModel
from combmotif.motifs.matching.database import Database, load_database, of_kinds
from combmotif.report.html import build_report
from combmotif.runs.context import Context, load_context, sequences_checksum
from combmotif.runs.engines import Engine, available_cores, require_same_weights
from combmotif.runs.stages.attributed import check_modisco
from combmotif.runs.stages.contributions import run_contribution
from combmotif.runs.stages.interactions import OUTPUTS as INTERACTION_OUTPUTS
from combmotif.runs.stages.interactions import plan_interactions, run_interactions
from combmotif.runs.stages.matching import match_kinds
from combmotif.runs.stages.motif_effects import OUTPUTS as EFFECT_OUTPUTS
from combmotif.runs.stages.motif_effects import run_effects
from combmotif.runs.stages.stages import Empty, Stages
from combmotif.runs.store import RunStore
from combmotif.runs.tracks import track_warnings
from combmotif.sequence.left_out import LEFT_OUT, write_left_out
from combmotif.sequence.tables import SequenceSet

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "memelite")
_OUTPUTS = {
    "matches": ("matches.tsv", "match_control.tsv", "motifs/targets.meme"),
    "contribution": ("contribution.tsv",),
    "effects": EFFECT_OUTPUTS,
    "interaction": INTERACTION_OUTPUTS,
}


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    folder, report : Path
    stages : dict of str to str
        ``done``, ``empty: reason`` or ``failed: reason``.
    """

    folder: Path
    report: Path
    stages: dict[str, str]

    @property
    def failed(self) -> dict[str, str]:
        """Stages that failed, with the reason."""
        return {name: status for name, status in self.stages.items() if status.startswith("failed")}


def _databases(config: RunConfig, model: SequenceModel) -> list[Database]:
    """Read the databases of the match section, and keep the kinds of element that it or the model's card names."""
    section = config.match
    if section is None:
        return []
    databases = [load_database(name, species=section.species, sites=section.sites) for name in section.databases]
    kinds, name = match_kinds(section, model)
    kept = databases if kinds is None else of_kinds(databases, kinds, name=name)
    if not any(map(len, kept)):
        raise ValueError(f"{name}: expected kinds of which {', '.join(section.databases)} has any, found {kinds}")
    return kept


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _PACKAGES}}


def _layers(context: Context, length: int) -> list[dict[str, Any]]:
    """Describe the layers that are interpreted and the model's other convolutions, as far as they have windows."""
    layers = []
    probed = {layer.probe.layer: layer.probe.geometry for layer in context.layers}
    for name in dict.fromkeys([*convolution_layers(context.model), *probed]):
        try:
            geometry = probed[name] if name in probed else layer_geometry(context.model, name)
        except ValueError:  # a convolution behind a layer that mixes the whole sequence
            continue
        positions, edges = geometry.edge_positions(length)
        layers.append(
            {
                "layer": name,
                "neurons": geometry.neurons,
                "receptive_field": geometry.receptive_field,
                "stride": geometry.stride,
                "offset": geometry.offset,
                "positions": positions,
                "edge_positions": edges,
            }
        )
    return layers


def _record(config: RunConfig, context: Context) -> dict[str, Any]:
    model, sequences = context.model, context.sequences
    shortest, longest = int(sequences.lengths.min()), int(sequences.lengths.max())
    return {
        "combmotif": __version__,
        "config": config.as_dict(),
        "seed": config.seed,
        "versions": _versions(),
        "model": {
            "name": model.name,
            "fingerprint": model.fingerprint(),
            "parameters": sum(p.numel() for p in model.module.parameters()),
            "outputs": list(model.outputs),
            "description": model.description,
            "layers": _layers(context, longest),
        },
        "sequences": {
            "source": sequences.source,
            "count": len(sequences),
            "left_out": len(sequences.left_out),
            "checksum": sequences_checksum(sequences),
            "min_length": shortest,
            "max_length": longest,
            "ambiguous": int(sum((codes > 3).sum() for codes in sequences.codes)),
            "label_names": list(sequences.label_names),
        },
        "stages": {},
        "warnings": [],
    }


def _edge_warning(context: Context) -> list[str]:
    longest = int(context.sequences.lengths.max())
    warnings = []
    for layer in context.layers:
        positions, edges = layer.probe.geometry.edge_positions(longest)
        if edges:
            warnings.append(
                f"{edges} of the {positions} positions of layer {layer.probe.layer} see zero padding on a sequence of "
                f"{longest} nt; motifs, sites and activations are those of windows that lie wholly inside the sequence."
            )
    return warnings


def _peak_memory_mb() -> float:
    """Largest resident memory of this process and of its largest worker, in MiB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(
        sum(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit, 1
    )


def run(
    config: RunConfig,
    out: str | Path,
    *,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    on_stage: Callable[[str, str, float], None] | None = None,
    model: SequenceModel | None = None,
    sequences: SequenceSet | None = None,
) -> RunResult:
    """Interpret a model as a config says.

    Everything the config names is loaded and checked before any long work. Finished tasks are kept in ``out/tasks``,
    so a run that was interrupted, or is asked for again with a changed section, does only what is missing.

    Parameters
    ----------
    config : RunConfig
        As ``load_config`` returns it.
    out : path
        The run folder, made if it is not there.
    workers : int, optional
        Processes, one thread each; default one per core. The files do not depend on it.
    progress : callable, optional
        Called with (stage, tasks done, tasks in all).
    on_stage : callable, optional
        Called with (stage, status, seconds) when a stage has ended and is recorded in run.json.
    model, sequences : SequenceModel, SequenceSet, optional
        In place of those the config names; with several workers they must be picklable.

    Returns
    -------
    RunResult

    Raises
    ------
    KeyboardInterrupt
        The stage is recorded as stopped; its finished tasks are kept.
    ValueError, FileNotFoundError
        If the config does not fit the files, the model or the folder. A stage that fails later is recorded and the
        others go on.
    """
    given = {name: value for name, value in (("model", model), ("sequences", sequences)) if value is not None}
    context = load_context(config, model=model, sequences=sequences)
    databases = _databases(config, context.model)
    plan_interactions(context)
    check_modisco(context)
    folder, workers = Path(out), workers or available_cores()
    if model is None and workers > 1:
        require_same_weights(context)
    store = RunStore(folder)
    engine = Engine(context, workers, given=given)
    try:
        record = _record(config, context)
        write_left_out(store.file(LEFT_OUT), context.sequences.left_out)
        stages = Stages(context, store, engine, databases, progress or (lambda stage, done, total: None))
        stages.warnings += [*context.sequences.notes, *_edge_warning(context)] + track_warnings(context)
        if doubts := context.model.doubts(context.sequences.codes, tracks=context.sequences.tracks):
            stages.warnings.append(f"{doubts}.")
            warnings.warn(doubts, stacklevel=2)
        steps: list[tuple[str, Callable[[], None]]] = [
            ("samples", stages.run_samples),
            ("motifs", stages.run_motifs),
            ("matches", stages.run_matches),
            ("activations", stages.run_activations),
            ("contribution", lambda: run_contribution(stages)),
            ("effects", lambda: run_effects(stages)),
            ("interaction", lambda: run_interactions(stages)),
        ]
        record["planned"] = [*(name for name, _ in steps), "report"]
        for name, step in steps:
            begun = time.monotonic()
            stages.begin(name)
            record["stages"][name] = {"status": "running"}
            store.write_json("run.json", record)
            _finish(name, step, store, record)
            seconds = time.monotonic() - begun
            record["stages"][name] |= {
                "seconds": round(seconds, 2),
                "tasks": stages.done.get(name, 0),
                "reused": stages.reused.get(name, 0),
            }
            if stages.notes.get(name) and record["stages"][name]["status"] == "done":
                record["stages"][name]["notes"] = stages.notes[name]
            if stages.redone.get(name):
                record["stages"][name]["redone"] = stages.redone[name]
            if stages.edits.get(name):
                record["stages"][name]["edits"] = stages.edits[name]
            record["warnings"] = list(stages.warnings)
            record["peak_memory_mb"] = _peak_memory_mb()
            store.write_json("run.json", record)
            if on_stage is not None:
                on_stage(name, record["stages"][name]["status"], seconds)
        engine.close()
        begun = time.monotonic()
        report = build_report(folder, title=config.report.title)
        store.folder.reload()  # the page is in its record now
        record["stages"]["report"] = {"status": "done", "seconds": round(time.monotonic() - begun, 2)}
        record["peak_memory_mb"] = _peak_memory_mb()
        store.write_json("run.json", record)
        store.clean(stages.files)
    finally:
        engine.close()
        store.close()
    return RunResult(folder, report, {name: stage["status"] for name, stage in record["stages"].items()})


def _finish(name: str, step: Callable[[], None], store: RunStore, record: dict[str, Any]) -> None:
    """Do a stage and record how it ended; what an earlier configuration left is removed first."""
    store.remove(*_OUTPUTS.get(name, ()))
    try:
        step()
        record["stages"][name] = {"status": "done"}
    except Empty as reason:
        record["stages"][name] = {"status": f"empty: {reason}"}
    except KeyboardInterrupt:
        record["stages"][name] = {"status": "stopped: interrupted; the same command goes on from here"}
        store.write_json("run.json", record)
        raise
    except Exception as error:
        told = isinstance(error, (ValueError, OSError, ArithmeticError, MemoryError, ImportError)) or "memory" in str(
            error
        )
        bug = "" if told else " (a bug of combmotif; please report it, see docs/reliability.md)"
        record["stages"][name] = {"status": f"failed: {type(error).__name__}: {error}{bug}"}
        # What later stages build on cannot be missing, and on a full disk nothing else would go better.
        if name in ("samples", "motifs", "activations") or isinstance(error, OSError):
            with contextlib.suppress(OSError):
                store.write_json("run.json", record)
            raise
