"""What embed and score write, in every format, is read again as the model it came from."""

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.config.evaluation import parse_model
from combmotif.evaluation.adapters.base import LacksCapability
from combmotif.evaluation.adapters.combined import JoinedModel, turned
from combmotif.evaluation.adapters.from_files import FileModel
from combmotif.evaluation.adapters.make import make_adapter
from combmotif.evaluation.adapters.simple import FeatureModel
from combmotif.evaluation.results import embed_fasta, score_fasta
from combmotif.evaluation.tasks.base import read_cells
from combmotif.sequence.alphabet import encode

TEXTS = {"a/1": "ACGTACGTTTGA", "=b": "GGGTACCA", "c": "TTTNTTACGAAA"}


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    path = tmp_path_factory.mktemp("formats") / "x.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in TEXTS.items()))
    return path


@pytest.fixture(scope="module")
def language(fasta):
    return make_adapter(parse_model("utr3_lm"), name="lm")


@pytest.mark.parametrize("end", ["h5", "npz", "parquet", "tsv", "tsv.gz"])
def test_vectors_are_read_again(fasta, tmp_path, end):
    out = tmp_path / f"v.{end}"
    model = FeatureModel("kmer:2")
    count, width, skipped = embed_fasta(model, fasta, out)
    assert (count, width, skipped) == (3, 16, [])
    codes = [encode(text) for text in TEXTS.values()]
    again = FileModel(embeddings=out).embed(codes, names=list(TEXTS))
    np.testing.assert_allclose(again, model.embed(codes), atol=1e-6)
    first = out.read_bytes()
    embed_fasta(model, fasta, out)
    assert end == "h5" or out.read_bytes() == first


@pytest.mark.parametrize("end", ["h5", "npz", "parquet", "tsv", "tsv.gz"])
def test_probabilities_are_read_again(fasta, language, tmp_path, end):
    out = tmp_path / f"p.{end}"
    assert score_fasta(language, fasta, out, mode="strided:20") == (3, 32, [])
    codes = [encode(text) for text in TEXTS.values()]
    again = FileModel(probabilities=out).probabilities(codes, names=list(TEXTS))
    for read, made in zip(again, language.probabilities(codes), strict=True):
        np.testing.assert_allclose(read, made, atol=1e-3)


def test_arrays_by_name_are_probabilities_too(tmp_path):
    table = np.full((4, 4), 0.25)
    np.savez(tmp_path / "p.npz", s=table)
    model = FileModel(probabilities=tmp_path / "p.npz")
    np.testing.assert_allclose(model.probabilities([encode("ACGT")], names=["s"])[0], table)


def test_a_parquet_table_is_a_task_s_table(tmp_path):
    frame = pd.DataFrame({"sequence": ["ACGT", "GGGT"], "value": [0.1 + 0.2, np.nan], "name": ["x", None]})
    frame.to_parquet(tmp_path / "t.parquet")
    cells = read_cells(tmp_path / "t.parquet")
    assert cells == {"sequence": ["ACGT", "GGGT"], "value": ["0.30000000000000004", ""], "name": ["x", ""]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.npz", b"PK\x03\x04 no archive", "an .npz file of arrays"),
        ("p.parquet", b"PAR1 no more", "a Parquet file"),
        ("p.tsv", b"name\tA\nx\t1\n", "found no 'position'"),
        ("p.tsv.gz", b"no gzip", "p.tsv.gz"),
        ("q.tsv", b"name\tposition\tbase\tA\tC\tG\tT\nx\t1\tA\t1\t0\t0\t0\n", "x: expected positions 0, 1, 2"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        FileModel(probabilities=tmp_path / name)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    np.savez(tmp_path / "v.npz", names=np.array(["a", None], dtype=object), embeddings=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="v.npz"):
        FileModel(embeddings=tmp_path / "v.npz")


def test_an_ending_that_is_none_names_those_that_are(fasta, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.h5, .*\.parquet, .* found 'v\.zarr'"):
        embed_fasta(FeatureModel("kmer:1"), fasta, tmp_path / "v.zarr")


def test_features_have_no_layers_to_choose(fasta, tmp_path):
    with pytest.raises(LacksCapability, match="has no positions to pool"):
        embed_fasta(FeatureModel("kmer:1"), fasta, tmp_path / "v.h5", layers="all")
    with pytest.raises(LacksCapability, match="pool 'cls'"):
        embed_fasta(FeatureModel("kmer:1"), fasta, tmp_path / "v.h5", pool="cls")


def test_models_are_joined(fasta, language, tmp_path):
    codes = [encode("ACGTACGT"), encode("TTTTT")]
    joined = make_adapter(parse_model("concat:utr3_lm,kmer:1,length"), name="x")
    found = joined.embed(codes)
    assert found.shape == (2, 192 + 4 + 2)
    np.testing.assert_allclose(found[:, :192], language.embed(codes), atol=1e-5)
    np.testing.assert_allclose(found[:, 192:196], [[2, 2, 2, 2], [0, 0, 0, 5]])
    twin = joined.random_twin(0)
    assert not np.allclose(twin.embed(codes)[:, :192], found[:, :192])
    np.testing.assert_allclose(twin.embed(codes)[:, 192:], found[:, 192:])
    assert JoinedModel([FeatureModel("length"), FeatureModel("kmer:1")], name="y").random_twin(0) is None


def test_only_the_part_of_the_genome_s_strand_is_turned(language):
    code = encode("AAAAAAAC")
    genome = make_adapter(parse_model("utr3_lm"), name="g")
    genome.orientation = "genome"
    joined = turned(JoinedModel([genome, FeatureModel("kmer:1")], name="x"), orientation="rna", minus=frozenset(["s"]))
    found = joined.embed([code], names=["s"])[0]
    np.testing.assert_allclose(found[:192], language.embed([encode("GTTTTTTT")])[0], atol=1e-5)
    np.testing.assert_allclose(found[192:], [7, 1, 0, 0])


def test_without_a_pool_every_base_has_its_vector(fasta, language, tmp_path):
    assert embed_fasta(language, fasta, tmp_path / "v.h5", pool="none", layers="0,-1")[:2] == (3, 192 + 128)
    embed_fasta(language, fasta, tmp_path / "m.h5", pool="mean", layers="0,-1")
    with h5py.File(tmp_path / "v.h5") as file, h5py.File(tmp_path / "m.h5") as pooled:
        found = {name: file[name]["states"][:] for name in pooled["names"].asstr()[:]}
        assert sorted(len(states) for states in found.values()) == [8, 12, 12]
        np.testing.assert_allclose([own.mean(0) for own in found.values()], pooled["embeddings"][:], atol=1e-5)
    with pytest.raises(ValueError, match="none is for HDF5"):
        embed_fasta(language, fasta, tmp_path / "v.npz", pool="none")
    with pytest.raises(LacksCapability, match="has no vector of every position"):
        embed_fasta(FeatureModel("kmer:1"), fasta, tmp_path / "k.h5", pool="none")


def test_hdf5_says_what_it_holds(fasta, language, tmp_path):
    embed_fasta(language, fasta, tmp_path / "v.h5", pool="center:5", layers="-1")
    with h5py.File(tmp_path / "v.h5") as file:
        assert (file.attrs["pool"], file.attrs["layers"], file.attrs["model"]) == ("center:5", "-1", "lm")
        assert file["lengths"][:].tolist() == [12, 8, 12]
