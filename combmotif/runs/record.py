"""What run.json says of a run before its stages: config, versions, model, sequences, and what to beware of."""

from __future__ import annotations

import importlib.metadata
import platform
import resource
import sys
from typing import Any

from combmotif.core.version import __version__
from combmotif.inference.geometry import placed
from combmotif.runs.context import Context

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "memelite")


def versions() -> dict[str, str]:
    """Tell the versions of Python and of the packages that results are computed with."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _PACKAGES}}


def _layers(context: Context, length: int) -> list[dict[str, Any]]:
    """Describe the layers that are interpreted."""
    layers = []
    for geometry in (placed(context.model, layer.probe.geometry, length) for layer in context.layers):
        positions, edges = geometry.edge_positions(length)
        layers.append(
            {
                "layer": geometry.layer,
                "neurons": geometry.neurons,
                "receptive_field": geometry.receptive_field,
                "stride": geometry.stride,
                "offset": geometry.offset,
                "positions": positions,
                "edge_positions": edges,
                "evaluated": geometry.way,
            }
        )
    return layers


def new_record(context: Context) -> dict[str, Any]:
    """Begin the record of a run; its stages add to it."""
    config, model, sequences = context.config, context.model, context.sequences
    shortest, longest = int(sequences.lengths.min()), int(sequences.lengths.max())
    return {
        "combmotif": __version__,
        "config": config.as_dict(),
        "seed": config.seed,
        "versions": versions(),
        "model": {
            "name": model.name,
            "fingerprint": model.fingerprint(),
            "parameters": sum(p.numel() for p in model.module.parameters()),
            "outputs": list(model.outputs),
            "description": model.description,
            "layers": _layers(context, longest),
            "refused": dict(context.refused),
        },
        "sequences": {
            "source": sequences.source,
            "count": len(sequences),
            "left_out": len(sequences.left_out),
            "checksum": context.sequences_key,
            "min_length": shortest,
            "max_length": longest,
            "ambiguous": int(sum((codes > 3).sum() for codes in sequences.codes)),
            "label_names": list(sequences.label_names),
        },
        "stages": {},
        "warnings": [],
    }


def _edge_warnings(context: Context) -> list[str]:
    """Say how many positions see padding."""
    longest = int(context.sequences.lengths.max())
    warnings = []
    for layer in context.layers:
        positions, edges = placed(context.model, layer.probe.geometry, longest).edge_positions(longest)
        if edges:
            warnings.append(
                f"{edges} of the {positions} positions of layer {layer.probe.layer} see zero padding on a sequence of "
                f"{longest} nt; motifs, sites and activations are those of windows that lie wholly inside the sequence."
            )
    return warnings


def _layer_warnings(context: Context) -> list[str]:
    """Say which layers were left out, and which are evaluated slowly."""
    slow = [layer.probe.layer for layer in context.layers if layer.probe.geometry.way == "inside"]
    said = [
        f"The operations before {', '.join(slow)} could not be followed: windows are evaluated inside longer "
        f"sequences, on the network as it is, which is slower."
    ]
    return (said if slow else []) + [f"Left out: {reason}." for reason in context.refused.values()]


def peak_memory() -> dict[str, float]:
    """Largest resident memory, in MiB, of this process and of the largest of its workers that have ended."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    whose = {"parent": resource.RUSAGE_SELF, "worker": resource.RUSAGE_CHILDREN}
    return {name: round(resource.getrusage(who).ru_maxrss / unit, 1) for name, who in whose.items()}


def peak_memory_mb() -> float:
    """Largest resident memory of this process and of its largest worker, in MiB."""
    return round(sum(peak_memory().values()), 1)


def first_warnings(context: Context) -> list[str]:
    """Say what is known before any work to make results doubtful."""
    said = (_edge_warnings(context), _layer_warnings(context), _track_warnings(context))
    return [*context.sequences.notes, *(warning for part in said for warning in part)]


def _track_warnings(context: Context) -> list[str]:
    """Say what the model was not shown: tracks that are zero, ends that its length rule leaves out."""
    spec, sequences = context.model.input_spec, context.sequences
    warnings = []
    extra = spec.channels - 4
    if extra and sequences.tracks is None:
        warnings.append(
            f"The model reads {extra} tracks beside the bases (coding frame, splice sites); the sequences have none, "
            f"so they are zero. Give the sequences an annotation (BED12, GTF or GFF3), or HDF5 with all channels."
        )
    if extra and context.config.sample.tracks == "zero":
        warnings.append(
            "Windows that are sampled for motifs have no place on a transcript: their tracks beside the bases are "
            "zero. sample.tracks gives them others."
        )
    if spec.rule == "pad_right" and spec.length is not None:
        longer = int((sequences.lengths > spec.length).sum())
        if longer:
            warnings.append(
                f"{longer:,} of {len(sequences):,} sequences are longer than the model's {spec.length:,} nt: "
                f"predictions see their last {spec.length:,} nt, activations and sites are of the whole sequence."
            )
    return warnings
