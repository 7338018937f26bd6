import pytest

from combmotif.config import load_config, load_train_config
from combmotif.config.comparing import load_compare_config
from combmotif.config.evaluation import SuiteConfig
from combmotif.config.load import apply_override
from combmotif.core.plain_yaml import parse_yaml
from combmotif.core.typed_yaml import validate


def test_overrides_are_read_as_yaml(right, write):
    config = load_config(
        write(right | {"match": {}}),
        overrides=[
            "sequences.count=2e3",
            "neurons.select=[0, 3-4]",
            "interaction.p_value=1e-4",
            "match=null",
            "seed=010",
        ],
    )
    assert config.sequences.count == 2000
    assert config.neurons.select == [0, "3-4"]
    assert config.interaction is not None
    assert config.interaction.p_value == 1e-4
    assert config.match is None
    assert config.seed == 10


def test_overrides_reach_into_lists():
    data = {"tests": [{"path": "a"}, {"path": "b"}]}
    apply_override(data, "tests.1.path=c=d")
    assert data == {"tests": [{"path": "a"}, {"path": "c=d"}]}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", "--set seed: expected KEY=VALUE"),
        ("=3", "--set =3: expected KEY=VALUE"),
        ("a..b=3", "expected KEY=VALUE"),
        ("seed.x=3", "'seed' is 4, which has no keys"),
        ("items.7.x=3", "'items' is a list of 1, expected a smaller number, found '7'"),
        ("items.first=3", "found 'first'"),
        ("a=[1", "--set a=.1, line 1, column 3"),
    ],
)
def test_mistakes_in_overrides(override, message):
    with pytest.raises(ValueError, match=message):
        apply_override({"seed": 4, "items": [{}]}, override)


def test_an_override_is_checked_like_the_file(right, write):
    with pytest.raises(ValueError, match="interaction.scrambels: unknown key; did you mean 'scrambles'?"):
        load_config(write(right), overrides=["interaction.scrambels=3"])


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.yaml: there is no such config file"):
        load_config(tmp_path / "no.yaml")
    with pytest.raises(ValueError, match="expected a YAML file, found a folder"):
        load_config(tmp_path)


def test_shipped_configs_are_right(repository, monkeypatch, data_dir, tmp_path):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    monkeypatch.setenv("HALF_LIFE_DATA", str(tmp_path))
    for name in ("f0_c0_data0_wholeseq.h5", "model.yaml", "mrna.fa", "mrna.bed"):
        (tmp_path / name).touch()
    for path in sorted((repository / "configs").glob("*.yaml")):
        text = path.read_text()
        assert text.startswith("# "), f"{path} says what it is for in its first line"
        if path.stem.startswith("compare"):
            assert len(load_compare_config(path).runs) > 1
            continue
        if path.stem.startswith(("benchmark", "evaluate")):  # the user brings the files
            assert validate(SuiteConfig, parse_yaml(text, name=path.name), name=path.name).tasks
            continue
        config = (load_train_config if path.stem.startswith("train") else load_config)(path)
        assert config.seed > 0
