"""The record of every neuron that its page is drawn from, opened one at a time by the reader."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from combmotif.report import wording
from combmotif.report.encode import compact
from combmotif.report.folder import RunFolder, mapping
from combmotif.report.sections.activations import Histogram, histograms
from combmotif.report.sections.behind import Behind, sequences_behind
from combmotif.report.sections.effects import Effect, all_effects
from combmotif.report.sections.matches import Match
from combmotif.report.sections.motif_effects import Curves, effect_records, position_curves
from combmotif.report.sections.neurons import MotifView, NeuronView
from combmotif.report.sections.sites import top_sites

_RELATIVES = 12
_PLAIN = 5.0  # per cent of the variance that are worth a sentence
MOST_NODES = 400


def _match(match: Match) -> dict[str, Any]:
    return {
        "t": match.target, "n": match.name, "k": match.kind_words, "f": match.family, "db": match.database,
        "off": match.offset, "ov": match.overlap, "s": match.strand, "p": match.p, "q": match.q,
        "sig": match.significant, "word": match.contains, "read": match.reading, "tc": match.consensus,
        "cit": match.citation, "chance": match.chance,
    }  # fmt: skip


def _motif(view: MotifView, behind: Behind | None, curves: Curves) -> dict[str, Any]:
    row = view.row
    shifts = [s.strip().replace("-", "−") for s in str(row["offsets"]).strip("[]()").split(",")]
    shifted = ", ".join(s for s in shifts if s not in ("", "0"))
    return {
        "id": view.id, "consensus": row["consensus"], "sites": row["sites"], "share": row["share"],
        "purity": row["purity"], "bits": row["information"], "max": row["max_activation"],
        "mean": row["mean_activation"], "cons": row["consensus_activation"], "start": row["start"], "end": row["end"],
        "offsets": f"{shifted} nt" if shifted else "", "method": row["method"],
        "again": row["reproducibility"], "explained": row["explained"],
        "known": view.known.name if view.known else "", "matches": [_match(m) for m in view.matches],
        "alike": view.alike[:_RELATIVES], "fitting": behind.fitting if behind else 0,
        "behind": [list(r) for r in behind.rows] if behind else [], "effect": effect_records(view.effects, curves),
    }  # fmt: skip


def _effect(effect: Effect, *, shown: bool) -> dict[str, Any]:
    return {
        "outcome": wording.outcome(effect.outcome), "threshold": effect.threshold, "kind": effect.kind,
        "reason": f"{effect.reason[:1].upper()}{effect.reason[1:]}".rstrip(".") + "." if effect.reason else "",
        "observed": effect.observed, "adjusted": effect.adjusted, "site": effect.site, "clamp": effect.clamp,
        "q": effect.q, "auc": effect.auc, "active": effect.n_active, "inactive": effect.n_inactive, "shown": shown,
    }  # fmt: skip


def sentence(view: NeuronView) -> str:
    """Say in words what a neuron sees and does."""
    field = view.row["receptive_field"]
    sees = f"{view.name} looks at {wording.count(field)} nt at a time" if math.isfinite(field) else f"{view.name}"
    if not view.motifs:
        return f"{sees}; no motif was found for it."
    first = view.motifs[0]
    parts = [f"{sees} and answers most strongly to {first.row['consensus']} ({first.id})"]
    if not math.isfinite(field):
        parts = [f"The first of its motifs is {first.row['consensus']} ({first.id})"]
    if first.known:
        how = first.known.reading if first.known.contains else f"q {wording.p_value(first.known.q)}"
        parts[0] += f", which {first.known.phrase}{f' ({how})' if how else ''}"
    else:
        others = [m for m in view.motifs[1:] if m.known]
        if others and others[0].known:
            parts[0] += f"; another of its motifs, {others[0].id}, {others[0].known.phrase}"
    own = first.effect
    if own and own.kind in ("positive", "negative"):
        does = "raises" if own.value > 0 else "lowers"
        size = wording.number(abs(own.value))
        parts.append(f"Inserted into {wording.count(own.n)} backgrounds, this motif {does} {own.output} by {size}")
    effect = view.effects[0] if view.effects else None
    if effect and math.isfinite(effect.value) and effect.kind in ("positive", "negative", "discordant"):
        way = "higher" if effect.value > 0 else "lower"
        words = wording.outcome(effect.outcome)
        parts.append(f"Where it is active, the {words} is {way} by {wording.number(abs(effect.value))}")
    return ". ".join(parts) + "."


def faithfulness_sentence(view: NeuronView) -> str:
    """Say how much of a neuron's activation its motifs explain on the run's sequences, and what they do not."""
    row = view.row
    if not view.motifs or not math.isfinite(row["r2"]):
        return ""
    own, shuffled, all_bases = (100 * max(0.0, row[name]) for name in ("r2", "r2_shuffled", "r2_windows"))
    said = (
        f"On windows of held-out sequences its motifs predict {own:.0f} % of the variance of its activation (shuffled "
        f"motifs {shuffled:.0f} %, all bases of the window {all_bases:.0f} %)"
    )
    if all_bases - own >= _PLAIN:
        said += f"; what they do not explain lies in other bases and combinations, {all_bases - own:.0f} % at least"
    said += "."
    if math.isfinite(row["kept"]):
        said += (
            f" The 1 % that excite it most keep {100 * row['kept']:.0f} % of their activation by the motifs' "
            f"nucleotides alone, {100 * row['nucleotides']:.0f} % of all, and {100 * row['kept_random']:.0f} % by as "
            "many others."
        )
    return said


def _tree(run: RunFolder) -> dict[str, list[dict[str, Any]]]:
    trees: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in run.tables["tree"].to_dict("records"):
        if len(trees[row["neuron"]]) < MOST_NODES:
            trees[row["neuron"]].append({
                "node": row["node"], "parent": row["parent"], "layer": row["feature_layer"], "sites": row["sites"],
                "max": row["max_activation"], "purity": row["purity"], "consensus": row["consensus"],
                "motif": row["motif"],
            })  # fmt: skip
    return trees


def distribution(text: str) -> list[tuple[int, int]]:
    """Read "3:120;4:80" as (spacing, sequences); what is no such pair is left out."""
    pairs = []
    for part in text.split(";"):
        spacing, _, amount = part.partition(":")
        try:
            pairs.append((int(float(spacing)), int(float(amount))))
        except ValueError:
            continue
    return pairs


def _syntax(run: RunFolder) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in run.tables["syntax"].to_dict("records"):
        found[row["neuron"]].append({
            "motif": row["motif"], "a": row["part_a"], "b": row["part_b"], "kind": row["kind"],
            "min": row["spacing_min"], "max": row["spacing_max"], "mode": row["spacing_mode"],
            "sequences": row["sequences"], "distribution": distribution(row["distribution"]),
        })  # fmt: skip
    return found


def _histogram(found: Histogram | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"low": found.low, "high": found.high, "counts": list(found.counts), "mark": found.mark}


def neuron_records(
    run: RunFolder, views: list[NeuronView], partners: dict[str, list[tuple[str, str, str]]]
) -> list[dict[str, Any]]:
    """Prepare the record of every neuron, in order.

    Parameters
    ----------
    run : RunFolder
    views : list of NeuronView
    partners : dict
        Motif id to the pairs it was tested in: (anchor, name of the pair, class).
    """
    wanted = mapping(run.config.get("contribution")).get("threshold")
    threshold = float(wanted) if isinstance(wanted, int | float) else 0.7
    maxima = {v.name: v.row["dataset_max"] for v in views}
    rest = {v.name: float(v.row.get("background", 0.0)) for v in views}
    counts = histograms(run.path / "activations.tsv", [v.name for v in views], maxima, threshold, rest)
    trees, syntaxes, effects = _tree(run), _syntax(run), all_effects(run)
    curves, sites = position_curves(run), defaultdict(list)
    for site in run.tables["sites"].to_dict("records"):
        sites[site["neuron"]].append(site)
    records = []
    for view in views:
        matrices = [run.motifs[m.id] for m in view.motifs if m.id in run.motifs]
        own = [m for m in matrices if m.method in ("neuronmotif", "")]
        layer, _, channel = view.name.rpartition(":")
        samples = run.path / "samples" / layer / f"{channel}.npz"
        behind = sequences_behind(samples, own, alphabet=run.alphabet) if layer else {}
        pairs = {pair: None for m in view.motifs for pair in partners.get(m.id, [])}
        row = view.row
        chosen = {(e.outcome, str(e.threshold)) for e in view.effects}
        records.append(compact({
            "name": view.name, "anchor": view.anchor, "sentence": sentence(view),
            "faithful": faithfulness_sentence(view), "auroc": row["auroc"],
            "layer": row["layer"], "field": row["receptive_field"], "samples": row["samples"],
            "max": row["max_activation"], "dataset": row["dataset_max"], "generations": row["generations"],
            "converged": str(row["converged"]).lower() not in ("false", "0", "no"), "status": row["status"],
            "known": view.known.name if view.known else "",
            "histogram": _histogram(counts.get(view.name)),
            "motifs": [_motif(m, behind.get(m.id), curves) for m in view.motifs],
            "apart": [
                {"id": m.id, "consensus": m.row["consensus"], "share": m.row["share"], "explained": m.row["explained"],
                 "again": m.row["reproducibility"]}
                for m in view.apart
            ],
            "tree": trees.get(view.name, []), "syntax": syntaxes.get(view.name, []),
            "effects": [
                _effect(e, shown=(e.outcome, str(e.threshold)) in chosen) for e in effects.get(view.name, [])
            ],
            "pairs": list(pairs),
            "sites": [
                {"sequence": s.sequence, "start": s.start, "end": s.end, "activation": s.activation,
                 "before": s.before, "inside": s.inside, "after": s.after, "motif": s.motif}
                for s in top_sites(sites[view.name], matrices)
            ],
        }))  # fmt: skip
    return records


def anchors(views: list[NeuronView]) -> dict[str, str]:
    """Motif id to the address of its neuron, for ids that do not begin with it."""
    return {m.id: v.anchor for v in views for m in v.motifs if m.id.rpartition(".m")[0] != v.anchor}
