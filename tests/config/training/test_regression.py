import pytest

from combmotif.config.training.regression import TrainConfig
from combmotif.core.typed_yaml import validate


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teachers": []}, "teachers: "),
        ({"teachers": [{"crad": "x"}]}, "teachers.0.crad: unknown key; did you mean 'card'?"),
        ({"fit": {"epochs": 0}}, "fit.epochs: expected a number greater than or equal to 1"),
        ({"fit": {"averaging": 1}}, "fit.averaging: expected a number less than 1"),
        ({"tests": [{"name": "a", "path": "p", "label": "y"}] * 2}, "tests: expected a different name for every table"),
        ({"sequences": {"kind": "fasta"}}, "sequences.kind: "),
    ],
)
def test_mistakes(change, message):
    right = {"teachers": [{"card": "framepool"}], "sequences": {"kind": "random"}, "card": {"name": "x"}}
    validate(TrainConfig, right, name="t")
    with pytest.raises(ValueError, match=message):
        validate(TrainConfig, right | change, name="t")
