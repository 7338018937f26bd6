from dataclasses import replace

import pytest

from combmotif.core.databases import PUBLISHED_DATABASES
from combmotif.core.download import md5_of, sha256_of
from combmotif.models.published import PUBLISHED_WEIGHTS
from combmotif.motifs import load_database


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
        assert published.name == next(
            k for k, v in {**PUBLISHED_WEIGHTS, **PUBLISHED_DATABASES}.items() if v is published
        )
        assert all(url.startswith("https://") for url in published.urls)
        assert published.licence
        assert published.citation
    assert "no checksum is published" in result.stdout


JASPAR = (
    "MEME version 4\nALPHABET= ACGT\nMOTIF MA0004.1 Arnt\nletter-probability matrix: w= 1 nsites= 20\n0.2 0.8 0 0\n"
)


def test_a_database_without_a_checksum_is_read_and_its_checksum_kept(cli, tmp_path):
    source = tmp_path / "source"
    source.write_text("<!doctype html><html>Not found</html>")
    said = refused_after_licence(cli, "fetch", "jaspar", "--url", source.as_uri())
    assert "what came can not be read (motif file JASPAR2024_CORE" in said
    assert "begins with '<!doctype html>" in said
    source.write_text(JASPAR)
    result = cli("fetch", "jaspar", "--url", source.as_uri())
    assert result.exit_code == 0, result.output
    digest = sha256_of(source)
    assert f"SHA-256 {digest} (no checksum is published; kept in JASPAR2024_CORE" in result.stdout
    assert result.stdout.endswith("1 elements\n")
    assert [entry.name for entry in load_database("jaspar").entries] == ["Arnt"]
    result = cli("fetch", "jaspar", "--url", source.as_uri(), "--sha256", digest)
    assert f"SHA-256 {digest} (as you gave it)" in result.stdout
    assert "sha256: expected 64 hex" in refused_after_licence(cli, "fetch", "jaspar", "--sha256", "1")


def refused_after_licence(cli, *arguments):
    """The error of a command that has already shown a licence."""
    result = cli(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    return result.stderr


def test_the_published_databases_have_these_checksums(data_dir):
    folders = {"attract": "motifs/attract", "rbpdb": "motifs/rbpdb", "ray2013": "motifs/ray2013"}
    for name, folder in {**folders, "catrapid": "rbp/rbp_motifs_rbpbench"}.items():
        published = PUBLISHED_DATABASES[name]
        path = data_dir / folder / published.file
        assert (md5_of(path), path.stat().st_size) == (published.md5, published.size)


def test_refusals(refused):
    assert refused("fetch", "hall") == "name: nothing is published as 'hall'; did you mean 'hal'?"
