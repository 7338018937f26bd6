"""``configs/half_life.yaml`` on a small net and a few mRNAs, in the formats users have."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from combmotif.config import load_config
from combmotif.models import load_card
from combmotif.runs import run
from combmotif.sequence import read_fasta
from combmotif.sequence.alphabet import decode

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
import numpy_nets as plain

CARD = "kind: cnn_gru\nweights: saluki_torch-best.pth\ninput: {length: 400, channels: 6, rule: pad_right}\n"
FEWER = [
    "neurons.select=0-1", "sample.population=32", "sample.generations=8", "sample.keep=200", "interaction.scrambles=2",
    "effects.backgrounds=12", "interaction.backgrounds=12", "discover.demixing=layers",
]  # fmt: skip


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("HALF_LIFE_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    state = plain.combmotif_state(rng, blocks=6, width=8)
    tensors = {key: torch.as_tensor(value) for key, value in state.items()}
    torch.save({"model_state_dict": tensors}, tmp_path / "saluki_torch-best.pth")
    (tmp_path / "model.yaml").write_text(CARD)
    fasta, bed = [], []
    for i in range(12):
        size = int(rng.integers(350, 430))
        letters = rng.choice(list("ACGU"), size)
        letters[100:106], letters[150:157] = list("UGUAAA"), list("UAUUUAU")
        fasta.append(f">m{i}\n{''.join(letters)}\n")
        bed.append(f"m{i}\t0\t{size}\tm{i}\t0\t+\t20\t80\t0\t2\t60,{size - 60},\t0,60,\n")
    (tmp_path / "mrna.fa").write_text("".join(fasta))
    (tmp_path / "mrna.bed").write_text("".join(bed))
    return tmp_path


@pytest.mark.slow
def test_the_config_runs_end_to_end(data, repository):
    config = load_config(repository / "configs" / "half_life.yaml", overrides=FEWER)
    result = run(config, data / "run", workers=1)
    record = json.loads((data / "run" / "run.json").read_text())
    stages = ("samples", "motifs", "activations", "contribution", "effects", "interaction", "report")
    assert {name: record["stages"][name]["status"] for name in stages} == dict.fromkeys(stages, "done")
    assert not result.failed
    warnings = " ".join(record["warnings"])
    assert "their tracks beside the bases are zero" in warnings
    assert "sequences are longer than the model's 400 nt: predictions see their last 400 nt" in warnings
    assert "Give the sequences an annotation" not in warnings

    # the predictions are those of the model with every track in its place
    sequences = read_fasta(data / "mrna.fa", annotation=data / "mrna.bed")
    table = pd.read_csv(data / "run" / "activations.tsv", sep="\t")
    expected = load_card(data).predict(sequences.codes, tracks=sequences.tracks)[:, 0]
    assert np.allclose(table["prediction:output"], expected, atol=1e-4)
    assert not np.allclose(table["prediction:output"], load_card(data).predict(sequences.codes)[:, 0], atol=1e-3)
    pairs = pd.read_csv(data / "run" / "interactions.tsv", sep="\t")
    # an AUG that runs into UGUAAA cannot be scrambled without it
    clear = sum(decode(codes[99:102]) != "AUG" for codes in sequences.codes)
    assert pairs["sequences"].tolist() == [clear] == [8]


@pytest.mark.slow
def test_without_an_annotation_the_run_says_so(data, repository):
    without = [f"{key}=null" for key in ("sequences.annotation", "match", "contribution", "effects", "interaction")]
    config = load_config(repository / "configs" / "half_life.yaml", overrides=[*FEWER, *without, "neurons.select=0"])
    run(config, data / "run", workers=1)
    record = json.loads((data / "run" / "run.json").read_text())
    assert any("reads 2 tracks beside the bases" in warning for warning in record["warnings"])
