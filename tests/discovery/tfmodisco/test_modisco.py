import sys

import numpy as np
import pytest

from combmotif.attribution.attributions import own_scores
from combmotif.discovery.tfmodisco import strand
from combmotif.discovery.tfmodisco.modisco import ModiscoOptions, _thresholds, _window_sums, modisco
from combmotif.discovery.tfmodisco.pattern_motifs import pattern_motifs
from combmotif.discovery.tfmodisco.patterns import load_patterns, save_patterns
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.motif import MotifSet
from combmotif.sequence import decode, encode

pytestmark = pytest.mark.slow

pytest.importorskip("modiscolite", reason="needs modisco-lite: pip install 'combmotif[modisco]'")
QUICK = ModiscoOptions(leiden_runs=2, min_sites=10)


def planted(*words, count=120, seed=0, low=40, high=60):
    """Random sequences of random lengths with one of some words each, and attributions that show it; the places."""
    random = np.random.default_rng(seed)
    codes, scores, places = [], [], []
    for row in range(count * len(words)):
        word = encode(words[row % len(words)])
        own = random.integers(0, 4, random.integers(low, high)).astype(np.uint8)
        start = int(random.integers(0, len(own) - len(word) + 1))
        own[start : start + len(word)] = word
        given = 0.05 * random.standard_normal((4, len(own)))
        given[:, start : start + len(word)] -= 0.3
        given[word, np.arange(start, start + len(word))] += 1.3
        codes.append(own)
        scores.append(given.astype(np.float32))
        places.append(start)
    return codes, scores, places


def word_of(pattern):
    first, last = pattern.span
    return decode(pattern.one_hot.sum(0)[first:last].argmax(1).astype(np.uint8), alphabet="rna")


@pytest.fixture(scope="module")
def pair():
    codes, scores, places = planted("UGUAAAUA", "UAUUUACA")
    codes[0][places[0] - 1 if places[0] else -1] = 4
    return codes, scores, places


@pytest.fixture(scope="module")
def stranded(pair):
    return modisco(pair[0], pair[1], options=QUICK)


def test_a_word_and_its_reverse_complement_are_two_patterns_on_one_strand(pair, stranded):
    codes, _, places = pair
    assert {word_of(pattern) for pattern in stranded.patterns} == {"UGUAAAUA", "UAUUUACA"}
    assert len(stranded.patterns) == 2
    assert sum(len(pattern) for pattern in stranded.patterns) == 240
    assert not any(pattern.turned.any() for pattern in stranded.patterns)
    for pattern in stranded.patterns:
        assert set(pattern.examples % 2) == {0 if word_of(pattern) == "UGUAAAUA" else 1}
        first, _ = pattern.span
        np.testing.assert_array_equal(pattern.starts + first, np.array(places)[pattern.examples])
        for example, start, table in zip(pattern.examples, pattern.starts, pattern.one_hot, strict=True):
            for column, bases in enumerate(table):
                inside = 0 <= start + column < len(codes[example]) and codes[example][start + column] < 4
                assert bases.sum() == inside
                assert not inside or bases[codes[example][start + column]] == 1


def test_both_strands_merge_them(pair):
    options = ModiscoOptions(strands="both", leiden_runs=2, min_sites=10, window=8)
    result = modisco(pair[0], pair[1], options=options)
    turned = sum(int(pattern.turned.sum()) for pattern in result.patterns)
    assert len(result.patterns) == 1
    assert 60 < turned < 180


def test_pumilio_and_au_rich_elements_stay_apart():
    codes, scores, _ = planted("UGUAAAUA", "UAUUUAUUUA", seed=1, low=150, high=151)
    result = modisco(codes, scores, options=QUICK)
    assert sorted(word_of(pattern) for pattern in result.patterns) == ["UAUUUAUUUA", "UGUAAAUA"]
    for pattern in result.patterns:
        assert len(set(pattern.examples % 2)) == 1
        assert len(pattern) == 120


def test_what_lowers_the_target_is_a_negative_pattern(stranded, pair, tmp_path):
    codes, scores, _ = pair
    sign = [1 if row % 2 else -1 for row in range(len(codes))]
    sign = [1.5 * one if one > 0 else one for one in sign]
    result = modisco(codes, [own * one for own, one in zip(scores, sign, strict=True)], options=QUICK)
    assert [(pattern.sign, word_of(pattern)) for pattern in result.patterns] == [(1, "UAUUUACA"), (-1, "UGUAAAUA")]
    totals = [abs(pattern.contribution) * len(pattern) for pattern in result.patterns]
    assert totals == sorted(totals, reverse=True)
    motifs = pattern_motifs(result, prefix="output:0")
    assert [motif.id for motif in motifs] == ["output:0.m1", "output:0.m2"]
    assert [motif.consensus() for motif in motifs] == ["UAUUUACA", "UGUAAAUA"]
    assert motifs[0].contribution == pytest.approx(12, abs=0.3)
    assert motifs[1].contribution == pytest.approx(-8, abs=0.2)
    whole = MotifSet(tuple(motifs), "modisco")
    for name in ("a.h5", "b.h5"):
        save_patterns(result.patterns, whole, tmp_path / name, window=result.window)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    read = load_motifs(tmp_path / "a.h5")
    assert [motif.id for motif in read] == [motif.id for motif in motifs]
    np.testing.assert_array_equal(read[1].pfm, motifs[1].pfm)
    for one, other in zip(load_patterns(tmp_path / "a.h5"), result.patterns, strict=True):
        assert one.sign == other.sign
        np.testing.assert_array_equal(one.starts, other.starts)
        np.testing.assert_array_equal(one.contributions, other.contributions)


def test_the_tool_reads_the_file(stranded, tmp_path):
    import modiscolite.io
    import modiscolite.util

    motifs = MotifSet(tuple(pattern_motifs(stranded, prefix="output:0")), "modisco")
    save_patterns(stranded.patterns, motifs, tmp_path / "x.h5", window=8)
    modiscolite.io.write_meme_from_h5(
        tmp_path / "x.h5", modiscolite.util.MemeDataType.PFM, str(tmp_path / "x.meme"), is_quiet=True
    )
    assert (tmp_path / "x.meme").read_text().count("MOTIF") == 2


def test_the_result_is_the_same_again(pair, stranded):
    again = modisco(pair[0], pair[1], options=QUICK)
    assert again.statement == stranded.statement
    for one, other in zip(again.patterns, stranded.patterns, strict=True):
        np.testing.assert_array_equal(one.examples, other.examples)
        np.testing.assert_array_equal(one.starts, other.starts)


def test_thresholds_are_those_of_the_tool():
    from modiscolite import extract_seqlets

    codes, scores, _ = planted("UGUAAAUA", seed=3, low=60, high=61)
    own = np.stack([own_scores(given, row) for given, row in zip(scores, codes, strict=True)])
    _, theirs = extract_seqlets.extract_seqlets(
        attribution_scores=own.astype(np.float64), window_size=8, flank=4, suppress=8, target_fdr=0.05,
        min_passing_windows_frac=0.03, max_passing_windows_frac=0.2, weak_threshold_for_counting_sign=0.8,
    )  # fmt: skip
    flat = np.concatenate([_window_sums(given, row, 8) for given, row in zip(scores, codes, strict=True)])
    assert _thresholds(extract_seqlets, flat, 8, ModiscoOptions(min_passing=0.03))[2] == pytest.approx(theirs)


def test_too_few_seqlets_end_with_their_number_and_threshold():
    codes, scores, _ = planted("UGUAAAUA", count=30)
    result = modisco(codes, scores)
    assert not result.patterns
    assert result.seqlets[0] == 30
    assert "0 patterns in 30 positive and" in result.statement
    assert f"window sums of {result.thresholds[0]:.3g} and above" in result.statement
    assert "at least 100 seqlets of one sign are clustered" in result.statement


def test_no_attribution_at_all_is_no_motif():
    codes, scores, _ = planted("UGUAAAUA", count=10)
    result = modisco(codes, [np.zeros_like(own) for own in scores])
    assert not result.patterns
    assert result.seqlets == (0, 0)


def test_strands_are_as_before_when_the_block_ends():
    util, kmers = strand.modisco_module("util"), strand.modisco_module("gapped_kmer")
    before = util.get_2d_data_from_patterns, kmers._gkmer_inputs, kmers._gkmer_inputs_loop
    with pytest.raises(KeyError), strand.forward_only():
        raise KeyError
    assert (util.get_2d_data_from_patterns, kmers._gkmer_inputs, kmers._gkmer_inputs_loop) == before


def test_another_build_of_the_tool_is_refused(monkeypatch):
    monkeypatch.delattr(strand.modisco_module("gapped_kmer"), "_gkmer_inputs")
    with pytest.raises(RuntimeError, match=r"without gapped_kmer\._gkmer_inputs; install modisco-lite 3\.0"):
        strand.forward_only().__enter__()


def test_without_the_tool_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "modiscolite.extract_seqlets", None)
    with pytest.raises(ImportError, match=r"pip install 'combmotif\[modisco\]'"):
        modisco([np.zeros(30, np.uint8)], [np.zeros((4, 30), np.float32)])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strands": "one"}, "expected single or both"),
        ({"window": 3}, "window: expected at least 4"),
        ({"flank": 0}, "flank: expected at least 1"),
        ({"fdr": 0}, "fdr: expected"),
        ({"min_passing": 0.3}, "min_passing, max_passing"),
    ],
)
def test_options_out_of_range(given, message):
    with pytest.raises(ValueError, match=message):
        ModiscoOptions(**given)


@pytest.mark.parametrize(
    ("strands", "longest", "sizes"),
    [("single", 50, (8, 4)), ("single", 20, (6, 3)), ("single", 12288, (8, 4)), ("both", 50, (16, 8)),
     ("both", 2114, (21, 10))],
)  # fmt: skip
def test_sizes_follow_the_length(strands, longest, sizes):
    assert ModiscoOptions(strands).sizes(longest) == sizes


def test_shapes_that_do_not_fit():
    row = np.zeros(30, np.uint8)
    with pytest.raises(ValueError, match=r"expected shape \(4, 30\) for sequence 0, found \(30, 4\)"):
        modisco([row], [np.zeros((30, 4))])
    with pytest.raises(ValueError, match="finite"):
        modisco([row], [np.full((4, 30), np.nan)])
    with pytest.raises(ValueError, match="expected one array per sequence"):
        modisco([row], [])


def test_of_short_sequences_a_larger_share_of_windows_may_pass():
    options = ModiscoOptions()
    assert options.passing(8, 43) == pytest.approx(4 / 43)
    assert options.passing(8, 153) == options.passing(8, 12_281) == 0.03
    assert options.passing(8, 5) == options.max_passing
    assert ModiscoOptions(min_passing=0.01).passing(8, 43) == 0.01
    random = np.random.default_rng(0)
    codes = list(random.integers(0, 4, (120, 50)).astype(np.uint8))
    noise = list(random.laplace(size=(120, 4, 50)))
    few, more = (modisco(codes, noise, options=ModiscoOptions(min_passing=p, min_seqlets=1000)) for p in (0.03, None))
    assert more.thresholds[0] < few.thresholds[0]
    assert sum(more.seqlets) > 2 * sum(few.seqlets)
