"""Small nets whose right answer is known because their kernels are written by hand: `from toy_models import ...`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import nn

CODES = {letter: code for code, letter in enumerate("ACGT")} | {"U": 3}


def kmer_conv(
    kmers: Sequence[str],
    *,
    bias: float | Callable[[str], float] = 0.0,
    channels: int = 4,
    width: int = 0,
    start: int = 0,
) -> nn.Conv1d:
    """Make a convolution whose row i counts the nucleotides of ``kmers[i]`` that stand where they should.

    Parameters
    ----------
    kmers : sequence of str
        N is any nucleotide, and counts for none.
    bias : float, or a function of the k-mer
        ``detect`` gives 1 for a whole k-mer and 0 or less for any other.
    channels : int
        Four, and tracks, which are not read.
    width, start : int
        Of the kernel, default the longest k-mer; and where in it k-mers begin.
    """
    conv = nn.Conv1d(channels, len(kmers), width or max(map(len, kmers)))
    with torch.no_grad():
        conv.weight.zero_()
        for row, kmer in enumerate(kmers):
            conv.bias[row] = bias(kmer) if callable(bias) else bias
            for place, letter in enumerate(kmer, start):
                if letter != "N":
                    conv.weight[row, CODES[letter], place] = 1
    return conv


def detect(kmer: str) -> float:
    """Bias with which a row of `kmer_conv` is 1 on its k-mer, and at most 0 elsewhere."""
    return 1.0 - sum(letter != "N" for letter in kmer)


def forgiving(kmer: str) -> float:
    """Bias with which a row of `kmer_conv` is 3 on its k-mer, 2 and 1 on one and two mismatches."""
    return detect(kmer) + 2.0


class KmerSum(nn.Module):
    """Forgiving detectors of k-mers, a max-pool, and neurons that add up detectors at places of the pooled map.

    Layers are ``conv1``, ``pool`` and ``conv2``; the receptive field of the neurons is
    ``len(kmer) - 1 + pool * width``.

    Parameters
    ----------
    kmers : sequence of str, all of one length
    neurons : sequence of dict of (k-mer number, place) to weight
    pool, width : int
        Of the pool, and of the last convolution.
    bias : float
        Of the neurons.
    """

    def __init__(
        self,
        kmers: Sequence[str],
        neurons: Iterable[Mapping[tuple[int, int], float]],
        *,
        pool: int = 2,
        width: int = 1,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        neurons = list(neurons)
        self.conv1 = kmer_conv(kmers, bias=forgiving)
        self.pool = nn.MaxPool1d(pool)
        self.conv2 = nn.Conv1d(len(kmers), len(neurons), width)
        with torch.no_grad():
            self.conv2.weight.zero_()
            self.conv2.bias.fill_(bias)
            for row, places in enumerate(neurons):
                for (kmer, place), weight in places.items():
                    self.conv2.weight[row, kmer, place] = weight

    def hidden(self, x: torch.Tensor) -> torch.Tensor:
        """Neurons at every place, (batch, neurons, places)."""
        return self.conv2(self.pool(torch.relu(self.conv1(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, length) to the largest value of every neuron."""
        return self.hidden(x).amax(2)


class KmerOutput(nn.Module):
    """Exact detectors of k-mers in ``conv``, their largest values, and one output that ``combine`` makes of them.

    ``composition`` times the share of C is added, so that scrambles that change the nucleotides are seen as well.
    """

    def __init__(
        self, kmers: Sequence[str], combine: Callable[[torch.Tensor], torch.Tensor], *, composition: float = 0.0
    ) -> None:
        super().__init__()
        self.conv = kmer_conv(kmers, bias=detect)
        self.combine = combine
        self.composition = composition

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, length) to (batch, 1)."""
        present = torch.relu(self.conv(x)).amax(2)
        return (self.combine(present) + self.composition * x[:, 1].mean(1)).unsqueeze(1)
