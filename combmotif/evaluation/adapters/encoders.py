"""Forward passes of three published families of nucleotide transformers, on the weights as their files name them.

Written out here because loading them by a class that almost fits leaves most weights random without a word: every
weight of a file must be read by the forward pass, and every weight the pass reads must be in the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from combmotif.core.files import reading

_UNUSED = ("position_ids", "inv_freq", "contact_head.", "pooler.", "cls.seq_relationship.", "token_type_ids")
"""Buffers, and heads that have no part in the language model."""


class Weights:
    """The tensors of a checkpoint; remembers which ones were read."""

    def __init__(self, tensors: dict[str, torch.Tensor], source: str) -> None:
        self.tensors, self.source = tensors, source
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self.tensors:
            raise ValueError(
                f"{self.source}: the weights '{name}' are missing; it is of another family, or incomplete, "
                f"and with random numbers in their place its results would only look like results"
            )
        self.read.add(name)
        return self.tensors[name]

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def linear(self, x: torch.Tensor, name: str, *, bias: bool = True) -> torch.Tensor:
        """Apply a dense layer."""
        return F.linear(x, self[f"{name}.weight"], self[f"{name}.bias"] if bias else None)

    def norm(self, x: torch.Tensor, name: str, eps: float) -> torch.Tensor:
        """Apply a layer normalisation."""
        return F.layer_norm(x, x.shape[-1:], self[f"{name}.weight"], self[f"{name}.bias"], eps)

    def refuse_unread(self) -> None:
        """Raise ValueError if a weight of the file had no part in a forward pass."""
        left = [n for n in self.tensors if n not in self.read and not any(part in n for part in _UNUSED)]
        if left:
            raise ValueError(
                f"{self.source}: {len(left)} weights are not of this family, first '{left[0]}'; choose another adapter"
            )


class _Config(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        raise ValueError(f"hf: expected '{key}' in config.json, found {', '.join(sorted(self)[:6]) or 'nothing'}")


def read_checkpoint(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read config.json and the weights (safetensors, or a torch file without code) of a Hugging Face folder.

    Raises
    ------
    FileNotFoundError
        If one of them is missing.
    """
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise FileNotFoundError(f"hf: expected a Hugging Face folder with config.json, found none at {config_file}")
    with reading(config_file, "JSON"):
        config = _Config(json.loads(config_file.read_text(encoding="utf-8")))
    for name in ("model.safetensors", "pytorch_model.bin"):
        path = folder / name
        if not path.is_file():
            continue
        with reading(path, "the weights of a model"):
            if path.suffix == ".safetensors":
                from safetensors.torch import load_file

                return config, load_file(path)
            return config, torch.load(path, map_location="cpu", weights_only=True)
    raise FileNotFoundError(f"hf: expected model.safetensors or pytorch_model.bin in {folder}, found neither")


def _heads(x: torch.Tensor, count: int) -> torch.Tensor:
    return x.view(*x.shape[:2], count, -1).transpose(1, 2)


def _joined(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(2)


Encoder = Callable[[Weights, dict[str, Any], torch.Tensor], list[torch.Tensor]]
"""(weights, config, token numbers (batch, tokens) without padding) -> states after the embedding and every layer."""
Head = Callable[[Weights, dict[str, Any], torch.Tensor], torch.Tensor]
"""(weights, config, last states) -> logits over the vocabulary."""


def bert(w: Weights, config: dict[str, Any], ids: torch.Tensor) -> list[torch.Tensor]:
    """BERT (DNABERT): learned positions, normalised after each sublayer."""
    eps, heads = config.get("layer_norm_eps", 1e-12), config["num_attention_heads"]
    x = w["bert.embeddings.word_embeddings.weight"][ids]
    x = x + w["bert.embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = x + w["bert.embeddings.token_type_embeddings.weight"][0]
    x = w.norm(x, "bert.embeddings.LayerNorm", eps)
    states = [x]
    for layer in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}"
        q, k, v = (_heads(w.linear(x, f"{at}.attention.self.{n}"), heads) for n in ("query", "key", "value"))
        y = w.linear(_joined(F.scaled_dot_product_attention(q, k, v)), f"{at}.attention.output.dense")
        x = w.norm(x + y, f"{at}.attention.output.LayerNorm", eps)
        y = w.linear(F.gelu(w.linear(x, f"{at}.intermediate.dense")), f"{at}.output.dense")
        x = w.norm(x + y, f"{at}.output.LayerNorm", eps)
        states.append(x)
    return states


def bert_head(w: Weights, config: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    """BERT's masked-language head; the decoder shares the embedding's weights unless the file has its own."""
    at = "cls.predictions"
    x = F.gelu(w.linear(x, f"{at}.transform.dense"))
    x = w.norm(x, f"{at}.transform.LayerNorm", config.get("layer_norm_eps", 1e-12))
    table = f"{at}.decoder.weight"
    weight = w[table] if table in w else w["bert.embeddings.word_embeddings.weight"]
    names = [name for name in (f"{at}.bias", f"{at}.decoder.bias") if name in w] or [f"{at}.bias"]
    return F.linear(x, weight, [w[name] for name in names][0])


def _rotated(x: torch.Tensor) -> torch.Tensor:
    """Rotary positions (Su et al. 2021) of (batch, heads, tokens, width), in halves."""
    width = x.shape[-1]
    angle = torch.arange(x.shape[2])[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    both = torch.cat([angle, angle], 1).to(x)
    first, second = x.chunk(2, -1)
    return x * both.cos() + torch.cat([-second, first], -1) * both.sin()


def esm(w: Weights, config: dict[str, Any], ids: torch.Tensor) -> list[torch.Tensor]:
    """ESM with rotary positions (Nucleotide Transformer v2): normalised before each sublayer, gated or plain."""
    if config.get("position_embedding_type", "absolute") != "rotary":
        raise ValueError(
            f"{w.source}: expected position_embedding_type: rotary (nt_v2), found another; use a python model"
        )
    eps, heads = config.get("layer_norm_eps", 1e-12), config["num_attention_heads"]
    x = w["esm.embeddings.word_embeddings.weight"][ids]
    if config.get("token_dropout"):  # a mask is no vector, and what is left is scaled as in training
        masked = ids == config["mask_token_id"]
        x = x.masked_fill(masked[..., None], 0)
        x = x * (1 - 0.15 * 0.8) / (1 - masked.float().mean(1))[:, None, None]
    if config.get("emb_layer_norm_before"):
        x = w.norm(x, "esm.embeddings.layer_norm", eps)
    states = [x]
    wide = config["intermediate_size"]
    for layer in range(config["num_hidden_layers"]):
        at = f"esm.encoder.layer.{layer}"
        y = w.norm(x, f"{at}.attention.LayerNorm", eps)
        q, k, v = (_heads(w.linear(y, f"{at}.attention.self.{n}"), heads) for n in ("query", "key", "value"))
        y = F.scaled_dot_product_attention(_rotated(q), _rotated(k), v)
        x = x + w.linear(_joined(y), f"{at}.attention.output.dense")
        y = w.norm(x, f"{at}.LayerNorm", eps)
        biased = f"{at}.intermediate.dense.bias" in w
        y = w.linear(y, f"{at}.intermediate.dense", bias=biased)
        y = F.silu(y[..., :wide]) * y[..., wide:] if y.shape[-1] == 2 * wide else F.gelu(y)
        x = x + w.linear(y, f"{at}.output.dense", bias=f"{at}.output.dense.bias" in w)
        states.append(x)
    states[-1] = w.norm(x, "esm.encoder.emb_layer_norm_after", eps)
    return states


def esm_head(w: Weights, config: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    """ESM's masked-language head."""
    x = w.norm(F.gelu(w.linear(x, "lm_head.dense")), "lm_head.layer_norm", config.get("layer_norm_eps", 1e-12))
    table = "lm_head.decoder.weight"
    return F.linear(x, w[table] if table in w else w["esm.embeddings.word_embeddings.weight"], w["lm_head.bias"])


def _slopes(heads: int) -> list[float]:
    """Slopes of attention with linear biases (Press et al. 2022), also for a number of heads that is no power of 2."""
    power = 2 ** math.floor(math.log2(heads))
    found = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    return found + [2 ** (-8 * (i + 1) / (2 * power)) for i in range(0, 2 * (heads - power), 2)]


def mosaic(w: Weights, config: dict[str, Any], ids: torch.Tensor) -> list[torch.Tensor]:
    """DNABERT-2 (MosaicBERT): linear attention biases instead of positions, gated feed-forward."""
    eps, heads = config.get("layer_norm_eps", 1e-12), config["num_attention_heads"]
    x = w["bert.embeddings.word_embeddings.weight"][ids] + w["bert.embeddings.token_type_embeddings.weight"][0]
    x = w.norm(x, "bert.embeddings.LayerNorm", eps)
    place = torch.arange(ids.shape[1])
    bias = -(place[:, None] - place).abs() * torch.tensor(_slopes(heads))[:, None, None]
    states, wide = [x], config["intermediate_size"]
    for layer in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{layer}"
        q, k, v = (_heads(part, heads) for part in w.linear(x, f"{at}.attention.self.Wqkv").chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(x))
        x = w.norm(x + w.linear(_joined(y), f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm", eps)
        y = w.linear(x, f"{at}.mlp.gated_layers", bias=False)
        y = w.linear(F.gelu(y[..., :wide]) * y[..., wide:], f"{at}.mlp.wo")
        x = w.norm(x + y, f"{at}.mlp.layernorm", eps)
        states.append(x)
    return states
