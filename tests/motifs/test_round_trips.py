"""Motifs are read as they were written, and as Biopython reads and writes them."""

from __future__ import annotations

import importlib
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from combmotif.motifs import Motif, MotifSet, read_motifs, save_motifs, write_meme
from combmotif.motifs.files import open_motifs
from combmotif.motifs.formats import write_motif_table
from combmotif.motifs.formats.h5 import load_texts
from combmotif.motifs.formats.text import parse_text

BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINES = st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any)
MATRICES = st.lists(LINES, min_size=1, max_size=9).map(np.array)
IDENTIFIERS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=10)
PLAIN = st.text("abcXYZ019_.-", min_size=1, max_size=9).filter(lambda text: text[0].isalpha())


def test_texts_lie_beside_motifs_in_hdf5(tmp_path):
    motifs, path = MotifSet((Motif("m", np.eye(4), 1),)), tmp_path / "m.h5"
    save_motifs(motifs, path, texts={"tree": "node\tmotif\nä\tm\n", "syntax": "motif\n"})
    assert load_texts(path) == {"tree": "node\tmotif\nä\tm\n", "syntax": "motif\n"}
    assert [record.id for record in read_motifs(path).records] == ["m"]


@st.composite
def motif_sets(draw, identifiers=IDENTIFIERS):
    names = draw(st.lists(identifiers, min_size=1, max_size=4, unique=True))
    motifs = []
    for name in names:
        counts = draw(MATRICES).astype(float)
        motifs.append(Motif(name, counts, int(counts.sum(1).max())))
    return MotifSet(tuple(motifs), "x", draw(st.sampled_from(["rna", "dna"])))


@pytest.mark.slow
@BOUNDED
@given(motif_sets(), st.dictionaries(IDENTIFIERS, IDENTIFIERS, max_size=2))
def test_what_is_written_is_read_back(tmp_path, motifs, names):
    names = {motif.id: f"{name} 1" for motif, name in zip(motifs, names.values(), strict=False)}
    for ending, write in (("meme", write_meme), ("h5", save_motifs), ("tsv", write_motif_table)):
        path = tmp_path / f"m.{ending}"
        write(motifs, path, names=names)
        found = read_motifs(path)
        assert found.alphabet == motifs.alphabet
        assert [(record.id, record.nsites) for record in found.records] == [(m.id, m.sites) for m in motifs]
        for record, motif in zip(found.records, motifs, strict=True):
            np.testing.assert_allclose(record.ppm, motif.frequencies, atol=2e-6)
            told = names.get(motif.id)
            if told is not None:
                assert record.name == ("_".join(told.split()) if ending == "meme" else told)
    again, _ = open_motifs(tmp_path / "m.h5")
    assert [motif.id for motif in again] == [motif.id for motif in motifs]
    assert all(np.array_equal(a.pfm, b.pfm) for a, b in zip(again, motifs, strict=True))


@BOUNDED
@given(motif_sets(PLAIN))
def test_meme_as_biopython_reads_it(tmp_path, motifs):
    bio = pytest.importorskip("Bio.motifs", reason="biopython is not installed")
    motifs = MotifSet(motifs.motifs, "x", "dna")
    write_meme(motifs, tmp_path / "m.meme")
    with (tmp_path / "m.meme").open() as stream:
        others = bio.parse(stream, "minimal")
    assert [other.name for other in others] == [motif.id for motif in motifs]
    for other, motif in zip(others, motifs, strict=True):
        # Biopython makes whole counts of the probabilities
        shares = np.array([other.counts[base] for base in "ACGT"]).T / motif.sites
        np.testing.assert_allclose(shares, motif.frequencies, atol=0.51 / motif.sites + 2e-6)


@BOUNDED
@given(motif_sets(PLAIN), st.sampled_from(["jaspar", "transfac", "clusterbuster", "pfm-four-rows"]))
def test_files_that_biopython_writes(motifs, kind):
    bio = pytest.importorskip("Bio.motifs", reason="biopython is not installed")
    jaspar, transfac = (importlib.import_module(f"Bio.motifs.{name}") for name in ("jaspar", "transfac"))
    # Four positions in rows that nothing labels are told by their sums; see test_pfm.py.
    assume(kind in ("jaspar", "transfac") or all(len(motif) != 4 for motif in motifs))
    others = []
    for motif in motifs:
        counts = {base: motif.pfm[:, at].tolist() for at, base in enumerate("ACGT")}
        if kind == "transfac":
            others.append(transfac.Motif(alphabet="ACGT", counts=counts))
            others[-1]["AC"] = motif.id
        else:
            others.append(jaspar.Motif(matrix_id=motif.id, name=motif.id, counts=counts))
    if kind == "pfm-four-rows":
        rows = [[" ".join(f"{value:g}" for value in row) for row in motif.pfm.T] for motif in motifs]
        text = "\n".join(line for motif, own in zip(motifs, rows, strict=True) for line in (f">{motif.id}", *own))
        read = [np.array([one.counts[base] for base in "ACGT"]).T for one in bio.parse(io.StringIO(text), kind)]
        assert all(np.array_equal(one, motif.pfm) for one, motif in zip(read, motifs, strict=True))
    else:
        text = bio.write(others, kind)
    found = parse_text(text, "m", "m")
    assert [record.id for record in found.records] == [motif.id for motif in motifs]
    for record, motif in zip(found.records, motifs, strict=True):
        np.testing.assert_allclose(record.ppm, motif.frequencies, atol=1e-9)
