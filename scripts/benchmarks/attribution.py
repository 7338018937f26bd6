"""Attribution methods compared: completeness error, agreement with mutagenesis, seconds; and the speed of mutagenesis.

    python scripts/benchmarks/attribution.py [--sequences 50] [--long]

Prints one row per net and method. The error is the median over sequences; the agreement is the correlation, over all
bases of all sequences, of a method's contributions with those of mutagenesis. The planted net adds up the words UGUAAA
(+) and UUAUUU (-); "planted" is the share of the summed absolute contribution that lies inside the words. With --long,
mutagenesis of one 12,288-nt input by a six-block net of random weights: all substitutions of 64 neighbouring bases in
the middle, working out what changes against full passes.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import torch
from torch import nn

from combmotif.attribution import METHODS, AttributionOptions, attribute
from combmotif.inference.edits import Edits
from combmotif.inference.perturb import predict_edits
from combmotif.models.card import load_card
from combmotif.models.cnn_gru import CnnGru
from combmotif.models.model import SequenceModel
from combmotif.sequence import encode

WORDS = ("UGUAAA", "UUAUUU")


class Planted(nn.Module):
    """Detectors of two words, added up with opposite signs through a tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 2, 6)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.bias.fill_(-3.5)
            for row, word in enumerate(WORDS):
                for place, base in enumerate(encode(word)):
                    self.conv.weight[row, int(base), place] = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.conv(x)).sum(2)
        return torch.tanh(found[:, 0] / 3) - torch.tanh(found[:, 1] / 3)


def planted_sequences(count: int, random: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Random 50-nt sequences with one word each, and which bases are the word's."""
    codes, inside = [], []
    for row in range(count):
        own = random.integers(0, 4, 50).astype(np.uint8)
        start = int(random.integers(0, 45))
        own[start : start + 6] = encode(WORDS[row % 2])
        codes.append(own)
        inside.append((np.arange(50) >= start) & (np.arange(50) < start + 6))
    return codes, inside


def compare(name: str, model: SequenceModel, codes: list[np.ndarray], inside: list[np.ndarray] | None) -> None:
    """Print a row per method."""
    found, seconds = {}, {}
    for method in METHODS:
        begun = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[method] = attribute(model, codes, "output:0", options=AttributionOptions(method))
        seconds[method] = time.perf_counter() - begun
    reference = np.concatenate(found["mutagenesis"].contributions)
    for method, result in found.items():
        own = np.concatenate(result.contributions)
        share = "" if inside is None else f"{np.abs(own[np.concatenate(inside)]).sum() / np.abs(own).sum():.2f}"
        print(
            f"{name}\t{method}\t{np.median(result.errors):.3f}\t{np.corrcoef(own, reference)[0, 1]:.2f}\t{share}\t"
            f"{seconds[method] / len(codes) * 1000:.0f}"
        )


def long_mutagenesis() -> None:
    """Print how much faster a long input's mutagenesis is."""
    model = SequenceModel("six blocks", CnnGru(width=64, blocks=6))
    own = np.random.default_rng(0).integers(0, 4, 12_288).astype(np.uint8)
    places, bases = np.nonzero((np.arange(4) != own[:, None]) & (abs(np.arange(12_288) - 6144) < 32)[:, None])
    letters = bases[:, None].astype(np.uint8)
    seconds, values = {}, {}
    for method, count in (("incremental", len(places)), ("plain", 24)):
        edits = Edits.of(np.zeros(count, np.int64), [(places[:count], letters[:count])])
        begun = time.perf_counter()
        values[method] = predict_edits(model, [own], edits, method=method).values
        seconds[method] = (time.perf_counter() - begun) / count
    difference = np.abs(values["incremental"][:24] - values["plain"]).max()
    print(
        f"12,288 nt, six blocks: {seconds['incremental'] * 1000:.2f} ms per substitution, full passes "
        f"{seconds['plain'] * 1000:.2f} ms, {seconds['plain'] / seconds['incremental']:.1f}x, largest difference "
        f"{difference:.1e}"
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=50)
    parser.add_argument("--long", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    print("net\tmethod\terror\tagreement\tplanted\tms_per_sequence")
    codes, inside = planted_sequences(asked.sequences, random)
    compare("planted", SequenceModel("planted", Planted()), codes, inside)
    codes = [random.integers(0, 4, 50).astype(np.uint8) for _ in range(asked.sequences)]
    compare("mrl", load_card("mrl"), codes, None)
    if asked.long:
        long_mutagenesis()


if __name__ == "__main__":
    main()
