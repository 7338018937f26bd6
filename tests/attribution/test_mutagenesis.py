import numpy as np
import pytest

from combmotif.attribution import AttributionOptions, attribute, effects_of


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
