"""Known elements: the matches of one motif, and the elements of the whole run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from combmotif.motifs.matching.database import KINDS
from combmotif.motifs.matching.hits import CONTAINS, IS
from combmotif.motifs.matching.spelled import START_CODONS
from combmotif.report.folder import RunFolder, as_number, mapping, neuron_name
from combmotif.report.wording import count, number, p_value, plural


@dataclass(frozen=True)
class Match:
    """One motif against one known element; q is NaN where the table has none.

    It counts as a match (``significant``) where q is small enough, or where the motif ``contains`` the word of the
    element, which may be so short that no q could be small. ``partner``, ``distance`` and ``frame`` tell of the stop
    codon after a start codon, or the start codon before a stop codon.

    ``offset`` is the motif's column at which the target's first column lies; ``chance`` the share of the run's motifs
    that match a shuffled database as well (NaN where none was shuffled).
    """

    motif: str
    target: str
    name: str
    kind: str
    family: str
    database: str
    offset: int
    overlap: float
    strand: str
    p: float
    q: float
    consensus: str
    citation: str
    significant: bool
    contains: bool = False
    start: float = float("nan")
    end: float = float("nan")
    chance: float = float("nan")
    partner: str = ""
    distance: float = float("nan")
    frame: float = float("nan")

    @property
    def kind_words(self) -> str:
        """The kind in words."""
        return KINDS.get(self.kind, self.kind)

    @property
    def element(self) -> str:
        """The family of elements that bind alike, or the element itself."""
        return self.family or self.name

    @property
    def short(self) -> str:
        """The name where there is little room: the first of those between slashes."""
        return self.name.partition(" / ")[0]

    @property
    def strength(self) -> str:
        """How good the match is: its q, or that the word is contained, and the codon it belongs to."""
        strength = "contained" if self.contains else f"q {p_value(self.q)}"
        return f"{strength}, {self.reading}" if self.reading else strength

    @property
    def phrase(self) -> str:
        """What the motif does: it resembles the element, or contains it."""
        return f"{'contains' if self.contains else 'resembles'} {self.short}"

    @property
    def reading(self) -> str:
        """The codon in whose reading frame a start or stop codon lies, or does not: "UAA in frame, 2 codons on"."""
        if not self.partner:
            return ""
        way = "on" if self.family == START_CODONS else "before"
        if not np.isfinite(self.frame):
            return f"{self.partner} about {plural(int(self.distance), 'nt', 'nt')} {way}, frame varies"
        if self.frame:
            return f"{self.partner} out of frame, {plural(int(self.distance), 'nt', 'nt')} {way}"
        codons = int(self.distance) // 3
        apart = f"{plural(codons, 'codon')} {way}" if codons else "next to it"
        return f"{self.partner} in frame, {apart}"


def matches(run: RunFolder) -> dict[str, list[Match]]:
    """Read the matches of every motif, what it resembles and then what it contains, best first: motif id to list."""
    wanted = mapping(run.config.get("match")).get("q")
    limit = float(wanted) if isinstance(wanted, int | float) else 0.05
    found: dict[str, list[Match]] = {}
    for row in run.tables["matches"].to_dict("records"):
        q, p = row["q_value"], row["p_value"]
        contains = row["relation"] == CONTAINS
        found.setdefault(row["motif"], []).append(
            Match(
                motif=row["motif"],
                target=row["target"],
                name=row["name"] or row["target"],
                kind=row["kind"],
                family=row["family"],
                database=row["database"],
                offset=int(row["offset"]) if np.isfinite(row["offset"]) else 0,
                overlap=row["overlap"],
                strand=row["strand"],
                p=p,
                q=q,
                consensus=row["target_consensus"],
                citation=row["citation"],
                significant=contains or not np.isfinite(q) or q <= limit,
                contains=contains,
                start=row["start"],
                end=row["end"],
                chance=as_number(row.get("chance")),
                partner=row["partner"],
                distance=row["distance"],
                frame=row["frame"],
            )
        )
    for rows in found.values():
        rows.sort(
            key=lambda m: (
                not m.significant,
                m.contains,
                m.q if np.isfinite(m.q) else 2,
                m.p if np.isfinite(m.p) else 2,
            )
        )
    return found


def columns_of(motif: str) -> tuple[str, int | None, int | None]:
    """Split what a pair calls a motif into its id and the columns it was trimmed to: conv3:4.m1[2:9] is (id, 2, 9)."""
    trimmed = re.fullmatch(r"(.+)\[(\d+):(\d+)\]", motif)
    return (trimmed[1], int(trimmed[2]), int(trimmed[3])) if trimmed else (motif, None, None)


def best(found: dict[str, list[Match]], motif: str) -> Match | None:
    """The best significant match of a motif, if there is one; of a trimmed motif, the best that lies in its columns."""
    name, start, end = columns_of(motif)
    for match in found.get(name, []):
        apart = start is not None and end is not None and (match.end <= start or match.start >= end)
        if match.significant and not apart:
            return match
    return None


@dataclass
class Element:
    """A known element, or a family of alike ones, and the motifs that match it.

    Attributes
    ----------
    name, kind : str
    q : float
        Of the best match.
    contained : bool
        Whether motifs only contain it, and none resembles it.
    targets : list of (name, database, citation)
    motifs : list of (motif id, neuron, q, whether the element is the motif's best match)
    """

    name: str
    kind: str
    q: float
    contained: bool = True
    targets: list[tuple[str, str, str]] = field(default_factory=list)
    motifs: list[tuple[str, str, float, bool]] = field(default_factory=list)

    @property
    def kind_words(self) -> str:
        """The kind in words."""
        return KINDS.get(self.kind, self.kind)

    @property
    def neurons(self) -> list[str]:
        """Neurons with a motif that matches, in order."""
        return list(dict.fromkeys(neuron for _, neuron, _, _ in self.motifs))

    @property
    def leads(self) -> bool:
        """Whether the element is the best match of any motif."""
        return any(first for _, _, _, first in self.motifs)


def elements(run: RunFolder, found: dict[str, list[Match]]) -> list[Element]:
    """Gather the significant matches by family, or name: those that are a motif's best match first, then by q."""
    table: Any = run.tables["motifs"]
    neurons = {
        row["motif"]: neuron_name(row["layer"], row["channel"], row["method"]) for row in table.to_dict("records")
    }
    gathered: dict[tuple[str, str], Element] = {}
    for motif, rows in found.items():
        first = best(found, motif)
        for match in rows:
            if not match.significant:
                continue
            name = match.element
            element = gathered.setdefault((match.kind, name), Element(name, match.kind, match.q))
            element.contained = element.contained and match.contains
            element.q = match.q if match.q < element.q else element.q
            target = (match.name, match.database, match.citation)
            if target not in element.targets:
                element.targets.append(target)
            leads = first is not None and (first.kind, first.element) == (match.kind, name)
            if not element.motifs or element.motifs[-1][0] != motif:  # once, however many of its names are matched
                element.motifs.append((motif, neurons.get(motif, ""), match.q, leads))
    for element in gathered.values():
        element.motifs.sort(key=lambda m: (m[2] if np.isfinite(m[2]) else 2, m[0]))
    return sorted(gathered.values(), key=lambda e: (not e.leads, e.q if np.isfinite(e.q) else 2, e.name))


def control_sentence(run: RunFolder) -> str:
    """Say how many motifs match shuffled databases, or "" where match_control.tsv does not tell."""
    table = run.tables["control"]
    told = table[(table["database"] == "all") & table["matched_shuffled"].notna()].set_index("relation")
    parts = []
    for relation, verb, what in ((IS, "resemble", "an element"), (CONTAINS, "contain", "a word of the list")):
        if relation in told.index:
            row = told.loc[relation]
            parts.append(
                f"{count(row['matched'])} of {plural(int(row['queries']), 'motif')} {verb} {what}, "
                f"and on average {number(row['matched_shuffled'])} {verb} one of a shuffled copy"
            )
    return f"As a check, the databases were shuffled: {'; '.join(parts)}." if parts else ""
