"""Small files in the formats of the original scripts."""

import h5py
import numpy as np
import pytest
import torch

from combmotif.config import load_config, load_train_config
from combmotif.config.prototype import import_config
from combmotif.models import CnnGru, load_card

LABELS = "combination1:\n  motifA:\n    - TTCTTT\n  motifB:\n    - TTTTTT\n"
AGAIN = "combination1:\n  motifA:\n    - TTTTTT\n  motifB:\n    - TTCTTT\n    - TGTANA\n"


@pytest.fixture
def old(tmp_path):
    """The folders of the original scripts: configs, weights, data, hand-written tables."""
    files = {
        "configs/interpreting/mrl.yaml": "num_layer: 6\nnum_targets: 1\nseq_depth: 4\nmodel_name: mrl_predictor\n"
        "checkpoint: ../model_weights/mrl-best.pth\nrecp_path: ./recp_field/saluki_model_3layer.yaml \n"
        "featuremap_layer_name_dict_path: ./feature_cluster_criteria/saluki_model_3layer.yaml\n"
        "resample: true\nga_patience: 30\nind: 0-4\nmulti_thread: false\n",
        "configs/interaction/mrl.yaml": "checkpoint: ../model_weights/mrl-best.pth\ndata_path: ../data/d.h5\n"
        "recp_path: ../motif_discovery/recp_field/saluki_model_3layer.yaml\nmaxactivation: ./maxact_from_trainSet\n"
        "fragment: ./fragment_location\ncombination: ./motif_combination_labels\nmodel_name: mrl_predictor\n"
        "template: ./motif_combination_labels/template.yaml\nsearch_patience: 100\nnum_layer: 3\nnum_targets: 1\n"
        "seq_depth: 4\nseed: 2024\ngpu_id: 0\nreference_label: 0\n",
        "configs/training/hl.yaml": "data_path: ../data/d.h5\noutput_dir: ./results/hl_predictor\nnum_layer: 6\n"
        "padding: 0\nnum_targets: 1\nseq_length: 12288\nseq_depth: 6\npatience: 100\nlr: 0.0001 \nepochs: 250 \n"
        "dropout: 0.2 \nbatch_size: 64 ",
        "configs/training/mrl.yaml": "data_path: ../data/utr.csv\noutput_dir: ./results/mrl\nnum_layer: 3\npadding: 2\n"
        "num_targets: 1\nseq_length: 50\nseq_depth: 4\npatience: 3\nlr: 0.001\nepochs: 30\ndropout: 0.2\n"
        "batch_size: 64\nnoAUG: True\n",
        "motif_discovery/recp_field/saluki_model_3layer.yaml": "conv1: 5\nconv2: 9\nconv3: 18\nmaxpool1: 10\n",
        "motif_discovery/feature_cluster_criteria/saluki_model_3layer.yaml": "# deeper layer first\nconv1:\n"
        "  input: 4\nconv2:\n  conv1: 4\nconv3:\n  conv2: 4\n  conv1: 4\n",
        "motif_interaction/motif_combination_labels/mrl_predictor/conv3_neuron2.yaml": LABELS,
        "motif_interaction/motif_combination_labels/mrl_predictor/conv3_neuron9.yaml": AGAIN,
        "data/utr.csv": "utr,rl\nACGU,1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "model_weights").mkdir()
    net = CnnGru(channels=4, blocks=3, padding=2)
    torch.save({"model_state_dict": net.state_dict()}, tmp_path / "model_weights" / "mrl-best.pth")
    hot = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(40, 50))].transpose(0, 2, 1)
    with h5py.File(tmp_path / "data" / "d.h5", "w") as file:
        for split in ("train", "valid", "test"):
            file[f"{split}_sequence"], file[f"{split}_label"] = hot, np.arange(40.0)
    return tmp_path


def test_a_config_for_interpreting(cli, old):
    result = cli("import-config", "configs/interpreting/mrl.yaml", "--out", "new/mrl.yaml")
    assert result.exit_code == 0, result.output
    config = load_config(old / "new" / "mrl.yaml")
    assert (config.neurons.layer, config.neurons.select) == ("conv3", "0-3")
    assert config.match.q == 0.01
    assert config.sequences.length == 50
    assert config.contribution is None
    for word in (
        "ga_patience: no counterpart",
        "resample: no counterpart",
        "recp_path: no counterpart",
        "4 clusters on",
    ):
        assert word in result.stdout
    assert result.stderr == "Next: combmotif plan new/mrl.yaml\n"
    assert load_card(config.model.card).input_spec.length == 50
    assert cli("import-config", "configs/interpreting/mrl.yaml", "--out", "new/mrl.yaml").exit_code == 2


def test_a_config_for_interaction_runs(cli, old):
    assert cli("import-config", "configs/interaction/mrl.yaml", "--out", "i.yaml", "--layer", "conv3").exit_code == 0
    config = load_config(old / "i.yaml")
    pairs = [(pair.a, pair.b, pair.neuron) for pair in config.interaction.pairs]
    assert pairs == [
        ("TTCTTT", "TTTTTT", "conv3:1"), ("TTTTTT", "TTCTTT", "conv3:8"), ("TTTTTT", "TGTANA", "conv3:8"),
    ]  # fmt: skip
    assert config.interaction.instances == "neurons"
    assert config.interaction.mode == "uniform"
    assert config.sequences.path == str(old / "data" / "d.h5")
    assert (config.sequences.sequence, config.contribution.outcome, config.seed) == ("test_sequence", "both", 2024)
    text = (old / "i.yaml").read_text()
    assert "# combination: 3 pairs from 2 label files, each tested where its neuron fires, as there" in text
    assert "# fragment: no counterpart; sites are found by the scan" in text
    small = ("sample.population=16", "sample.generations=2", "neurons.select=[1, 8]")
    result = cli("run", "i.yaml", "--workers", 1, *(f"--set={key}" for key in small))
    assert result.exit_code == 0, result.output


def test_configs_for_training(cli, old):
    assert cli("import-config", "configs/training/hl.yaml", "--out", "hl.yaml").exit_code == 0
    half_life = load_train_config(old / "hl.yaml")
    assert half_life.fit_arguments()["learning_rate"] == 1e-4
    assert (half_life.fit_arguments()["batch"], half_life.net_arguments()["dropout"]) == (64, 0.2)
    result = cli("import-config", "configs/training/mrl.yaml", "--out", "mrl.yaml")
    assert "noAUG: has no counterpart here; take the sequences with AUG out of the table" in result.stdout
    measured = load_train_config(old / "mrl.yaml")
    assert measured.net.arguments == {"blocks": 3, "padding": 2, "dropout": 0.2}
    assert (measured.tables[0].labels, measured.fit.epochs, measured.fit.patience) == (["rl"], 30, 3)


def test_hand_written_tables(cli, old):
    fields = cli("import-config", "motif_discovery/recp_field/saluki_model_3layer.yaml")
    assert "receptive fields are derived from the network and verified on it" in fields.stdout
    assert fields.stdout.endswith("needs no new file.\n")
    clusters = cli("import-config", "motif_discovery/feature_cluster_criteria/saluki_model_3layer.yaml")
    assert "4 clusters on every map; here auto" in clusters.stdout
    labels = "motif_interaction/motif_combination_labels/mrl_predictor/conv3_neuron9.yaml"
    assert (
        f"2 pairs; 'interaction: {{pairs: {labels}, instances: neurons}}' reads" in cli("import-config", labels).stdout
    )


def test_missing_files_are_said_and_kept_as_written(old):
    (old / "model_weights" / "mrl-best.pth").unlink()
    imported = import_config(old / "configs" / "interpreting" / "mrl.yaml")
    assert imported.card["weights"] == "../model_weights/mrl-best.pth"
    assert any(note.startswith("checkpoint: found no '../model_weights/mrl-best.pth'") for note in imported.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "expected a config of the original CombMotif scripts"),
        ("combination1: {motifA: [AXJ], motifB: [AC]}\n", "combination1: "),
        ("combination1: {motifA: [], motifB: [AC]}\n", "expected motifA and motifB with words"),
        ("checkpoint: x.pth\nind: 5\n", "ind: expected START-END such as 0-64"),
    ],
)
def test_mistakes(refused, tmp_path, text, message):
    (tmp_path / "old.yaml").write_text(text)
    assert message in refused("import-config", "old.yaml")
    assert "there is no such file" in refused("import-config", "none.yaml")
