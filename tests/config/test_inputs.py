import pytest

from combmotif.config import load_config


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"crad": "mrl"}, "model.crad: unknown key; did you mean 'card'?"),
        ("mrl", "model: expected 'key: value' lines .*, found 'mrl'"),
        (
            {"kind": "pyton", "factory": "x.py:f"},
            "model.kind: expected one of python, keras, found 'pyton'; did you mean 'python'?",
        ),
        ({"kind": "python"}, "model.factory: expected a value .* found nothing; add the line 'factory: ...'"),
        ({"factory": "net.py:f"}, "model.kind: expected a value"),
        (
            {"kind": "python", "factory": "net.py:f", "wieghts": "w"},
            "model.wieghts: unknown key; did you mean 'weights'?",
        ),
        (
            {"kind": "python", "factory": "net.py:f", "channels": 3},
            "model.channels: .*greater than or equal to 4.*found 3",
        ),
        ({"kind": "python", "factory": "net.py:f", "alphabet": "RNA"}, "model.alphabet: expected one of rna, dna"),
    ],
)
def test_model(right, write, model, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(right | {"model": model}))


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (
            {"kind": "rndom"},
            "sequences.kind: expected one of random, fasta, table, hdf5, found 'rndom'; did you mean 'random'?",
        ),
        ({"knid": "random"}, "sequences.kind: .*found nothing; did you mean 'kind' instead of 'knid'?"),
        ({"count": 5}, "sequences.kind: expected one of .*; add the line kind: ..."),
        ({"kind": "random", "cuont": 3}, "sequences.cuont: unknown key; did you mean 'count'?"),
        ({"kind": "random", "count": 0}, "sequences.count: expected a number greater than or equal to 1 .*, found 0"),
        ({"kind": "random", "count": "many"}, "sequences.count: expected a whole number .*, found 'many'"),
        ({"kind": "random", "frequencies": [1, 1, 1, 1]}, r"sequences.frequencies: expected 4 shares .* \(sum 4\)"),
        ({"kind": "random", "frequencies": [0.5, 0.5]}, "sequences.frequencies: "),
        ({"kind": "table"}, "sequences.path: expected a value .* found nothing"),
        ({"kind": "fasta", "path": "a.fa", "label": "y"}, "sequences.label: unknown key"),
        ({"kind": "table", "path": "a.tsv", "label": ["y", 3]}, "sequences.label.1: expected a string"),
    ],
)
def test_sequences(right, write, sequences, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(right | {"sequences": sequences}))


@pytest.mark.parametrize(
    ("neurons", "message"),
    [
        ({"select": "all"}, "neurons.layer: expected a value"),
        ({"layer": {}}, "neurons.layer: .*found {}"),
        ({"layer": ["conv1", "conv1"]}, "neurons.layer: expected names of layers, each once, found conv1, conv1"),
        ({"layer": "conv1", "select": "3-x"}, "neurons.select: expected all, a number .*found '3-x'"),
        ({"layer": "conv1", "select": [1.5]}, "neurons.select: .*found 1.5"),
        ({"layer": "conv1", "select": {}}, "neurons.select: .*found {}"),
        ({"layer": "conv1", "select": None}, "neurons.select: .*found nothing"),
    ],
)
def test_neurons(right, write, neurons, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(right | {"neurons": neurons}))


def test_yaml_does_not_reread_ranges_and_octals(write):
    path = write(
        "model: {card: optimus5p}\nsequences: {kind: random, count: 2e3, length: 050}\n"
        "neurons: {layer: conv3, select: [007, 10-12]}\n"
    )
    config = load_config(path)
    assert config.neurons.select == [7, "10-12"]
    assert config.sequences.model_dump() | {"frequencies": 0} == {
        "kind": "random", "count": 2000, "length": 50, "frequencies": 0, "exclude": [],
    }  # fmt: skip


def test_a_layer_may_be_a_number(write):
    path = write("model: {card: optimus5p}\nsequences: {kind: random}\nneurons: {layer: 3, select: all}\n")
    assert load_config(path).neurons.layer == "3"
