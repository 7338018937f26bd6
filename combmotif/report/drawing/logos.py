"""Sequence logos as inline SVG: four glyphs drawn once, every letter a stretched reference to one of them."""

from __future__ import annotations

from html import escape

import numpy as np

from combmotif.motifs.motif import Motif, information
from combmotif.sequence.alphabet import LETTERS

GLYPHS = {
    "A": "M0 100 37 0H63L100 100H77L70 78H30L23 100ZM36 61H64L50 20Z",
    "C": "M100 33C96 12 77 0 53 0 22 0 0 20 0 50S22 100 53 100C78 100 96 88 100 66L79 62C76 75 67 83 53 83 34 83 21 71 "
    "21 50S34 17 53 17C67 17 76 25 79 38Z",
    "G": "M99 31C94 11 77 0 53 0 22 0 0 20 0 50S22 100 53 100C73 100 90 93 100 82V45H52V61H79V74C72 80 64 83 53 83 "
    "34 83 21 71 21 50S34 17 53 17C66 17 76 24 79 36Z",
    "U": "M0 0H22V62C22 76 34 83 50 83S78 76 78 62V0H100V62C100 88 78 100 50 100S0 88 0 62Z",
    "T": "M0 0H100V17H61V100H39V17H0Z",
}
"""Outlines in a box of 100 by 100, y downwards."""

COLOURS = {"A": "#12977a", "C": "#1d3c8f", "G": "#b07d0a", "U": "#8f1537", "T": "#8f1537"}
"""On white; every pair stays apart for deuteranopes, protanopes and tritanopes."""

COLUMN = 10.0
BITS = 20.0
_LEAST = 0.5


def letter_heights(ppm: np.ndarray) -> np.ndarray:
    """Heights of the letters of a logo: probability times the column's information (Schneider and Stephens 1990).

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities of A, C, G, T/U.

    Returns
    -------
    float array, shape (length, 4)
        In bits; a column sums to its information, at most 2.

    Examples
    --------
    >>> letter_heights(np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])).round(2)
    array([[2. , 0. , 0. , 0. ],
           [0.5, 0.5, 0. , 0. ]])
    """
    return np.asarray(ppm * information(ppm)[:, None], dtype=float)


def _decimal(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _letters(ppm: np.ndarray, alphabet: str, references: dict[str, str]) -> str:
    heights = letter_heights(ppm) * BITS
    names = LETTERS[alphabet]
    parts = []
    for position, (column, order) in enumerate(
        zip(heights.tolist(), np.argsort(heights, axis=1).tolist(), strict=True)
    ):
        top = 2 * BITS
        for base in order:
            height = column[base]
            if height < _LEAST:
                continue
            top -= height
            parts.append(
                f'<use href="#{references[names[base]]}" x="{_decimal(position * COLUMN)}" y="{_decimal(top)}" '
                f'width="10" height="{_decimal(height)}"/>'
            )
    return "".join(parts)


def glyph_symbols(alphabet: str = "rna", *, prefix: str = "g", colours: dict[str, str] | None = None) -> str:
    """Draw the four letters of an alphabet as ``<symbol>`` elements named prefix + letter.

    Parameters
    ----------
    alphabet : str, default "rna"
        ``rna`` or ``dna``.
    prefix : str, default "g"
        Begins the identifiers; pages that hold several sets need several prefixes.
    colours : dict of letter to colour, optional
        Fill colours written into the symbols; by default a class ``gA`` ... is written and a style sheet decides.
    """
    parts = []
    for letter in LETTERS[alphabet][:4]:
        fill = f'class="{prefix}{letter}"' if colours is None else f'fill="{colours[letter]}"'
        parts.append(
            f'<symbol id="{prefix}{letter}" viewBox="-3 0 106 100" preserveAspectRatio="none">'
            f'<path {fill} fill-rule="evenodd" d="{GLYPHS[letter]}"/></symbol>'
        )
    return "".join(parts)


def describe(motif: Motif, *, alphabet: str = "rna") -> str:
    """Say what a logo shows, for its title."""
    bits = float(motif.information.sum())
    return (
        f"Logo of {motif.id}: {motif.consensus(alphabet)}, {len(motif)} columns, {bits:.1f} bits, {motif.sites} sites"
    )


def logo_svg(motif: Motif, *, alphabet: str = "rna", column: float = 24.0, height: float = 96.0) -> str:
    """Draw one motif as a stand-alone SVG file with an axis in bits, for papers and slides.

    Parameters
    ----------
    motif : Motif
    alphabet : str, default "rna"
        ``rna`` writes U, ``dna`` writes T.
    column, height : float, default 24 and 96
        Pixels per column and for 2 bits.

    Returns
    -------
    str
        A whole SVG document; no fonts are needed for the letters of the logo.

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> logo_svg(Motif("m1", word_ppm("UGUAAAUA") * 20, 20))[:4]
    '<svg'
    """
    length = len(motif)
    left, top, bottom = 34.0, 8.0, 22.0
    width, full = left + length * column + 8, top + height + bottom
    scale_x, scale_y = column / COLUMN, height / 40
    references = {letter: f"g{letter}" for letter in LETTERS[alphabet][:4]}
    text = 'font-family="system-ui,sans-serif" font-size="11" fill="#333"'
    axis = [f'<path d="M{left - 5} {top}V{top + height}H{_decimal(width - 8)}" fill="none" stroke="#333"/>']
    for bits in (0, 1, 2):
        y = top + height * (1 - bits / 2)
        axis.append(f'<path d="M{left - 9} {_decimal(y)}h4" stroke="#333"/>')
        axis.append(f'<text x="{left - 12}" y="{_decimal(y + 4)}" text-anchor="end" {text}>{bits}</text>')
    crowded = column < 8 * len(str(length))  # numbers of two digits would touch: the first and every fifth
    for position in range(length):
        if crowded and position and (position + 1) % 5:
            continue
        x = left + (position + 0.5) * column
        axis.append(
            f'<text x="{_decimal(x)}" y="{top + height + 15}" text-anchor="middle" {text}>{position + 1}</text>'
        )
    axis.append(
        f'<text transform="translate(9 {_decimal(top + height / 2)}) rotate(-90)" text-anchor="middle" {text}>'
        "bits</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_decimal(width)}" height="{_decimal(full)}" '
        f'viewBox="0 0 {_decimal(width)} {_decimal(full)}"><title>{escape(describe(motif, alphabet=alphabet))}</title>'
        f"<defs>{glyph_symbols(alphabet, colours=COLOURS)}</defs>{''.join(axis)}"
        f'<g transform="translate({left} {top}) scale({scale_x:g} {scale_y:g})">'
        f"{_letters(motif.ppm, alphabet, references)}</g></svg>\n"
    )
