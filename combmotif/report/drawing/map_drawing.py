"""The motif interaction map as one SVG file that needs nothing else."""

from __future__ import annotations

from html import escape
from math import isfinite

import pandas as pd

from combmotif.report import wording
from combmotif.report.drawing.colours import colour_of, strength, tint

CELL = 46
LETTER = 7.3
"""Width of a letter of the labels, 12 px monospace."""


def draw_interaction_map(table: pd.DataFrame, *, unit: str = "") -> str:
    """Draw the families against each other: colour and symbol are the class, the number is e.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `interaction_map`.
    unit : str, default ""
        Unit of the prediction, for the caption.

    Returns
    -------
    str
        An SVG document with a title and a description for screen readers; every cell has a tooltip.
    """
    names = list(dict.fromkeys([*table["family_a"], *table["family_b"]]))
    place = {name: index for index, name in enumerate(names)}
    left = round(16 + LETTER * max(map(len, names), default=0))
    top = round(16 + LETTER * 0.72 * max(map(len, names), default=0)) + 14
    size = CELL * len(names)
    known = wording.MAP_CLASSES
    shown = [kind for kind in known if kind in set(table["class"])]
    shown += [kind for kind in dict.fromkeys(table["class"]) if kind not in known]
    largest = max(table["e"].abs().max(), 0.0)
    right = left + size + round(LETTER * 0.72 * max(map(len, names), default=0))
    caption = (f"e in {unit}" if unit else "e in the prediction's unit") + "; * = q below 0.05; empty = not tested"
    width = max(right, left + round(6.4 * len(caption)))
    height = top + size + 40 + 22 * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="map-title map-text" font-family="sans-serif" font-size="12">',
        f'<title id="map-title">Interactions between {len(names)} motif families</title>',
        f'<desc id="map-text">{escape(_summary(table))}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for name, index in place.items():
        middle = CELL * index + CELL / 2
        text = escape(name)
        parts.append(
            f'<text x="{left - 6}" y="{top + middle + 4:g}" text-anchor="end" font-family="monospace">{text}</text>'
        )
        parts.append(
            f'<text transform="translate({left + middle:g} {top - 6}) rotate(-45)" font-family="monospace">'
            f"{text}</text>"
        )
    parts += [
        f'<path d="M{left} {top + CELL * i}h{size}M{left + CELL * i} {top}v{size}" stroke="#c8c8c8" fill="none"/>'
        for i in range(len(names) + 1)
    ]
    for row in table.to_dict("records"):
        i, j = place[row["family_a"]], place[row["family_b"]]
        for y, x in dict.fromkeys(((i, j), (j, i))):
            parts.append(_cell(row, left + CELL * x, top + CELL * y, largest))
    parts.append(f'<text x="{left}" y="{top + size + 22}">{escape(caption)}</text>')
    for index, kind in enumerate(shown):
        symbol, colour = known.get(kind, ("", ""))[0], tint(colour_of(kind), 0.5)
        y = top + size + 32 + 22 * index
        count = int((table["class"] == kind).sum())
        parts.append(
            f'<rect x="{left}" y="{y}" width="16" height="16" fill="{colour}" stroke="#555555"/>'
            f'<text x="{left + 8}" y="{y + 13}" text-anchor="middle" font-weight="bold">{symbol}</text>'
            f'<text x="{left + 24}" y="{y + 13}">{escape(kind)} ({count})</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _cell(row: dict, x: int, y: int, largest: float) -> str:
    e, q = row["e"], row["q"]
    symbol = wording.MAP_CLASSES.get(row["class"], ("", ""))[0]
    colour = tint(colour_of(row["class"]), strength(e, largest))
    significant = isinstance(q, float) and q < 0.05
    number = f"{e:+.2g}".replace("-", "−") + ("*" if significant else "") if isfinite(e) else ""
    tip = f"{row['family_a']} and {row['family_b']}: {row['class']}"
    if isfinite(e):
        tip += f", e {e:+.3g}, joint effect {row['joint']:+.3g}"
    if isfinite(q):
        tip += f", q {q:.2g}"
    tip += f" ({row['pairs']} pair{'s' * (row['pairs'] != 1)}, {row['sequences']} sequences)"
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{colour}" '
        f'stroke="#555555"/><text x="{x + CELL / 2:g}" y="{y + 20}" text-anchor="middle" font-size="16" '
        f'font-weight="bold">{symbol}</text><text x="{x + CELL / 2:g}" y="{y + 37}" text-anchor="middle" '
        f'font-size="10">{number}</text></g>'
    )


def _summary(table: pd.DataFrame) -> str:
    counts = table["class"].value_counts()
    words = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    telling = table[table["class"].isin(["super-additive", "sub-additive"])].sort_values("q", kind="stable").head(5)
    named = "; ".join(f"{row.family_a} and {row.family_b}" for row in telling.itertuples())
    return f"{len(table)} pairs of families: {words or 'none'}." + (f" Strongest: {named}." if named else "")
