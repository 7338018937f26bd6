"""Open a module as a model of sequences: run it on random ones, and see what it reads and what it predicts."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from combmotif.models.door import Output, Pick
from combmotif.models.model import InputSpec, SequenceModel

TRIAL_LENGTHS = (100, 1_000, 12_288)
"""Input lengths in nt that a module of no known one is tried with."""


def unwrapped(module: nn.Module) -> nn.Module:
    """Take a module out of what ``torch.compile``, ``DataParallel`` and weight averaging wrap around it."""
    while True:
        wrapped = isinstance(module, (nn.DataParallel, AveragedModel))
        inner = module.module if wrapped else getattr(module, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def _uncompiled(module: nn.Module) -> nn.Module:
    """Copy a module with parts that ``torch.compile`` wrapped or compiled in place, without that; others stay."""
    if not any(hasattr(m, "_orig_mod") or m._compiled_call_impl for m in module.modules()):
        return module
    module = copy.deepcopy(module)  # which forgets what was compiled in place
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            setattr(parent, name, unwrapped(child))
    return module


def open_module(
    module: nn.Module,
    spec: InputSpec,
    *,
    name: str,
    outputs: Sequence[str] | None = None,
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
    description: dict[str, Any] | None = None,
) -> SequenceModel:
    """Run a module on random sequences and wrap it, with its outputs named and its input length known.

    Weights of 16 or 64 bits become numbers of 32 bits where the module does not read these. A length is taken for the
    only one where the module reads no other.

    Parameters
    ----------
    module : torch.nn.Module
    spec : InputSpec
    name : str
    outputs : sequence of str, optional
        One name per output; default ``output`` or ``output1``, ...
    output : int, str or mapping, optional
        Which output is meant, see :class:`combmotif.models.door.Pick`; default all of a single tensor.
    inputs : mapping of str to anything, optional
        Constant further inputs by name.
    description : dict, optional

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError
        If it fails on every length tried, does not return (2,) or (2, outputs), or returns what is not finite.
    """
    module = _uncompiled(unwrapped(module))
    try:
        module.eval()
    except NotImplementedError as error:
        raise ValueError(
            f"model: expected a module in Python, found an exported one ({error}); give its origin"
        ) from None
    except Exception as error:  # an eval() or train() of the user's own
        raise ValueError(
            f"model: could not be put into evaluation mode by module.eval() ({type(error).__name__}: {error})"
        ) from error
    if isinstance(output, str) and outputs is not None and output in outputs:
        output = list(outputs).index(output)
    model = SequenceModel(name, module, spec, pick=Pick.of(output), inputs=dict(inputs or {}))
    model, count, length = _first_prediction(model, told=outputs is not None)
    if isinstance(output, int) and outputs is not None and count == 1 and output < len(outputs):
        outputs = [outputs[output]]  # all columns are named, of which one is meant
    return replace(
        model,
        input_spec=spec if spec.length or length is None else replace(spec, length=length),
        outputs=name_outputs(count, outputs),
        description=description or {},
    )


def _returned(model: SequenceModel, length: int) -> Any:
    """What the module returns for two random sequences."""
    codes = np.random.default_rng(0).integers(0, 4, (2, length)).astype(np.uint8)
    with torch.no_grad():
        return model.call(model.tensor(codes))


def _predicted(model: SequenceModel, length: int) -> torch.Tensor:
    return model.pick(_returned(model, length), 2, length)


def _other_lengths(length: int) -> list[int]:
    return [length + 37, length + 128, *(n for n in TRIAL_LENGTHS[:2] if n != length)]


def _with_axis(model: SequenceModel, length: int) -> SequenceModel:
    """Tell the axis of the positions, where they are told apart: it is the one that grows with the sequence."""
    pick = model.pick
    if not pick.along or pick.axis is not None:
        return model
    shape = pick.shape(_returned(model, length))
    for other in _other_lengths(length):
        try:
            longer = pick.shape(_returned(model, other))
        except Exception:  # a module of the user's own that reads no such length
            continue
        axes = [axis for axis, sizes in enumerate(zip(shape, longer, strict=False)) if len(set(sizes)) > 1]
        if len(axes) == 1:
            return replace(model, pick=replace(pick, axis=axes[0]))
    return model


def _in_32_bits(model: SequenceModel) -> SequenceModel | None:
    """Copy a model with weights of 16 or 64 bits, with numbers of 32 in their place; None where it has none."""
    module = model.module
    kinds = {p.dtype for p in [*module.parameters(), *module.buffers()] if p.is_floating_point()}
    if not kinds - {torch.float32}:
        return None
    return replace(model, module=copy.deepcopy(module).float())


def _first_prediction(model: SequenceModel, *, told: bool) -> tuple[SequenceModel, int, int | None]:
    """Predict two random sequences.

    Returns
    -------
    (model, count, length)
        The model as it runs, how many outputs it has, and the only length it reads, or None.
    """
    spec = model.input_spec
    lengths = (spec.length,) if spec.length is not None else TRIAL_LENGTHS
    failure: Exception | None = None
    for length in lengths:
        try:
            try:
                tried = _with_axis(model, length)
                prediction = _predicted(tried, length)
            except RuntimeError:
                other = _in_32_bits(model)
                if other is None:
                    raise
                tried = _with_axis(other, length)
                prediction = _predicted(tried, length)
            model = tried
        except ValueError as error:  # what it returned is none
            if str(error).startswith(("expected", "output:")):
                raise ValueError(f"model: {error}") from None
            failure = error
            continue
        except Exception as error:  # the user's own code may raise anything
            failure = error
            continue
        count = int(prediction.shape[1])
        only = None if spec.length is not None else _only_length(model, length, count)
        if count > 1 and count == length and not told and not model.pick.along:
            raise ValueError(_per_position(count, length))
        if not torch.isfinite(prediction).all():
            raise ValueError(_not_finite(model, prediction, length))
        return model, count, only
    raise _no_prediction(model, lengths, failure) from failure


def _only_length(model: SequenceModel, length: int, count: int) -> int | None:
    """Return the length if the net reads no other, None if it reads one."""
    for other in _other_lengths(length):
        try:
            prediction = _predicted(model, other)
        except Exception:
            continue
        if prediction.shape[1] != count:
            raise ValueError(_per_position(count, length))
        return None
    return length


def _per_position(count: int, length: int) -> str:
    return (
        f"model: expected a fixed number of outputs per sequence, found one per position ({count} for {length} nt); "
        f"write 'output: {{mean: positions}}', or 'output: {{position: center}}'; where they are none, name them: "
        f"'outputs'"
    )


def _not_finite(model: SequenceModel, prediction: torch.Tensor, length: int) -> str:
    """Say where predictions are not finite, and what may be done."""
    said = "model: the prediction for a random sequence is not finite"
    finite = torch.isfinite(prediction).all(0)
    middle = replace(model, pick=replace(model.pick, mean=False, position="center"))
    if model.pick.mean and torch.isfinite(_predicted(middle, length)).all():
        return (
            f"{said} at every position; write 'output: {{position: center}}', or let the factory return a module that "
            f"cuts off those that are not"
        )
    if finite.any():
        bad = torch.nonzero(~finite)[:, 0].tolist()
        return f"{said} in {len(bad)} of {len(finite)} outputs (first {bad[0]}, from 0); pick others as 'output'"
    return f"{said}; are the weights loaded?"


def _reads_one(model: SequenceModel) -> bool:
    """Whether a net that cannot predict two sequences predicts one."""
    for length in (model.input_spec.length,) if model.input_spec.length else TRIAL_LENGTHS[:2]:
        with suppress(Exception), torch.no_grad():  # the user's own code may raise anything
            model.call(model.tensor(np.zeros((1, length), np.uint8)))
            with suppress(Exception):
                model.call(model.tensor(np.zeros((2, length), np.uint8)))
                return False  # it failed later, on what it returned
            return True
    return False


def _no_prediction(model: SequenceModel, lengths: Sequence[int], failure: Exception | None) -> ValueError:
    """Say why no trial length worked, and what to do."""
    spec = model.input_spec
    tried = f"{lengths[0]} nt" if len(lengths) == 1 else f"{', '.join(map(str, lengths))} nt"
    said, made = (
        (str(failure).splitlines() or [""])[0],
        "let the factory return a module that makes of it what the net reads",
    )
    if isinstance(failure, TypeError) and "required positional argument" in said:
        fix = (
            "; a net is called with one tensor: give constant further inputs by name as 'inputs', or let the factory "
            "return a module that fills in what else it reads"
        )
    elif isinstance(failure, TypeError) and "takes 1 positional argument" in said:
        fix = (
            "; a net is called with one tensor, by place: where its forward has a name for it, let the factory return "
            "a module that calls net(name=x)"
        )
    elif "Quantized" in said:
        fix = "; this is a quantized net, which lacks operations: give the net it was made of"
    elif isinstance(failure, TypeError) and "unexpected keyword argument" in said:
        fix = "; 'inputs' are given by the names that its forward has"
    elif "embedding" in said or "Long, Int" in said:
        fix = (
            "; the net reads numbers of letters where it is given one row per letter: let the factory return a module "
            "that multiplies these rows with the embedding's weights (docs/tutorials/own_model.md)"
        )
    elif "channels" in said:
        fix = (
            f"; the input has {spec.channels} channels (A, C, G, U, then tracks) before the positions: set 'channels', "
            f"or let the factory return a module that turns x, as x.transpose(1, 2) for (batch, length, 4) or "
            f"x[:, None] for (batch, 1, 4, length)"
        )
    elif _reads_one(model):
        fix = (
            "; the net reads one sequence at a time: let the factory return a module that runs it on each, as "
            "torch.cat([net(row) for row in x.split(1)])"
        )
    elif isinstance(failure, IndexError) and model.inputs:
        fix = f"; 'inputs' may hold a number beyond what the net knows; otherwise {made}"
    elif isinstance(failure, (TypeError, LookupError, AttributeError, ArithmeticError)):
        fix = f"; it is given a tensor of 32-bit numbers: {made}"
    elif spec.length is None:
        fix = f"; give the input length as 'length'; where the net reads something else, {made}"
    else:
        fix = f"; is 'length' the one that it reads? Where it reads something else, {made}"
    return ValueError(
        f"model: could not predict random sequences of {tried}, input (2, {spec.channels}, length): "
        f"{type(failure).__name__}: {said[:200]}{'...' if said[200:] else ''}{fix}"
    )


def name_outputs(count: int, names: Sequence[str] | None) -> tuple[str, ...]:
    """Name the outputs: as given, or ``output``, or ``output1``, ``output2``, ...; a wrong number is an error."""
    if names is None:
        return ("output",) if count == 1 else tuple(f"output{index + 1}" for index in range(count))
    if len(names) != count:
        raise ValueError(f"outputs: expected {count} names, one per column the model returns, found {', '.join(names)}")
    return tuple(names)
