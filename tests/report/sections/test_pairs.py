"""Pairs on the page: in a list, with their rules, the class on the latent scale, and columns that hold a number."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from combmotif.report import render
from combmotif.report.folder import read_run
from combmotif.report.sections.interactions import pairs
from combmotif.report.sections.pairmap import LEAST_FILLED, pair_map


def edit(path: Path, **columns: object) -> None:
    pd.read_csv(path, sep="\t", dtype=object).assign(**columns).to_csv(path, sep="\t", index=False)


def test_order_frame_and_distance_stand_in_every_row(run_folder: Path) -> None:
    names = pd.read_csv(run_folder / "interactions.tsv", sep="\t")["pair"]
    rules = ["A first, in frame, 0-60 nt apart", *[""] * (len(names) - 1)]
    told = [f"{name} ({rule})" if rule else name for name, rule in zip(names, rules, strict=True)]
    edit(run_folder / "interactions.tsv", pair=told)
    page = render(run_folder)
    rows = page.partition('id="pair-table"')[2].partition("</table>")[0]
    assert rows.count("A first, in frame, 0-60 nt apart") == 1
    assert rows.count("any order, frame and distance") == len(names) - 1


def test_the_latent_class_stands_beside_one_that_differs(run_folder: Path) -> None:
    edit(
        run_folder / "interactions.tsv", scale_dependent=["True"] + ["False"] * 5, class_latent="additive",
        epistasis_latent=0.05, epistasis_latent_ci_low=-0.1, epistasis_latent_ci_high=0.2,
    )  # fmt: skip
    first, second = pairs(read_run(run_folder), {})[:2]
    assert first.latent == ("additive", "+0.0500 [−0.100, 0.200]")
    assert "the pair is additive, e = +0.0500 [−0.100, 0.200]: its class depends on the scale" in first.remarks[0]
    assert second.latent == ("", "")


def test_a_map_of_few_cells_is_folded_in_behind_the_list(run_folder: Path) -> None:
    views = pairs(read_run(run_folder), {})
    found = pair_map(views)
    assert found is not None
    assert found.sparse == (found.filled < LEAST_FILLED)
    table = pd.read_csv(run_folder / "interactions.tsv", sep="\t", dtype=object)
    assert found.sparse
    page = render(run_folder)
    assert page.index('id="pair-table"') < page.index('<details id="map">') < page.index('<table class="map')
    table.iloc[:1].to_csv(run_folder / "interactions.tsv", sep="\t", index=False)
    few = pair_map(pairs(read_run(run_folder), {}))
    assert few is not None
    assert (few.filled, few.sparse) == (1 / 3, False)
    page = render(run_folder)
    assert page.index('<table class="map') < page.index('id="pair-table"')
    assert '<details id="map">' not in page


def test_classes_and_columns_of_earlier_versions_are_read(run_folder: Path) -> None:
    classes = ["synergistic", "antagonistic", "one-sided", "inert", "not-detected", "untestable"]
    edit(run_folder / "interactions.tsv", **{"class": classes})
    path = run_folder / "contribution.tsv"
    table = pd.read_csv(path, sep="\t").rename(columns=lambda name: name.replace("clamp_", "causal_"))
    table.assign(causal_effect=-0.5).to_csv(path, sep="\t", index=False)
    run = read_run(run_folder)
    assert run.tables["interactions"]["class"].tolist() == [
        "super-additive", "sub-additive", "one motif only", "neutral", "no effect detected", "too few sequences",
    ]  # fmt: skip
    assert (run.tables["contribution"]["clamp_effect"] == -0.5).all()
    assert "untestable" in set(run.tables["contribution"]["class"]), "the class of a neuron stays"


def test_the_id_joins_motifs_and_the_page_draws_the_columns_that_were_kept(run_folder: Path) -> None:
    table = pd.read_csv(run_folder / "interactions.tsv", sep="\t", dtype=object)
    motifs = set(pd.read_csv(run_folder / "motifs" / "neuronmotif.tsv", sep="\t")["motif"])
    table = table.assign(motif_a=table["motif_a"].str.partition("[")[0], columns_a="1-6", columns_b="")
    assert set(table["motif_a"]) | set(table["motif_b"]) <= motifs
    table.to_csv(run_folder / "interactions.tsv", sep="\t", index=False)
    shown = read_run(run_folder).tables["interactions"]
    assert shown["motif_a"].tolist() == [f"{name}[1:6]" for name in table["motif_a"]]
    assert shown["motif_b"].tolist() == table["motif_b"].tolist()


def test_columns_without_a_number_are_left_out(run_folder: Path) -> None:
    def heads(page: str, table: str) -> str:
        return page.partition(f'id="{table}"')[2].partition("</thead>")[0]

    page = render(run_folder)
    assert ">Purity<" in heads(page, "neuron-table")
    assert ">R²<" not in heads(page, "neuron-table")
    assert ">q<" in heads(page, "pair-table")
    edit(run_folder / "interactions.tsv", q_value="", inserted_epistasis="")
    edit(run_folder / "motifs" / "neuronmotif.tsv", purity="")
    page = render(run_folder)
    assert ">Purity<" not in heads(page, "neuron-table")
    assert ">q<" not in heads(page, "pair-table")
    assert ">Inserted<" not in heads(page, "pair-table")


def test_a_neuron_is_named_by_its_first_motif(run_folder: Path) -> None:
    matches = pd.read_csv(run_folder / "matches.tsv", sep="\t", dtype=object)
    first = pd.read_csv(run_folder / "motifs" / "neuronmotif.tsv", sep="\t").query("channel == 2")["motif"].iloc[0]
    others = matches["motif"].str.startswith("conv3:2.m") & (matches["motif"] != first)
    matches.loc[matches["motif"] == first, "name"] = "UUUU / the first"
    matches.loc[others, "q_value"] = "1e-30"
    matches.to_csv(run_folder / "matches.tsv", sep="\t", index=False)
    row = render(run_folder).partition('<tr data-neuron="conv3:2">')[2].partition("</tr>")[0]
    known = row.split("<td")[3]
    assert known.index("UUUU <span") < known.index("m2: ")
