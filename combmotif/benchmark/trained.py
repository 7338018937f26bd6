"""Nets trained on sequences with planted motifs."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from combmotif.benchmark.nets import NORMS, StackNet
from combmotif.benchmark.shapes import Shape, draw_motifs, instance
from combmotif.benchmark.truth import Instance, Truth

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
