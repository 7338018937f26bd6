import h5py
import numpy as np
import pytest

from combmotif.config import open_model_from
from combmotif.sequence import encode


@pytest.fixture
def table(own_net, tmp_path):
    """A table whose label is twice the model's prediction in the test rows."""
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGU"), 20)) for _ in range(12)]
    values = 2 * open_model_from(str(own_net)).predict([encode(t) for t in texts])[:, 0] + 1
    values[6:] = rng.normal(size=6)
    rows = [f"{t}\t{v:.8g}\t{'test' if i < 6 else 'train'}" for i, (t, v) in enumerate(zip(texts, values, strict=True))]
    path = tmp_path / "t.tsv"
    path.write_text("utr\trl\tsplit\n" + "\n".join(rows) + "\n")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["test_sequence"] = np.array([t.encode() for t in texts[:6]])
        file["test_label"] = values[:6]
    return path


def test_metrics_of_a_part_of_a_table(cli, own_net, table):
    result = cli("evaluate-model", own_net, "--table", table, "--label", "rl", "--where", "split=test")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:] == ["pearson 1.0000", "squared correlation 1.0000", "spearman 1.0000", "n 6"]
    same = cli(
        "evaluate-model", own_net, "--table", "t.h5", "--sequence", "test_sequence", "--label", "test_label"
    )  # fmt: skip
    assert same.stdout.splitlines()[1:] == result.stdout.splitlines()[1:]
    whole = cli("evaluate-model", own_net, "--table", table, "--label", "rl")
    assert "n 12" in whole.stdout
    assert "pearson 1.0000" not in whole.stdout


def test_values_that_never_vary_have_no_correlation(cli, own_net, tmp_path):
    (tmp_path / "same.tsv").write_text("utr\trl\n" + f"{'ACGUUGCA' * 3}\t0.5\n" * 4)
    result = cli("evaluate-model", own_net, "--table", tmp_path / "same.tsv", "--label", "rl")
    said = "No correlation is defined: all predictions, or all measured values, are the same."
    assert result.stdout.splitlines()[1:] == [said, "n 4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "mrl"], "expected a column 'mrl', found utr, rl, split"),
        (["--label", "rl", "--output", "load"], "--output: the model has no output 'load'"),
        (["--label", "rl", "--where", "split=valid"], "no row has 'valid' in column 'split'"),
        (["--label", "rl", "--where", "splt=test"], "expected COLUMN=VALUE with a column among utr, rl, split"),
    ],
)
def test_mistakes(refused, own_net, table, arguments, message):
    assert message in refused("evaluate-model", own_net, "--table", table, *arguments)
