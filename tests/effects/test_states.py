"""Four states, predicted one by one and together."""

from __future__ import annotations

import numpy as np

from combmotif.effects import states as module
from combmotif.effects.scramble import Scrambles
from combmotif.effects.states import evaluate_states


def test_every_state_is_the_prediction_of_the_edited_sequence(monkeypatch, word_model, planted):
    model, sequences = word_model("known", composition=0.3), planted(("GGACU", "UGUAA"), 5)
    rng = np.random.default_rng(0)
    edits = [rng.integers(0, 4, (5, 3, width)).astype(np.uint8) for width in (4, 6)]
    drawn = Scrambles(*edits, np.zeros((5, 2), bool), np.zeros(5, bool), 0.0)
    at = np.arange(5), np.arange(5) + 20
    result = evaluate_states(model, sequences.codes, *at, drawn)
    for i, codes in enumerate(sequences.codes):
        for k in range(3):
            a, b = codes.copy(), codes.copy()
            a[i : i + 4] = drawn.a[i, k]
            b[i + 20 : i + 26] = drawn.b[i, k]
            n = a.copy()
            n[i + 20 : i + 26] = drawn.b[i, k]
            expected = [float(model.predict([x])[0, 0]) for x in (codes, a, b, n)]
            found = [result.o[i], result.a[i, k], result.b[i, k], result.n[i, k]]
            np.testing.assert_allclose(found, expected, atol=1e-6)
    monkeypatch.setattr(module, "NUCLEOTIDES_AT_ONCE", 700)
    chunked = evaluate_states(model, sequences.codes, *at, drawn)
    np.testing.assert_allclose(chunked.n, result.n, atol=1e-6)


def test_identical_sequences_are_predicted_once(monkeypatch, word_model, planted):
    model, sequences = word_model("and"), planted(("GGACU", "UGUAA"), 2)
    drawn = Scrambles(
        np.zeros((4, 8, 4), np.uint8), np.zeros((4, 8, 4), np.uint8), np.zeros((4, 2), bool), np.zeros(4, bool), 0.0
    )
    seen = []
    plain = type(model).predict
    monkeypatch.setattr(
        type(model), "predict", lambda self, codes, **k: seen.append(len(codes)) or plain(self, codes, **k)
    )
    codes = [sequences.codes[i] for i in (0, 0, 1, 1)]
    evaluate_states(model, codes, np.full(4, 2), np.full(4, 30), drawn)
    assert seen == [8]
