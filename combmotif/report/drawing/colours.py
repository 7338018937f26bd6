"""Colours of the classes, the same in the page (report.css, in its light scheme), the figures and the map."""

from __future__ import annotations

UP, DOWN, MIXED, AMBER, EVEN, NONE = "#1a5ba6", "#ad3a14", "#743b98", "#845600", "#47683a", "#56626e"
CLASS_COLOURS = {
    "positive": UP, "super-additive": UP, "positive_synergistic": UP, "negative_synergistic": UP,
    "negative": DOWN, "sub-additive": DOWN, "positive_antagonistic": DOWN, "negative_antagonistic": DOWN,
    "discordant": MIXED, "opposing": MIXED, "mixed": MIXED, "additive": EVEN, "one motif only": AMBER,
}  # fmt: skip


def colour_of(kind: str) -> str:
    """Colour of a class, #rrggbb; grey for those that say nothing."""
    return CLASS_COLOURS.get(kind, NONE)


def tint(colour: str, share: float) -> str:
    """Mix so much of a colour with white."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (part - 255)):02x}" for part in parts)


def strength(value: float, largest: float) -> float:
    """Share of colour in a cell of a map, by the size of its value over the largest."""
    return 0.14 + (0.36 * min(abs(value) / largest, 1.0) if largest > 0 and value == value else 0.0)
