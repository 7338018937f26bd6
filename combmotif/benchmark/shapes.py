"""What the families of nets are built from: shapes, motifs drawn apart, wires from a detector to the neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.benchmark.nets import NORMS, StackNet, Wire, connect, fill_with_noise, receptive_field
from combmotif.benchmark.truth import Instance, Truth, random_motif, unlike
from combmotif.models.model import InputSpec, SequenceModel

LONGEST_WINDOW = 144


@dataclass(frozen=True)
class Shape:
    """Kernels, pools, channels, norm and padding of a net."""

    kernels: tuple[int, ...]
    pools: tuple[int, ...]
    channels: tuple[int, ...]
    norm: str
    padding: bool

    @property
    def window(self) -> int:
        """Receptive field of the last neurons."""
        return receptive_field(list(self.kernels), list(self.pools))


def draw_shape(
    random: np.random.Generator,
    first: int,
    *,
    depth: int | None = None,
    pools: dict[int, int] | None = None,
    kernels: dict[int, int] | None = None,
) -> Shape:
    """Draw a net with a first kernel of at least ``first``; pools and kernels of given layers may be set."""
    while True:
        layers = depth or int(random.integers(2, 5))
        sizes = [
            int(random.integers(first, max(first, 12) + 1)),
            *(int(random.integers(1, 5)) for _ in range(layers - 1)),
        ]
        steps = [int(random.integers(1, 5)) for _ in range(layers - 1)]
        for layer, value in (kernels or {}).items():
            sizes[layer - 1] = value
        for layer, value in (pools or {}).items():
            steps[layer - 1] = value
        width = int(random.integers(8, 17))
        shape = Shape(
            tuple(sizes), tuple(steps), (*(layers - 1) * (width,), 2), str(random.choice(NORMS)),
            bool(random.integers(2)),
        )  # fmt: skip
        if 8 <= shape.window <= LONGEST_WINDOW and (max(steps) > 1 or pools):
            return shape


def build(shape: Shape, random: np.random.Generator) -> StackNet:
    """Make the net, filled with random weights."""
    net = StackNet(list(shape.kernels), list(shape.pools), list(shape.channels), shape.norm, padding=shape.padding)
    fill_with_noise(net, random)
    return net


def windows(random: np.random.Generator, shape: Shape, pattern: np.ndarray) -> np.ndarray:
    """Random sequences with a pattern (codes, -1 is free) somewhere in the middle."""
    length = shape.window + 2 * int(np.prod(shape.pools)) + len(pattern)
    codes = random.integers(0, 4, (96, length))
    for row in codes:
        start = int(random.integers(length - len(pattern) + 1))
        row[start : start + len(pattern)] = np.where(pattern >= 0, pattern, row[start : start + len(pattern)])
    return codes


def climb(
    net: StackNet,
    shape: Shape,
    random: np.random.Generator,
    found: np.ndarray,
    *,
    source: int,
    layer: int,
    crosstalk: float = 0.05,
) -> None:
    """Carry a channel of ``layer`` up to the neuron, one tap per layer."""
    for upper in range(layer + 1, net.depth + 1):
        target = 0 if upper == net.depth else int(random.integers(shape.channels[upper - 1]))
        tap = int(random.integers(shape.kernels[upper - 1]))
        wire = Wire(source, tap, float(random.uniform(0.8, 1.2)), found)
        connect(net, upper, target, [wire], float(random.uniform(0.0, 0.25)), random, crosstalk=crosstalk)
        source = target


def instance(family: str, number: int, net: StackNet, truth: Truth) -> Instance:
    """Wrap a net."""
    model = SequenceModel(f"{family}{number}", net, InputSpec("dna"), ("maximum", "other"))
    return Instance(family, f"{family}{number}", model, f"conv{net.depth}", 0, truth)


def consensus(ppm: np.ndarray) -> np.ndarray:
    """Most frequent bases; -1 where a column is free."""
    return np.where(ppm.max(1) < 0.3, -1, ppm.argmax(1))


def draw_motifs(random: np.random.Generator, count: int, lengths: tuple[int, int] = (5, 12)) -> list[np.ndarray]:
    """Draw motifs that do not resemble each other."""
    motifs: list[np.ndarray] = []
    while len(motifs) < count:
        candidate = random_motif(random, int(random.integers(lengths[0], lengths[1] + 1)))
        if unlike(motifs, candidate):
            motifs.append(candidate)
    return motifs


def threshold(random: np.random.Generator) -> float:
    """Share of the best score below which a detector is silent."""
    return float(random.uniform(0.3, 0.5))
