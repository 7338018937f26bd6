"""What shared elements do to the prediction over many models: planted effects come back with mean and spread."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from combmotif.comparison import compare_runs, read_runs, write_comparison
from combmotif.config.comparing import load_compare_config
from combmotif.motifs import Motif, MotifSet, load_database, word_ppm, write_meme


def run_folder(folder, words, effects, clamps):
    """A run of one neuron a motif; every motif has an effect, and so has its neuron."""
    motifs = [Motif(f"c:{i}.m1", 100 * word_ppm(w), 100, layer="c", neuron=i) for i, w in enumerate(words)]
    (folder / "motifs").mkdir(parents=True)
    write_meme(MotifSet(tuple(motifs), "neuronmotif"), folder / "motifs" / "neuronmotif.meme")
    rows = [
        {"motif": m.id, "layer": m.layer, "channel": m.neuron, "sites": 100, "consensus": m.consensus(),
         "information": m.information.sum(), "purity": 1} for m in motifs
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "motifs" / "neuronmotif.tsv", sep="\t", index=False)
    rows = [
        {"motif": m.id, "output": "y", "inserted": "draws", "background": background, "effect": effect + shift}
        for m, effect in zip(motifs, effects, strict=True)
        for background, shift in (("all", 0), ("with X", 9))
    ]
    pd.DataFrame(rows).to_csv(folder / "motif_effects.tsv", sep="\t", index=False)
    rows = [
        {"neuron": f"c:{i}", "outcome": "prediction:y", "threshold": level, "clamp_effect": clamp * level, "effect": 1}
        for level in (0.5, 0.7)
        for i, clamp in enumerate(clamps)
    ]
    pd.DataFrame(rows).to_csv(folder / "contribution.tsv", sep="\t", index=False)
    (folder / "run.json").write_text(json.dumps({"config": {}, "model": {"name": "net"}}))
    return folder


def test_shared_elements_have_the_mean_and_spread_of_their_effects(tmp_path):
    pum, other, alone = "UGUAAAUA", "GCGGCCGC", "CACACUCAC"
    folders = [
        run_folder(tmp_path / "f0", [pum, other], [-1.0, 0.5], [2, 4]),
        run_folder(tmp_path / "f1", [other, pum, pum], [0.1, -2.0, -4.0], [4, 1, 3]),  # other channels, one twice
        run_folder(tmp_path / "f2", [pum, other, alone], [-1.5, -0.3, 7.0], [3, 4, 0]),
    ]
    runs = read_runs(folders)
    found = compare_runs(runs, [load_database("builtin")])
    table = found.consensus.set_index(["kind", "element", "measure"])

    of_pum = table.loc[("family", "PUM", "motif: draws")]
    by_run = [-1.0, -3.0, -1.5]
    assert (of_pum.output, of_pum.runs, of_pum.found, of_pum.compared, of_pum.motifs) == ("y", 3, 3, 3, 4)
    assert of_pum.effect == pytest.approx(np.mean(by_run))
    assert of_pum.sd == pytest.approx(np.std(by_run, ddof=1))
    assert (of_pum.lowest, of_pum.highest, of_pum.same_sign) == (-3, -1, 1)
    test = ttest_1samp(by_run, 0)
    assert of_pum.p_value == pytest.approx(test.pvalue)
    np.testing.assert_allclose([of_pum.ci_low, of_pum.ci_high], test.confidence_interval())
    assert table.loc[("family", "PUM", "neuron: clamped")].effect == pytest.approx(0.5 * 7 / 3)  # 2, (1 + 3) / 2, 3

    clusters = found.consensus[found.consensus.kind == "cluster"]
    mixed = clusters[(clusters.consensus == other) & (clusters.measure == "motif: draws")].iloc[0]
    assert mixed.effect == pytest.approx(0.1)
    assert mixed.family == ""
    assert set(clusters[clusters.consensus == pum].family) == {"PUM"}
    assert mixed.same_sign == pytest.approx(2 / 3)
    same = clusters[(clusters.consensus == other) & (clusters.measure == "neuron: clamped")].iloc[0]
    assert (same.effect, same.sd) == (2, 0)
    assert np.isnan(same.p_value)  # no spread, no test
    single = clusters[(clusters.consensus == alone) & (clusters.measure == "motif: draws")].iloc[0]
    assert (single.runs, single.found, single.effect) == (1, 1, 7)
    assert np.isnan([single.sd, single.ci_low, single.p_value, single.q_value]).all()

    text = write_comparison(found, runs, tmp_path / "out").read_text()
    assert "What shared elements do to the prediction" in text
    assert (tmp_path / "out" / "consensus.tsv").is_file()


@pytest.mark.slow
def test_fifty_models_are_compared_as_fast_as_a_few(tmp_path):
    words = ["UGUAAAUA", "AUUUAUUUA", "GCGGCCGC"]
    folders = [
        run_folder(tmp_path / f"f{i:02d}", words[i % 3 :], [1.0] * (3 - i % 3), [1] * (3 - i % 3)) for i in range(50)
    ]
    runs = read_runs(folders)
    found = compare_runs(runs, [load_database("builtin")])
    sizes = found.overlaps[found.overlaps.kind == "cluster"]
    assert sizes["size"].sum() == found.motifs.cluster.nunique() == 3
    assert sizes.iloc[0].runs.count(" & ") == 49  # all have the last
    whole = found.consensus[found.consensus.measure == "motif: draws"]
    assert whole.runs.max() == 50
    page = write_comparison(found, runs, tmp_path / "out").read_text()
    assert "<td>17 of 50</td>" in page  # PUM
    assert "+1 &plusmn; 0<br>17 of 17 agree" in page
    assert page.count("<th") < 50  # runs are rows
    assert page.count("<svg") == 3  # one logo a cluster


def suite(folder, text):
    (folder / "s.yaml").write_text(text)
    return load_compare_config(folder / "s.yaml")


def test_a_suite_names_its_runs_by_what_their_paths_have_of_their_own(tmp_path):
    for fold in ("f0_c0", "f0_c1", "f1_c0"):
        (tmp_path / "train" / fold / "train").mkdir(parents=True)
        (tmp_path / "train" / fold / "train" / "model0_best.h5").write_text("")
    (tmp_path / "base.yaml").write_text("")
    found = suite(tmp_path, "suite: {config: base.yaml, over: train/*/train/model0_best.h5}")
    assert found.suite.values == {
        fold: str(tmp_path / "train" / fold / "train" / "model0_best.h5") for fold in ("f0_c0", "f0_c1", "f1_c0")
    }
    found = suite(tmp_path, "suite: {config: base.yaml, vary: seed, over: ['1', '2']}")
    assert found.suite.values == {"1": "1", "2": "2"}
    with pytest.raises(FileNotFoundError, match=r"suite.over: expected two or more files of the pattern 'x/\*.h5' in"):
        suite(tmp_path, "suite: {config: base.yaml, over: x/*.h5}")
    with pytest.raises(FileNotFoundError, match="suite.config: found no 'none.yaml'"):
        suite(tmp_path, "suite: {config: none.yaml, over: train/*/train/model0_best.h5}")
    with pytest.raises(ValueError, match="suite.over: expected values with names of their own, found 'a' twice"):
        suite(tmp_path, "suite: {config: base.yaml, vary: seed, over: [a, a]}")
    with pytest.raises(ValueError, match="runs and suite both have a run '1'"):
        suite(tmp_path, "runs: {'1': train}\nsuite: {config: base.yaml, vary: seed, over: ['1', '2']}")
