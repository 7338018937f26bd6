"""The interaction tables as the page shows them: a map, rows, and a record for the page of every pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from combmotif.core.tables import INSERTED
from combmotif.report import wording
from combmotif.report.drawing.plots import domain, thin, whisker
from combmotif.report.encode import compact
from combmotif.report.folder import RunFolder, as_number
from combmotif.report.sections.matches import Match, best, columns_of

ESTIMATES = (
    ("joint", "both together", "o − n"),
    ("a_alone", "A alone", "b − n"),
    ("b_alone", "B alone", "a − n"),
    ("a_in_context", "A beside B", "o − a"),
    ("b_in_context", "B beside A", "o − b"),
)
"""Columns of the estimates, what they are, their formula."""

EPISTASIS = ("epistasis", "epistasis e", "o − a − b + n")
LETTERS = ("o", "a", "b", "n", "e")
ANYWHERE = "any order, frame and distance"


@dataclass
class PairView:
    """One pair: its row of the table, and what is said of it.

    Attributes
    ----------
    number : int
        From 1; the pair's address is ``pair-1``.
    row : dict
        Of interactions.tsv.
    a, b : str
        What the motifs are called.
    kind, symbol, meaning : str
        Class, its symbol and what it means.
    known : (str, str)
        The elements that A and B match best, or "".
    whisker : str
        Epistasis with its interval, SVG.
    record : dict
        What the pair's page is drawn from.
    """

    number: int
    row: dict[str, Any]
    a: str
    b: str
    kind: str
    symbol: str
    meaning: str
    known: tuple[str, str] = ("", "")
    whisker: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Link to the pair's page."""
        return f"pair-{self.number}"

    @property
    def rule(self) -> str:
        """Order, frame and distance that a placement had to have."""
        _, apart, rules = str(self.row["pair"]).rpartition(" (")
        return rules[:-1] if apart and rules.endswith(")") else ANYWHERE

    @property
    def latent(self) -> tuple[str, str]:
        """Class and e on the latent scale where the class is another than on the raw one, else empty."""
        row = self.row
        if str(row.get("scale_dependent", "")).lower() not in ("true", "1"):
            return "", ""
        low, middle, high = (as_number(row.get(f"epistasis_latent{end}")) for end in ("_ci_low", "", "_ci_high"))
        return str(row.get("class_latent") or ""), wording.estimate(middle, low, high) if np.isfinite(middle) else ""

    @property
    def name(self) -> str:
        """The pair in words."""
        return f"{self.a} × {self.b}"

    @property
    def estimate(self) -> tuple[float, float, float]:
        """Epistasis: (low, estimate, high)."""
        return self.row["epistasis_ci_low"], self.row["epistasis"], self.row["epistasis_ci_high"]

    @property
    def text(self) -> str:
        """Epistasis with its interval in words."""
        low, middle, high = self.estimate
        return wording.estimate(middle, low, high)

    @property
    def inserted_text(self) -> str:
        """What insertion shows, in words."""
        row = self.row
        if not row["inserted_class"]:
            return ""
        e = wording.estimate(
            row["inserted_epistasis"], row["inserted_epistasis_ci_low"], row["inserted_epistasis_ci_high"]
        )
        backgrounds = wording.plural(int(row["inserted_backgrounds"]), "background")
        return f"{row['inserted_class']}: e = {e} in {backgrounds}; {row['inserted_reason']}"

    @property
    def remarks(self) -> list[str]:
        """What else the table says of the pair: scale, random segments as a control, how well scrambling went."""
        row, remarks = self.row, []
        other, e = self.latent
        if other:
            remarks.append(
                f"On the scale on which effects add up best (latent) the pair is {other}{f', e = {e}' if e else ''}: "
                "its class depends on the scale of the prediction."
            )
        control, mean, amount = (as_number(row.get(k)) for k in ("p_control", "control_epistasis", "controls"))
        if np.isfinite(control):
            about = f" ({wording.count(amount)} pairs, mean e {wording.number(mean, sign=True)})" if amount > 0 else ""
            remarks.append(
                f"Against random segments of the same sequences, lengths and distance{about}: "
                f"p {_with_sign(wording.p_value(control))}."
            )
        fallback = as_number(row.get("fallback"))
        if fallback > 0:
            remarks.append(
                f"{wording.number(100 * fallback, digits=2)} % of the scrambled segments were drawn from the base "
                "frequencies, because shuffling them always gave the motif back."
            )
        return remarks

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        row = self.row
        if not np.isfinite(row["epistasis"]):
            return row["reason"] or self.meaning
        twice = self.a == self.b
        both, a, b = (f"two copies of {self.a}", "the first", "the second") if twice else (
            f"{self.a} and {self.b}", self.a, self.b
        )  # fmt: skip
        parts = [
            f"Together, {both} change the prediction by {wording.number(row['joint'], sign=True)}",
            f"alone by {wording.number(row['a_alone'], sign=True)} ({a}) and "
            f"{wording.number(row['b_alone'], sign=True)} ({b})",
            f"e, the departure from a sum, is {self.text}",
        ]
        q = f" (q {_with_sign(wording.p_value(row['q_value']))})" if np.isfinite(row["q_value"]) else ""
        if np.isfinite(row["inserted_epistasis"]):
            q += (
                f"; inserted into {wording.count(row['inserted_backgrounds'])} backgrounds e is "
                f"{wording.number(row['inserted_epistasis'], sign=True)} ({row['inserted_class']})"
            )
        meaning = (
            f" {self.kind.capitalize().replace('_', ' ')}: {self.meaning[:1].lower()}{self.meaning[1:]}"
            if self.meaning
            else ""
        )
        return "; ".join(parts) + q + "." + meaning


def _with_sign(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _per_sequence(run: RunFolder) -> dict[str, pd.DataFrame]:
    """Average every pair's placements to one row per sequence, the unit of the test."""
    frame = run.tables["instances"]
    numbers = [*LETTERS, "spacing"]
    means = frame.groupby(["pair", "sequence"], sort=True)[numbers].mean().dropna(subset=["e"])
    return {str(pair): rows.droplevel("pair") for pair, rows in means.groupby(level="pair", sort=False)}


def _box(values: np.ndarray) -> list[float] | None:
    values = values[np.isfinite(values)]
    return [float(v) for v in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])] if len(values) else None


def _estimates(row: dict[str, Any], before: str = "") -> list[dict[str, Any]]:
    """The six effects of a row, of the columns that begin so."""
    rows = []
    for key, label, formula in (*ESTIMATES, EPISTASIS):
        p, q = ("p_value", "q_value") if key == "epistasis" else (f"{key}_p", f"{key}_q")
        value = [as_number(row.get(before + name)) for name in (f"{key}_ci_low", key, f"{key}_ci_high")]
        if np.isfinite(value[1]):
            rows.append({
                "key": key, "label": label, "formula": formula, "value": value, "p": as_number(row.get(before + p)),
                "q": as_number(row.get(before + q)),
            })  # fmt: skip
    return rows


def _as_sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}.".replace("..", ".").replace("+-", "±") if reason else ""


def _record(
    view: PairView, rows: pd.DataFrame, spacing: pd.DataFrame, controls: np.ndarray, triples: list[str]
) -> dict[str, Any]:
    row = view.row
    shown = rows.iloc[thin(rows["e"].to_numpy())] if len(rows) else rows
    complete = rows.dropna(subset=list(LETTERS))
    spaced = shown.dropna(subset=["spacing"])
    apart = len(spaced) > 2 and spaced["spacing"].nunique() > 1
    return compact({
        "anchor": view.anchor, "a": view.a, "b": view.b, "kind": view.kind, "motif_a": row["motif_a"],
        "motif_b": row["motif_b"], "sentence": view.sentence, "remarks": view.remarks,
        "sequences": row["sequences"], "placements": row["placements"], "rule": view.rule,
        "reason": _as_sentence(str(row["reason"])),
        "inserted": {
            "n": row["inserted_backgrounds"], "kind": row["inserted_class"],
            "reason": _as_sentence(str(row["inserted_reason"])), "rows": _estimates(row, INSERTED),
        },
        "rows": _estimates(row), "measured": len(rows), "names": list(shown.index),
        "dots": {key: shown[key].tolist() for key in (*LETTERS, "spacing")},
        "box": {key: _box(complete[key].to_numpy()) for key in LETTERS},
        "controls": controls[thin(controls)].tolist(), "control_box": _box(controls),
        "spaced": spaced[["spacing", "e"]].to_numpy().tolist() if apart else [],
        "spacing": spacing[["spacing", "e", "low", "high", "sequences"]].to_numpy(dtype=float).tolist(),
        "triples": triples,
    })  # fmt: skip


def called(row: dict[str, Any], found: dict[str, list[Match]]) -> tuple[str, str]:
    """What the two motifs of a pair are called: known element, else word; with the id where both are called alike."""
    names = []
    for side in "ab":
        match = best(found, row[f"motif_{side}"])
        names.append(match.short if match else row[f"name_{side}"] or row[f"motif_{side}"])
    if names[0] == names[1] and row["motif_a"] != row["motif_b"]:
        ids = [columns_of(row[f"motif_{side}"])[0] for side in "ab"]
        if ids[0] == ids[1]:  # two parts of one motif
            ids = [row["motif_a"], row["motif_b"]]
        return f"{names[0]} ({ids[0]})", f"{names[1]} ({ids[1]})"
    return names[0], names[1]


@dataclass(frozen=True)
class TripleView:
    """Three motifs: the row of the table, what they are called, class, symbol and meaning."""

    row: dict[str, Any]
    name: str
    kind: str
    symbol: str
    meaning: str

    @property
    def text(self) -> str:
        """Third-order epistasis with its interval in words."""
        row = self.row
        return wording.estimate(row["epistasis3"], row["epistasis3_ci_low"], row["epistasis3_ci_high"])

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        q = f" (q {_with_sign(wording.p_value(self.row['q_value']))})" if np.isfinite(self.row["q_value"]) else ""
        return f"{self.name}: {self.kind}, e3 = {self.text}{q}. {self.meaning}"


def triples(run: RunFolder, found: dict[str, list[Match]]) -> list[TripleView]:
    """Prepare the triples in the order of interaction_triples.tsv."""
    views = []
    for row in run.tables["triples"].to_dict("records"):
        names = []
        for side in "abc":
            match = best(found, row[f"motif_{side}"])
            names.append(match.name if match else row[f"name_{side}"] or row[f"motif_{side}"])
        symbol, meaning = wording.TRIPLE_CLASSES.get(row["class"], ("", ""))
        views.append(TripleView(row, " × ".join(names), row["class"], symbol, meaning))
    return views


def pairs(run: RunFolder, found: dict[str, list[Match]]) -> list[PairView]:
    """Prepare the pairs in the order of interactions.tsv.

    Parameters
    ----------
    run : RunFolder
    found : dict
        Matches of each motif, for their names.
    """
    table = run.tables["interactions"]
    bounds = domain(list(table["epistasis"]), [*table["epistasis_ci_low"], *table["epistasis_ci_high"]])
    instances, spacing, controls = _per_sequence(run), run.tables["spacing"], run.tables["controls"]
    nothing = pd.DataFrame(columns=[*LETTERS, "spacing"], dtype=float)
    views, three = [], triples(run, found)
    for number, row in enumerate(table.to_dict("records"), 1):
        a, b = called(row, found)
        symbol, meaning = wording.PAIR_CLASSES.get(row["class"], ("", ""))
        first, second = (best(found, row[key]) for key in ("motif_a", "motif_b"))
        known = (first.name if first else "", second.name if second else "")
        view = PairView(number, row, a, b, row["class"], symbol, meaning, known)
        view.whisker = whisker(view.estimate, bounds, kind=row["class"], title=f"{a} and {b}: e = {view.text}")
        own = {row["motif_a"], row["motif_b"]}
        third = [t.sentence for t in three if own <= {t.row[f"motif_{side}"] for side in "abc"}]
        distances = spacing[spacing["pair"] == row["pair"]]
        random = controls.loc[controls["pair"] == row["pair"], "e"].dropna().to_numpy()
        view.record = _record(view, instances.get(row["pair"], nothing), distances, random, third)
        views.append(view)
    return views
