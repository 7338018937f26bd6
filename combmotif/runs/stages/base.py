"""What a stage of a run is: one contract, and what its methods are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pandas as pd

from combmotif.config.run import RunConfig
from combmotif.core.files import write_table
from combmotif.core.tables import table_at
from combmotif.runs.context import Context
from combmotif.runs.store import RunStore, TaskFiles, content_key

Done = TypeVar("Done")
Made = TypeVar("Made")
T = TypeVar("T")


class Empty(Exception):
    """A stage ends without a result, for the reason given; ``made`` is what it hands on all the same."""

    def __init__(self, reason: str, made: object = None) -> None:
        super().__init__(reason)
        self.made = made


class Payload(Protocol):
    """What a task works on, and the files it writes."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of the result, named by all that it depends on."""
        ...


class OneFile:
    """A payload whose result is the file at ``path``."""

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """That file."""
        return (self.path,)


@dataclass(frozen=True)
class Batch:
    """Tasks that may be done in any order and by any process: a module-level function, and what it works on."""

    task: Callable[[Context, Any], None]
    payloads: Sequence[Payload]


class Found:
    """What stages have handed on, by type.

    Parameters
    ----------
    made : iterable
        One object of a type.
    """

    def __init__(self, made: Iterable[object] = ()) -> None:
        self._made = {type(one): one for one in made}

    def __getitem__(self, kind: type[T]) -> T:
        """What a stage named in ``needs`` has handed on."""
        found = self._made[kind]
        assert isinstance(found, kind)
        return found

    def only(self, kinds: Iterable[type]) -> Found:
        """Keep what a stage says it needs."""
        return Found(self._made[kind] for kind in kinds)

    def add(self, made: object) -> None:
        """Keep what a stage hands on, if it does."""
        if made is not None:
            self._made[type(made)] = made


@dataclass(frozen=True)
class Work:
    """A run as a stage sees it.

    Attributes
    ----------
    context : Context
    results : TaskFiles
        Names of the files that tasks write.
    found : Found
        What the stages before it that it needs have handed on.
    """

    context: Context
    results: TaskFiles
    found: Found = field(default_factory=Found)

    def key(self, kind: str, *depends: Any) -> str:
        """Hash what a result depends on, beside the model and the seed."""
        return content_key(kind, self.context.base, *depends)

    def file(self, kind: str, *depends: Any, suffix: str = ".npz") -> Path:
        """Name the file of a result by what it depends on, beside the model and the seed."""
        return self.results.task(kind, self.key(kind, *depends), suffix)


@dataclass(frozen=True)
class Output:
    """Where a stage writes its tables, and what it says beside them, for run.json.

    Attributes
    ----------
    store : RunStore
    warnings : list of str
        What makes results doubtful.
    notes : list of str
        What a reader of the results should know also where all is well.
    edits : dict
        How edited sequences were predicted; see `combmotif.runs.predicted.summary`.
    """

    store: RunStore
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    edits: dict[str, dict[str, Any]] = field(default_factory=dict)

    def file(self, name: str) -> Path:
        """Say that a file of the run is going to be written, and give its path."""
        return self.store.file(name)

    def table(self, name: str, table: pd.DataFrame, *, header: bool = True) -> None:
        """Write a table of the run, without columns that hold nothing, unless the report relies on them."""
        known = table_at(name)
        if known is not None and len(table):
            optional = set(known.names) - set(known.required)
            blank = {name for name in optional & set(table) if (table[name].isna() | table[name].eq("")).all()}
            table = table[[name for name in table if name not in blank]]
        write_table(self.store.file(name), table, header=header)

    def tables(self, name: str, parts: Iterable[pd.DataFrame], *, header: bool = True) -> None:
        """Write a table of the run that comes in parts, lest it is ever whole in memory."""
        write_table(self.store.file(name), parts, header=header)


@dataclass(frozen=True)
class Trial:
    """The small piece of a run that is measured for an estimate of the whole.

    Attributes
    ----------
    whole : Work
        The run; nothing is found yet.
    sequences : int
        Of the trial.
    neurons_ratio, sequences_ratio : float
        How many times as many the run has.
    """

    whole: Work
    sequences: int
    neurons_ratio: float
    sequences_ratio: float

    def count(self, payloads: Sequence[Payload]) -> tuple[int, int]:
        """Count tasks, and those whose results are in the folder already."""
        there = sum(all(map(self.whole.results.is_whole, payload.files)) for payload in payloads)
        return len(payloads), there


@dataclass(frozen=True)
class Cost:
    """What a stage of a run would do, and how its time follows from that of a trial.

    Attributes
    ----------
    ratio : float
        Its work as a multiple of the trial's.
    tasks, done : int or None
        All, and those that are done; None where that depends on what earlier stages find.
    smaller : dict of section to dict
        Settings of the config that the trial has smaller.
    parallel : bool
        Whether workers share it.
    note : str
        What else to say of it.
    """

    ratio: float
    tasks: int | None = None
    done: int | None = None
    smaller: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parallel: bool = True
    note: str = ""


class Stage(ABC, Generic[Done, Made]):
    """One stage of a run: an entry of `combmotif.runs.stages.STAGES`.

    ``Done`` is what `tasks` leaves for `merge`; ``Made`` is handed on to later stages.

    Attributes
    ----------
    name : str
        In run.json and on the report.
    section : str
        Section of the config that asks for the stage; a stage without one is part of every run.
    needs : tuple of type
        What it reads of what earlier stages hand on.
    outputs : tuple of str
        Files that are removed before it begins, lest those of another config stay.
    required : bool
        Whether the run ends where it fails.
    """

    name: ClassVar[str]
    section: ClassVar[str] = ""
    needs: ClassVar[tuple[type, ...]] = ()
    outputs: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[bool] = False

    def check(self, context: Context) -> None:
        """Refuse, before any work, what the config asks for and cannot be done.

        Parameters
        ----------
        context : Context

        Raises
        ------
        ValueError, FileNotFoundError, ImportError
            One sentence that names the key, what was expected and what was found.
        """

    @abstractmethod
    def tasks(self, work: Work) -> Generator[Batch, None, Done]:
        """Yield the work in batches; when one is asked for, the files of those before it are there.

        Parameters
        ----------
        work : Work

        Yields
        ------
        Batch

        Returns
        -------
        Done
            What `merge` is to read.

        Raises
        ------
        Empty
            If there is nothing to do.
        """

    @abstractmethod
    def merge(self, work: Work, done: Done, out: Output) -> Made:
        """Write the tables of the stage from the results of its tasks.

        Parameters
        ----------
        work : Work
        done : Done
            As `tasks` returned it.
        out : Output

        Returns
        -------
        Made
            Handed on to later stages.

        Raises
        ------
        Empty
            If nothing was found.
        """

    @abstractmethod
    def cost(self, trial: Trial) -> Cost | None:
        """Say what the stage would do, and how its time follows from that of a trial; nothing is done.

        Parameters
        ----------
        trial : Trial

        Returns
        -------
        Cost or None
            None where the config leaves nothing to do.
        """

    def asked(self, config: RunConfig) -> bool:
        """Whether a config asks for the stage."""
        return not self.section or getattr(config, self.section) is not None
