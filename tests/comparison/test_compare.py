"""Runs whose motifs are known, on a net that reads UGUA."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_models import kmer_conv

from combmotif.comparison import compare_runs, read_runs, write_comparison
from combmotif.comparison.faithfulness import draw, draw_controls, faithfulness
from combmotif.comparison.venn import regions, sets_svg, upset_svg, venn_svg
from combmotif.config import load_config
from combmotif.config.comparing import load_compare_config
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.motifs import Motif, MotifSet, load_database, word_ppm, write_meme
from combmotif.sequence.sets import random_sequences


class Net(nn.Module):
    """Neuron 0 of ``conv`` counts the letters of UGUA; the output is minus its largest activation."""

    def __init__(self):
        super().__init__()
        self.conv = kmer_conv(["UGUA", "NNNN"])
        self.pool = nn.AdaptiveMaxPool1d(1)

    def forward(self, x):
        return -self.pool(torch.relu(self.conv(x) - 2))[:, 0]


@pytest.fixture(scope="module")
def model():
    return SequenceModel("net", Net().eval(), InputSpec("rna", 30), ("y",))


@pytest.fixture(scope="module")
def sequences():
    return random_sequences(60, 30, seed=1)


def motif(identifier, word, neuron=0, start=0):
    layer = "conv" if neuron >= 0 else ""
    return Motif(identifier, 100 * word_ppm(word), 100, layer=layer, neuron=neuron, start=start, max_activation=2.0)


def run_folder(folder, words, method="seqlets", neuron=0, name="net"):
    motifs = MotifSet(tuple(motif(f"m{i}", word, neuron) for i, word in enumerate(words)), method)
    (folder / "motifs").mkdir(parents=True)
    write_meme(motifs, folder / "motifs" / f"{method}.meme")
    rows = [
        {"motif": m.id, "layer": m.layer, "neuron": f"conv:{neuron}" if neuron >= 0 else "", "sites": m.sites,
         "consensus": m.consensus(), "information": m.information.sum(), "purity": 0.9, "max_activation": 2.0}
        for m in motifs
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "motifs" / f"{method}.tsv", sep="\t", index=False)
    (folder / "motifs" / "tree.tsv").write_text("layer\tneuron\tnode\tconsensus\tmotif\tinformation\n")
    (folder / "run.json").write_text(json.dumps({"config": {"seed": 1}, "model": {"name": name}}))
    return folder


def test_drawing_follows_the_matrix():
    rng = np.random.default_rng(0)
    ppm = np.array([[0.7, 0.3, 0, 0], [0, 0, 0, 1], [0.25] * 4])
    drawn = draw(ppm, 20_000, rng)
    np.testing.assert_allclose([(drawn[:, 0] == b).mean() for b in range(4)], ppm[0], atol=0.02)
    assert (drawn[:, 1] == 3).all()
    np.testing.assert_allclose([(drawn[:, 2] == b).mean() for b in range(4)], 0.25, atol=0.02)
    control = draw_controls(word_ppm("UUUU"), 4000, rng)
    same = (control == control[:, :1]).all(1).mean()
    assert same > 0.8  # a run of one letter stays one, of any letter
    np.testing.assert_allclose([(control == b).mean() for b in range(4)], 0.25, atol=0.03)


def test_the_motif_of_the_net_is_faithful_and_another_is_not(model, sequences):
    motifs = [motif("true", "UGUA"), motif("false", "CCCC"), motif("whole", "UGUA", -1), motif("dead", "UGUA", 1)]
    table = faithfulness(model, motifs, sequences, np.random.default_rng(0), draws=64)
    true, false, whole, dead = table.to_dict("records")
    assert true["auc"] > 0.9
    assert true["auc_p"] < 1e-6
    assert true["drawn"] == 4
    assert true["reach"] == 2  # of the largest activation that the motif was said to have
    assert true["moves"] < -0.5
    assert true["moves_low"] < true["moves"] < true["moves_high"] < 0
    assert true["moves_p"] < 1e-4
    assert false["auc"] < 0.5
    assert false["moves"] > -0.3
    assert np.isnan(whole["auc"])
    assert whole["moves_p"] < 1e-4
    assert (dead["auc"], dead["auc_p"]) == (0.5, 1.0)


def test_the_place_in_the_window_is_found_where_the_run_does_not_say_it(sequences):
    conv = kmer_conv(["UGUA"], bias=0.1, width=9, start=3)
    module = nn.Sequential(conv, nn.AdaptiveMaxPool1d(1), nn.Flatten())
    net = SequenceModel("net", module, InputSpec("rna", 30), ("y",))
    one = Motif("m", 100 * word_ppm("UGUA"), 100, layer="0", neuron=0, start=-1, max_activation=4.0)
    table = faithfulness(net, [one], sequences, np.random.default_rng(0), draws=32)
    assert table["drawn"][0] == pytest.approx(4.1, abs=1e-3)


@pytest.mark.slow
def test_runs_of_any_method_are_compared_with_honest_counts(tmp_path, model, sequences):
    first = run_folder(tmp_path / "one", ["UGUAAAUA", "AUGGCC", "NUGUAAAUAN"])
    second = run_folder(tmp_path / "two", ["UGUAAAUA", "GCGGCCGC"], method="modisco", neuron=-1)
    runs = read_runs([first, f"other={second}"])
    assert [(r.label, r.method, r.model, len(r.motifs), r.neurons) for r in runs] == [
        ("one", "seqlets", "net", 3, 1), ("other", "modisco", "net", 2, 0),
    ]  # fmt: skip
    found = compare_runs(runs, [load_database("builtin")], open_run=lambda _: (model, sequences), draws=16)
    one, other = found.summary.to_dict("records")
    assert (one["motifs"], one["clusters"], one["own_clusters"], one["families"]) == (3, 2, 1, 1)
    assert (other["motifs"], other["clusters"], other["own_clusters"], other["families"]) == (2, 2, 1, 1)
    assert (one["tested_on_neuron"], other["tested_on_neuron"]) == (3, 0)
    assert one["tested_on_output"] + other["tested_on_output"] == 5
    assert (one["matched"], one["contain"]) == (2, 1)  # AUGGCC only contains a start codon
    assert (one["expected_by_chance"], one["contain_by_chance"] > 0) == (0, True)
    assert found.motifs["neuron"].unique().tolist() == ["conv:0", ""]
    assert found.motifs.loc[found.motifs["family"] == "PUM", "run"].value_counts().to_dict() == {"one": 2, "other": 1}
    shared = found.overlaps.set_index(["kind", "runs"])
    assert shared.loc[("family", "one & other"), "members"] == "PUM"
    assert shared.loc[("cluster", "one & other"), "size"] == 1
    assert shared.loc[("cluster", "one"), "size"] == 1
    again = compare_runs(runs, [load_database("builtin")], open_run=lambda _: (model, sequences), draws=16)
    pd.testing.assert_frame_equal(found.motifs, again.motifs)
    page = write_comparison(found, runs, tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        ".combmotif", "summary.tsv", "motifs.tsv", "overlaps.tsv", "matches.tsv", "consensus.tsv", "families.svg",
        "clusters.svg", "compare.html",
    }  # fmt: skip
    text = page.read_text()
    assert "one &amp; other" in text
    assert text.count("<svg") == 2 + 4  # two drawings; a logo per cluster and run
    assert "2 of 3" in text
    assert "<td class=n>whole model</td>" in text  # the motifs of TF-MoDISco are of the output
    assert re.search(r"<br>conv:0, AUC [01]\.\d\d(, 2 motifs)?</td>", text)
    assert "<br>whole model</td>" in text
    assert "AUC -" not in text


def test_of_four_runs_and_no_model_a_chart_is_drawn_and_nothing_empty_shown(tmp_path):
    words = (["UGUAAAUA"], ["UGUAAAUA", "AUGGCC"], ["AUGGCC"], ["GCGGCCGC"])
    folders = [run_folder(tmp_path / name, some) for name, some in zip("abcd", words, strict=True)]
    (folders[3] / "neurons.tsv").write_text("neuron\nconv:0\nconv:1\n")
    runs = read_runs(folders)
    assert [run.neurons for run in runs] == [1, 1, 1, 2]
    found = compare_runs(runs, [load_database("builtin")])
    assert found.overlaps[found.overlaps["kind"] == "cluster"][["runs", "size"]].to_numpy().tolist() == [
        ["a & b", 1], ["b & c", 1], ["d", 1],
    ]  # fmt: skip
    text = write_comparison(found, runs, tmp_path / "out").read_text()
    chart = (tmp_path / "out" / "clusters.svg").read_text()
    assert "<title>Different motifs, matched or not: d: 1, a &amp; b: 1, b &amp; c: 1</title>" in chart
    assert chart.count("<circle") == 4 * 3
    assert "Nothing was measured on the models (draws: 0)." in text
    assert "Excite their neuron</th>" not in text
    assert "AUC" not in text.partition("How to read this")[0]


def test_folders_that_cannot_be_compared(tmp_path):
    first = run_folder(tmp_path / "a" / "run", ["UGUA"])
    second = run_folder(tmp_path / "b" / "run", ["UGUA"], method="modisco")
    assert [run.label for run in read_runs([first, second])] == ["run seqlets", "run modisco"]
    with pytest.raises(ValueError, match="two are called 'run seqlets'; name them"):
        read_runs([first, first])
    with pytest.raises(ValueError, match="expected at least two to compare, got 1"):
        read_runs([first])
    with pytest.raises(FileNotFoundError, match="expected a run folder"):
        read_runs([first, tmp_path / "none"])
    (second / "motifs" / "modisco.tsv").unlink()
    with pytest.raises(ValueError, match="expected motifs .* found none"):
        read_runs([first, second])
    (first / "motifs" / "seqlets.meme").unlink()
    with pytest.raises(FileNotFoundError, match="the matrices of seqlets.tsv are not there"):
        read_runs([first, second])


def test_drawings_hold_the_numbers():
    sets = [{1, 2, 3, 4}, {3, 4, 5}, {4, 9}]
    held = regions(sets)
    assert {group: len(members) for group, members in held.items()} == {
        (0,): 2, (1,): 1, (2,): 1, (0, 1): 1, (0, 2): 0, (1, 2): 0, (0, 1, 2): 1,
    }  # fmt: skip
    venn = venn_svg(sets, ["a", "b", "c & d"], title="t")
    ElementTree.fromstring(venn)
    numbers = re.findall(r'font-size="17"[^>]*>(\d+)<', venn)
    assert sorted(numbers) == ["0", "0", "1", "1", "1", "1", "2"]
    assert "c &amp; d (2)" in venn
    upset = upset_svg([*sets, {7}], list("abcd"), title="t")
    tree = ElementTree.fromstring(upset)
    bars = [e for e in tree.iter() if e.tag.endswith("rect") and e.get("width") == "18"]
    assert len(bars) == 6  # combinations that hold anything
    assert sets_svg(sets, list("abc"), title="t").count("<circle") == 3
    with pytest.raises(ValueError, match="draw more with upset_svg"):
        venn_svg([set()] * 4, list("abcd"), title="t")


def test_a_config_of_one_run_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("runs: {one: a}\n")
    with pytest.raises(
        ValueError, match=r"runs: expected at least 2 entries \(name of each run.*\), found 1 \(\{'one'"
    ):
        load_compare_config(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("runs: {one: a, two: b}\ndatabases: []\n")
    with pytest.raises(ValueError, match=r"databases: expected at least 1 entry \(builtin.*\), found 0"):
        load_compare_config(tmp_path / "c.yaml")


def test_the_config_names_runs_or_their_configs(tmp_path, repository):
    config = load_compare_config(repository / "configs" / "compare_methods.yaml")
    assert list(config.runs) == ["demixing", "windows", "modisco"]
    for path in config.runs.values():
        assert load_config(path).match is not None
    path = tmp_path / "c.yaml"
    path.write_text("runs: {a: x.yaml, b: y.yaml}\n")
    with pytest.raises(FileNotFoundError, match=r"runs.a: found no 'x.yaml'"):
        load_compare_config(path)
    path.write_text("runs: {a: x.yaml}\ndrawz: 3\n")
    with pytest.raises(ValueError, match="drawz.*did you mean 'draws'"):
        load_compare_config(path)
