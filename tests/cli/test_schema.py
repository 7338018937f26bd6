import json


def test_run_and_train(cli):
    run = json.loads(cli("schema").stdout)
    assert {"model", "sequences"} == set(run["required"])
    assert run["additionalProperties"] is False
    assert run["properties"]["seed"]["default"] == 0
    train = json.loads(cli("schema", "--train").stdout)
    kinds = {one["$ref"].rpartition("/")[2] for one in train["anyOf"]}
    assert kinds == {"TrainConfig", "MeasuredConfig", "HexamersConfig", "HalfLifeConfig", "LanguageConfig"}
    assert "teachers" in train["$defs"]["TrainConfig"]["required"]


def test_compare(cli, refused):
    compare = json.loads(cli("schema", "--compare").stdout)
    assert "required" not in compare  # runs, or a suite
    assert set(compare["properties"]) >= {"runs", "suite"}
    assert compare["properties"]["draws"]["default"] == 64
    assert compare["additionalProperties"] is False
    shown = cli("schema", "--compare", "--format", "markdown").stdout
    assert shown.startswith("## `combmotif compare`\n")
    assert "| `runs` |" in shown
    assert refused("schema", "--compare", "--train") == "--train and --compare: expected one of the two"


def test_an_unknown_kind_of_training_is_refused(cli, tmp_path):
    (tmp_path / "train.yaml").write_text("kind: half-life\n")
    result = cli("train", "train.yaml")
    assert result.exit_code == 2
    assert "kind: expected measured, hexamers, half_life" in result.stderr
    assert "did you mean 'half_life'" in result.stderr
