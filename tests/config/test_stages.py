import dataclasses

import pytest
from pydantic import ValidationError

from combmotif.config import DiscoverSection, SampleSection, load_config
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
        ({"interaction": {"p_value": 1}}, "interaction.p_value: expected a number less than 1"),
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
    section = SampleSection().model_dump()
    assert {name: section[name] for name in dataclasses.asdict(EvolveOptions())} == dataclasses.asdict(EvolveOptions())


def test_pairs_of_words(right, write):
    config = load_config(write(right | {"interaction": {"pairs": [["AUG", "UAA"], ["DRACH", "UGUANAUA"]]}}))
    assert config.interaction is not None
    assert config.interaction.pairs == [["AUG", "UAA"], ["DRACH", "UGUANAUA"]]
    assert config.interaction.scrambles == 32


def test_a_preset_stands_alone():
    assert DiscoverSection(preset="combmotif").preset == "combmotif"
    with pytest.raises(ValidationError, match="preset: combmotif sets the whole procedure.*found clusters: 4"):
        DiscoverSection(preset="combmotif", clusters=4)
    again = DiscoverSection.model_validate(DiscoverSection(preset="neuronmotif").model_dump())
    assert again.preset == "neuronmotif"
