"""The numbers of docs/half_life.md are those of the code."""

import pytest

from combmotif.config.training.half_life import PRESETS, HalfLifeFit
from combmotif.models.architectures.cnn_gru import CnnGru


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "half_life.md").read_text()


def test_the_numbers_of_the_recipes(page):
    table = page[page.index("## Training") :]
    for key in ("weight_decay", "beta2", "clip", "kernel_l2", "patience", "min_epochs", "shift", "batch", "epochs"):
        assert f"`{key}`" in table
        assert key in HalfLifeFit.model_fields
    saluki, combmotif = PRESETS["saluki"], PRESETS["combmotif"]
    assert [saluki["fit"][k] for k in ("beta2", "clip", "kernel_l2", "patience", "min_epochs")] == [
        0.998, 0.5, 1e-3, 25, 100
    ]  # fmt: skip
    assert [combmotif["fit"][k] for k in ("weight_decay", "patience", "batch", "epochs")] == [1e-5, 100, 64, 250]
    assert "155,521" in page
    assert sum(p.numel() for p in CnnGru(**saluki["net"]).parameters()) == 155_521
