"""The published prototype's way to measure and test a motif pair (CombMotif, Bioinformatics 2024).

One draw of uniform bases, fresh ones where both are replaced, every placement a row of its own, pairs of one motif in
both orders, tracks beside the bases zero, no correction for multiple tests. For comparison with its tables only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from combmotif.core.seeding import named_generator
from combmotif.core.tables import INSTANCES, INTERACTIONS
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows
from combmotif.effect.pairs.states import States, evaluate_every
from combmotif.effect.pairs.summary import contrasts, instances
from combmotif.effect.prototype.statistics import prototype_interaction
from combmotif.models.model import SequenceModel
from combmotif.sequence.tables import SequenceSet


@dataclass(frozen=True)
class PrototypePair:
    """Rows of one pair: places and predictions, each array of shape (rows,)."""

    spec: Pair
    rows: np.ndarray
    start_a: np.ndarray
    start_b: np.ndarray
    o: np.ndarray
    a: np.ndarray
    b: np.ndarray
    n: np.ndarray


def measure_prototype(
    model: SequenceModel,
    sequences: SequenceSet,
    spec: Pair,
    *,
    seed: int = 0,
    output: int = 0,
    windows: Windows | None = None,
) -> PrototypePair:
    """Predict the four states of every (A site, B site) whose starts are at least the longer motif apart.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
    spec : Pair
        Its rules on order, spacing and frame do not count here.
    seed, output : int
    windows : Windows, optional
        Only the first window of each sequence is looked at; default the whole sequence.
    """
    places: list[tuple[int, int, int]] = []
    apart = max(len(spec.a), len(spec.b))
    for row, letters in enumerate(sequences.codes):
        first, last = 0, len(letters)
        if windows is not None:
            own = windows.of(row)
            if not len(own):
                continue
            first, last = int(own.min()), int(own.min()) + windows.length
        piece = letters[first:last]
        for i in np.flatnonzero(spec.a.matches(piece)):
            for j in np.flatnonzero(spec.b.matches(piece)):
                if abs(int(i) - int(j)) >= apart:
                    places.append((row, first + int(i), first + int(j)))
    table = np.array(places, dtype=np.int64).reshape(-1, 3)
    rows, start_a, start_b = table.T
    codes = [sequences.codes[row] for row in rows]

    def states(purpose: str) -> States:
        edits = [np.zeros((len(rows), 1, len(side)), dtype=np.uint8) for side in (spec.a, spec.b)]
        for index, (row, i, j) in enumerate(table.tolist()):
            random = named_generator(seed, "prototype", purpose, spec.name, sequences.names[row], i, j)
            for edit in edits:
                edit[index, 0] = random.integers(0, 4, edit.shape[2])
        return States.of(evaluate_every(model, codes, [(start_a, edits[0]), (start_b, edits[1])], output=output))

    single, double = states("single"), states("double")
    return PrototypePair(spec, rows, start_a, start_b, single.o, single.a[:, 0], single.b[:, 0], double.n[:, 0])


def summarise_prototype(
    measured: Sequence[PrototypePair], names: Sequence[str], *, alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test pairs as the prototype does.

    Returns
    -------
    (pairs, instances)
        Columns: `INTERACTIONS` and `INSTANCES` of `combmotif.core.tables`. Estimates are means over rows; intervals,
        q-values, control and latent scale are empty. The class is the prototype's (``positive_synergistic``, ...,
        ``negative_antagonistic``, ``additive``, ``none``), ``too few sequences`` below 6 rows.
    """
    rows = []
    placed = []
    for pair in measured:
        effects = contrasts(pair.o, pair.a, pair.b, pair.n)
        test = prototype_interaction(pair.o, pair.a, pair.b, pair.n, alpha=alpha)
        count = len(pair.rows)
        found = {name: values.mean() if count else np.nan for name, values in effects.items()}
        reason = f"Wilcoxon over {count} rows, not corrected"
        rows.append(
            {
                **pair.spec.described(),
                "sequences": len(np.unique(pair.rows)),
                "sequences_with_pair": len(np.unique(pair.rows)),
                "placements": count,
                "mode": "uniform",
                "mode_used": "uniform",
                **found,
                "a_in_context_p": test.p_a_o,
                "b_in_context_p": test.p_b_o,
                "b_alone_p": test.p_ab_a,
                "a_alone_p": test.p_ab_b,
                "joint_p": test.p_ab_o,
                "p_value": test.p_value,
                "class": test.label,
                "reason": reason if test.label != "too few sequences" else f"{count} placements, 6 needed",
            }
        )
        placed.append(
            instances(pair.spec, names, pair.rows, pair.start_a, pair.start_b, pair.o, pair.a, pair.b, pair.n)
        )
    table = pd.DataFrame(rows).reindex(columns=INTERACTIONS.names)
    table["scale_dependent"] = False
    empty = INSTANCES.frame()
    return table, pd.concat(placed, ignore_index=True) if placed else empty
