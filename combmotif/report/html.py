"""Write a run folder's report: one HTML file that needs nothing else."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup, escape

from combmotif.core.files import atomic, reading
from combmotif.core.output import MARKER, OutputFolder
from combmotif.core.tables import (
    ACTIVATIONS,
    CONTRIBUTION,
    FAMILY_MAP,
    INSTANCES,
    INTERACTIONS,
    MATCH_CONTROL,
    MATCHES,
    MOTIF_EFFECTS,
    MOTIF_POSITIONS,
    NEURONS,
    PAIR_CONTROLS,
    RUN_TABLES,
    SITES,
    SPACING,
    TRIPLES,
)
from combmotif.report import wording
from combmotif.report.drawing.logos import COLOURS, GLYPHS
from combmotif.report.encode import compact, embedded_file, encode_matrix, script_json
from combmotif.report.folder import RunFolder, anchor, mapping, read_run
from combmotif.report.overview import as_lines, how_found, model_facts, model_name
from combmotif.report.records import anchors, neuron_records
from combmotif.report.sections.effects import Effect, effects, outcomes, tally, whiskers
from combmotif.report.sections.interactions import ESTIMATES, PairView, pairs, triples
from combmotif.report.sections.matches import columns_of, control_sentence, elements, matches
from combmotif.report.sections.motif_effects import (
    MotifEffect,
    motif_effects,
    motif_tally,
    motif_whiskers,
    output_sections,
)
from combmotif.report.sections.neurons import Family, NeuronView, motif_names, neurons, shown_effects
from combmotif.report.sections.pairmap import family_map, pair_map
from combmotif.report.story import Finding
from combmotif.report.summary import findings_of

LARGEST_DOWNLOAD = 12_000_000
MANY_NEURONS, NEURONS_AT_ONCE = 1_000, 200
"""From so many neurons the table shows so many at a time; a browser takes seconds to lay out thousands of rows."""
_INSIDE = (
    NEURONS, MATCHES, MATCH_CONTROL, CONTRIBUTION, MOTIF_EFFECTS, MOTIF_POSITIONS, INTERACTIONS, SPACING, FAMILY_MAP,
    TRIPLES,
)  # fmt: skip
"""Tables that can be downloaded from the page; `_BESIDE` are too large for it."""
_BESIDE = (INSTANCES, PAIR_CONTROLS, ACTIVATIONS, SITES)
_GENERATOR = b'<meta name="generator" content="combmotif'
_SCRIPTS = ("dom", "logos", "plots", "neuron", "pair", "tables", "save", "pages")
_TILES = ("neurons", "motifs", "known", "effects", "contribution", "interaction")


def _static(name: str) -> str:
    return resources.files("combmotif.report").joinpath("static").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    folder = str(resources.files("combmotif.report").joinpath("templates"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder, encoding="utf-8"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": wording.number,
        "tick": wording.tick,
        "count": wording.count,
        "pvalue": wording.p_value,
        "plural": wording.plural,
        "style": wording.style_of,
        "svg": Markup,
        "pre": lambda text: escape(text).replace("\n", Markup("&#10;")),
        "base": lambda motif: columns_of(motif)[0],
        "finite": wording.finite,
        "script": script_json,
        "sortable": lambda value: f"{value:.6g}" if wording.finite(value) else "",
    }
    return environment


def _downloads(run: RunFolder) -> tuple[dict[str, bytes], list[str]]:
    """Choose the files that are put into the page, and name the others that the folder holds."""
    inside: dict[str, bytes] = {}
    beside = []
    wanted = [table.file for table in _INSIDE]
    wanted += sorted(f"motifs/{p.name}" for end in ("tsv", "meme") for p in (run.path / "motifs").glob(f"*.{end}"))
    for name in wanted:
        path = run.path / name
        if not path.is_file():
            continue
        if path.stat().st_size > LARGEST_DOWNLOAD:
            beside.append(name)
            continue
        inside[name] = path.read_bytes()
    named = [*(table.file for table in _BESIDE), "interaction_map.svg"]
    named += sorted(f"motifs/{p.name}" for p in (run.path / "motifs").glob("*.h5"))
    beside += [name for name in named if (run.path / name).is_file()]
    beside += [f"{name}/" for name in ("attributions", "samples") if (run.path / name).is_dir()]
    return inside, beside


def _thoughts(findings: tuple[Finding, ...]) -> list[list[Finding]]:
    """Put what belongs together into one item: a result, then its strongest example."""
    thoughts: list[list[Finding]] = []
    for finding in findings:
        if finding.key in ("motifs", "strongest motif", "strongest", "pair") and thoughts:
            thoughts[-1].append(finding)
        elif finding.key != "story":
            thoughts.append([finding])
    return thoughts


def _page_data(
    run: RunFolder,
    views: list[NeuronView],
    shown: dict[str, MotifEffect | Effect],
    cells: list[dict[str, Any]],
    title: str,
) -> dict[str, Any]:
    """What the scripts need from the first moment: what neurons can be searched by, and how logos are drawn."""
    symbols = wording.TRIPLE_CLASSES | wording.MOTIF_CLASSES | wording.CONTRIBUTION_CLASSES | wording.MAP_CLASSES
    return {
        "title": title,
        "alphabet": run.alphabet,
        "glyphs": GLYPHS,
        "colours": COLOURS,
        "symbols": {kind: symbol for kind, (symbol, _) in symbols.items()},
        "matched": run.stages["matches"].state == "done",
        "scanned": run.stages["activations"].state == "done",
        "unscanned": run.stages["activations"].reason,
        "owners": anchors(views),
        "cells": cells,
        "neurons": [
            {
                "anchor": v.anchor,
                "search": v.search,
                "layer": str(v.row["layer"]),
                "kind": shown[v.name].kind if v.name in shown else "",
                "elements": v.elements,
                "families": list(dict.fromkeys(m.family for m in v.motifs if m.family)),
                "words": [str(m.row["consensus"]).replace("T", "U") for m in v.motifs],
                "purity": compact(v.motifs[0].row["purity"]) if v.motifs else None,
            }
            for v in views
        ],
    }


def _members(
    run: RunFolder, pair_views: list[PairView], families: list[Family]
) -> dict[tuple[str, str], list[PairView]]:
    """Sort the pairs into the cells of the map of families, by what the families and their motifs are called."""
    of = {m.id: family for family in families for m in family.motifs}
    wanted = {name for key in ("family_a", "family_b") for name in run.tables["map"][key]}

    def called(side: str, view: PairView) -> str:
        motif = columns_of(view.row[f"motif_{side}"])[0]
        family = of.get(motif)
        names = [
            str(view.row.get(f"family_{side}") or ""), str(view.row[f"name_{side}"]), getattr(view, side), motif,
            *([family.label, family.key.rpartition(" ")[2]] if family else []),
        ]  # fmt: skip
        return next((name for name in names if name in wanted), "")

    members: dict[tuple[str, str], list[PairView]] = {}
    for view in pair_views:
        a, b = sorted((called("a", view), called("b", view)))
        if a:
            members.setdefault((a, b), []).append(view)
    return members


def _context(run: RunFolder, title: str | None) -> dict[str, Any]:
    found = matches(run)
    found_effects = effects(run)
    own = motif_effects(run)
    views, families = neurons(run, found, found_effects, own)
    names = motif_names(run, found)
    known = elements(run, found)
    first = next(iter(found_effects.values()), {})
    shown = shown_effects(views, own=bool(own))
    pair_views = pairs(run, found)
    partners: dict[str, list[tuple[str, str, str]]] = {}
    for pair in pair_views:
        for motif in dict.fromkeys(columns_of(pair.row[key])[0] for key in ("motif_a", "motif_b")):
            partners.setdefault(motif, []).append((pair.anchor, pair.name, pair.kind))
    findings = findings_of(run)
    inside, beside = _downloads(run)
    warnings = run.record.get("warnings")
    chosen = title or mapping(run.config.get("report")).get("title") or f"What {model_name(run)} has learned"
    notes = {v.name: names.get(v.motifs[0].id, "") for v in views if v.motifs}
    drawn_map, cells = family_map(run, _members(run, pair_views, families))
    targets = {m.target for rows in found.values() for m in rows}
    return {
        "run": run,
        **how_found(run),
        "title": chosen,
        "model": mapping(run.record.get("model")),
        "facts": model_facts(run),
        "card": as_lines(mapping(mapping(run.record.get("model")).get("description"))),
        "settings": as_lines(run.config),
        "sequences": mapping(run.record.get("sequences")),
        "versions": mapping(run.record.get("versions")),
        "stage": run.stages,
        "warnings": [*(str(w) for w in (warnings if isinstance(warnings, list) else [])), *run.problems],
        "findings": findings,
        "story": [f for f in findings if f.key == "story"],
        "thoughts": _thoughts(findings),
        "notes": [f for f in findings if f.key in ("missing", "warnings")],
        "tiles": [f for key in _TILES for f in findings if f.key == key],
        "neurons": views,
        "neurons_at_once": len(views) if len(views) < MANY_NEURONS else NEURONS_AT_ONCE,
        "neuron_columns": [c for c in views[0].measures if any(np.isfinite(v.measures[c]) for v in views)]
        if views
        else [],
        "pair_columns": {n for n in ("q_value", "inserted_epistasis") if run.tables["interactions"][n].notna().any()},
        "families": families,
        "motif_count": len(run.tables["motifs"]),
        "layers": list(dict.fromkeys(str(v.row["layer"]) for v in views if v.row["layer"])),
        "kinds": list(dict.fromkeys(e.kind for e in shown.values() if e.kind)),
        "shown": shown,
        "outcome": wording.outcome(next(iter(found_effects), "prediction")),
        "effect_of": first,
        "scrambled": any(e.site_text for rows in found_effects.values() for e in rows.values()),
        "clamped": any(e.clamp_text for rows in found_effects.values() for e in rows.values()),
        "whiskers": whiskers(first),
        "motif_effects": own,
        "motif_whiskers": motif_whiskers(own),
        "motif_sections": output_sections(own, names),
        "element_tallies": [motif_tally(own[m][0] for m, *_ in element.motifs if m in own) for element in known],
        "elements": known,
        "control": control_sentence(run),
        "tallies": [tally(first[n] for n in element.neurons if n in first) for element in known],
        "family_tallies": [tally(first[n] for n in family.neurons if n in first) for family in families],
        "outcomes": outcomes(run, found_effects, notes),
        "pairs": pair_views,
        "triples": triples(run, found),
        "map": drawn_map or pair_map(pair_views),
        "anchor": anchor,
        "words": wording,
        "tables": RUN_TABLES.values(),
        "estimates": ESTIMATES,
        "downloads": {name: len(content) for name, content in inside.items()},
        "beside": beside,
        "embedded": script_json({name: embedded_file(content) for name, content in inside.items()}),
        "data": script_json(_page_data(run, views, shown, cells, chosen)),
        "logos": script_json({name: encode_matrix(motif.ppm) for name, motif in run.motifs.items()}),
        "scores": script_json(compact({name: scores.tolist() for name, scores in run.scores.items()}, digits=3)),
        "targets": script_json({name: encode_matrix(ppm) for name, ppm in run.targets.items() if name in targets}),
        "records": [script_json(record) for record in neuron_records(run, views, partners)],
        "pair_records": [script_json(view.record) for view in pair_views],
        "css": Markup(_static("report.css")),
        "js": Markup("\n".join(_static(f"js/{name}.js") for name in _SCRIPTS)),
    }


def render(run_folder: str | Path, *, title: str | None = None) -> str:
    """Render a run folder's report as HTML text; see `build_report`.

    Parameters
    ----------
    run_folder : path
    title : str, optional
        Default the report's title in the config, or the model's name.

    Returns
    -------
    str
    """
    run = read_run(run_folder)
    with reading(run_folder, "the files of a run"):
        text = _environment().get_template("report.html.j2").render(_context(run, title))
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line) + "\n"


def build_report(run_folder: str | Path, *, title: str | None = None) -> Path:
    """Write ``report.html`` into a run folder, from what the folder holds.

    The page is one file without links to anything it needs: it can be mailed and opened offline. Logos and the pages
    of single neurons and pairs are drawn when they are looked at, so that hundreds of neurons open at once. Tables
    that are missing or empty are named on the page with the reason. The same folder gives the same bytes.

    Parameters
    ----------
    run_folder : str or Path
    title : str, optional
        Heading of the page; by default the configuration's ``report.title``, else the model's name.

    Returns
    -------
    Path
        Of the file written.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is no run folder, see `combmotif.report.folder.read_record`; or if its report.html is another's.
    """
    run_folder = Path(run_folder)
    text = render(run_folder, title=title)
    path = _own_page(run_folder)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def _own_page(run_folder: Path) -> Path:
    """Give the path of the report, unless a page is there that combmotif did not write."""
    if (run_folder / MARKER).is_file():
        return OutputFolder(run_folder, "run", option="run folder").file("report.html")
    path = run_folder / "report.html"
    if path.exists() and _GENERATOR not in path.read_bytes()[:2000]:
        raise ValueError(f"{path}: is there already and is no report of combmotif; move it away")
    return path
