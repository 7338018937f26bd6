from dataclasses import replace

import pytest

from combmotif.download import md5_of
from combmotif.models.published import PUBLISHED_WEIGHTS
from combmotif.motifs import load_database
from combmotif.motifs.published import PUBLISHED_DATABASES


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_licence_and_place_are_shown(cli, tmp_path, monkeypatch):
    (tmp_path / "source").write_bytes(b"abc")
    monkeypatch.setitem(
        PUBLISHED_WEIGHTS, "hal", replace(PUBLISHED_WEIGHTS["hal"], md5=md5_of(tmp_path / "source"), size=3)
    )
    arguments = ("fetch", "hal", "--to", tmp_path / "to", "--url", (tmp_path / "source").as_uri())
    result = cli(*arguments)
    assert result.exit_code == 0, result.output
    assert "Licence: MIT (kipoi/models). Cite: Rosenberg et al., Cell 2015" in result.stdout
    assert result.stdout.endswith(f"HAL_mer_scores.npz: {tmp_path / 'to' / 'HAL_mer_scores.npz'}\n")


def test_a_database_is_known_by_its_name_once_fetched(cli, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_text("AC  one\nP0 a c g t\n1 1 0 0 0\nXX\n//\n")
    monkeypatch.setitem(PUBLISHED_DATABASES, "rbpdb", replace(PUBLISHED_DATABASES["rbpdb"], md5=md5_of(source)))
    with pytest.raises(FileNotFoundError, match="not fetched yet; run: combmotif fetch rbpdb"):
        load_database("rbpdb")
    result = cli("fetch", "rbpdb", "--url", source.as_uri())
    assert result.exit_code == 0, result.output
    assert "Cook et al." in result.stdout
    assert "Next: combmotif match QUERIES.meme --database rbpdb" in result.stderr
    assert [entry.id for entry in load_database("rbpdb").entries] == ["one"]
    assert "fetched; https://" in cli("fetch").stdout


def test_what_is_known_is_listed_with_its_licence(cli):
    result = cli("fetch")
    for published in (*PUBLISHED_WEIGHTS.values(), *PUBLISHED_DATABASES.values()):
        assert f"{published.name}: {published.description}" in result.stdout
        assert f"licence: {published.licence}; cite {published.citation}" in result.stdout


def test_the_published_databases_have_these_checksums(data_dir):
    for name, folder in {"attract": "attract", "rbpdb": "rbpdb", "ray2013": "ray2013"}.items():
        published = PUBLISHED_DATABASES[name]
        path = data_dir / "motifs" / folder / published.file
        assert (md5_of(path), path.stat().st_size) == (published.md5, published.size)


def test_refusals(refused):
    assert refused("fetch", "hall") == "name: nothing is published as 'hall'; did you mean 'hal'?"
