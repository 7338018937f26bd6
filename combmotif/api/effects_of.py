"""What predictions rest on, one step at a time: bases, motifs, pairs of motifs, neurons; and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from combmotif.api import pictures
from combmotif.api.given import (
    Model,
    Motifs,
    Sequences,
    as_motifs,
    as_sequences,
    chosen_neurons,
    evaluating,
    is_word,
    open_model,
    pattern_source,
)
from combmotif.api.pictures import Picture
from combmotif.api.progress import shown_progress
from combmotif.api.results import Result
from combmotif.attribution import Attributions
from combmotif.attribution import attribute as attribute_bases
from combmotif.config.effects import ContributionOptions, InteractionOptions, MarginalOptions, PairSection
from combmotif.config.opening import output_index
from combmotif.config.stages import AttributionOptions, AttributionSection
from combmotif.core.typed_yaml import default_of, validate
from combmotif.effects import InteractionResult, MarginalResult, Pair, marginal_effects
from combmotif.effects import contribution as compare_sequences
from combmotif.effects import interaction as measure_pairs
from combmotif.effects.frame import region_lengths
from combmotif.effects.neurons.clamp import channel_means, clamp
from combmotif.effects.neurons.sites import scramble_sites
from combmotif.effects.pairs.interaction import base_frequencies
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.inference.background import active_level, background_activations
from combmotif.inference.dense import scan_layers
from combmotif.inference.probe import WindowProbe
from combmotif.inference.sites import SiteFinder
from combmotif.models.evaluation import Agreement, agreement
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.runs.stages.contribution import sequences_changed
from combmotif.sequence.alphabet import decode
from combmotif.sequence.tables import SequenceSet


def attribute(
    model: Model,
    sequences: Sequences,
    target: str | int = default_of(AttributionSection, "target"),
    *,
    seed: int = 0,
    **options: Any,
) -> Result[Attributions]:
    """Score which bases make an output, or a neuron, what it is.

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
        ``scores`` has what every base would contribute, (4, length) per sequence; ``table`` one row per base: sequence,
        position (from 0), base, contribution. ``plot(rows=3)`` draws the first sequences.

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
    chosen = validate(AttributionOptions, options, name="attribute")
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
        return pictures.scored_letters(
            found.contributions[:rows], found.codes[:rows], found.names[:rows], alphabet=alphabet, title=title
        )

    return Result(title, table, found, draw)


def marginalize(
    model: Model, sequences: Sequences | Motifs, motifs: Motifs | Sequences, *, seed: int = 0, **options: Any
) -> Result[MarginalResult]:
    """Measure what motifs do to the prediction when they are put into background sequences.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
        The backgrounds. A single word or motif may also stand here, and the backgrounds behind it.
    motifs : IUPAC word, Motif, matrix, MotifSet, motif file, or several
    seed : int, default 0
    **options
        Keys of a config's ``effects`` section: ``backgrounds``, ``places``, ``without``, ``output``, ...

    Returns
    -------
    Result of :class:`combmotif.effects.MarginalResult`
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
    if is_word(sequences) or isinstance(sequences, Motif):
        sequences, motifs = motifs, sequences  # marginalize(net, "UGUAAAUA", background)
    given = as_sequences(sequences)  # type: ignore[arg-type]
    chosen = validate(MarginalOptions, options, name="marginalize")
    with evaluating(model):
        net = open_model(model, given)
        wanted = _words_or_motifs(motifs, net.input_spec.alphabet)
        found = marginal_effects(net, given, wanted, chosen, seed=seed)
    title = f"Marginal effect of {len(wanted)} motif{'s' * (len(wanted) > 1)} in {chosen.backgrounds} backgrounds"

    def draw() -> Picture:
        rows = [
            (row["motif"], f"{row['output']}, {row['inserted']}, {row['background']}", row["class"], _span(row))
            for row in found.table.to_dict("records")
        ]
        return pictures.effects(rows, axis="change of the prediction", title=title)

    shown = ("motif", "output", "inserted", "background", "n", "effect", "ci_low", "ci_high", "q_value", "class")
    return Result(title, found.table, found, draw, shown)


def _words_or_motifs(motifs: Any, alphabet: str) -> list[str | Motif]:
    """Keep IUPAC words as words; anything else becomes motifs."""
    given = [motifs] if isinstance(motifs, str) else motifs
    if isinstance(given, (list, tuple)) and all(is_word(one) for one in given):
        return list(dict.fromkeys(given))
    return list(as_motifs(motifs, alphabet=alphabet))


def _span(row: Any, name: str = "effect", prefix: str = "") -> tuple[float, float, float]:
    return float(row[f"{prefix}ci_low"]), float(row[name]), float(row[f"{prefix}ci_high"])


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
    """Measure how two motifs act together: f(AB) - f(A) - f(B) + f(0).

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
    Result of :class:`combmotif.effects.InteractionResult`
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
    chosen = validate(InteractionOptions, options, name="epistasis")
    if b is None and (isinstance(a, str) or not isinstance(a, (list, tuple))):
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
    if len(one) != 2:
        raise ValueError(f"pairs: expected two motifs each, found {len(one)}")
    alphabet = net.input_spec.alphabet

    def pattern(motif: Any) -> Pattern:
        if isinstance(motif, Pattern):
            return motif
        return as_pattern(
            pattern_source(motif, alphabet),
            p_value=None if options.p_value == "auto" else options.p_value,
            length=float(np.median(sequences.lengths)),
            background=base_frequencies(sequences.codes),
            alphabet=alphabet,
        )

    return Pair(pattern(one[0]), pattern(one[1]), **rules)


def contribution(
    model: Model,
    sequences: Sequences,
    layer: str | int,
    neurons: int | str | Sequence[int | str] | None = None,
    *,
    output: int | str = 0,
    seed: int = 0,
    **options: Any,
) -> Result[pd.DataFrame]:
    """Measure what neurons do to the prediction: over sequences, with their sites scrambled, and held at their mean.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, card or Keras file
        See :func:`combmotif.open_model`.
    sequences : list of str, array, tensor, SequenceSet or file
    layer : str or int
        A convolution; or the neuron itself, ``"conv3:7"``.
    neurons : int, str, or sequence of them
        ``7``, ``"0-15"`` (both ends included), ``[0, 3]`` or ``"all"``, counted from 0.
    output : int or str, default 0
        Output of the model, by number or name.
    seed : int, default 0
    **options
        Keys of a config's ``contribution`` section: ``threshold``, ``margin``, ``alpha``, ``n_min``.

    Returns
    -------
    Result
        ``table`` has one row per neuron, see CONTRIBUTION on the page of tables.

    Raises
    ------
    ValueError
        If the layer, a neuron or the output does not exist.

    Examples
    --------
    >>> import combmotif as cm
    >>> found = cm.contribution("mrl", {"kind": "random", "count": 100, "length": 50}, "conv3", 7)
    >>> found.table["neuron"].tolist()
    ['conv3:7']
    """
    given = as_sequences(sequences)
    chosen = validate(ContributionOptions, options, name="contribution")
    with evaluating(model):
        net = open_model(model, given)
        name, channels = chosen_neurons(net, layer, neurons)
        column = output_index(output, net.outputs, key="output")
        rest = background_activations(net, name)[list(channels)]
        finder = SiteFinder(len(given), {name: channels}, chosen.threshold, backgrounds=rest)
        for block in scan_layers(net, [name], given.codes, tracks=given.tracks):
            finder.add(block)
        outcome = net.predict(given.codes, tracks=given.tracks)[:, column].astype(float)
        best = finder.best.astype(float)
        maxima = np.where(np.isfinite(best), best, -np.inf).max(0)
        maxima = np.where(np.isfinite(maxima), maxima, 0)
        active = active_level(rest, maxima, chosen.threshold)
        clamped, scrambled = _interventions(net, given, name, channels, finder, active, column, seed)
        table = compare_sequences(
            best, {f"prediction:{net.outputs[column]}": np.where(np.isfinite(outcome), outcome, np.nan)}, chosen,
            neurons=[f"{name}:{channel}" for channel in channels], maxima=maxima, backgrounds=rest,
            covariates={"length": given.lengths, "gc": given.gc, **region_lengths(given.tracks)},
            changes={"clamp": clamped, "site": scrambled},
        )  # fmt: skip
    title = f"Effect of {len(channels)} neuron{'s' * (len(channels) > 1)} of {name} on {net.outputs[column]}"

    def draw() -> Picture:
        rows = [(row["neuron"], row["class"], row["class"], _span(row)) for row in table.to_dict("records")]
        return pictures.effects(rows, axis="difference of the prediction", title=title)

    shown = ("neuron", "n_active", "effect", "ci_low", "ci_high", "q_welch", "site_effect", "clamp_effect", "class")
    return Result(title, table, table, draw, shown)


def _interventions(
    net: SequenceModel,
    given: SequenceSet,
    layer: str,
    channels: Sequence[int],
    finder: SiteFinder,
    active: np.ndarray,
    output: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Clamp each neuron, and scramble its sites, in sequences that excite it; two arrays (sequences, neurons)."""
    changed = np.full((2, len(given), len(channels)), np.nan)
    probe, means = WindowProbe(net, layer), channel_means(net, layer, given.codes, tracks=given.tracks)
    most = sequences_changed(int(given.lengths.max()))
    for place, channel in enumerate(channels):
        rows = np.flatnonzero(finder.best[:, place] >= active[place])
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int))]
        if not len(rows):
            continue
        some = given.subset(rows)
        changed[0, rows, place] = clamp(
            net, layer, (channel,), some.codes, np.array([means[channel]]), tracks=some.tracks, output=output
        )[:, 0]
        changed[1, rows, place] = scramble_sites(
            probe, channel, some, finder.where[rows, place], silent=float(active[place]), seed=seed, output=output
        )
    return changed[0], changed[1]


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
        ``pearson``, ``r2`` (its square), ``spearman``, ``n``; ``table`` has one row per sequence: sequence, measured,
        predicted.

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
        measured = np.asarray(values, dtype=float)
    if len(measured) != len(given):
        raise ValueError(f"values: expected {len(given)}, one per sequence, found {len(measured)}")
    with evaluating(model):
        net = open_model(model, given)
        column = output_index(output, net.outputs, key="output")
        predicted = net.predict(given.codes, tracks=given.tracks)[:, column].astype(float)
    table = pd.DataFrame(
        {"sequence": given.names, "measured": measured, "predicted": predicted}
    )  # fmt: skip
    found = agreement(predicted, table["measured"].to_numpy())
    title = (
        f"{net.name}, {net.outputs[column]}: Pearson {found.pearson:.3f}, its square {found.r2:.3f}, Spearman "
        f"{found.spearman:.3f} over {found.n:,} sequences"
    )

    def draw() -> Picture:
        known = table.dropna()
        x, y = known["measured"].to_numpy(), known["predicted"].to_numpy()
        return pictures.scatter(x, y, axes=("measured", "predicted"), title=title)

    return Result(title, table, found, draw)
