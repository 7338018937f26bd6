"""Scales, thinning and marks of the small plots."""

from __future__ import annotations

import re
from importlib import resources
from xml.etree import ElementTree

import numpy as np

from combmotif.report.drawing import colours
from combmotif.report.drawing.plots import ForestRow, Scale, domain, forest, thin, whisker
from combmotif.report.wording import style_of


def test_scale_maps_and_clips() -> None:
    scale = Scale(-1, 1, 0, 100)
    assert [scale(v) for v in (-1, 0, 0.5, 1, 7, -7)] == [0, 50, 75, 100, 100, 0]
    assert Scale(0, 10, 100, 0)(2) == 80
    assert Scale(-1.1, 1.1, 0, 1).ticks(4) == [-1, 0, 1]
    assert Scale(0.13, 0.87, 0, 1).ticks(4) == [0.2, 0.4, 0.6, 0.8]
    assert Scale(3, 3, 0, 1).ticks() == [3]


def test_domain_holds_zero_and_cuts_one_uncertain_row() -> None:
    low, high = domain([0.5, 1.0], [0.4, 50.0])
    assert low < 0
    assert 2.0 < high < 2.5
    low, high = domain([], [])
    assert low < 0 < high


def test_thin_is_even_over_ranks_and_keeps_the_ends() -> None:
    values = np.random.default_rng(0).normal(size=1001)
    rows = thin(values, most=11)
    np.testing.assert_array_equal(values[rows], np.sort(values)[::100])
    np.testing.assert_array_equal(thin(values, most=11), rows)
    assert sorted(thin(values[:5])) == [0, 1, 2, 3, 4]


def test_whisker_places_estimate_interval_and_cut() -> None:
    root = ElementTree.fromstring(whisker((-9.0, 0.0, 0.5), (-1, 1), kind="neutral", title="x < y"))
    dot = root.find("circle")
    assert dot is not None
    assert float(dot.get("cx", "")) == 58
    paths = [p.get("d", "") for p in root.findall("path")]
    assert "M4 10H85.0" in paths
    assert any(d.startswith("M8 7L4 10") for d in paths), "the cut end is an arrow head"
    assert whisker((0, float("nan"), 1), (-1, 1), kind="", title="") == ""


def test_forest_rows_link_to_their_neurons() -> None:
    rows = [
        ForestRow(
            "conv3:1",
            "a&b",
            "conv3.1",
            "positive",
            (0.1, 0.2, 0.3),
            ((np.nan,) * 3, (0.0, 0.1, 0.2)),
            "+0.2 [0.1, 0.3]",
        )
    ]
    root = ElementTree.fromstring(forest(rows, title="t", axis="x"))
    assert [a.get("href") for a in root.iter("a")] == ["#conv3.1"]
    assert [p.get("d") for g in root.iter("g") if g.get("class") == "adjusted" for p in g.iter("path")][-1].endswith(
        "z"
    )
    assert "a&b" in "".join(root.itertext())


def test_figures_and_page_have_the_same_colours() -> None:
    css = resources.files("combmotif.report").joinpath("static/report.css").read_text(encoding="utf-8")
    page = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", css.partition("@media")[0]))
    names = {"up": "UP", "down": "DOWN", "mixed": "MIXED", "amber": "AMBER", "even": "EVEN", "none": "NONE"}
    assert {key: page[key] for key in names} == {key: getattr(colours, name) for key, name in names.items()}
    rules = re.findall(r"([^{}]+)\{ color: var\(--(\w+)\); --k", css)
    for kind, colour in colours.CLASS_COLOURS.items():
        own = [name for rule, name in rules if f".{style_of(kind)}" in re.split(r"[,\s]+", rule)]
        assert [page[name] for name in own] == [colour], kind
    assert colours.tint("#000000", 0.5) == "#808080"
