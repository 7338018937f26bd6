"""Does a motif raise or lower the prediction, by how much, where, and beside what?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from combmotif.config.effects import MarginalOptions
from combmotif.config.opening import output_indices
from combmotif.effect.backgrounds import draw_backgrounds
from combmotif.effect.marginal.contexts import informative_pattern, make_contexts, strongest_core
from combmotif.effect.marginal.measure import (
    MeasuredMotif,
    Setup,
    measure_context,
    measure_insertion,
    measure_sites,
)
from combmotif.effect.marginal.summary import summarise_motifs
from combmotif.effect.pairs.interaction import base_frequencies
from combmotif.effect.pattern import as_pattern, avoided_patterns
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.sets import SequenceSet


@dataclass(frozen=True)
class MarginalResult:
    """Effects of motifs.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns: `combmotif.core.tables.MOTIF_EFFECTS`.
    positions : pandas.DataFrame
        Columns: `combmotif.core.tables.MOTIF_POSITIONS`.
    """

    table: pd.DataFrame
    positions: pd.DataFrame


def frequencies_of(sequences: SequenceSet, options: MarginalOptions) -> Sequence[float] | None:
    """Frequencies of A, C, G, U in random backgrounds; None where the sequences themselves are the backgrounds."""
    if options.source != "random":
        return None
    return options.frequencies or base_frequencies(sequences.codes).tolist()


def prepare(model: SequenceModel, sequences: SequenceSet, options: MarginalOptions, *, seed: int = 0) -> Setup:
    """Draw the backgrounds, and gather what the motifs share."""
    avoid, stops = avoided_patterns(options.avoid, alphabet=model.input_spec.alphabet)
    frequencies = frequencies_of(sequences, options)
    return Setup(
        model,
        sequences,
        draw_backgrounds(sequences, options.backgrounds, seed=seed, frequencies=frequencies),
        base_frequencies(sequences.codes),
        outputs=tuple(output_indices(options.output, model.outputs, key="output")),
        avoid=tuple(avoid),
        avoid_stops=stops,
        places=options.places,
        seed=seed,
    )


def spread_of(setup: Setup) -> np.ndarray:
    """Standard deviation of the finite predictions of the backgrounds; float (outputs,), NaN where there are none."""
    predicted = setup.model.predict(list(setup.backgrounds.codes), tracks=setup.tracks(setup.backgrounds.origins))
    columns = np.asarray(predicted, dtype=np.float64)[:, list(setup.outputs)].T
    return np.array([own[np.isfinite(own)].std() if np.isfinite(own).any() else np.nan for own in columns])


def marginal_effects(
    model: SequenceModel,
    sequences: SequenceSet,
    motifs: Sequence[str | Motif],
    options: MarginalOptions | None = None,
    *,
    seed: int = 0,
) -> MarginalResult:
    """Measure what motifs do to the prediction by inserting them into background sequences.

    Into each background a motif is put at several places, as its best k-mer and as draws from its matrix, and the
    prediction is compared with that of the same sequence with the inserted bases scrambled at the same place, so that
    base composition and position are the same. Places are averaged to one value per background, which is the unit of
    the test (Wilcoxon signed-rank) and the estimate (Hodges-Lehmann). The same is done in backgrounds without and with
    another motif, and to the sites that the sequences hold by themselves.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
        The backgrounds, and where own sites are looked for.
    motifs : sequence of str or Motif
        IUPAC words or motifs.
    options : MarginalOptions, optional
        The keys of a config's ``effects`` section.
    seed : int, default 0

    Returns
    -------
    MarginalResult

    Raises
    ------
    ValueError
        If a word is no IUPAC word, or no sequence is as long as one of the motifs.

    Examples
    --------
    >>> import torch
    >>> from combmotif.models.model import SequenceModel
    >>> from combmotif.sequence.sets import random_sequences
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 1, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> found = marginal_effects(SequenceModel("net", net), random_sequences(200, 30, seed=1), ["GGACU", "UUUUU"])
    >>> list(found.table["motif"].unique())
    ['GGACU', 'UUUUU']
    """
    options = options or MarginalOptions()
    setup = prepare(model, sequences, options, seed=seed)
    length, letters = float(np.median(sequences.lengths)), model.input_spec.alphabet
    shared = {"background": setup.frequencies, "length": length, "alphabet": letters}
    patterns = {
        (one if isinstance(one, str) else one.id): as_pattern(one, alphabet=letters)
        if isinstance(one, str)
        else informative_pattern(one, **shared)  # type: ignore[arg-type]
        for one in motifs
    }
    for name, pattern in patterns.items():
        if len(pattern) > sequences.lengths.max(initial=0):
            raise ValueError(
                f"motifs: {name} has {len(pattern)} nt, the longest sequence has {sequences.lengths.max(initial=0)}; "
                f"give longer sequences"
            )
    names = [model.outputs[column] for column in setup.outputs]
    measured = [
        MeasuredMotif(
            name,
            pattern.consensus,
            measure_insertion(setup, pattern),
            measure_sites(setup, pattern, most=options.backgrounds),
        )
        for name, pattern in patterns.items()
    ]
    spread = spread_of(setup)
    if options.without == "auto":
        plain = summarise_motifs(measured, names, spread, options)[0]
        matrices = [one for one in motifs if isinstance(one, Motif)]
        core = strongest_core(matrices, plain, **shared)  # type: ignore[arg-type]
        others = [] if core is None else [core]
    else:
        others = [as_pattern(word, alphabet=letters) for word in options.without]
    frequencies = frequencies_of(sequences, options)
    contexts = make_contexts(setup, others, count=options.backgrounds, frequencies=frequencies)
    for motif in measured:
        for context in contexts:
            motif.contexts.update(measure_context(setup, context, patterns[motif.id]))
    table, positions = summarise_motifs(measured, names, spread, options, units=sequences.clusters)
    return MarginalResult(table, positions)
