"""Write a run folder's report: one HTML file that needs nothing else."""

from __future__ import annotations

import functools
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from combmotif.report import wording
from combmotif.report.columns import COLUMNS, TABLES
from combmotif.report.effects import effects, outcomes, tally, whiskers
from combmotif.report.folder import STAGES, RunFolder, mapping, read_run
from combmotif.report.interactions import ESTIMATES, pair_map, pairs
from combmotif.report.logos import COLOURS, glyph_symbols
from combmotif.report.matches import columns_of, elements, matches
from combmotif.report.neurons import LogoSheet, motif_names, neurons
from combmotif.report.overview import as_lines, model_facts, model_name
from combmotif.report.summary import Finding, findings_of

LARGEST_DOWNLOAD = 1_500_000
_TILES = ("neurons", "motifs", "known", "contribution", "interaction")


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
        "svg": Markup,
        "pre": lambda text: escape(text).replace("\n", Markup("&#10;")),
        "base": lambda motif: columns_of(motif)[0],
        "finite": wording.finite,
        "sortable": lambda value: f"{value:.6g}" if wording.finite(value) else "",
    }
    return environment


def _downloads(run: RunFolder) -> tuple[dict[str, str], list[str]]:
    """Choose the files that are put into the page, and name the others that the folder holds."""
    inside: dict[str, str] = {}
    beside = []
    wanted = [TABLES[t] for t in ("neurons", "matches", "contribution", "interactions")]
    wanted += sorted(f"motifs/{p.name}" for end in ("tsv", "meme") for p in (run.path / "motifs").glob(f"*.{end}"))
    for name in wanted:
        path = run.path / name
        if not path.is_file():
            continue
        if path.stat().st_size > LARGEST_DOWNLOAD:
            beside.append(name)
            continue
        inside[name] = path.read_text(encoding="utf-8", errors="replace")
    named = [TABLES["instances"], "activations.tsv", TABLES["sites"]]
    named += sorted(f"motifs/{p.name}" for p in (run.path / "motifs").glob("*.h5"))
    beside += [name for name in named if (run.path / name).is_file()]
    if (run.path / "samples").is_dir():
        beside.append("samples/")
    return inside, beside


def _script_json(value: object) -> Markup:
    """Write JSON that may stand inside a <script>: no < so that nothing can end the element."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def _story(findings: tuple[Finding, ...]) -> list[list[Finding]]:
    """Put what belongs to one thought together: a result, then its strongest example."""
    story: list[list[Finding]] = []
    for finding in findings:
        if finding.key in ("motifs", "strongest", "pair") and story:
            story[-1].append(finding)
        else:
            story.append([finding])
    return story


def _context(run: RunFolder, title: str | None) -> dict[str, Any]:
    found = matches(run)
    found_effects = effects(run)
    sheet = LogoSheet(run)
    views = neurons(run, found, found_effects, sheet)
    names = motif_names(run, found)
    drawn = {m.id: m.small for v in views for m in v.motifs if m.small}
    known = elements(run, found)
    first = next(iter(found_effects.values()), {})
    pair_views = pairs(run, found, sheet)
    partners: dict[str, list[Any]] = {}
    for pair in pair_views:
        for motif in dict.fromkeys(columns_of(pair.row[key])[0] for key in ("motif_a", "motif_b")):
            partners.setdefault(motif, []).append(pair)
    findings = findings_of(run)
    inside, beside = _downloads(run)
    warnings = run.record.get("warnings")
    chosen = title or mapping(run.config.get("report")).get("title")
    notes = {v.name: names.get(v.motifs[0].id, "") for v in views if v.motifs}
    return {
        "run": run,
        "title": chosen or f"What {model_name(run)} has learned",
        "model": mapping(run.record.get("model")),
        "facts": model_facts(run),
        "card": as_lines(mapping(mapping(run.record.get("model")).get("description"))),
        "settings": as_lines(run.config),
        "sequences": mapping(run.record.get("sequences")),
        "versions": mapping(run.record.get("versions")),
        "stages": [run.stages[name] for name in STAGES],
        "stage": run.stages,
        "warnings": [*(str(w) for w in (warnings if isinstance(warnings, list) else [])), *run.problems],
        "findings": findings,
        "story": _story(findings),
        "tiles": [f for key in _TILES for f in findings if f.key == key],
        "neurons": views,
        "layers": list(dict.fromkeys(str(v.row["layer"]) for v in views)),
        "kinds": list(dict.fromkeys(e.kind for e in first.values() if e.kind)),
        "outcome": wording.outcome(next(iter(found_effects), "prediction")),
        "effect_of": first,
        "scrambled": any(e.site_text for rows in found_effects.values() for e in rows.values()),
        "clamped": any(e.causal_text for rows in found_effects.values() for e in rows.values()),
        "whiskers": whiskers(first),
        "elements": known,
        "tallies": [tally(first[n] for n in element.neurons if n in first) for element in known],
        "outcomes": outcomes(run, found_effects, notes),
        "pairs": pair_views,
        "partners": partners,
        "map": pair_map(pair_views),
        "estimates": ESTIMATES,
        "names": names,
        "drawn": drawn,
        "words": wording,
        "columns": COLUMNS,
        "files": TABLES,
        "downloads": {name: len(text.encode()) for name, text in inside.items()},
        "beside": beside,
        "embedded": _script_json(inside),
        "symbols": Markup(glyph_symbols(run.alphabet) + "".join(sheet.symbols)),
        "colours": _script_json(COLOURS),
        "css": Markup(_static("report.css")),
        "js": Markup(_static("report.js")),
    }


def render(run_folder: str | Path, *, title: str | None = None) -> str:
    """Render a run folder's report as HTML text; see `build_report`."""
    run = read_run(run_folder)
    text = _environment().get_template("report.html.j2").render(_context(run, title))
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line) + "\n"


def build_report(run_folder: str | Path, *, title: str | None = None) -> Path:
    """Write ``report.html`` into a run folder, from what the folder holds.

    The page is one file without links to anything it needs: it can be mailed and opened offline. Tables that are
    missing or empty are named on the page with the reason. The same folder gives the same bytes: neither dates nor
    seconds are written.

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
    FileNotFoundError
        If there is no such folder.
    """
    run_folder = Path(run_folder)
    text = render(run_folder, title=title)
    path = run_folder / "report.html"
    partial = path.with_name("report.html.tmp")
    partial.write_text(text, encoding="utf-8", newline="\n")
    return partial.replace(path)
