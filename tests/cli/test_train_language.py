"""A language model is trained by command, and its card opens."""

import numpy as np
import pytest


@pytest.mark.slow
def test_the_command_trains_and_the_card_opens(cli, tmp_path):
    random = np.random.default_rng(0)
    rows = "".join("".join(random.choice(list("ACGU"), 60)) + "\n" for _ in range(60))
    (tmp_path / "t.tsv").write_text("sequence\n" + rows)
    (tmp_path / "lm.yaml").write_text(
        "kind: language\ntexts: [{path: t.tsv}]\nheld_out: {share: 0.2}\n"
        "net: {width: 6, dilations: [1], hidden: 8}\nfit: {steps: 4, batch: 600, every: 2}\ncard: {name: tiny}\n"
    )
    result = cli("train", tmp_path / "lm.yaml", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "nats per base: k-mers 3+3" in result.stdout
    shown = cli("inspect", tmp_path / "out" / "model")
    assert shown.exit_code == 0, shown.output
    assert "before.conv1" in shown.stdout
