"""Families of neurons whose motifs are known, drawn at random from a seed."""

from __future__ import annotations

import numpy as np

from combmotif.benchmark.nets import Wire, connect, plant
from combmotif.benchmark.sampled import is_read
from combmotif.benchmark.shapes import (
    LONGEST_WINDOW,
    build,
    climb,
    consensus,
    draw_motifs,
    draw_shape,
    instance,
    threshold,
    trained,
    windows,
)
from combmotif.benchmark.truth import Instance, Truth, random_motif, unlike, weights_of
from combmotif.core.seeding import named_generator

FAMILIES = {
    "a": "one motif, moved by pooling",
    "b": "alternative motifs (OR)",
    "c": "a pair at a fixed spacing (AND)",
    "d": "a pair at a variable spacing (AND)",
    "e": "weak, overlapping, repeated motifs; a motif and its reverse complement",
    "f": "distractors and dead neurons",
    "g": "trained nets",
}


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

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> instance = draw("a", 0, seed=1)
    >>> instance.family, instance.model.input_spec.length
    ('a', None)
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
        return trained(random, number)
    raise ValueError(f"family: expected one of {', '.join(FAMILIES)}, found '{family}'")
