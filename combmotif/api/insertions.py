"""What motifs and pairs of motifs do to the prediction, one step at a time: marginalize and epistasis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from combmotif.api import pictures
from combmotif.api.arguments import whole
from combmotif.api.given import Model, Motifs, Sequences, as_sequences, evaluating, is_word, open_model, words_or_motifs
from combmotif.api.pictures import Picture
from combmotif.api.results import Result
from combmotif.config.effects import InteractionOptions, MarginalOptions, PairSection
from combmotif.core.typed_yaml import default_of, validate
from combmotif.effect import InteractionResult, MarginalResult, Pair, marginal_effects
from combmotif.effect import interaction as measure_pairs
from combmotif.effect.pairs.interaction import base_frequencies
from combmotif.effect.pattern import Pattern, as_pattern
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sequence.sets import SequenceSet


def marginalize(
    model: Model, sequences: Sequences | Motifs, motifs: Motifs | Sequences, *, seed: int = 0, **options: Any
) -> Result[MarginalResult]:
    """Measure the marginal effect of motifs: the change of the prediction when they are inserted into backgrounds.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
        The backgrounds. A k-mer, a motif or a result of :func:`combmotif.demix` may also come first and the
        backgrounds second: ``marginalize(net, "AUG", sequences)``.
    motifs : IUPAC word, Motif, matrix, MotifSet, motif file, or several
    seed : int, default 0
    **options
        Keys of a config's ``effects`` section: ``backgrounds``, ``places``, ``without``, ``output``, ...

    Returns
    -------
    Result of :class:`combmotif.effect.MarginalResult`
        ``table`` has one row per motif, output, way of insertion and background, see MOTIF_EFFECTS on the page of
        tables; ``positions`` the effect along the sequence and by frame.

    Raises
    ------
    ValueError
        If a motif or sequence is nothing of the kind, or no sequence is as long as a motif.

    Examples
    --------
    >>> import combmotif as cm
    >>> background = {"kind": "random", "count": 50, "length": 50}
    >>> found = cm.marginalize("mrl", background, "AUG", backgrounds=50, without=[])
    >>> found.table["class"].iloc[0]
    'negative'
    """
    if is_word(sequences) or isinstance(sequences, (Motif, MotifSet, Result)) or _are_sequences(motifs):
        sequences, motifs = motifs, sequences  # marginalize(net, "UGUAAAUA", background)
    given = as_sequences(sequences)  # type: ignore[arg-type]
    chosen, seed = validate(MarginalOptions, options, name="marginalize"), whole(seed, "seed")
    with evaluating(model):
        net = open_model(model, given)
        wanted = words_or_motifs(motifs, alphabet=net.input_spec.alphabet)
        found = marginal_effects(net, given, wanted, chosen, seed=seed)
    title = f"Marginal effect of {len(wanted)} motif{'s' * (len(wanted) > 1)} in {chosen.backgrounds} backgrounds"

    def draw() -> Picture:
        rows = [
            (row["motif"], f"{row['output']}, {row['inserted']}, {row['background']}", row["class"], interval(row))
            for row in found.table.to_dict("records")
        ]
        return pictures.effects(rows, axis="change of the prediction", title=title)

    shown = ("motif", "output", "inserted", "background", "n", "effect", "ci_low", "ci_high", "q_value", "class")
    return Result(title, found.table, found, draw, shown)


def _are_sequences(given: Any) -> bool:
    """Whether something can only be sequences: a set of them, or the section of a config."""
    return isinstance(given, SequenceSet) or (isinstance(given, Mapping) and "kind" in given)


def interval(row: Any) -> tuple[float, float, float]:
    """Read an effect with its confidence interval from a row: low, effect, high."""
    return float(row["ci_low"]), float(row["effect"]), float(row["ci_high"])


def epistasis(
    model: Model,
    sequences: Sequences,
    a: Any,
    b: Any = None,
    *,
    order: str = default_of(PairSection, "order"),
    spacing: tuple[int, int | None] = (0, None),
    frame: int | None = None,
    end_frame: int | None = None,
    distance: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Result[InteractionResult]:
    """Measure the epistasis of two motifs: f(AB) - f(A) - f(B) + f(0).

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
        Where both stand they are scrambled; into those without either they are inserted.
    a : IUPAC word, Motif or matrix, or a list of pairs of them
        A list of pairs is tested together, with false discovery rates over all: ``[("AUG", "UAA"), ("AUG", "UGA")]``.
    b : IUPAC word, Motif or matrix, optional
        None where ``a`` is a list of pairs.
    order : {"any", "ab", "ba"}, default "any"
        Which comes first (5').
    spacing : (int, int or None), default (0, None)
        Fewest and most nt between the two.
    frame : {0, 1, 2}, optional
        Distance between their first bases modulo 3, 0 = in frame.
    end_frame : {0, 1, 2}, optional
        Distance from the first base of A to the 3' end modulo 3, 0 = in frame with a coding sequence that follows.
    distance : int, optional
        nt between the two where they are inserted; default any that ``spacing`` allows.
    seed : int, default 0
    **options
        Keys of a config's ``interaction`` section: ``scrambles``, ``backgrounds``, ``latent``, ``output``, ...

    Returns
    -------
    Result of :class:`combmotif.effect.InteractionResult`
        ``table`` has one row per pair, see INTERACTIONS on the page of tables: ``epistasis`` where both stand,
        ``inserted_epistasis`` where they were put in; ``instances`` and ``spacing`` go with it.

    Raises
    ------
    ValueError
        If a motif, rule or option is nothing of the kind.

    Examples
    --------
    >>> import combmotif as cm
    >>> background = {"kind": "random", "count": 60, "length": 50}
    >>> few = {"backgrounds": 40, "scrambles": 2, "controls": 0}
    >>> found = cm.epistasis("mrl", background, "AUG", "UAA", order="ab", frame=0, **few)
    >>> found.table["pair"].tolist()
    ['AUG x UAA (A first, in frame)']
    """
    given = as_sequences(sequences)
    chosen, seed = validate(InteractionOptions, options, name="epistasis"), whole(seed, "seed")
    if b is None and (not isinstance(a, (list, tuple)) or not a):
        raise ValueError("b: expected a second motif, or a list of pairs in place of the first, found none")
    with evaluating(model):
        net = open_model(model, given)
        rules = {"order": order, "spacing": spacing, "frame": frame, "end_frame": end_frame, "distance": distance}
        pairs = [_pair(one, rules, net, given, chosen) for one in ([(a, b)] if b is not None else a)]
        found = measure_pairs(net, given, pairs, chosen, seed=seed)
    title = found.table["pair"].iloc[0] if len(pairs) == 1 else f"{len(pairs)} pairs of motifs"

    def draw() -> Picture:
        rows = []
        for row in found.table.to_dict("records"):
            for prefix, where in (("", "where both stand"), ("inserted_", "inserted")):
                names = [f"{prefix}epistasis{end}" for end in ("_ci_low", "", "_ci_high")]
                span = tuple(float(row[name]) for name in names)
                rows.append((row["pair"], where, str(row[f"{prefix}class"]), span))
        return pictures.effects(rows, axis="epistasis", title=f"Epistasis of {title}")  # type: ignore[arg-type]

    shown = (
        "pair", "sequences", "epistasis", "epistasis_ci_low", "epistasis_ci_high", "q_value", "class",
        "inserted_a_alone", "inserted_b_alone", "inserted_joint", "inserted_epistasis", "inserted_q_value",
        "inserted_class",
    )  # fmt: skip
    return Result(f"Epistasis of {title}", found.table, found, draw, shown)


def _pair(
    one: Any, rules: dict[str, Any], net: SequenceModel, sequences: SequenceSet, options: InteractionOptions
) -> Pair:  # fmt: skip
    """Make a pair of two words or motifs, with the rules; a Pair has its own."""
    if isinstance(one, Pair):
        return one
    if isinstance(one, str) or not isinstance(one, Sequence) or len(one) != 2:
        found = f"{len(one)} motifs" if isinstance(one, (list, tuple)) else repr(one)
        raise ValueError(f"a: expected pairs of two motifs each, such as [('AUG', 'UAA')], found {found}")
    alphabet = net.input_spec.alphabet

    def pattern(motif: Any, side: str) -> Pattern:
        if isinstance(motif, Pattern):
            return motif
        sources = words_or_motifs(motif, alphabet=alphabet, what=side)
        if len(sources) != 1:
            raise ValueError(f"{side}: expected one motif, found {len(sources)}; several go into a list of pairs")
        return as_pattern(
            sources[0],
            p_value=None if options.p_value == "auto" else options.p_value,
            length=float(np.median(sequences.lengths)),
            background=base_frequencies(sequences.codes),
            alphabet=alphabet,
        )

    return Pair(pattern(one[0], "a"), pattern(one[1], "b"), **rules)
