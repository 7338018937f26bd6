"""Every adapter keeps its promises, and the self-test finds those who don't."""

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.evaluation.adapters.base import Adapter, pool_states, read_mode, self_test, strided_positions
from combmotif.evaluation.adapters.from_files import FileModel
from combmotif.evaluation.adapters.networks import CardModel, LanguageModel, PythonModel
from combmotif.evaluation.adapters.simple import FeatureModel, RandomConvolution
from combmotif.evaluation.results import substitution_effects
from combmotif.models.architectures.language import LanguageNet, channels_last
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sequence.alphabet import encode
from combmotif.sequence.onehot import one_hot


def _net(seed=0):
    torch.manual_seed(seed)
    net = LanguageNet(width=6, first=4, kernel=3, dilations=(1, 2), hidden=8)
    for mix in [*net.before.mixes, *net.after.mixes]:  # they begin as the identity
        nn.init.normal_(mix.weight)
    return net.eval()


def _language():
    return LanguageModel(SequenceModel("lm", _net(), InputSpec("rna"), ("log_likelihood",)))


def _predictor(length=None):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(4, 5, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(5, 2)
    )
    return CardModel(SequenceModel("net", module.eval(), InputSpec("rna", length), ("a", "b")))


@pytest.mark.parametrize(
    "adapter",
    [_language(), _predictor(), _predictor(40), FeatureModel("kmer:3"), FeatureModel("minimal"), RandomConvolution()],
    ids=lambda adapter: adapter.name,
)
def test_adapters_pass_their_self_test(adapter):
    assert self_test(adapter) == []


def test_a_base_never_enters_its_own_prediction_and_all_others_may():
    net, code = _net(), np.random.default_rng(0).integers(0, 4, 30).astype(np.uint8)
    changed = code.copy()
    changed[12] = (changed[12] + 1) % 4
    with torch.inference_mode():
        before, after = net.log_probabilities(one_hot(np.stack([code, changed])))
        fast = net.log_probabilities(one_hot(code[None]).unsqueeze(2), channels_last).squeeze(2)
    moved = (before - after).abs().amax(0) > 1e-7
    assert not moved[12]
    assert moved[[11, 13, 8, 16]].all()
    torch.testing.assert_close(fast[0], before)


def test_the_prediction_of_a_language_net_is_the_mean_log_probability_of_known_bases():
    adapter = _language()
    code = encode("ACGUNACGUUGCA")
    table = adapter.probabilities([code])[0]
    known = np.flatnonzero(code < 4)
    expected = np.log(table[known, code[known]]).mean()
    assert adapter.predict([code])[0, 0] == pytest.approx(expected, rel=1e-4)
    assert adapter.log_likelihood([code])[0] == pytest.approx(expected, rel=1e-4)


def test_layers_and_pools():
    adapter = _language()
    codes = [encode("ACGUACGUACGUAA"), encode("GGGUUACAGGCAUUCAGG")]
    assert adapter.embed(codes).shape == (2, 8)
    assert adapter.embed(codes, layers="all").shape == (2, 3 * 12 + 8)
    assert adapter.embed(codes, layers="0,-1", pool="max").shape == (2, 20)
    with pytest.raises(ValueError, match="layers: expected 'all' or numbers from -4 to 3, found '9'"):
        adapter.embed(codes, layers="9")
    states = np.arange(10.0)[:, None]
    assert [pool_states(states, p)[0] for p in ("mean", "max", "first", "center:2")] == [4.5, 9, 0, 4.5]
    with pytest.raises(ValueError, match="expected mean, max, first, cls or center:W, found 'median'"):
        pool_states(states, "median")


def test_the_vector_of_a_predictor_is_what_its_head_reads():
    adapter = _predictor()
    code = encode("ACGUACGUGGAUC")
    vector = adapter.embed([code])
    head = adapter.model.module[-1]
    with torch.inference_mode():
        torch.testing.assert_close(head(torch.from_numpy(vector)), torch.from_numpy(adapter.predict([code])))
    twin = adapter.random_twin(3)
    assert not np.allclose(twin.predict([code]), adapter.predict([code]))
    np.testing.assert_allclose(adapter.random_twin(3).predict([code]), twin.predict([code]))


def test_in_silico_mutagenesis_is_the_change_of_the_prediction():
    adapter = _predictor()
    code = encode("ACGUACG")
    found = substitution_effects(adapter, code, output=1)
    mutant = code.copy()
    mutant[2] = 3
    assert found[2, 3] == pytest.approx(adapter.predict([mutant])[0, 1] - adapter.predict([code])[0, 1], abs=1e-6)
    assert np.all(found[np.arange(7), code] == 0)
    with pytest.raises(ValueError, match="expected a number below 2"):
        substitution_effects(adapter, code, output=2)


class Broken(Adapter):
    """Breaks one promise, by name."""

    capabilities = frozenset({"masked", "embed", "causal"})

    def __init__(self, how):
        self.how = self.name = how

    def embed(self, codes, **_):
        found = np.array([[float(code.sum())] for code in codes])
        return found / len(codes) if self.how == "batch" else found

    def probabilities(self, codes, *, names=None, mode="masked"):
        found = []
        for code in codes:
            table = np.full((len(code), 4), 0.25)
            if self.how == "leak":
                table = np.eye(4)[code] * 0.9 + 0.025
            if self.how == "sum":
                table *= 2
            if self.how == "nan":
                table[0] = np.nan
            if self.how == "future" and mode == "causal":
                table[:-1] = np.eye(4)[code[1:]]
            found.append(table)
        return found


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("batch", "depends on the others"),
        ("leak", "the base itself leaks"),
        ("sum", "do not sum to 1"),
        ("nan", "NaN"),
        ("future", "a later base leaks"),
    ],
)
def test_the_self_test_finds_what_is_broken(how, said):
    assert any(said in sentence for sentence in self_test(Broken(how)))


def test_a_python_file_is_asked_by_its_methods(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Mine:\n"
        "    modes = ('masked', 'causal')\n"
        "    def embed(self, texts): return [[t.count('A'), t.count('T')] for t in texts]\n"
        "    def probabilities(self, texts, mode): return [[[.25] * 4] * len(t) for t in texts]\n"
        "def make(): return Mine()\n"
        "def nothing(): return 3\n"
    )
    adapter = PythonModel(f"{tmp_path}/mine.py:make")
    assert adapter.capabilities == {"embed", "masked", "causal"}
    assert self_test(adapter) == []
    assert adapter.embed([encode("AAUG")]).tolist() == [[2, 1]]
    with pytest.raises(ValueError, match="an object with embed, predict, likelihood or probabilities, found int"):
        PythonModel(f"{tmp_path}/mine.py:nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\tx\na\t1\na\t2\n", "'a' stands twice with different values"),
        ("name\tx\na\tmuch\n", "expected columns of numbers"),
        ("name\tx\na\t1\nb\tmuch\n", "row 2: expected numbers"),
        ("gene\tx\na\t1\n", "expected a column 'name', found gene, x"),
    ],
)
def test_a_table_of_predictions_that_does_not_fit_is_one_sentence(tmp_path, text, said):
    (tmp_path / "p.tsv").write_text(text)
    with pytest.raises(ValueError, match=said):
        FileModel(predictions=tmp_path / "p.tsv")


def test_modes_and_strides():
    assert read_mode("strided:20") == ("masked", 20)
    with pytest.raises(ValueError, match="mode: expected masked, strided:N, unmasked or causal, found 'all'"):
        read_mode("all")
    sets = strided_positions(7, 3)
    assert sorted(np.concatenate(sets).tolist()) == list(range(7))
    assert len(strided_positions(7, 0)) == 7
