"""What docs/half_life.md shows works."""

import re
import shlex

import click
import pytest

from combmotif.cli import app
from combmotif.config.training.half_life import PRESETS, HalfLifeFit
from combmotif.core.plain_yaml import parse_yaml
from combmotif.core.typed_yaml import validate
from combmotif.models import CnnGru
from combmotif.models.card_schema import ModelCard


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "half_life.md").read_text()


def test_the_card_is_right(page):
    (card,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert validate(ModelCard, parse_yaml(card, name="page"), name="page").weights == "saluki_torch-best.pth"


def test_commands_are_parsed(page, repository):
    lines = [line for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        name, *arguments = shlex.split(line)[1:]
        app.get_command(click.Context(app), name).make_context(name, arguments)
    for path in re.findall(r"(?:configs|tests)/[\w/.-]+\w", page):
        assert (repository / path).is_file(), path


def test_the_numbers_of_the_recipes(page):
    table = page[page.index("## Training") :]
    for key in ("weight_decay", "beta2", "clip", "kernel_l2", "patience", "min_epochs", "shift", "batch", "epochs"):
        assert f"`{key}`" in table
        assert key in HalfLifeFit.model_fields
    saluki, combmotif = PRESETS["saluki"], PRESETS["combmotif"]
    assert [saluki["fit"][k] for k in ("beta2", "clip", "kernel_l2", "patience", "min_epochs")] == [
        0.998, 0.5, 1e-3, 25, 100
    ]  # fmt: skip
    assert [combmotif["fit"][k] for k in ("weight_decay", "patience", "batch", "epochs")] == [1e-5, 100, 64, 250]
    assert "155,521" in page
    assert sum(p.numel() for p in CnnGru(**saluki["net"]).parameters()) == 155_521
