"""A language model learns a rule that holds across a base, resumes exactly, and never sees what is held out."""

import numpy as np
import pytest
import torch

from combmotif.models.architectures.language import LanguageNet
from combmotif.runs.training.language import context_loss
from combmotif.training.language import LanguageOptions, held_out_loss, hold_out, train_language, without_repeats
from combmotif.training.loop import Journal
from combmotif.training.overlap import kmer_hashes

TINY = {"width": 12, "first": 4, "kernel": 3, "dilations": (1, 2), "hidden": 16}


def _texts(count, length=60, seed=0):
    """Every base at an odd place equals the one two places to its right; k-mers of one side never tell."""
    random = np.random.default_rng(seed)
    return [random.integers(0, 4, length).astype(np.uint8) for _ in range(count)]


def _ruled(count, seed=0):
    texts = _texts(count, seed=seed)
    for text in texts:
        text[1::4] = text[3::4]
    return texts


def _trained(journal=None, steps=60, every=60):
    torch.manual_seed(0)
    net = LanguageNet(**TINY)
    options = LanguageOptions(steps=steps, batch=1200, window=60, every=every, averaging=0.9, learning_rate=1e-2)
    return net, train_language(net, _ruled(200), _ruled(20, seed=1), options=options, journal=journal)


@pytest.mark.slow
def test_it_learns_what_stands_on_the_other_side():
    torch.manual_seed(0)
    untrained = held_out_loss(LanguageNet(**TINY), _ruled(20, seed=1))
    net, history = _trained()
    assert history[-1]["held_out_loss"] < untrained - 0.05
    assert history[-1]["held_out_loss"] == pytest.approx(held_out_loss(net, _ruled(20, seed=1)))


def test_a_resumed_training_ends_with_the_same_weights(tmp_path):
    """Ten steps a pass: the second epoch begins in the first pass and ends in the second."""
    told = []
    whole, _ = _trained(Journal(on_step=lambda *at: told.append(at)), steps=14, every=6)
    assert told == [(step + 1, 14) for step in range(14)]

    def stop(row):
        if row["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trained(Journal(tmp_path / "c.pt", on_epoch=stop), steps=14, every=6)
    again, history = _trained(Journal(tmp_path / "c.pt"), steps=14, every=6)
    assert [row["step"] for row in history] == [6, 12, 14]
    for first, second in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(first, second)


def test_texts_that_are_too_short_are_refused():
    with pytest.raises(ValueError, match="texts: expected sequences of at least 40 nt, found none"):
        train_language(LanguageNet(**TINY), _texts(3, 30), _ruled(2), options=LanguageOptions())


def test_nothing_held_out_shares_a_40_mer_with_the_training():
    texts = _texts(60, 100)
    texts += [np.concatenate([text[50:], other[:50]]) for text, other in zip(texts[::2], texts[1::2], strict=True)]
    measured = np.arange(90) < 60
    held, training = hold_out(texts, measured, share=0.2)
    assert len(held)
    assert set(held) <= set(range(60))

    def words(rows):
        return {int(word) for row in rows for word in kmer_hashes(texts[row], 40)}

    assert not words(held) & words(training)


def test_repeats_are_read_once():
    texts = _texts(3, 100)
    tile = np.concatenate([texts[0][20:], texts[1][:20]])
    assert without_repeats([*texts, texts[0], tile]).tolist() == [True, True, True, False, False]


def test_k_mer_models_have_the_loss_of_the_chain_that_made_the_text():
    random = np.random.default_rng(0)
    p = np.array([0.6, 0.2, 0.1, 0.1])
    texts = [random.choice(4, 2000, p=p).astype(np.uint8) for _ in range(20)]
    entropy = -(p * np.log(p)).sum()
    assert context_loss(texts[:10], texts[10:], before=0, after=0) == pytest.approx(entropy, abs=0.01)
    assert context_loss(texts[:10], texts[10:], before=1, after=1) == pytest.approx(entropy, abs=0.02)
