"""The shipped 3'UTR stability net: its card, and what is known of AU-rich elements."""

import numpy as np
import pytest

from combmotif.inference import layer_geometry
from combmotif.models import load_card
from combmotif.runs.training.measured_rows import read_measured
from combmotif.sequence import encode
from combmotif.sequence.sets import random_sequences
from combmotif.training.multitask import pearson, stack


@pytest.fixture(scope="module")
def model():
    return load_card("utr3_stability")


def test_card_says_what_it_is(model):
    assert model.outputs == ("beas2b", "jurkat")
    assert model.input_spec.length == 160
    assert "not Saluki" in model.description["limits"]
    measured = {metric["name"]: metric["value"] for metric in model.description["metrics"]}
    assert measured["pearson_r beas2b"] > 0.60
    assert measured["pearson_r jurkat"] > 0.54


def test_layers_can_be_interpreted(model):
    assert layer_geometry(model, "conv3").receptive_field == 18
    assert layer_geometry(model, "conv7").receptive_field == 84


def test_known_elements_destabilise(model):
    plain = np.stack(random_sequences(200, 160, seed=1).codes)

    def effect(word):
        changed = plain.copy()
        changed[:, 60 : 60 + len(word)] = encode(word)
        return (model.predict(changed) - model.predict(plain)).mean(0)

    au_rich = effect("UAUUUAUUUAUUUAU")
    assert (au_rich < -0.05).all()
    assert (effect("UGUAAAUA") < -0.015).all()  # Pumilio
    assert (np.abs(effect("GCUGCAGCAGCUGCA")) < 0.1 * np.abs(au_rich)).all()


@pytest.mark.slow
def test_real_segments_are_ranked(model, data_dir):
    path = data_dir / "stability" / "siegel2022_fastutr" / "stability_seq_jurkat_beas2b.tsv.gz"
    if not path.exists():
        pytest.skip(f"no {path}")
    rows = read_measured(path, columns=["sequence", "jurkat", "beas2b"], labels=["beas2b", "jurkat"])
    some = np.arange(0, len(rows), 30)
    found = pearson(model.predict(stack([rows.codes[i] for i in some], 160)), rows.labels[some])
    assert min(found) > 0.5
