"""The tables, drawings and page of a comparison."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

import pandas as pd

from combmotif.comparison.compare import Comparison
from combmotif.comparison.folder import ComparedRun
from combmotif.comparison.venn import sets_svg
from combmotif.core.files import atomic, write_table
from combmotif.core.output import OutputFolder
from combmotif.motifs.matching.hits import IS
from combmotif.motifs.motif import MotifSet
from combmotif.report.drawing.logos import logo_svg

MOST_LOGOS = 60
MOST_CONSENSUS = 40
_CSS = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:2em auto;padding:0 1em;background:#fff}
table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}
th,td{padding:.25em .6em;text-align:left;border-bottom:1px solid #ddd;vertical-align:middle}
th{font-weight:600}td.n,th.n{text-align:right}h1,h2{line-height:1.2}figure{display:inline-block;margin:1em 2em 1em 0}
figcaption{color:#555;max-width:420px}p.note,li{max-width:75ch}.scroll{overflow-x:auto}svg{max-width:100%}
"""
_SUMMARY = (
    ("method", "Method"), ("model", "Model"), ("neurons", "Neurons interpreted"), ("motifs", "Motifs"),
    ("clusters", "Different motifs"), ("own_clusters", "Motifs no other run has"),
    ("information", "Information, bits (median)"), ("purity", "Purity (median)"),
    ("matched", "Resemble a known element"), ("expected_by_chance", "Resemble one of shuffled databases"),
    ("contain", "Others that contain a known word"), ("contain_by_chance", "Contain one of shuffled databases"),
    ("families", "Families of known elements"),
    ("excite", "Excite their neuron"), ("auc", "AUC (median)"), ("reach", "Reach (median)"),
    ("move", "Move the output"), ("moves", "Move it by, SD (median)"),
)  # fmt: skip
_MEASURED = {"excite", "auc", "reach", "move", "moves"}
_OF = {"excite": "tested_on_neuron", "move": "tested_on_output", "matched": "motifs", "contain": "motifs"}
_NOTES = (
    "Motifs of all runs are matched anew, together, to the same databases; q is over all pairs.",
    "By chance: motifs that would match shuffled databases, of as many as the run has.",
    "Different motifs: clusters of all runs' motifs together (average similarity 0.8 or more).",
    "Excite their neuron: windows with a sequence drawn from the motif excite the neuron more than windows with one "
    "drawn from the shuffled motif (Mann-Whitney, q at most 0.05); AUC: how often. Reach: the median activation of "
    "drawn windows as a share of the largest activation the run knows. Medians over motifs.",
    "Move the output: the same sequences with a drawn site and with a shuffled one at the same place are predicted "
    "differently (paired t-test, q at most 0.05); by how many standard deviations of the predictions, median of the "
    "sizes. Of a model with several outputs it is the first that the run's contribution or interaction asked about.",
    "What shared elements do: the value of a run is the mean over its motifs of the element; mean and standard "
    "deviation are over runs. Neurons of two trainings do not correspond, so motifs are followed, not channels.",
    "A method that gives more motifs has more chances of a match; compare shares, and the number of different motifs.",
)


def write_comparison(comparison: Comparison, runs: list[ComparedRun], folder: str | Path) -> Path:
    """Write the tables, the drawings and compare.html of a comparison.

    Files: ``summary.tsv``, ``motifs.tsv``, ``overlaps.tsv``, ``matches.tsv``, ``consensus.tsv``, ``families.svg``,
    ``clusters.svg``, ``compare.html``.

    Returns
    -------
    pathlib.Path
        The page.
    """
    output = OutputFolder(Path(folder), "comparison")
    own = output.file
    for name in ("summary", "motifs", "overlaps", "matches", "consensus"):
        write_table(own(f"{name}.tsv"), getattr(comparison, name))
    labels = [run.label for run in runs]
    drawings = {}
    for name, column, title in (
        ("families", "family", "Families of known elements that motifs resemble"),
        ("clusters", "cluster", "Different motifs, matched or not"),
    ):
        table = comparison.motifs
        table = table[table["relation"] == IS] if column == "family" else table
        sets = [set(table.loc[table["run"] == label, column]) for label in labels]
        drawings[name] = (sets_svg(sets, labels, title=title), title)
        with atomic(own(f"{name}.svg")) as temporary:
            temporary.write_text(drawings[name][0], encoding="utf-8")
    page = own("compare.html")
    with atomic(page) as temporary:
        temporary.write_text(_page(comparison, runs, drawings), encoding="utf-8")
    output.settle()
    return page


def _page(comparison: Comparison, runs: list[ComparedRun], drawings: dict[str, tuple[str, str]]) -> str:
    alphabet = runs[0].motifs.alphabet
    figures = "".join(
        f"<figure>{svg}<figcaption>{escape(title)}. Numbers of exactly these runs.</figcaption></figure>"
        for svg, title in drawings.values()
    )
    shared = comparison.overlaps[comparison.overlaps["kind"] == "family"]
    lists = "".join(
        f"<tr><td>{escape(str(row.runs))}</td><td class=n>{row.size_}</td><td>{escape(str(row.members))}</td></tr>"
        for row in shared.rename(columns={"size": "size_"}).itertuples()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in _NOTES)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>Motifs of {len(runs)} runs</title><style>{_CSS}</style></head><body>"
        f"<h1>Motifs of {len(runs)} runs compared</h1><div class=scroll>{_summary_table(comparison.summary)}</div>"
        f"<h2>What they share</h2>{figures}<div class=scroll><table><thead><tr><th>Runs</th><th class=n>Families</th>"
        f"<th>Which</th></tr></thead><tbody>{lists}</tbody></table></div>"
        f"{_consensus(comparison.consensus)}"
        f"<h2>Motifs</h2>{_motif_table(comparison.motifs, runs, alphabet)}"
        f"<h2>How to read this</h2><ul>{notes}</ul></body></html>\n"
    )


def _summary_table(summary: pd.DataFrame) -> str:
    """A column per run, a row per measure."""
    rows = summary.to_dict("records")
    head = "<th></th>" + "".join(f"<th class=n>{escape(str(row['run']))}</th>" for row in rows)
    measured = any(row["tested_on_neuron"] or row["tested_on_output"] for row in rows)
    body = "".join(
        f"<tr><th>{escape(title)}</th>" + "".join(f"<td class=n>{_measure(row, c)}</td>" for row in rows) + "</tr>"
        for c, title in _SUMMARY
        if measured or c not in _MEASURED
    )
    said = "" if measured else "<p class=note>Nothing was measured on the models (draws: 0).</p>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{said}"


def _measure(row: dict, column: str) -> str:
    if column == "neurons" and not row["neurons"]:
        return "whole model"
    if column not in _OF:
        return _cell(row[column])
    of = int(row[_OF[column]])
    return f"{int(row[column]):,} of {of:,}" if of else "not measured"


def _consensus(table: pd.DataFrame) -> str:
    """What elements that several runs have do to the prediction: the largest consistent ones."""
    shared = table[table["runs"] > 1].sort_values(["same_sign", "runs"], ascending=False, kind="stable")
    if not len(shared):
        return ""
    columns = {
        "element": "Element", "consensus": "Consensus", "output": "Output", "measure": "Measured by", "runs": "Runs",
        "effect": "Mean", "sd": "SD over runs", "lowest": "Lowest", "highest": "Highest", "same_sign": "Same sign",
    }  # fmt: skip
    rows = shared.head(MOST_CONSENSUS).to_dict("records")
    body = "".join("<tr>" + "".join(f"<td>{_cell(row[name])}</td>" for name in columns) + "</tr>" for row in rows)
    left = len(shared) - len(rows)
    more = f"<p class=note>{left:,} further rows are in consensus.tsv.</p>" if left else ""
    head = "".join(f"<th>{title}</th>" for title in columns.values())
    return (
        f"<h2>What shared elements do to the prediction</h2><div class=scroll><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{more}"
    )


def _motif_table(table: pd.DataFrame, runs: list[ComparedRun], alphabet: str) -> str:
    """One row per cluster, the one most runs have first, with the best motif of each run as a logo."""
    motifs = {run.label: MotifSet(run.motifs.motifs) for run in runs}
    order = sorted(
        table["cluster"].unique(),
        key=lambda c: (-table.loc[table["cluster"] == c, "run"].nunique(), -(table["cluster"] == c).sum(), c),
    )
    rows = []
    for cluster in order[:MOST_LOGOS]:
        group = table[table["cluster"] == cluster]
        named = group.loc[group["match"] != ""].sort_values(["relation", "q_value"], ascending=[False, True])
        name = "no known element"
        if len(named):
            name = ("" if named.iloc[0]["relation"] == IS else "contains ") + str(named.iloc[0]["family"])
        cells = []
        for run in runs:
            own = group[group["run"] == run.label].sort_values("information", ascending=False)
            if not len(own):
                cells.append("<td>-</td>")
                continue
            first = own.iloc[0]
            logo = logo_svg(motifs[run.label][str(first["motif"])], alphabet=alphabet, column=14, height=48)
            said = [first["neuron"] or "whole model"]
            if not math.isnan(first["auc"]):
                said.append(f"AUC {_cell(float(first['auc']))}")
            if len(own) > 1:
                said.append(f"{len(own)} motifs")
            cells.append(f"<td>{logo}<br>{escape(', '.join(said))}</td>")
        rows.append(f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>")
    left = len(order) - MOST_LOGOS
    more = f"<p class=note>{left} further clusters are in motifs.tsv.</p>" if left > 0 else ""
    head = "".join(f"<th>{escape(run.label)}</th>" for run in runs)
    return (
        f"<div class=scroll><table><thead><tr><th>Best known element</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))
