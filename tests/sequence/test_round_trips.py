"""What is written is read back the same, and as other readers read it."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from combmotif.sequence import decode, encode, read_fasta, read_table
from combmotif.sequence.annotation.annotated import annotate, read_annotation
from combmotif.sequence.delimited import open_table, stream_table
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.hdf5 import read_hdf5
from combmotif.sequence.names import UniqueNames

BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEQUENCES = st.text("ACGUTNRYacgun", min_size=1, max_size=40).filter(lambda text: text.lower() not in ("na", "nan"))
PRINTED = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
NAMES = st.text(PRINTED, min_size=1, max_size=12).filter(lambda name: name[0] not in ">;")
CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")) | st.sampled_from('",\t '), max_size=8
)
IDENTIFIERS = ("0001", "NA", "nan", "null", "1.0", "TRUE", "9007199254740993", "1e5", "007", "7")


@BOUNDED
@given(
    st.lists(st.tuples(NAMES, SEQUENCES), min_size=1, max_size=6), st.integers(1, 50), st.sampled_from(["\n", "\r\n"]),
    st.booleans(), st.booleans(),
)  # fmt: skip
def test_fasta(tmp_path, records, width, end, mark, packed):
    text = ""
    for name, letters in records:
        lines = [letters[at : at + width] for at in range(0, len(letters), width)]
        text += end.join([f">{name} words", *lines, ""])
    raw = text.encode("utf-8-sig" if mark else "utf-8")
    path = tmp_path / "s.fa"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    expected = [(name, decode(encode(letters))) for name, letters in records]
    assert [(name, decode(codes)) for name, codes in iterate_fasta(path)] == expected
    unique = UniqueNames(name for name, _ in records)
    assert read_fasta(path).names == tuple(unique(name) for name, _ in records)


@BOUNDED
@given(
    st.dictionaries(st.text("abcXYZ019_.|-", min_size=1, max_size=9), SEQUENCES, min_size=1, max_size=5),
    st.integers(1, 50),
)
def test_fasta_as_other_readers_read_it(tmp_path, records, width):
    sequence_io = pytest.importorskip("Bio.SeqIO", reason="biopython is not installed")
    pyfaidx = pytest.importorskip("pyfaidx", reason="pyfaidx is not installed")
    path = tmp_path / "s.fa"
    lines = [[letters[at : at + width] for at in range(0, len(letters), width)] for letters in records.values()]
    path.write_text("".join("\n".join([f">{name}", *own, ""]) for name, own in zip(records, lines, strict=True)))
    found = {name: decode(codes, alphabet="dna") for name, codes in iterate_fasta(path)}

    def plain(letters):
        return decode(encode(letters), alphabet="dna")

    assert found == {record.id: plain(str(record.seq)) for record in sequence_io.parse(path, "fasta")}
    Path(f"{path}.fai").unlink(missing_ok=True)
    with pyfaidx.Fasta(str(path)) as fasta:
        assert found == {name: plain(str(fasta[name])) for name in fasta.keys()}  # noqa: SIM118


@BOUNDED
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6), st.sampled_from([",", "\t"]))
def test_tables_as_csv_writes_them_and_pandas_reads_them(tmp_path, rows, separator):
    path = tmp_path / ("t.csv" if separator == "," else "t.tsv")
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=separator, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    with open_table(path) as table:
        found = [tuple(cells) for _, cells in table.rows]
    assert found == rows
    other = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8")
    assert found == list(other.itertuples(index=False, name=None))


@BOUNDED
@given(
    st.lists(
        st.tuples(NAMES | st.sampled_from(IDENTIFIERS), SEQUENCES, st.floats(allow_nan=False, allow_infinity=False),
                  NAMES | st.sampled_from(IDENTIFIERS)),
        min_size=1, max_size=6,
    ),
    st.sampled_from(["csv", "tsv"]),
)  # fmt: skip
def test_sets_of_tables(tmp_path, rows, ending):
    path = tmp_path / f"t.{ending}"
    frame = pd.DataFrame(rows, columns=["id", "sequence", "y", "gene"])
    frame.to_csv(path, sep="," if ending == "csv" else "\t", index=False, lineterminator="\n")
    found = read_table(path, name="id", labels=["y"], cluster="gene")
    unique = UniqueNames(row[0] for row in rows)
    assert found.names == tuple(unique(row[0]) for row in rows)
    assert [decode(codes) for codes in found.codes] == [decode(encode(row[1])) for row in rows]
    assert found.labels.ravel().tolist() == [row[2] for row in rows]
    assert found.clusters == tuple(row[3] for row in rows)
    assert [name for name, _ in stream_table(path, name="id")] == [row[0] for row in rows]
    name, group = rows[0][0], rows[0][3]
    chosen = read_table(path, name="id", where=f"gene={group}")
    assert [decode(c) for c in chosen.codes] == [decode(encode(row[1])) for row in rows if row[3] == group]
    assert chosen.names[0] == name


@pytest.mark.slow
@BOUNDED
@given(st.lists(st.text("ACGUN", min_size=5, max_size=12), min_size=1, max_size=5), st.integers(0, 3), st.booleans())
def test_hdf5(tmp_path, texts, tracks, whole):
    length = 14
    hot = np.zeros((len(texts), length, 4 + tracks), np.float32)
    codes = np.full((len(texts), length), 4, np.uint8)
    for row, text in enumerate(texts):
        own = encode(text)
        codes[row, : len(own)] = own
        hot[row, : len(own), :4] = own[:, None] == np.arange(4)
        hot[row, : len(own), :4][own == 4] = 0.25
        hot[row, : len(own), 4:] = 1 if whole else 0.5
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["last"], file["first"] = hot, hot.transpose(0, 2, 1)
        file["text"], file["fixed"] = texts, np.array([text.encode() for text in texts])
        file["codes"] = codes
        file["y"] = np.arange(len(texts)) / 7
    for name in ("last", "first", "text", "fixed"):
        found = read_hdf5(tmp_path / "s.h5", sequence=name, label="y")
        assert [decode(own) for own in found.codes] == texts
        assert found.labels.ravel().tolist() == (np.arange(len(texts)) / 7).tolist()
        if name in ("last", "first") and tracks:
            assert all(
                np.array_equal(t, np.full((tracks, len(x)), 1 if whole else 0.5))
                for t, x in zip(found.tracks, texts, strict=True)
            )
    assert np.array_equal(np.stack(read_hdf5(tmp_path / "s.h5", sequence="codes").codes), codes)


@st.composite
def transcripts(draw):
    """A transcript on a chromosome of 200 nt: exons, and a coding region with its phase at the 5' end."""
    places = sorted(draw(st.lists(st.integers(0, 199), min_size=2, max_size=8, unique=True)))
    exons = [(a, b) for a, b in zip(places[::2], places[1::2], strict=False)]
    positions = [place for start, end in exons for place in range(start, end)]
    coding = None
    if len(positions) >= 6 and draw(st.booleans()):
        first = draw(st.integers(0, len(positions) - 6))
        codons = draw(st.integers(1, (len(positions) - first - 2) // 3))
        coding = (first, first + 3 * codons)
    return draw(st.sampled_from("+-")), exons, positions, coding, draw(st.integers(0, 2))


@BOUNDED
@given(st.lists(transcripts(), min_size=1, max_size=4), st.sampled_from(["bed", "gtf", "gff3"]), st.booleans())
def test_annotations(tmp_path, given_, kind, shuffled):
    lines, expected = [], {}
    genome = np.random.default_rng(0).integers(0, 4, 200).astype(np.uint8)
    for number, (strand, exons, positions, coding, phase) in enumerate(given_):
        name = f"T{number}.1"
        order = positions if strand == "+" else positions[::-1]
        codes = genome[order] if strand == "+" else 3 - genome[order]
        frame, splice = np.zeros(len(order), np.uint8), np.zeros(len(order), np.uint8)
        for start, end in exons:
            splice[order.index(end - 1 if strand == "+" else start)] = 1
        if coding:
            frame[coding[0] : coding[1] : 3] = 1
        expected[name] = (codes, np.stack([frame, splice]))
        # the phase says that the coding region begins up to 2 nt before its first whole codon
        skipped = min(phase, coding[0]) if coding and kind != "bed" else 0
        inside = sorted(order[coding[0] - skipped : coding[1]]) if coding else []
        if kind == "bed":
            sizes, offsets = (
                ",".join(map(str, own)) for own in ([b - a for a, b in exons], [a - exons[0][0] for a, _ in exons])
            )
            thick = (inside[0], inside[-1] + 1) if inside else (exons[0][0], exons[0][0])
            lines.append(
                f"c\t{exons[0][0]}\t{exons[-1][1]}\t{name}\t0\t{strand}\t{thick[0]}\t{thick[1]}\t0\t{len(exons)}\t{sizes}\t{offsets}"
            )
            continue
        said = f'gene_id "g{number}"; transcript_id "{name}";' if kind == "gtf" else f"Parent={name}"
        own = [("exon", a, b, ".") for a, b in exons]
        done = 0
        for a, b in exons if strand == "+" else exons[::-1]:
            part = [place for place in inside if a <= place < b]
            if part:
                own.append(("CDS", part[0], part[-1] + 1, (skipped - done) % 3))
                done += len(part)
        lines += [f"c\tx\t{what}\t{a + 1}\t{b}\t.\t{strand}\t{p}\t{said}" for what, a, b, p in own]
    if shuffled and kind != "bed":
        lines = [lines[at] for at in np.random.default_rng(1).permutation(len(lines))]
    (tmp_path / "a.txt").write_text("\n".join(lines) + "\n")
    found = {
        name: (codes, tracks) for name, codes, tracks in annotate([("c", genome)], read_annotation(tmp_path / "a.txt"))
    }
    assert found.keys() == expected.keys()
    for name, (codes, tracks) in expected.items():
        assert np.array_equal(found[name][0], codes)
        assert np.array_equal(found[name][1], tracks)
