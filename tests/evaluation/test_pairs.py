"""Two rows that are the alleles of a variant: how they are joined, what is skipped, which of them are significant."""

import numpy as np
import pytest
from toy_tasks import task_of

from combmotif.evaluation.adapters.simple import FeatureModel
from combmotif.evaluation.measure import measure_task


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The value is the number of A; alternatives name their reference and add from none to three A."""
    random = np.random.default_rng(0)
    lines = ["name\tsequence\tvalue\treference\tp\tbin\n"]
    for i in range(60):
        text = "".join(random.choice(list("CGT"), 45))
        other = "A" * (i % 4) + text[i % 4 :]
        lines.append(f"r{i}\t{text}\t{0}\t\t\t{i % 4}\n")
        lines.append(f"a{i}\t{other}\t{i % 4}\tr{i}\t{0.01 if i % 4 == 3 else 0.5}\t{i % 4}\n")
    lines.append("a99\t" + "CCGTA" + "GCT" * 12 + "\t1\tr99\t0.5\t0\n")
    path = tmp_path_factory.mktemp("pairs") / "t.tsv"
    path.write_text("".join(lines))
    return path


def _value(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    return float(table["value"].iloc[0])


def test_alternatives_name_their_reference(table):
    pairs = {"ref": "reference", "alt": "name", "significant": {"value": "p"}, "level": 0.05}
    task = task_of("regression", table=str(table), targets=["value"], name="name", pairs=pairs, cv="folds:4")
    assert [t.name for t in task.truths] == ["value", "value: alt - ref", "value: significant"]
    assert len(task.truths[1].values) == 60
    assert task.truths[1].values.tolist() == [i % 4 for i in range(60)]
    assert [reason for _, reason in task.skipped] == ["no row of use is named 'r99' or has that sequence"]
    scores, _ = measure_task("t", task, {"k": task.score(FeatureModel("kmer:1"))}, draws=20)
    assert _value(scores, truth="value: significant", measure="auc", score="|ridge|") > 0.8
    assert _value(scores, truth="value: alt - ref", measure="pearson") > 0.8
    assert _value(scores, truth="value: alt - ref", measure="auc") > 0.8


def test_pairs_of_another_table_by_sequence(table, tmp_path):
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:7]]
    (tmp_path / "p.tsv").write_text(
        f"a\tb\n{rows[2][1]}\t{rows[3][1]}\nr2\ta2\nr2\ta2\nr1\t{rows[3][1].replace('T', 'U')}\n"
    )
    pairs = {"ref": "a", "alt": "b", "table": str(tmp_path / "p.tsv")}
    task = task_of("regression", table=str(table), targets=["value"], name="name", pairs=pairs, cv="folds:4")
    assert task.truths[1].values.tolist() == [1, 2]
    assert [reason for _, reason in task.skipped] == ["the pair stands twice"] * 2
    single = task_of(
        "regression", table=str(table), targets=["value"], name="name", pairs=pairs, cv="folds:4", single_base=True
    )
    assert single.truths[1].values.tolist() == [1]
    assert "the alleles do not differ by exactly one base" in {reason for _, reason in single.skipped}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pairs": {"ref": "name", "alt": "nothing"}}, "pairs.alt: expected a column 'nothing'"),
        ({"pairs": {"ref": "p", "alt": "bin"}}, "pairs: expected rows that are two alleles of a variant, found none"),
        (
            {"pairs": {"ref": "reference", "alt": "name", "significant": {"value": "p"}, "level": 0.9}},
            "expected pairs with a p of at most 0.9 and others in 'p', found only one of the two",
        ),
        ({"cv": "folds:2"}, "cv: expected folds:N"),
        ({"cv": "thirds"}, "cv: expected folds:N"),
        ({"cv": "leave-group-out", "regressor": "svr"}, "leave-group-out is for ridge"),
        ({"cv": "column:bin", "where": {"bin": "1"}}, "expected at least 3 folds in 'bin' with a value, found 1"),
        ({"groups": {"column": "value"}, "where": {"value": "0"}}, "expected at least 3 groups of unrelated sequences"),
        ({"name": "id"}, "name: expected a column 'id'"),
    ],
)
def test_what_does_not_fit_is_one_sentence_before_any_work(table, more, said):
    given = {"name": "name", "cv": "folds:4", **more}
    with pytest.raises(ValueError, match=said):
        task_of("regression", table=str(table), targets=["value"], **given)


def test_published_folds_are_averaged_and_rows_without_one_are_counted(table, tmp_path):
    text = table.read_text().replace("\t0.5\t1\n", "\t0.5\t\n")
    (tmp_path / "t.tsv").write_text(text)
    task = task_of("regression", table=str(tmp_path / "t.tsv"), targets=["value"], name="name", cv="column:bin")
    assert len(task.skipped) == 15
    assert {reason for _, reason in task.skipped} == {"its cell in 'bin' names no fold"}
    scores, _ = measure_task("t", task, {"k": task.score(FeatureModel("kmer:1"))}, draws=20)
    row = scores[scores["measure"] == "pearson by fold"].iloc[0]
    assert row["n_groups"] == 3  # what is left of fold 1 has one value and no correlation
    assert row["low"] <= row["value"] <= row["high"]
    column = task.score(FeatureModel("kmer:1"))[0]
    assert len(column.settings) == 4
    assert all("penalty" in setting for setting in column.settings)
