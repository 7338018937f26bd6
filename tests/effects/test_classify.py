"""Every class from a table that calls for it."""

from __future__ import annotations

import pytest

from combmotif.effects.classify import classify
from combmotif.effects.columns import EFFECTS


def row(**effects):
    """Effects as (estimate, q); the interval of e is its estimate +- 0.05."""
    given = dict.fromkeys(EFFECTS, (0.0, 0.9)) | effects
    result = {"sequences": 50, "margin": 0.1 * abs(given["joint"][0])}
    for name, (estimate, q) in given.items():
        result[name] = estimate
        result["q_value" if name == "epistasis" else f"{name}_q"] = q
    e = result["epistasis"]
    return result | {"epistasis_ci_low": e - 0.05, "epistasis_ci_high": e + 0.05}


S = 0.001
AND = {"a_in_context": (1, S), "b_in_context": (1, S), "joint": (1, S), "epistasis": (1, S)}
BOTH = {"a_alone": (1, S), "b_alone": (1, S), "joint": (2, S)}
DOWN = {"a_alone": (-1, S), "b_alone": (-1, S), "joint": (-2, S)}


@pytest.mark.parametrize(
    ("effects", "label", "words"),
    [
        (
            {"a_in_context": (1, S), "b_in_context": (1, S), "joint": (1, S), "epistasis": (1, S)},
            "synergistic",
            "more than",
        ),
        ({"a_alone": (1, S), "b_alone": (1, S), "joint": (1, S), "epistasis": (-1, S)}, "antagonistic", "less than"),
        (BOTH | {"epistasis": (1, S)}, "synergistic", "e = +1"),
        (DOWN | {"epistasis": (-1, S)}, "synergistic", "e = -1"),
        (DOWN | {"epistasis": (1, S)}, "antagonistic", "less than"),
        (BOTH | {"epistasis": (0.02, 0.4)}, "additive", "within +-0.2"),
        (BOTH | {"epistasis": (0.1, S)}, "additive", "significant (q = 0.001) but smaller"),
        (BOTH | {"epistasis": (0.3, 0.3)}, "undetermined", "not significant (q = 0.3)"),
        ({"a_alone": (1, S), "b_alone": (-1, S), "joint": (1, S)}, "opposing", "A raises the prediction, B lowers it"),
        ({"b_alone": (-1, S), "joint": (-1, S)}, "one-sided", "only B"),
        ({}, "inert", "no effect of either motif"),
        ({"epistasis": (0.1, S)}, "undetermined", "e is significant (q = 0.001), but no effect of either"),
        ({"joint": (-1, S)}, "undetermined", "joint effect is significant (q = 0.001), but no effect of either"),
        (BOTH | {"a_in_context": (-1, S)}, "undetermined", "effect of A alone and beside"),
        (BOTH | {"joint": (2, 0.2)}, "undetermined", "joint effect is not significant"),
        (BOTH | {"joint": (-2, S)}, "undetermined", "joint effect has another sign"),
    ],
)
def test_class_and_reason(effects, label, words):
    found, reason = classify(row(**effects))
    assert found == label
    assert words in reason


def test_too_few_sequences_are_untestable_and_counted():
    assert classify(row() | {"sequences": 1}) == ("untestable", "found together in 1 sequence, 6 needed")
    assert classify(row() | {"sequences": 5})[1] == "found together in 5 sequences, 6 needed"
