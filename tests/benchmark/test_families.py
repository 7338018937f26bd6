from dataclasses import replace

import numpy as np
import pytest

from combmotif.benchmark import FAMILIES, draw
from combmotif.benchmark.nets import StackNet, receptive_field
from combmotif.benchmark.sampled import _words, is_read, planted_windows
from combmotif.benchmark.shapes import draw_motifs
from combmotif.benchmark.truth import unlike, weights_of
from combmotif.inference import WindowProbe

HAND_BUILT = [family for family in FAMILIES if family != "g"]


@pytest.mark.slow
@pytest.mark.parametrize("family", HAND_BUILT)
def test_planted_motifs_excite_the_neuron_and_random_sequences_hardly_do(family):
    random = np.random.default_rng(0)
    for number in range(4):
        instance = draw(family, number, 7)
        probe = WindowProbe(instance.model, instance.layer)
        assert 8 <= probe.receptive_field <= 144
        plain = probe.activations(random.integers(0, 4, (500, probe.receptive_field)).astype(np.uint8))[:, 0]
        if not instance.truth.parts:
            assert plain.max() <= max(0, plain.mean()) + 1e-5  # dead: nothing above the background
            continue
        for word in _words(instance):
            values = probe.activations(planted_windows([word], probe.receptive_field, random))[:, 0]
            assert values.max() > max(0, plain.mean()) + 3 * plain.std()


@pytest.mark.parametrize("family", "cd")
def test_a_pair_needs_both_parts(family):
    random = np.random.default_rng(1)
    for number in range(4):
        instance = draw(family, number, 7)
        probe = WindowProbe(instance.model, instance.layer)
        top = probe.activations(planted_windows(_words(instance), probe.receptive_field, random))[:, 0].max()
        for part in instance.truth.parts:
            alone = probe.activations(planted_windows([part.argmax(1)], probe.receptive_field, random))[:, 0]
            assert np.median(alone) < 0.5 * top


def test_a_variable_pair_is_read_at_every_spacing_and_at_no_other():
    random = np.random.default_rng(2)
    instance = next(i for i in (draw("d", n, 7) for n in range(20)) if i.truth.spacing[0] >= 3)
    probe = WindowProbe(instance.model, instance.layer)
    a, b = (part.argmax(1) for part in instance.truth.parts)
    low, high = instance.truth.spacing

    def best(gap):
        word = np.concatenate([a, np.full(gap, -1), b])
        return probe.activations(planted_windows([word], probe.receptive_field, random))[:, 0].max()

    inside = [best(gap) for gap in range(low, high + 1)]
    assert min(inside) > 0.5 * max(inside)
    assert best(low - 2) < 0.5 * max(inside)


def test_the_same_seed_gives_the_same_net():
    for family in HAND_BUILT:
        first, second = draw(family, 1, 5), draw(family, 1, 5)
        assert first.model.fingerprint() == second.model.fingerprint()
        assert first.model.fingerprint() != draw(family, 1, 6).model.fingerprint()


def test_receptive_field_agrees_with_the_net():
    net = StackNet([7, 3, 4], [3, 2], [4, 4, 2], "none", padding=True)
    from combmotif.models.model import SequenceModel

    probe = WindowProbe(SequenceModel("net", net), "conv3")
    assert probe.receptive_field == receptive_field([7, 3, 4], [3, 2])


def test_motifs_are_scored_by_one_and_unlike_each_other():
    motifs = draw_motifs(np.random.default_rng(0), 3)
    for ppm in motifs:
        np.testing.assert_allclose(ppm.sum(1), 1)
        assert weights_of(ppm).max(1).sum() == pytest.approx(1)
        assert not unlike([ppm], ppm)


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="family: expected one of a, b"):
        draw("z", 0, 0)


def test_a_neuron_that_reads_something_else_is_told_apart():
    instance = draw("a", 1, 0)
    (motif,) = instance.truth.parts
    assert is_read(instance)
    assert not is_read(replace(instance, truth=replace(instance.truth, parts=(motif[::-1, ::-1],))))
