"""Effects of motifs on the page: beside the motif, as a forest, as curves, in the findings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from combmotif.report import main_findings, render
from combmotif.report.folder import read_run
from combmotif.report.sections.motif_effects import (
    effect_records,
    motif_effects,
    motif_tally,
    output_sections,
    position_curves,
)


def test_a_motif_is_shown_with_its_own_effect_and_not_with_its_neurons(measured: Path) -> None:
    page = render(measured)
    first = next(line for line in page.split("<tr data-neuron=") if line.startswith('"conv3:0"'))
    assert "−1.10" in first  # the neuron's contribution is −1.21
    assert "−1.21" not in first
    assert "500" in first
    assert page.count('class="forest"') == 1 + 2  # of motifs, and of neurons on two outcomes
    assert "in backgrounds without AUG" in page
    assert "motif_effects.tsv" in page
    assert '"motif_positions.tsv"' in page


def test_the_neurons_contribution_stays_what_it_is(measured: Path) -> None:
    page = render(measured)
    assert "Effects of the neurons" in page
    assert "−1.21 [−1.37, −1.05]" in page


def test_findings_tell_what_the_motifs_do(measured: Path) -> None:
    found = main_findings(measured)
    effects = next(f for f in found if f.key == "effects")
    assert effects.value == "1 positive, 1 negative of 15"
    assert effects.sentence.startswith("Inserted into 500 background sequences, 15 motifs have these effects on mrl: ")
    down, up = (f.sentence for f in found if f.key == "strongest motif")
    assert "(conv3:0.m1) lowers it most, by −1.10 [−1.14, −1.06], n = 500 (without AUG −1.65, with AUG −0.550)." in down
    assert "(conv3:5.m1) raises it most, by +0.240" in up


def test_records_hold_every_row_and_the_curves(measured: Path) -> None:
    run = read_run(measured)
    found = motif_effects(run)
    record = effect_records(found["conv3:0.m1"], position_curves(run))
    assert [row["label"] for row in record["rows"]][:3] == [
        "drawn from the matrix, any background",
        "best k-mer, any background",
        "drawn from the matrix, without AUG",
    ]
    assert [(curve["kind"], len(curve["points"])) for curve in record["curves"]] == [("position", 4), ("frame", 3)]
    assert record["curves"][0]["points"][0][:2] == [4.5, -1.1]
    assert effect_records([], {}) == {}


def test_classes_are_counted_in_their_order(measured: Path) -> None:
    found = motif_effects(read_run(measured))
    tally = motif_tally(rows[0] for rows in found.values())
    assert [(kind, n) for kind, _, n in tally] == [
        ("positive", 1),
        ("negative", 1),
        ("neutral", 1),
        ("no effect detected", 12),
    ]
    (section,) = output_sections(found, {})
    assert (section.name, section.drawn, section.others) == ("mrl", 15, ("without AUG", "with AUG"))


def test_a_run_without_effects_shows_those_of_the_neurons(run_folder: Path) -> None:
    page = render(run_folder)
    first = next(line for line in page.split("<tr data-neuron=") if line.startswith('"conv3:0"'))
    assert "−1.21" in first
    assert "Effects of motifs: not available" in page


def test_inserted_pairs_stand_beside_those_of_the_sequences(run_folder: Path) -> None:
    path = run_folder / "interactions.tsv"
    table = pd.read_csv(path, sep="\t")
    table["inserted_class"] = table["inserted_class"].astype(object)
    table["inserted_reason"] = table["inserted_reason"].astype(object)
    table.loc[0, ["inserted_class", "inserted_reason"]] = ["additive", "the interval of e lies within +-0.1"]
    table.loc[0, ["inserted_backgrounds", "inserted_joint", "inserted_epistasis"]] = [500, -1.5, 0.0123]
    table.to_csv(path, sep="\t", index=False)
    page = render(run_folder)
    assert "+0.0123" in page
    assert "inserted into 500 backgrounds e is +0.0123 (additive)" in page
