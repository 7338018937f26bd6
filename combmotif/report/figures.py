"""Figures for a paper, drawn with matplotlib and logomaker from a run folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.core.files import atomic
from combmotif.core.output import OutputFolder
from combmotif.report import wording
from combmotif.report.drawing.colours import NONE, colour_of, strength, tint
from combmotif.report.drawing.logos import COLOURS, letter_heights
from combmotif.report.folder import RunFolder, mapping, neuron_name, read_run
from combmotif.report.sections.activations import histograms
from combmotif.report.sections.effects import effects
from combmotif.report.sections.interactions import PairView, pairs
from combmotif.report.sections.matches import matches
from combmotif.report.sections.neurons import motif_names, neurons
from combmotif.report.sections.pairmap import PairMap, family_map, pair_map

FORMATS = ("pdf", "svg", "png")
KINDS = ("logos", "contribution", "interactions", "activations")
WIDTH = 7.2
"""Inches: two columns of most journals."""

_STYLE: Any = {
    "font.size": 7, "axes.titlesize": 7, "axes.labelsize": 7, "xtick.labelsize": 6, "ytick.labelsize": 6,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.spines.top": False,
    "axes.spines.right": False, "font.family": "DejaVu Sans", "pdf.fonttype": 42, "svg.fonttype": "none",
    "svg.hashsalt": "combmotif", "figure.dpi": 100, "savefig.dpi": 300,
}  # fmt: skip
_MARKERS = {"positive": "^", "negative": "v", "discordant": "D"}
LOGOS_A_PAGE, ROWS_A_PAGE, HISTOGRAMS_A_PAGE = 36, 60, 40


def _need_plotting() -> None:
    try:
        import logomaker  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise ValueError(f"figures: {error.name} is not installed; run: pip install 'combmotif[figures]'") from None


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_logo(axes: Any, heights: np.ndarray, *, alphabet: str = "rna") -> None:
    """Draw one logo into matplotlib axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    heights : float array, shape (length, 4)
        Heights of A, C, G, T/U; negative ones hang below the axis.
    alphabet : str, default "rna"
    """
    import logomaker
    import pandas as pd

    letters = "ACGU" if alphabet == "rna" else "ACGT"
    table = pd.DataFrame(np.asarray(heights, dtype=float), columns=list(letters))
    colours = {letter: COLOURS[letter] for letter in letters}
    logomaker.Logo(table, ax=axes, color_scheme=colours, baseline_width=0.4, show_spines=False)


def logo_pages(run: RunFolder) -> Iterator[tuple[str, Any]]:
    """Draw every motif, in bits or, where it comes from attributions, in contribution; one page per 36 motifs."""
    found = matches(run)
    names = motif_names(run, found)
    rows = {row["motif"]: row for row in run.tables["motifs"].to_dict("records")}
    layers: dict[str, list[str]] = {}
    for name in run.motifs:
        row = rows.get(name)
        owner = neuron_name(row["layer"], row["channel"], row["method"]) if row else "model"
        layers.setdefault(owner.rpartition(":")[0] or owner, []).append(name)
    for layer, members in layers.items():
        for page in range(0, len(members), LOGOS_A_PAGE):
            shown = members[page : page + LOGOS_A_PAGE]
            columns = 3
            lines = math.ceil(len(shown) / columns)
            figure = _figure(WIDTH, 0.3 + 0.84 * lines)
            grid = figure.subplots(lines, columns, squeeze=False)
            for axes, name in zip(grid.ravel(), shown, strict=False):
                motif = run.motifs[name]
                scores = run.scores.get(name)
                draw_logo(axes, letter_heights(motif.ppm) if scores is None else scores, alphabet=run.alphabet)
                if scores is None:
                    axes.set_ylim(0, 2)
                    axes.set_yticks([0, 1, 2])
                axes.set_xticks([])
                axes.spines["left"].set_visible(True)
                called = names.get(name, "")
                known = f"\n{called}" if called and called != motif.consensus(run.alphabet) else ""
                axes.set_title(f"{name}, {motif.sites} sites{known}", loc="left", pad=2, fontsize=6)
            for axes in grid.ravel()[len(shown) :]:
                axes.axis("off")
            figure.supylabel("bits" if not run.scores else "bits or contribution", fontsize=7)
            yield f"logos-{layer}", figure


def contribution_pages(run: RunFolder) -> Iterator[tuple[str, Any]]:
    """Draw every neuron's effect with its 95 % interval, one figure per outcome, at most 60 neurons a page."""
    found = matches(run)
    names = motif_names(run, found)
    first: dict[str, str] = {}
    for row in run.tables["motifs"].to_dict("records"):
        first.setdefault(neuron_name(row["layer"], row["channel"], row["method"]), names[row["motif"]])
    for outcome, table in effects(run).items():
        rows = sorted((e for e in table.values() if np.isfinite(e.value)), key=lambda e: -e.value)
        for page in range(0, len(rows), ROWS_A_PAGE):
            shown = rows[page : page + ROWS_A_PAGE]
            figure = _figure(WIDTH, 0.7 + 0.145 * len(shown))
            axes = figure.subplots()
            axes.axvline(0, color=NONE, linewidth=0.6, linestyle=(0, (3, 3)))
            for place, effect in enumerate(shown):
                colour = colour_of(effect.kind)
                low, middle, high = effect.observed
                axes.plot([low, high], [place, place], color=colour, linewidth=1)
                axes.plot(middle, place, _MARKERS.get(effect.kind, "o"), color=colour, markersize=4)
                other = effect.site if effect.site_text else effect.adjusted
                axes.plot(
                    other[1], place, "s", color=colour, markerfacecolor="white", markersize=3, markeredgewidth=0.7
                )
            axes.set_yticks(range(len(shown)), [f"{e.neuron}  {first.get(e.neuron, '')}".strip() for e in shown])
            axes.set_ylim(len(shown) - 0.5, -0.5)
            scrambled = any(e.site_text for e in shown)
            axes.set_xlabel(
                f"difference in {wording.outcome(outcome)}, active minus inactive sequences, 95 % CI "
                f"(open: {'sites scrambled' if scrambled else 'adjusted for covariates'})"
            )
            yield f"contribution-{outcome.replace(':', '-')}", figure


def _best_map(run: RunFolder) -> tuple[PairMap | None, list[PairView]]:
    views = pairs(run, matches(run))
    families, _ = family_map(run, {})
    return families or pair_map(views), views


def _pair_pages(views: list[PairView]) -> Iterator[tuple[str, Any]]:
    """Draw e of every pair with its 95 % interval, by class, at most 60 a page."""
    order = list(wording.PAIR_CLASSES)
    rows = sorted(
        (v for v in views if np.isfinite(v.estimate[1])),
        key=lambda v: (order.index(v.kind) if v.kind in order else len(order), -v.estimate[1]),
    )
    for page in range(0, len(rows), ROWS_A_PAGE):
        shown = rows[page : page + ROWS_A_PAGE]
        figure = _figure(WIDTH, 0.7 + 0.145 * len(shown))
        axes = figure.subplots()
        axes.axvline(0, color=NONE, linewidth=0.6, linestyle=(0, (3, 3)))
        for place, view in enumerate(shown):
            low, middle, high = view.estimate
            axes.plot([low, high], [place, place], color=colour_of(view.kind), linewidth=1)
            axes.plot(middle, place, "o", color=colour_of(view.kind), markersize=4)
        labels = [f"{view.name} ({view.rule}): {view.symbol} {view.kind.replace('_', ' ')}" for view in shown]
        axes.set_yticks(range(len(shown)), labels)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlabel("epistasis e, 95 % CI")
        yield "interactions", figure


def interaction_pages(run: RunFolder) -> Iterator[tuple[str, Any]]:
    """Draw the map of interactions: colour and sign of a cell are its class, the stronger the larger e.

    Where few of its cells are filled, the pairs are drawn as a list instead.
    """
    from matplotlib.colors import to_rgb

    found, views = _best_map(run)
    if found is None:
        return
    if found.sparse:
        yield from _pair_pages(views)
        return
    size = len(found.names)
    values = np.array([[cell.value if cell else np.nan for cell in row] for row in found.cells], dtype=float)
    reach = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    side = max(2.6, 0.24 * size)
    figure = _figure(min(WIDTH, side + 2.6) if side < WIDTH else side + 2.6, side + 1.4)
    axes = figure.subplots()
    shades = np.ones((size, size, 3))
    for i, row in enumerate(found.cells):
        for j, cell in enumerate(row):
            if cell is not None:
                shades[i, j] = to_rgb(tint(colour_of(cell.kind), strength(cell.value, reach)))
    axes.imshow(shades)
    for i, row in enumerate(found.cells):
        for j, cell in enumerate(row):
            if cell is not None:
                axes.text(j, i, cell.symbol, ha="center", va="center", color=colour_of(cell.kind))
    axes.set_xticks(range(size), found.names, rotation=90)
    axes.set_yticks(range(size), found.names)
    axes.set_xticks(np.arange(-0.5, size), minor=True)
    axes.set_yticks(np.arange(-0.5, size), minor=True)
    axes.grid(which="minor", color="#d9e0e5", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    kinds = dict.fromkeys(cell.kind for row in found.cells for cell in row if cell)
    legend = "   ".join(f"{wording.MAP_CLASSES[k][0]} {k}" for k in kinds if k in wording.MAP_CLASSES)
    figure.supxlabel(f"{legend}   (the stronger the colour, the larger e)", fontsize=6)
    yield "interactions", figure


def activation_pages(run: RunFolder) -> Iterator[tuple[str, Any]]:
    """Draw each neuron's highest activation per sequence as a histogram, the threshold as a line; 40 a page."""
    views, _ = neurons(run, matches(run), {}, {})
    wanted = mapping(run.config.get("contribution")).get("threshold")
    threshold = float(wanted) if isinstance(wanted, int | float) else 0.7
    maxima = {v.name: v.row["dataset_max"] for v in views}
    rest = {v.name: float(v.row.get("background", 0.0)) for v in views}
    found = list(histograms(run.path / "activations.tsv", [v.name for v in views], maxima, threshold, rest).items())
    for page in range(0, len(found), HISTOGRAMS_A_PAGE):
        shown = found[page : page + HISTOGRAMS_A_PAGE]
        columns = 5
        lines = math.ceil(len(shown) / columns)
        figure = _figure(WIDTH, 0.3 + 1.0 * lines)
        grid = figure.subplots(lines, columns, squeeze=False)
        for axes, (name, histogram) in zip(grid.ravel(), shown, strict=False):
            edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
            axes.stairs(histogram.counts, edges, fill=True, color="#9fc3c9")
            if np.isfinite(histogram.mark):
                axes.axvline(histogram.mark, color=NONE, linewidth=0.6, linestyle=(0, (3, 3)))
            axes.set_yscale("symlog", linthresh=1)
            axes.set_title(name, loc="left", pad=2)
        for axes in grid.ravel()[len(shown) :]:
            axes.axis("off")
        figure.supxlabel("highest activation in a sequence", fontsize=7)
        figure.supylabel("sequences", fontsize=7)
        yield "activations", figure


_DRAWERS: dict[str, Callable[[RunFolder], Iterator[tuple[str, Any]]]] = {
    "logos": logo_pages,
    "contribution": contribution_pages,
    "interactions": interaction_pages,
    "activations": activation_pages,
}


def write_figures(
    run_folder: str | Path, *, out: str | Path | None = None, file_format: str = "pdf", kinds: tuple[str, ...] = KINDS
) -> list[Path]:
    """Draw the figures of a run; the same folder gives the same bytes.

    Parameters
    ----------
    run_folder : str or Path
    out : str or Path, optional
        Folder to write to, made if it is not there; by default ``figures`` in the run folder.
    file_format : str, default "pdf"
        ``pdf`` (text stays text), ``svg`` (the same) or ``png`` (300 dots per inch).
    kinds : tuple of str
        Of ``logos``, ``contribution``, ``interactions`` and ``activations``.

    Returns
    -------
    list of Path
        Files written: ``logos-<layer>``, ``contribution-<outcome>``, ``interactions`` and ``activations``, with a
        page number where there are several pages. What the run has no data for is left out.

    Raises
    ------
    ValueError, FileNotFoundError
        If the folder is no run folder, the format or a kind is unknown, or the extra ``figures`` is not installed.
    """
    if file_format not in FORMATS:
        raise ValueError(f"figures: expected a format of {', '.join(FORMATS)}, got '{file_format}'")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f"figures: expected kinds of {', '.join(KINDS)}, got '{unknown[0]}'")
    run = read_run(run_folder)
    _need_plotting()
    import matplotlib as mpl

    folder = Path(out) if out is not None else Path(run_folder) / "figures"
    own = OutputFolder(folder, "figures")
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[file_format]
    written = []
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        for kind in kinds:
            drawn: dict[str, int] = {}
            for name, figure in _DRAWERS[kind](run):
                drawn[name] = drawn.get(name, 0) + 1
                path = own.file(f"{_file_name(name)}{f'-{drawn[name]}' if drawn[name] > 1 else ''}.{file_format}")
                with atomic(path) as temporary:
                    figure.savefig(temporary, format=file_format, metadata=metadata)
                written.append(path)
    own.settle()
    return written


def _file_name(name: str) -> str:
    """Keep letters a file system takes."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
