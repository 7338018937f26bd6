"""The first convolutions of a network as a table of words, which takes the place of their arithmetic on windows.

A neuron of an early convolution sees a few letters, so it has but 4^n values. A network of blocks spends most of its
time on them, where the positions are many: looked up, they cost next to nothing. A first convolution that sees more
letters is a sum over its words of a few letters each, which are looked up one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from combmotif.inference.dense import scan_layers
from combmotif.inference.geometry import known_geometry
from combmotif.inference.layers import View, layer_calls, layer_outputs, shaped
from combmotif.inference.marks import Window, mark
from combmotif.inference.rows import input_gradient
from combmotif.models.model import SequenceModel
from combmotif.sequence.alphabet import UNKNOWN

LONGEST = 9
"""Most letters of a word."""
PART = 6
"""Most letters of the words that a wider convolution is a sum of: their tables fit into the processor's cache."""
WIDEST = 30
"""Most letters of such a convolution."""
LARGEST = 128 * 2**20
"""Most bytes of a table."""
_COMPARED = 8  # random windows on which a table must say what the network says


@dataclass(frozen=True)
class WordTable:
    """What one convolution says of every word that its neurons can see.

    Attributes
    ----------
    layer : str
    window : Window
        What the layer's unpadded output sees: the size of a word, and the stride.
    parts : tuple of (int, int)
        First letter and length of each part of a word; one part, the whole word, where it is short.
    values : float32 tensor, shape (sum of 4^length, neurons)
        Of one part below the other; their sum is the raw output. The row of a part is its codes read as a number to
        the base of 4.
    skips : bool
        All that runs before the layer can be left out where no gradient is wanted: nothing else hands it on.
    """

    layer: str
    window: Window
    parts: tuple[tuple[int, int], ...]
    values: torch.Tensor
    skips: bool = False

    def of(self, codes: np.ndarray) -> torch.Tensor:
        """Look up windows (n, length), codes 0 to 3; float32 (n, neurons, positions)."""
        count = (codes.shape[1] - self.window.size) // self.window.stride + 1
        found, above = [], 0
        for start, size in self.parts:
            numbers = word_numbers(codes, size)[:, start :: self.window.stride][:, :count].astype(np.int64)
            rows = torch.from_numpy(numbers + above).to(self.values.device)
            found.append(nn.functional.embedding(rows, self.values))
            above += 4**size
        total = found[0]
        for part in found[1:]:
            total += part
        return total.transpose(1, 2)

    @contextmanager
    def in_place(self, model: SequenceModel, found: torch.Tensor) -> Iterator[None]:
        """Let the layer say what was looked up, with its gradient, in forward passes within."""
        module = model.module.get_submodule(self.layer)

        def forward(x: torch.Tensor) -> torch.Tensor:
            known = _Known.apply(x, found, module) if torch.is_grad_enabled() and x.requires_grad else found
            return mark(known, replace(self.window, count=known.shape[2]))

        own = module.__dict__.get("forward")
        module.forward = forward
        try:
            yield
        finally:
            del module.forward
            if own is not None:
                module.forward = own

    def outputs(self, model: SequenceModel, layer: str, found: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Evaluate a later layer on windows that were looked up, as `of` gives them; (n, neurons, positions).

        ``x`` are the windows as the model reads them; where the table skips, any of their length.
        """
        with self.in_place(model, found):
            calls = layer_calls(model, x, {layer: 1}, unpadded=True)[0].get(layer, [])
        output = shaped(calls[0], len(found), View()) if calls else None
        if output is None:
            raise ValueError(f"layer '{layer}' gives nothing with a table of words in place of '{self.layer}'")
        return output


class _Known(torch.autograd.Function):
    """A convolution whose result is known already; its gradient is that of the convolution."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, found: torch.Tensor, module: nn.Conv1d) -> torch.Tensor:
        ctx.module, ctx.shape = module, x.shape
        return found.clone()

    @staticmethod
    def backward(ctx: Any, *outward: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        module = ctx.module
        stride, dilation = module.stride, module.dilation
        inward = input_gradient(ctx.shape, module.weight, outward[0], stride, dilation, module.groups)
        return inward, None, None


def word_numbers(codes: np.ndarray, size: int) -> np.ndarray:
    """Read every word of sequences as a number to the base of 4; codes (n, length), 0 to 3 -> int32 (n, words)."""
    count = codes.shape[1] - size + 1
    numbers = np.zeros((len(codes), count), np.int32)
    for place in range(size):
        numbers = numbers << 2 | codes[:, place : place + count]
    return numbers


def all_words(size: int) -> np.ndarray:
    """Write a sequence that holds every word of a size once (de Bruijn); uint8 (4^size + size - 1,).

    It joins the Lyndon words whose lengths divide the size (Fredricksen and Maiorana, Discrete Mathematics 1978,
    23:207), in the order of Duval's algorithm.
    """
    parts: list[int] = []
    word = [-1]
    while word:
        word[-1] += 1
        if size % len(word) == 0:
            parts += word
        word = (word * (size // len(word) + 1))[:size]
        while word and word[-1] == 3:
            word.pop()
    return np.array(parts + parts[: size - 1], np.uint8)


_tables: WeakKeyDictionary[nn.Module, tuple[tuple, WordTable]] = WeakKeyDictionary()


def word_table(
    model: SequenceModel, layer: str, receptive_field: int, lower: Sequence[tuple[str, Window, int]]
) -> WordTable | None:
    """Tabulate the last convolution below a layer whose words are short enough, else the first in parts.

    The values are worked out once per network and state of its weights.

    Parameters
    ----------
    model : SequenceModel
        Extra tracks are zero in the table.
    layer : str
        That will be evaluated, on windows of its receptive field.
    receptive_field : int
    lower : sequence of (str, Window, int)
        Convolutions that run once, in order of execution: name, what their output sees, neurons.

    Returns
    -------
    WordTable or None
        None where no convolution is narrow enough (9 letters, 128 MiB; in parts 30), where the network refuses unknown
        letters that a table in parts needs, or where it gives other values or gradients with the table in its place,
        which random windows tell.
    """
    fitting = [
        row for row in lower
        if row[1].size <= LONGEST and 4 ** row[1].size * row[2] * 4 <= LARGEST and _reads_bases(model, row[0])
    ]  # fmt: skip
    wide = [row for row in lower[:1] if LONGEST < row[1].size <= WIDEST and _reads_bases(model, row[0])]
    if not fitting and not wide:
        return None
    name, window, _ = (fitting or wide)[-1]
    state = (name, *((p.data_ptr(), p._version) for p in model.module.parameters()))
    known = _tables.get(model.module)
    if known is None or known[0] != state:
        try:
            known = state, _table(model, name, window)
        except (RuntimeError, ValueError):
            return None  # a network that reads no unknown letters
        _tables[model.module] = known
    return _verified(known[1], model, layer, receptive_field)


def _reads_bases(model: SequenceModel, layer: str) -> bool:
    """Whether a layer's windows can be worked out by themselves; those of a branch of tracks cannot."""
    try:
        known_geometry(model, layer)
    except ValueError:
        return False
    return True


def _table(model: SequenceModel, layer: str, window: Window) -> WordTable:
    """Ask the network for all words, or where these are too long for those of each part, the other letters unknown."""
    if window.size <= LONGEST:
        return WordTable(layer, window, ((0, window.size),), _values(model, layer, window.size))
    blocks = np.array_split(np.arange(window.size), -(-window.size // PART))
    parts = tuple((int(block[0]), len(block)) for block in blocks)
    tables: list[torch.Tensor] = []
    for start, size in parts:
        codes = np.full((4**size + 1, window.size), UNKNOWN, np.uint8)
        codes[:-1, start : start + size] = np.arange(4**size)[:, None] >> 2 * np.arange(size)[::-1] & 3
        with torch.no_grad():
            found = layer_outputs(model, model.tensor(codes), [layer], unpadded=True)[layer][:, :, 0].float()
        tables.append(found[:-1] - found[-1] if tables else found[:-1])  # what no letter gives counts once
    return WordTable(layer, window, parts, torch.cat(tables))


def _values(model: SequenceModel, layer: str, size: int) -> torch.Tensor:
    codes = all_words(size)
    numbers = word_numbers(codes[None], size)[0]
    values = np.empty((4**size, known_geometry(model, layer).neurons), np.float32)
    for block in scan_layers(model, [layer], [codes], length_limit=8192):
        part = block.values[layer][0].T
        values[numbers[block.start : block.start + len(part)]] = part
    return torch.from_numpy(values).to(model.device)


def _verified(table: WordTable, model: SequenceModel, layer: str, size: int) -> WordTable | None:
    codes = np.random.default_rng(0).integers(0, 4, (_COMPARED, size)).astype(np.uint8)
    x = model.tensor(codes).requires_grad_()

    def asked(output: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return output, *torch.autograd.grad(output.square().sum(), x)

    def alike(found: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> bool:
        return all(
            a.shape == b.shape and bool((a - b).abs().max() <= 1e-4 * b.abs().max())
            for a, b in zip(found, expected, strict=True)
        )

    try:
        with torch.enable_grad():
            expected = asked(layer_outputs(model, x, [layer], unpadded=True)[layer])
            if not alike(asked(table.outputs(model, layer, table.of(codes), x)), expected):
                return None
    except RuntimeError:
        return None
    try:
        with torch.no_grad():
            skips = alike([table.outputs(model, layer, table.of(codes), x[:2])], expected[:1])
    except (RuntimeError, ValueError):
        skips = False
    return replace(table, skips=skips)
