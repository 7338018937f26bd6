"""Torch networks as models of a benchmark: cards, language models, and what a Python file makes."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.evaluation.adapters.base import (
    Adapter,
    Codes,
    Names,
    batches_of,
    chosen_layers,
    plain_vectors,
    pool_states,
    read_mode,
)
from combmotif.models.architectures.language import LanguageNet, channels_last
from combmotif.models.model import SequenceModel
from combmotif.models.python_model import load_function
from combmotif.sequence.alphabet import decode

_BASES = 60_000
"""Bases of one forward pass."""
_Ask = Callable[[LanguageNet, list[torch.Tensor]], list[np.ndarray]]
"""(net, layers of a batch) -> arrays with a row per sequence of the batch."""


def _random_weights(module: nn.Module, seed: int) -> nn.Module:
    twin = copy.deepcopy(module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for part in twin.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
    return twin.eval()


def _layers_of(layers: str, each: Callable[[np.ndarray], np.ndarray]) -> _Ask:
    """Ask for the states (positions, channels) of the chosen layers side by side, or for what is made of them."""

    def ask(net: LanguageNet, states: list[torch.Tensor]) -> list[np.ndarray]:
        chosen = torch.cat([states[i] for i in chosen_layers(layers, len(states))], 1).squeeze(2)
        return [np.stack([each(own) for own in chosen.transpose(1, 2).cpu().numpy()])]

    return ask


class LanguageModel(Adapter):
    """A :class:`LanguageNet`: masked probabilities of all bases in one pass, so every mode costs the same."""

    capabilities = frozenset({"embed", "masked", "likelihood", "predict"})

    def __init__(self, model: SequenceModel, *, name: str | None = None) -> None:
        assert isinstance(model.module, LanguageNet)
        self.model, self.name = model, name or model.name
        self.outputs = model.outputs
        self._kept: dict[bytes, list[list[np.ndarray]]] = {}

    def _each(self, codes: Codes, ask: _Ask) -> list[list[np.ndarray]]:
        """Ask of the layers of every sequence; one that occurs again is read once."""
        net = self.model.module
        assert isinstance(net, LanguageNet)
        numbers: dict[bytes, int] = {}
        places = [numbers.setdefault(np.asarray(code).tobytes(), len(numbers)) for code in codes]
        unique = [np.frombuffer(key, dtype=np.uint8) for key in numbers]
        found: list[list[np.ndarray]] = [[]] * len(unique)
        with torch.inference_mode():
            for rows in batches_of([len(code) for code in unique], most=_BASES):
                x = self.model.tensor(np.stack([unique[i] for i in rows])).unsqueeze(2)
                layers = net.layers(x.contiguous(memory_format=torch.channels_last), channels_last)
                for row, *own in zip(rows, *ask(net, layers), strict=True):
                    found[row] = own
        return [found[place] for place in places]

    def _read(self, codes: Codes) -> list[list[np.ndarray]]:
        """Probabilities and mean last state of every sequence, kept for further questions about the last two sets."""
        key = hashlib.blake2b(b"".join(len(code).to_bytes(4, "big") + bytes(code) for code in codes)).digest()
        if key not in self._kept:

            def ask(net: LanguageNet, layers: list[torch.Tensor]) -> list[np.ndarray]:
                shares = channels_last(net.head, layers[-1]).float().softmax(1).squeeze(2).transpose(1, 2)
                return [shares.cpu().numpy(), layers[-1].squeeze(2).mean(2).cpu().numpy()]

            while len(self._kept) > 1:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._each(codes, ask)
        return self._kept[key]

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the pooled states of the chosen layers side by side."""
        if (pool, layers) == ("mean", "-1"):
            return np.stack([vector for _, vector in self._read(codes)])
        return np.stack([row for (row,) in self._each(codes, _layers_of(layers, lambda own: pool_states(own, pool)))])

    def states(self, codes: Codes, *, layers: str = "-1") -> list[np.ndarray]:
        """Return the states of the chosen layers side by side at every base."""
        return [table for (table,) in self._each(codes, _layers_of(layers, np.asarray))]

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
        """Return probabilities given all other bases; a stride changes nothing, for no base is masked."""
        self.require(read_mode(mode)[0])
        return [table for table, _ in self._read(codes)]

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the mean log probability per base, (n, 1)."""
        return self.log_likelihood(codes)[:, None]

    def random_twin(self, seed: int) -> Adapter:
        """Return the same net with random weights."""
        module = _random_weights(self.model.module, seed)
        spec = self.model.input_spec
        return LanguageModel(SequenceModel("random-weights", module, spec, self.model.outputs))


class CardModel(Adapter):
    """A trained predictor of a card, or any torch module: its predictions, and what its head reads as a vector.

    Parameters
    ----------
    model : SequenceModel
    name : str, optional
    layer : str, optional
        Module whose output is pooled into the vector; default the input of the last linear layer, else the output of
        the last convolution. ``layers`` of :meth:`embed` count the convolutions and, last, this one.
    """

    def __init__(self, model: SequenceModel, *, name: str | None = None, layer: str | None = None) -> None:
        self.model, self.name = model, name or model.name
        self.outputs = model.outputs
        self.fixed = model.input_spec.length if model.input_spec.rule == "exact" else None
        self.layer = layer
        modules = dict(model.module.named_modules())
        if layer is not None and layer not in modules:
            raise ValueError(f"layer: expected a module of '{self.name}' ({', '.join(list(modules)[1:9])}, ...), "
                             f"found '{layer}'")  # fmt: skip
        linear = [module for module in modules.values() if isinstance(module, nn.Linear)]
        convolutions = [module for module in modules.values() if isinstance(module, nn.Conv1d)]
        self._head = linear[-1] if layer is None and linear else None
        own = [] if layer is None else [modules[layer]]
        self._bodies = [module for module in convolutions if module not in own] + own
        able = {"predict"} | ({"embed"} if self._head or self._bodies else set())
        self.capabilities = frozenset(able)

    def _fit(self, codes: Codes) -> Codes:
        """Fill shorter sequences up with N where the net has one length; longer ones are cut to their middle."""
        if self.fixed is None:
            return codes
        fitted = []
        for code in codes:
            start = max(0, (len(code) - self.fixed) // 2)
            part = np.asarray(code)[start : start + self.fixed]
            fitted.append(np.pad(part, (0, self.fixed - len(part)), constant_values=4))
        return fitted

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the predictions, (n, outputs)."""
        return self.model.predict(self._fit(codes))

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return what the head reads, or the pooled output of the layer."""
        self.require("embed")
        kept: dict[int, torch.Tensor] = {}
        codes = self._fit(codes)
        found: list[np.ndarray] = [np.zeros(0)] * len(codes)
        count = len(self._bodies) + (self._head is not None)
        chosen = chosen_layers(layers, count)
        handles = [
            module.register_forward_hook(lambda module, given, out, at=at: kept.update({at: out.detach()}))
            for at, module in enumerate(self._bodies)
            if at in chosen
        ]
        if self._head is not None and count - 1 in chosen:
            handles.append(
                self._head.register_forward_pre_hook(lambda module, given: kept.update({count - 1: given[0].detach()}))
            )
        try:
            with torch.inference_mode():
                for rows in batches_of([len(code) for code in codes], most=_BASES):
                    self.model(self.model.input([codes[i] for i in rows]))
                    layers_of = [kept[at].reshape(len(rows), kept[at].shape[1], -1).cpu().numpy() for at in chosen]
                    for place, row in enumerate(rows):
                        found[row] = np.concatenate([pool_states(states[place].T, pool) for states in layers_of])
        finally:
            for handle in handles:
                handle.remove()
        return np.stack(found).astype(np.float32)

    def random_twin(self, seed: int) -> Adapter:
        """Return the same net with random weights."""
        spec = self.model.input_spec
        model = SequenceModel("random-weights", _random_weights(self.model.module, seed), spec, self.outputs)
        return CardModel(model, layer=self.layer)


class PythonModel(Adapter):
    """What a function of the user's Python file returns: an object with some of the methods named here.

    ``embed(list of str)`` returns (n, d), ``predict(list of str)`` (n,) or (n, outputs), ``likelihood(list of str)``
    (n,), ``probabilities(list of str, mode)`` a list of (length, 4); ``modes`` says which modes the last one knows
    (default masked). Sequences are of A, C, G, T and N.

    Parameters
    ----------
    factory : str
        ``path/to/file.py:function`` or ``package.module:function``; the code is run.
    kwargs : dict, optional
    name, orientation : str
    """

    def __init__(
        self, factory: str, kwargs: dict[str, Any] | None = None, *, name: str | None = None, orientation: str = "rna"
    ) -> None:
        self.object = load_function(factory, kwargs)
        self.name = name or Path(factory.partition(":")[0]).stem
        self.orientation = orientation
        able = {name for name in ("embed", "predict", "likelihood") if callable(getattr(self.object, name, None))}
        if callable(getattr(self.object, "probabilities", None)):
            able |= set(getattr(self.object, "modes", ("masked",))) & {"masked", "unmasked", "causal"}
        if not able:
            raise ValueError(
                f"factory: expected {factory} to return an object with embed, predict, likelihood or probabilities, "
                f"found {type(self.object).__name__} with none of them"
            )
        self.capabilities = frozenset(able)
        self.longest = getattr(self.object, "longest", None)
        self.masked_likelihood = "likelihood" not in able

    def _ask(self, method: str, codes: Codes, *more: Any) -> Any:
        answer = getattr(self.object, method)([decode(code, alphabet="dna") for code in codes], *more)
        if len(answer) != len(codes):
            raise ValueError(f"model '{self.name}': {method}: expected {len(codes)} results, found {len(answer)}")
        return answer

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return what the object's ``embed`` gives."""
        self.require("embed")
        plain_vectors(self, pool, layers)
        return np.asarray(self._ask("embed", codes), dtype=np.float32)

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return what the object's ``predict`` gives, (n, outputs)."""
        self.require("predict")
        return np.asarray(self._ask("predict", codes), dtype=float).reshape(len(codes), -1)

    def log_likelihood(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return what the object's ``likelihood`` gives, else the mean of the masked log probabilities."""
        if "likelihood" in self.capabilities:
            return np.asarray(self._ask("likelihood", codes), dtype=float)
        return super().log_likelihood(codes, names=names)

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
        """Return what the object's ``probabilities`` gives."""
        kind, _ = read_mode(mode)
        self.require(kind)
        return [np.asarray(table, dtype=np.float32) for table in self._ask("probabilities", codes, kind)]
