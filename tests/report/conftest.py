"""A small run folder whose every number is known, made without running a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from combmotif.core.tables import CONTRIBUTION, INTERACTIONS, MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sampling.samples import Samples

RECEPTIVE_FIELD = 24
SIZES = {"conv3:0.m1": (-1.1, "negative"), "conv3:5.m1": (0.24, "positive"), "conv3:2.m1": (0.01, "neutral")}
WORDS = (
    ("GCCACCAUGG", "upstream AUG", "translation", "start codons"),
    ("UGUAAAUA", "PUM2", "rbp", "PUF"),
    ("UAUUUAUU", "ZFP36", "rbp", "AU-rich binders"),
    ("CUACCUCA", "let-7", "mirna", "let-7"),
    ("CAAUAAAC", "polyadenylation signal", "processing", ""),
    ("UUUUUUC", "HNRNPC", "rbp", "poly-U binders"),
    ("GGACU", "m6A (DRACH)", "modification", ""),
    ("CCCUCCC", "", "", ""),
)


def _pfm(word: str, sites: int, rng: np.random.Generator, columns: int) -> np.ndarray:
    purity = rng.uniform(0.82, 0.99, len(word))
    pfm = np.outer(sites * (1 - purity) / 3, np.ones(4))
    pfm[np.arange(len(word)), ["ACGU".index(c) for c in word]] = sites * purity
    flank = np.round(rng.dirichlet(np.full(4, 6.0), max(0, columns - len(word))) * sites)
    return np.concatenate([flank[: len(flank) // 2], np.round(pfm), flank[len(flank) // 2 :]])


def _demixing(motifs: list[dict]) -> tuple[list[dict], list[dict]]:
    """Two levels of groups above the motifs of each neuron, and a spacing for motifs of 8 columns or more."""
    tree, syntax = [], []
    owners: dict[tuple[str, int], list[dict]] = {}
    for row in motifs:
        owners.setdefault((row["layer"], row["channel"]), []).append(row)
    for (layer, channel), own in owners.items():
        shared = {"layer": layer, "neuron": f"{layer}:{channel}", "max_activation": 8, "consensus_activation": 6,
                  "purity": 0.7, "information": 5.5}  # fmt: skip
        tree.append(shared | {"node": "0", "parent": "", "feature_layer": "", "sites": 999, "consensus": "NNNN",
                              "motif": ""})  # fmt: skip
        by = "motif" if channel == 1 else "conv2"
        for k, row in enumerate(own):
            tree.append(shared | {"node": f"0.{k}", "parent": "0", "feature_layer": by, "sites": row["sites"],
                                  "consensus": row["consensus"], "motif": row["motif"]})  # fmt: skip
            if row["length"] >= 8:
                syntax.append({"layer": layer, "neuron": f"{layer}:{channel}", "motif": row["motif"],
                               "part_a": row["consensus"][:3], "part_b": row["consensus"][5:], "start_a": 0,
                               "start_b": 5, "kind": "range", "spacing_min": 2, "spacing_max": 4, "spacing_mode": 2,
                               "sequences": 300, "distribution": "2:200;3:60;4:40"})  # fmt: skip
    return tree, syntax


def write_run(
    path: Path,
    *,
    neurons: int = 8,
    motifs: int = 3,
    pairs: int = 6,
    full: bool = False,
    layers: int = 1,
    seed: int = 1,
) -> Path:
    """Write a whole run folder: `neurons` of conv3 with up to `motifs` motifs each, `pairs` pairs.

    Neuron conv3:0 has the upstream AUG and lowers the prediction by 1.21; the last neuron gave no motif. As large as a
    real run where it is `full`: exactly so many motifs, 20 columns each, with their sample sequences. Several `layers`
    are conv1, conv2 ...
    """
    rng = np.random.default_rng(seed)
    (path / "motifs").mkdir(parents=True, exist_ok=True)
    made, motif_rows, match_rows, neuron_rows, site_rows, effect_rows, targets = [], [], [], [], [], [], {}
    for channel in range(neurons):
        each = -(-neurons // layers)
        layer, local = ("conv3", channel) if layers == 1 else (f"conv{channel // each + 1}", channel % each)
        name, dead = f"{layer}:{local}", channel == neurons - 1
        n_motifs = 0 if dead else motifs if full else 1 + (channel + motifs - 1) % motifs
        neuron_rows.append({
            "neuron": name, "layer": layer, "channel": local, "receptive_field": RECEPTIVE_FIELD,
            "samples": 0 if dead else int(rng.integers(900, 4000)),
            "max_activation": "" if dead else round(8 - channel / 10, 3),
            "dataset_max": round(6 - channel / 10, 3), "generations": 40, "converged": channel != 2,
            "motifs": n_motifs,
            "status": "empty: no sequence excites it" if dead else "done",
        })  # fmt: skip
        for k in range(1, n_motifs + 1):
            word, element, kind, family = WORDS[(channel + 3 * (k - 1)) % len(WORDS)]
            sites, start = int(rng.integers(80, 900)), int(rng.integers(0, RECEPTIVE_FIELD - len(word)))
            start = min(start, RECEPTIVE_FIELD - 20) if full else start
            peak = 8 - channel / 10 - k / 2
            motif = Motif(
                id=f"{layer}:{local}.m{k}", pfm=_pfm(word, sites, rng, 20 if full else 0), sites=sites, layer=layer,
                neuron=local,
                method="neuronmotif", start=start, max_activation=peak, mean_activation=peak * 0.6,
                consensus_activation=peak * rng.uniform(0.85, 1.0), share=1 / (k + 1),
                offsets=(0, 2) if k == 2 else (0,),
            )  # fmt: skip
            made.append(motif)
            motif_rows.append({
                "motif": motif.id, "layer": layer, "channel": local, "consensus": motif.consensus(),
                "length": len(motif),
                "start": start, "end": start + len(motif), "sites": sites, "share": motif.share,
                "max_activation": motif.max_activation, "mean_activation": motif.mean_activation,
                "consensus_activation": motif.consensus_activation, "purity": motif.purity,
                "information": motif.information.sum(), "offsets": ",".join(map(str, motif.offsets)),
                "segments": f"0-{len(motif)}", "family": WORDS.index((word, element, kind, family)),
            })  # fmt: skip
            if not element:
                continue
            for rank, shift in enumerate((0, -1)):
                target = f"{element.split()[0]}_{rank + 1}"
                padded = (("N" * -shift) + word)[: len(word)]
                ppm = np.full((len(padded), 4), 0.25)
                for i, letter in enumerate(padded):
                    if letter != "N":
                        ppm[i] = 0.03
                        ppm[i, "ACGU".index(letter)] = 0.91
                targets[target] = ppm
                match_rows.append({
                    "motif": motif.id, "target": target, "name": element if rank == 0 else f"{element} (second)",
                    "kind": kind, "family": family, "database": "builtin", "offset": shift,
                    "overlap": len(word) + shift,
                    "strand": "+", "p_value": 10.0 ** -(9 - k - 5 * rank), "e_value": 10.0 ** -(7 - k - 5 * rank),
                    "q_value": 10.0 ** -(7 - k - 4.5 * rank), "query_consensus": motif.consensus(),
                    "target_consensus": padded,
                    "citation": "Example 2020", "method": "word", "relation": "is", "start": 0,
                    "end": len(word), "partner": "", "distance": np.nan, "frame": np.nan,
                })  # fmt: skip
        if full and not dead:
            codes = rng.integers(0, 4, (200, RECEPTIVE_FIELD)).astype(np.uint8)
            for at, motif in enumerate(made[-n_motifs:]):
                codes[at::n_motifs, motif.start : motif.start + len(motif)] = motif.ppm.argmax(1)
            strengths = np.linspace(8, 1, 200, dtype=np.float32)
            Samples(layer, local, codes, strengths, "evolve").save(path / "samples" / layer / f"{local}.npz")
        if not dead:
            word, start = WORDS[channel % len(WORDS)][0], 6
            for s in range(8):
                letters = rng.choice(list("ACGU"), RECEPTIVE_FIELD)
                letters[start : start + len(word)] = list(word)
                site_rows.append({
                    "neuron": name, "sequence": f"seq_{s}|<b>&\"{channel}", "start": 5 * s,
                    "end": 5 * s + RECEPTIVE_FIELD,
                    "activation": round(6 - channel / 10 - s / 7, 4), "site": "".join(letters),
                })  # fmt: skip
        for outcome in ("prediction:mrl", "label:rl"):
            kinds = ("negative", "positive", "neutral", "undetermined", "discordant", "positive", "negative")
            kind = "untestable" if dead else kinds[channel % len(kinds)]
            value = {"negative": -1.21 + channel / 10, "positive": 0.9 - channel / 12, "discordant": 0.4}.get(
                kind, 0.05
            )
            half = 0.16 + 0.02 * (channel % 5)
            row = dict.fromkeys(CONTRIBUTION.names, np.nan) | {
                "neuron": name, "outcome": outcome, "threshold": 0.7, "n_active": 3 if dead else 118 + channel,
                "n_inactive": 382 - channel, "class": kind,
                "reason": "3 active sequences, 10 needed" if dead else "example",
            }  # fmt: skip
            if not dead:
                row |= {
                    "effect": value, "ci_low": value - half, "ci_high": value + half,
                    "q_welch": 1e-9 if abs(value) > 0.3 else 0.4,
                    "auc": 0.5 + value / 4, "adjusted_effect": (-0.5 if kind == "discordant" else 0.8) * value,
                    "adjusted_ci_low": (-0.5 if kind == "discordant" else 0.8) * value - half,
                    "adjusted_ci_high": (-0.5 if kind == "discordant" else 0.8) * value + half,
                }  # fmt: skip
            effect_rows.append(row)

    tree_rows, syntax_rows = _demixing(motif_rows)
    spacing_rows, control_rows = [], []
    kinds = (
        "super-additive",
        "sub-additive",
        "additive",
        "one motif only",
        "too few sequences",
        "opposing",
        "neutral",
        "undetermined",
    )
    pair_rows, instance_rows = [], []
    for k in range(pairs):
        a, b = made[k % len(made)], made[(2 * k + 1) % len(made)]
        kind = kinds[k % len(kinds)]
        e = {"super-additive": -0.35, "sub-additive": 0.42}.get(kind, 0.02)
        n_sequences = 4 if kind == "too few sequences" else 60 + 80 * k
        row = dict.fromkeys(INTERACTIONS.names, np.nan) | {
            "pair": f"{a.id}+{b.id}", "motif_a": a.id if k % 2 else f"{a.id}[1:6]", "motif_b": b.id,
            "name_a": a.consensus(),
            "name_b": b.consensus(), "sequences": n_sequences, "placements": 2 * n_sequences, "class": kind,
            "reason": "4 sequences, 6 needed" if kind == "too few sequences" else "example", "scale_dependent": False,
        }  # fmt: skip
        if kind != "too few sequences":
            row |= {
                "joint": -1.5 + e, "a_alone": -1.0, "b_alone": -0.5, "a_in_context": -1.0 + e,
                "b_in_context": -0.5 + e,
                "epistasis": e, "epistasis_ci_low": e - 0.08, "epistasis_ci_high": e + 0.08,
                "p_value": 1e-8 if abs(e) > 0.1 else 0.3, "q_value": 1e-7 if abs(e) > 0.1 else 0.5,
            }  # fmt: skip
            control_rows += [(row["pair"], value) for value in np.linspace(-0.3, 0.3, 101)]
            spacing_rows += [(row["pair"], gap, 9, e + gap / 90, e + gap / 90 - 0.1, e + gap / 90 + 0.1)
                             for gap in range(0, 25, 4)]  # fmt: skip
            for s in range(n_sequences):
                for _ in range(2):
                    n = rng.normal(7, 0.4)
                    noise = rng.normal(0, 0.2)
                    spacing = int(rng.integers(0, 25))
                    instance_rows.append((
                        row["pair"], f"seq_{s}", 3, 9, 9 + spacing, 15 + spacing, spacing,
                        n - 1.5 + e + noise, n - 0.5, n - 1.0, n, e + noise,
                    ))  # fmt: skip
        pair_rows.append(row)

    motif_set = MotifSet(tuple(made), method="neuronmotif", alphabet="rna")
    save_motifs(motif_set, path / "motifs" / "neuronmotif.h5")
    write_meme(motif_set, path / "motifs" / "neuronmotif.meme")
    known = [Motif(id=i, pfm=ppm * 100, sites=100, method="builtin") for i, ppm in targets.items()]
    write_meme(MotifSet(tuple(known), alphabet="rna"), path / "motifs" / "targets.meme")
    instances = pd.DataFrame(
        instance_rows,
        columns=["pair", "sequence", "start_a", "end_a", "start_b", "end_b", "spacing", "o", "a", "b", "n", "e"],
    )
    for file, table in {
        "neurons.tsv": pd.DataFrame(neuron_rows), "motifs/neuronmotif.tsv": pd.DataFrame(motif_rows),
        "matches.tsv": pd.DataFrame(match_rows), "contribution.tsv": pd.DataFrame(effect_rows),
        "interactions.tsv": pd.DataFrame(pair_rows), "interaction_instances.tsv.gz": instances,
        "sites.tsv.gz": pd.DataFrame(site_rows),
        "activations.tsv": pd.DataFrame({"sequence": [f"seq_{s}" for s in range(200)]}
        | {row["neuron"]: np.round(np.linspace(-2, max(1, row["dataset_max"]), 200), 3) for row in neuron_rows}),
        "motifs/tree.tsv": pd.DataFrame(tree_rows), "motifs/syntax.tsv": pd.DataFrame(syntax_rows),
        "interaction_controls.tsv.gz": pd.DataFrame(control_rows, columns=["pair", "e"]),
        "interaction_spacing.tsv": pd.DataFrame(spacing_rows,
        columns=["pair", "spacing", "sequences", "e", "low", "high"]),
    }.items():  # fmt: skip
        table.to_csv(path / file, sep="\t", index=False, float_format="%.6g")
    stages = ("samples", "motifs", "matches", "activations", "contribution", "interaction")
    record = {
        "combmotif": "0.1.0",
        "config": {
            "model": {"card": "optimus5p"}, "sequences": {"kind": "fasta", "path": "utr5.fa", "limit": 500},
            "neurons": {"layer": "conv3", "select": f"0-{neurons - 1}"}, "discover": {"method": "neuronmotif",
            "purity": 0.95},
            "match": {"databases": ["builtin"], "q": 0.05, "top": 5}, "contribution": {"outcome": "both",
            "threshold": 0.7},
            "interaction": {"pairs": "from_motifs", "scrambles": 32, "mode": "shuffle"}, "device": "cpu", "seed": 7,
        },
        "seed": 7,
        "versions": {"python": "3.11.7", "torch": "2.13.0", "numpy": "2.2.1"},
        "model": {
            "name": "optimus5p", "fingerprint": "sha256:6f1c0a2b9d7e", "parameters": 474_681, "outputs": ["mrl"],
            "description": {
                "kind": "optimus5p", "description": "Mean ribosome load of a 50-nt 5'UTR.", "limits": "50 nt <only>",
                "outputs": [{"name": "mrl", "unit": "ribosomes per mRNA", "meaning": "more translation"}],
                "training": {"data": "egfp_unmod_1"},
                "metrics": [{"name": "r2", "value": 0.934, "data": "20,000 UTRs"}],
            },
            "layers": [
                {"layer": "conv1", "neurons": 120, "receptive_field": 8, "stride": 1, "offset": 0},
                {"layer": "conv2", "neurons": 120, "receptive_field": 15, "stride": 1, "offset": 0},
                {"layer": "conv3", "neurons": 120, "receptive_field": RECEPTIVE_FIELD, "stride": 1, "offset": 0},
            ],
        },
        "sequences": {
            "source": "utr5.fa", "count": 500, "checksum": "sha256:aa51", "min_length": 50, "max_length": 50,
            "ambiguous": 0,
            "label_names": ["rl"],
        },
        "stages": {s: {"status": "done", "seconds": 12.5, "tasks": neurons, "reused": 0} for s in stages},
        "warnings": ["neuron conv3:2 did not converge in 40 generations; its motifs may be incomplete"],
        "peak_memory_mb": 912.4,
    }  # fmt: skip
    (path / "run.json").write_text(json.dumps(record))
    return path


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Path]:
    """The function that writes a run folder; see `write_run`."""
    return write_run


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run folder of 8 neurons, freely changed by a test."""
    return write_run(tmp_path / "run")


@pytest.fixture
def measured(run_folder: Path) -> Path:
    """The run folder with effects of its motifs: one lowers, one raises, the rest are not detected."""
    motifs = pd.read_csv(run_folder / "motifs" / "neuronmotif.tsv", sep="\t")
    effects, positions = [], []
    for motif, consensus in zip(motifs["motif"], motifs["consensus"], strict=True):
        value, kind = SIZES.get(motif, (0.05, "no effect detected"))
        who = {"motif": motif, "consensus": consensus, "output": "mrl"}
        for background, inserted, size in (
            ("all", "draws", value),
            ("all", "best k-mer", 1.2 * value),
            ("without AUG", "draws", 1.5 * value),
            ("with AUG", "draws", 0.5 * value),
            ("sequences", "own sites", value),
        ):
            effects.append(
                who
                | {
                    "inserted": inserted, "background": background, "n": 500, "places": 1000, "effect": size,
                    "ci_low": size - 0.04, "ci_high": size + 0.04, "p_value": 1e-9, "q_value": 1e-8, "margin": 0.12,
                    "detectable": 0.06, "fallback": 0, "class": kind, "reason": "example",
                }
            )  # fmt: skip
        for start in range(0, 40, 10):
            positions.append(who | {"background": "all", "kind": "position", "start": start, "end": start + 9,
                                    "unit": "nt", "n": 200, "effect": value, "ci_low": value - 0.1,
                                    "ci_high": value + 0.1})  # fmt: skip
        for frame in range(3):
            positions.append(who | {"background": "all", "kind": "frame", "start": frame, "end": frame,
                                    "unit": "nt modulo 3", "n": 300, "effect": value * frame,
                                    "ci_low": np.nan, "ci_high": np.nan})  # fmt: skip
    MOTIF_EFFECTS.frame(effects).to_csv(run_folder / "motif_effects.tsv", sep="\t", index=False)
    MOTIF_POSITIONS.frame(positions).to_csv(run_folder / "motif_positions.tsv", sep="\t", index=False)
    record = json.loads((run_folder / "run.json").read_text())
    record["config"]["effects"] = {"backgrounds": 500}
    record["stages"]["effects"] = {"status": "done", "seconds": 3.0}
    (run_folder / "run.json").write_text(json.dumps(record))
    return run_folder
