"""What the page shows of every neuron: its motifs, their matches, its effect, its sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from combmotif.motifs.motif import Motif
from combmotif.report.effects import Effect
from combmotif.report.folder import RunFolder, neuron_name
from combmotif.report.logos import describe, logo_symbol, logo_use
from combmotif.report.matches import Match, best, columns_of
from combmotif.report.sites import Site, top_sites

WIDEST_COLUMN, NARROWEST_COLUMN, ROOM = 20, 6, 520
_RELATIVES = 8


@dataclass
class MatchView:
    """A match with its logo drawn, shifted right by ``indent`` pixels so that it lies under the motif's."""

    match: Match
    logo: str
    indent: int


@dataclass
class MotifView:
    """A motif as shown: its row of the table, logos of two sizes, matches, alike motifs of other neurons.

    ``step`` is the width of a column in the large logo, in pixels.
    """

    id: str
    row: dict[str, Any]
    small: str = ""
    large: str = ""
    step: int = WIDEST_COLUMN
    indent: int = 0
    matches: list[MatchView] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    known: Match | None = None


@dataclass
class NeuronView:
    """A neuron as shown; ``anchor`` is its link (conv3.12)."""

    name: str
    anchor: str
    row: dict[str, Any]
    motifs: list[MotifView] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)

    @property
    def known(self) -> Match | None:
        """The best match over the neuron's motifs."""
        found = [m.known for m in self.motifs if m.known is not None]
        return min(found, key=lambda m: m.q if np.isfinite(m.q) else 2) if found else None

    @property
    def effect(self) -> Effect | None:
        """The effect on the first outcome."""
        return self.effects[0] if self.effects else None

    @property
    def search(self) -> str:
        """Words by which the neuron is found."""
        words = [self.name, self.anchor]
        for motif in self.motifs:
            words += [motif.id, str(motif.row["consensus"])]
            for view in motif.matches:
                if view.match.significant:
                    words += [view.match.name, view.match.family, view.match.kind_words]
        return " ".join(dict.fromkeys(words)).lower()


class LogoSheet:
    """Every logo of the page, drawn once; motifs and known elements share the drawing of equal matrices."""

    def __init__(self, run: RunFolder):
        self.run = run
        self.symbols: list[str] = []
        self._names: dict[tuple[str, bool], str] = {}

    def _name(self, key: str, ppm: np.ndarray, *, reverse: bool) -> str:
        if (key, reverse) not in self._names:
            self._names[key, reverse] = name = f"l{len(self.symbols)}"
            self.symbols.append(logo_symbol(name, ppm[::-1, ::-1] if reverse else ppm, alphabet=self.run.alphabet))
        return self._names[key, reverse]

    def motif(self, motif: Motif, *, column: float = 9, height: float = 36) -> str:
        """Show a motif's logo."""
        title = describe(motif, alphabet=self.run.alphabet)
        return logo_use(
            self._name(f"m {motif.id}", motif.ppm, reverse=False), len(motif), title=title, column=column, height=height
        )

    def part(self, motif: str, *, column: float, height: float) -> str:
        """Show a motif, or those of its columns that a pair names (conv3.4.m1[2:9]); "" for a word."""
        name, start, end = columns_of(motif)
        if name not in self.run.motifs:
            return ""
        whole = self.run.motifs[name]
        cut = replace(whole, id=motif, pfm=whole.pfm[start:end])
        return self.motif(cut, column=column, height=height) if len(cut) else ""

    def target(self, match: Match, *, column: float, height: float) -> str:
        """Show a known element's logo, or "" where the run kept no matrix of it."""
        ppm = self.run.targets.get(match.target)
        if ppm is None:
            return ""
        title = f"Logo of {match.name}: {match.consensus}"
        name = self._name(f"t {match.target}", ppm, reverse=match.strand == "-")
        return logo_use(name, len(ppm), title=title, column=column, height=height)


def _motif_view(identifier: str, row: dict[str, Any], run: RunFolder, sheet: LogoSheet, rows: list[Match]) -> MotifView:
    motif = run.motifs.get(identifier)
    length = len(motif) if motif is not None else len(row["consensus"])
    before = max([0, *(-m.offset for m in rows)])
    after = max([length, *(m.offset + len(run.targets.get(m.target, m.consensus)) for m in rows)])
    step = min(WIDEST_COLUMN, max(NARROWEST_COLUMN, ROOM // max(1, before + after)))
    view = MotifView(identifier, row, step=step, indent=before * step)
    view.known = rows[0] if rows and rows[0].significant else None
    if motif is not None:
        view.small = sheet.motif(motif, column=min(9, max(3, 144 / max(1, length))))
        view.large = sheet.motif(motif, column=step, height=64)
    for match in rows:
        logo = sheet.target(match, column=step, height=40)
        view.matches.append(MatchView(match, logo, (before + match.offset) * step))
    return view


def _families(rows: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    members: dict[float, list[str]] = {}
    for row in rows:
        if np.isfinite(row["family"]):
            members.setdefault(row["family"], []).append(row["motif"])
    for row in rows:
        alike = members.get(row["family"], [])
        yield row["motif"], [m for m in alike if m != row["motif"]][:_RELATIVES]


def neurons(
    run: RunFolder, found: dict[str, list[Match]], effects: dict[str, dict[str, Effect]], sheet: LogoSheet
) -> list[NeuronView]:
    """Prepare the neurons in the order of neurons.tsv, with what else is known of them.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Matches of each motif.
    effects : dict
        Outcome to neuron to effect.
    sheet : LogoSheet
        Collects the drawings.
    """
    table = run.tables["motifs"].to_dict("records")
    views: dict[str, NeuronView] = {}
    for row in run.tables["neurons"].to_dict("records"):
        views[row["neuron"]] = NeuronView(row["neuron"], row["neuron"].replace(":", "."), row)
    blank = dict.fromkeys(run.tables["neurons"].columns, float("nan")) | {"converged": "", "status": ""}
    alike = dict(_families(table))
    for row in table:
        name = neuron_name(row["layer"], row["channel"])
        if name not in views:
            views[name] = NeuronView(name, name.replace(":", "."), blank | {"neuron": name, "layer": row["layer"]})
        shown = _motif_view(row["motif"], row, run, sheet, found.get(row["motif"], []))
        shown.alike = alike[row["motif"]]
        views[name].motifs.append(shown)
    for view in views.values():
        view.effects = [rows[view.name] for rows in effects.values() if view.name in rows]
        matrices = [run.motifs[m.id] for m in view.motifs if m.id in run.motifs]
        view.sites = top_sites(run, view.name, matrices)
    return list(views.values())


def motif_names(run: RunFolder, found: dict[str, list[Match]]) -> dict[str, str]:
    """Name every motif in words: the element it matches best, else its consensus."""
    names = {}
    for row in run.tables["motifs"].to_dict("records"):
        match = best(found, row["motif"])
        names[row["motif"]] = match.name if match else row["consensus"]
    return names
