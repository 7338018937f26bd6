"""Small plots as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from combmotif.report.wording import finite, style_of
from combmotif.report.wording import tick as short

MOST_DOTS = 200


@dataclass(frozen=True)
class Scale:
    """A linear map from values (low to high) to pixels (left to right); values outside are moved to the edge."""

    low: float
    high: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        place = self.left + (value - self.low) / span * (self.right - self.left)
        return round(min(max(place, min(self.left, self.right)), max(self.left, self.right)), 1)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values inside the scale, about so many."""
        step = (self.high - self.low) / max(wanted, 1)
        if not step > 0:
            return [self.low]
        unit = 10.0 ** math.floor(math.log10(step))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= step * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(k * step, 12) for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def domain(estimates: Sequence[object], ends: Sequence[object] = ()) -> tuple[float, float]:
    """Choose the range of a plot of effects: holds 0, every estimate and the ends of ordinary intervals.

    An interval that reaches more than twice as far as any estimate is cut, so that one uncertain row does not flatten
    all others.
    """
    middle = [float(v) for v in estimates if finite(v)]  # type: ignore[arg-type]
    outer = [float(v) for v in ends if finite(v)]  # type: ignore[arg-type]
    reach = 2 * max((abs(v) for v in middle), default=0.0)
    if reach > 0:
        outer = [min(max(v, -reach), reach) for v in outer]
    values = [0.0, *middle, *outer]
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _marks(scale: Scale, y: float, row: tuple[object, object, object], symbol: str, size: float = 4) -> str:
    low, middle, high = row
    parts = []
    if finite(low) and finite(high):
        start, end = scale(low), scale(high)  # type: ignore[arg-type]
        parts.append(f'<path class="ci" d="M{start} {y}H{end}"/>')
        for value, place, turn in ((low, start, 1), (high, end, -1)):
            cut = value < scale.low if turn == 1 else value > scale.high  # type: ignore[operator]
            arrow = f"M{place + 4 * turn} {y - 3}L{place} {y}l{4 * turn} 3"
            parts.append(f'<path class="ci" d="{arrow if cut else f"M{place} {y - 3}v6"}"/>')
    if finite(middle):
        x = scale(middle)  # type: ignore[arg-type]
        shapes = {
            "positive": f"M{x - size} {y + size - 1}h{2 * size}l-{size} -{2 * size - 1}z",
            "negative": f"M{x - size} {y - size + 1}h{2 * size}l-{size} {2 * size - 1}z",
            "changed": f"M{x - size + 0.8} {y - size + 0.8}h{2 * size - 1.6}v{2 * size - 1.6}h-{2 * size - 1.6}z",
            "discordant": f"M{x} {y - size}l{size} {size}l-{size} {size}l-{size} -{size}z",
        }
        circle = f'<circle class="dot" cx="{x}" cy="{y}" r="{size - 0.8:g}"/>'
        parts.append(f'<path class="dot" d="{shapes[symbol]}"/>' if symbol in shapes else circle)
    return "".join(parts)


def whisker(row: tuple[object, object, object], bounds: tuple[float, float], *, kind: str, title: str) -> str:
    """Draw one estimate with its interval beside a zero line, 116 by 20 pixels.

    Parameters
    ----------
    row : (low, estimate, high)
    bounds : (low, high)
        Range of the plot, the same for all rows of a table; see `domain`.
    kind : str
        Class of the row: chooses colour and symbol.
    title : str
    """
    if not finite(row[1]):
        return ""
    scale = Scale(*bounds, 4, 112)
    return (
        f'<svg class="whisker {escape(style_of(kind))}" role="img" width="116" height="20" viewBox="0 0 116 20">'
        f'<title>{escape(title)}</title><path class="zero" d="M{scale(0)} 1V19"/>{_marks(scale, 10, row, kind)}</svg>'
    )


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot: label, note, link, class, (low, estimate, high), others of it, text at the right."""

    label: str
    note: str
    anchor: str
    kind: str
    row: tuple[object, object, object]
    others: tuple[tuple[object, object, object], ...]
    text: str


def forest(rows: Sequence[ForestRow], *, title: str, axis: str) -> str:
    """Draw the effects of many neurons under one another, with other estimates of each in outline below it.

    Parameters
    ----------
    rows : sequence of ForestRow
        Drawn in the given order.
    title : str
        Spoken title.
    axis : str
        What the horizontal axis shows.
    """
    lines = max((sum(finite(other[1]) for other in v.others) for v in rows), default=0)
    beside = max([92, *(16 + 8 * len(v.label) for v in rows)])  # of the label, a bold letter being 8 px wide at most
    step, top, left, right = max(22, 18 + 9 * lines), 10, 270, 710
    bottom = top + step * len(rows)
    middles = [t[1] for v in rows for t in (v.row, *v.others)]
    ends = [end for v in rows for t in (v.row, *v.others) for end in t[::2]]
    scale = Scale(*domain(middles, ends), left, right)
    parts = []
    for tick in scale.ticks(6):
        x = scale(tick)
        parts.append(f'<path class="grid" d="M{x} {top}V{bottom}"/>')
        parts.append(f'<text class="tick" x="{x}" y="{bottom + 16}" text-anchor="middle">{short(tick)}</text>')
    parts.append(f'<path class="zero" d="M{scale(0)} {top}V{bottom}"/>')
    for index, row in enumerate(rows):
        y = top + step * index + 10
        shapes = ("", "changed")
        below = "".join(
            _marks(scale, y + 9 * k, t, shape, 3.4)
            for k, (t, shape) in enumerate(zip(row.others, shapes, strict=False), 1)
        )
        parts.append(
            f'<g class="{escape(style_of(row.kind))}"><title>{escape(f"{row.label}: {row.text}")}</title>'
            f'<a href="#{escape(row.anchor)}"><text class="label" x="0" y="{y + 4}">{escape(row.label)}</text></a>'
            f'<text class="note" x="{beside}" y="{y + 4}">{escape(row.note)}</text>'
            f'{_marks(scale, y, row.row, row.kind, 5)}<g class="adjusted">{below}</g>'
            f'<text class="value" x="{right + 14}" y="{y + 4}">{escape(row.text)}</text></g>'
        )
    middle = (left + right) / 2
    parts.append(f'<text class="tick axis" x="{middle}" y="{bottom + 37}" text-anchor="middle">{escape(axis)}</text>')
    height = bottom + 46
    width = max([920, *(right + 20 + 7 * len(v.text) for v in rows)])
    return (
        f'<svg class="forest" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def thin(values: np.ndarray, *, most: int = MOST_DOTS) -> np.ndarray:
    """Choose rows evenly over the ranks of the values, at most so many, the same ones every time.

    Parameters
    ----------
    values : float array, shape (n,)
    most : int, default 200

    Returns
    -------
    int array, shape (min(n, most),)
        Row numbers in rank order; the lowest and the highest value are always among them.
    """
    order = np.argsort(values, kind="stable")
    if len(order) <= most:
        return order
    return order[np.round(np.linspace(0, len(order) - 1, most)).astype(int)]
