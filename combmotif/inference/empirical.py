"""Layers that analysis cannot follow: windows from changed bases, evaluated inside a longer sequence.

The network runs as it is. Which outputs a changed base reaches gives receptive field, stride and offset; a window is
evaluated where an output sees exactly it, and what stands around it must not matter, which is verified.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from combmotif.inference.layers import View, layer_calls, no_tensor, others, refusal
from combmotif.inference.windows import LayerGeometry, host_codes, host_values, plain_outputs, stretch_length, tolerance
from combmotif.models.model import SequenceModel

_LENGTHS = (128, 512)
"""Lengths in nt on which every base is changed in turn, of a net that reads any."""
_LONGEST = 2048
"""Longest input in nt of which every base is changed in turn."""
_COPIES = 3


def host_geometry(model: SequenceModel, geometry: LayerGeometry) -> LayerGeometry:
    """Verify that a layer's windows can be evaluated inside a longer sequence, of ``geometry.room`` nt.

    Raises
    ------
    ValueError
        If what stands around a window, or where it lies, matters.
    """
    geometry = replace(geometry, way="inside")
    size = geometry.receptive_field
    refuse_reach(model, geometry, geometry.room)
    try:
        windows = model.tensor(torch.randint(4, (6, size), generator=torch.Generator().manual_seed(2)))
        with torch.no_grad():
            here = host_values(model, geometry, windows)[:, :, 0]
            elsewhere = host_values(model, geometry, windows.flip(0), seed=1)[:, :, 0].flip(0)
            steps = _steps_apart(model, geometry)
    except (RuntimeError, ValueError) as error:
        refuse = refusal(model, geometry.layer)
        text = str(error).splitlines()[0]
        raise ValueError(text if text.startswith(refuse) else f"{refuse}{text}") from None
    gap = max(float((here - elsewhere).abs().max()), steps)
    if not gap <= tolerance(here):
        raise ValueError(
            f"{refusal(model, geometry.layer)}its value depends on more than its window of {size} nt, or on where that "
            f"lies (difference {gap:.2g})"
        )
    return geometry


def _steps_apart(model: SequenceModel, geometry: LayerGeometry) -> float:
    """Largest difference of windows evaluated where neighbouring outputs see them; upsampling has outputs of kinds."""
    size, stride = geometry.receptive_field, geometry.stride
    more = min(3, (stretch_length(geometry) - size) // stride)
    stretch = model.tensor(torch.randint(4, (2, size + more * stride), generator=torch.Generator().manual_seed(3)))
    along = host_values(model, geometry, stretch)
    windows = stretch.unfold(2, size, stride).permute(0, 2, 1, 3).flatten(0, 1)
    alone = host_values(model, geometry, windows)[:, :, 0].unflatten(0, (2, more + 1)).transpose(1, 2)
    return float((along - alone).abs().max())


def refuse_reach(model: SequenceModel, geometry: LayerGeometry, length: int) -> None:
    """Refuse a layer whose gradient is not exactly zero beyond the window.

    What a recurrent layer forgets, or attention hardly looks at, may be less than rounding in its values, but not here.
    A net that lets no gradient through has none to tell.

    Raises
    ------
    ValueError
        If a neuron depends on a position outside its window.
    """
    generator = torch.Generator().manual_seed(4)
    hot = model.tensor(torch.randint(4, (4, length), generator=generator))
    noise = torch.rand(hot.shape, generator=generator).to(hot.device)  # so that few neurons are silent
    for x in (hot + noise, hot):
        try:
            with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
                x = x.detach().requires_grad_()
                output = plain_outputs(model, geometry.layer, geometry.view, x)
                if not output.requires_grad:
                    continue
                at = output.shape[2] // 2
                weights = torch.rand(output.shape[1], generator=generator).to(output)
                (slope,) = torch.autograd.grad((output[:, :, at] * weights).sum(), x, allow_unused=True)
        except (RuntimeError, ValueError):
            continue
        if slope is None:
            continue
        start = geometry.offset + geometry.stride * at
        places = torch.arange(length, device=slope.device)
        outside = (places < start) | (places >= start + geometry.receptive_field)
        reached = torch.nonzero((slope != 0).any(1).any(0) & outside)
        if len(reached):
            raise ValueError(
                f"{refusal(model, geometry.layer)}it mixes the whole sequence (recurrence, attention, or a norm or "
                f"mean over the length lies before it): input position {int(reached[0])} reaches outputs beyond a "
                f"window of {geometry.receptive_field} nt{others(model, geometry.layer)}"
            )


def empirical_geometry(model: SequenceModel, layer: str) -> LayerGeometry:
    """Find a layer's receptive field, stride and offset from the outputs that changed bases reach.

    Raises
    ------
    ValueError
        If it mixes the whole sequence, or has no windows of one size.
    """
    fixed = model.input_spec.length
    if fixed and fixed > _LONGEST:
        raise ValueError(
            f"{refusal(model, layer)}its operations cannot be followed, and {fixed} nt are too many to probe"
        )
    reason, unreadable = "", ""
    for length in (fixed,) if fixed else _LENGTHS:
        try:
            codes = host_codes(length, 3).numpy().astype(np.uint8)
            with torch.no_grad():
                calls = layer_calls(model, model.tensor(codes.repeat(2, 0)), {layer: None}, marked=False)[0]
        except (RuntimeError, ValueError) as error:
            reason = reason or f"{refusal(model, layer)}{str(error).splitlines()[0]}"
            continue
        for call, output in enumerate(calls.get(layer, [])):
            for view in View.several(output, call, 2):
                try:
                    found = host_geometry(model, _probed(model, layer, view, length))
                    return found if fixed else _same_elsewhere(model, found)
                except ValueError as error:
                    reason = reason or str(error)
                except RuntimeError as error:  # what it gives is no plain tensor, as within torch.func.vmap
                    unreadable = f"{refusal(model, layer)}its values cannot be read ({str(error).splitlines()[0][:90]})"
    if unreadable and not reason:
        raise ValueError(unreadable)
    if (
        reason
        and not fixed
        and not any(
            told in reason
            for told in ("mixes the whole", "do not follow", "expected an output", "model.length", "has 1 position")
        )
    ):
        reason += "; where all sequences have one length, give it as model.length"
    raise ValueError(reason or f"{refusal(model, layer)}{no_tensor(model, layer)}")


def _same_elsewhere(model: SequenceModel, geometry: LayerGeometry) -> LayerGeometry:
    """Refuse a layer whose windows change with the length of the input, as behind a pool to a fixed number of bins."""
    windows = model.tensor(torch.randint(4, (6, geometry.receptive_field), generator=torch.Generator().manual_seed(2)))
    longer = replace(geometry, room=geometry.room + 64 * geometry.stride)
    changed = ValueError(
        f"{refusal(model, geometry.layer)}its windows change with the length of the input; where all sequences have "
        f"one length, give it as model.length"
    )
    with torch.no_grad():
        here = host_values(model, geometry, windows)[:, :, 0]
        try:
            there = host_values(model, longer, windows)[:, :, 0]
        except (RuntimeError, ValueError):  # none, or several, where one was
            raise changed from None
    if not float((here - there).abs().max()) <= tolerance(here):
        raise changed
    return geometry


def _probed(model: SequenceModel, layer: str, view: View, length: int) -> LayerGeometry:
    random = np.random.default_rng(0)
    refuse = refusal(model, layer)
    codes = random.integers(0, 4, (_COPIES, length)).astype(np.uint8)
    with torch.no_grad():
        base = plain_outputs(model, layer, view, model.tensor(codes))
    count = base.shape[2]
    if count < 2:
        raise ValueError(f"{refuse}it has {count} position for {length} nt, as behind a pool over the whole sequence")
    noise = tolerance(base) / 10

    def reached(places: np.ndarray) -> np.ndarray:
        changed = np.zeros((len(places), count), bool)
        for copy in range(_COPIES):
            for start in range(0, len(places), 64):
                own = places[start : start + 64]
                edited = np.repeat(codes[copy : copy + 1], len(own), 0)
                edited[np.arange(len(own)), own] = (edited[np.arange(len(own)), own] + 1 + copy) % 4
                with torch.no_grad():
                    output = plain_outputs(model, layer, view, model.tensor(edited))
                changed[start : start + 64] |= ((output - base[copy]).abs() > noise).any(1).cpu().numpy()
        return changed

    middle = reached(np.array([length // 2]))[0]
    if middle.sum() > max(2, count // 2):
        raise ValueError(
            f"{refuse}it mixes the whole sequence (recurrence, attention, or a norm or mean over the length lies "
            f"before it): a changed base reaches {int(middle.sum())} of its {count} positions{others(model, layer)}"
        )
    changed = reached(np.arange(length))
    seen = np.flatnonzero(changed.any(0))
    low, high = changed.argmax(0), length - 1 - changed[::-1].argmax(0)
    around = high - low > 2 * np.median((high - low)[seen])  # at one end, and seeing the other: a circular shift
    seen = seen[~around[seen]]
    if len(seen) < 2:
        raise ValueError(f"{refuse}no changed base reaches it")
    one, other = seen[len(seen) // 4], seen[3 * len(seen) // 4]
    stride = round((low[other] + high[other] - low[one] - high[one]) / 2 / max(1, other - one))
    if stride < 1:
        raise ValueError(f"{refuse}its positions do not follow the sequence, a step each, as behind upsampling")
    offset, end = int((low[seen] - stride * seen).min()), int((high[seen] - stride * seen).max())
    size = end - offset + 1
    right = size + (count - 1) * stride + offset - length
    return LayerGeometry(layer, base.shape[1], size, stride, offset, right, way="inside", room=length, view=view)
