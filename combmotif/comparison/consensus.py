"""What elements do to the prediction, over runs: the mean of many models and how far they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, t, ttest_1samp

from combmotif.comparison.folder import ComparedRun
from combmotif.core.files import reading
from combmotif.core.tables import CONSENSUS, CONTRIBUTION, MOTIF_EFFECTS
from combmotif.motifs.matching.hits import IS

FIRST = "first asked"
"""The output of what was measured of the one that a run's config names first."""
_OF_NEURONS = {
    "neuron: observed": "effect",
    "neuron: sites scrambled": "site_effect",
    "neuron: clamped": "clamp_effect",
}
_KEYS = ["kind", "element", "output", "measure"]


def consensus(runs: Sequence[ComparedRun], motifs: pd.DataFrame) -> pd.DataFrame:
    """Average what the motifs of an element do to the prediction, over runs.

    Neurons of two trainings have nothing to do with each other, so what is followed through the runs is what motifs
    say: the family of known elements that they resemble, and the cluster of motifs that are alike. The value of a run
    is the mean over its motifs (or their neurons) of the element; runs without one have no value, and count as such.

    Parameters
    ----------
    runs : sequence of ComparedRun
    motifs : pandas.DataFrame
        As `Comparison.motifs` has them.

    Returns
    -------
    pandas.DataFrame
        Columns `combmotif.core.tables.CONSENSUS`; those that most runs have first. The p-value is of a one-sample
        t-test over runs, which are trainings on data that overlap: it tells whether models agree, not whether they are
        right.
    """
    of_element = pd.concat(
        [
            motifs.assign(kind="cluster", element=motifs["cluster"].astype(str)),
            motifs[motifs["relation"] == IS].assign(kind="family", element=motifs["family"]),
        ]
    )
    known = of_element[of_element["relation"] == IS].groupby(["kind", "element"])["family"].agg(_usual)
    spelled = of_element.sort_values("information", ascending=False, kind="stable").drop_duplicates(["kind", "element"])
    spelled = spelled.set_index(["kind", "element"])["consensus"]
    counted = of_element.groupby(["kind", "element"])["run"].nunique()
    measured = [part for run in runs for part in _measured(run, of_element[of_element["run"] == run.label])]
    values = pd.concat(measured).dropna(subset=["effect"])
    if not len(values):  # no run asked for effects
        return CONSENSUS.frame()
    by_run = values.groupby([*_KEYS, "run"], sort=False)["effect"].agg(["mean", "size"]).reset_index()
    rows = [
        {
            **dict(zip(_KEYS, key, strict=True)),
            "family": known.get(key[:2], ""), "consensus": spelled[key[:2]], "runs": len(own),
            "found": counted[key[:2]], "compared": len(runs), "motifs": own["size"].sum(),
            **_spread(own["mean"].to_numpy()),
        }
        for key, own in by_run.groupby(_KEYS, sort=False)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table["q_value"] = np.nan
    for _, group in table[table["p_value"].notna()].groupby(["kind", "output", "measure"]):
        table.loc[group.index, "q_value"] = false_discovery_control(group["p_value"].to_numpy(float))
    table["_size"] = -table["effect"].abs()
    table = table.sort_values(
        ["kind", "output", "measure", "runs", "_size"], ascending=[False, True, True, False, True]
    )
    return table[CONSENSUS.names].reset_index(drop=True)


def _usual(families: pd.Series) -> str:
    """Give the family that most motifs have, of equals the first by name."""
    return str(families.mode().iloc[0])


def _spread(values: np.ndarray) -> dict[str, float]:
    """Mean over runs, its interval, and how far the runs differ."""
    mean, count = float(values.mean()), len(values)
    sd = float(values.std(ddof=1)) if count > 1 else np.nan
    half = sd / np.sqrt(count) * t.ppf(0.975, count - 1) if count > 1 else np.nan
    varied = count > 1 and sd > 0
    return {
        "effect": mean, "sd": sd, "ci_low": mean - half, "ci_high": mean + half, "lowest": values.min(),
        "highest": values.max(), "same_sign": float((np.sign(values) == np.sign(mean)).mean()),
        "p_value": float(ttest_1samp(values, 0).pvalue) if varied else np.nan,
    }  # fmt: skip


def _measured(run: ComparedRun, own: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield what a run measured of its motifs: rows of kind, element, run, output, measure and effect."""
    columns = [*_KEYS, "run", "effect"]
    yield own.assign(output=FIRST, measure="sites drawn from the motif, in SD", effect=own["moves"])[columns]
    effects = _read(run, MOTIF_EFFECTS.file)
    if effects is not None:
        plain = effects[effects["background"].isin(["all", "sequences"])]
        joined = own.drop(columns="consensus").merge(plain[["motif", "output", "inserted", "effect"]], on="motif")
        yield joined.assign(measure="motif: " + joined["inserted"])[columns]
    contribution = _read(run, CONTRIBUTION.file)
    if contribution is not None:
        first = contribution.groupby("outcome")["threshold"].transform("first")
        contribution = contribution[contribution["threshold"] == first].drop(columns="effect").assign(
            **{name: contribution[column] for name, column in _OF_NEURONS.items()}
        )  # fmt: skip
        named = own.drop_duplicates(["kind", "element", "neuron"])  # a neuron counts once, however many motifs it has
        joined = named.merge(contribution[["neuron", "outcome", *_OF_NEURONS]], on="neuron")
        joined["output"] = joined["outcome"].str.removeprefix("prediction:")
        for name in _OF_NEURONS:
            yield joined.assign(measure=name, effect=joined[name])[columns]


def _read(run: ComparedRun, name: str) -> pd.DataFrame | None:
    path = run.path / name
    if not path.is_file():
        return None
    table = next(table for table in (MOTIF_EFFECTS, CONTRIBUTION) if table.file == name)
    with reading(path, "a table of a run"):
        found = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], dtype={"motif": str})
        found = found.reindex(columns=table.names)
        for column in table.of_type("number"):
            found[column] = pd.to_numeric(found[column], errors="coerce")
        return found
