"""What a run's tasks are to a worker: what it loads, what it makes sure of, what it tells of itself."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from combmotif.config.inputs import PythonSection
from combmotif.config.opening import open_model
from combmotif.config.run import RunConfig
from combmotif.core.files import HOST
from combmotif.core.version import __version__
from combmotif.runs.context import Context, load_context
from combmotif.runs.record import versions
from combmotif.runs.stages.base import Batch, Payload

_SHARED_PATIENCE = 60.0
"""Seconds for which a file that another host has written may not be seen here: NFS remembers that it was not there."""


def require_same_weights(context: Context) -> None:
    """Refuse a net whose factory makes other weights each time."""
    section = context.config.model
    own = isinstance(section, PythonSection) and section.weights is None
    if own and open_model(section).fingerprint() != context.model.fingerprint():
        raise ValueError(
            f"model: expected the same weights each time '{context.model.name}' is loaded, found others; let its "
            f"factory load trained weights, or set the seed of its random ones"
        )


@dataclass(frozen=True)
class Expected:
    """What a worker must have in common with the process that sends it tasks, or results would differ.

    Attributes
    ----------
    fingerprint, sequences : str
        Of the model's weights and code, of the sequences.
    kind : str
        Versions, processor and device that it computes with.
    """

    fingerprint: str
    sequences: str
    kind: str

    @classmethod
    def of(cls, context: Context) -> Expected:
        """What this process has."""
        instructions = torch.backends.cpu.get_cpu_capability()
        if instructions in ("AVX2", "AVX512"):  # the same results, as measured
            instructions = "AVX2 or AVX512"
        packages = ", ".join(f"{name} {version}" for name, version in versions().items() if name != "python")
        kind = (
            f"combmotif {__version__}, {packages}, {platform.machine()} with {instructions}, device "
            f"{context.model.device.type}"
        )
        return cls(" ".join(map(str, context.base)), context.sequences_key, kind)


def open_in_worker(config: RunConfig, given: dict[str, Any], expected: Expected) -> Context:
    """Load, in another process, what the tasks of a run need, and refuse what would give other results."""
    try:
        context = load_context(config, **given)
        found = Expected.of(context)
    except Exception as error:
        raise ValueError(f"a worker on {HOST} could not open what the run needs: {error}") from error
    if found.kind != expected.kind:  # first: random weights of one seed differ between kinds of processors
        raise ValueError(
            f"a worker on {HOST} would give other results: expected {expected.kind}, found {found.kind}; use hosts and "
            f"installations of one kind"
        )
    if found.fingerprint != expected.fingerprint:
        raise ValueError(
            f"a worker on {HOST} found other weights or code of model '{context.model.name}'; copy the same files, "
            "and let its factory load trained weights, or set the seed of its random ones"
        )
    if found.sequences != expected.sequences:
        raise ValueError(f"a worker on {HOST} found other sequences in the files of the config; copy the same there")
    return context


@dataclass(frozen=True)
class Job:
    """A task and what it works on."""

    batch: Batch
    payload: Payload

    def __reduce__(self) -> tuple[Any, ...]:  # the other payloads stay here
        return Job, (Batch(self.batch.task, ()), self.payload)


class Done(NamedTuple):
    """Who did a task, and in how many seconds of CPU time."""

    host: str
    process: int
    seconds: float


def do_job(context: Context, job: Job) -> Done:
    """Do a task, unless its files are there, of a worker that died after it had written them."""
    begun = time.process_time()
    if not all(path.is_file() for path in job.payload.files):
        job.batch.task(context, job.payload)
    return Done(HOST, os.getpid(), time.process_time() - begun)


def await_files(paths: tuple[Path, ...]) -> None:
    """Wait until files that a worker has written are seen here.

    Raises
    ------
    ValueError
        If they do not appear.
    """
    until = time.monotonic() + _SHARED_PATIENCE
    for path in paths:
        while not path.is_file():
            if time.monotonic() > until:
                raise ValueError(
                    f"{path}: was written by a worker on another host and is not seen here; expected --out on a file "
                    f"system that all hosts share under one path"
                )
            time.sleep(0.2)
            next(path.parent.iterdir(), None)  # makes the system look again


def task_name(payload: Payload) -> str:
    """Name a task for a message: its neurons, sequences or patterns; else its file."""
    layer = getattr(payload, "layer", None)
    with_motifs = () if layer is None else getattr(payload, "motifs", ())
    neurons = getattr(payload, "neurons", None) or [n for n, *_ in with_motifs]
    if not neurons and (one := getattr(payload, "neuron", None)) is not None:
        neurons = [one]
    if layer is not None and neurons:
        first, last = min(neurons), max(neurons)
        return f"{layer}:{first}" + (f"-{last}" if last != first else "")
    if (rows := getattr(payload, "rows", None)) is not None and len(rows):
        return f"sequences {rows[0] + 1}-{rows[-1] + 1}"
    for part in ("pair", "pattern"):
        if (value := getattr(payload, part, None)) is not None:
            return f"{part} {value}"
    return payload.files[0].name
