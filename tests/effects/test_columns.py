"""The documentation of the columns is complete."""

from __future__ import annotations

from combmotif.effects.columns import CONTRIBUTION_COLUMNS, EFFECTS, INSTANCE_COLUMNS, INTERACTION_COLUMNS


def test_every_effect_has_an_estimate_an_interval_a_p_and_a_q():
    for name in EFFECTS:
        p, q = ("p_value", "q_value") if name == "epistasis" else (f"{name}_p", f"{name}_q")
        assert {name, f"{name}_ci_low", f"{name}_ci_high", p, q} <= set(INTERACTION_COLUMNS)


def test_every_column_is_described_once_without_a_full_stop():
    for columns in (CONTRIBUTION_COLUMNS, INSTANCE_COLUMNS, INTERACTION_COLUMNS):
        assert all(len(text) > 5 and not text.endswith(".") for text in columns.values())
