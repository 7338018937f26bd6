"""Do two motifs act together? Scramble one, the other and both, in many sequences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.config.effects import InteractionOptions
from combmotif.config.opening import output_index
from combmotif.effect.frame import coding_region
from combmotif.effect.pairs.measure import measure_pair
from combmotif.effect.pairs.pair import Pair, as_pair, refuse_repeats
from combmotif.effect.pairs.summary import InteractionResult, summarise
from combmotif.effect.pattern import Pattern
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.sets import SequenceSet


def interaction(
    model: SequenceModel,
    sequences: SequenceSet,
    pairs: Sequence[Pair | tuple[str | Motif | Pattern, str | Motif | Pattern]],
    options: InteractionOptions | None = None,
    *,
    seed: int = 0,
    units: Sequence[object] | None = None,
) -> InteractionResult:
    """Test motif pairs for synergy, antagonism and additivity, where they stand and where they are inserted.

    Where both motifs of a pair stand in a sequence without overlap, A is replaced by a scramble, B is, and both are,
    with the same draws in the single and the double edit. With o the prediction of the sequence, a with A scrambled,
    b with B scrambled and n with both, the epistasis is e = o - a - b + n: what the two do together beyond the sum
    of what each does alone. An AND pair (o = 1, a = b = n = 0) has e = +1, a redundant pair (o = a = b = 1, n = 0)
    has e = -1. Draws are averaged, then placements, to one value per sequence; the sequence is the unit of every
    test (Wilcoxon signed-rank) and estimate (Hodges-Lehmann).

    The same is measured in background sequences that hold neither motif, into which both are inserted at the order,
    distance and frame of the pair: there the background is the unit, and rare pairs are tested as well as common ones.

    Further copies of a motif in a sequence stay as they are, except where one overlaps a scrambled site.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
        Scrambles from the background have their base frequencies; mode ``synonymous`` needs a coding frame as their
        first track.
    pairs : sequence of Pair or (A, B)
        IUPAC words, motifs or patterns; a `Pair` also asks for an order, a spacing or a frame. The same pair may not be
        given twice, in either order.
    options : InteractionOptions, optional
        The keys of a config's ``interaction`` section that say how pairs are measured and tested.
    seed : int, default 0
    units : sequence of length sequences, optional
        What counts as independent, for example the gene of every sequence; default every sequence is its own unit.

    Returns
    -------
    InteractionResult

    Raises
    ------
    ValueError
        If a pair is given twice, or an output or a motif word is unknown, before any prediction is made.

    Examples
    --------
    >>> import torch
    >>> from combmotif.models.model import SequenceModel
    >>> from combmotif.sequence.sets import random_sequences
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 1, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> few = InteractionOptions(controls=0, backgrounds=50)
    >>> found = interaction(SequenceModel("net", net), random_sequences(100, 40, seed=1), [("AUG", "UAA")], few)
    >>> list(found.table["pair"])
    ['AUG x UAA']
    """
    options = options or InteractionOptions()
    column = output_index(options.output, model.outputs, key="output")
    frequencies = base_frequencies(sequences.codes)
    p_value = None if options.p_value == "auto" else options.p_value
    length, letters = float(np.median(sequences.lengths)), model.input_spec.alphabet
    specs = [as_pair(pair, p_value=p_value, length=length, background=frequencies, alphabet=letters) for pair in pairs]
    refuse_repeats(specs)
    if options.mode == "synonymous":
        require_frame(sequences)
    measured = [measure_pair(model, sequences, spec, options, frequencies=frequencies, seed=seed) for spec in specs]
    return summarise(measured, sequences.names, options, units=units, link=model_link(model, column))


def require_frame(sequences: SequenceSet) -> None:
    """Raise ValueError where no sequence has a coding frame as its first track."""
    if not any(coding_region(track[0]) for track in sequences.tracks or ()):
        raise ValueError(
            "mode: synonymous needs a coding frame, and the sequences have none; give them an annotation (BED12, GTF "
            "or GFF3) or HDF5 with a coding-frame channel, or choose another mode"
        )


def model_link(model: SequenceModel, column: int) -> str:
    """Name the link that the model's card gives for an output; spline where it gives none."""
    outputs = model.description.get("outputs") or []
    link = outputs[column].get("link") if column < len(outputs) and isinstance(outputs[column], dict) else None
    return str(link or "spline")


def base_frequencies(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Frequencies of A, C, G, T/U over all sequences, N left out, one pseudo-count each; shape (4,).

    Examples
    --------
    >>> from combmotif.effect.pairs.interaction import base_frequencies
    >>> from combmotif.sequence import encode
    >>> base_frequencies([encode("AAAAAAN")]).round(2).tolist()
    [0.7, 0.1, 0.1, 0.1]
    """
    counts = np.ones(4)
    for sequence in codes:
        counts += np.bincount(sequence, minlength=5)[:4]
    return counts / counts.sum()
