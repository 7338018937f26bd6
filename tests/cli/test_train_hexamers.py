"""``combmotif train`` with ``kind: hexamers``."""

import json

import numpy as np
import pandas as pd
import pytest

from combmotif.models import load_card
from combmotif.models.architectures import hal
from combmotif.sequence import decode
from combmotif.training.hexamer_fit import HexamerFit, Outcome, donor_outcome, simulate_counts


@pytest.mark.slow
def test_planted_effects_from_the_shipped_config(cli, repository, tmp_path):
    result = cli(
        "train", repository / "configs" / "train_hal.yaml", "--out", tmp_path / "t", "--set", "sequences.count=20000"
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert metrics["rows"] == 18_000
    assert metrics["recovered"]["exon"] > 0.9
    assert metrics["held_out"]["squared_correlation"]["spliced"] > 0.8
    assert f"correlation {metrics['recovered']['exon']:.4f} of the fitted with the planted effects" in result.stdout
    table = pd.read_csv(tmp_path / "t" / "hexamers.tsv", sep="\t")
    assert list(table) == ["hexamer", "exon", "planted:exon"]
    assert np.corrcoef(table["exon"], table["planted:exon"])[0, 1] == pytest.approx(metrics["recovered"]["exon"])
    assert "Model card" not in result.stdout


@pytest.fixture
def minigenes(tmp_path):
    """Reads of two donors of 60-nt minigenes, from known effects of HAL's regions."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (400, 170)).astype(np.uint8)
    outcomes = [donor_outcome("SD1", 80, 170), donor_outcome("SD2", 90, 170), Outcome("unspliced")]
    truth = HexamerFit(hal.REGIONS, random.normal(0, 0.1, (4096, 8)), np.zeros(3), 0.0, 0, converged=True)
    counts = simulate_counts(codes, outcomes, truth, reads=50, generator=random)
    table = pd.DataFrame({"read": [decode(row, alphabet="dna") for row in codes]})
    table[["SD1", "SD2", "unspliced"]] = counts
    table.to_csv(tmp_path / "minigenes.tsv", sep="\t", index=False)
    config = tmp_path / "config.yaml"
    config.write_text(
        "kind: hexamers\n"
        "sequences: {kind: table, path: minigenes.tsv, sequence: read, limit: 300}\n"
        "outcomes: [{name: SD1, donor: 80}, {name: SD2, donor: 90}, {name: unspliced}]\n"
        "fit: {iterations: 60}\n"
    )
    return config


@pytest.mark.slow
def test_own_counts_give_a_card_that_opens(cli, minigenes, tmp_path):
    result = cli("train", minigenes, "--out", tmp_path / "t")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"Model card: {tmp_path / 't' / 'model' / 'model.yaml'}\n")
    model = load_card(tmp_path / "t" / "model")
    table = pd.read_csv(tmp_path / "t" / "hexamers.tsv", sep="\t").set_index("hexamer")
    codes = np.random.default_rng(1).integers(0, 4, (5, 160)).astype(np.uint8)
    effects = hal.HexamerTable(table[list(hal.REGIONS)].to_numpy())
    np.testing.assert_allclose(model.predict(codes)[:, 0], hal.donor_score(codes, effects), atol=1e-5)
    assert json.loads((tmp_path / "t" / "metrics.json").read_text())["rows"] == 270


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("sequences.path=none.tsv", "sequences.path: found no 'none.tsv'"),
        ("outcomes.0.donor=null", "expected regions"),
        ("outcomes.0.name=SD2", "expected a different name for every outcome, found SD2, SD2, unspliced"),
        ("outcomes.0.name=SD3", "SD3"),
        ("outcomes.0.regions={x: [3, 1]}", "expected either regions or donor, found both"),
        ("fit.l2=1", "fit.l2: unknown key; did you mean 'l1'?"),
    ],
)
def test_mistakes(refused, cli, minigenes, change, message):
    if change == "outcomes.0.donor=null":
        text = minigenes.read_text().replace(", donor: 80", "").replace(", donor: 90", "")
        minigenes.write_text(text)
        change = "seed=1"
    assert message in refused("train", minigenes, "--out", "t", "--set", change)
