import pytest

from combmotif.config import load_config
from combmotif.config.paths import find_file


def test_beside_the_config_comes_before_the_working_directory(right, write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "a.fa").write_text(">a\nACGU\n")
    path = write(right | {"sequences": {"kind": "fasta", "path": "a.fa"}})
    assert load_config(path).sequences.path == str(tmp_path / "here" / "a.fa")
    (tmp_path / "a.fa").write_text(">a\nACGU\n")
    assert load_config(path).sequences.path == str(tmp_path / "a.fa")


def test_both_places_are_named(right, write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(FileNotFoundError, match="found no 'builtn'.*; did you mean 'builtin'"):
        load_config(write(right | {"match": {"databases": ["builtn"]}}))
    path = write(right | {"match": {"databases": ["builtin", "rbp.meme"]}})
    with pytest.raises(FileNotFoundError) as error:
        load_config(path)
    places = f"{tmp_path / 'rbp.meme'} and {tmp_path / 'here' / 'rbp.meme'}"
    assert str(error.value) == f"match.databases.1: found no 'rbp.meme'; looked for {places}"


def test_environment_and_home(tmp_path, monkeypatch):
    (tmp_path / "x.tsv").write_text("")
    monkeypatch.setenv("MY_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("$MY_DATA/x.tsv", "${MY_DATA}/x.tsv", "~/x.tsv", str(tmp_path / "x.tsv")):
        assert find_file(text, base=tmp_path / "no", key="k") == str(tmp_path / "x.tsv")
    monkeypatch.delenv("MY_DATA")
    with pytest.raises(ValueError, match="k: the environment variable MY_DATA in .* is not set"):
        find_file("$MY_DATA/x.tsv", base=tmp_path, key="k")


def test_cards_by_name_and_by_path(right, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(write(right)).model.card == "optimus5p"
    shipped = right | {"model": {"card": "resources/models/optimus5p"}}
    assert load_config(write(shipped)).model.card == "optimus5p"
    (tmp_path / "mine").mkdir()
    assert load_config(write(right | {"model": {"card": "mine"}})).model.card == str(tmp_path / "mine")
    with pytest.raises(
        FileNotFoundError, match="model.card: found no 'optimus'; .* shipped models; did you mean 'optimus5p'"
    ):
        load_config(write(right | {"model": {"card": "optimus"}}))


def test_factories(right, write, tmp_path):
    (tmp_path / "net.py").write_text("")
    (tmp_path / "w.pt").write_text("")
    model = {"kind": "python", "factory": "net.py:build", "weights": "w.pt"}
    config = load_config(write(right | {"model": model}))
    assert config.model.factory == f"{tmp_path / 'net.py'}:build"
    assert config.model.weights == str(tmp_path / "w.pt")
    config = load_config(write(right | {"model": {"kind": "python", "factory": "package.module:build"}}))
    assert config.model.factory == "package.module:build"
    for factory, message in [
        ("net.py", "model.factory: expected path/to/file.py:function"),
        ("net.py:not a name", "model.factory: expected path/to/file.py:function"),
        ("nett.py:build", "model.factory: found no 'nett.py'"),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            load_config(write(right | {"model": {"kind": "python", "factory": factory}}))


def test_pairs_table(right, write, tmp_path):
    (tmp_path / "pairs.tsv").write_text("a\tb\nAUG\tUAA\n")
    config = load_config(write(right | {"interaction": {"pairs": "pairs.tsv"}}))
    assert config.interaction.pairs == str(tmp_path / "pairs.tsv")
    with pytest.raises(FileNotFoundError, match="interaction.pairs: found no 'from_motif'"):
        load_config(write(right | {"interaction": {"pairs": "from_motif"}}))
