"""What is said of a release in several places is the same everywhere."""

import re

import yaml

from combmotif.core.version import __version__


def test_the_changelog_begins_with_a_dated_entry_of_this_version(repository):
    heading = re.search(r"^## (.*)$", (repository / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    version, date = re.fullmatch(r"(\S+) \((\d{4}-\d\d-\d\d)\)", heading).groups()
    cited = yaml.safe_load((repository / "CITATION.cff").read_text())
    assert version == __version__ == cited["version"]
    assert date == cited["date-released"].isoformat()


def test_style_is_checked_with_one_version_of_ruff(repository):
    pinned = re.search(r"^ruff==(.*)$", (repository / "constraints.txt").read_text(), re.MULTILINE)[1]
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["rev"] for repo in hooks if "ruff" in repo["repo"]] == [f"v{pinned}"]


def test_every_python_that_is_supported_is_tested(repository):
    jobs = yaml.safe_load((repository / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["tests"]
    least = re.search(r'requires-python = ">=(.*)"', (repository / "pyproject.toml").read_text())[1]
    assert jobs["strategy"]["matrix"]["python"][0] == least
    assert jobs["steps"][-1]["run"] == "bash scripts/test.sh"
    assert (repository / "scripts" / "test.sh").is_file()
