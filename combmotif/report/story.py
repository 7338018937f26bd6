"""The story of a run in three sentences with logos: who changes the prediction, what all read, what is strongest.

Everything is taken from the tables, and only from motifs that are reproduced.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from combmotif.motifs.matching.spelled import START_CODONS
from combmotif.report import wording
from combmotif.report.folder import RunFolder, anchor, neuron_name
from combmotif.report.sections.effects import effects, strongest
from combmotif.report.sections.matches import Element, Match, elements
from combmotif.report.sections.motif_effects import MotifEffect, beside, headline, motif_effects
from combmotif.report.wording import count, number, opening, plural

Found = dict[str, list[Match]]
_ACTING = ("negative", "positive")
_MINIMAL = 2
"""Codons between AUG and stop up to which the reading frame is called minimal."""


@dataclass(frozen=True)
class Finding:
    """One thing a run has shown.

    Attributes
    ----------
    key : str
        story, neurons, motifs, known, effects, strongest motif, contribution, strongest, interaction, pair, missing or
        warnings.
    label, value : str
        For a two-column table: "Motifs", "41 in 16 neurons".
    sentence : str
        The same in a plain English sentence.
    anchor : str
        Where the page shows it, without the #; "" where nowhere in particular.
    motif : str
        Id of the motif whose logo stands beside the sentence; "" for none.
    """

    key: str
    label: str
    value: str
    sentence: str
    anchor: str = ""
    motif: str = ""


def story(run: RunFolder, found: dict[str, list[Match]], names: dict[str, str]) -> list[Finding]:
    """Tell a run in at most three sentences.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Matches of each motif.
    names : dict of str to str
        Motif id to what it is called.

    Returns
    -------
    list of Finding
        Which neurons change the prediction and which way; what they share; what the strongest motif reads. What the
        run has no data for is left out.
    """
    own = {motif: headline(rows) for motif, rows in motif_effects(run).items() if motif in names}
    output = next((name for rows in own.values() for name in rows), "")
    acting = {motif: rows[output] for motif, rows in own.items() if output in rows}
    who = _who(run, acting, names)
    shared = _shared(run, found, acting, {who.motif} if who else set())
    shown = {finding.motif for finding in (who, shared) if finding}
    return [finding for finding in (who, shared, _strongest(run, found, acting, shown)) if finding is not None]


def _owners(run: RunFolder) -> dict[str, str]:
    """Give the neuron of every reproduced motif."""
    rows = run.tables["motifs"].to_dict("records")
    return {row["motif"]: neuron_name(row["layer"], row["channel"], row["method"]) for row in rows}


def _layers(neurons: list[str]) -> str:
    layers = list(dict.fromkeys(name.rpartition(":")[0] for name in neurons))
    return f" of {', '.join(layers)}" if 0 < len(layers) <= 4 and all(layers) else ""


_ONE = {"lower": "lowers", "raise": "raises", "go": "goes", "change": "changes", "are": "is"}
"""Verbs of several and of one."""


def _verb(amount: int, words: str) -> str:
    verb, apart, rest = words.partition(" ")
    return f"{_ONE[verb] if amount == 1 else verb}{apart}{rest}"


def _ways(kinds: Counter[str], lower: str, higher: str) -> str:
    """Say how many lower and how many raise; "all" where there are several, all of one way."""
    parts = [(amount, verb) for amount, verb in ((kinds["negative"], lower), (kinds["positive"], higher)) if amount]
    if len(parts) == 1 and parts[0][0] == kinds.total() > 1:
        return f"all {parts[0][1]}"
    return " and ".join(f"{count(amount)} {_verb(amount, verb)}" for amount, verb in parts) or "none does"


def _who(run: RunFolder, acting: dict[str, MotifEffect], names: dict[str, str]) -> Finding | None:
    """How many neurons change the prediction, and which way; of a whole model, how many motifs do."""
    outcome, rows = next(iter(effects(run).items()), ("", {}))
    owners = _owners(run)
    whole = bool(acting) and not set(owners.values()) & set(run.tables["neurons"]["neuron"])
    if not rows or whole:
        return _motifs_that_act(acting, names)
    words, kinds = wording.outcome(outcome), Counter(e.kind for e in rows.values() if e.kind in _ACTING)
    changing = [e for e in rows.values() if e.kind in _ACTING and np.isfinite(e.value)]
    predicted = outcome.startswith("prediction")
    lower, higher = ("lower it", "raise it") if predicted else ("go with lower values", "go with higher values")
    verb = "change" if predicted else "are associated with"
    neurons = f"{count(len(changing))} of {plural(len(rows), 'neuron')}{_layers(list(rows))}"
    label, value = "Neurons that act", f"{neurons}: {_ways(kinds, lower, higher)}"
    top = strongest(changing)
    if top is None:
        shown = "change" if predicted else "be associated with"
        said = f"None of {plural(len(rows), 'neuron')}{_layers(list(rows))} was shown to {shown} the {words}."
        return Finding("story", label, "none", said, "effects")
    own = [motif for motif, neuron in owners.items() if neuron == top.neuron]  # the one that acts as the neuron does
    motif = max(own, key=lambda one: abs(acting[one].value) if _acts_as(acting.get(one), top.value) else 0, default="")
    name = names.get(motif, "")
    called = f", {name}," if "(" in name else f" ({name})" if name else ""
    said = f"{neurons} {_verb(len(changing), verb)} the {words}: {_ways(kinds, lower, higher)}"
    said += f". {top.neuron}{called} has the largest effect: "
    if top.site_text:
        said += f"its sites change it by {top.site_text}."
    else:
        said += f"where it is active the outcome differs by {top.text}"
        said += f", {count(top.n_active)} sequences against {count(top.n_inactive)}." if top.n_active else "."
    return Finding("story", label, value, said, anchor(top.neuron), motif)


def _acts_as(row: MotifEffect | None, value: float) -> bool:
    return row is not None and row.kind in _ACTING and row.value * value > 0


def _motifs_that_act(acting: dict[str, MotifEffect], names: dict[str, str]) -> Finding | None:
    if len(acting) < 2:
        return None  # of a single motif the last sentence tells all
    output = next(iter(acting.values())).output
    kinds = Counter(row.kind for row in acting.values() if row.kind in _ACTING)
    amount = kinds.total()
    value = f"{count(amount)} of {plural(len(acting), 'motif')}: {_ways(kinds, 'lower it', 'raise it')}"
    said = f"{count(amount)} of {plural(len(acting), 'motif')} {_verb(amount, 'change')} {output} when inserted: "
    said += f"{_ways(kinds, 'lower it', 'raise it')}."
    rarer = min(_ACTING, key=lambda kind: kinds[kind] or len(acting) + 1)
    top = max((row for row in acting.values() if row.kind == rarer), key=lambda row: abs(row.value), default=None)
    if top is None:
        return Finding("story", "Motifs that act", "none", f"No motif was shown to change {output}.", "motif-effects")
    if amount > kinds[rarer]:  # else the last sentence tells of the same motif
        way = "lowers" if top.value < 0 else "raises"
        said += f" {opening(_called(top.motif, names))} {way} it most, by {top.text}."
    return Finding("story", "Motifs that act", value, said, top.motif, top.motif)


def _called(motif: str, names: dict[str, str]) -> str:
    return f"{names[motif]} ({motif})" if names.get(motif) else motif


def _shared(run: RunFolder, found: Found, acting: dict[str, MotifEffect], shown: set[str]) -> Finding | None:
    """Which element most neurons read, as their motif or inside a longer one; else the word most motifs spell.

    The logo is of the shortest motif that is not `shown` already.
    """
    table, owners = run.tables["motifs"], _owners(run)
    length = dict(zip(table["motif"], table["consensus"].str.len(), strict=True))
    all_elements = elements(run, {motif: rows for motif, rows in found.items() if motif in owners})
    top = max(all_elements, key=lambda one: (len(one.neurons), len(one.motifs)), default=None)
    word, (spelled, members) = "", _most_spelled(run)
    if top is not None and len(top.motifs) > 1:
        name, members = top.name, [motif for motif, *_ in top.motifs]
        word = _word_of(top, found)
        longer = sum(length[motif] > len(word) for motif in members) if word else 0
    elif len(members) > 1:
        name, word = "", spelled
        longer = sum(length[motif] > len(word) for motif in members)
    else:
        return None
    holders = {owners[motif] for motif in members}
    what = f"{word} ({name})" if name and word else word or name
    if not word:
        what, longer = opening(what), 0
    said = f"{what} is in {count(len(members))} of {plural(len(table), 'motif')}"
    if longer:
        said += f", {count(longer)} of them longer ones" if longer < len(members) else ", all of them longer"
    if set(owners.values()) & set(run.tables["neurons"]["neuron"]):
        total = len(run.tables["neurons"]) or len(set(owners.values()))
        said += f", and in {count(len(holders))} of {plural(total, 'neuron')}"
    shortest = min(members, key=lambda one: (one not in acting, one in shown, length[one], -_bits(run, one)))
    if shortest in acting:
        kinds = Counter(acting[motif].kind for motif in members if motif in acting)
        row = acting[shortest]
        acts = _ways(kinds, "lower", "raise") if kinds["negative"] or kinds["positive"] else "none was shown to change"
        said += f"; inserted into background sequences, {acts} {row.output}"
        said += f" ({shortest} by {row.text})"
    value = f"{what}: {count(len(members))} of {plural(len(table), 'motif')}"
    return Finding("story", "Shared", value, said + ".", "elements" if name else "motifs", shortest)


def _bits(run: RunFolder, motif: str) -> float:
    return float(run.motifs[motif].information.sum()) if motif in run.motifs else 0.0


def _word_of(element: Element, found: dict[str, list[Match]]) -> str:
    """Give the word of an element that is one, such as AUG; "" for a family of several, or a matrix."""
    members = {motif for motif, *_ in element.motifs}
    words = {m.consensus for motif in members for m in found[motif] if m.significant and m.element == element.name}
    word = words.pop() if len(words) == 1 else ""
    return word.replace("T", "U") if set(word) <= set("ACGTU") else ""


def _most_spelled(run: RunFolder) -> tuple[str, list[str]]:
    """Find the longest of the words, of 4 letters or more, that the consensuses of most neurons spell."""
    owners = _owners(run)
    holders: dict[str, list[str]] = {}
    for motif, consensus in zip(run.tables["motifs"]["motif"], run.tables["motifs"]["consensus"], strict=True):
        text = consensus.replace("T", "U")
        places = range(len(text))
        words = {text[i : i + k] for k in range(4, 9) for i in places if i + k <= len(text)}
        for word in words:
            if set(word) <= set("ACGU"):
                holders.setdefault(word, []).append(motif)

    def rank(word: str) -> tuple[int, int, int, str]:
        return len({owners[motif] for motif in holders[word]}), len(holders[word]), len(word), word

    word = max(holders, key=rank, default="")
    return word, holders.get(word, [])


def _strongest(run: RunFolder, found: Found, acting: dict[str, MotifEffect], shown: set[str]) -> Finding | None:
    """What the motif with the largest effect reads, and the strongest of the other way.

    The logo is of the second where that of the first is `shown` already.
    """
    clear = [row for row in acting.values() if row.kind in _ACTING]
    top = max(clear, key=lambda row: abs(row.value), default=None)
    if top is None:
        return None
    reads = _reading(run, found.get(top.motif, []), top.motif)
    said = f"The strongest motif, {top.motif}, reads {reads}: inserted, it changes {top.output} by {top.text}"
    others = beside(motif_effects(run)[top.motif], top.output).values()
    texts = [f"{number(row.value, sign=True)} {row.background}" for row in others if np.isfinite(row.value)]
    said += f" ({', '.join(texts)})." if texts else "."
    opposite = max((row for row in clear if row.value * top.value < 0), key=lambda row: abs(row.value), default=None)
    if opposite is not None:
        way = "lowers" if opposite.value < 0 else "raises"
        text = wording.estimate(opposite.value, opposite.estimate[0], opposite.estimate[2])
        said += f" The strongest that {way} it is {opposite.motif}, by {text}: it reads "
        said += f"{_reading(run, found.get(opposite.motif, []), opposite.motif)}."
    drawn = opposite if opposite is not None and top.motif in shown else top
    value = f"{top.motif} {reads}, inserted: {top.text}"
    return Finding("story", "Strongest motif", value, said, top.motif, drawn.motif)


def _reading(run: RunFolder, rows: list[Match], motif: str) -> str:
    """What a motif reads: its consensus, the best element in it, and a stop codon after a start codon."""
    table = run.tables["motifs"].set_index("motif")
    consensus = str(table.loc[motif, "consensus"]) if motif in table.index else ""
    known = [row for row in rows if row.significant]
    if not known:
        return consensus
    frame = next((row for row in known if row.partner and row.family == START_CODONS), None)
    if frame is not None and frame.frame == 0:
        codons = int(frame.distance) // 3
        apart = f"{count(codons)} codon{'s' * (codons != 1)} on" if codons else "right behind it"
        minimal = ", a minimal open reading frame" if codons <= _MINIMAL else ""
        return f"{consensus}, AUG with an in-frame stop {apart}{minimal}"
    if known[0].contains and known[0].consensus.replace("T", "U") == consensus.replace("T", "U"):
        return f"{consensus} ({known[0].short})"
    return f"{consensus}, which {known[0].phrase}" + (f" ({frame.reading})" if frame is not None else "")
