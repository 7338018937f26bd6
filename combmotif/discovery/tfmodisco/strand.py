"""TF-MoDISco on one strand.

modisco-lite compares every seqlet with the other in both directions, and no option of it says otherwise: in RNA it
merges UGUAAAUA with UAUUUACA. Both directions are made in two places, the k-mer tables of the coarse similarity and
the track tables of every finer comparison and alignment. Within the block below these two give the forward strand
twice. The maximum over strands is then the forward value, and a tie is kept forward by the tool itself, so nothing is
turned.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any

_LOCK = RLock()
_NAMES = {
    "util": ("get_2d_data_from_patterns",),
    "gapped_kmer": ("_gkmer_inputs", "_gkmer_inputs_loop"),
}


def modisco_module(name: str) -> Any:
    """Import a module of modisco-lite, or say how to install it."""
    try:
        return importlib.import_module(f"modiscolite.{name}")
    except ImportError as error:
        raise ImportError(
            "discover.method: modisco needs modisco-lite 3, which is not installed; run: pip install "
            f"'combmotif[modisco]' ({error})"
        ) from None


@contextmanager
def forward_only() -> Iterator[None]:
    """Let modisco-lite compare and align forward strands only; it is as before when the block ends.

    Raises
    ------
    RuntimeError
        If the installed version is built otherwise than version 3, so that its strands cannot be held.
    """
    modules = {name: modisco_module(name) for name in _NAMES}
    missing = [f"{name}.{part}" for name, parts in _NAMES.items() for part in parts if not hasattr(modules[name], part)]
    if missing:
        import importlib.metadata

        raise RuntimeError(
            f"TF-MoDISco on one strand: expected modisco-lite 3.0, found {importlib.metadata.version('modisco-lite')} "
            f"without {', '.join(missing)}; install modisco-lite 3.0, or use discover.strands: both"
        )
    util, kmers = modules["util"], modules["gapped_kmer"]
    with _LOCK:
        tables, inputs, loop = util.get_2d_data_from_patterns, kmers._gkmer_inputs, kmers._gkmer_inputs_loop

        def forward_tables(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
            forward, _ = tables(*args, **kwargs)
            return forward, forward

        def forward_inputs(*args: Any, **kwargs: Any) -> tuple[Any, Any] | None:
            both = inputs(*args, **kwargs)
            return None if both is None else (both[0], both[0])

        def forward_loop(seqlets: Any, topn: int, take_fwd: Any, sign: Any) -> Any:
            return loop(seqlets, topn, True, sign)

        try:
            util.get_2d_data_from_patterns = forward_tables
            kmers._gkmer_inputs, kmers._gkmer_inputs_loop = forward_inputs, forward_loop
            yield
        finally:
            util.get_2d_data_from_patterns = tables
            kmers._gkmer_inputs, kmers._gkmer_inputs_loop = inputs, loop


def cache_kernels() -> None:
    """Let numba keep what it compiles for modisco-lite on disk, so that the next process need not wait for it.

    The tool does so itself only where it can fork. Nothing depends on it: where there is no place to write, or the
    installed version lists its kernels otherwise, they are compiled again.
    """
    precompile = modisco_module("precompile")
    for group in getattr(precompile, "_kernels", list)():
        for kernel, _ in group:
            if not getattr(kernel, "overloads", None):
                with suppress(Exception):
                    kernel.enable_caching()
