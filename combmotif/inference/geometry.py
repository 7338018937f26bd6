"""Receptive field, stride and offset of the layers of any torch module, derived and then verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from combmotif.inference.convolutions import TRIAL_LENGTHS, convolution_layers, has_layer, hidden
from combmotif.inference.empirical import empirical_geometry, host_geometry, refuse_reach
from combmotif.inference.layers import View, known, layer_calls, layer_outputs, no_tensor, others, refusal, shaped
from combmotif.inference.marks import UnequalBranches, window_of
from combmotif.inference.windows import LayerGeometry, tolerance, window_values
from combmotif.models.model import ForwardError, SequenceModel

__all__ = ["LayerGeometry", "convolution_layers", "known_geometry", "layer_geometry", "layer_outputs", "placed"]


def layer_geometry(model: SequenceModel, layer: str) -> LayerGeometry:
    """Derive a layer's receptive field, stride and offset, and verify them.

    They are followed through the operations of a forward pass, then checked on the network as it is: a NaN put at
    one input position must reach exactly the outputs whose window holds it, and the values of windows on their own
    must equal those of the network wherever no padding is seen (to 1e-4). Where the operations cannot be followed, the
    outputs that a changed base reaches give them instead, and windows are evaluated inside a longer sequence.

    Parameters
    ----------
    model : SequenceModel
    layer : str
        Name of a convolution or submodule, as ``combmotif inspect`` lists them.

    Returns
    -------
    LayerGeometry

    Raises
    ------
    ValueError
        If there is no such layer (the nearest are named), its output is not (batch, neurons, positions), or it mixes
        the whole sequence (recurrence, attention, norms or means over the length).

    Examples
    --------
    >>> from combmotif.inference import layer_geometry
    >>> from combmotif.models import load_card
    >>> layer_geometry(load_card("mrl"), "conv2").receptive_field
    9
    """
    if not has_layer(model, layer):
        raise ValueError(
            f"model '{model.name}' has no layer '{layer}'; its convolutions are "
            f"{', '.join(convolution_layers(model)) or 'none'}"
        )
    if why := hidden(dict(model.module.named_modules()).get(layer)):
        raise ValueError(f"{refusal(model, layer)}{why}")
    reasons: list[str] = []
    unequal = ""
    try:
        for view, codes, calls in _views(model, layer):
            found = _followed(model, layer, view, codes, calls[view.call], reasons)
            if found is not None:
                return found
    except UnequalBranches as error:
        unequal = f"{refusal(model, layer)}{error}"
    except ForwardError:
        raise
    except RuntimeError:  # what it gives is no plain tensor
        reasons.clear()
    try:
        return empirical_geometry(model, layer)
    except ValueError as error:
        told = (
            "mixes the whole",
            "windows change",
            "do not follow",
            "where that lies",
            "model.length",
            "has 1 position",
        )
        knows = any(said in str(error) for said in told)
        said = str(error) if knows or not reasons else reasons[0]
        raise ValueError(unequal or _unsteady(model, layer) or said) from None


def _unsteady(model: SequenceModel, layer: str) -> str:
    """Say whether a layer gives other values each time, or beside other sequences; empty where it does neither."""
    for codes in _trial_codes(model):
        try:
            with torch.no_grad():
                runs = [layer_calls(model, model.tensor(part), {layer: 1})[0] for part in (codes, codes, codes[:1])]
            once, again, alone = (calls[layer][0].clone() if calls.get(layer) else torch.zeros(1) for calls in runs)
        except (ValueError, RuntimeError):
            continue
        for other, when in (
            (again, "each time (noise, or a dropout that stays on)"),
            (alone, "beside other sequences (a norm)"),
        ):
            same = once[: len(other)]
            if same.shape != other.shape:
                continue
            if not float((same.float() - other.float()).abs().max()) <= tolerance(same):
                return f"{refusal(model, layer)}it gives other values {when}"
        return ""
    return ""


def _followed(
    model: SequenceModel, layer: str, view: View, codes: torch.Tensor, raw: torch.Tensor, reasons: list[str]
) -> LayerGeometry | None:
    """Verify what a forward pass says of the layer, in the fastest way that stands; else add why none does."""
    try:
        geometry, sure = _derived(model, layer, view, codes, raw)
        if not sure:
            refuse_reach(model, geometry, codes.shape[1])
    except ValueError as error:
        reasons.append(str(error))
        return None
    for way in ("alone", "dense"):
        try:
            return _verified(model, replace(geometry, way=way), codes, sure=sure)
        except ValueError as error:
            reasons.append(str(error))
    try:
        return host_geometry(model, replace(geometry, room=codes.shape[1]))
    except ValueError as error:
        reasons.append(str(error))
    return None


def known_geometry(model: SequenceModel, layer: str) -> LayerGeometry:
    """Derive and verify a layer's geometry once per network: it takes as long as scanning some long transcripts."""
    own = known.setdefault(model.module, {})
    if layer not in own:
        try:
            own[layer] = layer_geometry(model, layer)
        except ValueError as error:
            own[layer] = str(error)
    found = own[layer]
    if not isinstance(found, LayerGeometry):
        raise ValueError(found)
    return found


def placed(model: SequenceModel, geometry: LayerGeometry, length: int) -> LayerGeometry:
    """Tell where a layer's windows lie on sequences of ``length`` nt, of a net that may crop or pad by their length."""
    if model.input_spec.length or geometry.way == "inside":
        return geometry
    view = geometry.view
    with suppress(ValueError, RuntimeError), torch.no_grad():  # a length that the net does not read
        x = model.tensor(torch.zeros((2, length), dtype=torch.long))
        calls = layer_calls(model, x, {geometry.layer: view.call + 1})[0].get(geometry.layer, [])
        window = window_of(calls[view.call]) if len(calls) > view.call else None
        if window is not None and window.size == geometry.receptive_field:
            return replace(geometry, offset=-window.padding, right_padding=window.right, unseen=window.unseen)
    return geometry


def _trial_codes(model: SequenceModel) -> Iterator[torch.Tensor]:
    """Two random sequences of every length that is tried."""
    fixed = model.input_spec.length
    for length in (fixed,) if fixed else TRIAL_LENGTHS:
        yield torch.randint(4, (2, length), generator=torch.Generator().manual_seed(0))


def _views(model: SequenceModel, layer: str) -> Iterator[tuple[View, torch.Tensor, list[torch.Tensor]]]:
    """Run the network on ever longer sequences until one holds a whole window of the layer; then its views.

    The first call comes first. Others are looked at only if it is refused.
    """
    failure: ForwardError | None = None
    found: tuple[torch.Tensor, list[torch.Tensor]] | None = None
    for codes in _trial_codes(model):
        try:
            with torch.no_grad():
                calls = layer_calls(model, model.tensor(codes), {layer: 1})[0].get(layer, [])
        except ForwardError as error:  # too short for the kernels
            failure = error
            continue
        found = codes, calls
        window = window_of(calls[0]) if calls else None
        if window is None or codes.shape[1] >= window.size + 2 * window.stride + 2:
            break
    if found is None:
        raise failure or ValueError(f"{refusal(model, layer)}{no_tensor(model, layer)}")
    codes, calls = found
    if not calls:
        raise ValueError(f"{refusal(model, layer)}{no_tensor(model, layer)}")
    if calls[0].is_complex():
        raise ValueError(f"{refusal(model, layer)}its values are complex numbers, of which none is the largest")
    yield from ((view, codes, calls) for view in View.several(calls[0], 0, len(codes)))
    with suppress(ValueError, RuntimeError):
        with torch.no_grad():
            calls = layer_calls(model, model.tensor(codes), {layer: None})[0].get(layer, [])
        for number, output in enumerate(calls[1:], 1):
            yield from ((view, codes, calls) for view in View.several(output, number, len(codes)))


def _derived(
    model: SequenceModel, layer: str, view: View, codes: torch.Tensor, raw: torch.Tensor
) -> tuple[LayerGeometry, bool]:
    """What a forward pass says of the layer, and whether NaNs confirm where its windows end."""
    output, window = shaped(raw, len(codes), view), window_of(raw)
    if output is None or window is None:
        raise ValueError(
            f"{refusal(model, layer)}expected an output of (batch, neurons, positions), found {tuple(raw.shape)}"
            f"{others(model, layer)}"
        )
    if window.count and output.shape[2] != window.count:
        raise ValueError(
            f"{refusal(model, layer)}its positions could not be followed ({tuple(raw.shape)}, expected "
            f"{window.count} positions)"
        )
    geometry = LayerGeometry(
        layer, output.shape[1], window.size, window.stride, -window.padding, window.right, view=view,
        unseen=window.unseen,
    )  # fmt: skip
    return geometry, _verify_reach(model, geometry, codes.shape[1])


def _verify_reach(model: SequenceModel, geometry: LayerGeometry, length: int) -> bool:
    """Check with NaNs which outputs an input position reaches; False where the net does not let NaNs through."""
    layer, view = geometry.layer, geometry.view
    generator = torch.Generator().manual_seed(1)
    step = max(1, length // 64)
    places = sorted({*range(0, length, step), length - 1, min(length - 1, geometry.receptive_field)})
    x = model.tensor(torch.randint(4, (1, length), generator=generator)).repeat(len(places), 1, 1)
    x[torch.arange(len(places)), :, places] = float("nan")
    seen = []
    try:
        with torch.no_grad():
            for part in x.split(16):
                output = layer_outputs(model, part, [layer], views={layer: view})[layer]
                seen.append(output.isnan().any(1))
    except (ValueError, RuntimeError):  # assertions on the input
        return False
    reached = torch.cat(seen).cpu().numpy()
    starts = geometry.offset + geometry.stride * np.arange(reached.shape[1])
    whole = geometry.whole(reached.shape[1], length)
    for row, place in zip(reached, places, strict=True):
        inside = (starts <= place) & (place < starts + geometry.receptive_field)
        if (row & ~inside & whole).any():  # those at an edge may see the other end, as circular padding lets them
            raise ValueError(_mixing(model, geometry, place))
        at_end = (starts == place) | (starts + geometry.receptive_field - 1 == place)
        ends = np.flatnonzero(at_end & whole)  # padding between layers may hide the ends of the others
        if not row[ends].all():
            if not reached.any():
                return False  # NaNs are replaced, or letters read as numbers
            raise ValueError(
                f"{refusal(model, layer)}the derived receptive field of {geometry.receptive_field} nt does not agree "
                f"with what input position {place} reaches (NaN probe)"
            )
    return True


def _mixing(model: SequenceModel, geometry: LayerGeometry, place: int) -> str:
    return (
        f"{refusal(model, geometry.layer)}it mixes the whole sequence (recurrence, attention, or a norm or mean over "
        f"the length lies before it): input position {place} reaches outputs beyond a window of "
        f"{geometry.receptive_field} nt{others(model, geometry.layer)}"
    )


def _verified(model: SequenceModel, geometry: LayerGeometry, codes: torch.Tensor, *, sure: bool) -> LayerGeometry:
    """Compare windows, evaluated in the geometry's way, with the network as it is."""
    layer, size, length = geometry.layer, geometry.receptive_field, codes.shape[1]
    refuse, views = refusal(model, layer), {layer: geometry.view}
    if length < size:
        if geometry.way == "alone" and sure:
            return geometry
        raise ValueError(f"{refuse}its receptive field of {size} nt is longer than the input")
    first = torch.tensor(sorted({0, (length - size) // 2, length - size}))
    windows = torch.cat([codes[:1, start : start + size] for start in first.tolist()])
    try:
        with torch.no_grad():
            output = layer_outputs(model, model.tensor(codes), [layer], views=views)[layer]
            if geometry.way == "dense":
                room = max(0, layer_calls(model, model.tensor(codes), {layer: geometry.view.call + 1})[1].widest - size)
                geometry = replace(geometry, room=room)
            wide = nn.functional.pad(model.tensor(codes), (0, geometry.room))
            dense = layer_outputs(model, wide, [layer], unpadded=True, dense=True, views=views)[layer]
            alone = window_values(model, geometry, model.tensor(windows))
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{refuse}it cannot be evaluated without padding ({str(error).splitlines()[0]})") from None
    values = dense[:, :, : length - size + 1]
    if values.shape[2] != length - size + 1 or (geometry.way == "alone" and dense.shape[2] != values.shape[2]):
        raise ValueError(f"{refuse}its windows cannot be evaluated one by one ({values.shape[2]} found)")
    starts = geometry.offset + geometry.stride * np.arange(output.shape[2])
    inner = np.flatnonzero(geometry.whole(output.shape[2], length))
    gaps = [float((values[0, :, first].T - alone).abs().max())]
    if inner.size:
        gaps.append(float((values[:, :, starts[inner]] - output[:, :, inner]).abs().max()))
    gap = float(np.max(gaps))
    if not gap <= tolerance(values):
        raise ValueError(f"{refuse}its value depends on more than its window of {size} nt (difference {gap:.2g})")
    return geometry
