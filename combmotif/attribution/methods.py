"""One door to every attribution method."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import get_args

import numpy as np
import torch

from combmotif.attribution.attributions import Attributions, join_attributions, typical_change
from combmotif.attribution.gradients import (
    NUCLEOTIDES,
    gradient_input,
    gradient_shap,
    values,
)
from combmotif.attribution.integrated import integrated_gradients
from combmotif.attribution.targets import Target, TargetFunction, Unit, parse_target
from combmotif.config.stages import AttributionOptions
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.models.model import SequenceModel
from combmotif.sequence.shuffle import dinucleotide_shuffle


def mutation_effects(function: TargetFunction, units: Sequence[Unit], *, method: str = "auto") -> torch.Tensor:
    """Change of the target by every substitution, working out again only what a substitution changes.

    Parameters
    ----------
    function : TargetFunction
    units : sequence of n Unit
        Of one length.
    method : {"auto", "incremental", "plain"}, default "auto"
        As for :func:`combmotif.inference.incremental.perturb.predict_edits`.

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
        Target of the mutant minus target of the sequence, to 1e-5 of the largest value; 0 at the sequence's own base
        and where it has an N.
    """
    own = np.stack([unit.codes for unit in units])
    rows, places, bases = np.nonzero((np.arange(4) != own[:, :, None]) & (own < 4)[:, :, None])
    effects = np.zeros((len(own), 4, own.shape[1]), np.float32)
    if not len(rows):
        return torch.from_numpy(effects)
    model, channel = function.alone
    tracks = [unit.tracks for unit in units if unit.tracks is not None] or None
    edits = Edits.of(rows, [(places, bases[:, None].astype(np.uint8))])
    found = predict_edits(model, list(own), edits, tracks=tracks, method=method)
    effects[rows, bases, places] = found.values[:, channel] - found.base[rows, channel]
    return torch.from_numpy(effects)


def mutagenesis(function: TargetFunction, x: torch.Tensor, units: Sequence[Unit]) -> torch.Tensor:
    """Hypothetical contributions by mutagenesis: each base's effect less the mean over the four bases.

    The value at the sequence's own base is how much that base is worth against the mean of all four; the effect of a
    substitution is the difference of the two values (Zhou and Troyanskaya, Nat Methods 2015; normalised as in Agarwal
    and Kelley, Genome Biol 2022).

    Returns
    -------
    torch.Tensor of float32, shape (n, 4, length)
    """
    effects = mutation_effects(function, units).to(x.device)
    known = (x[:, :4].sum(1, keepdim=True) > 0).to(effects.dtype)
    return (effects - effects.mean(1, keepdim=True)) * known


METHODS: tuple[str, ...] = get_args(AttributionOptions.model_fields["method"].annotation)


class CompletenessWarning(UserWarning):
    """Contributions do not add up to the change of the target within the tolerance."""


def attribute(
    model: SequenceModel,
    codes: Sequence[np.ndarray],
    target: str | Target,
    *,
    options: AttributionOptions | None = None,
    names: Sequence[str] | None = None,
    tracks: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Attributions:
    """Explain which bases make the model's output, or a neuron, what it is.

    A neuron is followed at one window, the one on which it is most active in the sequence; an output reads
    the whole sequence, in its true length. Baselines depend on the seed and the letters of a sequence alone, so the
    result of a sequence is the same whatever stands beside it.

    Parameters
    ----------
    model : SequenceModel
    codes : sequence of n uint8 arrays, any lengths
    target : str or Target
        ``output:0``, ``output:NAME`` or a neuron such as ``conv5:12``.
    options : AttributionOptions, optional
    names : sequence of n str, optional
        Default ``0``, ``1``, ...
    tracks : sequence of n arrays, each of shape (k, length), optional
        Of a model with extra channels; never changed, and not scored.
    seed : int, default 0
    progress : callable, optional
        Called with (sequences done, sequences in all).

    Returns
    -------
    Attributions

    Raises
    ------
    ValueError
        If the target does not exist or a sequence does not fit.

    Warns
    -----
    CompletenessWarning
        If integrated gradients stay above the tolerance; the message holds the numbers.

    Examples
    --------
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> found = attribute(model, codes, "output:0", options=AttributionOptions(method="gradient_input"))
    >>> [scores.shape for scores in found.contributions]
    [(60,), (60,)]
    """
    parts = list(
        attribute_parts(
            model, codes, target, options=options, names=names, tracks=tracks, seed=seed,
            progress=progress,
        )
    )  # fmt: skip
    result = join_attributions(parts)
    if result.warning:
        warnings.warn(result.warning, CompletenessWarning, stacklevel=2)
    return result


def attribute_parts(
    model: SequenceModel,
    codes: Sequence[np.ndarray],
    target: str | Target,
    *,
    options: AttributionOptions | None = None,
    names: Sequence[str] | None = None,
    tracks: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Attributions]:
    """Attribute in parts of bounded memory; arguments as for :func:`attribute`, which joins the parts.

    Parameters
    ----------
    model, codes, target, options, names, tracks, seed, progress
        As of :func:`attribute`.

    Yields
    ------
    Attributions
        Of sequences of one length, in ascending order of length and row; one empty part where nothing has a window.
    """
    options = options or AttributionOptions()
    chosen = parse_target(target, model) if isinstance(target, str) else target
    function = TargetFunction(model, chosen)
    names = [str(i) for i in range(len(codes))] if names is None else list(names)
    units = function.units(codes, tracks)
    lengths = np.array([len(unit.codes) for unit in units], dtype=np.int64)
    done = 0
    for length in np.unique(lengths):
        members = [units[i] for i in np.flatnonzero(lengths == length)]
        size = max(1, NUCLEOTIDES // int(length) // options.baselines)
        for begin in range(0, len(members), size):
            part = members[begin : begin + size]
            yield _explain(function, part, options, [names[unit.row] for unit in part], seed)
            done += len(part)
            if progress is not None:
                progress(done, len(units))
    if not units:
        yield _explain(function, [], options, [], seed)


def _baselines(function: TargetFunction, units: list[Unit], count: int, seed: int) -> torch.Tensor:
    """Dinucleotide shuffles of each unit as inputs, (n, count, channels, length); tracks stay."""
    rows, tracks = [], []
    for unit in units:
        random = named_generator(seed, "baselines", stable_hash(unit.codes.tobytes().hex()))
        rows.append(dinucleotide_shuffle(unit.codes, count, random))
        if unit.tracks is not None:
            tracks += [unit.tracks] * count
    x = function.tensor(np.concatenate(rows), tracks or None)
    return x.reshape(len(units), count, *x.shape[1:])


def _explain(
    function: TargetFunction, units: list[Unit], options: AttributionOptions, names: list[str], seed: int
) -> Attributions:
    """Attribute units of one length."""
    tolerance = options.tolerance if options.method == "integrated_gradients" else None
    if not units:
        none = np.zeros(0)
        whole = none.astype(np.int64)
        return Attributions(
            str(function.target), options.method, (), whole, whole, (), (), none, none, none, whole, tolerance
        )
    given = [unit.tracks for unit in units if unit.tracks is not None]
    x = function.tensor(np.stack([unit.codes for unit in units]), given or None)
    baselines = _baselines(function, units, options.baselines, seed)
    reached = values(function, x)
    other = values(function, baselines.reshape(-1, *x.shape[1:])).reshape(len(units), options.baselines)
    steps = np.full(len(units), {"gradient_shap": options.draws, "mutagenesis": 0}.get(options.method, 1), np.int64)

    if options.method == "gradient_input":
        scores = gradient_input(function, x)
    elif options.method == "mutagenesis":
        scores = mutagenesis(function, x, units)
    elif options.method == "gradient_shap":
        random = [named_generator(seed, "shap", stable_hash(unit.codes.tobytes().hex())) for unit in units]
        scores = torch.cat(
            [
                gradient_shap(function, x[i : i + 1], baselines[i : i + 1], draws=options.draws, random=random[i])
                for i in range(len(units))
            ]
        )
    else:
        scores, steps = integrated_gradients(
            function, x, baselines, reached, other, steps=options.steps, max_steps=options.max_steps,
            tolerance=options.tolerance,
        )  # fmt: skip
    errors = _errors(scores, x, reached, other)
    table = scores.float().cpu().numpy()
    sizes = [min(unit.stop - unit.start, len(unit.codes)) for unit in units]
    return Attributions(
        str(function.target),
        options.method,
        tuple(names),
        np.array([unit.row for unit in units], dtype=np.int64),
        np.array([unit.start for unit in units], dtype=np.int64),
        tuple(unit.codes[:size] for unit, size in zip(units, sizes, strict=True)),
        tuple(own[:, :size].copy() for own, size in zip(table, sizes, strict=True)),
        reached,
        other.mean(1),
        errors,
        steps,
        tolerance,
    )


def _errors(scores: torch.Tensor, x: torch.Tensor, reached: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Completeness error of scores (n, 4, length) on inputs x; values (n,) against baselines (n, b)."""
    total = (scores * x[:, :4]).double().sum((1, 2)).cpu().numpy()
    return np.abs(total - (reached - other.mean(1))) / typical_change(reached, other)
