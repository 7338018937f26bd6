"""Models, sequences and motifs in every form that a user has them in."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_models import KmerOutput, kmer_conv

import combmotif as cm
from combmotif.api.given import as_motifs, as_sequences, evaluating
from combmotif.sequence import one_hot
from combmotif.sequence.onehot import from_one_hot

LETTERS = ["ACGUN", "GGAUG"]
CODES = np.array([[0, 1, 2, 3, 4], [2, 2, 0, 3, 2]], np.uint8)


@pytest.mark.parametrize(
    "given",
    [
        LETTERS,
        tuple(LETTERS),
        (text for text in LETTERS),
        pd.Series(LETTERS),
        np.array(LETTERS),
        ["acgtn", "ggatg"],
        CODES,
        CODES.astype(np.int64),
        torch.tensor(CODES),
        list(CODES),
        one_hot(CODES),
        one_hot(CODES).numpy(),
        list(one_hot(CODES)),
        list(one_hot(CODES).numpy().astype(bool)),
        cm.SequenceSet.from_strings(LETTERS),
    ],
    ids=lambda given: type(given).__name__,
)
def test_sequences_of_every_form_are_the_same(given):
    found = as_sequences(given)
    assert np.array_equal(np.stack(found.codes), CODES)
    assert found.names == ("sequence1", "sequence2")
    assert found.tracks is None


def test_files_and_sections_are_read(tmp_path):
    (tmp_path / "a.fa").write_text(">x\nACGUN\n>y\nGGAUG\n")
    assert as_sequences(tmp_path / "a.fa").names == ("x", "y")
    assert len(as_sequences({"kind": "random", "count": 3, "length": 9})) == 3


def test_channels_behind_the_bases_are_tracks():
    frame = torch.arange(10.0).reshape(2, 1, 5)
    found = as_sequences(torch.cat([one_hot(CODES), frame], 1))
    assert np.array_equal(np.stack(found.tracks), frame.numpy())
    codes, tracks = from_one_hot(np.full((1, 4, 2), 0.25))
    assert (codes.tolist(), tracks) == ([[4, 4]], None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ACGU", "expected a list of sequences, or a file that ends in .fa"),
        ([], "expected at least one, found none"),
        (["ACGX"], "number 0: expected nucleotides"),
        (one_hot(CODES).transpose(1, 2), r"expected one-hot \(n, 4, length\)"),
        (one_hot(CODES) * 0.9, "a single 1 at every position"),
        (one_hot(CODES)[0], r"one sequence alone is x\[None\]"),
        (np.array([[7, 1]]), r"expected codes 0 \(A\) to 3 \(U\) and 4 \(N\), found 1 to 7"),
        ([3, 4], "number 0: expected letters"),
        (7, "expected a list of sequences or an array, found int"),
        (b"ACGU", "found bytes; give text"),
        (["ACGU", ""], "number 1: expected bases, found none"),
        (pd.DataFrame({"ACGU": LETTERS}), "found DataFrame; give the column of the sequences"),
    ],
    ids=str,
)
def test_what_is_no_sequence_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        as_sequences(given)


def test_labels_and_names_go_with_strings():
    found = cm.SequenceSet.from_strings(LETTERS, names=["a", "b"], labels={"y": [1, 2]})
    assert (found.names, found.label_names, found.labels.ravel().tolist()) == (("a", "b"), ("y",), [1.0, 2.0])
    with pytest.raises(ValueError, match="labels: expected 2 values, found 1 of 'y'"):
        cm.SequenceSet.from_strings(LETTERS, labels={"y": [1]})
    assert repr(found) == "SequenceSet of 2 sequences of 5 nt, with y (a, b)"
    for wrong, message in (
        (("ACGU", {}), "found one, 'ACGU'"),
        ((None, {}), "sequences: expected a list of strings, found NoneType"),
        (([1, 2], {}), "sequences: number 0: expected letters, found int"),
        ((LETTERS, {"names": ["a", "a"]}), "names: expected each once, found 'a' twice"),
        ((LETTERS, {"labels": {"y": ["a", "b"]}}), "labels: expected numbers as 'y'"),
    ):
        with pytest.raises(ValueError, match=message):
            cm.SequenceSet.from_strings(wrong[0], **wrong[1])


PPM = np.array([[0.1, 0.1, 0.1, 0.7], [0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]])


@pytest.mark.parametrize(
    "given",
    [
        PPM,
        PPM.T,
        torch.tensor(PPM),
        [PPM],
        {"mine": PPM},
        PPM * 40,
        "UGA",
        ["UGA"],
        cm.Motif("m", PPM, 1),
        pd.Series(["UGA"]),
        pd.DataFrame(PPM[:, [3, 0, 2, 1]], columns=list("TAGC")),
    ],  # fmt: skip
    ids=str,
)
def test_motifs_of_every_form_have_one_consensus(given):
    found = as_motifs(given)
    assert len(found) == 1
    assert found[0].ppm.argmax(1).tolist() == [3, 2, 0]


def test_motifs_of_files_and_results_are_taken(tmp_path):
    from combmotif.motifs import write_meme

    motifs = as_motifs({"one": PPM, "two": "GGACU"})
    with (tmp_path / "m.meme").open("w"):
        pass
    write_meme(motifs, tmp_path / "m.meme")
    assert [motif.id for motif in as_motifs(tmp_path / "m.meme")] == ["one", "two"]
    assert as_motifs(cm.match(motifs)) is motifs
    assert [motif.id for motif in motifs[:1]] == ["one"]
    assert motifs[-1].id == motifs["two"].id == "two"
    assert "two  GGACU" in repr(motifs)


@pytest.mark.parametrize(
    "given", ["no_such_file.meme", [np.zeros((3, 4))], [np.zeros((0, 4))], [np.ones((3, 5))], [], "", 3]
)
def test_what_is_no_motif_is_refused(given):
    with pytest.raises((ValueError, FileNotFoundError), match="motif"):
        as_motifs(given)


def test_a_model_predicts_letters_codes_and_one_hot_alike():
    net = cm.open_model(KmerOutput(["AUG"], lambda present: present[:, 0]))
    expected = net.predict(list(CODES))
    for given in (LETTERS, CODES, one_hot(CODES)):
        assert np.array_equal(net.predict(given), expected)
    assert expected.ravel().tolist() == [0.0, 1.0]
    assert cm.open_model(net) is net
    with pytest.raises(ValueError, match="give the module, not its class"):
        cm.open_model(nn.Conv1d)


def test_every_part_of_a_module_keeps_its_mode():
    net = nn.Sequential(kmer_conv(["AUG"]), nn.BatchNorm1d(1), nn.AdaptiveMaxPool1d(1), nn.Flatten()).train()
    net[1].eval()  # as one does to a frozen norm
    cm.evaluate(net, ["ACGUAUGCC", "ACGUAUCCC", "AUGUAUCCC"], [1.0, 2.0, 3.0])
    with pytest.raises(RuntimeError, match="halfway"), evaluating(net):
        raise RuntimeError("halfway")
    assert [part.training for part in net.modules()] == [True, True, False, True, True]
