"""Which kinds of element a run matches, and the frames of codons on parts whose distance varies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from torch import nn

from combmotif.config import RunConfig
from combmotif.config.stages import MatchSection
from combmotif.core.seeding import named_generator
from combmotif.models import list_cards
from combmotif.models.card import read_card
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.motifs import Motif, MotifSet, load_database, word_ppm, write_meme
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.database import KINDS
from combmotif.motifs.matching.family import with_families
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.pairs import compare_runs, informative_runs
from combmotif.runs.context import Context
from combmotif.runs.stages import match_tasks as match_tasks_module
from combmotif.runs.stages.base import Work
from combmotif.runs.stages.match_tasks import match_kinds, match_task, match_tasks, read_databases, read_matched
from combmotif.runs.stages.matches import tabulate_matches
from combmotif.runs.store import TaskFiles
from combmotif.sequence.sets import random_sequences


def model(**description: object) -> SequenceModel:
    return SequenceModel("net", nn.Identity(), InputSpec("rna", 50), ("y",), dict(description))


def config(**match: object) -> RunConfig:
    sequences = {"kind": "random", "count": 10, "length": 50}
    given = {"model": {"card": "mrl"}, "sequences": sequences, "neurons": {"layer": "conv1"}, "match": match}
    return RunConfig.model_validate(given)


def kinds_of(section: RunConfig, net: SequenceModel) -> set[str]:
    return {entry.kind for database in read_databases(section, net) for entry in database.entries}


def test_the_config_says_the_kinds_else_the_card_else_all_are_matched():
    card = model(match_kinds=["translation", "rbp"])
    assert kinds_of(config(kinds=["splicing"]), card) == {"splicing"}
    assert kinds_of(config(), card) == {"translation", "rbp"}
    assert kinds_of(config(), model()) == set(KINDS) - {"tf"}
    assert match_kinds(MatchSection(), card) == (["translation", "rbp"], "match_kinds of the card of model 'net'")


def test_kinds_that_are_none_are_refused_before_any_work():
    with pytest.raises(ValueError, match=r"match.kinds: expected kinds of element among decay, .*, found branch point"):
        read_databases(config(kinds=["branch point"]), model())
    with pytest.raises(ValueError, match="match_kinds of the card of model 'net': expected .*, found other"):
        read_databases(config(), model(match_kinds=["other"]))
    with pytest.raises(ValueError, match="match.kinds: expected kinds of which builtin has any, found"):
        read_databases(config(kinds=["tf"]), model())


@pytest.mark.parametrize("card", list_cards())
def test_every_shipped_card_says_its_kinds(card):
    kinds = read_card(card).match_kinds
    assert kinds
    assert set(kinds) <= set(KINDS)


def test_a_5utr_assay_names_no_branch_point_and_a_splicing_assay_no_poly_a_signal():
    words = {card: kinds_of(config(), model(match_kinds=read_card(card).match_kinds)) for card in list_cards()}
    assert not {"splicing", "processing", "decay", "mirna"} & words["mrl"]
    assert {"rbp", "mirna", "decay"} <= words["utr3_stability"]
    assert "splicing" in words["hal"]
    assert not {"processing", "translation", "mirna"} & words["hal"]


@pytest.mark.slow
@pytest.mark.parametrize("strands", ["single", "both"])
def test_matches_do_not_depend_on_how_they_are_cut_into_tasks(strands, tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    words = ["UGUANAUA", "AUUUAUUUA", "NNNN", "GCGGCCGCNNNNNAUG", "CACACUNNNNNNNNUGUAAAUA"]
    motifs = [Motif(f"c:{i}.m1", 300 * word_ppm(word) + 1, 300) for i, word in enumerate(words)]
    own = MotifSet(tuple(Motif(f"P{i}", 100 * random.dirichlet([0.2] * 4, 7), 100) for i in range(30)))
    motifs += [Motif(f"c:{9 + i}.m1", own[i].pfm, 100) for i in range(4)]
    write_meme(own, tmp_path / "own.meme")
    asked = config(databases=["builtin", str(tmp_path / "own.meme")], strands=strands, shuffles=3, q=0.3)
    context = Context(asked, model(), random_sequences(10, 50, seed=1), ())
    context.kept["databases"] = databases = read_databases(asked, context.model)
    work, queries = Work(context, TaskFiles(tmp_path)), MotifSet(tuple(motifs))
    monkeypatch.setattr(match_tasks_module, "MOTIFS_PER_TASK", 3)
    tasks = match_tasks(work, queries, databases, asked.match)
    assert (len(tasks.motifs), len(tasks.copies)) == (3, 3)  # NNNN has nothing to match
    for task in (tasks.families, *tasks.motifs, *tasks.copies):
        match_task(context, task)
    known, pairs, copies = read_matched(tasks, queries, databases)
    got, got_control = tabulate_matches(queries, known, asked.match, pairs, copies, None)

    wanted_known = with_families(databases)
    assert [e.family for d in known for e in d.entries] == [e.family for d in wanted_known for e in d.entries]
    wanted = match(queries, wanted_known, strands=strands, q=0.3)
    control = match_control(
        queries, wanted_known, wanted, named_generator(0, "matches", "shuffles"), copies=3, strands=strands, q=0.3
    )
    assert {"word", "tomtom"} == set(wanted["method"])
    pd.testing.assert_frame_equal(got.drop(columns="chance"), wanted)
    np.testing.assert_array_equal(got["chance"], control.chance)
    pd.testing.assert_frame_equal(got_control, control.table)
    other = replace(tasks.motifs[0], databases="others")
    with pytest.raises(ValueError, match=r"match.databases: a worker found other elements .* same files"):
        match_task(context, other)


def test_a_run_reads_the_frame_from_the_spacing_of_the_parts():
    motifs = MotifSet((Motif("c:0.m1", 500 * word_ppm("AUGNNNNNNUAA"), 500),))
    syntax = pd.DataFrame(
        {"motif": ["c:0.m1"], "part_a": ["AUG"], "start_a": ["0"], "start_b": ["9"], "kind": ["range"],
         "spacing_mode": ["6"], "distribution": ["6:50;7:40"]}
    )  # fmt: skip
    databases = [load_database("builtin")]
    pairs = compare_runs(motifs, informative_runs(motifs), databases)
    for table, frame in ((None, 0), (syntax, np.nan)):
        found, control = tabulate_matches(motifs, databases, MatchSection(shuffles=0), pairs, [], table)
        start = found[found["target"] == "start_codon"].iloc[0]
        np.testing.assert_equal((start["distance"], start["frame"]), (6, frame))
        assert control is None
