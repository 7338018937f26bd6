"""What predictions rest on, and how good they are, one step at a time: attribute and evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.api import pictures
from combmotif.api.arguments import whole
from combmotif.api.given import Model, Sequences, as_sequences, evaluating, open_model
from combmotif.api.pictures import Picture
from combmotif.api.progress import shown_progress
from combmotif.api.results import Result
from combmotif.attribution import Attributions
from combmotif.attribution import attribute as attribute_bases
from combmotif.config.opening import output_index
from combmotif.config.stages import AttributionOptions, AttributionSection
from combmotif.core.typed_yaml import default_of, validate
from combmotif.models.evaluation import Agreement, agreement
from combmotif.sequence.alphabet import decode


def attribute(
    model: Model,
    sequences: Sequences,
    target: str | int = default_of(AttributionSection, "target"),
    *,
    seed: int = 0,
    **options: Any,
) -> Result[Attributions]:
    """Score the contribution of every base to an output or a neuron.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
    target : str or int, default "output:0"
        An output by number or name (``0``, ``"output:half_life"``), or a neuron, ``"conv3:7"``.
    seed : int, default 0
        Of the baselines, dinucleotide shuffles of each sequence.
    **options
        Keys of a config's ``attribution`` section: ``method`` (integrated_gradients, gradient_shap, gradient_input,
        mutagenesis), ``baselines``, ``steps``, ...

    Returns
    -------
    Result of :class:`combmotif.attribution.Attributions`
        ``scores`` has the contribution that each of the four bases would make, (4, length) per sequence; ``table`` one
        row per base: sequence, position (from 0), base, contribution. ``plot(rows=3)`` draws the first sequences.

    Raises
    ------
    ValueError
        If the target does not exist, or a sequence does not fit the model.

    Examples
    --------
    >>> import combmotif as cm
    >>> found = cm.attribute("mrl", ["GGCAUGAAC" * 5 + "ACGUA"], method="mutagenesis")
    >>> found.table.columns.tolist()
    ['sequence', 'position', 'base', 'contribution']
    """
    given = as_sequences(sequences)
    chosen, seed = validate(AttributionOptions, options, name="attribute"), whole(seed, "seed")
    with evaluating(model), shown_progress() as told:
        net = open_model(model, given)
        name = f"output:{target}" if ":" not in str(target) else str(target)
        found = attribute_bases(
            net, given.codes, name, options=chosen, names=given.names, tracks=given.tracks, seed=seed,
            progress=lambda done, total: told("sequences", done, total),
        )  # fmt: skip
    alphabet, sizes = net.input_spec.alphabet, [len(own) for own in found.codes]
    table = pd.DataFrame(
        {
            "sequence": np.repeat(np.array(found.names, dtype=object), sizes),
            "position": np.concatenate(
                [start + np.arange(size) for start, size in zip(found.starts, sizes, strict=True)] or [np.zeros(0, int)]
            ),
            "base": list("".join(decode(own, alphabet=alphabet) for own in found.codes)),
            "contribution": np.concatenate([*found.contributions, np.zeros(0, np.float32)]),
        }
    )
    title = f"Contribution of {len(table):,} bases of {len(found)} sequences to {name} by {found.method}"

    def draw(rows: int = 3) -> Picture:
        rows = whole(rows, "rows", least=1)
        return pictures.scored_letters(
            found.contributions[:rows], found.codes[:rows], found.names[:rows], alphabet=alphabet, title=title
        )

    return Result(title, table, found, draw)


def evaluate(
    model: Model, sequences: Sequences, values: Sequence[float] | None = None, *, output: int | str = 0
) -> Result[Agreement]:
    """Compare predictions with measured values.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
    values : sequence of float, optional
        Measured, one per sequence; NaN was not measured. Default the first label of the sequences.
    output : int or str, default 0
        Output of the model, by number or name.

    Returns
    -------
    Result of :class:`combmotif.models.evaluation.Agreement`
        ``pearson``, ``squared_correlation``, ``spearman`` and ``n``; ``table`` has one row per sequence: sequence,
        measured, predicted.

    Raises
    ------
    ValueError
        If there are no values, their number differs, or fewer than 3 are known.

    Examples
    --------
    >>> import combmotif as cm
    >>> sequences = ["GGCAUGAAC" * 5 + "ACGUA", "GGCAUCAAC" * 5 + "ACGUA", "GGCAUCAAC" * 5 + "AUGUA"]
    >>> cm.evaluate("mrl", sequences, [3.1, 7.9, 5.0]).n
    3
    """
    given = as_sequences(sequences)
    if values is None:
        if given.labels is None:
            raise ValueError("values: expected measured values to compare with, the sequences have none")
        measured = given.labels[:, 0]
    else:
        try:
            measured = np.asarray(values, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"values: expected numbers ({error})") from None
    if measured.shape != (len(given),):
        shape = len(measured) if measured.ndim == 1 else f"an array of shape {measured.shape}"
        raise ValueError(f"values: expected {len(given)}, one per sequence, found {shape}")
    with evaluating(model):
        net = open_model(model, given)
        column = output_index(output, net.outputs, key="output")
        predicted = net.predict(given.codes, tracks=given.tracks)[:, column].astype(float)
    table = pd.DataFrame({"sequence": given.names, "measured": measured, "predicted": predicted})
    found = agreement(predicted, table["measured"].to_numpy())
    title = (
        f"{net.name}, {net.outputs[column]}: Pearson {found.pearson:.3f}, squared correlation "
        f"{found.squared_correlation:.3f}, Spearman {found.spearman:.3f}, {found.n:,} sequences"
    )

    def draw() -> Picture:
        known = table.dropna()
        x, y = known["measured"].to_numpy(), known["predicted"].to_numpy()
        return pictures.scatter(x, y, axes=("measured", "predicted"), title=title)

    return Result(title, table, found, draw)
