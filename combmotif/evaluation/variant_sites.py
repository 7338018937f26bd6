"""Which neurons and motifs of a run a variant makes or breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import ContributionSection
from combmotif.core.typed_yaml import default_of
from combmotif.effect.insertion import KINDS
from combmotif.effect.marginal.contexts import informative_pattern
from combmotif.effect.marginal.summary import ALL
from combmotif.effect.pattern import Pattern
from combmotif.inference.background import active_level
from combmotif.inference.dense import scan_layers
from combmotif.models.model import SequenceModel
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.scanning.scan import GRID
from combmotif.runs.earlier import read_record
from combmotif.sequence.alphabet import UNKNOWN, decode

UNIFORM = np.full(4, 0.25)


@dataclass(frozen=True)
class SiteReader:
    """The neurons and motifs of a run, and what each needs for a site.

    Attributes
    ----------
    model : SequenceModel
    channels : dict of layer to integer array
        Neurons of each layer.
    levels : dict of layer to float array
        Activation from which a window of each is a site: the share of the way from background to maximum that the
        run's sites have.
    motifs : tuple of (id, Pattern)
        Each with its own score threshold.
    names : dict of str to str
        Known element of a motif, or of a neuron's first motif.
    effects : dict of str to float
        Marginal effects of motifs on the first output.
    """

    model: SequenceModel
    channels: dict[str, np.ndarray]
    levels: dict[str, np.ndarray]
    motifs: tuple[tuple[str, Pattern], ...]
    names: dict[str, str]
    effects: dict[str, float]

    def changes(
        self, names: Sequence[str], refs: Sequence[np.ndarray], alts: Sequence[np.ndarray], ends: np.ndarray
    ) -> list[dict[str, Any]]:
        """List the sites on the changed bases that only one of two sequences has.

        Parameters
        ----------
        names : sequence of str
            Of the variants.
        refs, alts : sequences of uint8 arrays
        ends : integer array, shape (variants, 2)
            Bases that both share at the 5' end, and at the 3' end beyond it.

        Returns
        -------
        list of dict
            Rows of `combmotif.core.tables.VARIANT_SITES`, by variant, neurons before motifs; ``row`` is the number of
            the variant.
        """
        spans = [
            np.stack([ends[:, 0], np.array([len(one) for one in codes]) - ends[:, 1]], 1) for codes in (refs, alts)
        ]
        sides = list(zip((refs, alts), spans, strict=True))
        rows: list[dict[str, Any]] = []
        peaks = [self._peaks(*side) for side in sides]
        for layer, channels in self.channels.items():
            found = [peak[layer] for peak in peaks]
            size = found[0][2]
            marks = [f"{layer}:{channel}" for channel in channels]
            rows += self._rows("neuron", marks, names, (refs, alts), [f[:2] for f in found], self.levels[layer], size)
        for motif, pattern in self.motifs:
            hits = [_motif_peaks(pattern, *side) for side in sides]
            least = np.array([pattern.threshold - GRID / 2])
            rows += self._rows("motif", [motif], names, (refs, alts), hits, least, len(pattern))
        return sorted(rows, key=lambda row: row["row"])

    def _peaks(self, codes: Sequence[np.ndarray], spans: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray, int]]:
        """Largest activation on the changed bases, its first window, (variants, neurons) each, and the field."""
        if not self.channels:
            return {}
        from combmotif.inference.geometry import known_geometry

        sizes = {layer: known_geometry(self.model, layer).receptive_field for layer in self.channels}
        widest = max(sizes.values())
        cuts = [
            (max(0, int(low) - widest + 1), min(len(one), int(high) + widest - 1))
            for one, (low, high) in zip(codes, spans, strict=True)
        ]
        pieces = [one[low:high] for one, (low, high) in zip(codes, cuts, strict=True)]
        result = {
            layer: (
                np.full((len(codes), len(own)), -np.inf), np.zeros((len(codes), len(own)), dtype=np.int64), sizes[layer]
            )
            for layer, own in self.channels.items()
        }  # fmt: skip
        for block in scan_layers(self.model, list(self.channels), pieces):
            for layer, own in self.channels.items():
                best, where, size = result[layer]
                for at, row in enumerate(block.rows.tolist()):
                    first = cuts[row][0] + block.start
                    windows = first + np.arange(block.values[layer].shape[2])
                    on = (windows > spans[row, 0] - size) & (windows < spans[row, 1]) & block.valid[layer][at]
                    if on.any():
                        values = block.values[layer][at][own][:, on]
                        top = values.argmax(1)
                        value = values[np.arange(len(own)), top]
                        better = value > best[row]
                        best[row, better] = value[better]
                        where[row, better] = windows[on][top][better]
        return result

    def _rows(
        self, of: str, ids: Sequence[str], names: Sequence[str], codes: tuple[Sequence[np.ndarray], ...],
        found: Sequence[tuple[np.ndarray, np.ndarray]], least: np.ndarray, size: int,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        (before, at_before), (after, at_after) = found
        letters = self.model.input_spec.alphabet
        for variant, column in np.argwhere((before >= least) != (after >= least)).tolist():
            made = bool(after[variant, column] >= least[column])
            start = int((at_after if made else at_before)[variant, column])
            values = (float(one[variant, column]) for one in (before, after))
            low, high = (value if np.isfinite(value) else float("nan") for value in values)
            yield {
                "row": variant,
                "variant": names[variant],
                "of": of,
                "id": ids[column],
                "name": self.names.get(ids[column], ""),
                "change": "made" if made else "broken",
                "before": low,
                "after": high,
                "threshold": float(least[column]),
                "start": start,
                "end": start + size,
                "site": decode(codes[made][variant][start : start + size], alphabet=letters),
                "effect": self.effects.get(ids[column], float("nan")),
            }


def _motif_peaks(pattern: Pattern, codes: Sequence[np.ndarray], spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best score of the windows on the changed bases, and its first position; (variants, 1) each."""
    size = len(pattern)
    width = int((spans[:, 1] - spans[:, 0]).max(initial=0)) + 2 * (size - 1)
    around = np.full((len(codes), max(width, size)), UNKNOWN, dtype=np.uint8)
    firsts = spans[:, 0] - size + 1
    for row, (one, first, last) in enumerate(zip(codes, firsts.tolist(), spans[:, 1].tolist(), strict=True)):
        low, high = max(first, 0), min(last + size - 1, len(one))
        around[row, low - first : high - first] = one[low:high]
    windows = around.shape[1] - size + 1
    total = np.zeros((len(codes), windows))
    for position, column in enumerate(pattern.scores):
        total += column[around[:, position : position + windows]]
    top = total.argmax(1)
    return total[np.arange(len(codes)), top][:, None], (firsts + top)[:, None]


def read_sites(run: str | Path, model: SequenceModel) -> SiteReader:
    """Read the neurons and motifs of a run folder.

    Parameters
    ----------
    run : path
    model : SequenceModel
        The model that the run interpreted.

    Returns
    -------
    SiteReader

    Raises
    ------
    FileNotFoundError, ValueError
        If it is no run folder, of another model, or its activations are not there yet.
    """
    folder = Path(run)
    record = read_record(folder)
    own = record.get("model", {})
    if own.get("fingerprint") != model.fingerprint():
        raise ValueError(
            f"--run {folder}: expected a run of the model '{model.name}', found one of '{own.get('name')}' with other "
            f"weights; give the model that the run interpreted"
        )
    config = record.get("config", {})  # as written: a net that was in memory has no section that could be read back
    share = float(config.get("contribution", {}).get("threshold", default_of(ContributionSection, "threshold")))
    path = folder / "neurons.tsv"
    if not path.is_file():
        raise ValueError(
            f"--run {folder}: it has no neurons.tsv; end the run with 'combmotif run CONFIG --out {folder}'"
        )
    neurons = pd.read_csv(path, sep="\t")
    if "background" not in neurons:
        raise ValueError(f"--run {folder}: its neurons.tsv is of an earlier version; run its config again")
    maxima = neurons["dataset_max"].fillna(neurons["max_activation"]).to_numpy(dtype=float)
    background = neurons["background"].to_numpy(dtype=float)
    neurons["level"] = np.where(maxima > background, active_level(background, maxima, share), np.inf)
    layers = {str(layer): part for layer, part in neurons.groupby("layer", sort=False)}
    paths = [folder / "motifs" / f"{name}.h5" for name in ("neuronmotif", "modisco", "seqlets")]
    found = [motif for path in paths if path.is_file() for motif in load_motifs(path)]
    least = float(config.get("discover", {}).get("reproduced", 0))
    length, letters = float(record.get("sequences", {}).get("max_length", 100)), model.input_spec.alphabet
    patterns = [
        (motif.id, informative_pattern(motif, background=UNIFORM, length=length, alphabet=letters))
        for motif in found
        if not motif.reproducibility < least
    ]
    return SiteReader(
        model,
        {layer: part["channel"].to_numpy(dtype=np.int64) for layer, part in layers.items()},
        {layer: part["level"].to_numpy(dtype=float) for layer, part in layers.items()},
        tuple(patterns),
        known_elements(folder),
        _effects(folder, model.outputs[0]),
    )


def known_elements(folder: Path) -> dict[str, str]:
    """Known element of every motif, what it is before what it contains, and of every neuron by its first motif."""
    path = folder / "matches.tsv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table["p"] = table["p_value"].astype(float)
    names: dict[str, str] = {}
    for row in table.sort_values(["relation", "p"], ascending=[False, True], kind="stable").itertuples():
        names.setdefault(str(row.motif), str(row.name) if row.relation == "is" else f"contains {row.name}")
    for motif in sorted(names):
        neuron, _, number = motif.rpartition(".")
        if number == "m1":
            names[neuron] = names[motif]
    return names


def _effects(folder: Path, output: str) -> dict[str, float]:
    path = folder / "motif_effects.tsv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path, sep="\t", dtype={"motif": str, "output": str})
    plain = table[(table["background"] == ALL) & (table["inserted"] == KINDS[1]) & (table["output"] == output)]
    return dict(zip(plain["motif"], plain["effect"].astype(float), strict=True))
