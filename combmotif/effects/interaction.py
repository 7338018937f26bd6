"""Do two motifs act together? Scramble one, the other and both, in many sequences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.effects.measure import measure_pair
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.summary import InteractionResult, summarise
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.tables import SequenceSet


def interaction(
    model: SequenceModel,
    sequences: SequenceSet,
    pairs: Sequence[tuple[str | Motif | Pattern, str | Motif | Pattern]],
    *,
    scrambles: int = 32,
    mode: str = "shuffle",
    seed: int = 0,
    output: int | str = 0,
    p_value: float = 1e-3,
    max_sequences: int = 200,
    max_placements: int = 3,
    avoid: Sequence[str] = ("AUG", "AAUAAA"),
    controls: int = 3,
    units: Sequence[object] | None = None,
    n_min: int = 6,
    alpha: float = 0.05,
    margin: float = 0.1,
    batch: int = 512,
) -> InteractionResult:
    """Test motif pairs for synergy, antagonism and additivity.

    Where both motifs of a pair stand in a sequence without overlap, A is replaced by a scramble, B is, and both are,
    with the same draws in the single and the double edit. With o the prediction of the sequence, a with A scrambled,
    b with B scrambled and n with both, the epistasis is e = o - a - b + n: what the two do together beyond the sum
    of what each does alone. An AND pair (o = 1, a = b = n = 0) has e = +1, a redundant pair (o = a = b = 1, n = 0)
    has e = -1. Draws are averaged, then placements, to one value per sequence; the sequence is the unit of every
    test (Wilcoxon signed-rank) and estimate (Hodges-Lehmann).

    Further copies of a motif in a sequence stay as they are, except where one overlaps a scrambled site.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
    pairs : sequence of (A, B)
        IUPAC words, motifs or patterns. The same pair may not be given twice, in either order.
    scrambles : int, default 32
        Draws per placement.
    mode : {"shuffle", "dinucleotide", "background", "uniform"}, default "shuffle"
        How a site is scrambled, see `draw_scrambles`; "background" has the base frequencies of `sequences`.
    seed : int, default 0
    output : int or str, default 0
        Column or name of the prediction.
    p_value : float, default 1e-3
        Score threshold of a Motif, as the probability that a random window reaches it.
    max_sequences, max_placements : int, default 200 and 3
        Most sequences per pair and placements per sequence, drawn at random.
    avoid : sequence of str, default AUG and AAUAAA
        IUPAC words a scramble may not create (besides A and B).
    controls : int, default 3
        Random segment pairs per sequence for the empirical p, with 8 draws each; 0 for none.
    units : sequence of length sequences, optional
        What counts as independent, for example the gene of every sequence; default every sequence is its own unit.
    n_min : int, default 6
        Fewest units for a test; below, a pair is ``untestable``.
    alpha : float, default 0.05
        False discovery rate of the classes, over all pairs for each of the six effects.
    margin : float, default 0.1
        An interval of e within this share of the joint effect is ``additive``.
    batch : int, default 512
        Most sequences per forward pass.

    Returns
    -------
    InteractionResult

    Raises
    ------
    ValueError
        If a pair is given twice, or a mode, an output or a motif word is unknown, before any prediction is made.
    """
    column = _output(model, output)
    frequencies = base_frequencies(sequences.codes)
    letters = model.input_spec.alphabet
    patterns = [
        tuple(as_pattern(m, p_value=p_value, background=frequencies, alphabet=letters) for m in pair) for pair in pairs
    ]
    _refuse_repeats(patterns)
    avoided = [as_pattern(word, alphabet=letters) for word in avoid]
    measured = [
        measure_pair(
            model,
            sequences,
            a,
            b,
            scrambles=scrambles,
            mode=mode,
            seed=seed,
            output=column,
            frequencies=frequencies,
            avoid=avoided,
            max_sequences=max_sequences,
            max_placements=max_placements,
            controls=controls,
            n_min=n_min,
            batch=batch,
        )
        for a, b in patterns
    ]
    return summarise(measured, sequences.names, units=units, n_min=n_min, alpha=alpha, margin=margin)


def base_frequencies(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Frequencies of A, C, G, T/U over all sequences, N left out, one pseudo-count each; shape (4,)."""
    counts = np.ones(4)
    for sequence in codes:
        counts += np.bincount(sequence, minlength=5)[:4]
    return counts / counts.sum()


def _output(model: SequenceModel, output: int | str) -> int:
    if isinstance(output, str):
        if output not in model.outputs:
            raise ValueError(f"output: model '{model.name}' has {', '.join(model.outputs)}, found '{output}'")
        return model.outputs.index(output)
    if not 0 <= output < len(model.outputs):
        raise ValueError(f"output: model '{model.name}' has outputs 0-{len(model.outputs) - 1}, found {output}")
    return output


def _refuse_repeats(pairs: Sequence[tuple[Pattern, ...]]) -> None:
    seen: set[frozenset[str]] = set()
    for a, b in pairs:
        key = frozenset((a.name, b.name))
        if key in seen:
            raise ValueError(f"pairs: '{a.name} x {b.name}' is given twice (the order of A and B does not matter)")
        seen.add(key)
