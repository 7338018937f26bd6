"""The interaction stage: choose the pairs, measure each as a task of its own, test them together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from combmotif.effects.control import Control
from combmotif.effects.interaction import base_frequencies, summarise
from combmotif.effects.measure import MeasuredPair, measure_pair
from combmotif.effects.pairs import choose_pairs
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.states import States
from combmotif.pipeline.context import Context
from combmotif.pipeline.store import content_key, load_arrays, save_arrays, write_table

if TYPE_CHECKING:
    from combmotif.pipeline.stages import Stages

AVOIDED = ("AUG", "AAUAAA")


@dataclass(frozen=True)
class PairTask:
    """A pair to measure, base frequencies of the sequences, and the file of the result."""

    a: Pattern
    b: Pattern
    frequencies: np.ndarray
    path: Path


def pair_task(context: Context, task: PairTask) -> None:
    """Measure one motif pair; writes an .npz."""
    section = context.config.interaction
    assert section is not None
    pair = measure_pair(
        context.model,
        context.sequences,
        task.a,
        task.b,
        scrambles=section.scrambles,
        mode=section.mode,
        seed=context.config.seed,
        output=context.output(section.output, "interaction.output"),
        frequencies=task.frequencies,
        avoid=[as_pattern(word, alphabet=context.model.input_spec.alphabet) for word in AVOIDED],
    )
    save_arrays(
        task.path,
        {
            "rows": pair.rows,
            "start_a": pair.start_a,
            "start_b": pair.start_b,
            "o": pair.states.o,
            "a": pair.states.a,
            "b": pair.states.b,
            "n": pair.states.n,
            "fallback": pair.fallback,
            "numbers": np.array([pair.sequences_with_pair, pair.rejected, pair.unscrambled, *pair.control], float),
        },
    )


def _read_pair(task: PairTask, mode: str) -> MeasuredPair:
    arrays = load_arrays(task.path)
    with_pair, rejected, unscrambled, p, epistasis, count = arrays["numbers"]
    return MeasuredPair(
        f"{task.a.name} x {task.b.name}",
        task.a,
        task.b,
        arrays["rows"],
        arrays["start_a"],
        arrays["start_b"],
        States(arrays["o"], arrays["a"], arrays["b"], arrays["n"]),
        int(with_pair),
        mode,
        arrays["fallback"],
        float(rejected),
        int(unscrambled),
        Control(float(p), float(epistasis), int(count)),
    )


def plan_interactions(context: Context) -> list[tuple[str, str]]:
    """Read the pairs of words a config gives, checked; empty for ``from_motifs`` and where none are asked for.

    Raises
    ------
    ValueError
        If a word is no IUPAC word, is longer than the sequences, or a table lacks the columns a and b.
    """
    section = context.config.interaction
    if section is None or section.pairs == "from_motifs":
        return []
    if isinstance(section.pairs, str):
        try:
            table = pd.read_csv(section.pairs, sep="\t", dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            table = pd.DataFrame()
        if not {"a", "b"} <= set(table) or not len(table):
            raise ValueError(
                f"interaction.pairs: {section.pairs}: expected a tab-separated table with the columns a and b and one "
                f"pair per row, found {', '.join(map(str, table)) or 'nothing'}{'' if len(table) else ' and no rows'}"
            )
        pairs = list(zip(table["a"].str.strip(), table["b"].str.strip(), strict=True))
    else:
        pairs = [(a, b) for a, b in section.pairs]
    seen = set()
    longest = int(context.sequences.lengths.max())
    for a, b in pairs:
        try:
            key = frozenset(as_pattern(word).name for word in (a, b))
        except ValueError as error:
            raise ValueError(f"interaction.pairs: {error}") from None
        if len(a) + len(b) > longest:
            raise ValueError(f"interaction.pairs: {a} and {b} do not fit into the longest sequence of {longest} nt")
        if key in seen:
            raise ValueError(f"interaction.pairs: '{a} x {b}' is given twice (the order does not matter)")
        seen.add(key)
    return pairs


def run_interactions(stages: Stages) -> None:
    """Test motif pairs by scrambling; write the table of pairs and the table of placements."""
    from combmotif.pipeline.stages import Empty

    context, section = stages.context, stages.context.config.interaction
    if section is None:
        raise Empty("not asked for: the configuration has no 'interaction' section")
    frequencies = base_frequencies(context.sequences.codes)
    letters = context.model.input_spec.alphabet
    if section.pairs == "from_motifs":
        if not len(stages.motifs):
            raise Empty("there is no motif to pair")
        pairs = choose_pairs(
            stages.motifs,
            stages.families,
            context.sequences.codes,
            max_pairs=section.max_pairs,
            p_value=section.p_value,
            background=frequencies,
        )
        if not pairs:
            raise Empty("no two motifs stand without overlap in 6 sequences or more")
    else:
        pairs = [
            (as_pattern(a, alphabet=letters), as_pattern(b, alphabet=letters)) for a, b in plan_interactions(context)
        ]
    tasks = []
    for a, b in pairs:
        sides = [(side.name, side.scores.tolist(), side.threshold) for side in (a, b)]
        asked = [section.scrambles, section.mode, section.output]
        key = content_key("pair", stages.base, stages.sequences_key, asked, sides)
        tasks.append(PairTask(a, b, frequencies, stages.store.task("pair", key, ".npz")))
    stages.bring_up_to_date("interaction", pair_task, tasks, lambda task: (task.path,))
    measured = [_read_pair(task, section.mode) for task in tasks]
    result = summarise(measured, context.sequences.names)
    write_table(stages.store.path / "interactions.tsv", result.table)
    write_table(stages.store.path / "interaction_instances.tsv.gz", result.instances)
