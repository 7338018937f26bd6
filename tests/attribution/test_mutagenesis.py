import numpy as np
import pytest

from combmotif.attribution import AttributionOptions, attribute, parse_target
from combmotif.attribution.methods import mutation_effects
from combmotif.attribution.targets import TargetFunction
from combmotif.inference.incremental.perturb import recording
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel


@pytest.mark.parametrize("target", ["output:0", "output:1"])
def test_effects_are_those_of_predicting_every_mutant(small, codes, target):
    model, (row,) = small(), codes(22)
    scores = attribute(model, [row], target, options=AttributionOptions(method="mutagenesis")).scores[0]
    mutants = np.stack([np.where(np.arange(22) == place, base, row) for base in range(4) for place in range(22)])
    own = int(target[-1])
    change = model.predict(mutants.astype(np.uint8))[:, own] - model.predict([row])[0, own]
    effects = scores - scores[row, np.arange(22)]  # 0 at the own base
    np.testing.assert_allclose(effects, change.reshape(4, 22), atol=1e-5)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-6)


@pytest.mark.parametrize("target", ["output:0", "conv5:3"])
def test_working_out_what_changes_gives_what_full_passes_give(codes, target):
    model = SequenceModel("net", CnnGru(channels=5, width=8, blocks=4), InputSpec(channels=5))
    rows = codes(300, 300)
    rows[0][7] = 4
    tracks = [np.full((1, 300), 0.3 * i, np.float32) for i in range(2)]
    function = TargetFunction(model, parse_target(target, model))
    units = function.units(rows, tracks)
    effects = mutation_effects(function, units, method="incremental").numpy()
    for unit, own in zip(units, effects, strict=True):
        base = function(function.tensor(unit.codes[None], [unit.tracks])).item()
        for place in (0, 1, 7, 30, len(unit.codes) - 1):
            for letter in range(4):
                mutant = unit.codes.copy()
                mutant[place] = letter if mutant[place] < 4 else 4
                change = function(function.tensor(mutant[None], [unit.tracks])).item() - base
                assert own[letter, place] == pytest.approx(change, abs=1e-5)


def test_a_long_window_of_a_neuron_is_not_passed_as_a_whole(codes):
    model = SequenceModel("net", CnnGru(width=8, blocks=5))
    with recording() as how:
        attribute(model, codes(400), "conv6:2", options=AttributionOptions(method="mutagenesis"))
    assert [found.method for found in how] == ["incremental"]
