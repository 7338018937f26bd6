"""What the table of neurons shows of each: its motifs, their best match, its effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from combmotif.report.folder import RunFolder, anchor, neuron_name
from combmotif.report.sections.effects import Effect
from combmotif.report.sections.matches import Match, best
from combmotif.report.sections.motif_effects import MotifEffect


@dataclass
class MotifView:
    """A motif as shown: its row of the table, its matches, alike motifs of other neurons, the family it is in."""

    id: str
    row: dict[str, Any]
    matches: list[Match] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    family: str = ""
    effects: list[MotifEffect] = field(default_factory=list)

    @property
    def effect(self) -> MotifEffect | None:
        """What the motif itself does to the first output, drawn from its matrix, in plain backgrounds."""
        return self.effects[0] if self.effects else None

    @property
    def known(self) -> Match | None:
        """The best significant match."""
        return self.matches[0] if self.matches and self.matches[0].significant else None


@dataclass
class NeuronView:
    """A neuron as shown; ``anchor`` is its link (conv3:12), ``apart`` are motifs that are not reproduced."""

    name: str
    anchor: str
    row: dict[str, Any]
    motifs: list[MotifView] = field(default_factory=list)
    apart: list[MotifView] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def known(self) -> Match | None:
        """The best match of its first motif, after which the neuron is named."""
        return self.motifs[0].known if self.motifs else None

    @property
    def others(self) -> list[MotifView]:
        """Further motifs with a match that the first one has not."""
        further: dict[str, MotifView] = {}
        for motif in self.motifs[1:]:
            if motif.known and (self.known is None or motif.known.name != self.known.name):
                further.setdefault(motif.known.name, motif)
        return list(further.values())

    @property
    def measures(self) -> dict[str, float]:
        """Further columns of the table: purity and reproducibility of the first motif, and what the neuron has."""
        first = self.motifs[0].row if self.motifs else {}
        return {
            "Purity": first.get("purity", float("nan")), "Motifs": len(self.motifs), "Samples": self.row["samples"],
            "Reproduced": first.get("reproducibility", float("nan")), "R²": self.row["r2"],
        }  # fmt: skip

    @property
    def elements(self) -> list[str]:
        """Known elements, or families of them, that any of its motifs matches."""
        names = [m.element for view in self.motifs for m in view.matches if m.significant]
        return list(dict.fromkeys(names))

    @property
    def search(self) -> str:
        """Words by which the neuron is found."""
        words = [self.name, self.anchor]
        for motif in self.motifs:
            words += [motif.id, str(motif.row["consensus"])]
            for match in motif.matches:
                if match.significant:
                    words += [match.name, match.family, match.kind_words]
        return " ".join(dict.fromkeys(word for word in words if word)).lower()


@dataclass
class Family:
    """Motifs that are alike, whichever neuron they come from.

    Attributes
    ----------
    key : str
        Method and number, unique in the page.
    motifs : list of MotifView
        Most informative first.
    neurons : list of str
    """

    key: str
    motifs: list[MotifView] = field(default_factory=list)
    neurons: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The consensus of its leading motif."""
        return str(self.motifs[0].row["consensus"])

    @property
    def known(self) -> Match | None:
        """The best match among its motifs."""
        found = [m.known for m in self.motifs if m.known is not None]
        return min(found, key=lambda m: m.q if np.isfinite(m.q) else 2) if found else None


def neurons(
    run: RunFolder,
    found: dict[str, list[Match]],
    effects: dict[str, dict[str, Effect]],
    own: dict[str, list[MotifEffect]],
) -> tuple[list[NeuronView], list[Family]]:
    """Prepare the neurons in the order of neurons.tsv, and the families of their motifs, the most frequent first.

    Motifs of the whole net come before the neurons.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Matches of each motif.
    effects : dict
        Outcome to neuron to effect.
    own : dict
        Effects of each motif itself.
    """
    views: dict[str, NeuronView] = {}
    for row in run.tables["neurons"].to_dict("records"):
        views[row["neuron"]] = NeuronView(row["neuron"], anchor(row["neuron"]), row)
    blank = dict.fromkeys(run.tables["neurons"].columns, float("nan")) | {"converged": "", "status": ""}
    families: dict[str, Family] = {}
    for row in run.tables["motifs"].to_dict("records"):
        name = neuron_name(row["layer"], row["channel"], row["method"])
        if name not in views:
            views[name] = NeuronView(name, anchor(name), blank | {"neuron": name, "layer": row["layer"]})
        motif = MotifView(row["motif"], row, found.get(row["motif"], []), effects=own.get(row["motif"], []))
        views[name].motifs.append(motif)
        if np.isfinite(row["family"]):
            motif.family = f"{row['method']} {int(row['family'])}"
            family = families.setdefault(motif.family, Family(motif.family))
            family.motifs.append(motif)
            if name not in family.neurons:
                family.neurons.append(name)
    for row in run.tables["apart"].to_dict("records"):
        name = neuron_name(row["layer"], row["channel"], row["method"])
        if name in views:
            views[name].apart.append(MotifView(row["motif"], row))
    for family in families.values():
        ids = [motif.id for motif in family.motifs]
        for motif in family.motifs:
            motif.alike = [other for other in ids if other != motif.id]
        family.motifs.sort(key=lambda m: -m.row["information"] if np.isfinite(m.row["information"]) else 0)
    for view in views.values():
        view.effects = [rows[view.name] for rows in effects.values() if view.name in rows]
    probed = set(run.tables["neurons"]["neuron"])
    whole_net_first = sorted(views.values(), key=lambda view: view.name in probed)
    ranked = sorted(families.values(), key=lambda f: (-len(f.neurons), -len(f.motifs)))
    return whole_net_first, ranked


def shown_effects(views: list[NeuronView], *, own: bool) -> dict[str, MotifEffect | Effect]:
    """What the table shows beside each neuron: its first motif's own effect where these were measured, else its own."""
    found = [(v.name, (v.motifs and v.motifs[0].effect) if own else v.effects and v.effects[0]) for v in views]
    return {name: effect for name, effect in found if effect}


def motif_names(run: RunFolder, found: dict[str, list[Match]]) -> dict[str, str]:
    """Name every motif in words: the element it matches best, else its consensus."""
    names = {}
    for row in run.tables["motifs"].to_dict("records"):
        match = best(found, row["motif"])
        names[row["motif"]] = match.short if match else row["consensus"]
    return names
