"""Do two motifs act together? Scramble one, the other and both, in many sequences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.effects.frame import coding_region
from combmotif.effects.pairs.measure import measure_pair
from combmotif.effects.pairs.pair import Pair, as_pair, refuse_repeats
from combmotif.effects.pairs.summary import InteractionResult, summarise
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.tables import SequenceSet

STOP = "stop"
AVOIDED = ("AUG", "AAUAAA", STOP)
"""What a scramble may not create, unless told otherwise: a start codon, the poly(A) signal, an in-frame stop codon."""


def interaction(
    model: SequenceModel,
    sequences: SequenceSet,
    pairs: Sequence[Pair | tuple[str | Motif | Pattern, str | Motif | Pattern]],
    *,
    scrambles: int = 8,
    mode: str = "shuffle",
    seed: int = 0,
    output: int | str = 0,
    p_value: float | None = None,
    max_sequences: int = 200,
    max_placements: int = 3,
    avoid: Sequence[str] = AVOIDED,
    overlaps: str = "skip",
    controls: int = 3,
    backgrounds: int = 500,
    units: Sequence[object] | None = None,
    n_min: int = 6,
    alpha: float = 0.05,
    margin: float = 0.1,
    latent: str = "auto",
    batch: int = 512,
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
    pairs : sequence of Pair or (A, B)
        IUPAC words, motifs or patterns; a `Pair` also asks for an order, a spacing or a frame. The same pair may not be
        given twice, in either order.
    scrambles : int, default 8
        Draws per placement.
    mode : {"shuffle", "dinucleotide", "background", "uniform", "synonymous"}, default "shuffle"
        How a site is scrambled, see `draw_scrambles`; "background" has the base frequencies of `sequences`,
        "synonymous" needs a coding frame as their first track.
    seed : int, default 0
    output : int or str, default 0
        Column or name of the prediction.
    p_value : float, optional
        Score threshold of a Motif, as the probability that a random window reaches it; default each motif's own, see
        `combmotif.motifs.scanning.scan.own_p_value`.
    max_sequences, max_placements : int, default 200 and 3
        Most sequences per pair and placements per sequence, drawn at random.
    avoid : sequence of str, default AUG, AAUAAA and stop
        IUPAC words a scramble may not create (besides A and B); "stop" is an in-frame stop codon, where the first
        track of the sequences is a coding frame.
    overlaps : {"skip", "keep"}, default "skip"
        Whether sites are left out that share bases with another copy of the partner, or that a word to avoid
        straddles: scrambling them would change both.
    controls : int, default 3
        Random segment pairs per sequence for the empirical p, with at most 4 draws each; 0 for none.
    backgrounds : int, default 500
        Background sequences into which each pair is inserted; 0 for none.
    units : sequence of length sequences, optional
        What counts as independent, for example the gene of every sequence; default every sequence is its own unit.
    n_min : int, default 6
        Fewest units for a test; below, a pair is ``untestable``.
    alpha : float, default 0.05
        False discovery rate of the classes, over all pairs for each of the six effects.
    margin : float, default 0.1
        An interval of e within this share of the joint effect is ``additive``. A motif acts where its effect is larger
        than this share of the largest effect of the pair, and of the standard deviation of the predictions without it.
    latent : {"auto", "spline", "identity", "logit", "log", "none"}, default "auto"
        Scale beside the raw one: a monotone curve fitted to all pairs, or a link; auto takes the link of the model's
        card where it names one, else the curve.
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
    length = float(np.median(sequences.lengths))
    specs = [as_pair(pair, p_value=p_value, length=length, background=frequencies, alphabet=letters) for pair in pairs]
    refuse_repeats(specs)
    avoided, stops = avoided_patterns(avoid, alphabet=letters)
    if overlaps not in ("skip", "keep"):
        raise ValueError(f"overlaps: expected skip or keep, found '{overlaps}'")
    if mode == "synonymous":
        require_frame(sequences)
    measured = [
        measure_pair(
            model,
            sequences,
            spec,
            scrambles=scrambles,
            mode=mode,
            seed=seed,
            output=column,
            frequencies=frequencies,
            avoid=avoided,
            avoid_stops=stops,
            overlaps=overlaps,
            max_sequences=max_sequences,
            max_placements=max_placements,
            controls=controls,
            backgrounds=backgrounds,
            n_min=n_min,
            batch=batch,
        )
        for spec in specs
    ]
    scale = model_link(model, column) if latent == "auto" else latent
    return summarise(
        measured, sequences.names, units=units, n_min=n_min, alpha=alpha, margin=margin, latent=scale
    )  # fmt: skip


def avoided_patterns(words: Sequence[str], *, alphabet: str) -> tuple[list[Pattern], bool]:
    """Turn an avoid list into patterns, and whether in-frame stop codons ("stop") are among it."""
    stops = any(word.lower() == STOP for word in words)
    return [as_pattern(word, alphabet=alphabet) for word in words if word.lower() != STOP], stops


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
