"""Four states, predicted one by one and together."""

from __future__ import annotations

import numpy as np
import torch

from combmotif.effect.pairs.states import States, evaluate_every
from combmotif.inference.incremental.perturb import recording
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import SequenceModel


def test_every_state_is_the_prediction_of_the_edited_sequence(word_model, planted):
    model, sequences = word_model("known", composition=0.3), planted(("GGACU", "UGUAA"), 5)
    rng = np.random.default_rng(0)
    edits = [rng.integers(0, 4, (5, 3, width)).astype(np.uint8) for width in (4, 6)]
    at = np.arange(5), np.arange(5) + 20
    result = States.of(evaluate_every(model, sequences.codes, list(zip(at, edits, strict=True))))
    for i, codes in enumerate(sequences.codes):
        for k in range(3):
            a, b = codes.copy(), codes.copy()
            a[i : i + 4] = edits[0][i, k]
            b[i + 20 : i + 26] = edits[1][i, k]
            n = a.copy()
            n[i + 20 : i + 26] = edits[1][i, k]
            expected = [float(model.predict([x])[0, 0]) for x in (codes, a, b, n)]
            found = [result.o[i], result.a[i, k], result.b[i, k], result.n[i, k]]
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_equal_edits_are_predicted_once(monkeypatch, word_model, planted):
    model, sequences = word_model("and"), planted(("GGACU", "UGUAA"), 2)
    edits = np.zeros((4, 8, 4), np.uint8)
    seen = []
    plain = type(model).__call__
    monkeypatch.setattr(type(model), "__call__", lambda self, x: seen.append(len(x)) or plain(self, x))
    codes = [sequences.codes[i] for i in (0, 0, 1, 1)]
    evaluate_every(model, codes, [(np.full(4, 2), edits), (np.full(4, 30), edits)])
    assert seen[-2:] == [2, 6]  # two sequences; of each A, B and both replaced
    assert sum(seen[:-2]) <= 2 + 32  # the sample that is tried first


def test_long_inputs_are_worked_out_from_what_changes(planted):
    torch.manual_seed(0)
    model = SequenceModel("net", CnnGru(width=8))
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 4, 1500).astype(np.uint8) for _ in range(3)]
    a, b = (rng.integers(0, 4, (3, 4, width)).astype(np.uint8) for width in (7, 5))
    start_a, start_b = np.array([1450, 1480, 1300]), np.array([1470, 1390, 1400])
    with recording() as how:
        states = States.of(evaluate_every(model, codes, [(start_a, a), (start_b, b)]))
    assert [one.method for one in how] == ["incremental"]
    for i, sequence in enumerate(codes):
        both = np.tile(sequence, (4, 1))
        both[:, start_a[i] : start_a[i] + 7] = a[i]
        only = both.copy()
        both[:, start_b[i] : start_b[i] + 5] = b[i]
        np.testing.assert_allclose(states.o[i], model.predict([sequence])[0, 0], atol=1e-5)
        np.testing.assert_allclose(states.a[i], model.predict(only)[:, 0], atol=1e-5)
        np.testing.assert_allclose(states.n[i], model.predict(both)[:, 0], atol=1e-5)
    assert np.ptp(states.n, axis=1).min() > 1e-4


def test_every_combination_of_three_segments():
    torch.manual_seed(0)
    model = SequenceModel("net", CnnGru(width=8))
    rng = np.random.default_rng(1)
    codes = [rng.integers(0, 4, 200).astype(np.uint8) for _ in range(2)]
    segments = [
        (np.array([100, 150]), rng.integers(0, 4, (2, 3, 5)).astype(np.uint8)),
        (np.array([105, 180]), rng.integers(0, 4, (2, 3, 4)).astype(np.uint8)),
        (np.array([190, 120]), rng.integers(0, 4, (2, 3, 6)).astype(np.uint8)),
    ]
    found = evaluate_every(model, codes, segments)
    assert found.shape == (2, 3, 8)
    for i, k, state in np.ndindex(found.shape):
        edit = codes[i].copy()
        for j, (starts, letters) in enumerate(segments):
            if state >> j & 1:
                edit[starts[i] : starts[i] + letters.shape[2]] = letters[i, k]
        np.testing.assert_allclose(found[i, k, state], model.predict([edit])[0, 0], atol=1e-5)
    assert np.ptp(found, axis=2).min() > 1e-4
