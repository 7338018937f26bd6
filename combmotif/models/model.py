"""The model's door: any torch module, seen as a function of sequences."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.models.device import in_batches, nucleotides_at_once
from combmotif.models.door import Pick, constants
from combmotif.sequence.alphabet import LETTERS, UNKNOWN
from combmotif.sequence.onehot import as_codes, one_hot

RULES = ("exact", "pad_right")


class ForwardError(ValueError, RuntimeError):
    """A module's forward pass raised; also a RuntimeError, as torch's own are."""


@contextmanager
def telling(name: str, shape: tuple[int, ...], *, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn what a module's forward pass raises into a ForwardError that names it; its code is the user's.

    Parameters
    ----------
    name : str
        Of the model.
    shape : tuple of int
        Of its input.
    but : tuple of exception types, optional
        Exceptions that pass as they are; ValueErrors and full memory do, too.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (ValueError, MemoryError, *but)):
            raise
        if "out of memory" in str(error) or "allocate memory" in str(error):
            raise
        said = (str(error).strip().splitlines() or [""])[0][:200]
        raise ForwardError(
            f"model '{name}': its forward pass failed on an input of shape {shape} "
            f"({type(error).__name__}{f': {said}' if said else ''})"
        ) from error


@dataclass(frozen=True)
class InputSpec:
    """What a model reads.

    Attributes
    ----------
    alphabet : str, default "rna"
        Letters of the output, ``rna`` or ``dna``; the input may be either.
    length : int or None, default None
        Fixed input length in nt; None for any length.
    channels : int, default 4
        A, C, G, T/U, then extra tracks, such as the coding frame and the splice sites; zeros where none are given.
    rule : str, default "exact"
        What becomes of a sequence of another length than ``length``: ``exact`` refuses it; ``pad_right`` (Saluki)
        fills a shorter one with zeros at the 3' end and keeps the last ``length`` nt of a longer one.
    """

    alphabet: str = "rna"
    length: int | None = None
    channels: int = 4
    rule: str = "exact"

    def __post_init__(self) -> None:
        if self.alphabet not in LETTERS:
            raise ValueError(f"alphabet: expected {' or '.join(LETTERS)}, found {self.alphabet!r}")
        if self.length is not None and (not isinstance(self.length, int) or self.length < 1):
            raise ValueError(f"length: expected a whole number of nt, found {self.length!r}")
        if self.rule not in RULES:
            raise ValueError(f"rule: expected one of {', '.join(RULES)}, found '{self.rule}'")
        if self.rule != "exact" and self.length is None:
            raise ValueError(f"rule: '{self.rule}' needs an input length, found none")


@dataclass(frozen=True)
class SequenceModel:
    """A trained network and how to feed it.

    Attributes
    ----------
    name : str
    module : torch.nn.Module
        Maps (batch, channels, length) to (batch, outputs) or (batch,), or to what ``pick`` makes that of; kept in
        evaluation mode.
    input_spec : InputSpec
    outputs : tuple of str
        Names of the outputs, one per column of a prediction.
    description : dict
        The model card, as read.
    pick : Pick
        Which of what the module returns are its predictions.
    inputs : mapping of str to anything
        Constant further inputs of the module, by name.

    Examples
    --------
    >>> import torch
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.sequence.sets import random_sequences
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> SequenceModel("net", net, outputs=("a", "b")).predict(random_sequences(5, 20, seed=1).codes).shape
    (5, 2)
    """

    name: str
    module: nn.Module
    input_spec: InputSpec = field(default_factory=InputSpec)
    outputs: tuple[str, ...] = ("output",)
    description: dict = field(default_factory=dict)
    pick: Pick = field(default_factory=Pick)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.module.eval()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        parameter = next(self.module.parameters(), None)
        return torch.device("cpu") if parameter is None else parameter.device

    def check(self, codes: np.ndarray, *, name: str = "sequence") -> None:
        """Raise ValueError if a sequence of shape (length,) does not fit the model's input length."""
        length = self.input_spec.length
        if length is not None and self.input_spec.rule == "exact" and len(codes) != length:
            raise ValueError(f"{name}: model '{self.name}' reads {length} nt, found {len(codes)} nt")

    def tensor(
        self, codes: np.ndarray | torch.Tensor, tracks: np.ndarray | Sequence[np.ndarray] | None = None
    ) -> torch.Tensor:
        """Encode codes (n, length) and tracks (n, k, length) as the module's input (n, channels, length).

        The length stays as it is. Tracks that are not given are zero; a model without extra channels takes none.
        """
        x = one_hot(codes, device=self.device)
        extra = self.input_spec.channels - 4
        if not extra:
            return x
        if tracks is None or not len(tracks):
            return nn.functional.pad(x, (0, 0, 0, extra))
        stacked = torch.as_tensor(np.stack([np.asarray(track, dtype=np.float32) for track in tracks]))
        if stacked.shape != (len(x), extra, x.shape[2]):
            raise ValueError(
                f"tracks: model '{self.name}' reads {extra} tracks beside the bases, expected shape "
                f"{(len(x), extra, x.shape[2])}, found {tuple(stacked.shape)}"
            )
        return torch.cat([x, stacked.to(x.device)], 1)

    def fit(self, codes: np.ndarray, track: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None, str]:
        """Bring one sequence (length,) and its tracks (k, length) to the model's length, by its rule.

        Returns
        -------
        (codes, tracks, note)
            The note says in words what was done; empty where nothing was.
        """
        length = self.input_spec.length
        if length is None or self.input_spec.rule == "exact" or len(codes) == length:
            return codes, track, ""
        if len(codes) > length:
            cut = len(codes) - length
            return codes[cut:], None if track is None else track[:, cut:], f"first {cut} nt left out"
        fill = length - len(codes)
        padded = np.pad(np.asarray(codes), (0, fill), constant_values=UNKNOWN)
        return padded, None if track is None else np.pad(track, ((0, 0), (0, fill))), f"{fill} nt of padding"

    def input(self, codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None = None) -> torch.Tensor:
        """Encode sequences as the whole module reads them, by the model's length rule.

        Parameters
        ----------
        codes : sequence of n uint8 arrays, each of shape (length,)
            Of one length, unless the model has a rule for others.
        tracks : sequence of n arrays, each of shape (k, length), optional

        Returns
        -------
        torch.Tensor of float32, shape (n, channels, length)
        """
        fitted = [self.fit(np.asarray(row), None if tracks is None else tracks[i]) for i, row in enumerate(codes)]
        given = None if tracks is None else [track for _, track, _ in fitted if track is not None]
        return self.tensor(np.stack([row for row, _, _ in fitted]), given)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Run the module on a tensor (n, channels, length); returns (n, outputs).

        Raises
        ------
        ValueError
            If the module raises anything, or returns no tensor: its code is the user's.
        """
        y = self.run(x)
        try:
            return self.pick(y, x.shape[0], x.shape[2])
        except ValueError as error:
            raise ValueError(f"model '{self.name}': {error}") from None

    def call(self, x: torch.Tensor) -> Any:
        """Run the module on a tensor (n, channels, length), with what else it reads; what it returns, as it is."""
        # torch.compile would compile again for every shape, and the code that watches the pass as well
        eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()
        with eager:
            return self.module(x, **constants(self.inputs, x.shape[0], x))

    def run(self, x: torch.Tensor) -> Any:
        """Run the module on a tensor, of which it gets a copy: it may work in place."""
        with telling(self.name, tuple(x.shape)):
            return self.call(x.clone())

    def predict(
        self,
        codes: np.ndarray | torch.Tensor | Sequence[np.ndarray] | Sequence[str],
        *,
        tracks: Sequence[np.ndarray] | None = None,
        batch: int = 512,
    ) -> np.ndarray:
        """Predict; a sequence of another length than the model's is brought to it by the model's rule.

        Parameters
        ----------
        codes : uint8 array (n, length), or a sequence of n uint8 arrays of any lengths
            Or letters, or one-hot, see :func:`combmotif.sequence.onehot.as_codes`.
        tracks : sequence of n arrays, each of shape (k, length), optional
            Of a model with extra channels; default zeros.
        batch : int, default 512
            Most sequences per forward pass on a processor; fewer where they are long.

        Returns
        -------
        float32 array, shape (n, outputs)
        """
        codes, beside = as_codes(codes)
        tracks = beside if tracks is None else tracks  # type: ignore[assignment]
        lengths = np.array([len(c) for c in codes], dtype=np.int64)
        if self.input_spec.rule != "exact" and self.input_spec.length is not None:
            lengths[:] = self.input_spec.length
        result = np.zeros((len(codes), len(self.outputs)), dtype=np.float32)
        with torch.no_grad():
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)

                def run(chosen: slice, rows: np.ndarray = rows) -> None:
                    part = rows[chosen]
                    given = None if tracks is None else [tracks[i] for i in part]
                    y = self(self.input([codes[i] for i in part], given))
                    if y.shape != (len(part), len(self.outputs)):
                        raise ValueError(
                            f"model '{self.name}': expected predictions of shape ({len(part)}, {len(self.outputs)}), "
                            f"found {tuple(y.shape)}; name every output in the model's 'outputs'"
                        )
                    result[part] = y.cpu().numpy()

                most = nucleotides_at_once(self.device)
                batch = batch if self.device.type == "cpu" else len(rows)
                in_batches(run, len(rows), max(1, min(batch, most // max(int(length), 1))))
        return result

    def doubts(self, codes: Sequence[np.ndarray], *, tracks: Sequence[np.ndarray] | None = None) -> str:
        """Predict some sequences twice, and in two batches; say in a sentence where that gives other predictions.

        Parameters
        ----------
        codes : sequence of uint8 arrays (length,)
            The first eight are predicted.
        tracks : sequence of arrays (k, length), optional

        Returns
        -------
        str
            Empty for a net that predicts a sequence in one way, as any trained net in evaluation mode does.
        """
        codes = list(codes[:8])
        beside = None if tracks is None else list(tracks[: len(codes)])
        once, again = self.predict(codes, tracks=beside), self.predict(codes, tracks=beside)
        apart = np.concatenate(
            [
                self.predict(codes[part], tracks=None if beside is None else beside[part])
                for part in (slice(0, 1), slice(1, None))
                if codes[part]
            ]
        )
        allowed = 1e-4 * float(np.abs(once[np.isfinite(once)]).max(initial=0))  # ten times what float32 sums differ by
        for other, when, why in (
            (again, "each time", "it holds noise, such as a dropout that stays on"),
            (apart, "beside other sequences", "it looks at the whole batch, as a batch normalisation in training does"),
        ):
            gap = np.abs(np.where(np.isfinite(once) | np.isfinite(other), other - once, 0))
            if not gap.max(initial=0) <= allowed:
                return (
                    f"model '{self.name}' predicts a sequence otherwise {when} (by up to {np.nanmax(gap):.2g}): {why}; "
                    f"effects smaller than that are none, and results do not repeat"
                )
        return ""

    def fingerprint(self) -> str:
        """SHA-256 of the weights and the module's structure; names a run's results."""
        digest = hashlib.sha256(repr(self.module).encode())
        digest.update(repr((self.input_spec, self.outputs)).encode())
        if self.inputs or self.pick != Pick():
            digest.update(repr((self.pick, sorted(self.inputs.items()))).encode())
        for name, value in sorted(self.module.state_dict().items()):
            digest.update(name.encode())
            plain = torch.is_tensor(value) and not value.is_quantized  # quantized layers keep tuples
            digest.update(_bytes(value) if plain else repr(value).encode())
        return digest.hexdigest()


def _bytes(value: torch.Tensor) -> bytes:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
