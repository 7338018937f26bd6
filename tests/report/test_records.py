"""What the page of a neuron is drawn from: complete, and right where the answer is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.report import render
from combmotif.report.encode import DIGITS, compact, embedded_file, encode_matrix
from combmotif.report.folder import read_run
from combmotif.report.records import distribution
from combmotif.report.sections.activations import histograms
from combmotif.report.sections.behind import sequences_behind
from combmotif.report.summary import main_findings
from combmotif.sampling.samples import Samples


def records(folder: Path) -> dict[str, dict]:
    text = render(folder)
    found = [json.loads(part) for part in re.findall(r'id="n\d+">(.*?)</script>', text)]
    return {record["name"]: record for record in found}


def test_a_neuron_brings_everything_its_page_shows(run_folder: Path) -> None:
    found = records(run_folder)
    neuron = found["conv3:1"]
    assert neuron["sentence"] == (
        "conv3:1 looks at 24 nt at a time and answers most strongly to UGUAAAUA (conv3:1.m1), which resembles PUM2 "
        "(q 1.0e−6). Where it is active, the prediction is higher by 0.817."
    ).replace("the prediction", "the predicted mrl")
    assert [m["id"] for m in neuron["motifs"]] == ["conv3:1.m1"]
    match = neuron["motifs"][0]["matches"][0]
    assert (match["n"], match["off"], match["k"]) == ("PUM2", 0, "RNA-binding protein")
    assert [e["outcome"] for e in neuron["effects"]] == ["predicted mrl", "measured rl"]
    assert len(neuron["sites"]) == 6
    assert found["conv3:7"]["sentence"] == "conv3:7 looks at 24 nt at a time; no motif was found for it."


def test_tree_and_syntax_are_told(run_folder: Path) -> None:
    nodes = {"layer": "conv3", "neuron": ["conv3:1", "conv3:1", "conv3:1", "conv3:2"], "node": ["0", "0.0", "0.1", "0"],
             "parent": ["", "0", "0", ""], "feature_layer": ["", "conv2", "conv2", ""], "sites": [90, 60, 30, 5],
             "max_activation": 3.5, "consensus_activation": 3.0, "purity": 0.9, "information": 9.0,
             "consensus": "UGUA", "motif": ["", "conv3:1.m1", "", "conv3:2.m1"]}  # fmt: skip
    pd.DataFrame(nodes).to_csv(run_folder / "motifs" / "tree.tsv", sep="\t", index=False)
    syntax = {"layer": ["conv3"], "neuron": ["conv3:1"], "motif": "conv3:1.m1", "part_a": "UGU", "part_b": "AUA",
              "start_a": 0, "start_b": 6, "kind": "range", "spacing_min": 3, "spacing_max": 4, "spacing_mode": 3,
              "sequences": 200, "distribution": "3:120;4:80"}  # fmt: skip
    pd.DataFrame(syntax).to_csv(run_folder / "motifs" / "syntax.tsv", sep="\t", index=False)
    found = records(run_folder)
    assert [node["node"] for node in found["conv3:1"]["tree"]] == ["0", "0.0", "0.1"]
    assert len(found["conv3:2"]["tree"]) == 1
    assert found["conv3:1"]["syntax"][0]["distribution"] == [[3, 120], [4, 80]]
    assert "motifs/tree.tsv has no column" not in render(run_folder)
    assert distribution("3:120;4:80;x;5:") == [(3, 120), (4, 80)]


def test_every_threshold_is_told_and_the_asked_one_is_shown(run_folder: Path) -> None:
    path = run_folder / "contribution.tsv"
    table = pd.read_csv(path, sep="\t")
    pd.concat([table.assign(threshold=t) for t in (0.5, 0.7, 0.9)]).to_csv(path, sep="\t", index=False)
    effects = records(run_folder)["conv3:1"]["effects"]
    assert [(e["outcome"], e["threshold"], e["shown"]) for e in effects] == [
        (outcome, t, t == 0.7) for outcome in ("predicted mrl", "measured rl") for t in (0.5, 0.7, 0.9)
    ]


def test_motifs_of_another_method_need_no_neuron(run_folder: Path) -> None:
    (run_folder / "motifs" / "modisco.tsv").write_text(
        "motif\tlayer\tneuron\tconsensus\tsites\tinformation\tpurity\tmax_activation\n"
        "pos.1\t\t\tUGUANAUA\t120\t9.5\t\t\nseed.1\tconv3\t1\tUGUA\t80\t7\t\t\n"
    )
    found = records(run_folder)
    assert [m["id"] for m in found["modisco"]["motifs"]] == ["pos.1"]
    assert found["conv3:1"]["motifs"][-1]["method"] == "modisco"
    text = render(run_folder)
    assert "no column" not in text
    assert '"owners":{"pos.1":"modisco","seed.1":"conv3:1"}' in text


def test_histogram_counts_every_sequence(tmp_path: Path) -> None:
    values = np.linspace(-1, 9, 200)
    pd.DataFrame({"sequence": "s", "conv3:1": values, "conv3:2": np.nan}).to_csv(tmp_path / "a.tsv", sep="\t")
    found = histograms(tmp_path / "a.tsv", ["conv3:1", "conv3:2", "conv3:3"], {"conv3:1": 9.0}, 0.7, {"conv3:1": -1.0})
    assert list(found) == ["conv3:1"]
    assert found["conv3:1"].mark == pytest.approx(6.0)
    assert found["conv3:1"].counts == (5,) * 40
    assert histograms(tmp_path / "none.tsv", ["conv3:1"], {}, 0.7, {}) == {}


def test_sequences_behind_a_motif_are_shared_out_and_aligned(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4, (40, 12)).astype(np.uint8)
    words = np.array([[3, 2, 3, 0, 0], [1, 1, 1, 1, 1]])
    codes[:30, 4:9] = words[0]
    codes[30:, 2:7] = words[1]
    Samples("conv3", 1, codes, np.linspace(4, 1, 40, dtype=np.float32), "evolve").save(tmp_path / "1.npz")
    motifs = [
        Motif(id=f"m{k}", pfm=np.eye(4)[word] * 50, sites=50, start=start, offsets=(0, 1))
        for k, (word, start) in enumerate(zip(words, (3, 2), strict=True))
    ]
    found = sequences_behind(tmp_path / "1.npz", motifs, alphabet="rna")
    assert [found[m.id].fitting for m in motifs] == [30, 10]
    activation, before, inside, after = found["m0"].rows[0]
    assert (activation, inside, len(before), len(after)) == (4.0, "UGUAA", 4, 3)
    assert sequences_behind(tmp_path / "none.npz", motifs, alphabet="rna") == {}
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    assert sequences_behind(tmp_path / "bad.npz", motifs, alphabet="rna") == {}


def test_matrices_survive_their_short_writing() -> None:
    ppm = np.random.default_rng(0).dirichlet(np.ones(4), 17)
    word = encode_matrix(ppm)
    assert len(word) == 17 * 8
    digits = np.array([DIGITS.tolist().index(letter) for letter in word]).reshape(-1, 4, 2)  # two of base 64 a number
    np.testing.assert_allclose(digits @ [64, 1] / 4095, ppm, atol=0.5 / 4095)


def test_numbers_and_files_are_made_short() -> None:
    assert compact({"a": [1.23456789, 2.0, float("nan"), True, "x", None], "b": np.float64(1e-12)}) == {
        "a": [1.2346, 2, None, True, "x", None], "b": 1e-12
    }  # fmt: skip
    assert embedded_file(b"a\tb\n") == "a\tb\n"
    long = embedded_file(b"a\tb\n" * 20000)
    assert isinstance(long, dict)
    assert embedded_file(b"a\tb\n" * 20000) == long


def test_contributions_are_those_of_the_columns_that_were_kept(run_folder: Path) -> None:
    rng = np.random.default_rng(5)
    letters = np.eye(4)[rng.integers(0, 4, 30)] * 0.9 + 0.025
    scores = letters * rng.normal(size=(30, 1))
    motif = Motif(id="neg.1", pfm=letters[11:19] * 80, sites=80, method="modisco")
    path = run_folder / "motifs" / "modisco.h5"
    save_motifs(MotifSet((motif,), "modisco"), path)
    with h5py.File(path, "a") as file:
        del file.attrs["contrib_scores_are"]
        group = file["pos_patterns/pattern_0"]
        for name, values in (("sequence", letters), ("contrib_scores", scores)):
            del group[name]
            group[name] = values
    run = read_run(run_folder)
    assert list(run.scores) == ["neg.1"]
    np.testing.assert_allclose(run.scores["neg.1"], scores[11:19])
    assert '<option value="contribution">' in render(run_folder)


def test_triples_are_told_with_their_pairs(run_folder: Path) -> None:
    row = pd.read_csv(run_folder / "interactions.tsv", sep="\t").iloc[0]
    triple = {"triple": "x", "motif_a": row["motif_a"], "motif_b": row["motif_b"], "motif_c": "AUG", "name_a": "A",
              "name_b": "B", "name_c": "AUG", "sequences": 50, "joint": -2.0, "epistasis3": 0.4,
              "epistasis3_ci_low": 0.2, "epistasis3_ci_high": 0.6, "q_value": 0.01, "class": "less-than-pairs",
              "reason": "why"}  # fmt: skip
    pd.DataFrame([triple]).to_csv(run_folder / "interaction_triples.tsv", sep="\t", index=False)
    text = render(run_folder)
    assert "Three motifs at once" in text
    told = [json.loads(part)["triples"] for part in re.findall(r'id="p\d+">(.*?)</script>', text)]
    assert len(told[0]) == 1
    assert told[0][0].endswith(
        "AUG: less-than-pairs, e3 = +0.400 [0.200, 0.600] (q = 0.010). The three do less than their pairs explain."
    )
    assert told[1:] == [[]] * 5


def test_motifs_that_do_not_come_again_stand_apart_and_faithfulness_is_said(run_folder: Path) -> None:
    path = run_folder / "motifs" / "neuronmotif.tsv"
    motifs = pd.read_csv(path, sep="\t")
    of_two = motifs[motifs.channel == 2]
    assert len(of_two) == 2
    motifs["reproducibility"], motifs["explained"] = 0.97, 0.6
    lost = motifs.motif == of_two.motif.iloc[1]
    motifs.loc[lost, "reproducibility"] = 0.41
    motifs["reproduced"] = ~lost
    motifs.to_csv(path, sep="\t", index=False)
    neurons = pd.read_csv(run_folder / "neurons.tsv", sep="\t")
    neurons = neurons.assign(
        auroc=0.93, r2=0.6, r2_shuffled=0.26, r2_windows=0.86, kept=0.59, kept_random=0.15, nucleotides=0.28
    )
    neurons.to_csv(run_folder / "neurons.tsv", sep="\t", index=False)
    found = records(run_folder)["conv3:2"]
    assert [m["id"] for m in found["motifs"]] == [of_two.motif.iloc[0]]
    assert (found["motifs"][0]["again"], found["motifs"][0]["explained"]) == (0.97, 0.6)
    assert [(m["id"], m["again"]) for m in found["apart"]] == [(of_two.motif.iloc[1], 0.41)]
    assert found["faithful"] == (
        "On windows of held-out sequences its motifs predict 60 % of the variance of its activation (shuffled motifs "
        "26 %, all bases of the window 86 %); what they do not explain lies in other bases and combinations, 26 % at "
        "least. The 1 % that excite it most keep 59 % of their activation by the motifs' nucleotides alone, 28 % of "
        "all, and 15 % by as many others."
    )
    assert records(run_folder)["conv3:7"]["faithful"] == ""  # it has no motif
    said = next(f for f in main_findings(run_folder) if f.key == "motifs")
    assert said.value == f"{len(motifs) - 1} motifs in 7 neurons"
    assert "1 other was not reproduced in the other half of the samples." in said.sentence
    median = (
        "In the median they are reproduced with a similarity of 0.970 and predict 60 % of the variance of a neuron's"
    )
    assert median in said.sentence
