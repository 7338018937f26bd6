"""Open a Keras file as a model that reads sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.core.files import reading
from combmotif.models.door import Output, Pick
from combmotif.models.keras.backend import import_keras
from combmotif.models.keras.file import open_file
from combmotif.models.keras.graph import KerasGraph, numbers_read
from combmotif.models.keras.layout import inner, outer
from combmotif.models.keras.reading import ALSO, Constants, SequenceInput, Shape, further_inputs, shown
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.opening import TRIAL_LENGTHS, open_module
from combmotif.models.python_model import import_named

_TOLERANCE = 1e-4
"""Largest difference from Keras' own prediction, as a share of the largest (and at least of 1): ten times what float32
sums of a deep network differ by."""
_HALF = {"float16": 4e-3, "bfloat16": 3e-2}
"""The same for networks that Keras runs with 16 bits (a policy of mixed precision), here with 32."""


class KerasNet(KerasGraph):
    """A Keras network that reads (batch, channels, length) and returns what it returns in Keras, with Keras' axes.

    Parameters
    ----------
    model : keras.Model
    keras : module
    read : SequenceInput
    place : int
        Number of the input that reads the sequence.
    others : dict of int to tensor or str
        What the other inputs read: constants, as Keras has them, the batch left out; or the sequence too, one of
        ``same`` and ``reverse_complement``.
    joined : bool
        Give the columns of several outputs side by side, where none of them has positions.
    """

    def __init__(
        self,
        model: Any,
        keras: Any,
        *,
        read: SequenceInput,
        place: int,
        others: dict[int, torch.Tensor | str],
        joined: bool,
    ) -> None:
        reading = {place, *(number for number, value in others.items() if isinstance(value, str))}
        super().__init__(model, keras, tokens={} if read.codes is None else dict.fromkeys(reading, read.codes))
        self._read, self._place, self._joined = read, place, joined
        self._heads = [str(head) for head in getattr(model, "output_names", None) or ["output"]]
        self._also = {number: value for number, value in others.items() if isinstance(value, str)}
        self._others = sorted(set(others) - set(self._also))
        for number, value in others.items():
            if isinstance(value, torch.Tensor):
                self.register_buffer(f"constant_{number}", value)

    def inputs(self, x: torch.Tensor, *, keras: bool = False) -> list[torch.Tensor]:
        """What the network's inputs read, channels second, or as Keras has it."""
        given = {}
        for number in (self._place, *self._also):
            strand = x.flip([1, 2]) if self._also.get(number) == ALSO[1] else x  # A C G U reversed is U G C A
            arranged = self._read.arranged(strand)
            given[number] = self._read.in_keras(arranged) if keras else arranged
        for number in self._others:
            value = getattr(self, f"constant_{number}")
            value = value.expand(x.shape[0], *value.shape)
            given[number] = value if keras else inner(value)
        return [given[number] for number in sorted(given)]

    def forward(self, x: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:  # type: ignore[override]
        """Predict: a tensor, or one per output by its name."""
        heads = [outer(head) for head in super().forward(*self.inputs(x))]
        if len(heads) == 1:
            return heads[0]
        if self._joined and all(head.ndim < 3 for head in heads):
            return torch.cat([head.reshape(len(head), -1) for head in heads], 1)
        return dict(zip(self._heads, heads, strict=True))

    def extra_repr(self) -> str:
        """Say what is read too; it is part of a model's fingerprint."""
        return f"{self._read}, {self._also}, {self._joined}; {super().extra_repr()}"


def load_keras_model(
    path: str | Path,
    *,
    alphabet: str = "rna",
    length: int | None = None,
    rule: str = "exact",
    input_name: str | None = None,
    codes: Sequence[int] | None = None,
    constants: Constants | None = None,
    output: Output | None = None,
    outputs: Sequence[str] | None = None,
    custom_objects: str | Mapping[str, Any] | None = None,
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
    codes : sequence of four int, optional
        Numbers that stand for A, C, G and U in a network that reads numbers through an ``Embedding``; default 0 to 3
        where it knows no others.
    constants : mapping of str to number, numbers or str, optional
        What every other input reads: a constant, or the sequence too (``same``, ``reverse_complement``).
    output : int, str, mapping, optional
        Which output is meant, see :class:`combmotif.models.door.Pick`; default all that have no positions.
    outputs : sequence of str, optional
        One name per column; default ``output`` or ``output1``, ...
    custom_objects : str or mapping, optional
        Classes of layers that are not Keras' own: ``path/to/file.py:dictionary``, whose code is run, or a dictionary.
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
    read, place = _sequence_input(model, keras, shapes, input_name, codes)
    if length is not None and read.length not in (None, length):
        raise ValueError(f"input.length: the network reads {read.length} nt, found {length}")
    others = further_inputs(shapes, place, constants or {})
    pick = Pick.of(output)
    net = KerasNet(model, keras, read=read, place=place, others=others, joined=pick.item is None).eval()
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    spec = InputSpec(alphabet, length or read.length, read.channels, rule)
    heads = _compare(net, model, keras, spec, path)
    columns = all(len(head) == 1 or head[1:] == (1,) for head in heads.values())
    if outputs is None and len(heads) > 1 and columns and pick.item is None:
        outputs = list(heads)
    if isinstance(output, Mapping) and pick.along and pick.axis is None and any(len(h) == 3 for h in heads.values()):
        output = {**output, "axis": 1}  # channels last, as everywhere in Keras
    description = {"name": path.stem, "kind": "keras", "weights": path.name}
    opened = open_module(net, spec, name=path.stem, outputs=outputs, output=output, description=description)
    net.to(device)
    return opened


def _input_shapes(model: Any, length: int | None) -> dict[str, Shape]:
    """Shapes of the inputs by name, without the batch; a network that is no graph reads (length, 4)."""
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return {"input": (length, 4)}
    return {str(tensor.name): tuple(tensor.shape[1:]) for tensor in inputs}


def _sequence_input(
    model: Any, keras: Any, shapes: dict[str, Shape], wanted: str | None, codes: Sequence[int] | None
) -> tuple[SequenceInput, int]:
    names = list(shapes)
    if wanted is not None and wanted not in shapes:
        raise ValueError(f"input.name: the network has no input '{wanted}'; it has {shown(shapes)}")
    possible = {name: shape for name, shape in shapes.items() if wanted in (None, name)}
    read = {name: SequenceInput.of(shape) for name, shape in possible.items()}
    fitting = {name: found for name, found in read.items() if found is not None}
    if fitting and codes is not None:
        raise ValueError("input.codes: the network reads one-hot sequences, not numbers that stand for bases")
    if not fitting:
        known = {name: numbers_read(model, names.index(name), keras) for name in possible}
        fitting = {
            name: SequenceInput(shape[0], 4, codes=_codes(name, known[name], codes))
            for name, shape in possible.items()
            if len(shape) == 1 and shape[0] != 1 and known[name]
        }
    if len(fitting) == 1:
        ((name, found),) = fitting.items()
        return found, names.index(name)
    if fitting:
        raise ValueError(
            f"input: several inputs of the network can read a sequence: {shown(shapes)}; say which one does (input: "
            f"{{name: {next(iter(fitting))}}}), and what the others hold (constants)"
        )
    raise ValueError(
        f"input: expected an input of one-hot sequences, (positions, 4) or (4, positions) and maybe an axis of one "
        f"value, or of numbers that an Embedding reads, (positions), found {shown(shapes)}; write a function that "
        f"builds a torch module around the network, and open it by kind: python"
    )


def _codes(name: str, known: int, codes: Sequence[int] | None) -> tuple[int, ...]:
    """Numbers of A, C, G and U, of an embedding that knows so many numbers."""
    if codes is None and known == 4:
        return 0, 1, 2, 3
    if codes is None or len(set(codes)) != 4 or not all(0 <= code < known for code in codes):
        raise ValueError(
            f"input.codes: '{name}' reads numbers from 0 to {known - 1}; expected those of A, C, G and U, such as "
            f"input: {{codes: [{'1, 2, 3, 4' if known > 4 else '0, 1, 2, 3'}]}}, found {codes and list(codes)}"
        )
    return tuple(codes)


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


def _compare(net: KerasNet, model: Any, keras: Any, spec: InputSpec, path: Path) -> dict[str, tuple[int, ...]]:
    """Predict a random sequence in both ways; returns the shape of every output.

    Raises
    ------
    ValueError
        If no length that was tried can be predicted, or the translation does not predict what Keras predicts.
    """
    random = np.random.default_rng(1)
    kinds = {str(getattr(layer, "compute_dtype", "")) for layer in model._flatten_layers()}
    tolerance = max(_TOLERANCE, *(_HALF.get(kind, 0.0) for kind in kinds))
    failure: Exception | None = None
    for length in (spec.length,) if spec.length is not None else TRIAL_LENGTHS:
        codes = random.integers(0, 4, (2, length) if length < 2000 else (1, length)).astype(np.uint8)
        with torch.no_grad(), keras.device("cpu"):
            x = SequenceModel("trial", net, spec).tensor(codes)
            try:
                found = KerasGraph.forward(net, *net.inputs(x))
            except Exception as error:  # too short for it, or a layer of the user's own
                failure = error
                continue
            given = net.inputs(x, keras=True)
            struct = getattr(model, "_inputs_struct", None)
            expected = model(given[0] if struct is None else keras.tree.pack_sequence_as(struct, given), training=False)
        for own, theirs in zip(found, keras.tree.flatten(expected), strict=True):
            gap = float((outer(own) - theirs).abs().max())
            if not gap <= tolerance * max(1.0, float(theirs.abs().max())):
                raise ValueError(
                    f"{path}: its translation to torch predicts other values than Keras (by {gap:.2g}), or what is not "
                    f"finite; please report the network"
                )
        return {head: tuple(outer(value).shape) for head, value in zip(net._heads, found, strict=True)}
    said = (str(failure).strip().splitlines() or [""])[0][:200]
    raise ValueError(
        f"{path}: could not predict random sequences of "
        f"{spec.length or ', '.join(map(str, TRIAL_LENGTHS))} nt ({type(failure).__name__}: {said})"
        f"{'' if spec.length else '; give the input length: input: {length: NUMBER}'}"
    ) from failure
