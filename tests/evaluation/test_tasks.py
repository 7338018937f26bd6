"""Tasks whose answer is known: a model that knows the rule is perfect, one that knows nothing is at chance."""

import h5py
import numpy as np
import pytest
from toy_tasks import task_of

from combmotif.core.tables import COMPARED_SCORES, SCORES
from combmotif.evaluation.adapters.base import Adapter, LacksCapability
from combmotif.evaluation.adapters.from_files import FileModel
from combmotif.evaluation.adapters.simple import FeatureModel, RandomConvolution
from combmotif.evaluation.dataset.anchored import common_ends
from combmotif.evaluation.measure import measure_task
from combmotif.evaluation.solvers import nested_classifier
from combmotif.evaluation.tasks.instances import find_instances
from combmotif.sequence.alphabet import encode


def _texts(count, length=50, seed=0):
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list("ACGT"), length)) for _ in range(count)]


class Knows(Adapter):
    """Gives a base of the k-mer ACTAAC .9 wherever a C follows the k-mer, every other base .25."""

    name = "knows"
    capabilities = frozenset({"masked", "likelihood"})

    def probabilities(self, codes, *, names=None, mode="masked"):
        found = []
        for code in codes:
            table = np.full((len(code), 4), 0.25, dtype=np.float32)
            for start in find_instances(code, encode("ACTAACC")):
                rows = np.arange(start, start + 6)
                table[rows] = 0.1 / 3
                table[rows, code[rows]] = 0.9
            found.append(table)
        return found


def _value(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return float(table["value"].iloc[0])


@pytest.fixture
def mpra(tmp_path):
    """Values are the number of A; three near-copies of every sequence, one row of no use in each way."""
    lines = ["name\tseq\tvalue\tother\tfold\n"]
    for i, text in enumerate(_texts(60)):
        for j in range(3):
            copy = text[:5] + "ACG"[j] + text[6:]
            lines.append(f"s{i}.{j}\t{copy}\t{copy.count('A')}\t{i if i % 3 else 'NA'}\t{i % 4}\n")
    lines += ["bad\tACXQ!\t3\t3\t0\n", f"unmeasured\t{'ACGT' * 10}\tNA\t\t0\n"]
    (tmp_path / "mpra.tsv").write_text("".join(lines))
    return str(tmp_path / "mpra.tsv")


@pytest.mark.parametrize("cv", ["folds:5", "leave-group-out", "column:fold"])
def test_regression_finds_a_linear_rule_and_counts_what_it_skips(mpra, cv):
    task = task_of("regression", table=mpra, targets=["value", "other"], sequence="seq", name="name", cv=cv)
    assert dict(task.skipped) == {
        "bad": "the sequence holds what are no nucleotides",
        "unmeasured": "no target is measured",
    }
    assert len(set(task.groups)) == 60
    scored = {"kmer": task.score(FeatureModel("kmer:1")), "length": task.score(FeatureModel("length"))}
    table, compared = measure_task("t", task, scored, controls=["length"], draws=50)
    assert list(table.columns) == SCORES.names
    assert list(compared.columns) == COMPARED_SCORES.names
    assert _value(table, truth="value", measure="pearson", model="kmer") > 0.99
    row = table[(table["truth"] == "value") & (table["measure"] == "pearson") & (table["model"] == "kmer")].iloc[0]
    assert (row["n"], row["n_groups"]) == (180, 60)
    assert table[table["truth"] == "other"]["n"].max() == 120


def test_groups_keep_copies_together_and_a_gene_column_does_too(mpra, tmp_path):
    task = task_of("regression", table=mpra, targets=["value"], sequence="seq", groups={"column": "fold"})
    assert len(set(task.groups)) == 4
    with pytest.raises(ValueError, match=r"groups.column: expected a column 'gene', found name, seq"):
        task_of("regression", table=mpra, targets=["value"], sequence="seq", groups={"column": "gene"})


def test_pairs_measure_the_allelic_difference(tmp_path):
    lines = ["variant\tallele\tsequence\tvalue\n"]
    for i, text in enumerate(_texts(50)):
        lines += [f"v{i}\tref\t{text}\t{text.count('A')}\n", f"v{i}\talt\tA{text[1:]}\t{('A' + text[1:]).count('A')}\n"]
    lines += ["lonely\tref\tACGTACGT\t1\n", "odd\tthird\tACGTACGT\t1\n"]
    (tmp_path / "p.tsv").write_text("".join(lines))
    pairs = {"by": "variant", "allele": "allele", "ref": "ref", "alt": "alt"}
    task = task_of("regression", table=str(tmp_path / "p.tsv"), targets=["value"], pairs=pairs, cv="folds:5")
    truth = task.truth("value: alt - ref")
    assert set(truth.values) == {0.0, 1.0}
    table, _ = measure_task("t", task, {"kmer": task.score(FeatureModel("kmer:1"))}, draws=0)
    assert _value(table, truth="value: alt - ref", measure="pearson") > 0.99
    assert _value(table, truth="value: alt - ref", measure="sign_accuracy") == 1
    assert ("lonely", "only one allele is there") in task.skipped
    single = task_of("regression", table=str(tmp_path / "p.tsv"), targets=["value"], pairs=pairs, single_base=True)
    assert len(single.truth("value: alt - ref").values) == int(sum(truth.values))


def test_predictions_are_taken_by_name_or_by_sequence(mpra, tmp_path):
    task = task_of("regression", table=mpra, targets=["value"], sequence="seq", name="name", regressor="none")
    (tmp_path / "by_name.tsv").write_text("name\tpred\n" + "".join(f"s{i}.0\t{i}\n" for i in range(60)))
    column = task.score(FileModel(predictions=tmp_path / "by_name.tsv"))[0]
    assert np.isfinite(column.values).sum() == 60
    (tmp_path / "none.tsv").write_text("name\tpred\nx\t1\n")
    with pytest.raises(LacksCapability, match="no row for any"):
        task.score(FileModel(predictions=tmp_path / "none.tsv"))
    with pytest.raises(LacksCapability, match="gives no 'predict'"):
        task.score(FeatureModel("kmer:2"))


def _fasta(path, texts, labels):
    path.write_text(
        "".join(
            f"> chr1,+,{i}; class:{int(label)}\n{t}\n" for i, (t, label) in enumerate(zip(texts, labels, strict=True))
        )
    )
    return str(path)


def test_windows_by_folds_and_by_training_windows(tmp_path):
    texts, labels = _texts(120), np.arange(120) % 2
    texts = [t[:22] + "TGTAAATA" + t[30:] if label else t for t, label in zip(texts, labels, strict=True)]
    test = _fasta(tmp_path / "t.fa", texts, labels)
    plain = task_of("windows", test=test)
    table, _ = measure_task("w", plain, {"kmer": plain.score(FeatureModel("kmer:4"))}, draws=20)
    assert _value(table, measure="auc") > 0.8
    trained = task_of(
        "windows",
        test=test,
        train=_fasta(tmp_path / "tr.fa", [*_texts(80, seed=1), *texts[:4]], [*(np.arange(80) % 2), *labels[:4]]),
    )
    assert len(trained.training[1]) == 80
    assert sum("shares a 40-mer" in reason for _, reason in trained.skipped) == 4
    assert "kmer:5 log odds" in trained.own_scores()


def test_windows_of_one_class_or_without_labels_are_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="found only label 1"):
        task_of("windows", test=_fasta(tmp_path / "t.fa", _texts(4), [1, 1, 1, 1]))
    (tmp_path / "u.fa").write_text(">a\nACGTACGT\n")
    with pytest.raises(ValueError, match="expected 'class:0' or 'class:1'"):
        task_of("windows", test=str(tmp_path / "u.fa"))


@pytest.fixture
def regions(tmp_path):
    """The k-mer stands once at the very end of each UTR: in a region of its protein, of another one, or in none."""
    names, lines = [], []
    with (tmp_path / "u.fa").open("w") as stream:
        for i, text in enumerate(_texts(90, 60)):
            text = text.replace("ACTAAC", "ACGAAC")
            last = "ACTAACC" if i % 3 == 0 else "ACTAAC"
            stream.write(f">u{i}\n{text}{last}\n")
            names.append((f"u{i}", len(text) + len(last)))
            if i % 3 == 0:
                lines.append(f"u{i}\t55\t{len(text) + len(last)}\tQKI_IDR\t0\t+\n")
            if i % 3 == 1:
                lines.append(f"u{i}\t50\t{len(text) + len(last)}\tPUM2_IDR\t0\t+\n")
    lines += ["nowhere\t0\t5\tQKI\n", "u0\t0\t9999\tQKI\n"]
    (tmp_path / "r.bed").write_text("".join(lines))
    return tmp_path


@pytest.mark.parametrize("match", ["gc", "kmer"])
def test_motif_instances_are_matched_and_a_model_that_knows_is_perfect(regions, match):
    task = task_of(
        "motifs", kmers={"QKI": ["ACUAAC"]}, fasta=str(regions / "u.fa"), regions=str(regions / "r.bed"), match=match
    )
    assert task.items["bound"].tolist().count(1.0) == 30  # the last possible start is not missed
    assert len(task.items) == 60  # regions of another protein are no negatives
    assert len(task.skipped) == 2
    scored = {"knows": task.score(Knows()), **task.own_scores()}
    table, _ = measure_task("m", task, scored, controls=list(task.own_scores()), draws=20)
    assert _value(table, model="knows", score="ref", measure="auc") == 1
    if match == "gc":
        assert abs(_value(table, model="composition", measure="auc") - 0.5) < 0.2


def test_a_model_without_probabilities_is_told(regions):
    task = task_of("motifs", kmers={"QKI": ["ACTAAC"]}, fasta=str(regions / "u.fa"), regions=str(regions / "r.bed"))
    with pytest.raises(LacksCapability, match="gives no 'masked' .* it gives embed"):
        task.score(RandomConvolution())
    with pytest.raises(ValueError, match="expected instances of AAAAAAAAAAAA"):
        task_of("motifs", kmers={"QKI": ["A" * 12]}, fasta=str(regions / "u.fa"), regions=str(regions / "r.bed"))
    (regions / "other.bed").write_text("chr1\t0\t5\tQKI\n")
    with pytest.raises(ValueError, match="found none; the first is on 'chr1:0-5'"):
        task_of("motifs", kmers={"QKI": ["ACTAAC"]}, fasta=str(regions / "u.fa"), regions=str(regions / "other.bed"))


def test_probabilities_of_a_file_must_fit_the_sequence(regions):
    task = task_of(
        "motifs", kmers={"QKI": ["ACTAAC"]}, fasta=str(regions / "u.fa"), regions=str(regions / "r.bed"), match="none"
    )
    with h5py.File(regions / "p.h5", "w") as file:
        for name, table in zip(task.names, Knows().probabilities(task.codes), strict=True):
            file[f"{name}/probs"] = table
    column = next(c for c in task.score(FileModel(probabilities=regions / "p.h5")) if c.name == "ref")
    np.testing.assert_allclose(column.values, next(c for c in task.score(Knows()) if c.name == "ref").values, rtol=1e-6)
    with h5py.File(regions / "p.h5", "a") as file:
        del file[task.names[0]]
        file[f"{task.names[0]}/probs"] = np.ones((3, 4))
    with pytest.raises(ValueError, match="expected probabilities of shape .* another sequence of this name"):
        task.score(FileModel(probabilities=regions / "p.h5"))


class Counts(Adapter):
    """Predicts how many A there are."""

    name, outputs = "counts", ("A",)
    capabilities = frozenset({"predict"})

    def predict(self, codes, *, names=None):
        return np.array([[float((code == 0).sum())] for code in codes])


@pytest.fixture
def variants(tmp_path):
    lines = ["id\tgene\tchrom\tref_sequence\talt_sequence\tclass\teffect\tcadd\n"]
    for i, text in enumerate(_texts(60, 41)):
        harmful = i % 2
        text = text[:20] + "C" + text[21:]
        alt = text[:20] + ("A" if harmful else "G") + text[21:]
        alt = alt[:20] + alt[21:] if i % 10 == 9 else alt[:20] + "GG" + alt[21:] if i % 10 == 8 else alt
        lines.append(f"v{i}\tg{i // 4}\tchr{i % 3}\t{text}\t{alt}\t{'bad' if harmful else 'good'}\t{harmful}\t{i}\n")
    lines += ["same\tg\tchr1\tACGTACGT\tACGTACGT\tbad\t1\t1\n", "none\tg\tchr1\tACGTACGTAA\tACG?ACGTAA\tbad\t1\t1\n"]
    (tmp_path / "v.tsv").write_text("".join(lines))
    return str(tmp_path / "v.tsv")


def _variants(path, **more):
    settings = {"label": "class", "positive": ["bad"], "negative": ["good"], "name": "id", "groups": {"column": "gene"}}
    return task_of("variants", table=path, **{**settings, **more})


def test_variants_of_all_kinds_are_scored_with_the_declared_sign(variants):
    task = _variants(
        variants, effect="effect", chrom="chrom", columns=["cadd", "-cadd"], motifs=["C"], motif_span=[20, 21]
    )
    assert dict(task.skipped) == {
        "same": "reference and alternative are the same",
        "none": "the alternative sequence holds what are no nucleotides",
    }
    scored = {"counts": task.score(Counts()), "knows": task.score(Knows()), **task.own_scores()}
    scored["kmer"] = task.score(FeatureModel("kmer:2"))
    table, _ = measure_task("v", task, scored, controls=["kmer", "motif loss"], draws=20)
    deletions = 6
    auc = _value(table, model="counts", score="delta A", truth="label", measure="auc")
    assert auc == pytest.approx(1 - 0.5 * deletions / 30)  # deletions change no number of A, as the harmless ones
    assert _value(table, model="table", score="cadd", truth="label", measure="auc") == pytest.approx(
        1 - _value(table, model="table", score="-cadd", truth="label", measure="auc")
    )
    names = {column.name for column in scored["knows"]}
    assert {"pref", "palt", "pratio", "VIS", "VIS 64", "loss alt", "loss difference"} <= names
    own = next(c for c in scored["knows"] if c.name == "pratio")
    assert np.isnan(own.values[[8, 9]]).all()  # an insertion and a deletion are no substitution
    assert np.isfinite(next(c for c in scored["knows"] if c.name == "VIS").values).all()
    assert {"l1", "l2", "dot", "cosine", "classifier", "locus only"} == {column.name for column in scored["kmer"]}
    assert np.isfinite(_value(table, model="kmer", score="classifier", measure="auprc by chromosome"))


def test_alleles_are_aligned_from_both_ends():
    assert common_ends(encode("ACGTA"), encode("ACCTA")) == (2, 2)
    assert common_ends(encode("ACGTA"), encode("ACTA")) == (2, 2)
    assert common_ends(encode("AAAA"), encode("AAAAAA")) == (4, 0)


def test_one_class_or_no_truth_is_one_sentence(variants):
    with pytest.raises(ValueError, match=r"expected rows of both classes \(x and good\), found bad, good"):
        _variants(variants, positive=["x"])
    with pytest.raises(ValueError, match="a label or an effect"):
        task_of("variants", table=variants)


def test_shuffles_prefer_what_the_model_knows(tmp_path):
    text = "".join(f">s{i}\n{t[:20]}ACTAACC{t[27:]}\n" for i, t in enumerate(_texts(40)))
    (tmp_path / "s.fa").write_text(text + ">n\nNNNNNNNNNNNN\n")
    task = task_of("shuffles", fasta=str(tmp_path / "s.fa"), draws=2)
    assert task.skipped == [("n", "fewer than 10 known bases")]
    table, _ = measure_task("s", task, {"knows": task.score(Knows())}, draws=20)
    assert _value(table, measure="sign_accuracy") > 0.95


def test_a_perceptron_may_take_the_place_of_the_logistic_regression(variants):
    with pytest.raises(ValueError, match="classifier: expected logistic, mlp, found 'forest'"):
        nested_classifier(np.zeros((9, 2)), np.arange(9) % 2, np.arange(9) % 3, classifier="forest")
    columns = {c.name: c.values for c in _variants(variants, classifier="mlp", folds=3).score(FeatureModel("kmer:1"))}
    assert np.isfinite(columns["classifier"]).all()
    assert "classifier" not in {c.name for c in _variants(variants, classifier="none").score(FeatureModel("kmer:1"))}


def test_groups_without_names_and_a_label_that_is_no_number_are_one_sentence(mpra, tmp_path):
    table = "sequence\tvalue\tgene\n" + "".join(f"{text}\t{i}\t\n" for i, text in enumerate(_texts(20)))
    (tmp_path / "g.tsv").write_text(table)
    with pytest.raises(ValueError, match="groups.column: expected groups in 'gene', found that every row's is empty"):
        task_of("regression", table=str(tmp_path / "g.tsv"), targets=["value"], groups={"column": "gene"})
    (tmp_path / "w.tsv").write_text("sequence\tlabel\nACGTACGT\tbound\n")
    with pytest.raises(ValueError, match="row 1 column 'label': expected 0 or 1, found 'bound'"):
        task_of("windows", test=str(tmp_path / "w.tsv"))
    one = (tmp_path / "g.tsv").read_text().replace("\t\n", "\tonly\n")
    (tmp_path / "o.tsv").write_text(one)
    with pytest.raises(ValueError, match="target 'value': expected at least 3 groups of unrelated sequences"):
        task_of("regression", table=str(tmp_path / "o.tsv"), targets=["value"], groups={"column": "gene"})


def test_of_the_more_frequent_kind_those_that_match_in_composition_are_kept(tmp_path):
    """Bound instances are many, in GC-poor and GC-rich surroundings; the few unbound ones are all in GC-rich ones."""
    random = np.random.default_rng(3)
    lines = []
    for i in range(60):
        rich = i % 3 != 0
        around = "".join(random.choice(list("GC" if rich else "AT"), 60))
        lines.append(f">w{i}; class:{int(i % 6 != 1)}\n{around}ACTAAC{around[::-1]}\n")
    (tmp_path / "w.fa").write_text("".join(lines))
    task = task_of("motifs", kmers={"QKI": ["ACTAAC"]}, windows=str(tmp_path / "w.fa"))
    assert task.items["bound"].value_counts().to_dict() == {1.0: 10, 0.0: 10}
    assert task.items["local_gc"].min() > 0.8


def test_the_largest_of_an_instance_may_count_instead_of_the_mean(regions):
    class One(Adapter):
        capabilities = frozenset({"masked"})

        def probabilities(self, codes, *, names=None, mode="masked"):
            tables = [np.full((len(code), 4), 0.25, dtype=np.float32) for code in codes]
            for code, table in zip(codes, tables, strict=True):
                for start in find_instances(code, encode("ACTAAC")):
                    table[start + 2] = 0.1
                    table[start + 2, code[start + 2]] = 0.7
            return tables

    given = {"fasta": str(regions / "u.fa"), "regions": str(regions / "r.bed")}
    found = {}
    for agg in ("mean", "max"):
        task = task_of("motifs", kmers={"QKI": ["ACTAAC"]}, agg=agg, **given)
        found[agg] = {column.name: column.values[0] for column in task.score(One())}
    assert found["mean"]["ref"] == pytest.approx((5 * 0.25 + 0.7) / 6)
    assert found["max"] == pytest.approx({"ref": 0.7, "alt": -np.log(0.1), "ref_vs_alt": np.log(7)}, rel=1e-5)


def test_an_effect_is_turned_round_where_the_config_says_so(variants):
    plain = task_of("variants", table=str(variants), effect="effect")
    turned = task_of("variants", table=str(variants), effect="-effect")
    np.testing.assert_array_equal(turned.truth("effect").values, -plain.truth("effect").values)
    assert (task_of("variants", table=str(variants), effect="abs:effect").truth("effect").values >= 0).all()


@pytest.mark.parametrize(
    ("ref", "alt", "more", "said"),
    [
        (
            "ACGTACGTAC",
            "TGCATGCATG",
            {},
            "found 4 of 4 that have nothing in common, first 'row1'",
        ),
        ("ACGTACGTAC", "ACGTTCGTAC", {"chrom": "empty"}, "chrom: expected chromosomes in 'empty'"),
        ("ACGTACGTAC", "ACGTTCGTAC", {"effect": "empty"}, "effect: expected numbers in 'empty', found none"),
    ],
)
def test_variants_that_do_not_fit_are_one_sentence(tmp_path, ref, alt, more, said):
    lines = "".join(f"{ref}\t{alt}\t{i % 2}\t\n" for i in range(4))
    (tmp_path / "v.tsv").write_text("ref_sequence\talt_sequence\tlabel\tempty\n" + lines)
    with pytest.raises(ValueError, match=said):
        task_of("variants", table=str(tmp_path / "v.tsv"), label="label", **more)


def test_results_by_name_need_a_name_for_each_sequence(tmp_path):
    rows = "".join(f"s{i // 2}\t{text}\t{i}\n" for i, text in enumerate(_texts(20)))
    (tmp_path / "t.tsv").write_text("name\tsequence\tvalue\n" + rows)
    (tmp_path / "p.tsv").write_text("name\tp\n" + "".join(f"s{i}\t{i}\n" for i in range(10)))
    task = task_of("regression", table=str(tmp_path / "t.tsv"), targets=["value"], name="name", regressor="none")
    with pytest.raises(LacksCapability, match="'s0' names two different sequences of the task"):
        task.score(FileModel(predictions=tmp_path / "p.tsv"))
    np.savez(tmp_path / "e.npz", names=np.array(["a", "a"]), embeddings=np.arange(6.0).reshape(2, 3))
    with pytest.raises(ValueError, match=r"e.npz: row 2: 'a' stands twice with different values"):
        FileModel(embeddings=tmp_path / "e.npz")


def test_too_few_of_one_label_leave_the_model_out(tmp_path):
    few = task_of("windows", test=_fasta(tmp_path / "w.fa", _texts(20), [1] + [0] * 19))
    with pytest.raises(LacksCapability, match="the rows outside a fold are all of one class"):
        few.score(FeatureModel("kmer:1"))
    with pytest.raises(ValueError, match="kmers: expected k-mers of at least one protein, found none"):
        task_of("motifs", kmers={"QKI": []}, windows=str(tmp_path / "w.fa"))


def test_vectors_that_are_missing_leave_the_model_out(mpra, tmp_path):
    (tmp_path / "e.tsv").write_text("name\te0\te1\n" + "".join(f"s{i}.0\t{i}\tNA\n" for i in range(9)))
    task = task_of("regression", table=str(mpra), targets=["value"], sequence="seq", name="name")
    with pytest.raises(LacksCapability, match="whole vectors for 0 of 180 items, too few to fit 'value'"):
        task.score(FileModel(embeddings=tmp_path / "e.tsv"))
