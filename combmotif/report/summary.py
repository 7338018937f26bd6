"""The main findings of a run as plain data: for the page's first box and for the table at the end of a run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from combmotif.motifs.matching.spelled import START_CODONS
from combmotif.report import wording
from combmotif.report.folder import RunFolder, anchor, neuron_name, read_run
from combmotif.report.sections.effects import effects, strongest
from combmotif.report.sections.interactions import called
from combmotif.report.sections.matches import Match, elements, matches
from combmotif.report.sections.motif_effects import beside, headline, motif_effects
from combmotif.report.sections.neurons import motif_names
from combmotif.report.story import Finding, story
from combmotif.report.wording import count, number, opening, outcome, plural

_WAYS = (("negative", "lower"), ("positive", "raise"))


def _neurons(run: RunFolder) -> list[Finding]:
    table, motifs = run.tables["neurons"], run.tables["motifs"]
    owners = [neuron_name(r["layer"], r["channel"], r["method"]) for r in motifs.to_dict("records")]
    names = list(table["neuron"]) or list(dict.fromkeys(owners))
    layers = dict.fromkeys(name.partition(":")[0] for name in names)
    where = f" of {', '.join(layers)}" if 0 < len(layers) <= 4 else f" of {len(layers)} layers" if layers else ""
    neurons = f"{plural(len(names), 'neuron')}{where}"
    place = where.replace(" of ", " of the layer ", 1) if len(layers) == 1 else where
    found = plural(len(motifs), "motif")
    if owners and not set(owners) & set(names):  # TF-MoDISco on an output
        verb = "recurs" if len(motifs) == 1 else "recur"
        place_of_motifs, said = (
            f"{found} of the whole net",
            f"{found} {verb} in the attributions of the model's output.",
        )
    else:
        with_motif = len(set(owners))
        silent = len(names) - with_motif
        rest = f"; {plural(silent, 'neuron')} gave none" if silent > 0 else ""
        mean = motifs["purity"].median()
        pure = f" Median purity is {number(mean)} (1 means a single, unmixed motif)." if np.isfinite(mean) else ""
        others = len(run.tables["apart"])
        were = "was" if others == 1 else "were"
        once = f" {plural(others, 'other')} {were} not reproduced in the other half of the samples." if others else ""
        place_of_motifs = f"{found} in {plural(with_motif, 'neuron')}"
        said = f"They respond to {found}{rest}.{pure}{_measured(run)}{once}"
    return [
        Finding(
            "neurons",
            "Neurons",
            neurons,
            f"{plural(len(names), 'neuron')}{place} were probed.",
            "neurons",
        ),
        Finding(
            "motifs",
            "Motifs",
            place_of_motifs,
            said,
            "neurons",
        ),
    ]


def _measured(run: RunFolder) -> str:
    """Say how well the median motif is reproduced and explains the activation, as far as it was measured."""
    again, r2 = run.tables["motifs"]["reproducibility"].median(), run.tables["neurons"]["r2"].median()
    parts = [f"are reproduced with a similarity of {number(again)}"] if np.isfinite(again) else []
    if np.isfinite(r2):
        parts.append(f"predict {number(100 * r2, digits=2)} % of the variance of a neuron's activation")
    return f" In the median they {' and '.join(parts)}." if parts else ""


def _most_read(run: RunFolder, found: dict[str, list[Match]]) -> str:
    """Say of the element that most neurons read whether its motifs, or these, raise or lower the prediction."""
    own = motif_effects(run)
    if own:
        leading = [element for element in elements(run, found) if element.leads]
        top = max(leading, key=lambda element: len(element.motifs), default=None)
        kinds = Counter(own[motif][0].kind for motif, *_ in top.motifs if motif in own) if top else Counter()
        ways = [f"{count(kinds[kind])} {way}" for kind, way in _WAYS if kinds[kind]]
        if top is None or not ways or len(top.motifs) < 2:
            return ""
        name = top.name
        motifs = f"{count(len(top.motifs))} motifs resemble or contain"
        return f" {motifs} {name}; of these, {' and '.join(ways)} the prediction."
    classes = next(iter(effects(run).values()), {})
    rows = [(element.name, element.neurons) for element in elements(run, found) if element.leads]
    name, neurons = max(rows, key=lambda row: len(row[1]), default=("", []))
    tally = Counter(classes[neuron].kind for neuron in neurons if neuron in classes)
    parts = [f"{count(tally[kind])} {way}" for kind, way in _WAYS if tally[kind]]
    if not parts or len(neurons) < 2:
        return ""
    read = f" {opening(name)} is read by {count(len(neurons))} neurons"
    return f"{read}, of which {' and '.join(parts)} the prediction."


def _known(run: RunFolder, found: dict[str, list[Match]]) -> list[Finding]:
    if run.stages["matches"].state == "absent":
        return []
    known = set(run.tables["motifs"]["motif"])
    matched = [m for m, rows in found.items() if rows[0].significant and (m in known or not known)]
    leading = [e.name for e in elements(run, found) if e.leads]
    shown = ", ".join(leading[:5]) + (f" and {plural(len(leading) - 5, 'other')}" if len(leading) > 5 else "")
    total = len(run.tables["motifs"])
    verb = "matches" if len(matched) == 1 else "match"
    sentence = f"{count(len(matched))} of {plural(total, 'motif')} {verb} a known element"
    sentence += f": {shown}." if leading else "."
    sentence += _most_read(run, found)
    contain = sum(all(m.contains for m in found[motif] if m.significant) for motif in matched)
    if contain:
        verb = "contains" if contain == 1 else "contain"
        sentence += f" {count(contain)} of them only {verb} a short known k-mer, which may be chance."
    started = {m: [one for one in found[m] if one.partner and one.family == START_CODONS] for m in matched}
    framed = sum(any(one.frame == 0 for one in rows) for rows in started.values())
    if apart := sum(map(bool, started.values())):
        sentence += (
            f" {count(apart)} of them {'holds' if apart == 1 else 'hold'} a stop codon after a start codon, "
            f"{count(framed)} in frame."
        )
    value = f"{count(len(matched))} of {plural(total, 'motif')} match{f': {shown}' if leading else ''}"
    return [Finding("known", "Known elements", value, sentence, "elements")]


def _effects(run: RunFolder, names: dict[str, str]) -> list[Finding]:
    """What motifs do when they are inserted: how many raise and lower each output, and the strongest of either way."""
    own, findings = motif_effects(run), []
    for output in dict.fromkeys(row.output for rows in own.values() for row in rows):
        rows = [row for motif in own.values() for row in headline(motif).values() if row.output == output]
        tally = Counter(row.kind for row in rows)
        parts = [f"{tally[kind]} {kind}" for kind in wording.MOTIF_CLASSES if tally[kind]]
        backgrounds = count(max((row.n for row in rows), default=0))
        findings.append(
            Finding(
                "effects",
                f"Motifs on {output}",
                f"{tally['positive']} positive, {tally['negative']} negative of {len(rows)}",
                f"Inserted into {backgrounds} background sequences, {plural(len(rows), 'motif')} have these effects on "
                f"{output}: {', '.join(parts)}.",
                "motif-effects",
            )
        )
        for kind, way in (("negative", "lowers"), ("positive", "raises")):
            acting = [row for row in rows if row.kind == kind]
            if not acting:
                continue
            top = max(acting, key=lambda row: abs(row.value))
            called = names.get(top.motif, "")
            sentence = f"{called or top.motif} ({top.motif}) {way} it most, by {top.text}"
            beside_it = [
                f"{row.background} {number(row.value, sign=True)}" for row in beside(own[top.motif], output).values()
            ]
            sentence += f" ({', '.join(beside_it)})." if beside_it else "."
            subject = f"{top.motif} {called}".strip()
            value = f"{subject}, inserted: {top.text}"
            findings.append(Finding("strongest motif", f"Most {kind} motif", value, sentence, top.motif))
    return findings


def _contribution(run: RunFolder, names: dict[str, str]) -> list[Finding]:
    findings = []
    first_motif: dict[str, str] = {}
    for row in run.tables["motifs"].to_dict("records"):
        first_motif.setdefault(neuron_name(row["layer"], row["channel"], row["method"]), row["motif"])
    for number_of, (name, rows) in enumerate(effects(run).items()):
        tally = Counter(e.kind for e in rows.values())
        parts = [f"{tally[kind]} {kind}" for kind in wording.CONTRIBUTION_CLASSES if tally[kind]]
        unclassed = len(rows) - sum(tally[kind] for kind in wording.CONTRIBUTION_CLASSES)
        parts += [f"{unclassed} without a class"] if unclassed else []
        words = outcome(name)
        label = f"Effect on {words}"
        findings.append(
            Finding(
                "contribution" if not number_of else f"contribution:{name}",
                label,
                f"{tally['positive']} positive, {tally['negative']} negative of {len(rows)}",
                f"By their effect on the {words}, the neurons are {', '.join(parts)}.",
                "effects",
            )
        )
        top = strongest(rows.values())
        if top is None:
            sentence = f"No neuron shows a clear effect on the {words}."
            findings.append(Finding("strongest", "Strongest neuron", "none is clear", sentence, "effects"))
            continue
        motif = first_motif.get(top.neuron, "")
        called = names.get(motif, "")
        about = f" ({called}, {motif})" if called else ""
        sizes = f", {count(top.n_active)} against {count(top.n_inactive)} sequences" if top.n_active > 0 else ""
        sentence = f"Strongest: where {top.neuron}{about} is active, the {words} differs by {top.text}{sizes}."
        if top.site_text:
            sentence += f" Its sites there change the prediction by {top.site_text}, found by scrambling them."
        elif top.clamp_text:
            sentence += f" The neuron itself adds {top.clamp_text} to the prediction, found by clamping it."
        value = f"{f'{top.neuron} {called}'.strip()}, {top.measured[1]}"
        findings.append(Finding("strongest", "Strongest neuron", value, sentence, anchor(top.neuron)))
    return findings


def _interaction(run: RunFolder, found: dict[str, list[Match]]) -> list[Finding]:
    table = run.tables["interactions"]
    if table.empty:
        return []
    tally = Counter(table["class"])
    parts = [f"{tally[kind]} {kind}" for kind in wording.INTERACTION_CLASSES if tally[kind]]
    counts = ", ".join(parts) or "no class given"
    pairs = plural(len(table), "motif pair")
    value = f"{counts} of {len(table)}"
    sentence = f"{pairs} {'was' if len(table) == 1 else 'were'} tested by scrambling: {counts}."
    findings = [Finding("interaction", "Motif pairs", value, sentence, "interactions")]
    clear = table[table["class"].isin(["super-additive", "sub-additive"]) & table["epistasis"].notna()]
    if len(clear):
        index = clear["epistasis"].abs().idxmax()
        row = table.loc[index]
        a, b = called(row.to_dict(), found)
        text = wording.estimate(row["epistasis"], row["epistasis_ci_low"], row["epistasis_ci_high"])
        meaning = wording.INTERACTION_CLASSES[row["class"]][1].lower().rstrip(".")
        sentence = f"Strongest interaction: {a} with {b} is {row['class']}, e = {text}; {meaning}."
        anchor = f"pair-{list(table.index).index(index) + 1}"
        findings.append(Finding("pair", "Strongest pair", f"{a} × {b}: {row['class']}, e = {text}", sentence, anchor))
    return findings


def _missing(run: RunFolder) -> list[Finding]:
    findings = []
    for stage in run.stages.values():
        if stage.state in ("empty", "failed"):
            value = f"{stage.state}: {stage.reason}" if stage.reason else stage.state
            sentence = (
                f"The {stage.name} stage is {value}." if stage.state == "empty" else f"The {stage.name} stage {value}."
            )
            findings.append(Finding("missing", stage.name.capitalize(), value, sentence, "run"))
    asked_not = [s.name for s in run.stages.values() if s.reason.startswith("not asked for")]
    if asked_not:
        text = ", ".join(asked_not)
        findings.append(Finding("missing", "Not asked for", text, f"Not asked for: {text}.", "run"))
    warnings = run.record.get("warnings")
    amount = (len(warnings) if isinstance(warnings, list) else 0) + len(run.problems)
    if amount:
        value = plural(amount, "warning")
        findings.append(
            Finding(
                "warnings", "Warnings", value, f"There {'is' if amount == 1 else 'are'} {value} to read.", "warnings"
            )
        )
    return findings


def findings_of(run: RunFolder) -> tuple[Finding, ...]:
    """Gather the main findings of a run that is already read; see `main_findings`."""
    found = matches(run)
    names = motif_names(run, found)
    return (
        *story(run, found, names),
        *_neurons(run),
        *_known(run, found),
        *_effects(run, names),
        *_contribution(run, names),
        *_interaction(run, found),
        *_missing(run),
    )


def main_findings(run_folder: str | Path) -> tuple[Finding, ...]:
    """Gather the main findings of a run.

    Parameters
    ----------
    run_folder : str or Path

    Returns
    -------
    tuple of Finding
        The story in three sentences, then neurons, motifs, known elements, effects of motifs and the strongest,
        contribution and the strongest neuron per outcome, interactions and the strongest pair, then what is empty,
        failed or was not asked for, and warnings.
        What has no data has no entry.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    return findings_of(read_run(run_folder))
