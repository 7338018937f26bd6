"""Marginal effects of nets whose answer is known: by enumeration, by position, by frame, beside another motif."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_models import detect, kmer_conv

from combmotif.core.tables import MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.effect.backgrounds import draw_backgrounds
from combmotif.effect.insertion import best_kmers
from combmotif.effect.marginal import MarginalOptions, marginal_effects
from combmotif.effect.marginal.summary import classify_effect
from combmotif.effect.pattern import as_pattern
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet, random_sequences


def few(**changes):
    return MarginalOptions(**{"backgrounds": 60, "without": [], "avoid": []} | changes)


FEW = few()


def motif(name: str, word: str) -> Motif:
    """Columns of N are flat."""
    pfm = np.full((len(word), 4), 25.0)
    for position, letter in enumerate(word):
        if letter != "N":
            pfm[position] = np.where(np.arange(4) == "ACGU".index(letter), 97.0, 1.0)
    return Motif(name, pfm, 100, max_activation=1.0)


class Places(torch.nn.Module):
    """Counts a word at the places a mask allows."""

    def __init__(self, word: str, allowed) -> None:
        super().__init__()
        self.conv = kmer_conv([word], bias=detect)
        self.allowed = allowed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.conv(x))[:, 0]
        return (found * self.allowed(torch.arange(found.shape[1]), x.shape[2])).sum(1, keepdim=True)


def row(table, inserted, background="all", **which):
    for name, value in which.items():
        table = table[table[name] == value]
    return table[(table.inserted == inserted) & (table.background == background)].iloc[0]


def test_an_additive_net_gives_the_effects_that_enumeration_gives():
    """Letters have weights: what an insertion adds is the weights of the motif minus those of what is scrambled: 0."""
    sequences = random_sequences(300, 30, seed=1)
    net = Places("GGACU", lambda place, length: 2.0)
    result = marginal_effects(SequenceModel("net", net), sequences, ["GGACU", "CCCAA"], options=FEW)
    assert list(result.table) == MOTIF_EFFECTS.names
    assert list(result.positions) == MOTIF_POSITIONS.names
    # by enumeration: of the 119 other arrangements of G, G, A, C, U (60 distinct ones) none is the word
    for kind in ("best k-mer", "draws"):
        found = row(result.table, kind, motif="GGACU")
        assert (found.effect, found["class"]) == (2.0, "positive")
        assert row(result.table, kind, motif="CCCAA").effect == 0
        assert row(result.table, kind, motif="CCCAA")["class"] == "neutral"
    own = row(result.table, "own sites", "sequences", motif="GGACU")
    assert own.effect == 2.0
    assert own.n == sum(bool(as_pattern("GGACU").matches(codes).any()) for codes in sequences.codes)


def test_the_effect_of_a_matrix_is_the_mean_over_its_words():
    """A linear net: the effect of a word is known, and so is the mean over the words of a matrix."""
    torch.manual_seed(0)
    net = Places("GGA", lambda place, length: 1.0)
    pfm = np.array([[0, 0, 100, 0], [0, 0, 100, 0], [50, 50, 0, 0]], dtype=float)
    options = few(backgrounds=400)
    table = marginal_effects(SequenceModel("net", net), random_sequences(400, 30, seed=2), [Motif("m", pfm, 100)],
                             options=options).table  # fmt: skip
    sizes = table[table.inserted == "draws"].effect.iloc[0]
    assert sizes == pytest.approx(0.5, abs=0.08)  # GGA counts 1, GGC 0
    assert row(table, "best k-mer").effect == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("half", ["first", "second"])
def test_the_curve_of_a_net_that_reads_one_half_only(half):
    def allowed(place, length):
        return ((place < 20) == (half == "first")).float()

    model = SequenceModel("half", Places("GGACU", allowed))
    result = marginal_effects(model, random_sequences(200, 44, seed=3), ["GGACU"], options=few(bins=4))
    curve = result.positions[result.positions.kind == "position"]
    assert curve[["start", "end"]].to_numpy().tolist() == [[0, 9], [10, 19], [20, 29], [30, 39]]
    assert curve.effect.tolist() == ([1, 1, 0, 0] if half == "first" else [0, 0, 1, 1])
    assert row(result.table, "best k-mer").effect == pytest.approx(0.5, abs=0.1)


def test_positions_of_sequences_of_several_lengths_are_shares():
    lengths = np.random.default_rng(0).integers(30, 60, 80)
    codes = tuple(np.random.default_rng(i).integers(0, 4, n).astype(np.uint8) for i, n in enumerate(lengths))
    sequences = SequenceSet(tuple(f"s{i}" for i in range(80)), codes)
    model = SequenceModel("late", Places("GGACU", lambda place, length: (place >= length / 2).float()))
    curve = marginal_effects(model, sequences, ["GGACU"], options=few(bins=2)).positions
    curve = curve[curve.kind == "position"]
    assert curve.unit.tolist() == ["share", "share"]
    assert curve.effect.tolist() == [0, 1]


def test_the_frame_is_that_of_the_three_prime_end():
    model = SequenceModel("framed", Places("GGACU", lambda place, length: ((length - place) % 3 == 1).float()))
    positions = marginal_effects(model, random_sequences(200, 40, seed=4), ["GGACU"], options=FEW).positions
    frames = positions[positions.kind == "frame"]
    assert frames.start.tolist() == [0, 1, 2]
    assert frames.effect.tolist() == [0, 1, 0]


def test_tracks_stay_where_they_are_and_tell_the_frame():
    """A net of six channels that reads the motif only at the first base of a codon."""

    class Coded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = Places("GGACU", None)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found = torch.relu(self.words.conv(x[:, :4]))[:, 0]
            return (found * x[:, 4, : found.shape[1]]).sum(1, keepdim=True)

    track = np.zeros((2, 40), dtype=np.float32)
    track[0, 10:31:3] = 1  # codons from 10 on
    plain = random_sequences(100, 40, seed=5)
    sequences = replace(plain, tracks=(track,) * 100)
    model = SequenceModel("coded", Coded(), input_spec=InputSpec(channels=6))
    positions = marginal_effects(model, sequences, ["GGACU"], options=few(backgrounds=150)).positions
    frames = positions[positions.kind == "frame"].set_index("start").effect
    inside = positions[(positions.kind == "position") & (positions.start >= 12) & (positions.end < 30)]
    assert frames[0] > 0.3
    assert frames[1] == frames[2] == 0
    assert (inside.effect > 0).any()


def test_a_second_motif_that_hides_the_first(word_model):
    """An OR of two words: beside the other word, or where it stands already, a word adds nothing."""
    sequences = random_sequences(400, 60, seed=6)
    options = few(without=["UGUAA"], backgrounds=200)
    table = marginal_effects(word_model("or"), sequences, ["GGACU"], options=options).table
    assert row(table, "draws", "without UGUAA").effect == 1
    assert row(table, "draws", "with UGUAA").effect == 0
    assert row(table, "draws", "with UGUAA")["class"] == "neutral"
    assert row(table, "draws", "without UGUAA").n == 200


def test_the_strongest_motif_is_what_the_others_are_measured_beside(word_model):
    class Masked(torch.nn.Module):
        """AUG sets the output; without it, UUUU adds a little."""

        def __init__(self) -> None:
            super().__init__()
            self.start = Places("AUG", lambda place, length: 1.0)
            self.run = Places("UUUCU", lambda place, length: 1.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            start = self.start(x).clamp(max=1)
            return -3 * start + (1 - start) * self.run(x).clamp(max=1)

    motifs = [motif("c:0.m1", "NNAUGG"), motif("c:1.m1", "AUGC"), motif("c:2.m1", "UUUCU")]
    options = MarginalOptions(backgrounds=150)
    table = marginal_effects(SequenceModel("m", Masked()), random_sequences(400, 40, seed=7), motifs,
                             options=options).table  # fmt: skip
    assert list(table.background.unique()) == ["all", "without AUG", "with AUG", "sequences"]
    assert row(table, "best k-mer", "without AUG", motif="c:2.m1").effect == pytest.approx(1, abs=0.05)
    assert row(table, "best k-mer", "with AUG", motif="c:2.m1").effect == 0
    assert row(table, "draws", "without AUG", motif="c:1.m1")["class"] == "negative"


@pytest.mark.slow
def test_the_false_positive_rate_is_the_level():
    """Nets whose output is a pseudo-random number of the whole sequence: no motif has an effect; 480 tests at 0.05."""

    class Chaotic(torch.nn.Module):
        def __init__(self, seed: int) -> None:
            super().__init__()
            self.register_buffer("weights", torch.tensor(np.random.default_rng(seed).normal(size=(4, 40))))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(1000 * (x.double() * self.weights).sum((1, 2)))[:, None].float()

    p = []
    for seed in range(24):
        random = np.random.default_rng(seed)
        words = ["".join("ACGU"[i] for i in random.integers(0, 4, 7)) for _ in range(10)]
        options = few(places=2)
        model = SequenceModel("chaos", Chaotic(seed))
        table = marginal_effects(model, random_sequences(60, 40, seed=seed), words, options, seed=seed).table
        p += table.loc[table.background == "all", "p_value"].tolist()
    assert len(p) == 480
    assert 0.03 <= np.mean(np.array(p) < 0.05) <= 0.07


def test_a_word_that_arises_beside_or_inside_an_insertion_is_no_part_of_its_effect():
    """The net reads AUG; UGUAC behind an A, or ANNUAC with U and G in its gap, would make one."""
    sequences = random_sequences(300, 40, seed=8)
    model = SequenceModel("start", Places("AUG", lambda place, length: 1.0))
    names = [motif("beside", "UGUAC"), motif("inside", "CANNUAC"), motif("part", "CAUGC")]
    options = few(avoid=["AUG"], backgrounds=200)
    table = marginal_effects(model, sequences, names, options=options).table
    for name in ("beside", "inside"):
        assert row(table, "best k-mer", motif=name).detectable == 0  # no background shows any difference
        assert row(table, "own sites", "sequences", motif=name).effect == 0
    assert row(table, "best k-mer", motif="part").effect == 1
    free = marginal_effects(model, sequences, names[:1], options=few(backgrounds=200)).table
    assert row(free, "best k-mer", motif="beside").detectable > 0  # what would be there otherwise


def test_gaps_keep_the_bases_of_the_background_and_the_distance_of_the_parts():
    pattern = as_pattern(motif("m", "GGGNNCCC"))
    around = encode("AUAUAUAU")[None]
    assert best_kmers(pattern, around)[0].tolist() == encode("GGGUACCC").tolist()


def test_a_run_of_one_base_is_scrambled_to_the_background(word_model):
    table = marginal_effects(word_model("neutral"), random_sequences(80, 30, seed=9), ["UUUUUU"], options=FEW).table
    assert row(table, "best k-mer").fallback == 1


def test_backgrounds_are_the_sequences_one_of_a_cluster_then_shuffled_copies():
    sequences = replace(random_sequences(40, 50, seed=1), clusters=tuple(str(i // 2) for i in range(40)))
    found = draw_backgrounds(sequences, 100, seed=3)
    assert len(found) == 100
    assert len({sequences.clusters[row] for row in found.origins[:20]}) == 20
    for codes, row in zip(found.codes[:20], found.origins[:20], strict=True):
        assert np.array_equal(codes, sequences.codes[row])
    for codes, row in zip(found.codes[20:], found.origins[20:], strict=True):
        assert np.array_equal(np.bincount(codes), np.bincount(sequences.codes[row]))
        assert not np.array_equal(codes, sequences.codes[row])
    turned = draw_backgrounds(replace(sequences, clusters=None).subset(range(39, -1, -1)), 30, seed=3)
    straight = draw_backgrounds(replace(sequences, clusters=None), 30, seed=3)
    assert [c.tolist() for c in turned.codes] == [c.tolist() for c in straight.codes]


def test_backgrounds_without_a_motif_hold_none():
    word = as_pattern("AC")
    sequences = random_sequences(60, 20, seed=1)
    free = [row for row, codes in enumerate(sequences.codes) if not word.matches(codes).any()]
    found = draw_backgrounds(sequences, 80, seed=0, without=[word])
    assert not any(word.matches(codes).any() for codes in found.codes)
    assert sorted(found.origins[: len(free)]) == free  # as they are; then those in which the sites were scrambled
    assert len(found) == 80
    assert np.array_equal(np.sort(found.codes[50]), np.sort(sequences.codes[found.origins[50]]))
    long = draw_backgrounds(random_sequences(20, 2000, seed=1), 20, seed=0, without=[as_pattern("AUG")])
    assert len(long) == 20
    assert len(draw_backgrounds(random_sequences(10, 20, seed=1), 10, seed=0, without=[as_pattern("N")])) == 0


def test_random_backgrounds_have_the_composition_asked_for():
    found = draw_backgrounds(random_sequences(20, 200, seed=1), 50, seed=0, frequencies=(0.4, 0.1, 0.1, 0.4))
    assert np.bincount(np.concatenate(found.codes)) / 10_000 == pytest.approx([0.4, 0.1, 0.1, 0.4], abs=0.02)


@pytest.mark.parametrize(
    ("change", "label", "words"),
    [
        ({}, "positive", "larger than the margin"),
        ({"effect": -0.5, "ci_low": -0.6, "ci_high": -0.4}, "negative", "q = 0.001"),
        ({"effect": 0.016, "ci_low": 0.01, "ci_high": 0.02}, "neutral", "significant (q = 0.001), but within +-0.1"),
        ({"effect": 0.0, "ci_low": -0.05, "ci_high": 0.05, "q_value": 0.9}, "neutral", "the interval lies within"),
        ({"q_value": 0.3}, "no effect detected", "not detected (n = 50, detectable size 0.2)"),
        ({"effect": 0.09, "ci_low": 0.04, "ci_high": 0.14}, "undetermined", "its interval holds the margin"),
        ({"n": 3}, "too few sequences", "3 values, 6 needed"),
    ],
)
def test_a_class_needs_a_size_and_a_number(change, label, words):
    given = {"n": 50, "effect": 0.5, "ci_low": 0.4, "ci_high": 0.6, "q_value": 0.001, "margin": 0.1, "detectable": 0.2}
    found, reason = classify_effect(given | change, alpha=0.05, n_min=6)
    assert found == label
    assert words in reason


def test_a_motif_longer_than_the_sequences_is_refused(word_model):
    with pytest.raises(ValueError, match="GGGGGGGG has 8 nt, the longest sequence has 6"):
        marginal_effects(word_model("neutral"), random_sequences(5, 6, seed=0), ["GGGGGGGG"], options=FEW)


def test_the_result_does_not_depend_on_the_company(word_model):
    model, sequences = word_model("known", composition=0.5), random_sequences(100, 50, seed=1)
    options = few(without=["UGUAA"])
    both = marginal_effects(model, sequences, ["GGACU", "UGUAA"], options=options).table
    alone = marginal_effects(model, sequences, ["UGUAA"], options=options).table
    columns = ["effect", "ci_low", "ci_high", "p_value", "n"]
    np.testing.assert_array_equal(both.loc[both.motif == "UGUAA", columns].to_numpy(), alone[columns].to_numpy())
