"""Pictures of results as SVG: a notebook shows them, ``save`` writes a file, and nothing needs to be installed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from combmotif.core.files import atomic
from combmotif.motifs.motif import Motif
from combmotif.report.drawing.logos import COLOURS, GLYPHS, logo_svg
from combmotif.report.drawing.plots import ForestRow, Scale, forest
from combmotif.report.wording import tick as short
from combmotif.sequence.alphabet import LETTERS

MOST = 24
"""Logos or rows of one picture."""
_RULES = {
    "": "color:#56626e",
    "text": "font:12px system-ui,sans-serif;fill:#333",
    ".note": "fill:#777",
    ".grid": "stroke:#ddd;fill:none",
    ".zero": "stroke:#888;stroke-dasharray:3 3;fill:none",
    ".ci": "stroke:currentColor;stroke-width:1.4;fill:none",
    ".dot": "fill:currentColor",
    ".bar": "fill:currentColor",
    ".k-positive": "color:#1a5ba6",  # as in the figures of a run
    ".k-super-additive": "color:#1a5ba6",
    ".k-negative": "color:#ad3a14",
    ".k-sub-additive": "color:#ad3a14",
}
_STYLE = "".join(f".combmotif-picture {name}{{{rule}}}" for name, rule in _RULES.items())


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing.

    Attributes
    ----------
    svg : str
        A whole SVG document.
    """

    svg: str

    def save(self, path: str | Path) -> Path:
        """Write an .svg file; returns its path.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        target = Path(path)
        if target.suffix != ".svg":
            raise ValueError(f"path: expected the name of an .svg file, found '{path}'")
        with atomic(target) as temporary:
            temporary.write_text(self.svg, encoding="utf-8")
        return target

    def __repr__(self) -> str:
        """Say what it is where it cannot be shown."""
        title = re.search("<title>(.*?)</title>", self.svg)
        return f"Picture of {title[1] if title else 'a result'}; a notebook shows it, .save('name.svg') writes it"

    def _repr_html_(self) -> str:
        return self.svg


def _document(width: float, height: float, title: str, inner: str) -> Picture:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="combmotif-picture" role="img" {size}>'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{inner}</svg>\n"
    )


def logos(motifs: Sequence[Motif], *, alphabet: str, notes: Sequence[str] = (), most: int = MOST) -> Picture:
    """Draw the logos of motifs under one another, with their names and a note each.

    Parameters
    ----------
    motifs : sequence of Motif
    alphabet : {"rna", "dna"}
    notes : sequence of str, optional
        Written beside the names.
    most : int, default 24
        Most logos.
    """
    parts, y, width = [], 0.0, 200.0
    for place, motif in enumerate(motifs[:most]):
        label = f"{motif.id} {notes[place]}" if notes else motif.id
        parts.append(f'<text x="4" y="{y + 13:g}">{escape(label)}</text>')
        own = logo_svg(motif, alphabet=alphabet, column=18, height=56).strip()
        parts.append(own.replace("<svg ", f'<svg x="0" y="{y + 16:g}" ', 1))
        width = max(width, 34 + 18 * len(motif) + 8, 8 + 7.0 * len(label))
        y += 16 + 56 + 8 + 22 + 6
    left_out = len(motifs) - most
    if left_out > 0:
        parts.append(f'<text class="note" x="4" y="{y + 13:g}">and {left_out} more</text>')
        y += 18
    names = "logos of " + ", ".join(motif.id for motif in motifs[:3]) + (", ..." if len(motifs) > 3 else "")
    return _document(width, max(y, 20), names, "".join(parts))


def scored_letters(scores: Sequence[np.ndarray], codes: Sequence[np.ndarray], names: Sequence[str], *, alphabet: str,
                   title: str) -> Picture:  # fmt: skip
    """Draw sequences whose letters are as high as their scores, below the line where these are negative.

    Parameters
    ----------
    scores : sequence of float arrays, each of shape (length,)
    codes : sequence of uint8 arrays, each of shape (length,)
    names : sequence of str
    alphabet : {"rna", "dna"}
    title : str
    """
    step, half = 14.0, 45.0
    parts, width = [], 120.0
    for row, (own, bases, name) in enumerate(zip(scores, codes, names, strict=True)):
        middle = 20 + half + row * (2 * half + 24)
        most = float(np.abs(own).max(initial=0)) or 1.0
        parts.append(f'<text x="2" y="{middle - half - 6:g}">{escape(name)} (highest {most:.3g})</text>')
        parts.append(f'<path class="zero" d="M0 {middle:g}H{step * len(own):g}"/>')
        for place, (score, base) in enumerate(zip(own.tolist(), bases.tolist(), strict=True)):
            high = abs(score) / most * half
            if base > 3 or high < 0.5:
                continue
            letter = LETTERS[alphabet][base]
            top = middle - high if score > 0 else middle
            parts.append(
                f'<path fill="{COLOURS[letter]}" fill-rule="evenodd" d="{GLYPHS[letter]}" transform="translate('
                f'{place * step:g} {top:.1f}) scale({step / 106:.3f} {high / 100:.4f})"/>'
            )
        width = max(width, step * len(own))
    return _document(width + 4, len(scores) * (2 * half + 24) + 20, title, "".join(parts))


def histogram(edges: Sequence[float], counts: Sequence[float], *, axis: str, title: str) -> Picture:
    """Draw counts (n,) of bins between edges (n + 1,)."""
    left, right, top, bottom = 46.0, 420.0, 12.0, 150.0
    across = Scale(float(edges[0]), float(edges[-1]), left, right)
    up = Scale(0.0, max([*map(float, counts), 1.0]), bottom, top)
    parts = [_ticks(across, up, axis)]
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        x, y = across(float(low)), up(float(count))
        wide = max(across(float(high)) - x - 1, 0.5)
        parts.append(f'<path class="bar" d="M{x:g} {bottom:g}V{y:g}h{wide:g}V{bottom:g}z"/>')
    return _document(right + 12, bottom + 40, title, "".join(parts))


def scatter(x: np.ndarray, y: np.ndarray, *, axes: tuple[str, str], title: str) -> Picture:
    """Draw points (n,) and (n,); where there are thousands, every so many of them."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), 1500)).round().astype(int))
    across = Scale(float(x.min()), float(x.max()), 60, 380)
    up = Scale(float(y.min()), float(y.max()), 300, 20)
    dots = "".join(
        f'<circle class="dot" cx="{across(float(x[i])):g}" cy="{up(float(y[i])):g}" r="2" opacity=".5"/>'
        for i in chosen
    )
    name = f'<text x="60" y="12">{escape(axes[1])}</text>'
    return _document(400, 345, title, _ticks(across, up, axes[0]) + name + dots)


def _ticks(across: Scale, up: Scale, axis: str) -> str:
    parts = []
    for value in across.ticks(5):
        x = across(value)
        parts.append(f'<text x="{x:g}" y="{up.left + 15:g}" text-anchor="middle">{short(value)}</text>')
    for value in up.ticks(4):
        y = up(value)
        parts.append(f'<path class="grid" d="M{across.left:g} {y:g}H{across.right:g}"/>')
        parts.append(f'<text x="{across.left - 5:g}" y="{y + 4:g}" text-anchor="end">{short(value)}</text>')
    middle = (across.left + across.right) / 2
    return "".join(parts) + f'<text x="{middle:g}" y="{up.left + 32:g}" text-anchor="middle">{escape(axis)}</text>'


def effects(rows: Sequence[tuple[str, str, str, tuple[float, float, float]]], *, axis: str, title: str) -> Picture:
    """Draw effects with their intervals, one below the other.

    Parameters
    ----------
    rows : sequence of (label, note, class, (low, estimate, high))
    axis : str
        What the effects are of.
    title : str
    """
    lines = [
        ForestRow(label, note, "", kind, span, (), f"{span[1]:.3g}" if np.isfinite(span[1]) else "")
        for label, note, kind, span in rows[:MOST]
    ]
    drawn = forest(lines, title=title, axis=axis)
    inner = re.sub(r'<a href="#">(.*?)</a>', r"\1", drawn)  # a link leads nowhere outside the page of a run
    size = re.search(r'width="(\d+)" height="(\d+)"', inner)
    assert size is not None
    body = inner[inner.index("</title>") + len("</title>") : -len("</svg>")]
    return _document(int(size[1]), int(size[2]), title, body)
