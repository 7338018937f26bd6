"""Models made of others: several models' vectors side by side, and models that read the other strand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.evaluation.adapters.base import Adapter, Codes, LacksCapability, Names
from combmotif.evaluation.dataset.utrs import COMPLEMENT


class JoinedModel(Adapter):
    """Vectors of several models side by side: an embedding with k-mers, a table of features with an embedding.

    Parameters
    ----------
    parts : sequence of Adapter
        Each must be able to embed.
    name : str
    """

    capabilities = frozenset({"embed"})
    oriented = False  # its parts are turned one by one, see `turned`

    def __init__(self, parts: Sequence[Adapter], *, name: str) -> None:
        for part in parts:
            part.require("embed")
        self.parts, self.name = tuple(parts), name
        self.by_name = any(part.by_name for part in parts)
        known = [part.longest for part in parts if part.longest]
        self.longest = min(known, default=None)

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the vectors of all parts side by side; NaN where one of them cannot read a sequence."""
        return np.concatenate([part.embed(codes, names=names, pool=pool, layers=layers) for part in self.parts], 1)

    def random_twin(self, seed: int) -> Adapter | None:
        """Return the same with random weights in the parts that have weights, or None where no part has."""
        twins = [part.random_twin(seed) for part in self.parts]
        if not any(twins):
            return None
        return JoinedModel([twin or part for twin, part in zip(twins, self.parts, strict=True)], name="random-weights")


def turned(adapter: Adapter, *, orientation: str, minus: frozenset[str] | None) -> Adapter:
    """Let a model read every sequence in the direction that it was trained on.

    Parameters
    ----------
    adapter : Adapter
    orientation : str
        In which the sequences are given: ``rna`` (of the transcript) or ``genome`` (of the forward strand).
    minus : frozenset of str or None
        Names of the sequences of genes on the minus strand; None where no strand is known.

    Returns
    -------
    Adapter
        The model itself where both directions are the same.

    Raises
    ------
    LacksCapability
        If the directions differ and no strand is known.
    """
    if isinstance(adapter, JoinedModel):
        parts = [turned(part, orientation=orientation, minus=minus) for part in adapter.parts]
        return JoinedModel(parts, name=adapter.name)
    if adapter.orientation == orientation or not adapter.oriented:
        return adapter
    if minus is None:
        raise LacksCapability(
            f"model '{adapter.name}' reads sequences in orientation '{adapter.orientation}', those of the task are in "
            f"'{orientation}' and nothing says which genes are on the minus strand; give the task `strand` or `places`"
        )
    return _Turned(adapter, minus)


class _Turned(Adapter):
    """A model that is shown the reverse complement of some sequences; what it says per base is turned back."""

    def __init__(self, adapter: Adapter, minus: frozenset[str]) -> None:
        self.inner, self.minus = adapter, minus
        self.name, self.capabilities, self.orientation = adapter.name, adapter.capabilities, adapter.orientation
        self.longest, self.outputs, self.by_name = adapter.longest, adapter.outputs, adapter.by_name
        self.masked_likelihood = adapter.masked_likelihood

    def _given(self, codes: Codes, names: Names) -> tuple[list[np.ndarray], list[bool]]:
        if names is None:
            raise ValueError("names: expected the names of sequences whose strand matters, found none")
        back = [name in self.minus for name in names]
        return [COMPLEMENT[code[::-1]] if turn else code for code, turn in zip(codes, back, strict=True)], back

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the vectors of the sequences as the model reads them."""
        given = codes if self.by_name else self._given(codes, names)[0]  # vectors by name are what they are
        return self.inner.embed(given, names=names, pool=pool, layers=layers)

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the predictions for the sequences as the model reads them."""
        return self.inner.predict(codes if self.by_name else self._given(codes, names)[0], names=names)

    def log_likelihood(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the likelihoods of the sequences as the model reads them."""
        return self.inner.log_likelihood(self._given(codes, names)[0], names=names)

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
        """Return the probabilities, rows reversed and bases complemented where a sequence was turned."""
        given, back = self._given(codes, names)
        tables = self.inner.probabilities(given, names=names, mode=mode)
        return [table[::-1, ::-1] if turn else table for table, turn in zip(tables, back, strict=True)]
