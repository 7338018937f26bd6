"""The main findings of a run whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.motifs.motif import Motif
from combmotif.report import main_findings, render
from combmotif.report.folder import SITES_KEPT, read_run
from combmotif.report.sections.effects import effects
from combmotif.report.sections.interactions import pairs
from combmotif.report.sections.matches import best, columns_of, control_sentence, elements, matches
from combmotif.report.sections.pairmap import family_map, pair_map
from combmotif.report.sections.sites import locate


def test_findings_name_the_strongest_neuron_and_pair(run_folder: Path) -> None:
    found = {f.key: f for f in main_findings(run_folder)}
    assert found["neurons"].value == "8 neurons of conv3"
    assert found["motifs"].value == "15 motifs in 7 neurons"
    assert found["known"].value.startswith("15 of 15 motifs match: ")
    assert found["contribution"].value == "2 positive, 2 negative of 8"
    assert found["contribution"].label == "Effect on predicted mrl"
    strongest = next(f for f in main_findings(run_folder) if f.key == "strongest")
    assert strongest.anchor == "conv3:0"
    assert strongest.sentence == (
        "Strongest: where conv3:0 (upstream AUG, conv3:0.m1) is active, the predicted mrl differs by "
        "−1.21 [−1.37, −1.05], 118 against 382 sequences."
    )
    assert (strongest.label, strongest.value.partition(", ")[2]) == (
        "Strongest neuron",
        "active against inactive sequences: −1.21 [−1.37, −1.05]",
    )
    assert found["interaction"].value.startswith("1 super-additive, 1 sub-additive, ")
    assert "sub-additive, e = +0.420 [0.340, 0.500]" in found["pair"].sentence


def test_motifs_of_the_whole_net_are_not_said_to_be_a_neurons(run_folder: Path) -> None:
    old = run_folder / "motifs" / "neuronmotif.tsv"
    pd.read_csv(old, sep="\t").assign(layer="", channel=-1).to_csv(old.with_name("modisco.tsv"), sep="\t", index=False)
    old.unlink()
    found = {f.key: f for f in main_findings(run_folder)}
    assert found["motifs"].value == "15 motifs of the whole net"
    assert found["motifs"].sentence == "15 motifs recur in the attributions of the model's output."


def test_the_clamp_effect_is_told_beside_the_observed_one(run_folder: Path) -> None:
    path = run_folder / "contribution.tsv"
    table = pd.read_csv(path, sep="\t").assign(clamp_effect=-0.5, clamp_ci_low=-0.6, clamp_ci_high=-0.4)
    table.to_csv(path, sep="\t", index=False)
    strongest = next(f for f in main_findings(run_folder) if f.key == "strongest")
    assert strongest.sentence.endswith(
        "The neuron itself adds −0.500 [−0.600, −0.400] to the prediction, found by clamping it."
    )


def test_findings_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"config": {"seed": 0}, "stages": {}}')
    found = main_findings(tmp_path)
    assert next(f for f in found if f.key == "motifs").value == "0 motifs in 0 neurons"
    assert not [f for f in found if f.key in ("strongest", "pair")]


def test_only_clear_classes_can_be_strongest(run_folder: Path) -> None:
    path = run_folder / "contribution.tsv"
    table = pd.read_csv(path, sep="\t")
    table["class"] = "undetermined"
    table.to_csv(path, sep="\t", index=False)
    assert {f.value for f in main_findings(run_folder) if f.key == "strongest"} == {"none is clear"}


def test_the_row_of_the_configured_threshold_is_shown(run_folder: Path) -> None:
    path = run_folder / "contribution.tsv"
    table = pd.read_csv(path, sep="\t")
    other = table.assign(threshold=0.5, effect=99.0)
    pd.concat([other, table]).to_csv(path, sep="\t", index=False)
    rows = effects(read_run(run_folder))["prediction:mrl"]
    assert rows["conv3:0"].threshold == 0.7
    assert rows["conv3:0"].value == -1.21


def test_only_the_strongest_site_of_a_sequence_is_kept(run_folder: Path) -> None:
    path = run_folder / "sites.tsv.gz"
    table = pd.read_csv(path, sep="\t")
    weaker = table.assign(activation=table["activation"] - 0.001)
    pd.concat([weaker, table]).to_csv(path, sep="\t", index=False)
    kept = read_run(run_folder).tables["sites"]
    first = kept[kept["neuron"] == "conv3:0"]
    assert list(first["sequence"]) == [f'seq_{s}|<b>&"0' for s in range(SITES_KEPT)]
    assert first["activation"].iloc[0] == 6.0


def test_elements_gather_families(run_folder: Path) -> None:
    run = read_run(run_folder)
    found = {e.name: e for e in elements(run, matches(run))}
    codons = found["start codons"]
    assert [t[0] for t in codons.targets] == ["upstream AUG", "upstream AUG (second)"]
    assert "conv3:0" in codons.neurons
    assert codons.leads
    assert not found["polyadenylation signal (second)"].leads


def test_insignificant_matches_are_not_known(run_folder: Path) -> None:
    path = run_folder / "matches.tsv"
    table = pd.read_csv(path, sep="\t").assign(q_value=0.2)
    table.to_csv(path, sep="\t", index=False)
    known = next(f for f in main_findings(run_folder) if f.key == "known")
    assert known.value == "0 of 15 motifs match"
    table.assign(relation="contains").to_csv(path, sep="\t", index=False)
    known = next(f for f in main_findings(run_folder) if f.key == "known")
    assert known.value.startswith("15 of 15 motifs match: "), "a motif that spells a known word matches it"
    assert known.sentence.endswith("15 of them only contain a short known k-mer, which may be chance.")


def test_codons_are_told_with_their_frame(run_folder: Path) -> None:
    path = run_folder / "matches.tsv"
    table = pd.read_csv(path, sep="\t", dtype=object)
    start = {"name": "upstream AUG", "family": "start codon", "relation": "contains", "q_value": 0.9, "partner": "UAR"}
    for motif, distance, frame in (("conv3:0.m1", 6, 0), ("conv3:1.m1", 7, 1), ("conv3:2.m1", 8, float("nan"))):
        rows = table["motif"] == motif
        table.loc[rows, [*start, "distance", "frame"]] = [*start.values(), distance, frame]
    table.to_csv(path, sep="\t", index=False)
    run = read_run(run_folder)
    found = matches(run)
    assert [found[f"conv3:{k}.m1"][0].strength for k in range(3)] == [
        "contained, UAR in frame, 2 codons on",
        "contained, UAR out of frame, 7 nt on",
        "contained, UAR about 8 nt on, frame varies",
    ]
    assert found["conv3:0.m1"][0].phrase == "contains upstream AUG"
    known = next(f for f in main_findings(run_folder) if f.key == "known")
    assert known.sentence.endswith("3 of them hold a stop codon after a start codon, 1 in frame.")
    stop = replace(found["conv3:0.m1"][0], family="stop codon", partner="AUG", distance=3)
    assert stop.reading == "AUG in frame, 1 codon before"


def test_pair_map_is_symmetric(run_folder: Path) -> None:
    views = pairs(read_run(run_folder), {})
    found = pair_map(views)
    assert found is not None
    cells = {(i, j): cell for i, row in enumerate(found.cells) for j, cell in enumerate(row)}
    assert all(cells[j, i] is cell for (i, j), cell in cells.items())
    assert {c.anchor for c in cells.values() if c is not None} == {f"pair-{k}" for k in range(1, 7)}
    assert max(c.strength for c in cells.values() if c is not None) == 1
    assert pair_map([]) is None


def test_a_map_of_families_leads_to_its_pairs(run_folder: Path) -> None:
    run = read_run(run_folder)
    views = pairs(run, {})
    table = pd.DataFrame(
        {
            "family_a": ["X", "X"],
            "family_b": ["Y", "Z"],
            "class": ["super-additive", "neutral"],
            "pairs": [2, 1],
            "sequences": [300, 80],
            "e": [0.5, 0.0],
            "joint": [1, 1],
            "q": [0.01, 1],
        }
    )
    table.to_csv(run_folder / "interaction_map.tsv", sep="\t", index=False)
    run = read_run(run_folder)
    found, records = family_map(run, {("X", "Y"): views[:2], ("X", "Z"): views[2:3]})
    assert found is not None
    assert found.names == ("X", "Y", "Z")
    cells = [cell.anchor if cell else None for cell in found.cells[0]]
    assert cells == [None, "cell-0", "pair-3"]
    assert [pair["anchor"] for pair in records[0]["pairs"]] == ["pair-1", "pair-2"]
    assert records[0]["sentence"].startswith(
        "Over 2 pairs of motifs of these families the map says super-additive, e = +0"
    )


def test_dots_are_one_per_sequence_and_at_most_200(run_folder: Path) -> None:
    records = [view.record for view in pairs(read_run(run_folder), {})]
    assert [(len(r["dots"]["e"]), r["measured"]) for r in records] == [
        (60, 60), (140, 140), (200, 220), (200, 300), (0, 0), (200, 460)
    ]  # fmt: skip
    table = pd.read_csv(run_folder / "interaction_instances.tsv.gz", sep="\t")
    first = table[table["pair"] == table["pair"].iloc[0]].groupby("sequence")["e"].mean()
    np.testing.assert_allclose(records[0]["box"]["e"], np.quantile(first, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-4)
    assert records[0]["control_box"] == [-0.3, -0.15, 0, 0.15, 0.3]
    assert len(records[0]["controls"]) == 101
    assert {row["key"] for row in records[0]["rows"]} == {
        "joint", "a_alone", "b_alone", "a_in_context", "b_in_context", "epistasis"
    }  # fmt: skip


def test_locate_marks_the_planted_motif() -> None:
    pfm = np.ones((3, 4))
    pfm[[0, 1, 2], [0, 3, 2]] = 97
    motif = Motif(id="conv3:0.m1", pfm=pfm, sites=100)
    assert locate("CCCCCAUGCC", [motif]) == ("conv3:0.m1", 5, 8)
    assert locate("CCNNNAUGCC", [motif]) == ("conv3:0.m1", 5, 8)
    assert locate("CCCCCCC", [motif]) == ("", 0, 0)
    assert locate("AU", [motif]) == ("", 0, 0)


def test_a_trimmed_motif_is_named_by_what_lies_in_its_columns(run_folder: Path) -> None:
    assert columns_of("conv3:4.m1[2:9]") == ("conv3:4.m1", 2, 9)
    assert columns_of("AUG") == ("AUG", None, None)
    path = run_folder / "matches.tsv"
    pd.read_csv(path, sep="\t").assign(start=2, end=6).to_csv(path, sep="\t", index=False)
    found = matches(read_run(run_folder))
    known = best(found, "conv3:0.m1[4:8]")
    assert known is not None
    assert known.name == "upstream AUG"
    assert best(found, "conv3:0.m1[6:9]") is None
    assert best(found, "conv3:0.m1[0:2]") is None


def test_the_check_against_shuffled_databases_is_told(run_folder: Path) -> None:
    assert control_sentence(read_run(run_folder)) == ""
    rows = {"database": ["builtin", "all", "all"], "method": ["tomtom", "", ""], "relation": ["is", "is", "contains"],
            "elements": 90, "queries": 40, "matched": [10, 12, 20], "matched_shuffled": [1.5, 2.4, 11],
            "false_match_rate": [0.15, 0.2, 0.55]}  # fmt: skip
    pd.DataFrame(rows).to_csv(run_folder / "match_control.tsv", sep="\t", index=False)
    assert control_sentence(read_run(run_folder)) == (
        "As a check, the databases were shuffled: 12 of 40 motifs resemble an element, and on average 2.40 resemble "
        "one of a shuffled copy; 20 of 40 motifs contain a word of the list, and on average 11.0 contain one "
        "of a shuffled copy."
    )


def test_classes_of_the_prototype_are_told_in_words(run_folder: Path) -> None:
    path = run_folder / "interactions.tsv"
    pd.read_csv(path, sep="\t").assign(**{"class": "negative_antagonistic"}).to_csv(path, sep="\t", index=False)
    view = pairs(read_run(run_folder), {})[0]
    assert view.symbol == "−"
    assert view.sentence.endswith(
        "Negative antagonistic: together they lower the outcome by less than the sum (the published rule)."
    )
    assert "negative antagonistic</span>" in render(run_folder)
