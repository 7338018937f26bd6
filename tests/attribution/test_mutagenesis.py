import numpy as np
import pytest
import torch

from combmotif.attribution import AttributionOptions, attribute, effects_of, parse_target
from combmotif.attribution.mutagenesis import edited_effects, mutation_effects
from combmotif.attribution.targets import TargetFunction
from combmotif.models.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel


@pytest.mark.parametrize("target", ["output:0", "output:1"])
def test_effects_are_those_of_predicting_every_mutant(small, codes, target):
    model, (row,) = small(), codes(22)
    scores = attribute(model, [row], target, options=AttributionOptions("mutagenesis")).scores[0]
    mutants = np.stack([np.where(np.arange(22) == place, base, row) for base in range(4) for place in range(22)])
    own = int(target[-1])
    change = model.predict(mutants.astype(np.uint8))[:, own] - model.predict([row])[0, own]
    effects = effects_of(scores, row)
    np.testing.assert_allclose(effects, change.reshape(4, 22), atol=1e-5)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-6)


def test_working_out_what_changes_gives_what_full_passes_give(codes):
    module = CnnGru(channels=4, width=8, blocks=2)
    model = SequenceModel("net", module, InputSpec(length=120, rule="pad_right"))
    (row,) = codes(100)
    row[7] = 4
    function = TargetFunction(model, parse_target("output:0", model))
    units = function.units([row])
    plain = mutation_effects(function, function.tensor(np.stack([unit.codes for unit in units]), None))
    torch.testing.assert_close(edited_effects(function, units), plain, atol=1e-5, rtol=0)
