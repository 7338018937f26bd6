import re

import pytest
from pydantic import ValidationError

from combmotif.config import RunConfig, load_config
from combmotif.config.effects import MarginalOptions
from combmotif.config.stages import DiscoverSection, SampleSection
from combmotif.core.typed_yaml import validate
from combmotif.sampling import EvolveOptions


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"match": {"q": 0}}, r"match.q: expected a number greater than 0 .*, found 0"),
        ({"match": {"q": 1.5}}, r"match.q: expected a number less than or equal to 1 .*, found 1.5"),
        ({"match": {"databases": []}}, "match.databases: "),
        ({"match": {"database": ["builtin"]}}, "match.database: unknown key; did you mean 'databases'?"),
        ({"match": {"strands": "duoble"}}, "match.strands: expected one of single, both"),
        ({"contribution": {"outcome": "labl"}}, "contribution.outcome: .*did you mean 'label'?"),
        ({"contribution": {"threshold": 0}}, "contribution.threshold: expected a number greater than 0"),
        ({"interaction": {"scrambles": 1}}, "interaction.scrambles: expected a number greater than or equal to 2"),
        ({"interaction": {"pairs": [["AUG"]]}}, r"interaction.pairs: expected from_motifs, a list of pairs .*AUG"),
        ({"interaction": {"pairs": []}}, "interaction.pairs: expected"),
        ({"interaction": {"p_value": 1}}, "interaction.p_value: expected 'auto'"),
        ({"interaction": {"mode": "shufle"}}, "interaction.mode: .*did you mean 'shuffle'?"),
        ({"sample": {"method": "genetic"}}, "sample.method: expected one of auto, enumerate, evolve"),
        ({"discover": {"clusters": 0}}, "discover.clusters: expected auto or a whole number of at least 1"),
        ({"discover": {"purity": 2}}, "discover.purity: expected a number less than or equal to 1"),
        ({"discover": {"method": "neuronmotiv"}}, "discover.method: .*neuronmotif"),
        ({"report": {"tilte": "x"}}, "report.tilte: unknown key; did you mean 'title'?"),
    ],
)
def test_mistakes(right, write, section, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(right | section))


def test_defaults_are_those_of_the_library():
    section, options = SampleSection(), EvolveOptions()
    assert (section.generations, section.patience) == (options.generations, options.patience)
    for name in ("population", "keep"):
        assert getattr(section, name) is None
        assert f"default {getattr(options, name)}" in str(SampleSection.model_fields[name].description)


def test_pairs_of_words(right, write):
    config = load_config(write(right | {"interaction": {"pairs": [["AUG", "UAA"], ["DRACH", "UGUANAUA"]]}}))
    assert config.interaction is not None
    assert config.interaction.pairs == [["AUG", "UAA"], ["DRACH", "UGUANAUA"]]
    assert config.interaction.scrambles == 8


def test_a_preset_stands_alone():
    assert DiscoverSection(preset="combmotif").preset == "combmotif"
    with pytest.raises(ValidationError, match="preset: combmotif sets the whole procedure.*found clusters: 4"):
        DiscoverSection(preset="combmotif", clusters=4)
    again = DiscoverSection.model_validate(DiscoverSection(preset="neuronmotif").model_dump(by_alias=True))
    assert again.preset == "neuronmotif"


def test_sampling_from_the_dataset_is_written_from():
    section = SampleSection(**{"from": "dataset", "keep": 400})
    assert (section.origin, section.keep, section.method) == ("dataset", 400, "auto")


@pytest.mark.parametrize(("preset", "settings"), [("neuronmotif", (200, 10)), ("combmotif", (350, 30))])
def test_presets_bring_their_published_settings(preset, settings):
    section = SampleSection(preset=preset)
    assert (section.generations, section.patience) == settings
    assert (section.population, section.keep) == (None, None)
    assert SampleSection(preset=preset, patience=3).patience == 3
    assert SampleSection(**section.model_dump(by_alias=True)) == section


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"from": "datasets"},
            "sample.from: expected one of search, dataset, found 'datasets'; did you mean",
        ),
        ({"form": "dataset"}, "sample.form: unknown key; did you mean 'from'"),
        ({"from": "dataset", "preset": "combmotif"}, "preset: combmotif and from: dataset exclude each other"),
        ({"method": "evolve", "preset": "combmotif"}, "preset: combmotif and method: evolve exclude each other"),
        ({"from": "dataset", "method": "evolve"}, "from: dataset and method: evolve exclude each other"),
        ({"preset": "combmotiv"}, "sample.preset: expected one of neuronmotif, combmotif, found 'combmotiv'"),
        ({"tracks": "dat"}, "sample.tracks: expected zero, data, or a row of numbers for each track"),
        ({"tracks": [[1, 0], []]}, "sample.tracks: expected zero, data, or a row of numbers for each track"),
        ({"tracks": [1, 0, 0]}, "sample.tracks: expected zero, data, or a row of numbers for each track"),
    ],
)
def test_sampling_that_makes_no_sense_is_refused(data, message):
    whole = {
        "model": {"card": "mrl"}, "sequences": {"kind": "random"}, "neurons": {"layer": "conv3"}, "sample": data,
    }  # fmt: skip
    with pytest.raises(ValueError, match=re.escape(message)):
        validate(RunConfig, whole, name="run.yaml")


def test_a_run_writes_down_where_it_samples_from():
    data = {
        "model": {"card": "mrl"}, "sequences": {"kind": "random"}, "neurons": {"layer": "conv3"},
        "sample": {"from": "dataset", "tracks": [[1, 0, 0], [0]]},
    }  # fmt: skip
    config = validate(RunConfig, data, name="run.yaml")
    assert config.as_dict()["sample"]["from"] == "dataset"
    assert validate(RunConfig, config.as_dict(), name="run.yaml") == config


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"frequencies": [0.3, 0.2, 0.2, 0.3]}, "add 'from: random'"),
        ({"from": "random", "frequencies": [0.3, 0.2, 0.2, 0.2]}, "expected 4 shares of A, C, G, U that sum to 1"),
        ({"without": ["stop"]}, "stop"),
        ({"backgrounds": 3}, "greater than or equal to 6"),
    ],
)
def test_what_effects_cannot_be_asked(section, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MarginalOptions.model_validate(section)


def test_effects_are_asked_of_500_backgrounds_unless_told_otherwise():
    section = MarginalOptions.model_validate({"without": ["AUG"], "avoid": ["stop"], "from": "random"})
    assert (section.backgrounds, section.without, section.source) == (500, ["AUG"], "random")
