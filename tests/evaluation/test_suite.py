"""A suite as a whole: the same files from any number of workers, networks of any kind, and what is skipped."""

import importlib.util
import json

import numpy as np
import pytest

from combmotif.cli.benchmark import tell_scores
from combmotif.config.evaluation import SuiteConfig, parse_model, resolve_suite
from combmotif.evaluation.adapters.base import self_test
from combmotif.evaluation.adapters.make import make_adapter
from combmotif.evaluation.suite import run_suite


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("ACGT"), 40)) for _ in range(40)]
    (folder / "t.tsv").write_text(
        "name\tsequence\tvalue\n" + "".join(f"s{i}\t{t}\t{t.count('A')}\n" for i, t in enumerate(texts))
    )
    (folder / "p.tsv").write_text("name\tguess\n" + "".join(f"s{i}\t{i % 7}\n" for i in range(25)) + "other\t3\n")
    return folder


def _suite(folder, models, **more):
    tasks = {"mpra": {"kind": "regression", "table": "t.tsv", "targets": ["value"], "name": "name", "cv": "folds:4"}}
    data = {"models": models, "tasks": tasks, "controls": [], "statistics": {"bootstrap": 10}, **more}
    return resolve_suite(SuiteConfig.model_validate(data), folder)[0]


def test_names_that_do_not_fit_are_counted(table, tmp_path):
    config = _suite(table, {"file": {"predictions": "p.tsv"}})
    skipped = run_suite(config, tmp_path / "out").skipped
    assert skipped[["model", "item", "reason"]].to_numpy().tolist() == [
        ["file", "value", "no score for 15 of 40 items, which count for nothing"]
    ]


def test_scores_that_never_vary_are_told(table, tmp_path, capsys):
    (table / "same.tsv").write_text("name\tguess\n" + "".join(f"s{i}\t0.1\n" for i in range(40)))
    result = run_suite(_suite(table, {"file": {"predictions": "same.tsv"}}), tmp_path / "out")
    assert result.skipped["reason"].tolist() == ["guess: every score is 0.1, so no correlation is defined"]
    tell_scores(result.scores, skipped=1, quiet=False)
    printed = capsys.readouterr()
    assert "pearson not defined: all scores, or all values, are the same, n 40" in printed.out
    assert "nan" not in printed.out


@pytest.mark.slow
def test_workers_change_nothing(table, tmp_path):
    config = _suite(table, {"one": {"features": "kmer:1"}, "two": {"features": "kmer:2"}}, controls=["random-weights"])
    for workers in (1, 2):
        run_suite(config, tmp_path / str(workers), workers=workers)
    for name in ("scores.tsv", "comparisons.tsv", "skipped.tsv", "mpra/predictions.tsv.gz"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_page_says_how_to_read_its_numbers(table, tmp_path):
    config = _suite(table, {"one": {"features": "kmer:1"}})
    run_suite(config, tmp_path / "out")
    noted = config.tasks["mpra"].model_copy(update={"note": "Seen <before> by two."})
    page = run_suite(config.model_copy(update={"tasks": {"mpra": noted}}), tmp_path / "out").page.read_text()
    assert "predicted from the others. Seen &lt;before&gt; by two.</p>" in page
    assert json.loads((tmp_path / "out" / "run.json").read_text())["seconds"] == {}  # a note changes no score


def test_a_torch_module_is_a_model_and_has_a_random_twin(table, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "def make():\n"
        "    torch.manual_seed(0)\n"
        "    bases = torch.nn.Conv1d(4, 4, 1)\n"
        "    bases.weight.data = torch.eye(4)[:, :, None]\n"
        "    body = [bases, torch.nn.AdaptiveAvgPool1d(1), torch.nn.Flatten()]\n"
        "    return torch.nn.Sequential(*body, torch.nn.Linear(4, 1))\n"
    )
    net = {"model": {"kind": "python", "factory": f"{tmp_path}/net.py:make"}}
    result = run_suite(_suite(table, {"net": net}, controls=["random-weights"]), tmp_path / "out")
    found = result.scores[result.scores["measure"] == "pearson"].set_index(["model", "score"])["value"]
    assert found["net", "ridge"] > 0.9  # its vector is the composition, of which the value is a part
    assert {("net", "output"), ("net, random weights", "output"), ("net, random weights", "ridge")} <= set(found.index)


def test_a_keras_file_is_a_model(tmp_path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed (pip install 'combmotif[keras]')")
    from combmotif.models.keras.backend import import_keras

    keras = import_keras()
    given = keras.Input((None, 4))
    words = keras.layers.Conv1D(3, 4, activation="relu")(given)
    out = keras.layers.Dense(2, use_bias=False, name="head")(keras.layers.GlobalMaxPooling1D()(words))
    net = keras.Model(given, out)
    net.save(tmp_path / "net.keras")
    model = make_adapter(parse_model(f"keras:{tmp_path / 'net.keras'}"), name="net")
    assert self_test(model) == []
    codes = [np.random.default_rng(i).integers(0, 4, 20 + i).astype(np.uint8) for i in range(3)]
    expected = np.concatenate([net.predict(np.eye(4)[code][None], verbose=0) for code in codes])
    np.testing.assert_allclose(model.predict(codes), expected, atol=1e-5)
    kernel = np.asarray(net.get_layer("head").get_weights()[0])
    np.testing.assert_allclose(model.embed(codes) @ kernel, expected, atol=1e-5)  # the vector is what the head reads


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"model": {"kind": "keras", "weights": "none.h5"}}, "found no 'none.h5'"),
        ({"track": "none.bw"}, r"models\.x\.track: found no 'none\.bw'"),
        ({"card": "utr3_lm", "track": "none.bw"}, "expected one of card, model"),
    ],
)
def test_a_wrong_model_is_one_sentence(table, model, said):
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        _suite(table, {"x": model})


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """An alternative with an A more is harmful; every chromosome holds both classes."""
    folder = tmp_path_factory.mktemp("variants")
    random = np.random.default_rng(1)
    rows = ["name\tref_sequence\talt_sequence\tlabel\tchrom\n"]
    for i in range(40):
        text = "".join(random.choice(list("CGT"), 50))
        rows.append(
            f"v{i}\t{text}\t{text[:20]}{'A' if i % 2 else 'CGT'[(i // 2) % 3]}{text[21:]}\t{i % 2}\tchr{i % 3}\n"
        )
    (folder / "v.tsv").write_text("".join(rows))
    return folder


def test_every_number_has_an_interval_and_the_locus_is_a_control(variants, tmp_path):
    data = {
        "models": {"k": {"features": "kmer:1"}, "both": {"concat": ["k", "length"]}},
        "tasks": {"v": {"kind": "variants", "table": "v.tsv", "name": "name", "chrom": "chrom", "folds": 3}},
        "controls": ["composition"],
        "statistics": {"bootstrap": 20, "sign": "both"},
    }
    data["tasks"]["v"]["label"] = "label"
    config = resolve_suite(SuiteConfig.model_validate(data), variants)[0]
    result = run_suite(config, tmp_path / "out")
    scores = result.scores
    assert set(scores.loc[scores["score"] == "locus only", "role"]) == {"control"}
    assert {"auc", "auc, sign turned", "auprc", "auprc by chromosome"} == set(scores["measure"])
    mean = scores[(scores["measure"] == "auprc by chromosome") & (scores["score"] == "classifier")]
    assert (mean["n_groups"] == 3).all()
    known = scores.dropna(subset="value")
    assert known[["low", "high", "n", "n_groups"]].notna().all().all()
    auc = scores.pivot_table("value", ["model", "score"], "measure")
    np.testing.assert_allclose(auc["auc"] + auc["auc, sign turned"], 1)
    assert {"both", "composition"} <= set(scores["model"])
    settings = (tmp_path / "out" / "settings.tsv").read_text()
    assert "both\tlabel\tclassifier\t1\t{'C': " in settings
    page = result.page.read_text()
    assert "Every two models on the items that both score" in page
    alone = config.model_copy(update={"statistics": config.statistics.model_copy(update={"cluster": "item"})})
    again = run_suite(alone, tmp_path / "out").scores
    assert (again["n_groups"] == again["n"])[again["measure"] == "auc"].all()


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"x": {"concat": ["x", "kmer:1"]}}, "found 'x' itself"),
        ({"x": {"concat": ["kmer:1"]}}, "at least 2 items"),
        ({"x": {"concat": ["y", "kmer:1"]}, "y": {"concat": ["kmer:1", "kmer:2"]}}, "found 'y', itself a join"),
        ({"x": {"concat": ["composition", "length"], "features": "kmer:1"}}, "found features and concat"),
    ],
)
def test_a_wrong_join_is_one_sentence(variants, models, said):
    with pytest.raises(ValueError, match=said):
        SuiteConfig.model_validate({"models": models, "tasks": {"s": {"kind": "shuffles", "fasta": "x.fa"}}})
