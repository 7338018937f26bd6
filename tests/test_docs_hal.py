"""What docs/hal.md shows works."""

import re

import numpy as np
import pytest

from combmotif.core.plain_yaml import parse_yaml
from combmotif.core.typed_yaml import validate
from combmotif.models.architectures import hal
from combmotif.models.card_schema import ModelCard
from combmotif.sequence import decode


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "hal.md").read_text()


def _block(page, language):
    return re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)[1]


def test_the_python_lines_run(page, data_dir, monkeypatch):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    windows = [decode(row, alphabet="dna") for row in np.random.default_rng(0).integers(0, 4, (3, 160))]
    names = {"window": windows[0], "upstream": windows[1], "downstream": windows[2]}
    names["exon"] = windows[0][:10] + "C" + windows[0][10:60]
    exec(_block(page, "python"), names)
    assert names["before"] != names["after"]


def test_the_card_is_right(page):
    card = validate(ModelCard, parse_yaml(_block(page, "yaml"), name="hal.md"), name="hal.md")
    assert card.kind == "hal"


def test_the_regions_are_those_of_the_code(page):
    shown = [tuple(map(int, pair)) for pair in re.findall(r"^\| \d [\w ]+ \| (\d+)-(\d+) \|", page, re.MULTILINE)]
    assert shown == [(start, stop - 1) for start, stop in hal.SPANS if stop - start > 1]


def test_files_it_names_exist(page, repository):
    for path in re.findall(r"(?:scripts|configs|tests)/[\w/.-]+\w", page):
        assert (repository / path).is_file(), path
