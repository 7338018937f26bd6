"""What transformers of nucleotides have in common: weights, tokens, chunks of long sequences, batches of one length."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from combmotif.core.files import open_text
from combmotif.evaluation.adapters.base import Adapter, Codes, chosen_layers, pool_states, read_mode
from combmotif.evaluation.adapters.encoders import Encoder, Head, Weights, read_checkpoint
from combmotif.sequence.alphabet import decode

_TOKENS = 16_384
"""Tokens of one forward pass."""
_OVERLAP = 60
"""Bases that two neighbouring chunks of a long sequence share."""


_BLOCK = 256
"""Sequences whose states are in memory at a time."""


def batches(sizes: Sequence[int]) -> list[np.ndarray]:
    """Rows that go through a net together: of one number of tokens, so that no padding is needed."""
    found = []
    for size in np.unique(sizes):
        at = np.flatnonzero(np.asarray(sizes) == size)
        step = max(1, _TOKENS // max(1, int(size)))
        found += [at[start : start + step] for start in range(0, len(at), step)]
    return found


class Transformer(Adapter):
    """What the three families have in common: weights, chunks of long sequences, batches of one length."""

    capabilities = frozenset({"embed", "masked", "unmasked", "likelihood"})
    encoder: Encoder
    head: Head
    special: tuple[int, int] = (1, 1)
    """Special tokens before and after a sequence."""

    def __init__(self, folder: str | Path, *, name: str | None = None, orientation: str = "rna") -> None:
        self.folder = Path(folder)
        self.config, tensors = read_checkpoint(self.folder)
        self.weights = Weights({key: value.float() for key, value in tensors.items()}, str(self.folder))
        self.name, self.orientation = name or self.folder.name, orientation
        self.read_vocabulary()
        with torch.inference_mode():
            self._states(torch.tensor([self.tokens("ACGTACGTACGT")]), head=True)
        self.weights.refuse_unread()

    def read_vocabulary(self) -> None:
        """Read the tokens of the folder."""
        self.vocabulary = read_vocabulary(self.folder)

    def tokens(self, text: str) -> list[int]:
        """Return token numbers of a sequence of A, C, G, T, N, with the special ones."""
        raise NotImplementedError

    def number(self, *names: str) -> int:
        """Number of the first of these tokens that the vocabulary has."""
        for name in names:
            if name in self.vocabulary:
                return self.vocabulary[name]
        raise ValueError(f"{self.folder}: expected the token {names[0]} in the vocabulary, found none")

    def _states(self, ids: torch.Tensor, *, head: bool) -> list[torch.Tensor]:
        states = type(self).encoder(self.weights, self.config, ids)
        return [*states, type(self).head(self.weights, self.config, states[-1])] if head else states

    def _logits(self, rows: list[list[int]]) -> list[torch.Tensor]:
        """Logits of rows of tokens, batched by their number."""
        found: list[torch.Tensor] = [torch.zeros(0)] * len(rows)
        with torch.inference_mode():
            for part in batches([len(row) for row in rows]):
                states = self._states(torch.tensor([rows[i] for i in part]), head=True)[-1]
                for row, logits in zip(part, states, strict=True):
                    found[row] = logits
        return found

    def chunks(self, length: int) -> list[tuple[int, int]]:
        """Cut a sequence that is too long into overlapping parts (start, end)."""
        longest = self.longest or length
        if length <= longest:
            return [(0, length)]
        starts = list(range(0, length - longest, longest - min(_OVERLAP, longest // 2))) + [length - longest]
        return [(start, start + longest) for start in starts]

    def embed(
        self, codes: Codes, *, names: Sequence[str] | None = None, pool: str = "mean", layers: str = "-1"
    ) -> np.ndarray:
        """Return the pooled states of the tokens; special tokens have no part (but ``cls`` takes the first)."""
        found: list[np.ndarray] = []
        for start in range(0, len(codes), _BLOCK):
            block = codes[start : start + _BLOCK]
            places = [(row, *chunk) for row, code in enumerate(block) for chunk in self.chunks(len(code))]
            rows = [self.tokens(decode(block[row][first:last], alphabet="dna")) for row, first, last in places]
            parts: list[list[np.ndarray]] = [[] for _ in block]
            for (row, _, _), states in zip(places, self._chosen(rows, layers), strict=True):
                first = 0 if pool == "cls" else self.special[0]
                parts[row].append(states[first : len(states) - self.special[1]])
            for own in parts:
                states = np.concatenate(own)
                found.append(pool_states(states, pool) if len(states) else np.full(states.shape[1], np.nan))
        return np.stack(found).astype(np.float32)

    def _chosen(self, rows: list[list[int]], layers: str) -> list[np.ndarray]:
        """States (tokens, width) of the chosen layers side by side, for every row of tokens."""
        found: list[np.ndarray] = [np.zeros(0)] * len(rows)
        with torch.inference_mode():
            for part in batches([len(row) for row in rows]):
                states = self._states(torch.tensor([rows[i] for i in part]), head=False)
                chosen = torch.cat([states[i] for i in chosen_layers(layers, len(states))], 2).numpy()
                for row, own in zip(part, chosen, strict=True):
                    found[row] = own
        return found

    def probabilities(
        self, codes: Codes, *, names: Sequence[str] | None = None, mode: str = "masked"
    ) -> list[np.ndarray]:
        """Return probabilities of every base; a base of two chunks is read where it is farther from the edge."""
        kind, stride = read_mode(mode)
        self.require(kind)
        found = []
        for code in codes:
            table = np.full((len(code), 4), np.nan, dtype=np.float32)
            depth = np.full(len(code), -1)
            for start, end in self.chunks(len(code)):
                own = self.base_probabilities(
                    decode(code[start:end], alphabet="dna"), masked=kind == "masked", stride=stride
                )
                inside = np.minimum(np.arange(end - start), np.arange(end - start)[::-1])
                better = inside > depth[start:end]
                table[start:end][better] = own[better]
                depth[start:end][better] = inside[better]
            found.append(table)
        return found

    def base_probabilities(self, text: str, *, masked: bool, stride: int) -> np.ndarray:
        """Return probabilities of A, C, G, T at every position of a sequence of one chunk."""
        raise NotImplementedError

    def random_twin(self, seed: int) -> Adapter:
        """Return the same architecture with random weights, drawn as these models are initialised."""
        twin = copy.copy(self)
        random = torch.Generator().manual_seed(seed)
        tensors = {}
        for key, value in sorted(self.weights.tensors.items()):
            flat = value.ndim < 2
            drawn = torch.zeros_like(value) if flat else torch.randn(value.shape, generator=random) * 0.02
            tensors[key] = (
                torch.ones_like(value) if flat and "norm" in key.lower() and key.endswith("weight") else drawn
            )
        twin.weights, twin.name = Weights(tensors, self.weights.source), "random-weights"
        return twin


def read_vocabulary(folder: Path) -> dict[str, int]:
    """Read vocab.txt, one token a line; U of the tokens is T."""
    path = folder / "vocab.txt"
    if not path.is_file():
        raise FileNotFoundError(f"hf: expected the tokens of the model in {path}, found no such file")
    with open_text(path) as stream:
        tokens = [line.rstrip("\r\n") for line in stream]
    found: dict[str, int] = {}
    for number, token in enumerate(tokens):
        bases = token.replace("U", "T") if token and set(token) <= set("ACGTUN") else token  # <mask> has 6 letters, too
        found.setdefault(bases, number)
    return found


def marginal_table(vocabulary: dict[str, int], size: int, k: int) -> torch.Tensor:
    """Which base each token has at each offset: (k, 4, vocabulary) of 0 and 1, for tokens of k bases."""
    table = torch.zeros(k, 4, size)
    for token, number in vocabulary.items():
        if len(token) == k and set(token) <= set("ACGT"):
            for offset, base in enumerate(token):
                table[offset, "ACGT".index(base), number] = 1
    return table
