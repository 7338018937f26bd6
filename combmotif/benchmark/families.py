"""Families of neurons whose motifs are known, drawn at random from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.benchmark.nets import NORMS, StackNet, Wire, connect, fill_with_noise, plant, receptive_field
from combmotif.benchmark.sampled import is_read
from combmotif.benchmark.truth import Instance, Truth, random_motif, unlike, weights_of
from combmotif.core.seeding import named_generator
from combmotif.models.model import InputSpec, SequenceModel

FAMILIES = {
    "a": "one motif, moved by pooling",
    "b": "alternative motifs (OR)",
    "c": "a pair at a fixed spacing (AND)",
    "d": "a pair at a variable spacing (AND)",
    "e": "weak, overlapping, repeated motifs; a motif and its reverse complement",
    "f": "distractors and dead neurons",
    "g": "trained nets",
}
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
    least_pool: int = 1,
) -> Shape:
    """Draw a net with a first kernel of at least ``first``; pools and kernels of given layers may be set."""
    while True:
        layers = depth or int(random.integers(2, 5))
        sizes = [
            int(random.integers(first, max(first, 12) + 1)),
            *(int(random.integers(1, 5)) for _ in range(layers - 1)),
        ]
        steps = [int(random.integers(max(1, least_pool), 5)) for _ in range(layers - 1)]
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


def windows(random: np.random.Generator, shape: Shape, pattern: np.ndarray, count: int = 96) -> np.ndarray:
    """Random sequences with a pattern (codes, -1 is free) somewhere in the middle."""
    length = shape.window + 2 * int(np.prod(shape.pools)) + len(pattern)
    codes = random.integers(0, 4, (count, length))
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
) -> int:
    """Carry a channel of ``layer`` up to the neuron, one tap per layer; returns the neuron (0)."""
    for upper in range(layer + 1, net.depth + 1):
        target = 0 if upper == net.depth else int(random.integers(shape.channels[upper - 1]))
        tap = int(random.integers(shape.kernels[upper - 1]))
        wire = Wire(source, tap, float(random.uniform(0.8, 1.2)), found)
        connect(net, upper, target, [wire], float(random.uniform(0.0, 0.25)), random, crosstalk=crosstalk)
        source = target
    return 0


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


def one_motif(random: np.random.Generator, number: int, *, family: str = "a", crosstalk: float = 0.05) -> Instance:
    """Family (a): a detector in one kernel, or in two halves that the second layer joins."""
    (ppm,) = draw_motifs(random, 1)
    size, halves = len(ppm), len(ppm) >= 8 and bool(random.integers(2))
    if halves:
        half = (size + 1) // 2
        shape = draw_shape(random, half, depth=int(random.integers(3, 5)), pools={1: 1}, kernels={1: half, 2: half + 1})
        net = build(shape, random)
        score = weights_of(ppm)
        level = threshold(random) * 0.7
        parts = (score[:half], score[half:])
        wires = []
        for channel, part in enumerate(parts):
            share = float(part.max(1).sum())
            plant(net, channel, part / share, level)
            found = windows(random, shape, consensus(ppm))
            wires.append(Wire(channel, channel * half, share, found))
        needed = max(wire.weight for wire in wires) + float(random.uniform(-0.05, 0.1))  # a half is not enough
        connect(net, 2, 2, wires, needed, random, crosstalk=crosstalk)
        climb(net, shape, random, windows(random, shape, consensus(ppm)), source=2, layer=2, crosstalk=crosstalk)
    else:
        shape = draw_shape(random, size)
        net = build(shape, random)
        plant(net, 0, weights_of(ppm), threshold(random), start=int(random.integers(shape.kernels[0] - size + 1)))
        climb(net, shape, random, windows(random, shape, consensus(ppm)), source=0, layer=1, crosstalk=crosstalk)
    return instance(family, number, net, Truth((ppm,)))


def alternatives(
    random: np.random.Generator, number: int, motifs: list[np.ndarray], *, family: str = "b", least: float = 0.6
) -> Instance:
    """Family (b): several detectors that one channel adds up at the same tap; any of them excites the neuron."""
    shape = draw_shape(random, max(map(len, motifs)))
    net = build(shape, random)
    level = float(random.uniform(0.45, 0.6))  # else the sum of partial matches of several motifs is a motif of its own
    wires = []
    joint = 2 if net.depth == 2 else int(random.integers(2, net.depth + 1))
    tap = int(random.integers(shape.kernels[1]))
    for channel, ppm in enumerate(motifs):
        start = int(random.integers(shape.kernels[0] - len(ppm) + 1))
        plant(net, channel, weights_of(ppm), level, start=start)
        wires.append(Wire(channel, tap, float(random.uniform(least, 1)), windows(random, shape, consensus(ppm))))
    if joint == 2:
        target = 0 if net.depth == 2 else len(motifs)
        connect(net, 2, target, wires, 0.1, random)
        strongest = max(wires, key=lambda wire: wire.weight)
        climb(net, shape, random, strongest.windows, source=target, layer=2)
        return instance(family, number, net, Truth(tuple(motifs)))
    for upper in range(2, joint + 1):
        tap = int(random.integers(shape.kernels[upper - 1]))
        raised = []
        for channel, wire in enumerate(wires):
            if upper < joint:
                connect(net, upper, channel, [Wire(wire.channel, tap, 1.0, wire.windows)], 0.0, random)
                raised.append(Wire(channel, 0, wire.weight, wire.windows))
        if upper < joint:
            wires = raised
            continue
        target = 0 if upper == net.depth else len(motifs)
        connect(net, upper, target, [Wire(w.channel, tap, w.weight, w.windows) for w in wires], 0.1, random)
        climb(net, shape, random, max(wires, key=lambda w: w.weight).windows, source=target, layer=upper)
    return instance(family, number, net, Truth(tuple(motifs)))


def fixed_pair(random: np.random.Generator, number: int) -> Instance:
    """Family (c): two detectors that the second layer needs both, at one distance, with no pool between."""
    motifs = draw_motifs(random, 2, (5, 8))
    first, second = map(len, motifs)
    gap = int(random.integers(0, 11))
    shape = draw_shape(random, max(first, second), pools={1: 1}, kernels={1: max(first, second), 2: first + gap + 1})
    net = build(shape, random)
    for channel, ppm in enumerate(motifs):
        plant(net, channel, weights_of(ppm), threshold(random) * 0.8)
    pattern = np.concatenate([consensus(motifs[0]), np.full(gap, -1), consensus(motifs[1])])
    found = windows(random, shape, pattern)
    share = float(random.uniform(0.4, 0.6))
    wires = [Wire(0, 0, share, found), Wire(1, first + gap, 1 - share, found)]
    target = 0 if net.depth == 2 else 2
    connect(net, 2, target, wires, max(share, 1 - share) + float(random.uniform(-0.1, 0.1)), random)
    climb(net, shape, random, found, source=target, layer=2)
    return instance("c", number, net, Truth(tuple(motifs), (gap, gap)))


def variable_pair(random: np.random.Generator, number: int) -> Instance:
    """Family (d): two detectors below a pool, which the layer above it needs both at different taps."""
    motifs = draw_motifs(random, 2, (5, 8))
    first = len(motifs[0])
    while True:
        below = int(random.integers(1, 3))
        pools = {layer: int(random.integers(2, 5)) for layer in range(1, below + 1)}
        step = int(np.prod(list(pools.values())))
        if step <= 8:
            break
    apart = -(-(first + step - 1) // step) + int(random.integers(0, 2))
    while True:
        shape = draw_shape(
            random, max(map(len, motifs)), depth=int(random.integers(below + 1, max(3, below + 1) + 1)), pools=pools,
            kernels={1: max(map(len, motifs)), below + 1: apart + 1},
        )  # fmt: skip
        if len(shape.kernels) <= below + 1 or shape.window <= LONGEST_WINDOW:
            break
    net = build(shape, random)
    middle = apart * step - first
    pattern = np.concatenate([consensus(motifs[0]), np.full(middle, -1), consensus(motifs[1])])
    found = windows(random, shape, pattern)
    for channel, ppm in enumerate(motifs):
        plant(net, channel, weights_of(ppm), threshold(random) * 0.8)
    channels = [0, 1]
    if below == 2:
        tap = int(random.integers(shape.kernels[1]))
        for channel in channels:
            connect(net, 2, channel, [Wire(channel, tap, 1.0, found)], 0.0, random)
    share = float(random.uniform(0.4, 0.6))
    wires = [Wire(0, 0, share, found), Wire(1, apart, 1 - share, found)]
    target = 0 if net.depth == below + 1 else 2
    connect(net, below + 1, target, wires, max(share, 1 - share) + float(random.uniform(-0.1, 0.1)), random)
    climb(net, shape, random, found, source=target, layer=below + 1)
    return instance("d", number, net, Truth(tuple(motifs), (middle - step + 1, middle + step - 1)))


def hard(random: np.random.Generator, number: int) -> Instance:
    """Family (e), by turns: a weak motif, alternatives that overlap, repeats that add up, both strands of one motif."""
    kind = number % 4
    if kind == 0:
        while True:
            ppm = random_motif(random, int(random.integers(6, 13)), weak=True)
            shape = draw_shape(random, len(ppm))
            if shape.window <= 72:
                break
        net = build(shape, random)
        plant(net, 0, weights_of(ppm), 0.3)
        climb(net, shape, random, windows(random, shape, consensus(ppm)), source=0, layer=1)
        return instance("e", number, net, Truth((ppm,)))
    if kind == 1:
        (left,) = draw_motifs(random, 1, (7, 9))
        while True:
            (tail,) = draw_motifs(random, 1, (6, 7))
            right = np.concatenate([left[-3:], tail])[: int(random.integers(7, 10))]
            if unlike([left], right):
                return alternatives(random, number, [left, right], family="e", least=0.75)
    if kind == 2:
        (ppm,) = draw_motifs(random, 1, (5, 8))
        pool = int(random.integers(2, 5))
        last = int(random.integers(2, 5))
        apart = -(-len(ppm) // pool) + 1
        shape = draw_shape(random, len(ppm), depth=2, pools={1: pool}, kernels={1: len(ppm), 2: apart * (last - 1) + 1})
        net = build(shape, random)
        plant(net, 0, weights_of(ppm), threshold(random))
        found = windows(random, shape, consensus(ppm))
        wires = [Wire(0, apart * copy, float(random.uniform(0.7, 1)), found) for copy in range(last)]
        connect(net, 2, 0, wires, 0.1, random)
        return instance("e", number, net, Truth((ppm,)))
    while True:
        (ppm,) = draw_motifs(random, 1, (6, 10))
        if unlike([ppm], ppm[::-1, ::-1]):
            return alternatives(random, number, [ppm, ppm[::-1, ::-1].copy()], family="e", least=0.8)


def distracted(random: np.random.Generator, number: int) -> Instance:
    """Family (f), by turns: a motif among strong crosstalk, and dead neurons of three kinds.

    Crosstalk may add up to more than the motif: such nets are drawn again.
    """
    if number % 2 == 0:
        while True:
            drawn = one_motif(random, number, family="f", crosstalk=0.25)
            if is_read(drawn):
                return drawn
    shape = draw_shape(random, int(random.integers(5, 9)))
    net = build(shape, random)
    conv, first = net.conv(net.depth), net.conv(1)
    kind = (number // 2) % 3
    assert conv.bias is not None
    assert first.bias is not None
    weight, bias = conv.weight.data, conv.bias.data
    if kind == 0:  # inhibited by everything
        weight[0], bias[0] = -weight[0].abs(), -0.1
    elif kind == 1:  # constant
        weight[0], bias[0] = 0.0, float(random.normal())
    else:  # an input that never comes: its channel is off
        first.weight.data[0], first.bias.data[0] = 0.0, -50.0
        weight[0], bias[0] = 0.0, 0.0
    return instance("f", number, net, Truth(()))


def draw(family: str, number: int, seed: int) -> Instance:
    """Draw instance ``number`` of a family; the same seed gives the same net.

    Parameters
    ----------
    family : str
        ``a`` to ``g``, see `FAMILIES`.
    number : int
    seed : int

    Returns
    -------
    Instance
    """
    random = named_generator(seed, "selfcheck", family, number)
    if family == "a":
        return one_motif(random, number)
    if family == "b":
        return alternatives(random, number, draw_motifs(random, int(random.integers(2, 5))))
    if family == "c":
        return fixed_pair(random, number)
    if family == "d":
        return variable_pair(random, number)
    if family == "e":
        return hard(random, number)
    if family == "f":
        return distracted(random, number)
    if family == "g":
        from combmotif.benchmark.trained import trained

        return trained(random, number)
    raise ValueError(f"family: expected one of {', '.join(FAMILIES)}, found '{family}'")
