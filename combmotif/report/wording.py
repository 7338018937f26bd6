"""Numbers and classes in words, the same in the page and in the terminal."""

from __future__ import annotations

import math

CONTRIBUTION_CLASSES = {
    "positive": ("▲", "Sequences that excite the neuron have a higher outcome; the estimates agree in sign."),
    "negative": ("▼", "Sequences that excite the neuron have a lower outcome; the estimates agree in sign."),
    "discordant": ("◆", "Significant, but the observed and adjusted effects and that of its sites disagree in sign."),
    "neutral": ("●", "The confidence interval lies within the margin of equivalence: no effect worth naming."),
    "undetermined": ("?", "The data can neither show an effect nor rule one out."),
    "untestable": ("×", "One of the two groups holds too few sequences to test."),
}
"""Class of a neuron: its symbol and its meaning."""

MOTIF_CLASSES = {
    "positive": ("▲", "The motif raises the prediction, by more than the margin."),
    "negative": ("▼", "The motif lowers the prediction, by more than the margin."),
    "neutral": ("●", "The confidence interval lies within the margin: no effect worth naming."),
    "no effect detected": ("○", "Not significant; an effect below the detectable size may be there."),
    "undetermined": ("?", "Significant, but the interval cannot tell whether it is larger than the margin."),
    "too few sequences": ("×", "Too few sequences to test."),
}
"""Class of a motif's own effect: its symbol and its meaning."""

INTERACTION_CLASSES = {
    "super-additive": ("+", "Together they do more than the sum of what each does alone."),
    "sub-additive": ("−", "Together they do less than the sum of what each does alone."),
    "additive": ("=", "Their effects add up: the departure from a sum lies within the margin."),
    "opposing": ("⇄", "Both act, in opposite directions."),
    "one motif only": ("→", "Only one of the two acts."),
    "neutral": ("●", "Neither has an effect larger than the margin."),
    "no effect detected": ("○", "No effect of either was detected; one below the detectable size may be there."),
    "undetermined": ("?", "The data can neither show an interaction nor rule one out."),
    "too few sequences": ("×", "Too few sequences hold both motifs."),
}
"""Class of a motif pair: its symbol and its meaning."""

PROTOTYPE_CLASSES = {
    "positive_synergistic": ("+", "Together they raise the outcome by more than the sum (the published rule)."),
    "positive_antagonistic": ("−", "Together they raise the outcome by less than the sum (the published rule)."),
    "negative_synergistic": ("+", "Together they lower the outcome by more than the sum (the published rule)."),
    "negative_antagonistic": ("−", "Together they lower the outcome by less than the sum (the published rule)."),
    "none": ("·", "No interaction by the published rule."),
}
"""Class of a pair under the preset of the published prototype, where it differs from ours."""

PAIR_CLASSES = INTERACTION_CLASSES | PROTOTYPE_CLASSES
"""Every class a pair may have."""

MAP_CLASSES = PAIR_CLASSES | {"mixed": ("≠", "Pairs of these two families fall into different classes.")}
"""Class of two families in the map of interactions."""

TRIPLE_CLASSES = {
    "more-than-pairs": ("+", "The three do more than their pairs explain."),
    "less-than-pairs": ("−", "The three do less than their pairs explain."),
    "pairwise": ("=", "Their pairs explain what the three do."),
    "undetermined": ("?", "The data can neither show a departure nor rule one out."),
    "too few sequences": ("×", "Too few sequences hold all three."),
}
"""Class of three motifs: its symbol and its meaning."""

EARLIER_CLASSES = {
    "synergistic": "super-additive", "antagonistic": "sub-additive", "one-sided": "one motif only", "inert": "neutral",
    "not-detected": "no effect detected", "untestable": "too few sequences",
}  # fmt: skip
"""Classes of motifs and pairs in the tables of earlier versions, which can still be read."""

MISSING = "–"


def style_of(kind: object) -> str:
    """Name of a class in the style sheet: ``k-one-motif-only``."""
    return "k-" + str(kind).replace(" ", "-")


def finite(value: object) -> bool:
    """Whether a table's cell holds a number."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: object, *, digits: int = 3, sign: bool = False) -> str:
    """Write a number with so many significant digits and a true minus sign; a dash where there is none."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10**5 or size < 10**-4:
        mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
        text = f"{mantissa}e{int(exponent)}".replace("e-", "e−")
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{size:.{decimals}f}"
    return ("−" if value < 0 else "+" if sign else "") + text


def tick(value: object) -> str:
    """Write a round number as short as it is: 0.5, 2, −10; a dash where there is none."""
    return f"{value:.6g}".replace("-", "−") if finite(value) else MISSING


def count(value: object) -> str:
    """Write a whole number with thin spaces between thousands; a dash where there is none."""
    return (
        f"{int(value):,}".replace(",", "\u202f") if isinstance(value, int | float) and math.isfinite(value) else MISSING
    )


def p_value(value: object) -> str:
    """Write a p- or q-value; what underflowed is written as a bound, never as 0."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    if value < 1e-300:
        return "< 1e−300"
    if value < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("e-", "e−")
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def interval(low: object, high: object) -> str:
    """Write a confidence interval, or nothing where there is none."""
    return f"[{number(low)}, {number(high)}]" if finite(low) and finite(high) else ""


def estimate(value: object, low: object = None, high: object = None) -> str:
    """Write a signed estimate with its interval: "+0.42 [0.31, 0.53]"."""
    return f"{number(value, sign=True)} {interval(low, high)}".strip()


def outcome(name: str) -> str:
    """Say what was compared: ``prediction:mrl`` is "predicted mrl", ``label:mrl`` is "measured mrl"."""
    kind, _, what = name.partition(":")
    words = {"prediction": ("prediction", "predicted"), "label": ("measured value", "measured")}
    alone, before = words.get(kind, (kind, kind))
    return f"{before} {what}" if what else alone


def opening(name: str) -> str:
    """Write a name as the first word of a sentence: Upstream AUG; one such as m6A or let-7 stays as it is."""
    first = name.partition(" ")[0]
    return f"{name[:1].upper()}{name[1:]}" if first.isalpha() and first.islower() else name


def plural(amount: int, noun: str, many: str = "") -> str:
    """Write "1 motif", "2 motifs"."""
    return f"{count(amount)} {noun if amount == 1 else many or noun + 's'}"
