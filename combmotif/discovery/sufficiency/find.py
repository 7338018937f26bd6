"""Find the motifs of a neuron by asking it: anchor, read, split, explain away, prune."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.demixed import Demixed
from combmotif.discovery.sufficiency.cover import (
    Windows,
    agreed,
    alike,
    called,
    carried_at,
    choose,
    ordered,
    repeated,
    retained,
)
from combmotif.discovery.sufficiency.describe import Found, describe
from combmotif.discovery.sufficiency.options import SufficiencyOptions
from combmotif.discovery.sufficiency.parts import settled, split, spread
from combmotif.discovery.sufficiency.queries import UNIFORM, Queries
from combmotif.discovery.sufficiency.reading import Reading, anchor, letters, read
from combmotif.discovery.sufficiency.silence import silence_level
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

PATIENCE = 4
"""Windows in a row that explained nothing more, after which a pass turns to the strangers, and then ends."""
PRECISE = 4
"""Times as many background sequences, and at most as many again, for the final reading."""


def demix_by_sufficiency(
    probe: WindowProbe,
    samples: Samples,
    *,
    options: SufficiencyOptions | None = None,
    seed: int = 0,
    alphabet: str = "rna",
) -> Demixed:
    """Find the motifs of one neuron by queries of the network alone.

    A motif is what suffices to excite the neuron in background sequences. The window with most unexplained excitation
    is reduced to the nucleotides that excite most (*anchor*), these are replaced by the bases that the neuron answers
    to, column by column (*read*), two parts that act without synergy are parted (*split*), and what windows owe to the
    motif is found by keeping its nucleotides and randomising the rest (*explain away*). In the end those stay that the
    others do not make up for (*prune*), and are read once more. All this is done several times, with other windows and
    background sequences; the motifs that come again count (*repeat*).

    Parameters
    ----------
    probe : WindowProbe
        Of the layer the samples were drawn for.
    samples : Samples
        Of a model with extra channels, background sequences have the tracks of these windows.
    options : SufficiencyOptions, optional
    seed : int, default 0
        Of the background sequences.
    alphabet : str, default "rna"
        Of the words in the tables.

    Returns
    -------
    Demixed
        Motifs by the share of the excitation that their nucleotides keep beside those of the motifs before, largest
        first, so that the shares add up to what all of them explain; none where nothing that the neuron reads is
        sharper than noise, or it reads composition alone.
    """
    options, random = options or SufficiencyOptions(), np.random.default_rng(seed)
    if not len(samples):
        return describe(probe, samples, [], alphabet)
    level = silence_level(probe, samples, random)
    with probe.only(samples.neuron):
        queries = Queries(probe, samples, level, random)
        excitation = queries.excitation(samples.activations.astype(float))
        alive = np.flatnonzero(excitation > 0)
        if not len(alive):
            return describe(probe, samples, [], alphabet)

        rows = _evenly(alive, options.passes * options.windows)
        apart = len(rows) == options.passes * options.windows  # else all passes have to share what there is
        parts = [rows[number :: options.passes] if apart else rows for number in range(options.passes)]
        windows, *each = (
            Windows(samples.codes[own], excitation[own], own) for own in (_evenly(alive, options.windows), *parts)
        )
        passes: list[list[Reading]] = []
        for own in each:
            passes.append(find_motifs(queries, own, options))
            if len(passes) > 1 and agreed(queries, passes[-2:], windows, options):
                break
        motifs = repeated(queries, passes, windows, options)
        found = [
            Found(
                reading,
                carried_at(queries, reading, samples.codes, options),
                queries.level(reading.ppm, reading.row),
                share,
            )
            for reading, share in ordered(queries, motifs, windows, options)
        ]
    return describe(probe, samples, found, alphabet)


def _evenly(rows: np.ndarray, count: int) -> np.ndarray:
    """At most so many of the rows, evenly over all."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, count).astype(int))]


def find_motifs(queries: Queries, windows: Windows, options: SufficiencyOptions) -> list[Reading]:
    """Find the motifs that explain windows in one pass, in no order; see `demix_by_sufficiency`.

    The strongest windows are often relatives of one another, and end the search together. It then goes on with the
    strangers: windows of which the motifs found keep less than ``alone``, and so hold another motif.
    """
    candidates: list[Reading] = []
    each: list[np.ndarray] = []  # share of every window's excitation that a candidate keeps
    keeps: list[np.ndarray] = []  # nucleotides that belong to it
    # what excites too little would be called nearly everywhere, and say nothing
    least = options.alone * windows.excitation.max()
    still_open = windows.excitation >= least
    share = np.zeros(len(windows.codes))
    for strangers in (False, True):
        idle = 0
        while idle < PATIENCE and windows.share(share) < 1 - options.least:
            left = windows.excitation * (1 - share) * still_open
            if strangers:
                left[share >= options.alone] = 0
            row = int(left.argmax())
            if left[row] <= options.alone * windows.excitation[row]:
                break
            still_open[row] = False
            named = np.any([keep[row] for keep in keeps], axis=0) if keeps else np.zeros(queries.size, bool)
            parts = _motifs_of(queries, windows, row, candidates, named, least, options)
            before = windows.share(share)
            for part in parts:
                candidates.append(part)
                keeps.append(called(queries, part, windows.codes, options))
                each.append(retained(queries, windows, keeps[-1]))
                share = np.maximum(share, each[-1])
            if keeps:
                share = np.maximum(share, retained(queries, windows, np.any(keeps, axis=0)))
            idle = 0 if windows.share(share) - before >= options.least else idle + 1
    if not candidates:
        return []
    chosen = choose(queries, candidates, np.array(each), keeps, windows, options)
    return [_read_precisely(queries, reading, options) for reading in chosen]


def _motifs_of(
    queries: Queries,
    windows: Windows,
    row: int,
    known: list[Reading],
    named: np.ndarray,
    least: float,
    options: SufficiencyOptions,
) -> list[Reading]:
    """Read a window, and part what it gives into motifs: those that excite at least so much, and are no composition."""
    queries.row = int(windows.rows[row]) if queries.tracks is not None else None
    found = _read_window(queries, windows, row, known, named, options)
    parts = [] if found is None else [part for part in split(queries, found, options) if part.excitation >= least]
    parts = [part for part in parts if spread(queries, part, options) <= options.spread]
    parts = [replace(settled(queries, part, options), row=queries.row) for part in parts]
    queries.row = None
    return parts


def _read_precisely(queries: Queries, reading: Reading, options: SufficiencyOptions) -> Reading:
    """Read a motif again in more background sequences; as it was where it turns into another."""
    precise = replace(options, backgrounds=PRECISE * options.backgrounds)
    queries.row = reading.row
    again = read(queries, reading.ppm, precise, turns=2, most=PRECISE)
    queries.row = None
    if again is None or alike(again.ppm - UNIFORM, reading.ppm - UNIFORM)[0] < options.same:
        return reading
    return replace(reading, ppm=again.ppm, excitation=again.excitation)


def _read_window(
    queries: Queries,
    windows: Windows,
    row: int,
    known: list[Reading],
    named: np.ndarray,
    options: SufficiencyOptions,
) -> Reading | None:
    """Read a motif from a window that is not known yet; None where there is none.

    A window that has a known motif beside another is read again without the nucleotides of the known one, where the
    others excite by themselves. Nucleotides that are all ``named``, those of known motifs, need not be read.
    """
    codes, among = windows.codes[row], np.ones(queries.size, bool)
    one = Windows(codes[None], windows.excitation[[row]], windows.rows[[row]])
    track = None if queries.tracks is None else int(windows.rows[row])

    while True:
        keep = anchor(queries, codes, among, options, track)
        if not named[keep].all():
            found = read(queries, letters(codes, keep), options)
            if found is not None and all(alike(found.ppm - UNIFORM, o.ppm - UNIFORM)[0] < options.same for o in known):
                return found
        among = among & ~keep
        if among.sum() < 4 or retained(queries, one, among[None])[0] < options.alone:
            return None
