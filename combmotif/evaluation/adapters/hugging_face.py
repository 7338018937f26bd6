"""Hugging Face folders: DNABERT 6-mer, Nucleotide Transformer v2 and DNABERT-2, per base where tokens allow it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.evaluation.adapters.base import Adapter, Codes, batches_of, chosen_layers, pool_states, strided_positions
from combmotif.evaluation.adapters.encoders import bert, bert_head, esm, esm_head, mosaic
from combmotif.evaluation.adapters.transformer import BLOCK, TOKENS, Transformer, marginal_table
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
        self.table = marginal_table(self.vocabulary, int(self.config["vocab_size"]), self.k)

    def tokens(self, text: str) -> list[int]:
        """Return [CLS], every 6-mer, [SEP]."""
        unknown = self.number("unk")
        kmers = [text[i : i + self.k] for i in range(len(text) - self.k + 1)]
        return [self.number("cls"), *(self.vocabulary.get(kmer, unknown) for kmer in kmers), self.number("sep")]

    def base_probabilities(self, text: str, *, masked: bool, stride: int) -> np.ndarray:
        """Return the marginals of every base."""
        count = len(text) - self.k + 1
        if count < 1:
            return np.full((len(text), 4), np.nan, dtype=np.float32)
        ids = self.tokens(text)
        read = [min(max(i - 3, 0), count - 1) for i in range(len(text))]  # token from which a base is read
        sets = strided_positions(len(text), stride) if masked else [np.arange(len(text))]
        rows = []
        for places in sets:
            row = list(ids)
            if masked:
                for place in places:
                    for token in range(max(0, place - self.k + 1), min(place, count - 1) + 1):
                        row[1 + token] = self.mask
            rows.append(row)
        found = np.zeros((len(text), 4), dtype=np.float32)
        for places, logits in zip(sets, self._logits(rows), strict=True):
            for place in places:
                token = read[place]
                p = logits[1 + token].softmax(-1)
                found[place] = self.of_base(p, self.table, text[token : token + self.k], place - token)
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
        self.table = marginal_table(self.vocabulary, size, self.k)
        self.single = marginal_table(self.vocabulary, size, 1)

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

    def base_probabilities(self, text: str, *, masked: bool, stride: int) -> np.ndarray:
        """Return the marginals of every base."""
        parts, ids = self.split(text), self.tokens(text)
        starts = np.cumsum([0] + [len(part) for part in parts])
        apart = -(-stride // self.k) if stride else 0  # a stride in bases, in tokens
        sets = strided_positions(len(parts), apart) if masked else [np.arange(len(parts))]
        rows = []
        for places in sets:
            row = list(ids)
            if masked:
                for place in places:
                    row[1 + place] = self.mask
            rows.append(row)
        found = np.zeros((len(text), 4), dtype=np.float32)
        for places, logits in zip(sets, self._logits(rows), strict=True):
            p = logits[torch.as_tensor(places) + 1].softmax(-1)
            for place, own in zip(places, p, strict=True):
                table = self.table if len(parts[place]) == self.k else self.single
                for offset in range(len(parts[place])):
                    found[starts[place] + offset] = self.of_base(own, table, parts[place], offset)
        return found


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

    def log_likelihood(self, codes: Codes, *, names: Sequence[str] | None = None) -> np.ndarray:
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

    def embed(
        self, codes: Codes, *, names: Sequence[str] | None = None, pool: str = "mean", layers: str = "-1"
    ) -> np.ndarray:
        """Return the pooled states of all tokens of each sequence."""
        blocks = (codes[start : start + BLOCK] for start in range(0, len(codes), BLOCK))
        pooled = [pool_states(own, pool) for block in blocks for own in self.states(block, layers=layers)]
        return np.stack(pooled).astype(np.float32)

    def states(self, codes: Codes, *, layers: str = "-1") -> list[np.ndarray]:
        """Return the states of all tokens of each sequence, special ones among them."""
        rows: list[dict[str, Any]] = [
            dict(self.tokenizer(decode(code, alphabet="dna"), truncation=True)) for code in codes
        ]
        found: list[np.ndarray] = [np.zeros(0)] * len(rows)
        with torch.inference_mode():
            for part in batches_of([len(row["input_ids"]) for row in rows], most=TOKENS):
                given = {key: torch.tensor([rows[i][key] for i in part]) for key in rows[part[0]]}
                states = self.module(**given, output_hidden_states=True).hidden_states
                chosen = torch.cat([states[i] for i in chosen_layers(layers, len(states))], 2).numpy()
                for row, own in zip(part, chosen, strict=True):
                    found[row] = own
        return found


ADAPTERS: dict[str, Any] = {
    "dnabert": Dnabert,
    "nt_v2": NucleotideTransformer,
    "dnabert2": Dnabert2,
    "auto": AnyTransformer,
}
"""Adapters of Hugging Face folders, by the name a config gives them; there is no guessing."""
