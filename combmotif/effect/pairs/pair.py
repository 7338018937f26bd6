"""A pair of motifs to test: the two motifs, and what else a placement must satisfy."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.config.effects import PairSection
from combmotif.core.typed_yaml import default_of
from combmotif.effect.pattern import Pattern, as_pattern
from combmotif.motifs.motif import Motif

ORDERS = ("any", "ab", "ba")


@dataclass(frozen=True, eq=False)
class Pair:
    """Two motifs and where they may stand to each other.

    Attributes
    ----------
    a, b : Pattern
    order : {"any", "ab", "ba"}, default "any"
        Which site comes first (5'): either, A, or B.
    spacing : (int, int or None), default (0, None)
        Fewest and most nt between the two sites; None for any distance.
    frame : {0, 1, 2} or None, default None
        Distance between the first positions of the two sites, modulo 3: 0 = in frame.
    end_frame : {0, 1, 2} or None, default None
        Distance from the first position of A to the 3' end of the sequence, modulo 3: in a 5'UTR that ends where the
        coding sequence begins, 0 = A is in frame with it.
    neuron : str, default ""
        Neuron (``conv5:12``) that reads the pair; both sites must lie in one window where it fires. "" = anywhere.
    distance : int or None, default None
        nt between the two sites where the pair is inserted into backgrounds; None for any that `spacing` allows.
    family_a, family_b : str, default ""
        What the motifs are called in the interaction map; default their consensus words.

    Raises
    ------
    ValueError
        If a rule is not one of these.
    """

    a: Pattern
    b: Pattern
    order: str = default_of(PairSection, "order")
    spacing: tuple[int, int | None] = (0, None)
    frame: int | None = None
    end_frame: int | None = None
    neuron: str = ""
    distance: int | None = None
    family_a: str = ""
    family_b: str = ""

    def __post_init__(self) -> None:
        try:
            low, high = self.spacing
            limits = [operator.index(one) for one in (low, high, self.distance) if one is not None]
        except (TypeError, ValueError):
            raise ValueError(
                f"spacing, distance: expected whole numbers of nt, of spacing the fewest and the most or None, found "
                f"{self.spacing} and {self.distance}"
            ) from None
        if self.order not in ORDERS:
            raise ValueError(f"order: expected any, ab (A first) or ba (B first), found '{self.order}'")
        if self.frame not in (None, 0, 1, 2):
            raise ValueError(f"frame: expected 0 (in frame), 1 or 2, found {self.frame}")
        if self.end_frame not in (None, 0, 1, 2):
            raise ValueError(f"end_frame: expected 0 (in frame with the 3' end), 1 or 2, found {self.end_frame}")
        if low is None or min(limits) < 0 or (high is not None and high < low):
            raise ValueError(
                f"spacing: expected the fewest and the most nt between the sites, 0 or more, found {low} and {high}"
                + ("" if self.distance is None else f", and {self.distance} as distance")
            )

    @property
    def name(self) -> str:
        """The motifs' names and, in brackets, the rules: ``AUG x UGA (A first, in frame)``."""
        rules = []
        if self.order != "any":
            rules.append("A first" if self.order == "ab" else "B first")
        if self.frame is not None:
            rules.append("in frame" if self.frame == 0 else f"frame +{self.frame}")
        if self.end_frame is not None:
            rules.append(f"A {f'+{self.end_frame}' if self.end_frame else 'in frame'} to the 3' end")
        if self.spacing != (0, None):
            low, high = self.spacing
            rules.append(f"{low}-{high} nt apart" if high is not None else f"{low} nt or more apart")
        if self.neuron:
            rules.append(f"where {self.neuron} fires")
        return f"{self.a.name} x {self.b.name}" + (f" ({', '.join(rules)})" if rules else "")

    @property
    def homotypic(self) -> bool:
        """Whether A and B are the same motif."""
        return self.a.name == self.b.name

    @property
    def constrained(self) -> bool:
        """Whether two sites that do not overlap may still be no placement."""
        rules = (self.order, self.spacing, self.frame, self.end_frame, self.neuron)
        return rules != ("any", (0, None), None, None, "")

    def key(self) -> tuple[object, ...]:
        """What makes two pairs the same test, whichever motif is called A."""
        order = self.order
        names = (self.a.name, self.b.name)
        if names[0] > names[1]:
            names, order = names[::-1], {"ab": "ba", "ba": "ab"}.get(order, order)
        if self.homotypic:
            order = "any"
        side = "" if self.end_frame is None else self.a.name  # the rule is on A alone
        return (names, order, self.spacing, self.frame, self.end_frame, side, self.neuron)

    def described(self) -> dict[str, str]:
        """The columns of a table of pairs that say which one it is."""
        return {
            "pair": self.name,
            **self.a.described("a"),
            **self.b.described("b"),
            "family_a": self.family_a,
            "family_b": self.family_b,
            "instances": self.neuron or "anywhere",
        }

    def gap(self, start_a: np.ndarray, start_b: np.ndarray) -> np.ndarray:
        """Count the nt between the two sites; negative where they overlap."""
        return np.maximum(start_a, start_b) - np.minimum(start_a + len(self.a), start_b + len(self.b))

    def allows(self, start_a: np.ndarray, start_b: np.ndarray, length: int) -> np.ndarray:
        """Mark the placements in a sequence of a length that satisfy the rules; integer arrays of one shape -> bool.

        Sites may not overlap, and a homotypic pair counts with A upstream only. Windows of a neuron are not looked at.
        """
        a_first = start_a + len(self.a) <= start_b
        b_first = (start_b + len(self.b) <= start_a) & (not self.homotypic)
        good = (a_first & (self.order != "ba")) | (b_first & (self.order != "ab"))
        if self.homotypic:
            good = a_first
        gap = self.gap(start_a, start_b)
        low, high = self.spacing
        good &= gap >= low
        if high is not None:
            good &= gap <= high
        if self.frame is not None:
            good &= np.abs(start_b - start_a) % 3 == self.frame
        if self.end_frame is not None:
            good &= (length - start_a) % 3 == self.end_frame
        return good


def as_pair(
    pair: Pair | Sequence[str | Motif | Pattern],
    *,
    p_value: float | None = 1e-3,
    length: float = 100,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
    alphabet: str = "rna",
) -> Pair:
    """Make a pair of two words, motifs or patterns (see `as_pattern`); a Pair is returned as it is.

    Examples
    --------
    >>> from combmotif.effect.pairs.pair import as_pair
    >>> as_pair(["AUG", "UAR"]).b.consensus
    'UAR'
    """
    if isinstance(pair, Pair):
        return pair
    if len(pair) != 2:
        raise ValueError(f"pairs: expected two motifs each, found {len(pair)}")
    a, b = (as_pattern(m, p_value=p_value, length=length, background=background, alphabet=alphabet) for m in pair)
    return Pair(a, b)


def refuse_repeats(pairs: Sequence[Pair]) -> None:
    """Raise ValueError if a pair is given twice, in either order."""
    seen: set[tuple[object, ...]] = set()
    for pair in pairs:
        if pair.key() in seen:
            raise ValueError(f"pairs: '{pair.name}' is given twice (the order of A and B does not matter)")
        seen.add(pair.key())
