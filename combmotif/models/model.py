"""The model's door: any torch module, seen as a function of sequences."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from combmotif.sequence.onehot import one_hot


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
        A, C, G, T/U, then extra tracks, which are filled with zeros.
    """

    alphabet: str = "rna"
    length: int | None = None
    channels: int = 4


@dataclass(frozen=True)
class SequenceModel:
    """A trained network and how to feed it.

    Attributes
    ----------
    name : str
    module : torch.nn.Module
        Maps (batch, channels, length) to (batch, outputs) or (batch,); kept in evaluation mode.
    input_spec : InputSpec
    outputs : tuple of str
        Names of the outputs, one per column of a prediction.
    description : dict
        The model card, as read.
    """

    name: str
    module: nn.Module
    input_spec: InputSpec = field(default_factory=InputSpec)
    outputs: tuple[str, ...] = ("output",)
    description: dict = field(default_factory=dict)

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
        if length is not None and len(codes) != length:
            raise ValueError(f"{name}: model '{self.name}' reads {length} nt, found {len(codes)} nt")

    def tensor(self, codes: np.ndarray | torch.Tensor) -> torch.Tensor:
        """Encode codes (n, length) as the module's input (n, channels, length); extra tracks are zero."""
        x = one_hot(codes, device=self.device)
        extra = self.input_spec.channels - 4
        return nn.functional.pad(x, (0, 0, 0, extra)) if extra else x

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Run the module on a tensor (n, channels, length); returns (n, outputs)."""
        y = self.module(x)
        return y.unsqueeze(1) if y.ndim == 1 else y

    def predict(self, codes: np.ndarray | Sequence[np.ndarray], *, batch: int = 512) -> np.ndarray:
        """Predict.

        Parameters
        ----------
        codes : uint8 array (n, length), or a sequence of n uint8 arrays of any lengths
        batch : int, default 512
            Most sequences per forward pass; fewer where they are long.

        Returns
        -------
        float32 array, shape (n, outputs)
        """
        lengths = np.array([len(c) for c in codes], dtype=np.int64)
        result = np.zeros((len(codes), len(self.outputs)), dtype=np.float32)
        with torch.inference_mode():
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)
                size = max(1, min(batch, 512 * 200 // max(int(length), 1)))
                for start in range(0, len(rows), size):
                    part = rows[start : start + size]
                    y = self(self.tensor(np.stack([np.asarray(codes[i]) for i in part])))
                    if y.shape != (len(part), len(self.outputs)):
                        raise ValueError(
                            f"model '{self.name}': expected predictions of shape ({len(part)}, {len(self.outputs)}), "
                            f"found {tuple(y.shape)}; name every output in the model's 'outputs'"
                        )
                    result[part] = y.cpu().numpy()
        return result

    def fingerprint(self) -> str:
        """SHA-256 of the weights and the module's structure; names a run's results."""
        digest = hashlib.sha256(repr(self.module).encode())
        digest.update(repr((self.input_spec, self.outputs)).encode())
        for name, value in sorted(self.module.state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value.cpu().numpy()).tobytes())
        return digest.hexdigest()
