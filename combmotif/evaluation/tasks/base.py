"""What a task of the benchmark is: items with a truth, scored by a model, measured by groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.config.evaluation import GroupsSection
from combmotif.core.files import require_file
from combmotif.core.packed import open_text
from combmotif.evaluation.adapters.base import Adapter
from combmotif.evaluation.adapters.tracks import Place, read_places
from combmotif.evaluation.formats import open_rows
from combmotif.evaluation.statistics import number_groups
from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import to_number
from combmotif.training.overlap import overlap_groups


@dataclass(frozen=True)
class Truth:
    """What is known of items.

    Attributes
    ----------
    name : str
        Such as the measured value, or ``label``.
    values : float array (n,)
        NaN where not measured; 0 and 1 where ``kind`` is ``binary``.
    groups : int array (n,)
        Items of one group are related, and are drawn together in a bootstrap.
    kind : str
        ``real`` (correlations, error), ``difference`` (correlations, sign, AUC of what rises from what does not),
        ``binary`` (AUC, AUPRC) or ``paired`` (how often the score is positive, as it should be).
    parts : tuple of str, or None
        Chromosome, or published fold, of every item: the main measure of a class (AUPRC) or of values (Pearson) is
        averaged over them as well.
    part : str
        What the parts are: ``chromosome`` or ``fold``.
    """

    name: str
    values: np.ndarray
    groups: np.ndarray
    kind: str = "real"
    parts: tuple[str, ...] | None = None
    part: str = "chromosome"

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures of this kind of truth, the first being the one models are compared by."""
        return {
            "real": ("pearson", "spearman", "r2", "mae"),
            "difference": ("pearson", "spearman", "sign_accuracy", "auc"),
            "binary": ("auc", "auprc"),
            "paired": ("sign_accuracy",),
        }[self.kind]


@dataclass(frozen=True)
class ScoreColumn:
    """A number per item.

    Attributes
    ----------
    name : str
        Of the score, such as ``pratio``; a larger value is to mean a larger truth (the declared sign).
    truth : str
        Name of the truth it is held against.
    values : float array (n,)
        NaN where the model could not score an item.
    fitted : bool
        Whether it is in the units of the truth, so that errors mean something.
    control : bool
        Whether it is a control that a model brings along, such as a classifier that sees the locus alone.
    settings : tuple of str
        What was chosen inside of each fold, where something was fitted.
    """

    name: str
    truth: str
    values: np.ndarray
    fitted: bool = False
    control: bool = False
    settings: tuple[str, ...] = ()


@dataclass
class Task:
    """Items and what is known of them; ``score`` asks one model.

    Each kind is made from its section of the config and the seed of what it draws: folds, negatives, shuffles.

    Attributes
    ----------
    kind : str
    items : pandas.DataFrame
        One row per item, as written to items.tsv.gz.
    truths : list of Truth
    skipped : list of (str, str)
        Item and reason.
    orientation : str
        In which the sequences are given, ``rna`` or ``genome``.
    minus : frozenset of str or None
        Names, as the model is told them, of sequences of genes on the minus strand; None where no strand is known.
    """

    kind: str = ""
    items: pd.DataFrame = field(default_factory=pd.DataFrame)
    truths: list[Truth] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    orientation: str = "rna"
    minus: frozenset[str] | None = None

    def take_places(self, path: str | None) -> dict[str, Place] | None:
        """Read where the sequences lie, and with that their orientation and strands."""
        if path is None:
            return None
        places = read_places(path)
        self.minus = frozenset(name for name, place in places.items() if place.region.strand == "-")
        self.orientation = next(iter(places.values())).orientation
        return places

    def score(self, adapter: Adapter) -> list[ScoreColumn]:
        """Score every item; raises LacksCapability where the model cannot do what the task needs."""
        raise NotImplementedError

    def own_scores(self) -> dict[str, list[ScoreColumn]]:
        """Return scores that need no model: columns of the table, and controls that only this task has."""
        return {}

    def _all(self, scores: dict[str, np.ndarray]) -> list[ScoreColumn]:
        """Hold scores against every truth."""
        return [ScoreColumn(name, truth.name, values) for truth in self.truths for name, values in scores.items()]

    def truth(self, name: str) -> Truth:
        """Return a truth by name."""
        return next(truth for truth in self.truths if truth.name == name)


def read_cells(path: str | Path, *, columns: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Read a table (.csv, .tsv, plain or .gz, or .parquet) as text, column by column.

    A .csv whose header has tabs and no commas is one of tabs.

    Raises
    ------
    ValueError
        If it has no rows, or two columns of one name.
    """
    separator = None
    if columns is None and Path(path).suffix != ".parquet":
        require_file(path)
        with open_text(Path(path)) as stream:
            header = stream.readline()
        separator = "\t" if "\t" in header and "," not in header else None
    with open_rows(path, columns=columns, separator=separator) as table:
        rows = [cells for _, cells in table.rows]
        names = table.columns
        for name in filter(None, names):
            table.place(name)
    if not rows:
        raise ValueError(f"{path}: the table has a header but no rows")
    return {name: [row[i].strip() for row in rows] for i, name in enumerate(names)}


def column_of(cells: dict[str, list[str]], name: str, *, path: str | Path, key: str) -> list[str]:
    """Take a column by name; a missing one names those that are there and the key that asked for it."""
    if name not in cells:
        raise ValueError(f"{path}: {key}: expected a column '{name}', found {', '.join(cells)}")
    return cells[name]


def names_of(cells: dict[str, list[str]], name: str | None, *, path: str) -> list[str]:
    """Take the column of names; without one, row1, row2, ..."""
    if name is not None:
        return column_of(cells, name, path=path, key="name")
    return [f"row{i + 1}" for i in range(len(next(iter(cells.values()))))]


def numbers_of(texts: Iterable[str], *, path: str | Path, column: str) -> np.ndarray:
    """Read numbers; an empty cell or NA becomes NaN, anything else is an error that names the row."""
    found = []
    for row, text in enumerate(texts, 1):
        try:
            found.append(to_number(text))
        except ValueError:
            raise ValueError(f"{path}: row {row} column '{column}': expected a number or NA, found {text!r}") from None
    return np.array(found)


def minus_names(
    cells: dict[str, list[str]], column: str | None, rows: np.ndarray, names: Sequence[str], *, path: str
) -> frozenset[str] | None:
    """Names of the rows whose column of strands says ``-``; None without a column.

    Raises
    ------
    ValueError
        If a strand is neither + nor -.
    """
    if column is None:
        return None
    strands = column_of(cells, column, path=path, key="strand")
    if (wrong := next((row for row in rows if strands[row] not in ("+", "-")), None)) is not None:
        raise ValueError(f"{path}: row {wrong + 1} column '{column}': expected + or -, found '{strands[wrong]}'")
    return frozenset(name for name, row in zip(names, rows, strict=True) if strands[row] == "-")


def encode_rows(
    texts: Sequence[str], names: Sequence[str], skipped: list[tuple[str, str]], *, shortest: int = 1
) -> tuple[list[np.ndarray], np.ndarray]:
    """Encode sequences; those that are none are left out, and counted.

    Returns
    -------
    (codes, rows)
        Codes of the rows that are kept.
    """
    codes, rows = [], []
    for row, (text, name) in enumerate(zip(texts, names, strict=True)):
        try:
            code = encode(text)
        except ValueError:
            skipped.append((name, "the sequence holds what are no nucleotides"))
            continue
        if len(code) < shortest or not (code < 4).any():
            skipped.append((name, f"the sequence has fewer than {shortest} nt, or is all N"))
            continue
        codes.append(code)
        rows.append(row)
    if not rows:
        raise ValueError(f"expected sequences, found none among {len(texts)} rows")
    return codes, np.array(rows)


def groups_from(
    groups: GroupsSection, cells: dict[str, list[str]], codes: Sequence[np.ndarray], rows: np.ndarray, *, path: str
) -> np.ndarray:
    """Group items by a column, where items without a group stand alone, or by a shared k-mer."""
    if groups.column is None:
        return overlap_groups(codes, k=groups.overlap)
    texts = column_of(cells, groups.column, path=path, key="groups.column")
    if not any(texts[row] for row in rows):
        raise ValueError(
            f"{path}: groups.column: expected groups in '{groups.column}', found that every row's is empty"
        )
    return number_groups([texts[row] for row in rows])
