"""What a model can be asked, whatever it is made of, and the test it must pass before it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.sequence.alphabet import encode

CAPABILITIES = {
    "embed": "a vector of a sequence",
    "masked": "probabilities of every base given the others of its sequence",
    "unmasked": "probabilities of every base with the base itself in view",
    "causal": "probabilities of every base given those before it",
    "likelihood": "the mean log likelihood of a sequence",
    "predict": "numbers it was trained to predict",
    "track": "a number of every base, such as conservation",
}
"""What a model may be able to do; a task asks for some of it."""

Codes = Sequence[np.ndarray]
Names = Sequence[str] | None


class LacksCapability(ValueError):
    """A task needs what the model cannot do; it is skipped, and the reason stands in the table."""


class Adapter:
    """A model as the tasks see it; a subclass overrides what it is capable of.

    Attributes
    ----------
    name : str
    capabilities : frozenset of str
        Among :data:`CAPABILITIES`.
    orientation : str
        ``rna`` (the strand of the transcript) or ``genome`` (the forward strand of the genome).
    longest : int or None
        Longest sequence it reads, in nt.
    outputs : tuple of str
        Names of what it predicts.
    by_name : bool
        Whether it knows sequences by their names (results from a file) instead of by their bases.
    oriented : bool
        Whether it is shown sequences in its orientation; features and results by name are of sequences as they are.
    masked_likelihood : bool
        Whether its likelihood is the mean log of its masked probabilities, so that who has these need not ask again.
    """

    name: str = "model"
    capabilities: frozenset[str] = frozenset()
    orientation: str = "rna"
    longest: int | None = None
    outputs: tuple[str, ...] = ()
    by_name: bool = False
    oriented: bool = True
    masked_likelihood: bool = True

    def require(self, capability: str) -> None:
        """Raise LacksCapability if the model cannot do this."""
        if capability not in self.capabilities:
            able = ", ".join(sorted(self.capabilities)) or "nothing"
            raise LacksCapability(
                f"model '{self.name}' gives no '{capability}' ({CAPABILITIES[capability]}); it gives {able}"
            )

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return a vector per sequence, float32 (n, d); NaN where it cannot read one."""
        raise NotImplementedError

    def states(self, codes: Codes, *, layers: str = "-1") -> list[np.ndarray]:
        """Return the vectors of all bases or tokens of each sequence, one float32 (positions, d), without pooling."""
        raise LacksCapability(f"model '{self.name}' has no vector of every position; choose a pool such as mean")

    def probabilities(self, codes: Codes, *, names: Names = None, mode: str = "masked") -> list[np.ndarray]:
        """Return probabilities of A, C, G, U at every position, one float32 (length, 4) per sequence."""
        raise NotImplementedError

    def log_likelihood(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return the mean log probability per base, in nats, float (n,); by default of the masked bases."""
        return mean_log_probability(codes, self.probabilities(codes, names=names, mode="masked"))

    def predict(self, codes: Codes, *, names: Names = None) -> np.ndarray:
        """Return what the model predicts, float (n, outputs)."""
        raise NotImplementedError

    def track(self, codes: Codes, *, names: Names = None) -> list[np.ndarray]:
        """Return a number for every base, one float (length,) per sequence; NaN where there is none."""
        raise NotImplementedError

    def random_twin(self, seed: int) -> Adapter | None:
        """Return the same architecture with random weights, or None where there is none."""
        return None


def mean_log_probability(codes: Codes, tables: Sequence[np.ndarray]) -> np.ndarray:
    """Mean log of the probability of each known base, float (n,); NaN for a sequence without any."""
    found = []
    for code, table in zip(codes, tables, strict=True):
        known = np.flatnonzero(code < 4)
        found.append(float(np.log(table[known, code[known]] + 1e-14).mean()) if len(known) else np.nan)
    return np.array(found)


def pool_states(states: np.ndarray, pool: str, *, name: str = "pool") -> np.ndarray:
    """Pool the vectors of a sequence's positions or tokens (n, d) to one.

    Parameters
    ----------
    states : float array (n, d)
        Of real positions only: padding and special tokens are left out before.
    pool : str
        ``mean``, ``max``, ``first``, ``cls`` (the same here) or ``center:W`` (mean of the middle W).

    Raises
    ------
    ValueError
        If the pool is none of these.
    """
    kind, _, width = pool.partition(":")
    if kind == "mean" and not width:
        return states.mean(0)
    if kind == "max" and not width:
        return states.max(0)
    if kind in ("first", "cls") and not width:
        return states[0]
    if kind == "center" and width.isdecimal() and int(width):
        start = max(0, (len(states) - int(width)) // 2)
        return states[start : start + int(width)].mean(0)
    raise ValueError(f"{name}: expected mean, max, first, cls or center:W, found '{pool}'")


def plain_vectors(adapter: Adapter, pool: str, layers: str) -> None:
    """Refuse a pool or layers for a model whose vectors are what they are: features, results of files."""
    if (pool, layers) != ("mean", "-1"):
        raise LacksCapability(
            f"model '{adapter.name}' has no positions to pool and no layers to choose from, found pool '{pool}' and "
            f"layers '{layers}'; leave both out"
        )


def chosen_layers(layers: str, count: int) -> list[int]:
    """Read ``-1``, ``all`` or a list such as ``0,2,-1`` of layer numbers.

    Raises
    ------
    ValueError
        If a number is out of range, or it is none.
    """
    if layers == "all":
        return list(range(count))
    try:
        numbers = [int(part) for part in str(layers).split(",")]
        return [range(count)[number] for number in numbers]
    except (ValueError, IndexError):
        raise ValueError(f"layers: expected 'all' or numbers from {-count} to {count - 1}, found '{layers}'") from None


def batches_of(sizes: Sequence[int], *, most: int) -> list[np.ndarray]:
    """Rows that go through a net together: of one size, so that no padding is needed, and at most this much in all."""
    found = []
    for size in np.unique(np.asarray(sizes, dtype=np.int64)):
        rows = np.flatnonzero(np.asarray(sizes) == size)
        step = max(1, most // max(1, int(size)))
        found += [rows[start : start + step] for start in range(0, len(rows), step)]
    return found


def strided_positions(length: int, stride: int) -> list[np.ndarray]:
    """Positions that are masked together: every ``stride``-th, once for each offset; 0 masks one at a time."""
    if stride <= 0 or stride >= length:
        return [np.array([i]) for i in range(length)]
    return [np.arange(offset, length, stride) for offset in range(stride)]


def read_mode(mode: str) -> tuple[str, int]:
    """Read ``masked``, ``strided:20``, ``unmasked`` or ``causal``: the capability it needs, and the stride.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    kind, _, stride = mode.partition(":")
    if kind == "strided" and stride.isdecimal() and int(stride) > 0:
        return "masked", int(stride)
    if kind in ("masked", "unmasked", "causal") and not stride:
        return kind, 0
    raise ValueError(f"mode: expected masked, strided:N, unmasked or causal, found '{mode}'")


def self_test(adapter: Adapter, *, seed: int = 0) -> list[str]:
    """Ask a model about a few random sequences, and say in what it breaks its promises.

    Probabilities sum to 1 and hold no NaN; a masked base does not enter its own prediction; a sequence gets the same
    answer alone and beside longer ones; U and T are one base.

    Parameters
    ----------
    adapter : Adapter
        One that knows sequences by name is not asked: it can only answer for its own.
    seed : int, default 0

    Returns
    -------
    list of str
        One sentence per broken promise; empty for a model to be trusted.
    """
    if adapter.by_name:
        return []
    random = np.random.default_rng(seed)
    longest = min(adapter.longest or 60, 60)
    fixed = getattr(adapter, "fixed", None)
    sizes = [fixed] * 3 if fixed else [longest, max(12, longest // 2 + 1), max(12, longest - 7)]
    codes = [random.integers(0, 4, size).astype(np.uint8) for size in sizes]
    wrong: list[str] = []

    def same(first: np.ndarray, second: np.ndarray, what: str) -> None:
        if first.shape != second.shape or not np.allclose(first, second, rtol=1e-3, atol=1e-4, equal_nan=True):
            wrong.append(f"model '{adapter.name}': {what}")

    def ask(rows: Codes, capability: str) -> list[np.ndarray]:
        if capability == "embed":
            return list(adapter.embed(rows))
        if capability == "predict":
            return list(adapter.predict(rows))
        if capability == "likelihood":
            return list(np.atleast_1d(adapter.log_likelihood(rows))[:, None])
        return adapter.probabilities(rows, mode=capability)

    written = [encode(_text(codes[0], "T")), encode(_text(codes[0], "U"))]
    for capability in sorted(adapter.capabilities):
        together = ask(codes, capability)
        alone = [ask([code], capability)[0] for code in codes]
        for first, second in zip(together, alone, strict=True):
            same(first, second, f"'{capability}' of a sequence depends on the others it is asked with")
        if not all(np.isfinite(row).all() for row in together):
            wrong.append(f"model '{adapter.name}': '{capability}' holds NaN or infinite values")
        as_t, as_u = ask(written, capability)
        same(as_t, as_u, f"'{capability}' differs between U and T")
        if capability in ("masked", "unmasked", "causal"):
            for code, table in zip(codes, together, strict=True):
                if table.shape != (len(code), 4) or not np.allclose(table.sum(1), 1, atol=1e-3):
                    wrong.append(f"model '{adapter.name}': '{capability}' has rows that do not sum to 1")
                    break
        if capability in ("masked", "causal"):
            other = codes[0].copy()
            at = len(other) // 2
            other[at] = (other[at] + 1) % 4
            before, after = adapter.probabilities([codes[0], other], mode=capability)
            same(before[at], after[at], f"the base itself leaks into its '{capability}' probabilities")
            if capability == "causal":
                same(before[: at + 1], after[: at + 1], "a later base leaks into 'causal' probabilities")
    return list(dict.fromkeys(wrong))


def trusted(adapter: Adapter) -> Adapter:
    """Return a model that passes its self-test; raise LacksCapability with all it breaks for any other."""
    if wrong := self_test(adapter):
        raise LacksCapability(f"it failed its self-test: {'; '.join(wrong)}")
    return adapter


def _text(code: np.ndarray, last: str) -> str:
    return "".join(("A", "C", "G", last, "N")[int(i)] for i in code)
