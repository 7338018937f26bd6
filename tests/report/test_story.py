"""The story of a run whose answer is known: three sentences, true, and only from reproduced motifs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from combmotif.report import main_findings, render
from combmotif.report.story import Finding


def told(folder: Path) -> list[Finding]:
    return [finding for finding in main_findings(folder) if finding.key == "story"]


def edit(path: Path, **columns: object) -> None:
    pd.read_csv(path, sep="\t", dtype=object).assign(**columns).to_csv(path, sep="\t", index=False)


def test_three_sentences_say_who_acts_what_is_shared_and_what_is_strongest(measured: Path) -> None:
    who, shared, strongest = told(measured)
    assert who.sentence == (
        "4 of 8 neurons of conv3 change the predicted mrl: 2 lower it and 2 raise it. conv3:0 (upstream AUG) has "
        "the largest effect: where it is active the outcome differs by −1.21 [−1.37, −1.05], 118 sequences against 382."
    )
    assert (who.motif, who.anchor) == ("conv3:0.m1", "conv3:0")
    assert shared.value.endswith("of 15 motifs")
    assert strongest.sentence.startswith(
        "The strongest motif, conv3:0.m1, reads GCCACCAUGG, which resembles upstream AUG: inserted, it changes mrl by "
        "−1.10 [−1.14, −1.06], n = 500 (−1.65 without AUG, −0.550 with AUG). The strongest that raises it is "
    )
    assert "is conv3:5.m1, by +0.240 [0.200, 0.280]: it reads " in strongest.sentence
    assert strongest.motif == "conv3:5.m1", "the logo of the first is shown above"


def test_the_sites_of_a_neuron_are_told_where_they_were_scrambled(measured: Path) -> None:
    edit(measured / "contribution.tsv", site_effect=-0.7, site_ci_low=-0.8, site_ci_high=-0.6)
    assert "has the largest effect: its sites change it by −0.700 [−0.800, −0.600]." in told(measured)[0].sentence
    in_terminal = next(f for f in main_findings(measured) if f.key == "strongest")
    assert in_terminal.value.endswith(", its sites scrambled: −0.700 [−0.800, −0.600]"), "the measure of the story"


def test_a_word_is_found_inside_longer_motifs(measured: Path) -> None:
    matches = pd.read_csv(measured / "matches.tsv", sep="\t", dtype=object)
    motifs = pd.read_csv(measured / "motifs" / "neuronmotif.tsv", sep="\t")["motif"]
    rows = matches.iloc[[0] * 9].assign(
        motif=list(motifs[:9]), name="upstream AUG / start codon", family="start codon", relation="contains",
        target_consensus="AUG", q_value=0.4, start=3, end=6, partner=["UAA", *[""] * 8],
        distance=[3, *[None] * 8], frame=[0, *[None] * 8],
    )  # fmt: skip
    rows.to_csv(measured / "matches.tsv", sep="\t", index=False)
    _, shared, strongest = told(measured)
    assert shared.sentence.startswith("AUG (start codon) is in 9 of 15 motifs, all of them longer, and in ")
    assert "inserted into background sequences" in shared.sentence
    assert strongest.sentence.startswith(
        "The strongest motif, conv3:0.m1, reads GCCACCAUGG, AUG with an in-frame stop 1 codon on, a minimal open "
        "reading frame: inserted"
    )


def test_without_known_elements_the_word_that_most_neurons_spell_is_told(measured: Path) -> None:
    (measured / "matches.tsv").unlink()
    shared = told(measured)[1]
    motifs = pd.read_csv(measured / "motifs" / "neuronmotif.tsv", sep="\t")
    word = shared.sentence.partition(" ")[0]
    spelled = motifs["consensus"].str.contains(word)
    assert len(word) >= 4
    assert shared.sentence.startswith(f"{word} is in {spelled.sum()} of 15 motifs, ")
    assert f"in {motifs.loc[spelled, 'channel'].nunique()} of 8 neurons" in shared.sentence


def test_motifs_that_are_not_reproduced_are_told_nowhere(measured: Path) -> None:
    motifs = pd.read_csv(measured / "motifs" / "neuronmotif.tsv", sep="\t")
    motifs["reproduced"] = ~motifs["channel"].isin([0, 5])
    motifs.to_csv(measured / "motifs" / "neuronmotif.tsv", sep="\t", index=False)
    story = told(measured)
    assert not [f for f in story if f.motif.startswith(("conv3:0", "conv3:5"))]
    assert "conv3:0.m1" not in " ".join(f.sentence for f in story)
    assert len(story) == 2, "no other motif has an effect"


def test_of_a_whole_net_the_motifs_are_counted(measured: Path) -> None:
    old = measured / "motifs" / "neuronmotif.tsv"
    pd.read_csv(old, sep="\t").assign(layer="", channel=-1).to_csv(old.with_name("modisco.tsv"), sep="\t", index=False)
    old.unlink()
    for name in ("neurons.tsv", "contribution.tsv"):
        pd.read_csv(measured / name, sep="\t").iloc[:0].to_csv(measured / name, sep="\t", index=False)
    who, shared, _ = told(measured)
    assert who.sentence.startswith("2 of 15 motifs change mrl when inserted: 1 lowers it and 1 raises it.")
    assert "neurons" not in shared.sentence
    effects = measured / "motif_effects.tsv"
    table = pd.read_csv(effects, sep="\t")
    table[table["class"] != "positive"].to_csv(effects, sep="\t", index=False)
    who, *_, strongest = told(measured)
    assert who.sentence.endswith(" when inserted: 1 lowers it."), "which the last sentence tells of"
    assert strongest.sentence.startswith("The strongest motif, ")


def test_the_page_begins_with_the_story_and_ends_with_the_run(measured: Path) -> None:
    page = render(measured)
    places = [page.index(f'<section id="{name}"') for name in (
        "summary", "neurons", "motifs", "elements", "motif-effects", "effects", "interactions", "methods", "downloads",
        "run",
    )]  # fmt: skip
    assert places == sorted(places)
    assert page.index("4 of 8 neurons of conv3 change the predicted mrl") < places[1]


def test_methods_describe_what_ran_and_nothing_else(measured: Path) -> None:
    record = json.loads((measured / "run.json").read_text())
    for discover, said, not_said in (
        ({"method": "neuronmotif", "demixing": "sufficiency"}, "demixed by sufficiency", "layer by layer"),
        ({"method": "neuronmotif", "demixing": "layers"}, "demixed layer by layer", "by sufficiency"),
        ({"method": "seqlets"}, "are aligned, shifted", "demixed"),
        ({"method": "modisco"}, "arXiv 2018", "NeuronMotif"),
    ):
        record["config"]["discover"] = discover
        (measured / "run.json").write_text(json.dumps(record))
        page = render(measured)
        methods = page.partition('<section id="methods"')[2].partition("What each column means")[0]
        references = page.partition('<ol class="references">')[2].partition("</ol>")[0]
        assert said in methods + references
        assert not_said not in methods + references


def test_beside_a_neuron_stands_the_motif_that_acts_as_it_does(measured: Path) -> None:
    path = measured / "motif_effects.tsv"
    table = pd.read_csv(path, sep="\t", dtype=object)
    turned = {"conv3:0.m1": "conv3:0.m2", "conv3:0.m2": "conv3:0.m1"}
    assert set(turned) <= set(table["motif"])
    table.assign(motif=table["motif"].replace(turned)).to_csv(path, sep="\t", index=False)
    assert told(measured)[0].motif == "conv3:0.m2"
