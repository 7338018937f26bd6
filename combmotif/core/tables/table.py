"""What a table of combmotif is: its file, and its columns with type, unit and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Dtype = Literal["text", "whole", "number", "flag"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    dtype : {"text", "whole", "number", "flag"}
        A flag is True or False.
    meaning : str
        A clause without a full stop.
    unit : str
        What it is counted in; empty for text and plain counts. ``activation``: the layer's own units; ``outcome``,
        ``output`` and ``prediction``: the unit of what the model predicts or of the label.
    required : bool
        Whether readers rely on it: the report says so where it is missing. Others may be empty or absent.
    """

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One kind of table.

    Attributes
    ----------
    name : str
        What the report and :func:`combmotif.open_run` call it.
    file : str
        Where it lies in the folder; ``*`` stands for any name.
    about : str
        What a row is, as a sentence.
    columns : tuple of Column
        In order.
    stage : str
        Stage of a run that always writes it; empty where none does.
    more : str
        Columns that follow these and whose names depend on the data, as a sentence.
    """

    name: str
    file: str
    about: str
    columns: tuple[Column, ...]
    stage: str = ""
    more: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """Names of the columns that readers rely on."""
        return [column.name for column in self.columns if column.required]

    @property
    def meanings(self) -> dict[str, str]:
        """Column to meaning."""
        return {column.name: column.meaning for column in self.columns}

    def of_type(self, *dtypes: Dtype) -> list[str]:
        """Names of the columns of these types."""
        return [column.name for column in self.columns if column.dtype in dtypes]

    def frame(self, rows: Iterable[Any] = ()) -> pd.DataFrame:
        """Make a table of rows (dicts, or tuples in the order of the columns), with all columns in order."""
        import pandas as pd

        return pd.DataFrame(list(rows), columns=self.names)

    def is_at(self, path: str) -> bool:
        """Whether a path in the folder is a file of this table."""
        return fnmatchcase(path, self.file)


def text(name: str, meaning: str, *, required: bool = False) -> Column:
    """Describe a column of words."""
    return Column(name, "text", meaning, required=required)


def whole(name: str, meaning: str, *, unit: str = "", required: bool = False) -> Column:
    """Describe a column of whole numbers."""
    return Column(name, "whole", meaning, unit, required)


def number(name: str, meaning: str, *, unit: str = "", required: bool = False) -> Column:
    """Describe a column of numbers."""
    return Column(name, "number", meaning, unit, required)


def flag(name: str, meaning: str, *, required: bool = False) -> Column:
    """Describe a column of True and False."""
    return Column(name, "flag", meaning, required=required)
