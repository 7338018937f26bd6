"""Compare the motifs of runs: how good, how many different, which known elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from combmotif.comparison.consensus import consensus
from combmotif.comparison.faithfulness import faithfulness
from combmotif.comparison.folder import ComparedRun
from combmotif.comparison.venn import regions
from combmotif.config.comparing import CompareConfig
from combmotif.core.seeding import named_generator
from combmotif.core.tables import COMPARED_MOTIFS, COMPARED_RUNS, FAITHFULNESS, OVERLAPS
from combmotif.core.typed_yaml import default_of
from combmotif.models.model import SequenceModel
from combmotif.motifs.cluster import families
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.database import Database
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.hits import CONTAINS, IS
from combmotif.motifs.matching.match import match
from combmotif.motifs.motif import MotifSet
from combmotif.sequence.sets import SequenceSet


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    motifs : pandas.DataFrame
        One row per motif, columns `combmotif.core.tables.COMPARED_MOTIFS`: ``cluster`` is common to all runs (motifs
        with one number are alike), ``match`` the best known element, see `combmotif.motifs.match` and `faithfulness`
        for the others; q-values are over all motifs of all runs.
    summary : pandas.DataFrame
        One row per run, columns `combmotif.core.tables.COMPARED_RUNS`: medians of ``information``, ``purity``, ``auc``,
        ``reach`` and of the size of ``moves``; counts of the rest. ``own_clusters`` no other run has; ``matched``
        motifs resemble a known element, others only ``contain`` a known word; ``expected_by_chance`` and
        ``contain_by_chance`` do so of shuffled databases; ``excite`` and ``move`` are counts at q <= 0.05.
    overlaps : pandas.DataFrame
        ``kind`` (family or cluster), ``runs`` (labels joined by " & "), ``size``, ``members``: families that motifs
        resemble and clusters of motifs that exactly these runs have.
    matches : pandas.DataFrame
    consensus : pandas.DataFrame
        One row per element (family or cluster), output and way of measuring: mean and spread over runs of what its
        motifs do to the prediction; columns `combmotif.core.tables.CONSENSUS`.
    """

    motifs: pd.DataFrame
    summary: pd.DataFrame
    overlaps: pd.DataFrame
    matches: pd.DataFrame
    consensus: pd.DataFrame


def compare_runs(
    runs: Sequence[ComparedRun],
    databases: Sequence[Database],
    *,
    open_run: Callable[[ComparedRun], tuple[SequenceModel, SequenceSet]] | None = None,
    strands: str = "single",
    q: float = default_of(CompareConfig, "q"),
    draws: int = default_of(CompareConfig, "draws"),
    seed: int = 0,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Comparison:
    """Compare the motifs of runs, all by the same measures.

    Motifs are matched anew, those of all runs at once to the same databases, so that neither the databases nor the
    number of motifs of a run favour it.

    Parameters
    ----------
    runs : sequence of ComparedRun
    databases : sequence of Database
    open_run : callable, optional
        Gives the model of a run and some of its sequences; without it nothing is measured on the model.
    strands, q
        As for `combmotif.motifs.matching.match`.
    draws : int
        Sequences drawn from each motif.
    seed : int, default 0
    on_progress : callable, optional
        Called with ("faithfulness", runs done, runs in all).

    Returns
    -------
    Comparison
    """
    motifs = MotifSet(
        tuple(replace(m, id=f"{run.label}|{m.id}") for run in runs for m in run.motifs), "all", runs[0].motifs.alphabet
    )
    if not len(motifs):
        raise ValueError("runs: expected motifs to compare, none of the runs has any")
    known = with_families(databases)
    found = match(motifs, known, strands=strands, q=q)
    control = match_control(
        motifs, known, found, named_generator(seed, "compare", "shuffles"), copies=5, strands=strands, q=q
    )
    found["chance"] = control.chance
    together = control.table[control.table["database"] == "all"].set_index("relation")
    by_chance = (together["matched_shuffled"] / together["queries"].clip(lower=1)).to_dict()
    best = found.sort_values("relation", ascending=False, kind="stable")  # what is, before what is contained
    best = best.drop_duplicates("motif").set_index("motif")
    labels = families(motifs)
    parts = []
    for number, run in enumerate(runs):
        if on_progress is not None:
            on_progress("faithfulness", number, len(runs))
        faith = pd.DataFrame(np.nan, index=range(len(run.motifs)), columns=list(FAITHFULNESS))
        if open_run is not None and len(run.motifs):
            model, sequences = open_run(run)
            generator = named_generator(seed, "compare", run.label)
            faith = faithfulness(
                model, run.motifs.motifs, sequences, generator, draws=draws, output=_output(run, model.outputs)
            )
        parts.append(faith)
    if on_progress is not None:
        on_progress("faithfulness", len(runs), len(runs))
    rows: list[dict[str, object]] = []
    for run in runs:
        for motif in run.motifs:
            row = best.loc[f"{run.label}|{motif.id}"] if f"{run.label}|{motif.id}" in best.index else None
            rows.append(
                {
                    "run": run.label, "method": run.method, "model": run.model, "motif": motif.id,
                    "neuron": f"{motif.layer}:{motif.neuron}" if motif.neuron >= 0 else "",
                    "consensus": motif.consensus(run.motifs.alphabet),
                    "length": len(motif), "sites": motif.sites, "information": float(motif.information.sum()),
                    "purity": run.purity.get(motif.id, np.nan), "cluster": labels[len(rows)],
                    **{c: "" if row is None else row[c] for c in ("family", "kind", "relation")},
                    "match": "" if row is None else row["name"],
                    **{c: np.nan if row is None else row[c] for c in ("q_value", "chance")},
                }
            )  # fmt: skip
    table = pd.concat([pd.DataFrame(rows), pd.concat(parts, ignore_index=True)], axis=1)
    for p, corrected in (("auc_p", "auc_q"), ("moves_p", "moves_q")):
        table[corrected] = np.nan
        there = table[p].notna()
        if there.any():
            table.loc[there, corrected] = false_discovery_control(table.loc[there, p].to_numpy(dtype=float))
    table = table[COMPARED_MOTIFS.names]
    labelled = overlaps(table, [run.label for run in runs])
    return Comparison(table, _summary(runs, table, by_chance), labelled, found, consensus(runs, table))


def _output(run: ComparedRun, names: Sequence[str]) -> int:
    """Column of the output that a run asked about first, in its contribution or interaction section; else 0."""
    for section in ("contribution", "interaction"):
        asked = (run.config.get(section) or {}).get("output", "all")
        first = asked[0] if isinstance(asked, list) else asked
        if first in names or isinstance(first, int):
            return names.index(first) if first in names else int(first)
    return 0


def _summary(runs: Sequence[ComparedRun], table: pd.DataFrame, by_chance: dict[str, float]) -> pd.DataFrame:
    rows = []
    for run in runs:
        own = table[table["run"] == run.label]
        elsewhere = set(table.loc[table["run"] != run.label, "cluster"])
        matched, named = own["match"] != "", own["relation"] == IS
        rows.append(
            {
                "run": run.label, "method": run.method, "model": run.model, "neurons": run.neurons, "motifs": len(own),
                "clusters": own["cluster"].nunique(), "own_clusters": len(set(own["cluster"]) - elsewhere),
                "information": own["information"].median(), "purity": own["purity"].median(),
                "matched": int(named.sum()), "matched_share": named.mean() if len(own) else np.nan,
                "expected_by_chance": by_chance[IS] * len(own), "contain": int((matched & ~named).sum()),
                "contain_by_chance": by_chance[CONTAINS] * len(own), "families": own.loc[named, "family"].nunique(),
                "tested_on_neuron": int(own["auc"].notna().sum()), "excite": int((own["auc_q"] <= 0.05).sum()),
                "auc": own["auc"].median(), "reach": own["reach"].median(),
                "tested_on_output": int(own["moves"].notna().sum()), "move": int((own["moves_q"] <= 0.05).sum()),
                "moves": own["moves"].abs().median(),
            }
        )  # fmt: skip
    return COMPARED_RUNS.frame(rows)


def overlaps(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """List which families and clusters exactly which runs have; columns as in `Comparison`."""
    rows = []
    for kind, column in (("family", "family"), ("cluster", "cluster")):
        named = table[table["relation"] == IS] if kind == "family" else table
        held = regions([set(named.loc[named["run"] == label, column]) for label in labels])
        shown = dict(zip(table["cluster"][::-1], table["consensus"][::-1], strict=True))
        for group in sorted(held, key=lambda places: (-len(places), places)):
            members = sorted(str(m) if kind == "family" else shown[m] for m in held[group])
            rows.append((kind, " & ".join(labels[i] for i in group), len(members), "; ".join(members)))
    return OVERLAPS.frame(rows)
