import json

import pytest

from combmotif.config import RunConfig, TrainConfig, load_config
from combmotif.config.reference import reference_text
from combmotif.core.typed_yaml import validate


def test_stages_are_asked_for_by_being_there(right, write):
    config = load_config(write(right))
    assert (config.match, config.contribution, config.interaction) == (None, None, None)
    assert config.discover.method == "neuronmotif"
    asked = load_config(write(right | {"match": {}}))
    assert asked.match is not None
    assert asked.match.databases == ["builtin"]


@pytest.mark.parametrize("key", ["match", "contribution", "effects", "interaction"])
def test_a_bare_section_is_no_answer(right, write, key):
    with pytest.raises(
        ValueError, match=f"{key}: is empty; write '{key}: {{}}' for the defaults, or leave the line out"
    ):
        load_config(write(right | {key: None}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modle": {}}, "modle: unknown key; did you mean 'model'?"),
        ({"seed": -1}, "seed: expected a number greater than or equal to 0"),
        ({"seed": True}, "seed: expected a number .*, found true"),
        ({"device": "gpu"}, "device: expected one of auto, cpu, cuda, mps, found 'gpu'"),
        ({"contribution": {"outcome": "label"}}, "contribution.outcome: 'label' needs measured values"),
    ],
)
def test_mistakes(right, write, change, message):
    with pytest.raises(ValueError, match=message) as error:
        load_config(write(right | change))
    assert str(error.value).count("\n") == 0


def test_plain_data_reads_back(right, write):
    config = load_config(write(right | {"contribution": {}, "interaction": {"pairs": [["AUG", "UAA"]]}}))
    again = validate(RunConfig, json.loads(json.dumps(config.as_dict())), name="run.json")
    assert again == config


@pytest.mark.parametrize("model", [RunConfig, TrainConfig])
def test_every_key_is_described_and_the_reference_says_its_default(model):
    schema = model.model_json_schema()
    page = reference_text({"x": model})
    for section in (schema, *schema["$defs"].values()):
        for name, field in section["properties"].items():
            assert field.get("description"), name
            plain = field.get("default") not in (None, "") and not isinstance(field["default"], (dict, list))
            lines = [line for line in page.split("\n") if line.startswith(f"| `{name}` |")]
            assert not plain or any("default" in line for line in lines), name
