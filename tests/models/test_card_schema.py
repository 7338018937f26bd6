import pytest

from combmotif.core.typed_yaml import validate
from combmotif.models.card_schema import ModelCard


def test_smallest_card():
    card = validate(ModelCard, {"kind": "optimus5p", "weights": "net.h5"}, name="c")
    assert card.name is None
    assert card.metrics == []


def test_metric_must_be_a_number():
    data = {"kind": "optimus5p", "weights": "w", "metrics": [{"name": "r2", "value": "high"}]}
    with pytest.raises(ValueError, match=r"c: metrics.0.value: expected a number .its value., found 'high'"):
        validate(ModelCard, data, name="c")


def test_every_field_is_described():
    schema = ModelCard.model_json_schema()
    for section in (schema, *schema["$defs"].values()):
        assert all(field.get("description") for field in section["properties"].values())
