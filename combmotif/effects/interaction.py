"""Do two motifs act together? Scramble one, the other and both, in many sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from combmotif.effects.classify import classify
from combmotif.effects.columns import EFFECTS, INSTANCE_COLUMNS, INTERACTION_COLUMNS
from combmotif.effects.latent import fit_latent_scale
from combmotif.effects.measure import MeasuredPair, measure_pair, snap
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.statistics import benjamini_hochberg, hodges_lehmann, signed_rank
from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.tables import SequenceSet


@dataclass(frozen=True)
class InteractionResult:
    """Tables of a run's pairs.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per pair, in the order asked for. Columns: `combmotif.effects.columns.INTERACTION_COLUMNS`.
    instances : pandas.DataFrame
        One row per placement. Columns: `combmotif.effects.columns.INSTANCE_COLUMNS`.
    """

    table: pd.DataFrame
    instances: pd.DataFrame


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


def summarise(
    measured: Sequence[MeasuredPair],
    names: Sequence[str],
    *,
    units: Sequence[object] | None = None,
    n_min: int = 6,
    alpha: float = 0.05,
    margin: float = 0.1,
) -> InteractionResult:
    """Test and class measured pairs; parameters are those of `interaction`, `names` are of the sequences."""
    unit_of = np.unique(np.arange(len(names)) if units is None else [str(u) for u in units], return_inverse=True)[1]
    raw = _tested(measured, unit_of, None, n_min, alpha, margin)
    table = pd.DataFrame([_description(pair) for pair in measured]).join(raw)
    scale = fit_latent_scale([pair.states for pair in measured])
    if scale is None:
        table = table.assign(**dict.fromkeys(("epistasis_latent", "p_latent", "q_latent"), np.nan))
        table["class_latent"], table["scale_dependent"] = "", False
    else:
        latent = _tested(measured, unit_of, scale, n_min, alpha, margin)
        for name in ("epistasis", "epistasis_ci_low", "epistasis_ci_high"):
            table[name.replace("epistasis", "epistasis_latent")] = latent[name]
        table["p_latent"], table["q_latent"], table["class_latent"] = latent.p_value, latent.q_value, latent["class"]
        table["scale_dependent"] = table["class"] != table["class_latent"]
    table = table.reindex(columns=list(INTERACTION_COLUMNS))
    parts = [_instances(pair, names) for pair in measured]
    instances = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(INSTANCE_COLUMNS))
    return InteractionResult(table, instances)


def contrasts(o: np.ndarray, a: np.ndarray, b: np.ndarray, n: np.ndarray) -> dict[str, np.ndarray]:
    """Turn predictions of the four states (any equal shapes) into the six effects of `EFFECTS`."""
    effects = (o - n, b - n, a - n, o - a, o - b, o - a - b + n)
    return {name: snap(values, o, a, b, n) for name, values in zip(EFFECTS, effects, strict=True)}


def _tested(
    measured: Sequence[MeasuredPair],
    unit_of: np.ndarray,
    scale: Callable[[np.ndarray], np.ndarray] | None,
    n_min: int,
    alpha: float,
    margin: float,
) -> pd.DataFrame:
    """Estimate, test and class all pairs on one scale."""
    rows = []
    for pair in measured:
        states = [pair.states.o[:, None], pair.states.a, pair.states.b, pair.states.n]
        means = [(x if scale is None else scale(x)).mean(1) for x in states]
        units, index = np.unique(unit_of[pair.rows], return_inverse=True)
        size = np.maximum(np.bincount(index, minlength=len(units)), 1)
        effects = contrasts(*(np.bincount(index, weights=x, minlength=len(units)) / size for x in means))
        row: dict[str, Any] = {"sequences": len(units)}
        for name, values in effects.items():
            location = hodges_lehmann(values) if len(units) >= n_min else (np.nan,) * 3
            p = signed_rank(values) if len(units) >= n_min else np.nan
            row |= {name: location[0], f"{name}_ci_low": location[1], f"{name}_ci_high": location[2], _p(name): p}
        row["margin"] = margin * abs(row["joint"])
        alone = abs(row["a_alone"]) + abs(row["b_alone"])
        row["epistasis_fraction"] = row["epistasis"] / alone if alone else np.nan
        rows.append(row)
    table = pd.DataFrame(rows)
    for name in EFFECTS if rows else ():
        table[_q(name)] = benjamini_hochberg(table[_p(name)].to_numpy(dtype=float))
    classes = [classify(row, alpha=alpha, n_min=n_min) for row in table.to_dict("records")]
    table["class"], table["reason"] = [c for c, _ in classes], [r for _, r in classes]
    return table


def _p(effect: str) -> str:
    return "p_value" if effect == "epistasis" else f"{effect}_p"


def _q(effect: str) -> str:
    return "q_value" if effect == "epistasis" else f"{effect}_q"


def _description(pair: MeasuredPair) -> dict[str, Any]:
    share = float(pair.fallback.mean()) if pair.fallback.size else 0.0
    used = pair.mode if share == 0 else "background" if share == 1 else f"{pair.mode}+background"
    return {
        "pair": pair.pair,
        "motif_a": pair.a.name,
        "motif_b": pair.b.name,
        "name_a": pair.a.consensus,
        "name_b": pair.b.consensus,
        "sequences_with_pair": pair.sequences_with_pair,
        "placements": len(pair.rows),
        "mode": pair.mode,
        "mode_used": used,
        "fallback": share,
        "rejected": pair.rejected,
        "unscrambled": pair.unscrambled,
        "p_control": pair.control.p_value,
        "control_epistasis": pair.control.epistasis,
        "controls": pair.control.count,
    }


def _instances(pair: MeasuredPair, names: Sequence[str]) -> pd.DataFrame:
    order = np.lexsort((pair.start_b, pair.start_a, pair.rows))
    start_a, start_b = pair.start_a[order], pair.start_b[order]
    end_a, end_b = start_a + len(pair.a), start_b + len(pair.b)
    o = pair.states.o[order]
    a, b, n = (x.mean(1)[order] for x in (pair.states.a, pair.states.b, pair.states.n))
    columns = (
        np.full(len(order), pair.pair, dtype=object),
        np.array([names[row] for row in pair.rows[order]], dtype=object),
        start_a,
        end_a,
        start_b,
        end_b,
        np.maximum(start_a, start_b) - np.minimum(end_a, end_b),
        o,
        a,
        b,
        n,
        contrasts(o, a, b, n)["epistasis"],
    )
    return pd.DataFrame(dict(zip(INSTANCE_COLUMNS, columns, strict=True)))


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
