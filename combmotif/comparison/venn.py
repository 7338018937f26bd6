"""Who shares what, as inline SVG: circles for up to three sets, an UpSet chart for more."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import combinations

COLOURS = ("#0072b2", "#d55e00", "#009e73")
_INK = "#222222"
_STYLE = "font-family:system-ui,sans-serif;font-size:13px"
MOST_BARS = 30

_CIRCLES = {1: [(210, 150)], 2: [(170, 150), (250, 150)], 3: [(170, 120), (250, 120), (210, 190)]}
_RADIUS = 85
_PLACES: dict[int, dict[tuple[int, ...], tuple[int, int]]] = {
    1: {(0,): (210, 155)},
    2: {(0,): (130, 155), (1,): (290, 155), (0, 1): (210, 155)},
    3: {
        (0,): (125, 105), (1,): (295, 105), (2,): (210, 245), (0, 1): (210, 92), (0, 2): (158, 178), (1, 2): (262, 178),
        (0, 1, 2): (210, 148),
    },
}  # fmt: skip
_NAMES = {1: [(210, 50)], 2: [(130, 50), (290, 50)], 3: [(110, 24), (310, 24), (210, 297)]}


def regions(sets: Sequence[set]) -> dict[tuple[int, ...], set]:
    """Divide sets into what exactly these of them hold: place in `sets` of each holder to its elements.

    Of more than three sets only combinations that hold something are listed: fifty have 2**50.
    """
    found: dict[tuple[int, ...], set] = {}
    if len(sets) <= 3:
        found = {g: set() for size in range(1, len(sets) + 1) for g in combinations(range(len(sets)), size)}
    holders: dict[object, list[int]] = {}
    for place, own in enumerate(sets):
        for member in own:
            holders.setdefault(member, []).append(place)
    for member, places in holders.items():
        found.setdefault(tuple(places), set()).add(member)
    return dict(sorted(found.items(), key=lambda one: (len(one[0]), one[0])))


def venn_svg(sets: Sequence[set], labels: Sequence[str], *, title: str) -> str:
    """Draw one to three sets as circles with the number in every region; the circles are not to scale.

    Parameters
    ----------
    sets : sequence of set
    labels : sequence of str
    title : str
        For screen readers.
    """
    count = len(sets)
    if not 1 <= count <= 3 or len(labels) != count:
        raise ValueError(f"sets: expected one to three with a label each, got {count}; draw more with upset_svg")
    held = regions(sets)
    words = ", ".join(f"{' & '.join(labels[i] for i in group)}: {len(held[group])}" for group in held)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 310" width="420" role="img" style="{_STYLE}">']
    parts.append(f"<title>{escape(title)}: {escape(words)}</title>")
    for at, (x, y) in enumerate(_CIRCLES[count]):
        colour = COLOURS[at]
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" fill="{colour}" fill-opacity="0.16" stroke="{colour}" '
            f'stroke-width="2"/>'
        )
    for at, (x, y) in enumerate(_NAMES[count]):
        name = f"{labels[at]} ({len(sets[at])})"
        parts.append(f'<text x="{x}" y="{y}" text-anchor="middle" fill="{COLOURS[at]}">{escape(name)}</text>')
    for group, (x, y) in _PLACES[count].items():
        parts.append(
            f'<text x="{x}" y="{y}" text-anchor="middle" font-size="17" fill="{_INK}">{len(held[group])}</text>'
        )
    return "".join([*parts, "</svg>"])


def upset_svg(sets: Sequence[set], labels: Sequence[str], *, title: str) -> str:
    """Draw any number of sets as an UpSet chart (Lex et al. 2014): a bar per combination, dots for who is in it.

    Combinations without an element are left out; of more than 30 the largest are drawn, and how many are not is said.
    """
    if not sets or len(labels) != len(sets):
        raise ValueError(f"sets: expected at least one with a label each, got {len(sets)} and {len(labels)} labels")
    held = {group: members for group, members in regions(sets).items() if members}
    order = sorted(held, key=lambda group: (-len(held[group]), len(group), group))
    shown, left = order[:MOST_BARS], len(order) - MOST_BARS
    name_width = 30 + 7 * max(len(f"{label} ({len(s)})") for label, s in zip(labels, sets, strict=True))
    step, top, tall, row = 30, 24, 140, 24
    width, height = name_width + step * max(len(shown), 4) + 10, top + tall + 16 + row * len(sets) + 24
    most = max((len(held[group]) for group in shown), default=1)
    words = ", ".join(f"{' & '.join(labels[i] for i in group)}: {len(held[group])}" for group in shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'style="{_STYLE}"><title>{escape(title)}: {escape(words)}</title>'
    ]
    for at, label in enumerate(labels):
        y = top + tall + 16 + row * at + row / 2
        if at % 2 == 0:
            parts.append(f'<rect x="0" y="{y - row / 2}" width="{width}" height="{row}" fill="#f2f2f2"/>')
        parts.append(
            f'<text x="{name_width - 16}" y="{y + 4}" text-anchor="end" fill="{_INK}">'
            f"{escape(label)} ({len(sets[at])})</text>"
        )
    for at, group in enumerate(shown):
        x, bar = name_width + step * at + step / 2, tall * len(held[group]) / most
        parts.append(f'<rect x="{x - 9}" y="{top + tall - bar:.1f}" width="18" height="{bar:.1f}" fill="{_INK}"/>')
        parts.append(
            f'<text x="{x}" y="{top + tall - bar - 5:.1f}" text-anchor="middle" fill="{_INK}">{len(held[group])}</text>'
        )
        ys = [top + tall + 16 + row * i + row / 2 for i in range(len(sets))]
        parts += [
            f'<circle cx="{x}" cy="{y}" r="6" fill="{_INK if i in group else "#d0d0d0"}"/>' for i, y in enumerate(ys)
        ]
        if len(group) > 1:
            parts.append(
                f'<line x1="{x}" x2="{x}" y1="{ys[group[0]]}" y2="{ys[group[-1]]}" stroke="{_INK}" stroke-width="2"/>'
            )
    if left > 0:
        parts.append(f'<text x="4" y="{height - 6}" fill="{_INK}">{left} smaller combinations are not drawn.</text>')
    return "".join([*parts, "</svg>"])


def sets_svg(sets: Sequence[set], labels: Sequence[str], *, title: str) -> str:
    """Draw sets: circles for up to three, an UpSet chart for more."""
    return (venn_svg if len(sets) <= 3 else upset_svg)(sets, labels, title=title)
