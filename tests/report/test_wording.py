"""Numbers in words."""

from __future__ import annotations

import pytest

from combmotif.report import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.2345, "1.23"), (-0.0456, "−0.0456"), (0, "0"), (12, "12.0"), (123456.0, "1.23e5"), (2.5e-7, "2.50e−7"),
     (float("nan"), "–"), (None, "–"), ("", "–"), (0.9999, "1.000"), (1234.5, "1234")],
)  # fmt: skip
def test_number(value: object, text: str) -> None:
    assert wording.number(value) == text


def test_p_values_are_never_zero() -> None:
    assert wording.p_value(0.0) == "< 1e−300"
    assert wording.p_value(3.21e-9) == "3.2e−9"
    assert (wording.p_value(0.0456), wording.p_value(0.456)) == ("0.046", "0.46")


def test_estimates_carry_their_sign_and_interval() -> None:
    assert wording.estimate(0.42, 0.31, 0.53) == "+0.420 [0.310, 0.530]"
    assert wording.estimate(-1.0) == "−1.00"


def test_outcomes() -> None:
    assert wording.outcome("prediction:mrl") == "predicted mrl"
    assert wording.outcome("label:rl") == "measured rl"
    assert wording.outcome("prediction") == "prediction"
    assert (wording.plural(1, "motif"), wording.plural(2, "motif")) == ("1 motif", "2 motifs")
