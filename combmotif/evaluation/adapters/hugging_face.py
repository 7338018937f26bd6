"""Hugging Face folders: DNABERT 6-mer, Nucleotide Transformer v2 and DNABERT-2, per base where tokens allow it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.evaluation.adapters.base import (
    Adapter,
    Codes,
    Names,
    pool_states,
    strided_positions,
)
from combmotif.evaluation.adapters.encoders import bert, bert_head, esm, esm_head, mosaic
from combmotif.evaluation.adapters.transformer import BLOCK, Transformer, Unit, layers_of, marginal_table
from combmotif.sequence.alphabet import decode


class Dnabert(Transformer):
    """DNABERT with overlapping 6-mers: a base is masked by masking all six 6-mers that cover it.

    Its probabilities are the marginals of the fourth base of the third of these (the nearest there is, at the ends).
    """

    encoder = staticmethod(bert)
    head = staticmethod(bert_head)
    k = 6

    def read_vocabulary(self) -> None:
        """Read the tokens; the longest input follows from the positions."""
        super().read_vocabulary()
        self.longest = int(self.config["max_position_embeddings"]) - 2 + self.k - 1
        self.mask = self.number("mask")
        self.tables = {self.k: marginal_table(self.vocabulary, int(self.config["vocab_size"]), self.k)}

    def tokens(self, text: str) -> list[int]:
        """Return [CLS], every 6-mer, [SEP]."""
        unknown = self.number("unk")
        kmers = [text[i : i + self.k] for i in range(len(text) - self.k + 1)]
        return [self.number("cls"), *(self.vocabulary.get(kmer, unknown) for kmer in kmers), self.number("sep")]

    def units(self, text: str) -> list[Unit]:
        """Return a unit for every base: all 6-mers that cover it are masked."""
        count = len(text) - self.k + 1
        found = []
        for base in range(len(text) if count > 0 else 0):
            token = min(max(base - 3, 0), count - 1)
            masked = range(max(0, base - self.k + 1), min(base, count - 1) + 1)
            found.append(Unit(masked, token, text[token : token + self.k], token, range(base, base + 1)))
        return found


class NucleotideTransformer(Transformer):
    """Nucleotide Transformer v2: 6-mers side by side; a base's probabilities are marginals of its masked 6-mer.

    What is left after the last whole 6-mer, and 6-mers with N, are single bases.
    """

    encoder = staticmethod(esm)
    head = staticmethod(esm_head)
    special = (1, 0)
    angular = True
    k = 6

    def read_vocabulary(self) -> None:
        """Read the tokens; the longest input follows from the positions."""
        super().read_vocabulary()
        self.longest = (int(self.config["max_position_embeddings"]) - 2) // 2 * self.k
        self.mask = self.number("mask")
        self.config["mask_token_id"] = self.mask
        size = int(self.config["vocab_size"])
        self.tables = {k: marginal_table(self.vocabulary, size, k) for k in (self.k, 1)}

    def split(self, text: str) -> list[str]:
        """Cut a sequence into 6-mers and single bases."""
        parts: list[str] = []
        for start in range(0, len(text), self.k):
            part = text[start : start + self.k]
            parts += [part] if len(part) == self.k and "N" not in part else list(part)
        return parts

    def tokens(self, text: str) -> list[int]:
        """Return <cls>, then the parts."""
        unknown = self.number("unk")
        return [self.number("cls"), *(self.vocabulary.get(part, unknown) for part in self.split(text))]

    def units(self, text: str) -> list[Unit]:
        """Return a unit for every token, of all its bases."""
        parts = self.split(text)
        starts = np.cumsum([0] + [len(part) for part in parts]).tolist()
        return [
            Unit(range(token, token + 1), token, part, starts[token], range(starts[token], starts[token + 1]))
            for token, part in enumerate(parts)
        ]

    def apart(self, stride: int) -> int:
        """Return a stride in bases as one in tokens."""
        return -(-stride // self.k)


class Dnabert2(Transformer):
    """DNABERT-2: tokens of varying length (byte-pair encoding), so vectors and likelihoods, but nothing per base."""

    capabilities = frozenset({"embed", "likelihood"})
    masked_likelihood = False
    encoder = staticmethod(mosaic)
    head = staticmethod(bert_head)

    def read_vocabulary(self) -> None:
        """Read tokenizer.json, which needs the package tokenizers."""
        path = self.folder / "tokenizer.json"
        if not path.is_file():
            raise FileNotFoundError(f"hf: expected the tokens of the model in {path}, found no such file")
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise ImportError(
                "DNABERT-2's tokens need the package 'tokenizers'; install it: pip install 'combmotif[hf]'"
            ) from None
        self.tokenizer = Tokenizer.from_file(str(path))
        self.vocabulary = self.tokenizer.get_vocab()
        self.longest = 4 * int(self.config.get("max_position_embeddings", 512))  # a token has about five bases

    def tokens(self, text: str) -> list[int]:
        """Return [CLS], the tokens, [SEP]."""
        inner: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return [self.number("cls"), *inner, self.number("sep")]

    def log_likelihood(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the log probability of the masked tokens, every eighth at a time, per base."""
        found = []
        for code in codes:
            total = 0.0
            for start, end in self.chunks(len(code)):
                ids = self.tokens(decode(code[start:end], alphabet="dna"))
                sets = strided_positions(len(ids) - 2, 8)
                rows = [list(ids) for _ in sets]
                for row, places in zip(rows, sets, strict=True):
                    for place in places:
                        row[1 + place] = self.number("mask")
                for places, logits in zip(sets, self._logits(rows), strict=True):
                    at = torch.as_tensor(places) + 1
                    total += float(logits[at].log_softmax(-1)[torch.arange(len(at)), torch.tensor(ids)[at]].sum())
            found.append(total / sum(end - start for start, end in self.chunks(len(code))))
        return np.array(found)


class AnyTransformer(Adapter):
    """Whatever transformers' AutoModel loads from a folder: vectors only, for nothing is known of its tokens."""

    capabilities = frozenset({"embed"})

    def __init__(self, folder: str | Path, *, name: str | None = None, orientation: str = "rna") -> None:
        try:
            from transformers import AutoModel, AutoTokenizer
        except ImportError:
            raise ImportError(
                "adapter: auto needs the package 'transformers'; install it: pip install 'combmotif[hf]'"
            ) from None
        self.folder, self.orientation = Path(folder), orientation
        self.name = name or self.folder.name
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
        self.module, told = AutoModel.from_pretrained(self.folder, local_files_only=True, output_loading_info=True)
        missing = [key for key in told["missing_keys"] if "pooler" not in key]
        if missing:
            raise ValueError(f"{self.folder}: {len(missing)} weights are missing, first '{missing[0]}'")
        self.module.eval()

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the pooled states of all tokens of each sequence."""
        blocks = (codes[start : start + BLOCK] for start in range(0, len(codes), BLOCK))
        pooled = [pool_states(own, pool) for block in blocks for own in self.states(block, layers=layers)]
        return np.stack(pooled).astype(np.float32)

    def states(self, codes: Codes, *, layers: str = "-1") -> list[np.ndarray]:
        """Return the states of all tokens of each sequence, special ones among them."""
        rows: list[dict[str, Any]] = [
            dict(self.tokenizer(decode(code, alphabet="dna"), truncation=True)) for code in codes
        ]

        def ask(part: np.ndarray) -> Sequence[torch.Tensor]:
            given = {key: torch.tensor([rows[i][key] for i in part]) for key in rows[part[0]]}
            states: Sequence[torch.Tensor] = self.module(**given, output_hidden_states=True).hidden_states
            return states

        return layers_of([len(row["input_ids"]) for row in rows], ask, layers)


ADAPTERS: dict[str, Any] = {
    "dnabert": Dnabert,
    "nt_v2": NucleotideTransformer,
    "dnabert2": Dnabert2,
    "auto": AnyTransformer,
}
"""Adapters of Hugging Face folders, by the name a config gives them; there is no guessing."""
