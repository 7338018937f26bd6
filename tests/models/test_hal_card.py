"""The model card of HAL: where its table is found, and what is said where it is not."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from combmotif.models import load_card
from combmotif.models.architectures import hal
from combmotif.models.architectures.hal.table import EXON_FILES, TABLE_FILE


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def own_card(folder, **arguments):
    folder.mkdir(exist_ok=True)
    text = "".join(f"  {key}: {value}\n" for key, value in arguments.items())
    (folder / "model.yaml").write_text(f"kind: hal\nweights: {TABLE_FILE}\narguments:\n{text}")
    return folder


def test_the_shipped_card_predicts_what_it_promises(data_dir, nowhere, monkeypatch):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    model = load_card("hal")
    codes = np.random.default_rng(0).integers(0, 4, (50, 160)).astype(np.uint8)
    table = hal.load_table(data_dir / "hal" / TABLE_FILE)
    np.testing.assert_allclose(model.predict(codes)[:, 0], hal.donor_score(codes, table), rtol=1e-6, atol=1e-6)
    assert model.outputs == ("donor_score",)
    assert model.input_spec.length == 160


def test_a_fetched_table_is_found(data_dir, nowhere):
    place = nowhere / "cache" / "combmotif" / "hal"
    place.mkdir(parents=True)
    shutil.copy(data_dir / "hal" / TABLE_FILE, place)
    assert load_card("hal").name == "hal"


def test_without_the_table_there_is_one_sentence(nowhere):
    with pytest.raises(FileNotFoundError, match="run 'combmotif fetch hal', or put them at .* in a folder hal/ inside"):
        load_card("hal")


def test_another_table_is_refused(nowhere):
    place = nowhere / "cache" / "combmotif" / "hal"
    place.mkdir(parents=True)
    hal.HexamerTable(np.zeros((4096, 8))).save(place / TABLE_FILE)
    with pytest.raises(ValueError, match="expected the weights of .*sha256 961acd13"):
        load_card("hal")


def test_own_tables_and_the_other_functions(nowhere):
    random = np.random.default_rng(1)
    table = hal.HexamerTable(random.normal(size=(4096, 8)))
    folder = own_card(nowhere / "own", function="exon_skipping", donor_columns=4)
    table.save(folder / TABLE_FILE)
    scores = {6: random.normal(size=4096), 3: random.normal(size=64)}
    for name, size in zip(EXON_FILES, (6, 3), strict=True):
        words = [hal.hexamer_word(i)[6 - size :] for i in range(4**size)]
        lines = [f"{word},{value!r}" for word, value in zip(words, scores[size].tolist(), strict=True)]
        (folder / name).write_text("\n".join(["kmer,score", *lines]))
    codes = random.integers(0, 4, (4, 70)).astype(np.uint8)
    expected = hal.exon_skipping(codes, table, hal.load_exon_scores(folder), donor_columns=4)
    np.testing.assert_allclose(load_card(folder).predict(codes)[:, 0], expected, rtol=1e-5)
    np.testing.assert_array_equal(hal.load_exon_scores(folder).acceptor, scores[3])

    own_card(folder, functon="mean_effect")
    with pytest.raises(ValueError, match="model.yaml: arguments: .*functon"):
        load_card(folder)
