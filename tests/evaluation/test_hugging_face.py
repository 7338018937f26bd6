"""Tiny random checkpoints of three families: per-base probabilities equal brute force, and transformers' own."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from combmotif.config.evaluation import ModelEntry, load_suite
from combmotif.evaluation.adapters.base import LacksCapability, self_test
from combmotif.evaluation.adapters.hugging_face import ADAPTERS
from combmotif.evaluation.adapters.make import make_adapter
from combmotif.evaluation.suite import run_suite
from combmotif.sequence.alphabet import encode

KMERS = ["".join(bases) for bases in itertools.product("ACGT", repeat=6)]
TEXT = "ACGTTGCAAGTCCATGACGATTAC"


def _draw(shapes, seed=0):
    random = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=random) * 0.3 + (name.endswith("orm.weight")) for name, shape in shapes}


def _dense(name, out, into, bias=True):
    return [(f"{name}.weight", (out, into)), *([(f"{name}.bias", (out,))] if bias else [])]


def _norm(name, width):
    return [(f"{name}.weight", (width,)), (f"{name}.bias", (width,))]


def _write(folder, config, tensors, vocabulary):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    save_file(tensors, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def dnabert(tmp_path_factory):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *KMERS]
    size, width = len(vocabulary), 16
    config = {"vocab_size": size, "hidden_size": width, "num_attention_heads": 2, "num_hidden_layers": 2,
              "intermediate_size": 24, "max_position_embeddings": 40, "layer_norm_eps": 1e-12, "type_vocab_size": 2,
              "model_type": "bert", "hidden_act": "gelu", "architectures": ["BertForMaskedLM"]}  # fmt: skip
    shapes = [("bert.embeddings.word_embeddings.weight", (size, width)),
              ("bert.embeddings.position_embeddings.weight", (40, width)),
              ("bert.embeddings.token_type_embeddings.weight", (2, width))]  # fmt: skip
    shapes += _norm("bert.embeddings.LayerNorm", width)
    for i in range(2):
        at = f"bert.encoder.layer.{i}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes += _dense(f"{at}.{part}", width, width)
        shapes += _norm(f"{at}.attention.output.LayerNorm", width) + _norm(f"{at}.output.LayerNorm", width)
        shapes += _dense(f"{at}.intermediate.dense", 24, width) + _dense(f"{at}.output.dense", width, 24)
    shapes += _dense("cls.predictions.transform.dense", width, width)
    shapes += [*_norm("cls.predictions.transform.LayerNorm", width), ("cls.predictions.bias", (size,))]
    return _write(tmp_path_factory.mktemp("dnabert"), config, _draw(shapes), vocabulary)


@pytest.fixture(scope="module")
def nt(tmp_path_factory):
    vocabulary = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *KMERS, "A", "T", "C", "G", "N"]
    size, width = len(vocabulary), 16
    config = {"vocab_size": size, "hidden_size": width, "num_attention_heads": 2, "num_hidden_layers": 2,
              "intermediate_size": 24, "max_position_embeddings": 26, "layer_norm_eps": 1e-12, "model_type": "esm",
              "position_embedding_type": "rotary", "token_dropout": False, "emb_layer_norm_before": False}  # fmt: skip
    shapes = [("esm.embeddings.word_embeddings.weight", (size, width))]
    for i in range(2):
        at = f"esm.encoder.layer.{i}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes += _dense(f"{at}.{part}", width, width)
        shapes += _norm(f"{at}.attention.LayerNorm", width) + _norm(f"{at}.LayerNorm", width)
        shapes += _dense(f"{at}.intermediate.dense", 48, width, bias=False)
        shapes += _dense(f"{at}.output.dense", width, 24, bias=False)
    shapes += _norm("esm.encoder.emb_layer_norm_after", width) + _dense("lm_head.dense", width, width)
    shapes += [
        *_norm("lm_head.layer_norm", width),
        ("lm_head.decoder.weight", (size, width)),
        ("lm_head.bias", (size,)),
    ]
    return _write(tmp_path_factory.mktemp("nt"), config, _draw(shapes), vocabulary)


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory):
    tokenizers = pytest.importorskip("tokenizers", reason="the package tokenizers (extra hf) is not installed")
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4, "A": 5, "C": 6, "G": 7, "T": 8, "AC": 9,
             "GT": 10, "ACGT": 11}  # fmt: skip
    made = tokenizers.Tokenizer(tokenizers.models.BPE(words, [("A", "C"), ("G", "T"), ("AC", "GT")], unk_token="[UNK]"))
    width, size = 24, len(words)
    config = {"vocab_size": size, "hidden_size": width, "num_attention_heads": 3, "num_hidden_layers": 2,
              "intermediate_size": 20, "max_position_embeddings": 64, "layer_norm_eps": 1e-12}  # fmt: skip
    shapes = [("bert.embeddings.word_embeddings.weight", (size, width)),
              ("bert.embeddings.token_type_embeddings.weight", (2, width))]  # fmt: skip
    shapes += _norm("bert.embeddings.LayerNorm", width)
    for i in range(2):
        at = f"bert.encoder.layer.{i}"
        shapes += _dense(f"{at}.attention.self.Wqkv", 3 * width, width)
        shapes += _dense(f"{at}.attention.output.dense", width, width) + _norm(
            f"{at}.attention.output.LayerNorm", width
        )
        shapes += _dense(f"{at}.mlp.gated_layers", 40, width, bias=False) + _dense(f"{at}.mlp.wo", width, 20)
        shapes += _norm(f"{at}.mlp.layernorm", width)
    shapes += _dense("cls.predictions.transform.dense", width, width)
    shapes += [*_norm("cls.predictions.transform.LayerNorm", width), ("cls.predictions.decoder.bias", (size,))]
    folder = _write(tmp_path_factory.mktemp("mosaic"), config, _draw(shapes), list(words))
    made.save(str(folder / "tokenizer.json"))
    return folder


def _softmax(adapter, ids):
    with torch.inference_mode():
        return adapter._states(torch.tensor([ids]), head=True)[-1][0].softmax(-1).numpy()


def _marginal(p, numbers, words, offset):
    own = np.array([sum(p[numbers[word]] for word in words if word[offset] == base) for base in "ACGT"])
    return own / own.sum()


def _words(token, offset, *, ref_aware):
    """All tokens of the length, or the four that have the token's bases at the other places."""
    four = [token[:offset] + base + token[offset + 1 :] for base in "ACGT"]
    return four if ref_aware else KMERS if len(token) == 6 else list("ACGT")


def _adapter(folder, kind, *, ref_aware):
    return make_adapter(ModelEntry(hf=str(folder), adapter=kind, ref_aware=ref_aware), name="tiny")


@pytest.mark.parametrize(("stride", "ref_aware"), [(0, False), (1, False), (13, False), (1, True)])
def test_dnabert_masks_every_6_mer_that_covers_a_base(dnabert, stride, ref_aware):
    """Stride 0: unmasked; 1: a mask per pass; else every 13th base is masked together."""
    adapter = _adapter(dnabert, "dnabert", ref_aware=ref_aware)
    found = adapter.probabilities([encode(TEXT)], mode={0: "unmasked", 1: "masked"}.get(stride, f"strided:{stride}"))[0]
    numbers = {token: i for i, token in enumerate((dnabert / "vocab.txt").read_text().split("\n"))}
    kmers = [TEXT[i : i + 6] for i in range(len(TEXT) - 5)]
    for base in range(len(TEXT)):
        masked = [i for i in range(len(TEXT)) if (i == base if stride == 1 else stride and (i - base) % stride == 0)]
        ids = [2, *(4 if any(i <= m < i + 6 for m in masked) else numbers[k] for i, k in enumerate(kmers)), 3]
        token = min(max(base - 3, 0), len(kmers) - 1)
        words = _words(kmers[token], base - token, ref_aware=ref_aware)
        expected = _marginal(_softmax(adapter, ids)[1 + token], numbers, words, base - token)
        np.testing.assert_allclose(found[base], expected, rtol=1e-4)


@pytest.mark.parametrize(("stride", "ref_aware"), [(0, False), (1, False), (13, False), (1, True)])
def test_nt_reads_a_base_from_the_marginals_of_its_6_mer(nt, stride, ref_aware):
    """A stride of 13 bases is one of 3 tokens."""
    adapter = _adapter(nt, "nt_v2", ref_aware=ref_aware)
    text = TEXT[:21]  # three 6-mers and three single bases
    found = adapter.probabilities([encode(text)], mode={0: "unmasked", 1: "masked"}.get(stride, f"strided:{stride}"))[0]
    numbers = {token: i for i, token in enumerate((nt / "vocab.txt").read_text().split("\n"))}
    parts = [text[:6], text[6:12], text[12:18], *text[18:]]
    for base in range(21):
        token, offset = (base // 6, base % 6) if base < 18 else (base - 15, 0)
        apart = {0: 0, 1: len(parts)}.get(stride, 3)
        ids = [3, *(2 if apart and (i - token) % apart == 0 else numbers[part] for i, part in enumerate(parts))]
        words = _words(parts[token], offset, ref_aware=ref_aware)
        expected = _marginal(_softmax(adapter, ids)[1 + token], numbers, words, offset)
        np.testing.assert_allclose(found[base], expected, rtol=1e-4)


@pytest.mark.parametrize("family", ["dnabert", "nt_v2", "dnabert2"])
def test_what_a_sequence_is_asked_with_does_not_matter(family, dnabert, nt, mosaic):
    adapter = ADAPTERS[family]({"dnabert": dnabert, "nt_v2": nt, "dnabert2": mosaic}[family])
    codes = [encode(text) for text in (TEXT, TEXT[:9], TEXT[3:], TEXT[:9] + "N" + TEXT[9:], TEXT * 5)]
    alone = np.concatenate([adapter.embed([code]) for code in codes])
    np.testing.assert_allclose(adapter.embed(codes), alone, atol=1e-5)
    np.testing.assert_allclose(adapter.embed(codes[::-1]), alone[::-1], atol=1e-5)
    likely = [adapter.log_likelihood([code])[0] for code in codes]
    np.testing.assert_allclose(adapter.log_likelihood(codes), likely, atol=1e-5)
    first, cls = adapter.embed(codes, pool="first"), adapter.embed(codes, pool="cls")
    states = adapter.states(codes)
    np.testing.assert_array_equal(first, [own[0] for own in states])
    np.testing.assert_allclose(alone, [own.mean(0) for own in states], atol=1e-5)
    assert not np.allclose(first, cls)


@pytest.mark.parametrize("family", ["dnabert", "nt_v2"])
def test_the_order_and_the_letters_of_a_vocabulary_do_not_matter(family, dnabert, nt, tmp_path):
    """The same tokens in another order, with U and other special tokens: the same probabilities."""
    folder = {"dnabert": dnabert, "nt_v2": nt}[family]
    tokens = (folder / "vocab.txt").read_text().split("\n")[:-1]
    order = np.random.default_rng(0).permutation(len(tokens))
    tensors = load_file(folder / "model.safetensors")
    for name, value in tensors.items():
        if value.shape[0] == len(tokens):
            tensors[name] = value[torch.as_tensor(order)].contiguous()
    renamed = {"[MASK]": "<m>", "<mask>": "<m>", "[CLS]": "<s>", "<cls>": "<s>"}
    named = [renamed.get(t, t.replace("T", "U") if set(t) <= set("ACGT") else t) for t in tokens]
    config = json.loads((folder / "config.json").read_text())
    other = _write(tmp_path / "other", config, tensors, [named[i] for i in order])
    with pytest.raises(ValueError, match=r"expected the token (\[MASK\]|<mask>) in the vocabulary"):
        ADAPTERS[family](other)
    (other / "special_tokens_map.json").write_text('{"mask_token": {"content": "<m>"}, "cls_token": "<s>"}')
    code = encode(TEXT[:15])
    np.testing.assert_allclose(
        ADAPTERS[family](other).probabilities([code])[0], ADAPTERS[family](folder).probabilities([code])[0], atol=1e-5
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("num_attention_heads", None, "expected 'num_attention_heads' in config.json"),
        ("vocab_size", 50, "expected at most the 50 tokens of config.json, found 4107"),
        ("num_hidden_layers", 3, r"the weights 'esm.encoder.layer.2.* are missing"),
        ("num_hidden_layers", 1, "weights are not of this family"),
        ("num_attention_heads", 3, "its weights do not fit its config.json"),
    ],
)
def test_a_config_that_does_not_fit_is_one_sentence(nt, tmp_path, key, value, said):
    shutil.copytree(nt, tmp_path / "nt")
    config = json.loads((nt / "config.json").read_text()) | {key: value}
    (tmp_path / "nt" / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    with pytest.raises(ValueError, match=said):
        ADAPTERS["nt_v2"](tmp_path / "nt")


@pytest.mark.parametrize("family", ["dnabert", "nt_v2"])
def test_a_stride_gives_nearly_the_same_and_long_sequences_are_chunked(family, dnabert, nt):
    adapter = ADAPTERS[family]({"dnabert": dnabert, "nt_v2": nt}[family])
    assert self_test(adapter) == []
    code = np.random.default_rng(0).integers(0, 4, adapter.longest + 30).astype(np.uint8)
    exact = adapter.probabilities([code])[0]
    strided = adapter.probabilities([code], mode="strided:20")[0]
    assert exact.shape == (len(code), 4)
    np.testing.assert_allclose(exact.sum(1), 1, rtol=1e-5)
    assert np.corrcoef(exact.ravel(), strided.ravel())[0, 1] > 0.8
    assert adapter.embed([code, code[:50]]).shape == (2, 16)
    assert adapter.embed([code], layers="all", pool="max").shape == (1, 48)


def test_dnabert2_gives_vectors_and_likelihoods_and_nothing_per_base(mosaic):
    adapter = ADAPTERS["dnabert2"](mosaic)
    assert self_test(adapter) == []
    assert adapter.embed([encode("ACGTACGTGG")]).shape == (1, 24)
    with pytest.raises(LacksCapability, match="gives no 'masked'"):
        adapter.require("masked")


@pytest.mark.parametrize("change", ["missing", "left over"])
def test_weights_that_are_missing_or_left_over_are_refused(nt, tmp_path, change):
    shutil.copytree(nt, tmp_path / "nt")
    tensors = load_file(tmp_path / "nt" / "model.safetensors")
    if change == "missing":
        del tensors["esm.encoder.layer.1.output.dense.weight"]
    else:
        tensors["esm.encoder.layer.1.output.dense.bias2"] = torch.zeros(16)
    save_file(tensors, tmp_path / "nt" / "model.safetensors")
    with pytest.raises(ValueError, match="are missing|are not of this family"):
        ADAPTERS["nt_v2"](tmp_path / "nt")


def test_one_family_is_not_taken_for_another(dnabert, nt, mosaic):
    with pytest.raises(ValueError, match="missing"):
        ADAPTERS["dnabert"](mosaic)
    with pytest.raises(ValueError, match="expected position_embedding_type|missing|expected the token"):
        ADAPTERS["nt_v2"](dnabert)


def test_random_weights_are_another_model_of_the_same_shape(nt):
    adapter = ADAPTERS["nt_v2"](nt)
    twin = adapter.random_twin(1)
    code = encode(TEXT)
    assert twin.embed([code]).shape == adapter.embed([code]).shape
    assert not np.allclose(twin.embed([code]), adapter.embed([code]))


def test_bert_equals_transformers(dnabert):
    transformers = pytest.importorskip("transformers", reason="the package transformers (extra hf) is not installed")
    adapter = ADAPTERS["dnabert"](dnabert)
    ids = torch.tensor([adapter.tokens(TEXT)])
    padded = torch.nn.functional.pad(ids, (0, 7))
    with torch.inference_mode():
        module = transformers.BertForMaskedLM.from_pretrained(dnabert)
        theirs = module(padded, attention_mask=(padded > 0).long()).logits[:, : ids.shape[1]]
        np.testing.assert_allclose(adapter._states(ids, head=True)[-1].numpy(), theirs.numpy(), atol=1e-4)


def test_esm_equals_transformers(nt, tmp_path):
    transformers = pytest.importorskip("transformers", reason="the package transformers (extra hf) is not installed")
    tensors = load_file(nt / "model.safetensors")
    for i in range(2):  # transformers has the plain feed-forward only
        at = f"esm.encoder.layer.{i}"
        tensors[f"{at}.intermediate.dense.weight"] = tensors[f"{at}.intermediate.dense.weight"][:24].contiguous()
        tensors |= {f"{at}.intermediate.dense.bias": torch.ones(24) / 9, f"{at}.output.dense.bias": torch.ones(16) / 7}
    config = json.loads((nt / "config.json").read_text()) | {"pad_token_id": 1, "mask_token_id": 2}
    folder = _write(tmp_path / "esm", config, tensors, (nt / "vocab.txt").read_text().split("\n")[:-1])
    adapter = ADAPTERS["nt_v2"](folder)
    ids = torch.tensor([adapter.tokens(TEXT)])
    with torch.inference_mode():
        padded = torch.nn.functional.pad(ids, (0, 7), value=1)
        module = transformers.EsmForMaskedLM.from_pretrained(folder)
        theirs = module(padded, attention_mask=(padded != 1).long()).logits[:, : ids.shape[1]]
        np.testing.assert_allclose(adapter._states(ids, head=True)[-1].numpy(), theirs.numpy(), atol=1e-4)


@pytest.mark.slow
def test_the_benchmark_runs_without_data_on_shipped_models_and_tiny_checkpoints(dnabert, nt, tmp_path, monkeypatch):
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    suite = Path(__file__).parents[2] / "configs" / "benchmark_utr3.yaml"
    models = [f"models.{n}={{hf: {p}, adapter: {n}}}" for n, p in (("dnabert", dnabert), ("nt_v2", nt))]
    config, left_out = load_suite(suite, overrides=[*models, "tasks.planted.limit=4", "statistics.bootstrap=10"])
    result = run_suite(config, tmp_path / "out", left_out=left_out)
    assert set(result.scores["task"]) == {"planted"}
    assert {"utr3_lm", "utr3_stability", "dnabert", "nt_v2", "nt_v2, random weights"} <= set(result.scores["model"])
    told = result.skipped[result.skipped["task"] == "siegel"]["reason"].tolist()
    assert len(told) == 1
    assert "its files are missing" in told[0]
    assert "<svg" in result.page.read_text()
