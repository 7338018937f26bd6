"""Several models' vectors side by side, as one model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.evaluation.adapters.base import Adapter, Codes, Names


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
