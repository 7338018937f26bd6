"""Contribution against planted effects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from combmotif.config.effects import ContributionOptions
from combmotif.core.tables import CONTRIBUTION
from combmotif.effect.neurons.contribution import contribution


def planted(seed: int = 0, n: int = 600):
    """Neurons: 0 raises y by 1, 1 lowers it, 2 does nothing, 3 fires in 3 sequences, 4 never, 5 follows length."""
    rng = np.random.default_rng(seed)
    on = rng.random((n, 6)) < 0.3
    length = rng.uniform(100, 1000, n)
    on[:, 3] = np.arange(n) < 3
    on[:, 5] = rng.random(n) < (length - 100) / 900
    y = 1.0 * on[:, 0] - 1.0 * on[:, 1] + 0.004 * length + rng.normal(0, 0.5, n)
    activations = np.where(on, 1.0, 0.1)
    activations[:, 4] = -1
    return activations, y, length


NEURONS = [f"conv1:{i}" for i in range(6)]


def run(changes=None, **options):
    activations, y, length = planted()
    return contribution(
        activations, {"prediction": y}, ContributionOptions(**options), neurons=NEURONS, maxima=activations.max(0),
        covariates={"length": length, "gc": np.full(600, 0.5)}, changes=changes,
    ).set_index("neuron")  # fmt: skip


def test_columns_are_the_documented_ones_in_their_order():
    assert list(run().reset_index().columns) == CONTRIBUTION.names


def test_planted_effects_are_found_with_their_sign_and_size():
    table = run()
    assert list(table["class"][:2]) == ["positive", "negative"]
    assert table.adjusted_effect["conv1:0"] == pytest.approx(1, abs=0.15)
    assert table.adjusted_effect["conv1:1"] == pytest.approx(-1, abs=0.15)
    assert table.ci_low["conv1:0"] < table.effect["conv1:0"] < table.ci_high["conv1:0"]
    assert table.auc["conv1:0"] > 0.5 > table.auc["conv1:1"]


def test_confounding_by_length_disappears_when_adjusted():
    row = run().loc["conv1:5"]
    assert row.q_welch < 0.001
    assert row.adjusted_ci_low < 0 < row.adjusted_ci_high


def test_untestable_says_which_group_is_small_and_codes_no_p():
    table = run()
    assert table["class"]["conv1:3"] == "untestable"
    assert table.reason["conv1:3"] == "active in 3 sequences, 6 needed"
    assert table.reason["conv1:4"] == "no sequence excites it above its background"
    p = table[[c for c in table if c.startswith(("p_", "q_")) or c.endswith(("_p", "_q"))]]
    assert p.loc[["conv1:3", "conv1:4"]].isna().all().all()
    assert not (p <= 0).any().any()
    activations, y, _ = planted()
    everywhere = contribution(np.ones((600, 1)), y, neurons=["x"], maxima=np.ones(1))
    assert everywhere.reason[0] == "inactive in 0 sequences, 6 needed"


def test_clamp_effect_of_the_other_sign_makes_a_neuron_discordant():
    activations, _, _ = planted()
    causal = np.where(activations == 1.0, -0.3, np.nan) + np.random.default_rng(1).normal(0, 0.05, activations.shape)
    table = run({"clamp": causal})
    assert table["class"]["conv1:0"] == "discordant"
    assert "clamp effect has another sign" in table.reason["conv1:0"]
    assert table["class"]["conv1:1"] == "negative"
    row = table.loc["conv1:1"]
    changes = causal[activations[:, 1] == 1.0, 1]
    assert row.clamp_n == len(changes)
    assert row.clamp_effect == pytest.approx(changes.mean())
    low, high = stats.ttest_1samp(changes, 0).confidence_interval()
    assert (row.clamp_ci_low, row.clamp_ci_high) == (pytest.approx(low), pytest.approx(high))
    assert row.clamp_p == pytest.approx(stats.ttest_1samp(changes, 0).pvalue)


def test_equivalence_is_neutral_and_ignorance_undetermined():
    assert run(margin=5.0)["class"]["conv1:2"] == "neutral"
    row = run(margin=0.01).loc["conv1:2"]
    assert row["class"] == "undetermined"
    assert "not excluded" in row.reason


def test_q_is_computed_over_the_tested_neurons_only():
    table = run()
    p = table.p_welch.dropna()
    np.testing.assert_allclose(table.q_welch.dropna(), stats.false_discovery_control(p))
    assert len(p) == 4


def test_every_outcome_and_threshold_has_its_rows():
    activations, y, _ = planted()
    table = contribution(
        activations,
        {"prediction": y, "label": -y},
        ContributionOptions(thresholds=[0.05, 0.7]),
        neurons=NEURONS,
        maxima=activations.max(0),
    )
    assert len(table) == 24
    signs = table[table.threshold == 0.7].set_index(["outcome", "neuron"])["class"]
    assert signs["prediction", "conv1:0"] == "positive"
    assert signs["label", "conv1:0"] == "negative"
    assert (table[table.threshold == 0.05].n_active[:3] == 600).all()


def test_sequences_without_a_valid_window_are_left_out():
    activations, y, length = planted()
    activations[:50] = np.nan
    table = contribution(
        activations, y, neurons=NEURONS, maxima=np.nanmax(activations, 0), covariates={"length": length}
    )
    assert (table.n_active + table.n_inactive == 550).all()


def test_prototype_preset_gives_the_equal_variance_t_test():
    activations, y, _ = planted()
    table = run(preset="combmotif")
    on = activations[:, 0] > 0.7
    assert table.p_ttest["conv1:0"] == stats.ttest_ind(y[on], y[~on]).pvalue
    assert list(table["class"]) == ["positive", "negative", "neutral", *table["class"][3:]]
    preset = ContributionOptions(preset="combmotif")
    assert np.isnan(contribution(np.ones((9, 1)), y[:9], preset, neurons=["x"], maxima=np.full(1, 2)).p_ttest[0])


def test_misshapen_input_is_refused_before_any_work():
    activations, y, _ = planted()
    with pytest.raises(ValueError, match=r"activations: expected shape \(sequences, 2 neurons\)"):
        contribution(activations, y, neurons=["a", "b"], maxima=np.ones(2))
    with pytest.raises(ValueError, match="less than or equal to 1"):
        run(threshold=70)
    with pytest.raises(ValueError, match="outcome 'prediction': expected one value per sequence"):
        contribution(activations, {"prediction": y[:5]}, neurons=NEURONS, maxima=np.ones(6))


@pytest.mark.slow
def test_null_neurons_are_called_at_the_nominal_rate():
    rng = np.random.default_rng(5)
    y = rng.exponential(1, 200)
    activations = (rng.random((200, 600)) < 0.3).astype(float)
    table = contribution(activations, y, neurons=[str(i) for i in range(600)], maxima=np.ones(600))
    for column in ("p_welch", "p_mann_whitney", "adjusted_p"):
        assert 0.03 < (table[column] < 0.05).mean() < 0.07, column


def test_labels_carry_no_intervention_but_are_classed_on_what_was_observed():
    activations, y, length = planted()
    moved = np.where(activations > 0.5, 0.3, np.nan)
    table = contribution(
        activations, {"prediction:p": y, "label:l": y}, neurons=NEURONS, maxima=activations.max(0),
        covariates={"length": length}, changes={"clamp": {"prediction:p": moved}, "site": {"prediction:p": moved}},
    ).set_index(["outcome", "neuron"])  # fmt: skip
    label, prediction = table.loc["label:l", "conv1:0"], table.loc["prediction:p", "conv1:0"]
    assert np.isnan([label.site_n, label.site_effect, label.clamp_n, label.clamp_p]).all()
    assert prediction.site_n == label.n_active
    assert label["class"] == prediction["class"] == "positive"
    assert table.loc["prediction:p", "conv1:1"]["class"] == "discordant"
    assert table.loc["label:l", "conv1:1"]["class"] == "negative"


def test_several_thresholds_are_each_a_family_of_tests():
    activations, y, _ = planted()
    given = {"neurons": NEURONS, "maxima": activations.max(0)}
    both = contribution(activations, y, ContributionOptions(thresholds=[0.05, 0.5]), **given)
    alone = contribution(activations, y, ContributionOptions(threshold=0.5), **given)
    again = both[both.threshold == 0.5].reset_index(drop=True)
    assert np.array_equal(again.q_welch, alone.q_welch, equal_nan=True)
    assert (both[both.threshold == 0.05]["class"] == "untestable").all()  # 0.1 is active: no inactive group


def test_margin_is_a_share_of_the_spread():
    activations, y, _ = planted()
    wide = contribution(activations, y, ContributionOptions(margin=3), neurons=NEURONS, maxima=activations.max(0))
    assert wide.margin[0] == pytest.approx(3 * y.std())
    assert wide.set_index("neuron")["class"]["conv1:2"] == "neutral"
