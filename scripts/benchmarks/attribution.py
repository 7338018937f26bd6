"""Attribution methods compared: completeness error, agreement with mutagenesis, seconds; and the speed of mutagenesis.

    python scripts/benchmarks/attribution.py [--sequences 50]

Prints two Markdown tables. The first has one row per net and method. The error is the median over sequences, and the
largest; the agreement is the correlation, over all bases of all sequences, of a method's contributions with those of
mutagenesis. The planted net adds up the words UGUAAA (+) and UUAUUU (-); "planted" is the share of the summed absolute
contribution that lies inside the words. The second has the time of one substitution where only what it changes is
worked out again, and by full passes in batches: of an output, and of a neuron, whose full pass is one over its window
alone; of 50-nt sequences (all substitutions, MRL net), and of 12,288-nt sequences (six-block net of random weights: 64
neighbouring bases in the middle of one for the output, the windows of eight for the neurons). The
difference of the two is a share of the largest value, and at least of 1.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
import torch
from torch import nn

from combmotif.attribution import METHODS, AttributionOptions, attribute
from combmotif.attribution.targets import TargetFunction, parse_target
from combmotif.inference import Edits, predict_edits
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.card import load_card
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
            found[method] = attribute(model, codes, "output:0", options=AttributionOptions(method=method))
        seconds[method] = time.perf_counter() - begun
    reference = np.concatenate(found["mutagenesis"].contributions)
    for method, result in found.items():
        own = np.concatenate(result.contributions)
        share = "" if inside is None else f"{np.abs(own[np.concatenate(inside)]).sum() / np.abs(own).sum():.2f}"
        print(
            f"| {name} | {method} | {np.median(result.errors):.3f} | {result.errors.max():.3f} | "
            f"{np.corrcoef(own, reference)[0, 1]:.2f} | {share} | {seconds[method] / len(codes) * 1000:.0f} |"
        )


def mutants(
    name: str, model: SequenceModel, codes: list[np.ndarray], target: str, *, middle: int | None = None
) -> None:
    """Print a row with the speed of mutagenesis; ``middle`` bases in the middle alone, of long inputs."""
    function = TargetFunction(model, parse_target(target, model))
    units = function.units(codes)
    alone, channel = function.alone
    own = [unit.codes for unit in units]
    half = len(own[0]) // 2
    edits = (
        Edits.substitutions(own)
        if middle is None
        else Edits.substitutions(own, start=half - middle // 2, stop=half + middle // 2)
    )
    few = np.unique(np.linspace(0, len(edits) - 1, min(len(edits), 2_000_000 // len(own[0]))).astype(int))
    values, seconds, how = {}, {}, ""
    predict_edits(alone, own, edits.select(few[:1]))
    for method, chosen in (("auto", edits), ("plain", edits.select(few))):
        begun = time.perf_counter()
        result = predict_edits(alone, own, chosen, method=method)
        seconds[method] = (time.perf_counter() - begun) / len(chosen) * 1000
        values[method] = result.values[:, channel]
        how = how or result.method
    difference = np.abs(values["auto"][few] - values["plain"]).max() / max(1.0, np.abs(values["plain"]).max())
    print(
        f"| {name} | {target} | {len(own[0]):,} | {how} | {seconds['auto']:.3f} | {seconds['plain']:.3f} | "
        f"{seconds['plain'] / seconds['auto']:.1f} | {difference:.1e} |"
    )


def table(*columns: str) -> None:
    """Print the head of a Markdown table."""
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=50)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    mrl, long = load_card("mrl"), SequenceModel("six blocks", CnnGru(width=64, blocks=6))
    table("net", "method", "error, median", "error, largest", "agreement", "planted", "ms per sequence")
    codes, inside = planted_sequences(asked.sequences, random)
    compare("planted", SequenceModel("planted", Planted()), codes, inside)
    codes = [random.integers(0, 4, 50).astype(np.uint8) for _ in range(asked.sequences)]
    compare("mrl", mrl, codes, None)
    table("input", "target", "nt read", "way chosen", "ms per substitution", "full passes", "ratio", "difference")
    for target in ("output:0", "conv3:0", "conv4:0"):
        mutants("50 nt, MRL net", mrl, codes, target)
    whole = [random.integers(0, 4, 12_288).astype(np.uint8) for _ in range(8)]
    mutants("12,288 nt, six blocks", long, whole[:1], "output:0", middle=64)
    for target in ("conv5:0", "conv7:0"):
        mutants("12,288 nt, six blocks", long, whole, target)


if __name__ == "__main__":
    main()
