"""What the families of nets are built from: shapes, motifs drawn apart, wires from a detector to the neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

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


SEQUENCES = 6000
LENGTH = 48
EPOCHS = 12
LEAST_AUC = 0.97
_ATTEMPTS = 4


def trained(random: np.random.Generator, number: int) -> Instance:
    """Family (g): train a net to tell sequences with one of one or two motifs from sequences with near misses.

    A positive sequence holds a motif, of the bases with a probability of 0.2 or more; a negative one holds a motif with
    two informative letters changed to others, so every letter counts. The only last neuron must see the motif. A
    net that does not reach an AUC of 0.97 on held-out sequences has no known answer and is drawn again.
    """
    for attempt in range(_ATTEMPTS):
        motifs = draw_motifs(random, int(random.integers(1, 3)), (6, 8))
        kernels = (7, 5) if number % 2 else (7, 3, 3)
        pools = (int(random.integers(2, 4)),) if number % 2 else (2, 2)
        shape = Shape(kernels, pools, (*(len(pools) * (24,)), 1), str(random.choice(NORMS)), padding=False)
        net = StackNet(list(shape.kernels), list(shape.pools), list(shape.channels), shape.norm, padding=False)
        auc = _train(net, motifs, random)
        if auc >= LEAST_AUC or attempt + 1 == _ATTEMPTS:
            break
    return instance("g", number, net, Truth(tuple(motifs)))


def _sequences(motifs: list[np.ndarray], count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    codes = random.integers(0, 4, (count, LENGTH))
    labels = random.random(count) < 0.5
    for row, positive in zip(codes, labels, strict=True):
        ppm = motifs[int(random.integers(len(motifs)))]
        allowed = np.where(ppm >= 0.2, ppm, 0)
        allowed /= allowed.sum(1, keepdims=True)
        word = (random.random((len(ppm), 1)) > np.cumsum(allowed, 1)[:, :3]).sum(1)
        if not positive:
            strong = np.flatnonzero(ppm.max(1) > 0.4)
            for column in random.choice(strong, 2, replace=False):
                word[column] = int(random.choice(np.flatnonzero(ppm[column] < 0.2)))
        start = int(random.integers(LENGTH - len(word) + 1))
        row[start : start + len(word)] = word
    return codes, labels.astype(np.float32)


def _train(net: StackNet, motifs: list[np.ndarray], random: np.random.Generator) -> float:
    """Train with Adam; return the AUC on 1,000 held-out sequences."""
    generator = torch.Generator().manual_seed(int(random.integers(2**31)))
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("weight") and parameter.ndim == 3:
                fan = parameter.shape[1] * parameter.shape[2]
                parameter.normal_(0, (2 / fan) ** 0.5, generator=generator)
            elif name.startswith("conv"):
                parameter.zero_()
    codes, labels = _sequences(motifs, SEQUENCES + 1000, random)
    x = nn.functional.one_hot(torch.from_numpy(codes.astype(np.int64)), 4).transpose(1, 2).float()
    y = torch.from_numpy(labels)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=EPOCHS * (SEQUENCES // 100))
    net.train()
    for _ in range(EPOCHS):
        order = torch.randperm(SEQUENCES, generator=generator)
        for rows in order.split(100):
            optimiser.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows])
            loss.backward()
            optimiser.step()
            schedule.step()
    net.eval()
    with torch.inference_mode():
        score = net(x[SEQUENCES:])[:, 0].numpy()
    held = labels[SEQUENCES:] > 0.5
    rank = np.argsort(np.argsort(score)) + 1
    positive = int(held.sum())
    return float((rank[held].sum() - positive * (positive + 1) / 2) / (positive * (len(held) - positive)))
