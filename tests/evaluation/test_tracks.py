"""Tracks, places and strands: every base is read where it lies, and every model in the direction it was trained on."""

import numpy as np
import pytest
from toy_tasks import task_of

from combmotif.evaluation.adapters.base import Adapter, LacksCapability
from combmotif.evaluation.adapters.combined import turned
from combmotif.evaluation.adapters.from_files import FileModel
from combmotif.evaluation.adapters.simple import FeatureModel
from combmotif.evaluation.adapters.tracks import Track, read_places
from combmotif.evaluation.dataset.utrs import COMPLEMENT
from combmotif.evaluation.dataset.write import write_utrs
from combmotif.evaluation.measure import measure_task
from combmotif.sequence.alphabet import encode

pyBigWig = pytest.importorskip("pyBigWig")


def _bigwig(path, sizes, entries):
    file = pyBigWig.open(str(path), "w")
    file.addHeader(list(sizes.items()))
    for chromosome, start, end, value in entries:
        file.addEntries([chromosome], [start], ends=[end], values=[value])
    file.close()
    return path


@pytest.fixture
def genome(tmp_path):
    """A 3'UTR on each strand, the first on two exons; the track holds each position's number but for 26."""
    text = "GGATGAAACCCTAAGCGTTTTACAGGCCGTATTTCCAGGGTTTCATGG"
    (tmp_path / "g.fa").write_text(f">chr1\n{text}\n")
    rows = [
        ("+", "exon", 1, 18),
        ("+", "CDS", 3, 11),
        ("+", "exon", 25, 30),
        ("-", "exon", 33, 48),
        ("-", "CDS", 41, 46),
    ]
    (tmp_path / "g.gtf").write_text("".join(
        f'chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\ttranscript_id "t{strand}"; gene_id "g{strand}";\n'
        for strand, kind, start, end in rows
    ))  # fmt: skip
    entries = [("1", i, i + 1, float(i)) for i in range(48) if i not in (15, 26)]
    _bigwig(tmp_path / "c.bw", {"1": 48}, entries)
    return tmp_path


@pytest.mark.parametrize("orientation", ["rna", "genome"])
def test_a_track_is_read_over_exons_and_strands(genome, orientation):
    write_utrs(genome / "g.gtf", genome / "g.fa", genome / "u.fa", orientation=orientation)
    places = read_places(genome / "u.fa.tsv")
    plus, minus = Track(genome / "c.bw", places).track([np.zeros(10), np.zeros(8)], names=["t+", "t-"])
    np.testing.assert_array_equal(plus, [14, np.nan, 16, 17, 24, 25, np.nan, 27, 28, 29])
    expected = np.arange(32, 40)
    np.testing.assert_array_equal(minus, expected[::-1] if orientation == "rna" else expected)


def test_every_base_of_a_longer_interval_has_its_value(tmp_path):
    track = Track(_bigwig(tmp_path / "c.bw", {"s": 9}, [("s", 2, 6, 1.5)]))
    np.testing.assert_array_equal(track.track([np.zeros(9)], names=["s"])[0][1:7], [np.nan, *[1.5] * 4, np.nan])
    assert track.at("chrs", 0, 9) == 1.5
    assert np.isnan(track.at("other", 0))


def test_a_track_that_does_not_fit_is_one_sentence(genome, tmp_path):
    (tmp_path / "text.bw").write_text("chr1 0 1 2\n")
    with pytest.raises(ValueError, match="expected a bigWig file, found another format"):
        Track(tmp_path / "text.bw")
    with pytest.raises(ValueError, match="expected 't', found 1; names of sequences need places"):
        Track(genome / "c.bw").track([np.zeros(3)], names=["t"])
    with pytest.raises(ValueError, match="1: expected 3 bases, found 48"):
        Track(genome / "c.bw").track([np.zeros(3)], names=["1"])
    columns = "name\tchromosome\tstrand\tblocks\torientation\n"
    (tmp_path / "p.tsv").write_text(f"{columns}a\tchr7\t+\t0-3\trna\n")
    with pytest.raises(ValueError, match="expected chromosomes such as 'chr7', found 1"):
        Track(genome / "c.bw", read_places(tmp_path / "p.tsv")).track([np.zeros(3)], names=["a"])
    with pytest.raises(ValueError, match="places: a: expected 5 bases as in its sequence, found 3"):
        Track(genome / "c.bw", read_places(tmp_path / "p.tsv")).track([np.zeros(5)], names=["a"])
    (tmp_path / "p.tsv").write_text(f"{columns}a\tchr7\t?\t0-3\trna\n")
    with pytest.raises(ValueError, match=r"row 1: expected a strand \(\+ or -\)"):
        read_places(tmp_path / "p.tsv")


@pytest.fixture
def instances(tmp_path):
    """ACTAAC in 40 sequences, bound in every second; conservation of the bound ones rises, of the others is 5."""
    random, entries, lines = np.random.default_rng(0), [], []
    with (tmp_path / "u.fa").open("w") as stream:
        for i in range(40):
            text = "".join(random.choice(list("GT"), 40))
            stream.write(f">u{i}\n{text[:20]}ACTAAC{text[20:]}\n")
            entries.append((f"u{i}", 21, 24, float(i) if i % 2 else 5.0))
            if i % 2:
                lines.append(f"u{i}\t18\t30\tQKI_IDR\n")
    (tmp_path / "r.bed").write_text("".join(lines))
    _bigwig(tmp_path / "c.bw", {f"u{i}": 46 for i in range(40)}, entries)
    (tmp_path / "m.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF conv1.3.m1\nletter-probability matrix: alength= 4 w= 6 nsites= 20\n"
        + "".join("\t".join("1" if base == own else "0" for base in "ACGT") + "\n" for own in "ACTAAC")
    )
    return tmp_path


def test_conserved_instances_are_measured_apart_each_against_all_unbound_ones(instances):
    task = task_of(
        "motifs", kmers={"QKI": ["ACTAAC"]}, fasta=str(instances / "u.fa"), regions=str(instances / "r.bed"),
        match="none", conservation=str(instances / "c.bw"), quantile=0.2,
    )  # fmt: skip
    most, least = task.truth("most conserved"), task.truth("least conserved")
    for truth in (most, least):
        assert (np.nansum(truth.values), int((truth.values == 0).sum())) == (4, 20)
    conservation = task.items["conservation"].to_numpy()
    assert sorted(conservation[most.values == 1]) == [33, 35, 37, 39]
    assert sorted(conservation[least.values == 1]) == [1, 3, 5, 7]
    table, _ = measure_task("m", task, {"phylop": task.score(Track(instances / "c.bw"))}, draws=0)
    found = table[table["measure"] == "auc"].set_index("truth")["value"]
    assert found["most conserved"] == 1
    assert found["least conserved"] == pytest.approx((0 + 0 + 0.5 + 1) / 4)


def test_motifs_of_a_file_have_the_instances_of_their_k_mer(instances):
    shared = {"fasta": str(instances / "u.fa"), "regions": str(instances / "r.bed")}
    own = task_of("motifs", motifs=str(instances / "m.meme"), proteins={"conv1.3.m1": "QKI"}, p_value=1e-3, **shared)
    plain = task_of("motifs", kmers={"QKI": ["ACTAAC"]}, **shared)
    for column in ("sequence", "start", "end", "bound", "protein"):
        assert sorted(own.items[column]) == sorted(plain.items[column])
    assert set(own.items["kmer"]) == {"conv1.3.m1"}
    with pytest.raises(ValueError, match=r"proteins: expected motifs such as conv1\.3\.m1, found 'conv9'"):
        task_of("motifs", motifs=str(instances / "m.meme"), proteins={"conv9": "QKI"}, **shared)
    with pytest.raises(ValueError, match=r"proteins with regions \(QKI\), found elements of conv1\.3\.m1"):
        task_of("motifs", motifs=str(instances / "m.meme"), **shared)
    with pytest.raises(ValueError, match="expected kmers, or motifs"):
        task_of("motifs", **shared)


class Forward(Adapter):
    """Reads the forward strand: remembers what it was shown, and gives A, C, G, T the shares .1, .2, .3, .4."""

    name, orientation, outputs = "forward", "genome", ("first",)
    capabilities = frozenset({"embed", "predict", "masked", "likelihood"})

    def embed(self, codes, *, names=None, pool="mean", layers="-1"):
        return np.array([[code[0]] for code in codes], dtype=np.float32)

    def predict(self, codes, *, names=None):
        return np.array([[float(code[0])] for code in codes])

    def probabilities(self, codes, *, names=None, mode="masked"):
        tables = [np.tile(np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32), (len(code), 1)) for code in codes]
        for table in tables:
            table[0] = (0.7, 0.1, 0.1, 0.1)  # of the first base that it is shown
        return tables


def test_a_model_of_the_forward_strand_is_shown_genes_of_the_minus_strand_turned():
    codes = [encode("AACG"), encode("AACG")]
    model = turned(Forward(), orientation="rna", minus=frozenset({"m"}))
    assert model.embed(codes, names=["p", "m"])[:, 0].tolist() == [0, 1]  # AACG, CGTT
    assert model.predict(codes, names=["p", "m"])[:, 0].tolist() == [0, 1]
    plus, minus = model.probabilities(codes, names=["p", "m"])
    np.testing.assert_allclose(plus[0], [0.7, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(minus[-1], [0.1, 0.1, 0.1, 0.7])  # A of the forward strand's first base is T of the last
    np.testing.assert_allclose(minus[0], [0.4, 0.3, 0.2, 0.1])
    likelihood = model.log_likelihood(codes, names=["p", "m"])
    assert likelihood[1] == pytest.approx(np.log([0.1, 0.3, 0.4, 0.4]).mean())
    assert turned(Forward(), orientation="genome", minus=None).orientation == "genome"  # nothing to turn
    with pytest.raises(LacksCapability, match="nothing says which genes are on the minus strand"):
        turned(Forward(), orientation="rna", minus=None)


def test_results_known_by_name_are_not_turned_but_probabilities_are(tmp_path):
    (tmp_path / "p.tsv").write_text("name\tx\nm\t1\n")
    model = FileModel(predictions=tmp_path / "p.tsv", orientation="genome")
    assert turned(model, orientation="rna", minus=None) is model


def test_tasks_know_their_strands(genome, tmp_path):
    write_utrs(genome / "g.gtf", genome / "g.fa", genome / "u.fa", shortest=8)
    task = task_of("shuffles", fasta=str(genome / "u.fa"), places=str(genome / "u.fa.tsv"))
    assert (task.orientation, task.minus) == ("rna", {"t-"})
    lines = ["sequence\tstrand\tvalue\n"]
    for i in range(30):
        code = np.random.default_rng(i).integers(0, 4, 40).astype(np.uint8)
        value = int(code[0])
        shown = COMPLEMENT[code[::-1]] if i % 2 else code
        lines.append("".join("ACGT"[int(base)] for base in shown) + f"\t{'-' if i % 2 else '+'}\t{value}\n")
    (tmp_path / "t.tsv").write_text("".join(lines))
    known = task_of("regression", table=str(tmp_path / "t.tsv"), targets=["value"], strand="strand", regressor="none")
    model = turned(Forward(), orientation=known.orientation, minus=known.minus)
    np.testing.assert_array_equal(known.score(model)[0].values, known.truths[0].values)
    with pytest.raises(ValueError, match=r"row 1 column 'value': expected \+ or -"):
        task_of("regression", table=str(tmp_path / "t.tsv"), targets=["value"], strand="value")


def test_variants_are_read_on_a_track_by_position(tmp_path):
    rows = ["chrom\tpos\tstrand\tref_sequence\talt_sequence\tlabel\n"]
    rows += ["chr1\t11\t+\tACGTACGT\tACGAACGT\t1\n", "1\t21\t-\tACGTACGT\tACGACGT\t0\n"]
    (tmp_path / "v.tsv").write_text("".join(rows))
    track = Track(_bigwig(tmp_path / "c.bw", {"chr1": 50}, [("chr1", i, i + 1, float(i)) for i in range(50)]))
    task = task_of("variants", table=str(tmp_path / "v.tsv"), label="label", chrom="chrom", pos="pos", strand="strand")
    assert task.score(track)[0].values.tolist() == [10, 21]  # a substitution; a deletion with the base before it
    assert task.minus == {"row2_ref", "row2_alt"}
    with pytest.raises(ValueError, match="pos: expected chrom beside it"):
        task_of("variants", table=str(tmp_path / "v.tsv"), label="label", pos="pos")
    with pytest.raises(LacksCapability, match="give the task `chrom` and `pos`"):
        task_of("variants", table=str(tmp_path / "v.tsv"), label="label", chrom="chrom").score(track)
    with pytest.raises(ValueError, match=r"row 1 column 'strand': expected a position from 1, found '\+'"):
        task_of("variants", table=str(tmp_path / "v.tsv"), label="label", chrom="chrom", pos="strand")


def test_features_are_of_sequences_as_they_are():
    model = FeatureModel("kmer:2")
    assert turned(model, orientation="genome", minus=None) is model
