"""Pairs of words from a config, a table or CombMotif's label files."""

from __future__ import annotations

import pytest

from combmotif.config.effects import InteractionSection
from combmotif.runs.pair_files import read_pairs


def read(pairs, **options):
    return read_pairs(InteractionSection(pairs=pairs, **options), alphabet="rna")


def test_a_table_with_rules(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "a\tb\torder\tspacing_min\tspacing_max\tframe\tneuron\nATG\tUAA\tab\t0\t30\t0\tconv3:2\nGGAC \tUGUA\t\t\t\t\t\n"
    )
    first, second = read(str(path))
    assert first.name == "AUG x UAA (A first, in frame, 0-30 nt apart)"
    assert (first.neuron, second.neuron) == ("", "")  # pairs are looked for anywhere
    assert second.name == "GGAC x UGUA"
    assert read(str(path), instances="neurons")[0].neuron == "conv3:2"


def test_label_files_of_combmotif(tmp_path):
    text = "combination1: {motifA: [TGTANA, TTTT], motifB: [GGAC]}\n"
    (tmp_path / "conv5_neuron14.yaml").write_text(text)
    (tmp_path / "conv5_neuron2.yaml").write_text("combination1: {motifA: [TTTT], motifB: [GGAC]}\n")
    (tmp_path / "template.yaml").write_text("this: is no label file\n")
    assert [pair.name for pair in read(str(tmp_path))] == ["UGUANA x GGAC", "UUUU x GGAC"]  # the shared one once
    found = read(str(tmp_path), instances="neurons")
    assert [pair.neuron for pair in found] == ["conv5:13", "conv5:13", "conv5:1"]  # counted from 1 there
    assert [pair.neuron for pair in read(str(tmp_path / "conv5_neuron2.yaml"), instances="neurons")] == ["conv5:1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("p.tsv", "", "expected a tab-separated table with the columns a and b .* found nothing and no rows"),
        ("p.tsv", "a,b\nAUG,UAA\n", "expected a tab-separated table .* found a,b$"),
        ("p.tsv", "a\tb\n", "found a, b and no rows"),
        ("p.tsv", "a\tb\tframe\nAUG\tUAA\tx\n", "row 1 column 'frame': expected a whole number, found 'x'"),
        ("p.tsv", "a\tb\torder\nAUG\tUAA\tsideways\n", "row 1 order: Input should be"),
        ("p.tsv", "a\tb\nAUG\tUXA\n", "interaction.pairs: .*'X'"),
        ("p.tsv", "a\tb\nAUG\tUAA\nUAA\tAUG\n", "is given twice"),
        ("conv5_neuron0.yaml", "c: {motifA: [A], motifB: [C]}\n", "expected a neuron counted from 1, found 0"),
        ("labels.yaml", "c: {motifA: AUG, motifB: [C]}\n", r"labels.yaml: c: expected {motifA: \[WORD\]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read(str(tmp_path / name))


def test_a_folder_without_label_files_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected label files .*, found none"):
        read(str(tmp_path))
    (tmp_path / "template.yaml").write_text("a: 1\n")
    with pytest.raises(ValueError, match="expected combinations of motifA and motifB, found none"):
        read(str(tmp_path))
