"""What transformers of nucleotides have in common: weights, tokens, chunks of long sequences, batches of one length."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from combmotif.core.files import reading
from combmotif.core.packed import open_text
from combmotif.evaluation.adapters.base import (
    Adapter,
    Codes,
    Names,
    batches_of,
    chosen_layers,
    pool_states,
    read_mode,
    strided_positions,
)
from combmotif.evaluation.adapters.encoders import Encoder, Head, Weights, read_checkpoint
from combmotif.sequence.alphabet import decode

TOKENS = 16_384
"""Tokens of one forward pass."""
_OVERLAP = 60
"""Bases that two neighbouring chunks of a long sequence share."""


BLOCK = 256
"""Sequences whose states are in memory at a time."""


class Unit(NamedTuple):
    """What is masked at a time, and the token from which its bases are read.

    Attributes
    ----------
    masked : range
        Tokens, the special ones not counted.
    token : int
        That is read.
    text : str
        Of this token.
    start : int
        Of the token in the sequence.
    bases : range
        Positions in the sequence that are read.
    """

    masked: range
    token: int
    text: str
    start: int
    bases: range


class Transformer(Adapter):
    """What the three families have in common: weights, chunks of long sequences, batches of one length."""

    capabilities = frozenset({"embed", "masked", "unmasked", "likelihood"})
    encoder: Encoder
    head: Head
    mask: int
    tables: dict[int, torch.Tensor]
    """By the length of a token, which base the tokens of that length have at each offset."""
    special: tuple[int, int] = (1, 1)
    """Special tokens before and after a sequence."""
    angular = False
    """Whether the family writes special tokens as <mask> instead of [MASK]."""
    ref_aware = False
    """Whether a base is read from the four tokens that have the sequence's own bases elsewhere, instead of from all."""

    def __init__(self, folder: str | Path, *, name: str | None = None, orientation: str = "rna") -> None:
        self.folder = Path(folder)
        self.config, tensors = read_checkpoint(self.folder)
        self.weights = Weights({key: value.float() for key, value in tensors.items()}, str(self.folder))
        self.name, self.orientation = name or self.folder.name, orientation
        self._special_names: dict[str, Any] = {}
        if (path := self.folder / "special_tokens_map.json").is_file():
            with reading(path, "JSON"):
                self._special_names = json.loads(path.read_text(encoding="utf-8"))
        self.read_vocabulary()
        try:
            with torch.inference_mode():
                self._states(torch.tensor([self.tokens("ACGTACGTACGT")]), head=True)
        except (RuntimeError, IndexError) as error:
            raise ValueError(f"{self.folder}: its weights do not fit its config.json: {error}") from error
        self.weights.refuse_unread()

    def read_vocabulary(self) -> None:
        """Read the tokens of the folder."""
        self.vocabulary = read_vocabulary(self.folder)
        known, most = int(self.config["vocab_size"]), max(self.vocabulary.values(), default=-1) + 1
        if not 0 < most <= known:
            raise ValueError(f"{self.folder}: expected at most the {known} tokens of config.json, found {most}")

    def tokens(self, text: str) -> list[int]:
        """Return token numbers of a sequence of A, C, G, T, N, with the special ones."""
        raise NotImplementedError

    def number(self, kind: str) -> int:
        """Number of a special token (mask, unk, cls, sep): as special_tokens_map.json names it, else as its family."""
        given = self._special_names.get(f"{kind}_token")
        name = given.get("content") if isinstance(given, dict) else given
        name = name or (f"<{kind}>" if self.angular else f"[{kind.upper()}]")
        if name not in self.vocabulary:
            raise ValueError(
                f"{self.folder}: expected the token {name} in the vocabulary, found none; choose the adapter of its "
                f"family, or add special_tokens_map.json with '{kind}_token'"
            )
        return self.vocabulary[name]

    def _states(self, ids: torch.Tensor, *, head: bool) -> list[torch.Tensor]:
        states = type(self).encoder(self.weights, self.config, ids)
        return [*states, type(self).head(self.weights, self.config, states[-1])] if head else states

    def _logits(self, rows: list[list[int]]) -> list[torch.Tensor]:
        """Logits of rows of tokens, batched by their number."""
        found: list[torch.Tensor] = [torch.zeros(0)] * len(rows)
        with torch.inference_mode():
            for part in batches_of([len(row) for row in rows], most=TOKENS):
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

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the pooled states of the tokens; special tokens have no part (but ``cls`` takes the first)."""
        found: list[np.ndarray] = []
        for start in range(0, len(codes), BLOCK):
            block = codes[start : start + BLOCK]
            for states in self._tokens_of(block, layers, first=0 if pool == "cls" else self.special[0]):
                found.append(pool_states(states, pool) if len(states) else np.full(states.shape[1], np.nan))
        return np.stack(found).astype(np.float32)

    def states(self, codes: Codes, *, layers: str = "-1") -> list[np.ndarray]:
        """Return the states of all tokens but the special ones; of a long sequence, those of its chunks in turn."""
        return self._tokens_of(codes, layers, first=self.special[0])

    def _tokens_of(self, codes: Codes, layers: str, *, first: int) -> list[np.ndarray]:
        """States of the tokens of every sequence, from the ``first`` of each chunk on."""
        places = [(row, *chunk) for row, code in enumerate(codes) for chunk in self.chunks(len(code))]
        rows = [self.tokens(decode(codes[row][start:end], alphabet="dna")) for row, start, end in places]
        parts: list[list[np.ndarray]] = [[] for _ in codes]
        for (row, _, _), states in zip(places, self._chosen(rows, layers), strict=True):
            parts[row].append(states[first : len(states) - self.special[1]])
        return [np.concatenate(own) for own in parts]

    def _chosen(self, rows: list[list[int]], layers: str) -> list[np.ndarray]:
        """States (tokens, width) of the chosen layers side by side, for every row of tokens."""

        def ask(part: np.ndarray) -> Sequence[torch.Tensor]:
            return self._states(torch.tensor([rows[i] for i in part]), head=False)

        return layers_of([len(row) for row in rows], ask, layers)

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
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

    def units(self, text: str) -> list[Unit]:
        """Return what is masked at a time, in the order of the sequence; none where it is too short."""
        raise NotImplementedError

    def apart(self, stride: int) -> int:
        """Return the units between two that are masked together, for a stride in bases."""
        return stride

    def base_probabilities(self, text: str, *, masked: bool, stride: int) -> np.ndarray:
        """Return probabilities of A, C, G, T at every position of a chunk; NaN where it is too short."""
        found = np.full((len(text), 4), np.nan, dtype=np.float32)
        if not (units := self.units(text)):
            return found
        ids = self.tokens(text)
        sets = strided_positions(len(units), self.apart(stride)) if masked else [np.arange(len(units))]
        rows = []
        for numbers in sets:
            row = list(ids)
            for token in (token for number in numbers if masked for token in units[number].masked):
                row[1 + token] = self.mask
            rows.append(row)
        for numbers, logits in zip(sets, self._logits(rows), strict=True):
            for unit in (units[number] for number in numbers):
                p = logits[1 + unit.token].softmax(-1)
                for base in unit.bases:
                    found[base] = self._shares(p, unit.text, base - unit.start)
        return found

    def _shares(self, p: torch.Tensor, token: str, offset: int) -> np.ndarray:
        """Shares of A, C, G, T at an offset of a masked token, from the probabilities of the vocabulary."""
        own = self.tables[len(token)][offset] @ p
        if self.ref_aware:
            four = [self.vocabulary.get(token[:offset] + base + token[offset + 1 :]) for base in "ACGT"]
            if None not in four:  # a token with N has no such four
                own = p[four]
        return np.asarray((own / own.sum()).numpy())

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


def layers_of(
    sizes: Sequence[int], ask: Callable[[np.ndarray], Sequence[torch.Tensor]], layers: str
) -> list[np.ndarray]:
    """Ask for the states of rows of tokens, batched by their number; (tokens, width) of the chosen layers."""
    found: list[np.ndarray] = [np.zeros(0)] * len(sizes)
    with torch.inference_mode():
        for part in batches_of(sizes, most=TOKENS):
            states = ask(part)
            for row, own in zip(
                part, torch.cat([states[i] for i in chosen_layers(layers, len(states))], 2), strict=True
            ):
                found[row] = own.numpy()
    return found


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
