"""Letter heights, palette and the two ways of drawing a logo."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from combmotif.motifs.motif import Motif
from combmotif.report.drawing.logos import COLOURS, GLYPHS, glyph_symbols, letter_heights, logo_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_heights_are_probability_times_information() -> None:
    ppm = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
    entropy = -(0.7 * np.log2(0.7) + 0.3 * np.log2(0.1))
    expected = np.array([[2, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0], np.array([0.7, 0.1, 0.1, 0.1]) * (2 - entropy)])
    np.testing.assert_allclose(letter_heights(ppm), expected, atol=1e-9)


@pytest.mark.parametrize(("alphabet", "letter", "other"), [("rna", "U", "T"), ("dna", "T", "U")])
def test_fourth_letter_follows_the_alphabet(alphabet: str, letter: str, other: str) -> None:
    motif = Motif(id="conv3:0.m1", pfm=np.array([[0, 0, 0, 50.0]]), sites=50)
    root = ElementTree.fromstring(logo_svg(motif, alphabet=alphabet))
    used = {u.get("href") for u in root.iter(f"{SVG}use")}
    assert f"#g{letter}" in used
    assert f"#g{other}" not in used
    assert {s.get("id") for s in root.iter(f"{SVG}symbol")} == {f"g{x}" for x in "ACG" + letter}


def test_stand_alone_svg_is_whole_and_named() -> None:
    motif = Motif(id="conv3.0.m<1>", pfm=np.array([[90, 5, 3, 2], [1, 1, 97, 1.0]]), sites=100)
    text = logo_svg(motif)
    root = ElementTree.fromstring(text)
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == "Logo of conv3.0.m<1>: AG, 2 columns, 3.1 bits, 100 sites"
    ids = {s.get("id") for s in root.iter(f"{SVG}symbol")}
    assert all(u.get("href", "")[1:] in ids for u in root.iter(f"{SVG}use"))
    assert text.count("http") == 1


def test_every_letter_has_a_closed_outline_inside_its_box() -> None:
    for letter, path in GLYPHS.items():
        numbers = [float(x) for x in re.findall(r"\d+", path)]
        assert 0 <= min(numbers) < max(numbers) <= 100, letter
        assert path.endswith("Z")
    assert glyph_symbols("rna", colours=COLOURS).count("<symbol") == 4


def _linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


SIGHT = {
    "ordinary": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Matrices of Machado, Oliveira and Fernandes 2009 at full severity."""


@pytest.mark.parametrize("sight", list(SIGHT))
def test_palette_is_told_apart_and_seen(sight: str) -> None:
    matrix = np.asarray(SIGHT[sight])
    colours = [_lab(matrix @ _linear(COLOURS[letter])) for letter in "ACGU"]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(colours, 2))
    assert nearest > 20
    for letter in "ACGU":
        luminance = float(np.array([0.2126, 0.7152, 0.0722]) @ _linear(COLOURS[letter]))
        assert 1.05 / (luminance + 0.05) >= 3
