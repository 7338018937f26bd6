"""The interaction stage through whole small runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from combmotif.config import load_config
from combmotif.runs import run

pytestmark = pytest.mark.slow

RUN = """
model: {card: mrl}
sequences: {kind: random, count: 150, length: 50}
neurons: {layer: conv2, select: 0-1}
sample: {generations: 5, population: 64, keep: 100}
seed: 2
interaction:
  scrambles: 4
  controls: 1
"""


def asked(folder: Path, extra: str, **files: str):
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    path = folder / "run.yaml"
    path.write_text(RUN + extra)
    return load_config(path)


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("interaction*"))}


@pytest.mark.usefixtures("quick_workers")
def test_all_files_and_the_same_bytes_with_two_workers(tmp_path):
    extra = "  pairs: [[AUG, AUG], {a: AUG, b: UAR, order: ab, frame: 0}, [AUG, GG]]\n  order: 3\n"
    one = run(asked(tmp_path, extra), tmp_path / "one", workers=1)
    two = run(asked(tmp_path, extra), tmp_path / "two", workers=2)
    assert one.stages["interaction"] == "done"
    assert tables(one.folder) == tables(two.folder)
    assert sorted(tables(one.folder)) == [
        "interaction_controls.tsv.gz",
        "interaction_instances.tsv.gz", "interaction_map.svg", "interaction_map.tsv", "interaction_spacing.tsv",
        "interaction_triples.tsv", "interactions.tsv",
    ]  # fmt: skip
    table = pd.read_csv(one.folder / "interactions.tsv", sep="\t")
    assert table.pair.tolist() == ["AUG x AUG", "AUG x UAR (A first, in frame)", "AUG x GG"]
    assert table["class"][0] == "sub-additive"
    placed = pd.read_csv(one.folder / "interaction_instances.tsv.gz", sep="\t")
    framed = placed[placed.pair == table.pair[1]]
    assert len(framed)
    assert ((framed.start_b - framed.start_a) % 3 == 0).all()
    assert (framed.start_a < framed.start_b).all()
    spacing = pd.read_csv(one.folder / "interaction_spacing.tsv", sep="\t")
    assert set(spacing[spacing.pair == table.pair[1]].spacing % 3) == {0}
    triples = pd.read_csv(one.folder / "interaction_triples.tsv", sep="\t")
    assert triples.triple.tolist() == ["AUG x AUG x AUG"]


def test_label_files_name_neurons_counted_from_1(tmp_path):
    labels = "combination1: {motifA: [AUG, AU], motifB: [GG]}\n"
    extra = "  pairs: conv2_neuron1.yaml\n  instances: neurons\n  fires: 0.3\n"
    found = run(asked(tmp_path, extra, conv2_neuron1__yaml=labels), tmp_path / "run", workers=1)
    table = pd.read_csv(found.folder / "interactions.tsv", sep="\t")
    assert table.pair.tolist() == ["AUG x GG (where conv2:0 fires)", "AU x GG (where conv2:0 fires)"]
    assert (table.instances == "conv2:0").all()
    placed = pd.read_csv(found.folder / "interaction_instances.tsv.gz", sep="\t")
    assert len(placed)
    span = placed[["end_a", "end_b"]].max(axis=1) - placed[["start_a", "start_b"]].min(axis=1)
    assert (span <= 9).all()  # the receptive field of conv2


def test_prototype_preset_writes_its_own_classes(tmp_path):
    found = run(asked(tmp_path, "  pairs: [[AUG, AUG]]\n  preset: combmotif\n"), tmp_path / "run", workers=1)
    row = pd.read_csv(found.folder / "interactions.tsv", sep="\t").iloc[0]
    assert row["class"] == "negative_antagonistic"
    assert row.placements % 2 == 0  # both orders
    assert pd.isna(row.q_value)
    assert not (found.folder / "interaction_spacing.tsv").exists()


def test_clusters_are_the_unit(tmp_path):
    rows = [f"g{i // 3}\t{'ACGU'[i % 4] * 7}AUGCCAGCCAUGC{'CA' * 14}{'ACGU'[i // 4 % 4] * 2}" for i in range(24)]
    extra = "  pairs: [[AUG, AUG]]\n"
    config = asked(tmp_path, extra, genes__tsv="\n".join(["gene\tseq", *rows]) + "\n")
    text = (tmp_path / "run.yaml").read_text().replace(
        "{kind: random, count: 150, length: 50}", "{kind: table, path: genes.tsv, cluster: gene}"
    )  # fmt: skip
    (tmp_path / "run.yaml").write_text(text)
    config = load_config(tmp_path / "run.yaml")
    found = run(config, tmp_path / "run", workers=1)
    row = pd.read_csv(found.folder / "interactions.tsv", sep="\t").iloc[0]
    assert (row.sequences, row.sequences_with_pair) == (8, 24)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("  pairs: [[AUG, UAA], [UAA, AUG]]\n", "'UAA x AUG' is given twice"),
        ("  pairs: [[AUG, XX]]\n", "interaction.pairs: .*X"),
        ("  pairs: [{a: AUG, b: UAA, frame: 3}]\n", "frame"),
        ("  pairs: [{a: AUG, b: UAA, spacing_min: 9, spacing_max: 3}]\n", "spacing: expected the fewest and the most"),
        ("  pairs: [{a: AUG, b: UAA, framed: 0}]\n", "framed.*did you mean 'frame'"),
        ("  pairs: [[AUG, UAA]]\n  instances: neurons\n", "interaction.instances: neurons needs the neuron"),
        ("  pairs: [{a: AUG, b: UAA, neuron: 'conv3:1'}]\n  instances: neurons\n", "found 'conv3:1'; add it"),
        ("  mode: synonymous\n", "interaction.mode: synonymous needs a coding frame"),
        ("  avoid: [AUG, XYZ]\n", "interaction.avoid: .*X"),
        ("  pairs: wrong.yaml\n", r"combination1: expected \{motifA"),
    ],
)
def test_mistakes_are_told_before_any_work(tmp_path, extra, message):
    with pytest.raises(ValueError, match=message):
        run(asked(tmp_path, extra, wrong__yaml="combination1: {motifA: AUG}\n"), tmp_path / "run", workers=1)
    assert not (tmp_path / "run" / "run.json").exists()
