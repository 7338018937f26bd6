"""The tables, drawings and page of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from combmotif.comparison.compare import Comparison
from combmotif.comparison.consensus import FIRST
from combmotif.comparison.folder import ComparedRun
from combmotif.comparison.venn import sets_svg
from combmotif.core.files import atomic, write_table
from combmotif.core.output import OutputFolder
from combmotif.motifs.matching.hits import IS
from combmotif.motifs.motif import MotifSet
from combmotif.report.drawing.logos import logo_svg

MOST_LOGOS = 60
MOST_CONSENSUS = 40
MANY = 8
"""More runs than this are no columns of the page: it counts in how many an element is, and has a row for each run."""
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
    "What shared elements do: families of known elements, and clusters of motifs that resemble none. The value of a "
    "run is the mean over its motifs of the element; mean and standard deviation are over runs. Neurons of two "
    "trainings do not correspond, so motifs are followed, not channels.",
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
    notes = "".join(f"<li>{escape(note)}</li>" for note in _NOTES)
    summary = f"<h2>Runs</h2>{_summary_table(comparison.summary)}"
    shared = f"<h2>What they share</h2>{_shared(comparison, runs, drawings)}"
    effects = _consensus(comparison.consensus)
    parts = [effects, shared, summary] if len(runs) > MANY else [summary, shared, effects]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>Motifs of {len(runs)} runs</title><style>{_CSS}</style></head><body>"
        f"<h1>Motifs of {len(runs)} runs compared</h1>{''.join(parts)}"
        f"<h2>Motifs</h2>{_motif_table(comparison.motifs, runs, alphabet)}"
        f"<h2>How to read this</h2><ul>{notes}</ul></body></html>\n"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int | None = None) -> str:
    """Lay out cells that are HTML; those from column ``numbers`` on are set to the right."""
    kinds = [" class=n" if numbers is not None and place >= numbers else "" for place in range(len(head))]
    top = "".join(f"<th{kind}>{title}</th>" for kind, title in zip(kinds, head, strict=True))
    lines = ("".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<div class=scroll><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _shared(comparison: Comparison, runs: list[ComparedRun], drawings: dict[str, tuple[str, str]]) -> str:
    """Draw and list which runs share what; of many runs only count those that have each family."""
    if len(runs) > MANY:
        named = comparison.motifs[comparison.motifs["relation"] == IS]
        counted = named.groupby("family").agg(runs=("run", "nunique"), motifs=("run", "size")).reset_index()
        counted = counted.sort_values(["runs", "family"], ascending=[False, True])
        rows = [[escape(row.family), f"{row.runs} of {len(runs)}", f"{row.motifs:,}"] for row in counted.itertuples()]
        return _table(["Family of known elements", "Runs that have it", "Motifs"], rows, numbers=1)
    figures = "".join(
        f"<figure>{svg}<figcaption>{escape(title)}. Numbers of exactly these runs.</figcaption></figure>"
        for svg, title in drawings.values()
    )
    families = comparison.overlaps[comparison.overlaps["kind"] == "family"]
    rows = [[escape(str(row[name])) for name in ("runs", "size", "members")] for row in families.to_dict("records")]
    return figures + _table(["Runs", "Families", "Which"], rows)


def _summary_table(summary: pd.DataFrame) -> str:
    """Tabulate the measures of each run: a column per run, or of many runs a row."""
    records = summary.to_dict("records")
    measured = any(one["tested_on_neuron"] or one["tested_on_output"] for one in records)
    shown = [(column, title) for column, title in _SUMMARY if measured or column not in _MEASURED]
    names, titles = [escape(str(one["run"])) for one in records], [title for _, title in shown]
    cells = [[_measure(one, column) for column, _ in shown] for one in records]
    if len(records) <= MANY:
        names, titles, cells = titles, names, [list(column) for column in zip(*cells, strict=True)]
    said = "" if measured else "<p class=note>Nothing was measured on the models (draws: 0).</p>"
    return _table(["", *titles], [[f"<b>{n}</b>", *row] for n, row in zip(names, cells, strict=True)], numbers=1) + said


def _measure(row: dict, column: str) -> str:
    if column == "neurons" and not row["neurons"]:
        return "whole model"
    if column not in _OF:
        return _cell(row[column])
    of = int(row[_OF[column]])
    return f"{int(row[column]):,} of {of:,}" if of else "not measured"


def _consensus(table: pd.DataFrame) -> str:
    """Tabulate what elements that several runs have do to the prediction: a row each, a column per way of measuring."""
    new = (table["kind"] == "cluster") & (table["family"] == "")  # the others are in the row of their family
    shared = table[(table["runs"] > 1) & ((table["kind"] == "family") | new)]
    outputs = [name for name in shared["output"].unique() if name != FIRST]
    if len(outputs) == 1:  # then it is what was asked first, and stands in the same rows
        shared = shared.assign(output=outputs[0])
    if not len(shared):
        return ""
    measures = list(dict.fromkeys(shared["measure"]))
    shared = shared.sort_values(["kind", "found", "element"], ascending=[False, False, True], kind="stable")
    groups = [group for _, group in shared.groupby(["kind", "element", "output"], sort=False)]
    rows = []
    for group in groups[:MOST_CONSENSUS]:
        one, by_measure = group.iloc[0], group.set_index("measure").to_dict("index")
        name = one["element"] if one["kind"] == "family" else f"cluster {one['element']}"
        cells = [name, one["consensus"], f"{one['found']} of {one['compared']}", one["output"]]
        said = [_effect(by_measure.get(measure)) for measure in measures]
        rows.append([*(escape(str(cell)) for cell in cells), *said])
    left = len(groups) - len(rows)
    more = f"<p class=note>{left:,} further elements are in consensus.tsv.</p>" if left else ""
    head = ["Element", "Consensus", "Runs that have it", "Output", *map(escape, measures)]
    return f"<h2>What shared elements do to the prediction</h2>{_table(head, rows, numbers=4)}{more}"


def _effect(row: dict | None) -> str:
    """Say the mean over runs, how far they differ, and how many agree on its sign."""
    if row is None:
        return "-"
    agree = round(row["same_sign"] * row["runs"])
    return f"{row['effect']:+.3g} &plusmn; {row['sd']:.2g}<br>{agree} of {row['runs']} agree"


def _motif_table(table: pd.DataFrame, runs: list[ComparedRun], alphabet: str) -> str:
    """One row per cluster, the one most runs have first, with the best motif of each run, or of all, as a logo."""
    motifs = {run.label: MotifSet(run.motifs.motifs) for run in runs}
    order = sorted(
        table["cluster"].unique(),
        key=lambda c: (-table.loc[table["cluster"] == c, "run"].nunique(), -(table["cluster"] == c).sum(), c),
    )
    many = len(runs) > MANY
    rows = []
    for cluster in order[:MOST_LOGOS]:
        group = table[table["cluster"] == cluster].sort_values("information", ascending=False, kind="stable")
        named = group.loc[group["match"] != ""].sort_values(["relation", "q_value"], ascending=[False, True])
        name = "no known element"
        if len(named):
            name = ("" if named.iloc[0]["relation"] == IS else "contains ") + str(named.iloc[0]["family"])
        holders = f"{group['run'].nunique()} of {len(runs)}"
        parts = [group] if many else [group[group["run"] == run.label] for run in runs]
        cells = [_motif_cell(part, motifs, alphabet) for part in parts]
        rows.append([escape(name), *([holders] if many else []), *cells])
    left = len(order) - MOST_LOGOS
    more = f"<p class=note>{left} further clusters are in motifs.tsv.</p>" if left > 0 else ""
    titles = ["Runs that have it", "Motif with the most information"] if many else [escape(run.label) for run in runs]
    return _table(["Best known element", *titles], rows) + more


def _motif_cell(group: pd.DataFrame, motifs: dict[str, MotifSet], alphabet: str) -> str:
    """Draw the first motif of some, and say how many they are."""
    if not len(group):
        return "-"
    first = group.iloc[0]
    logo = logo_svg(motifs[first["run"]][str(first["motif"])], alphabet=alphabet, column=14, height=48)
    said = [first["neuron"] or "whole model"]
    if not math.isnan(first["auc"]):
        said.append(f"AUC {_cell(float(first['auc']))}")
    if len(group) > 1:
        said.append(f"{len(group)} motifs")
    return f"{logo}<br>{escape(', '.join(said))}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))
