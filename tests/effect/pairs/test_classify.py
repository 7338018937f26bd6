"""Every class from a table that calls for it."""

from __future__ import annotations

import pytest

from combmotif.core.tables import EFFECTS
from combmotif.effect.pairs.classify import classify


def row(**effects):
    """Effects as (estimate, q); every interval is its estimate +- 0.05, and every effect of 0.1 is large enough."""
    given = dict.fromkeys(EFFECTS, (0.0, 0.9)) | effects
    result = {"sequences": 50, "margin": 0.1 * abs(given["joint"][0]), "effect_margin": 0.1, "detectable": 0.07}
    for name, (estimate, q) in given.items():
        result[name] = estimate
        result["q_value" if name == "epistasis" else f"{name}_q"] = q
        result |= {f"{name}_ci_low": estimate - 0.05, f"{name}_ci_high": estimate + 0.05}
    return result


S = 0.001
AND = {"a_in_context": (1, S), "b_in_context": (1, S), "joint": (1, S), "epistasis": (1, S)}
BOTH = {"a_alone": (1, S), "b_alone": (1, S), "joint": (2, S)}
DOWN = {"a_alone": (-1, S), "b_alone": (-1, S), "joint": (-2, S)}


@pytest.mark.parametrize(
    ("effects", "label", "words"),
    [
        (
            {"a_in_context": (1, S), "b_in_context": (1, S), "joint": (1, S), "epistasis": (1, S)},
            "super-additive",
            "more than",
        ),
        ({"a_alone": (1, S), "b_alone": (1, S), "joint": (1, S), "epistasis": (-1, S)}, "sub-additive", "less than"),
        (BOTH | {"epistasis": (1, S)}, "super-additive", "e = +1"),
        (DOWN | {"epistasis": (-1, S)}, "super-additive", "e = -1"),
        (DOWN | {"epistasis": (1, S)}, "sub-additive", "less than"),
        (BOTH | {"epistasis": (0.02, 0.4)}, "additive", "within +-0.2"),
        (BOTH | {"epistasis": (0.1, S)}, "additive", "significant (q = 0.001) but smaller"),
        (BOTH | {"epistasis": (0.3, 0.3)}, "undetermined", "not significant (q = 0.3)"),
        ({"a_alone": (1, S), "b_alone": (-1, S), "joint": (1, S)}, "opposing", "A raises the prediction, B lowers it"),
        ({"b_alone": (-1, S), "joint": (-1, S)}, "one motif only", "only B"),
        ({}, "neutral", "of both motifs lie within +-0.1"),
        ({"epistasis": (0.2, S)}, "undetermined", "e is significant (q = 0.001), but no effect of either"),
        ({"joint": (-1, S)}, "undetermined", "joint effect is significant (q = 0.001), but no effect of either"),
        (BOTH | {"a_in_context": (-1, S)}, "undetermined", "effect of A alone and beside"),
        (BOTH | {"joint": (2, 0.2)}, "undetermined", "joint effect is not significant"),
        (BOTH | {"joint": (-2, S)}, "undetermined", "joint effect has another sign"),
    ],
)
def test_class_and_reason(effects, label, words):
    found, reason = classify(row(**effects), alpha=0.05, n_min=6)
    assert found == label
    assert words in reason


def test_too_few_sequences_are_untestable_and_counted():
    assert classify(row() | {"sequences": 1}, alpha=0.05, n_min=6) == (
        "too few sequences",
        "found together in 1 sequence, 6 needed",
    )
    assert classify(row() | {"sequences": 5}, alpha=0.05, n_min=6)[1] == "found together in 5 sequences, 6 needed"


def test_an_effect_acts_by_its_size_and_not_by_its_q_alone():
    tiny = {"a_alone": (-1.33, S), "b_alone": (0.016, 1e-9), "joint": (-1.3, S)}
    found, reason = classify(row(**tiny) | {"effect_margin": 0.133}, alpha=0.05, n_min=6)
    assert (found, reason) == ("one motif only", "only A has a detected effect, those of B lie within +-0.133")
    assert classify(row(**tiny) | {"effect_margin": 0.01}, alpha=0.05, n_min=6)[0] == "opposing"


def test_a_large_effect_in_few_sequences_is_not_detected_rather_than_inert():
    few = row(a_alone=(-0.65, 0.3), joint=(-0.6, 0.2)) | {"sequences": 7, "detectable": 0.81}
    few |= {"a_alone_ci_low": -1.4, "a_alone_ci_high": 0.2}
    found, reason = classify(few, alpha=0.05, n_min=6)
    assert found == "no effect detected"
    assert "n = 7, detectable size 0.81" in reason
    one = few | {"b_alone": -1.0, "b_alone_q": S}
    assert classify(one, alpha=0.05, n_min=6)[0] == "one motif only"
    assert "of A: not detected (n = 7, detectable size 0.81)" in classify(one, alpha=0.05, n_min=6)[1]
