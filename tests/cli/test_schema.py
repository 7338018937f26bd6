import json


def test_run_and_train(cli):
    run = json.loads(cli("schema").stdout)
    assert {"model", "sequences", "neurons"} == set(run["required"])
    assert run["additionalProperties"] is False
    assert run["properties"]["seed"]["default"] == 0
    train = json.loads(cli("schema", "--train").stdout)
    assert "teachers" in train["required"]
