"""Demixing by sufficiency on nets whose answer is known."""

import numpy as np
import pytest
import torch
from toy_models import KmerSum

from combmotif.discovery import SufficiencyOptions, demix_by_sufficiency, demix_neuron
from combmotif.discovery.sufficiency import find
from combmotif.discovery.sufficiency.cover import Windows, agreed, alike, merged, repeated
from combmotif.discovery.sufficiency.find import find_motifs
from combmotif.discovery.sufficiency.parts import only
from combmotif.discovery.sufficiency.queries import Queries
from combmotif.discovery.sufficiency.reading import Reading
from combmotif.discovery.sufficiency.silence import silence_level
from combmotif.inference import WindowProbe
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sampling import EvolveOptions, evolve

WORDS = ("TGTAC", "CCAGA")


class Pair(KmerSum):
    """A neuron that adds two word detectors at distances of 5 nt or so; what follows hears it above ``heard``.

    ``shift`` is added to the neuron and taken off again behind it, so that the net's outputs do not change.
    """

    def __init__(self, heard, shift=0.0):
        super().__init__(WORDS, [{(0, 0): 1.0, (1, 5): 1.0}], width=6, bias=shift)
        self.conv1.bias.data.fill_(-3.0)  # 2 for each whole word
        self.register_buffer("heard", torch.tensor(heard + shift))

    def forward(self, x):
        return torch.relu(self.hidden(x) - self.heard).sum(2)


def probed(net):
    return WindowProbe(SequenceModel("pair", net, InputSpec("rna")), "conv2")


def demixed(net, seed=0):
    probe = probed(net)
    (samples,) = evolve(probe, [0], seeds=[np.random.default_rng(5)], options=EvolveOptions(keep=1000))
    return probe, samples, demix_by_sufficiency(probe, samples, seed=seed)


def words_of(found):
    return [motif.consensus("dna").strip("N") for motif in found.motifs]


def test_what_is_heard_only_together_is_one_motif_with_its_distances():
    _, _, found = demixed(Pair(heard=2.0))
    (motif,) = found.motifs
    word = motif.consensus("dna").strip("N")
    assert word.startswith(WORDS[0])
    assert word.endswith(WORDS[1])
    (row,) = found.syntax.to_dict("records")
    assert (row["kind"], row["spacing_min"], row["spacing_max"]) == ("range", 4, 6)


def test_what_is_heard_alone_is_two_motifs():
    _, _, found = demixed(Pair(heard=0.0))
    assert sorted(words_of(found)) == sorted(WORDS)


def test_shares_add_up_to_what_the_motifs_explain():
    _, _, found = demixed(Pair(heard=0.0))
    shares = [motif.share for motif in found.motifs]
    assert shares == sorted(shares, reverse=True)
    assert 0.8 < sum(shares) <= 1


@pytest.mark.slow
def test_composition_around_a_motif_is_no_part_of_it():
    """A neuron that reads one word, and counts A and T in all its field."""
    counted = {(1, place): 0.8 for place in range(12)}
    net = KmerSum((WORDS[0], "AAAAA"), [{(0, 5): 1.5} | counted], width=12)
    with torch.no_grad():
        net.conv1.weight[1] = 0.0
        net.conv1.weight[1, [0, 3], 0] = 1.0
        net.conv1.bias[1] = 0.0
    _, _, found = demixed(net)
    motif, *weak = found.motifs
    assert sum(other.share for other in weak) < 0.1
    assert WORDS[0] in "".join("ACGT"[base] for base in motif.ppm.argmax(1))
    assert len(motif) <= len(WORDS[0]) + 4  # the field is 28 nt


@pytest.mark.slow
@pytest.mark.parametrize("heard", [0.0, 2.0])
@pytest.mark.parametrize("shift", [-30.0, 30.0])
def test_a_constant_of_the_layer_changes_nothing(heard, shift):
    _, _, plain = demixed(Pair(heard))
    _, _, moved = demixed(Pair(heard, shift))
    assert sorted(words_of(plain)) == sorted(words_of(moved))
    for a, b in zip(plain.motifs, moved.motifs, strict=True):
        assert b.max_activation - a.max_activation == pytest.approx(shift, abs=1e-3)


@pytest.mark.slow
def test_the_silent_level_is_where_the_network_begins_to_listen():
    for heard in (0.0, 2.0):
        probe, samples, _ = demixed(Pair(heard, shift=7.0))
        level = silence_level(probe, samples, np.random.default_rng(0))
        assert level == pytest.approx(7.0 + heard + 1)  # the activation is a whole number: the next one is heard


def test_the_zero_stands_where_the_network_takes_the_largest_value_alone():
    net = Pair(0.0)
    net.forward = lambda x: net.conv2(net.pool(torch.relu(net.conv1(x)))).amax(2)
    probe = probed(net)
    (samples,) = evolve(probe, [0], seeds=[np.random.default_rng(5)], options=EvolveOptions(keep=500))
    assert silence_level(probe, samples, np.random.default_rng(0)) == 0


def test_a_network_that_casts_to_16_bits_is_asked_too():
    net = Pair(0.0)
    whole = net.forward

    def cast(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return whole(x)

    net.forward = cast
    probe = probed(net)
    (samples,) = evolve(probe, [0], seeds=[np.random.default_rng(5)], options=EvolveOptions(keep=500))
    assert np.isfinite(silence_level(probe, samples, np.random.default_rng(0)))


def test_outputs_without_a_gradient_leave_every_value_heard():
    net = Pair(0.0)
    net.forward = lambda x: (net.conv2(net.pool(torch.relu(net.conv1(x)))).amax(2) > 1).float()
    probe = probed(net)
    (samples,) = evolve(probe, [0], seeds=[np.random.default_rng(5)], options=EvolveOptions(keep=500))
    assert silence_level(probe, samples, np.random.default_rng(0)) == -np.inf


@pytest.mark.slow
def test_the_same_seed_gives_the_same_and_the_net_is_left_as_it_was():
    net = Pair(2.0)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    _, _, first = demixed(net, seed=3)
    _, _, second = demixed(net, seed=3)
    for a, b in zip(first.motifs, second.motifs, strict=True):
        np.testing.assert_array_equal(a.pfm, b.pfm)
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())
    assert all(p.grad is None for p in net.parameters())


def test_a_neuron_that_is_only_inhibited_has_no_samples():
    net = Pair(0.0)
    with torch.no_grad():
        net.conv2.weight.neg_()
    _, samples, found = demixed(net)
    assert len(samples) == 0
    assert found.motifs == ()


def test_draws_hold_each_base_as_often_as_the_matrix_says():
    probe, samples, _ = demixed(Pair(2.0))
    queries = Queries(probe, samples, 0.0, np.random.default_rng(0))
    ppm = np.tile([0.5, 0.25, 0.125, 0.125], (queries.size, 1))
    drawn = queries.draw(ppm, 64)
    counts = np.stack([(drawn == base).sum(0) for base in range(4)], 1)
    np.testing.assert_array_equal(counts, np.tile([32, 16, 8, 8], (queries.size, 1)))


def matrix(word, start, size=20):
    ppm = np.full((size, 4), 0.25)
    for place, letter in enumerate(word, start):
        if letter != "N":
            ppm[place] = np.where(np.arange(4) == "ACGT".index(letter), 0.91, 0.03)
    return ppm


def test_two_parts_at_another_distance_are_one_motif():
    options = SufficiencyOptions()
    near = Reading(matrix("TGTACNCCAGA", 2), 1.0, cut=8)
    far = Reading(matrix("TGTACNNNNCCAGA", 4), 1.0, cut=13)
    assert merged(near, far, options).distances == {0: 1.0, 3: 1.0}
    assert merged(near, Reading(matrix("GGGACATTACG", 3), 1.0, cut=8), options) is None
    moved = merged(near, Reading(matrix("TGTACNCCAGA", 5), 1.0, cut=11), options)
    assert set(moved.places) == {(0, 0), (3, 3)}


def test_a_moved_matrix_is_alike():
    likeness, move = alike(matrix("TGTAC", 2) - 0.25, matrix("TGTAC", 9) - 0.25)
    assert likeness == pytest.approx(1)
    assert move == 7


def one_pass(heard):
    """Queries of a pair's neuron, its windows, the settings, and what a pass finds."""
    probe = probed(Pair(heard))
    (samples,) = evolve(probe, [0], seeds=[np.random.default_rng(5)], options=EvolveOptions(keep=400))
    options = SufficiencyOptions()
    queries = Queries(probe, samples, heard, np.random.default_rng(0))
    excitation = queries.excitation(samples.activations.astype(float))
    rows = np.flatnonzero(excitation > 0)
    windows = Windows(samples.codes[rows], excitation[rows], rows)
    return queries, windows, options, find_motifs(queries, windows, options)


def test_windows_without_a_known_motif_are_read_though_the_strongest_gave_nothing_new(monkeypatch):
    """Twelve windows hold both words, three the one or the other: as if the known one could not be taken out."""
    queries, _, options, _ = one_pass(0.0)
    codes = queries.backgrounds(18)
    for word, at, rows in ((WORDS[0], 0, range(15)), (WORDS[1], 10, [*range(12), 15, 16, 17])):
        codes[list(rows), at : at + len(word)] = ["ACGT".index(letter) for letter in word]
    windows = Windows(codes, queries.excitation(queries.activation(codes)), np.arange(18))
    read_window = find._read_window

    def gives_one(queries, windows, row, known, named, options):
        return None if named.any() else read_window(queries, windows, row, known, named, options)

    monkeypatch.setattr(find, "_read_window", gives_one)
    found = find_motifs(queries, windows, options)
    assert sorted(one.motif.consensus("dna").strip("N") for one in found) == sorted(WORDS)


def test_a_motif_that_one_pass_found_has_to_explain_much():
    queries, windows, options, found = one_pass(0.0)
    first, second = found
    nonsense = Reading(matrix("AAGGAAGGA", 3, queries.size), 1.0)
    for passes in (
        [[first, nonsense], [first, second], [second]],
        [[first, nonsense], [first], [first, second]],  # half of the excitation is the second's
    ):
        assert {id(one) for one in repeated(queries, passes, windows, options)} <= {id(first), id(second)}
        assert len(repeated(queries, passes, windows, options)) == 2
    assert repeated(queries, [[nonsense], [], []], windows, options) == []
    assert repeated(queries, [[], []], windows, options) == []
    assert repeated(queries, [[nonsense]], windows, options) == [nonsense]  # of a single pass everything


def test_half_of_a_pair_found_twice_gives_way_to_the_whole_found_once():
    queries, windows, options, (whole,) = one_pass(2.0)
    half = Reading(only(whole, whole.columns[:5]), 1.0)
    assert repeated(queries, [[half], [half], [whole]], windows, options) == [whole]


def test_passes_agree_where_they_find_the_same_and_explain_nearly_all():
    queries, windows, options, (first, second) = one_pass(0.0)
    assert agreed(queries, [[first, second], [second, first]], windows, options)
    assert not agreed(queries, [[first, second], [second]], windows, options)
    assert not agreed(queries, [[first], [first]], windows, options)  # what is left may hold another
    assert not agreed(queries, [[], []], windows, options)


def test_settings_reach_the_method():
    probe, samples, _ = demixed(Pair(2.0))
    none = demix_neuron(probe, samples, sufficiency=SufficiencyOptions(least=1.1))
    assert none.motifs == ()
