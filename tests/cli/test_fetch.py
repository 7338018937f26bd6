import gzip
from dataclasses import replace

import pytest

from combmotif.config.stages import MatchSection
from combmotif.core.databases import PUBLISHED_DATABASES
from combmotif.core.download import md5_of, sha256_of
from combmotif.models.published import PUBLISHED_WEIGHTS
from combmotif.motifs import load_database
from combmotif.runs.stages.matches import missing_collections


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


def mature(folder):
    folder.mkdir(exist_ok=True)
    (folder / "mature.fa").write_text(
        ">hsa-miR-1-3p MIMAT0000416 Homo sapiens miR-1-3p\nUGGAAUGUAAAGAAGUAUGUAU\n"
        ">mmu-let-7a-5p MIMAT0000521 Mus musculus let-7a-5p\nUGAGGUAGUAGGUUGUAUAGUU\n"
    )
    return folder


def test_a_collection_is_made_of_a_folder_and_known_by_its_name(cli, tmp_path):
    assert "rbp: RNA-binding proteins and microRNAs of one species" in cli("fetch").stdout
    with pytest.raises(FileNotFoundError, match="not fetched yet; run: combmotif fetch rbp"):
        load_database("rbp")
    result = cli("fetch", "rbp", "--from", mature(tmp_path / "files"))
    assert result.exit_code == 0, result.output
    assert "mirbase: 1 microRNAs" in result.stdout
    assert "Warning: attract-zip is not part of it: it is not in" in result.stderr
    assert "--database builtin --database rbp" in result.stderr
    assert [entry.name for entry in load_database("rbp").entries] == ["miR-1-3p"]
    result = cli("fetch", "rbp", "--from", tmp_path / "files", "--species", "Mus_musculus", "--to", tmp_path / "mouse")
    assert [entry.name for entry in load_database(tmp_path / "mouse" / "rbp.json").entries] == ["let-7a-5p"]


def test_a_collection_is_downloaded(cli, tmp_path, monkeypatch):
    """What cannot be had is named; the rest is taken."""
    folder = mature(tmp_path / "files")
    for name, url in (
        ("attract-zip", (folder / "none.zip").as_uri()),
        ("cisbp-rna-human", (folder / "none.zip").as_uri()),
        ("mirbase", (folder / "mature.fa").as_uri()),
    ):
        monkeypatch.setitem(PUBLISHED_DATABASES, name, replace(PUBLISHED_DATABASES[name], urls=(url,)))
    result = cli("fetch", "rbp")
    assert result.exit_code == 0, result.output
    assert "Warning: cisbp-rna-human is not part of it: cisbp-rna-human: could not be downloaded" in result.stderr
    assert "mirbase: licence: public domain" in result.stdout
    assert len(load_database("rbp")) == 1
    monkeypatch.setitem(
        PUBLISHED_DATABASES, "mirbase", replace(PUBLISHED_DATABASES["mirbase"], urls=((folder / "no").as_uri(),))
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    result = cli("fetch", "rbp")
    assert result.exit_code == 2
    assert "combmotif fetch rbp --from FOLDER" in result.stderr


def test_a_folder_of_damaged_downloads_is_told(cli, refused, tmp_path):
    (tmp_path / "from").mkdir()
    packed = gzip.compress(b"attract_db.txt" + b"\0" * 498 + b"x" * 512)
    (tmp_path / "from" / "a.tar.gz").write_bytes(packed[:60] + b"\xff" * 9 + packed[69:])
    (tmp_path / "from" / "b.zip").write_bytes(b"PK\x03\x04" + b"\xff" * 60)
    (tmp_path / "from" / "mature.fa").mkdir()
    said = refused("fetch", "rbp", "--from", "from", "--to", "to")
    assert "expected ATtRACT (ATtRACT_db.txt and pwm.txt), CISBP-RNA" in said
    assert not (tmp_path / "to").exists()
    assert "expected an address" in cli("fetch", "hal", "--url", "", "--to", "to").stderr


def test_options_of_collections(cli):
    assert "--species and --from go with rbp" in cli("fetch", "attract", "--species", "x").stderr
    assert "--url and --sha256 are of one file" in cli("fetch", "rbp", "--url", "x").stderr


@pytest.mark.slow
def test_a_run_goes_on_without_the_collection_and_says_so(cli, own_net, tmp_path):
    text = own_net.read_text() + "match: {databases: [builtin, rbp], shuffles: 0}\n"
    own_net.write_text(text)
    result = cli("run", own_net, "--out", tmp_path / "run", "--workers", 1)
    assert result.exit_code == 0, result.output
    said = "rbp is not fetched, so motifs were matched to builtin alone; run 'combmotif fetch rbp'"
    assert said in (tmp_path / "run" / "run.json").read_text()
    section = MatchSection(databases=["builtin", "rbp"])
    assert missing_collections(section) == ["rbp"]
    assert missing_collections(MatchSection(databases=["rbp"])) == [], "without another one it is an error"
    cli("fetch", "rbp", "--from", mature(tmp_path / "files"))
    assert missing_collections(section) == []
