"""One layer of a network as a function of windows: values, feature maps, gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from combmotif.inference.convolutions import convolution_layers, hidden
from combmotif.inference.geometry import known_geometry
from combmotif.inference.layers import View, layer_calls, layer_outputs
from combmotif.inference.marks import Window, window_of
from combmotif.inference.shortcuts.replay import Replay, recorded
from combmotif.inference.shortcuts.words import WordTable, word_table
from combmotif.inference.windows import window_values
from combmotif.models.device import NUCLEOTIDES, in_batches, nucleotides_at_once
from combmotif.models.model import SequenceModel


class WindowProbe:
    """Evaluate the neurons of a layer on windows of exactly their receptive field, without padding.

    Parameters
    ----------
    model : SequenceModel
    layer : str
        A layer that ``layer_geometry`` accepts.
    batch : int, default 512
        Most windows of 100 nt per forward pass on a processor; longer windows run in smaller batches.
    tracks : sequence of k sequences of numbers, optional
        What windows have beside their bases where nothing else is said, of a model with k extra channels: one row per
        track, repeated along the window; default zero.

    Attributes
    ----------
    geometry : LayerGeometry
    receptive_field, neurons : int
    lower : tuple of str
        The convolutions that run before the layer, in order of execution.

    Examples
    --------
    >>> from combmotif.inference import WindowProbe
    >>> from combmotif.models import load_card
    >>> from combmotif.sequence.sets import random_sequences
    >>> probe = WindowProbe(load_card("mrl"), "conv2")
    >>> windows = np.stack(random_sequences(5, probe.receptive_field, seed=1).codes)
    >>> probe.activations(windows).shape == (5, probe.neurons)
    True
    """

    def __init__(
        self, model: SequenceModel, layer: str, *, batch: int = 512, tracks: Sequence[Sequence[float]] | None = None
    ) -> None:
        self.model = model
        self.layer = layer
        self.geometry = known_geometry(model, layer)
        self.receptive_field = self.geometry.receptive_field
        self.neurons = self.geometry.neurons
        wider = nucleotides_at_once(model.device) // NUCLEOTIDES
        self.batch = max(16, batch * wider * 100 // max(100, self.receptive_field))
        extra = model.input_spec.channels - 4
        if tracks is not None and (len(tracks) != extra or not all(len(row) for row in tracks)):
            raise ValueError(
                f"tracks: model '{model.name}' reads {extra} tracks beside the bases, expected a row of numbers for "
                f"each, found {[list(row) for row in tracks]}"
            )
        self.pattern = None if tracks is None else tuple(tuple(map(float, row)) for row in tracks)
        ran = self._run_below()
        self.lower = tuple(dict.fromkeys(name for name, _, _ in ran))
        self._alone = self.geometry.way == "alone" and self.geometry.view == View()
        self._once = [row for row in ran if self._alone and [name for name, _, _ in ran].count(row[0]) == 1]
        self._words: WordTable | None = None
        self._column: int | None = None
        self._replay: Callable[[torch.Tensor], torch.Tensor] | None = None

    def _run_below(self) -> list[tuple[str, Window, int]]:
        """Run the network once; returns the convolutions below the layer with what they see and their neurons."""
        if self.geometry.way == "inside":
            return []
        codes = torch.zeros((2, self.receptive_field + self.geometry.room), dtype=torch.long)
        modules = dict(self.model.module.named_modules())
        names = [name for name in convolution_layers(self.model) if not hidden(modules.get(name))]
        wanted = {name: None for name in names if name != self.layer}
        order: list[tuple[str, Window, int]] = []
        with torch.no_grad():
            calls = layer_calls(
                self.model, self.model.tensor(codes), {**wanted, self.layer: self.geometry.view.call + 1},
                unpadded=True, dense=self.geometry.way == "dense",
            )[0]  # fmt: skip
        for name, outputs in calls.items():
            for output in outputs if name != self.layer else ():
                window = window_of(output)
                if window and output.ndim == 3:
                    order.append((name, window, output.shape[1]))
        return order

    @contextmanager
    def only(self, neuron: int) -> Iterator[None]:
        """Work out one neuron of the layer alone, with the first convolutions looked up (see `tabulated`).

        For methods that ask one neuron very many times: `activations` then returns a single column. The layer's weights
        are put back in the end.
        """
        found = dict(self.model.module.named_modules()).get(self.layer)
        module = found if isinstance(found, nn.Conv1d) and found.groups == 1 and self._alone else None
        with self.tabulated():
            if module is None:
                self._column = neuron
            else:
                self._column, weight, bias = 0, module.weight, module.bias
                module.weight = nn.Parameter(weight[neuron : neuron + 1].detach(), requires_grad=False)
                module.bias = (
                    None if bias is None else nn.Parameter(bias[neuron : neuron + 1].detach(), requires_grad=False)
                )
            try:
                if isinstance(self._replay, Replay):  # all neurons together show more of what a replay gets wrong
                    self._replay = self._recorded()
                yield
            finally:
                self._column = None
                if module is not None:
                    module.weight, module.bias = weight, bias

    @contextmanager
    def tabulated(self) -> Iterator[None]:
        """Look the first convolutions up in a table of words instead of working them out, where that can be done.

        For searches, which evaluate many windows: the table of the 262,144 words of 9 letters takes as long as some
        thousand windows, and 64 MiB for 64 neurons. Values may differ by the rounding of float32. Windows with tracks
        are not looked up. What follows is recorded once and replayed, where random windows show that it may be; weights
        that are replaced meanwhile, rather than changed in place, are not seen.
        """
        before = self._words, self._replay
        if self.pattern is None:
            self._words = word_table(self.model, self.layer, self.receptive_field, self._once)
        self._replay = self._recorded()
        try:
            yield
        finally:
            self._words, self._replay = before

    def repeated(self, length: int) -> np.ndarray:
        """Repeat the probe's tracks along a sequence; float32 (k, length)."""
        return np.stack([np.resize(np.array(row, np.float32), length) for row in self.pattern or ()])

    def _check(self, codes: np.ndarray) -> None:
        if codes.ndim != 2 or codes.shape[1] != self.receptive_field:
            raise ValueError(
                f"codes: expected windows of shape (n, {self.receptive_field}) for layer '{self.layer}', "
                f"found {codes.shape}"
            )

    def _run(
        self,
        codes: np.ndarray,
        tracks: np.ndarray | None,
        run: Callable[[np.ndarray, np.ndarray | None, slice], None],
    ) -> None:
        """Work on windows in batches, never on one alone: its sums may be rounded otherwise than in company."""
        self._check(codes)
        if tracks is None and self.pattern is not None:
            tracks = np.broadcast_to(self.repeated(codes.shape[1]), (len(codes), len(self.pattern), codes.shape[1]))

        def some(part: slice) -> None:
            windows, beside = codes[part], None if tracks is None else tracks[part]
            if len(windows) == 1:
                windows = np.repeat(windows, 2, 0)
                beside = None if beside is None else np.repeat(beside, 2, 0)
            run(windows, beside, part)

        in_batches(some, len(codes), self.batch, least=2)

    def _after(self, words: WordTable | None) -> Callable[[torch.Tensor], torch.Tensor]:
        """Evaluate every neuron from what was looked up, or from windows as the model reads them; (n, neurons)."""
        if words is None:
            return lambda x: window_values(self.model, self.geometry, x).float()
        some = self.model.tensor(np.zeros((2, self.receptive_field), np.uint8))
        return lambda found: words.outputs(self.model, self.layer, found, some)[:, :, 0].float()

    def _recorded(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """Record the operations of `_after`; None where those before the table are needed too, or more than windows."""
        words, codes = self._words, np.random.default_rng(0).integers(0, 4, (10, self.receptive_field)).astype(np.uint8)
        if self.geometry.way == "inside" or (words is not None and not words.skips):
            return None
        return recorded(self._after(words), self.model.tensor(codes) if words is None else words.of(codes))

    def _outputs(self, codes: np.ndarray, tracks: np.ndarray | None, x: torch.Tensor | None = None) -> torch.Tensor:
        """Evaluate every neuron on a batch of windows, which ``x`` is where its gradient is wanted; (n, neurons)."""
        words = self._words if tracks is None and codes.max() < 4 else None
        if words is None:
            if x is not None:
                return window_values(self.model, self.geometry, x).float()
            run = self._replay if self._words is None else None
            return (run or self._after(None))(self.model.tensor(codes, tracks))
        found = words.of(codes)
        if words.skips and x is None:
            return (self._replay or self._after(words))(found)
        x = self.model.tensor(codes) if x is None else x
        return words.outputs(self.model, self.layer, found, x)[:, :, 0].float()

    def activations(self, codes: np.ndarray, tracks: np.ndarray | None = None) -> np.ndarray:
        """Evaluate every neuron; codes uint8 (n, receptive_field) -> float32 (n, neurons).

        Tracks (n, k, receptive_field) of a model with extra channels are the probe's where they are not given.
        """
        column = slice(None) if self._column is None else slice(self._column, self._column + 1)
        result = np.zeros((len(codes), self.neurons if self._column is None else 1), dtype=np.float32)

        def run(windows: np.ndarray, beside: np.ndarray | None, part: slice) -> None:
            result[part] = self._outputs(windows, beside)[: part.stop - part.start, column].cpu().numpy()

        with torch.no_grad():
            self._run(codes, tracks, run)
        return result

    def maps(
        self, codes: np.ndarray, layers: tuple[str, ...] | None = None, tracks: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Evaluate the lower convolutions on windows.

        Parameters
        ----------
        codes : uint8 array, shape (n, receptive_field)
        layers : tuple of str, optional
            Default every convolution of ``lower``.
        tracks : array, shape (n, k, receptive_field), optional
            Of a model with extra channels; default the probe's.

        Returns
        -------
        dict of layer to float32 array, shape (n, channels, positions)
            Raw outputs, before pooling, norm and ReLU, restricted to the window.
        """
        layers = self.lower if layers is None else layers
        parts: dict[str, list[np.ndarray]] = {name: [] for name in layers}

        def run(windows: np.ndarray, beside: np.ndarray | None, part: slice) -> None:
            found = self._below(self.model.tensor(windows, beside), layers)
            for name in layers:
                parts[name].append(found[name][: part.stop - part.start].float().cpu().numpy())

        with torch.no_grad():
            self._run(codes, tracks, run)
        return {name: np.concatenate(part) for name, part in parts.items()}

    def _below(self, x: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        """Run lower layers on windows, at the positions whose windows lie inside."""
        if self.geometry.way == "alone":
            return layer_outputs(self.model, x, list(layers), unpadded=True)
        wide = nn.functional.pad(x, (0, self.geometry.room))
        found = layer_outputs(self.model, wide, list(layers), unpadded=True, dense=True)
        inside = {}
        for name, values in found.items():
            geometry = known_geometry(self.model, name)
            inside[name] = values[:, :, : self.receptive_field - geometry.receptive_field + 1 : geometry.stride]
        return inside

    def gradient(
        self, codes: np.ndarray, neurons: np.ndarray, tracks: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate one neuron per window, and its gradient with respect to the one-hot input.

        A net that passes no gradient, as one that reads tokens, gives differences instead: of the window with a base
        in a position, and as it is.

        Parameters
        ----------
        codes : uint8 array, shape (n, receptive_field)
        neurons : integer array, shape (n,)
            The neuron to follow in each window.
        tracks : array, shape (n, k, receptive_field), optional
            Of a model with extra channels; default the probe's.

        Returns
        -------
        (values, gradients)
            float32 of shapes (n,) and (n, 4, receptive_field).
        """
        values = np.zeros(len(codes), np.float32)
        gradients = np.zeros((len(codes), 4, self.receptive_field), np.float32)

        def run(windows: np.ndarray, beside: np.ndarray | None, part: slice) -> None:
            count = part.stop - part.start
            x = self.model.tensor(windows, beside).requires_grad_()
            chosen = torch.as_tensor(np.resize(neurons[part].astype(np.int64), len(x)), device=x.device)[:, None]
            with torch.enable_grad():
                value = self._outputs(windows, beside, x).gather(1, chosen)[:, 0]
                slope = slope_of(value, x)
            if slope is None:
                slope = torch.zeros_like(x)
                for letter, place in np.ndindex(4, self.receptive_field):
                    changed = windows.copy()
                    changed[:, place] = letter
                    with torch.no_grad():
                        there = self._outputs(changed, beside).gather(1, chosen)[:, 0]
                    slope[:, letter, place] = there - value.detach()
            values[part] = value.detach().cpu().numpy()[:count]
            gradients[part] = slope[:count, :4].detach().cpu().numpy()

        self._run(codes, tracks, run)
        return values, gradients


def slope_of(value: torch.Tensor, x: torch.Tensor) -> torch.Tensor | None:
    """Gradient of the sum of values with respect to x; None where the network passes none."""
    if not value.requires_grad:
        return None
    try:
        return torch.autograd.grad(value.sum(), x, allow_unused=True)[0]
    except RuntimeError as error:  # such as operations in place, or checkpoints that are entered again
        if "memory" in str(error):
            raise
        return None
