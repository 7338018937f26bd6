"""Open a Keras file as a model that reads sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.core.files import reading
from combmotif.models.keras.backend import import_keras
from combmotif.models.keras.file import open_file
from combmotif.models.keras.graph import KerasGraph
from combmotif.models.keras.layout import inner, outer
from combmotif.models.keras.reading import SequenceInput, Shape
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.outputs import OutputPick, Pick, read_pick
from combmotif.models.python_model import TRIAL_LENGTHS, import_named, name_outputs

Constants = Mapping[str, float | Sequence[float]]
_TOLERANCE = 1e-4
"""Largest difference from Keras' own prediction, as a share of the largest (and at least of 1): ten times what float32
sums of a deep network differ by."""


class KerasNet(KerasGraph):
    """A Keras network that reads (batch, channels, length) and gives (batch, outputs).

    Parameters
    ----------
    model : keras.Model
    keras : module
    read : SequenceInput
    place : int
        Number of the input that reads the sequence.
    others : dict of int to tensor
        What the other inputs read, as Keras has it, the batch left out.
    pick : OutputPick
    """

    def __init__(
        self,
        model: Any,
        keras: Any,
        *,
        read: SequenceInput,
        place: int,
        others: dict[int, torch.Tensor],
        pick: OutputPick,
    ) -> None:
        super().__init__(model, keras)
        self._read, self._place, self._pick = read, place, pick
        self._others = sorted(others)
        for number, value in others.items():
            self.register_buffer(f"constant_{number}", value)

    def inputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What the network's inputs read, channels second."""
        given = {self._place: self._read.arranged(x)}
        for number in self._others:
            value = getattr(self, f"constant_{number}")
            given[number] = inner(value.expand(x.shape[0], *value.shape))
        return [given[number] for number in sorted(given)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Predict."""
        return self._pick(super().forward(*self.inputs(x)))

    def extra_repr(self) -> str:
        """Say what is read and picked too; it is part of a model's fingerprint."""
        return f"{self._read}, {self._pick}; {super().extra_repr()}"


def load_keras_model(
    path: str | Path,
    *,
    alphabet: str = "rna",
    length: int | None = None,
    rule: str = "exact",
    input_name: str | None = None,
    constants: Constants | None = None,
    output: Pick = None,
    outputs: Sequence[str] | None = None,
    custom_objects: str | Mapping[str, Any] | None = None,
    name: str | None = None,
    device: torch.device | str = "cpu",
) -> SequenceModel:
    """Open a network in a Keras file (``.keras``, ``.h5``), through Keras 3 on torch.

    Every layer becomes a torch module of the same name, so that convolutions are layers whose neurons have windows;
    what torch has no equal for is run by Keras. The result must predict what Keras predicts.

    Parameters
    ----------
    path : path
    alphabet : str, default "rna"
    length : int, optional
        Input length in nt; default that of the file, or any.
    rule : str, default "exact"
        See :class:`combmotif.models.InputSpec`.
    input_name : str, optional
        The input that reads the sequence, of several; default the only one that can.
    constants : mapping of str to number or numbers, optional
        What every other input reads.
    output : int, str, mapping, optional
        See :func:`combmotif.models.outputs.read_pick`.
    outputs : sequence of str, optional
        One name per column; default ``output`` or ``output1``, ...
    custom_objects : str or mapping, optional
        Classes of layers that are not Keras' own: ``path/to/file.py:dictionary``, whose code is run, or a dictionary.
    name : str, optional
        Default the file's name.
    device : default "cpu"

    Returns
    -------
    SequenceModel

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be opened (see :func:`combmotif.models.keras.file.open_file`), does not read sequences, has
        inputs or outputs of which nothing is said, or Keras is missing.

    Examples
    --------
    >>> from combmotif.models import load_keras_model
    >>> model = load_keras_model("spliceai1.h5", output={"position": "center"})  # doctest: +SKIP
    >>> model.outputs  # doctest: +SKIP
    ('output1', 'output2', 'output3')
    """
    path = Path(path)
    keras = import_keras()
    objects = _objects(custom_objects)
    with reading(path, "a Keras file"):
        model = open_file(path, keras, objects)
    shapes = _input_shapes(model, length)
    read, place = _sequence_input(shapes, input_name)
    if length is not None and read.length not in (None, length):
        raise ValueError(f"input.length: the network reads {read.length} nt, found {length}")
    others = _constants(shapes, place, constants or {})
    heads = [str(head) for head in getattr(model, "output_names", None) or ["output"]]
    pick = read_pick(output, heads, outputs)
    named = None if outputs is None or pick.column is None else [list(outputs)[pick.column]]
    net = KerasNet(model, keras, read=read, place=place, others=others, pick=pick).eval()
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    spec = InputSpec(alphabet, length or read.length, read.channels, rule)
    count = _compare(net, model, keras, spec, path)
    names = name_outputs(count, named or outputs or _names_of_heads(heads, count, pick))
    title = name or path.stem
    description = {"name": title, "kind": "keras", "weights": path.name}
    return SequenceModel(title, net.to(device), spec, names, description)


def _input_shapes(model: Any, length: int | None) -> dict[str, Shape]:
    """Shapes of the inputs by name, without the batch; a network that is no graph reads (length, 4)."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return {"input": (length, 4)}
    return {str(tensor.name): tuple(tensor.shape[1:]) for tensor in inputs}


def _shown(shapes: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} ({' x '.join('any' if n is None else str(n) for n in s)})" for name, s in shapes.items())


def _sequence_input(shapes: dict[str, Shape], wanted: str | None) -> tuple[SequenceInput, int]:
    names = list(shapes)
    if wanted is not None and wanted not in shapes:
        raise ValueError(f"input.name: the network has no input '{wanted}'; it has {_shown(shapes)}")
    read = {name: SequenceInput.of(shape) for name, shape in shapes.items() if wanted in (None, name)}
    fitting = {name: found for name, found in read.items() if found is not None}
    if len(fitting) == 1:
        ((name, found),) = fitting.items()
        return found, names.index(name)
    if fitting:
        raise ValueError(
            f"input: several inputs of the network can read a sequence: {_shown(shapes)}; say which one does (input: "
            f"{{name: {names[0]}}}), and what the others hold (constants)"
        )
    raise ValueError(
        f"input: expected an input of one-hot sequences, (positions, 4) or (4, positions) and maybe an axis of one "
        f"value, found {_shown(shapes)}; write a function that builds a torch module around the network, and open "
        f"it by kind: python"
    )


def _constants(shapes: dict[str, Shape], place: int, constants: Constants) -> dict[int, torch.Tensor]:
    """Lay out what the other inputs read, without the batch."""
    names = list(shapes)
    others = {name: shape for i, (name, shape) in enumerate(shapes.items()) if i != place}
    if unknown := [name for name in constants if name not in others]:
        raise ValueError(
            f"constants: the network has no further input '{unknown[0]}'; it has {_shown(others) or 'none'}"
        )
    if missing := [name for name in others if name not in constants]:
        raise ValueError(
            f"constants: beside the sequence ('{names[place]}') the network reads {_shown(others)}; say what they "
            f"hold, such as constants: {{{missing[0]}: 0}} or a list of numbers"
        )
    found = {}
    for name, shape in others.items():
        value = torch.as_tensor(np.asarray(constants[name], dtype=np.float32))
        if None in shape:
            raise ValueError(f"constants: the input {name} has no fixed shape, {_shown({name: shape})}")
        sizes = [n for n in shape if n is not None]
        size = int(np.prod(sizes))
        if value.ndim and value.numel() != size:
            raise ValueError(f"constants: {_shown({name: shape})} reads {size} numbers, found {value.numel()}")
        found[names.index(name)] = (value.flatten() if value.ndim else value.repeat(size)).reshape(sizes)
    return found


def _names_of_heads(heads: list[str], count: int, pick: OutputPick) -> list[str] | None:
    """Name columns after the network's outputs where it has several, of one column each."""
    return heads if len(heads) == count > 1 and pick.head is None else None


def _objects(custom_objects: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Import the dictionary of classes that a file of the user's own names."""
    found: Any = custom_objects or {}
    if isinstance(custom_objects, str):
        module, name, _ = import_named(custom_objects, key="custom_objects", what="dictionary")
        found = getattr(module, name, None)
    if not isinstance(found, Mapping):
        raise ValueError(
            f"custom_objects: expected a dictionary of names and classes, such as CUSTOM = {{'MyLayer': MyLayer}}, "
            f"found {'nothing of that name' if found is None else type(found).__name__}"
        )
    return found


def _compare(net: KerasNet, model: Any, keras: Any, spec: InputSpec, path: Path) -> int:
    """Predict a random sequence in both ways; returns how many columns a prediction has.

    Raises
    ------
    ValueError
        If no length that was tried can be predicted, or the translation does not predict what Keras predicts.
    """
    random = np.random.default_rng(1)
    failure: Exception | None = None
    for length in (spec.length,) if spec.length is not None else TRIAL_LENGTHS:
        codes = random.integers(0, 4, (2, length) if length < 2000 else (1, length)).astype(np.uint8)
        with torch.inference_mode(), keras.device("cpu"):
            inputs = net.inputs(SequenceModel("trial", net, spec).tensor(codes))
            try:
                found = KerasGraph.forward(net, *inputs)
            except Exception as error:  # too short for it, or a layer of the user's own
                failure = error
                continue
            given = [outer(value) for value in inputs]
            struct = getattr(model, "_inputs_struct", None)
            expected = model(given[0] if struct is None else keras.tree.pack_sequence_as(struct, given), training=False)
            columns = net._pick(found)
        for own, theirs in zip(found, keras.tree.flatten(expected), strict=True):
            gap = float((outer(own) - theirs).abs().max())
            if not gap <= _TOLERANCE * max(1.0, float(theirs.abs().max())):
                raise ValueError(
                    f"{path}: its translation to torch predicts other values than Keras (by {gap:.2g}), or what is not "
                    f"finite; please report the network"
                )
        if not columns.shape[1]:
            raise ValueError(f"output: the network predicts fewer columns than {net._pick.column}, counted from 0")
        return int(columns.shape[1])
    said = (str(failure).strip().splitlines() or [""])[0][:200]
    raise ValueError(
        f"{path}: could not predict random sequences of "
        f"{spec.length or ', '.join(map(str, TRIAL_LENGTHS))} nt ({type(failure).__name__}: {said})"
        f"{'' if spec.length else '; give the input length: input: {length: NUMBER}'}"
    ) from failure
