"""Every step of a run from Python, on nets whose right answer is known, and the same as in a run."""

import logging
import sys
import types

import numpy as np
import pandas as pd
import pytest
import torch
from toy_models import KmerOutput, KmerSum

import combmotif as cm
from combmotif.api.progress import shown_progress

BACKGROUND = {"kind": "random", "count": 120, "length": 40}
FEW = {"backgrounds": 60, "controls": 0, "scrambles": 2}
KERAS_NETWORK = type("Functional", (torch.nn.Module,), {"__module__": "keras.src.models.functional"})
TEXTS = ["ACGUAUGCC", "ACGUAUCCC", "AUGUAUCCC"]


@pytest.fixture(scope="module")
def net():
    """Predicts 2 for AUG, and 3 more where a UAA stands beside it; UGU does nothing."""
    return KmerOutput(["AUG", "UAA", "UGU"], lambda x: 2 * x[:, 0] + 3 * x[:, 0] * x[:, 1]).train()


@pytest.fixture(scope="module")
def random_codes():
    return np.random.default_rng(5).integers(0, 4, (120, 40)).astype(np.uint8)


@pytest.mark.slow
def test_sample_and_demix_find_the_planted_kmer_as_a_run_does():
    torch.manual_seed(0)
    reader = KmerSum(["UGUA", "GGAC"], [{(0, 0): 1.0}, {(1, 0): 1.0}])
    sampled = cm.sample(reader, "conv2", 0, keep=600)
    assert len(sampled) == len(sampled.table) == len(sampled.codes)
    assert "UGUA" in sampled.table["window"].iloc[0]
    assert cm.sample(reader, "conv2:0", keep=600).table.equals(sampled.table)
    found = cm.demix(reader, sampled)
    assert found.motifs[0].consensus().strip("N") == "UGUA"
    run = cm.interpret(
        reader, ["ACGU" * 10] * 8, layer="conv2", neurons=0, sample={"keep": 600}, contribution=False, effects=False,
        match=False,
    )  # fmt: skip
    own = found.table.drop(columns="reproduced")
    shared = [name for name in own if name in run.table]
    pd.testing.assert_frame_equal(own[shared].reset_index(drop=True), run.table[shared], check_dtype=False, rtol=1e-5)
    assert "conv2:0.m1" in found._repr_html_()
    assert found.plot().svg.count("<use") > 0


def test_sample_takes_the_windows_of_sequences_where_these_are_given(net):
    found = cm.sample(net, "conv", 0, ["CCCAUGCCC" * 3, "CCCCCCCCC" * 3])
    assert found.table["window"].iloc[0] == "AUG"
    assert set(found.table["window"]) <= {"AUG", "CAU", "CCA", "UGC", "GCC", "CCC"}


def test_match_names_matrices_and_words():
    ppm = np.full((8, 4), 0.02)
    ppm[np.arange(8), [3, 2, 3, 0, 0, 0, 3, 0]] = 0.94
    for given in ([ppm], ppm.T, "UGUAAAUA"):
        best = cm.match(given, ["builtin"]).table.iloc[0]
        assert (best["name"], best["relation"]) == ("PUM1/PUM2 (Pumilio)", "is")
    assert not (cm.match(ppm, kinds=["rbp"]).table["kind"] != "rbp").any()
    with pytest.warns(UserWarning, match="fewer than 20"):
        assert cm.match(ppm, {"mine": ppm}).table["target"].tolist() == ["mine"]


def test_attribute_follows_the_planted_kmer(net):
    found = cm.attribute(net, ["CCCAUGCCCUGUCCC"], method="mutagenesis")
    own = found.table.set_index("position")["contribution"]
    assert (own[3:6] > 0.5).all()
    assert np.allclose(own.drop([3, 4, 5]), 0)
    assert "".join(found.table["base"]) == "CCCAUGCCCUGUCCC"
    assert cm.attribute(net, ["CCCAUGCCCUGUCCC"], 0, method="mutagenesis").table.equals(found.table)


def test_attribute_needs_only_what_the_core_installs(net, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    found = cm.attribute(net, ["CCCAUGCCCUGUCCC"], baselines=2, tolerance=1)
    assert found.method == "integrated_gradients"
    assert np.isfinite(found.table["contribution"]).all()


def test_marginalize_measures_what_a_kmer_does_in_either_order(net):
    found = cm.marginalize(net, BACKGROUND, ["AUG", "UGU"], backgrounds=60, without=[])
    told = found.table[found.table["inserted"] == "best k-mer"].set_index("motif")
    assert told.loc["AUG", "class"] == "positive"
    assert 1.5 < told.loc["AUG", "effect"] < 3
    assert told.loc["UGU", "class"] in ("neutral", "no effect detected")
    assert len(found.positions)
    other = cm.marginalize(net, "AUG", BACKGROUND, backgrounds=60, without=[])
    assert cm.marginalize(net, BACKGROUND, "AUG", backgrounds=60, without=[]).table.equals(other.table)


@pytest.mark.slow
def test_epistasis_is_that_of_the_net(net, random_codes):
    found = cm.epistasis(net, random_codes, "AUG", "UAA", **FEW)
    assert 2.5 < found.table["inserted_epistasis"].iloc[0] < 3.01
    assert found.table["inserted_class"].iloc[0] == "super-additive"
    ruled = cm.epistasis(net, random_codes, "AUG", "UAA", order="ab", frame=0, **FEW)
    assert "A first, in frame" in ruled.title
    both = cm.epistasis(net, random_codes, [("AUG", "UAA"), ("AUG", "UGU")], **FEW)
    assert both.table["pair"].tolist() == ["AUG x UAA", "AUG x UGU"]
    assert abs(both.table["inserted_epistasis"].iloc[1]) < 0.5
    open_base = cm.epistasis(net, random_codes, "CAUGNA", "UAA", **FEW)
    assert open_base.table["inserted_backgrounds"].iloc[0] == 60
    with pytest.raises(ValueError, match="b: expected a second motif"):
        cm.epistasis(net, random_codes, "AUG")


@pytest.mark.slow
def test_effects_of_neurons_are_the_contribution_of_a_run(net, random_codes):
    found = cm.effects(net, random_codes, "conv", [0, 2], seed=3)
    run = cm.interpret(
        net, random_codes, layer="conv", neurons=[0, 2], seed=3, match=False, effects=False,
        sample={"keep": 40},
    )  # fmt: skip
    shared = [name for name in found.table if name != "sampled_maximum" and name in run.contribution]
    assert found.table.drop(columns=shared).drop(columns="sampled_maximum", errors="ignore").isna().all(axis=None)
    pd.testing.assert_frame_equal(
        found.table[shared], run.contribution[shared], check_dtype=False, rtol=1e-4, atol=1e-6
    )  # fmt: skip
    assert found.table["class"].tolist()[0] == "positive"


def test_effects_of_motifs_are_marginal_effects(net):
    few = {"backgrounds": 60, "without": []}
    for given in ("AUG", ["AUG", "UGU"], np.eye(4)[[0, 3, 2]]):
        found = cm.effects(net, BACKGROUND, given, **few)
        assert found.table.equals(cm.marginalize(net, BACKGROUND, given, output=0, **few).table)
    with pytest.raises(ValueError, match=r"neuron: expected one beside the layer, such as \('conv', 7\)"):
        cm.effects(net, BACKGROUND, "conv")


def test_scan_lists_words_and_matrices():
    found = cm.scan(["GGAUGCC", "AUGAUG"], "AUG").table
    assert found[["sequence", "start", "end"]].values.tolist() == [
        ["sequence1", 2, 5], ["sequence2", 0, 3], ["sequence2", 3, 6],
    ]  # fmt: skip
    matrix = np.eye(4)[[3, 2, 3, 0, 0, 3, 0]]
    assert cm.scan(["CCUGUAAUACC", "CCUGUACCACC"], matrix, p_value=1e-3).table["start"].tolist() == [2]


def test_evaluate_correlates(net):
    sequences = ["CCAUGCCCC", "CCCCCCCCC", "AUGCCCUAA"]
    found = cm.evaluate(net, sequences, [4.0, 0.0, 10.0])
    assert found.pearson == pytest.approx(1.0)
    assert found.table["predicted"].tolist() == [2.0, 0.0, 5.0]
    labelled = cm.SequenceSet.from_strings(sequences, labels={"y": [4.0, 0.0, 10.0]})
    assert cm.evaluate(net, labelled).squared_correlation == found.squared_correlation
    with pytest.raises(ValueError, match="values: expected 3, one per sequence, found 2"):
        cm.evaluate(net, sequences, [1.0, 2.0])


def test_results_print_show_and_complete(net, tmp_path):
    found = cm.evaluate(net, ["CCAUGCCCC", "CCCCCCCCC", "AUGCCCUAA"], [4.0, 0.0, 10.0])
    assert "Pearson 1.000" in repr(found).splitlines()[0]
    assert "sequence3" in repr(found)
    assert {"table", "plot", "pearson", "spearman"} <= set(dir(found))
    assert "<svg" in found._repr_html_()
    assert found.plot().save(tmp_path / "a.svg").read_text().startswith("<svg xmlns")
    with pytest.raises(ValueError, match="the name of an .svg file"):
        found.plot().save(tmp_path / "a.png")
    with pytest.raises(AttributeError, match="the result has no 'nope'; it has table, plot, data and n, pearson"):
        _ = found.nope
    none = cm.scan(["CCCC"], "AUG")
    assert "(nothing found)" in repr(none)
    assert none._repr_html_()
    long = cm.scan(["AUG" * 30], "AUG")
    assert "(10 more rows in .table)" in repr(long)


def test_the_package_names_what_it_offers():
    steps = {"sample", "demix", "match", "attribute", "marginalize", "epistasis", "scan", "effects", "evaluate", "logo"}
    assert steps <= set(dir(cm))
    assert all(callable(getattr(cm, name)) for name in steps)
    assert [name for name in dir(cm) if name.startswith("_")] == ["__version__"]
    assert set(cm.__all__) == set(dir(cm))
    with pytest.raises(AttributeError, match="module 'combmotif' has no attribute 'nope'"):
        _ = cm.nope


def test_progress_is_logged_and_drawn_in_a_notebook(monkeypatch, caplog):
    drawn = []

    class ZMQInteractiveShell:
        pass

    handle = types.SimpleNamespace(update=drawn.append)
    shown = types.SimpleNamespace(HTML=str, display=lambda bar, display_id: drawn.append(bar) or handle)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=ZMQInteractiveShell, display=shown))
    with caplog.at_level(logging.INFO, "combmotif"), shown_progress() as told:
        told("samples", 0, 2)
        told("motifs", 1, 4)
    assert drawn[0] == "<progress value='0' max='2'></progress> samples: 0 of 2"
    assert drawn[-1] == ""
    assert [record.getMessage()[:14] for record in caplog.records] == [
        "samples: begun", "samples: done,", "motifs: begun", "motifs: done, ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda net: cm.marginalize(net, TEXTS, []), "motifs: expected at least one, found none"),
        (lambda net: cm.scan(TEXTS, []), "motifs: expected at least one, found none"),
        (lambda net: cm.epistasis(net, TEXTS, []), "b: expected a second motif, or a list of pairs"),
        (lambda net: cm.epistasis(net, TEXTS, ["AUG", "UAA"]), "a: expected pairs of two motifs each.* found 'AUG'"),
        (lambda net: cm.epistasis(net, TEXTS, "AUG", 3), "b: expected motifs, matrices or IUPAC words, found int"),
        (lambda net: cm.epistasis(net, TEXTS, ["AUG", "UGU"], "UAA"), "a: expected one motif, found 2"),
        (lambda net: cm.epistasis(net, TEXTS, "AUX", "UAA"), "a: expected IUPAC letters or a motif file, found 'AUX'"),
        (lambda net: cm.epistasis(net, TEXTS, "AUG", "UAA", spacing=3), "expected whole numbers of nt.* found 3"),
        (lambda net: cm.epistasis(net, TEXTS, "AUG", "UAA", spacing=("a", None)), "expected whole numbers of nt"),
        (lambda net: cm.epistasis(net, TEXTS, "AUG", "UAA", distance=-1), "0 or more, .* and -1 as distance"),
        (lambda net: cm.evaluate(net, TEXTS, 5), r"values: expected 3, one per sequence, found an array of shape \(\)"),
        (lambda net: cm.evaluate(net, TEXTS, [[1], [2], [3]]), r"found an array of shape \(3, 1\)"),
        (lambda net: cm.evaluate(net, TEXTS, ["1,5"] * 3), "values: expected numbers"),
        (lambda net: cm.evaluate(net, TEXTS, [1, 2, 3], output=None), "output: the model has 1 outputs"),
        (lambda net: cm.sample(net, "one:0", keep=0), "keep: expected a whole number of at least 1, found 0"),
        (lambda net: cm.sample(net, "one:0", keep="5"), "keep: expected a whole number of at least 1, found '5'"),
        (lambda net: cm.sample(net, "one:0", population=0), "population: expected a whole number of at least 1"),
        (lambda net: cm.sample(net, "one:0", seed=None), "seed: expected a whole number of at least 0, found None"),
        (lambda net: cm.sample(net.state_dict(), "one:0"), "model: expected a torch.nn.Module, found weights alone"),
        (lambda _: cm.match("UGUA", None), "databases: expected motifs, .* found NoneType"),
        (lambda _: cm.match("UGUA", q="0.1"), "q: expected a number, found '0.1'"),
        (lambda _: cm.match("UGUA", species="klingon"), "species: builtin does not say of which species"),
        (lambda net: cm.attribute(net, TEXTS, method="mutagenesis").plot(rows=0), "rows: expected a whole number of"),
        (lambda _: cm.sample(KERAS_NETWORK(), "one:0"), "found Functional; save it, model.save"),
        (lambda _: cm.match("UGUA", top=0), "top: expected a whole number of at least 1, found 0"),
        (lambda _: cm.match("UGUA", alphabet="protein"), "alphabet: expected rna or dna, found 'protein'"),
        (lambda _: cm.logo("UGUA", alphabet="RNA"), "alphabet: expected rna or dna, found 'RNA'"),
        (lambda _: cm.scan(TEXTS, "UGU", p_value="a"), "p_value: expected a number, found 'a'"),
        (lambda _: cm.scan(TEXTS, np.eye(4), background="x"), "background: expected 4 frequencies"),
        (lambda _: cm.open_run(None), "folder: expected the path of a run folder, found None"),
        (lambda net: cm.interpret(net, TEXTS, labels=[1, 2, 3]), "labels: expected lists of values by name"),
        (lambda net: cm.interpret(net, TEXTS, workers=0), "workers: expected a whole number of at least 1, found 0"),
        (lambda net: cm.interpret(net, TEXTS, progress=5), "progress: expected a function"),
        (lambda net: cm.interpret(net, TEXTS, alphabet="protein"), "alphabet: expected rna or dna"),
        (lambda net: cm.interpret(net, TEXTS, length="9"), "length: expected a whole number of nt, found '9'"),
        (lambda net: cm.interpret(net, TEXTS, inputs=[2]), "inputs: expected values by name"),
    ],
)
def test_what_is_asked_wrongly_is_told(net, step, message):
    with pytest.raises(ValueError, match=message):
        step(net)
