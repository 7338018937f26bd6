"""The result of a run, for Python and notebooks: motifs, tables as DataFrames, a summary with logos."""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from combmotif.api.pictures import Picture, logos
from combmotif.api.results import Result
from combmotif.core.packed import open_packed
from combmotif.core.tables import table_at
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.motif import MotifSet
from combmotif.report.drawing.logos import logo_svg
from combmotif.report.story import Finding
from combmotif.report.summary import main_findings
from combmotif.runs.earlier import read_record

SHOWN = 24
"""Most motifs in a notebook's table."""


class Tables(Mapping[str, pd.DataFrame]):
    """The tables of a run folder by name, read when asked for: ``neurons``, ``matches``, ``motifs/neuronmotif``, ..."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        paths = sorted(path for ending in ("tsv", "tsv.gz") for path in folder.rglob(f"*.{ending}"))
        paths = [path for path in paths if path.relative_to(folder).parts[0] != "tasks"]
        self._paths = {path.relative_to(folder).as_posix().partition(".tsv")[0]: path for path in paths}
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            if name not in self._paths:
                raise KeyError(f"{name}; the run has {', '.join(self._paths) or 'no tables'}")
            try:
                # Names are text: a sequence 0001 is no number, and a motif of consensus NA is not missing.
                known = table_at(self._paths[name].relative_to(self._folder).as_posix())
                texts = dict.fromkeys(known.of_type("text") if known else (), str)
                with open_packed(self._paths[name]) as stream:
                    self._read[name] = pd.read_csv(stream, sep="\t", dtype=texts, keep_default_na=False, na_values=[""])
            except pd.errors.EmptyDataError:
                self._read[name] = pd.DataFrame()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True, repr=False)
class Interpretation:
    """What a model has learned.

    Attributes
    ----------
    folder : Path
        The run folder: every table, the motifs as MEME and HDF5, ``report.html``. It is removed with this object where
        it was not named; ``save`` keeps it.
    """

    folder: Path
    _temporary: TemporaryDirectory | None = field(default=None, repr=False, compare=False)

    @cached_property
    def record(self) -> dict[str, Any]:
        """run.json: config, seed, versions, checksums, stages, warnings."""
        return read_record(self.folder)

    @property
    def stages(self) -> dict[str, str]:
        """How each stage ended: done, ``empty: reason`` or ``failed: reason``."""
        return {name: stage["status"] for name, stage in self.record["stages"].items()}

    @property
    def warnings(self) -> list[str]:
        """What to know before trusting the numbers."""
        return list(self.record.get("warnings", []))

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    @cached_property
    def tables(self) -> Tables:
        """Every table of the run folder as a DataFrame, by name."""
        return Tables(self.folder)

    @cached_property
    def motifs(self) -> MotifSet:
        """The motifs of the run, by the method that was asked for; those not reproduced are left out."""
        least = float(self.record["config"].get("discover", {}).get("reproduced", 0))
        paths = [self.folder / "motifs" / f"{name}.h5" for name in ("neuronmotif", "modisco", "seqlets")]
        found = next((load_motifs(path) for path in paths if path.is_file()), MotifSet((), "neuronmotif"))
        return replace(found, motifs=tuple(motif for motif in found if not motif.reproducibility < least))

    def _table(self, name: str) -> pd.DataFrame:
        return self.tables[name] if name in self.tables else pd.DataFrame()

    @property
    def neurons(self) -> pd.DataFrame:
        """One row per neuron; empty where there is none."""
        return self._table("neurons")

    @property
    def matches(self) -> pd.DataFrame:
        """Known elements the motifs resemble; empty where none was asked for or found."""
        return self._table("matches")

    @property
    def contribution(self) -> pd.DataFrame:
        """Effect of the neurons; empty where it was not asked for."""
        return self._table("contribution")

    @property
    def motif_effects(self) -> pd.DataFrame:
        """Effect of each motif, inserted into background sequences; empty where it was not asked for."""
        return self._table("motif_effects")

    @property
    def interactions(self) -> pd.DataFrame:
        """Effect of motif pairs; empty where it was not asked for."""
        return self._table("interactions")

    def summary(self) -> Result[tuple[Finding, ...]]:
        """Return the main findings; ``table`` has the columns ``what``, ``value`` and ``sentence``."""
        found = main_findings(self.folder)
        table = pd.DataFrame([(f.label, f.value, f.sentence) for f in found], columns=["what", "value", "sentence"])
        text = "\n".join(f"{row.what}: {row.sentence}" for row in table.itertuples())
        return Result(f"What {self.name} has learned", table, found, self.plot, text=text)

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self.record.get("model", {}).get("name", ""))

    @property
    def table(self) -> pd.DataFrame:
        """One row per motif: the table of the method that was asked for."""
        return self._table(f"motifs/{self.motifs.method}")

    def plot(self, most: int = SHOWN) -> Picture:
        """Draw the logos of the motifs, with what they match."""
        names, motifs = self._names(), self.motifs
        notes = [names.get(motif.id, "") for motif in motifs]
        return logos(motifs.motifs, alphabet=motifs.alphabet, notes=notes, most=most)

    def __repr__(self) -> str:
        """Print the main findings and where everything lies."""
        names = ", ".join(name for name in dir(type(self)) if not name.startswith("_"))
        return f"{self.summary()!r}\nFolder: {self.folder}\nAsk it for {names}"

    def save(self, folder: str | Path) -> Path:
        """Copy tables, motifs and report to a folder that is new or empty; returns the report's path.

        Raises
        ------
        FileExistsError
            If the folder holds something.
        """
        target = Path(folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise FileExistsError(f"{target}: expected a new or empty folder, found something there; choose another")
        shutil.copytree(self.folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("tasks", "*.tmp"))
        return target / "report.html"

    def _repr_html_(self) -> str:
        findings = "".join(
            f"<tr><th style='text-align:left'>{html.escape(row.what)}</th>"
            f"<td style='text-align:left'>{html.escape(row.value)}</td></tr>"
            for row in self.summary().table.itertuples()
            if row.value
        )
        name = html.escape(self.name)
        return (
            f"<div><h4>What {name} has learned</h4><table>{findings}</table>{self._motif_rows()}"
            f"<p>Tables: {html.escape(', '.join(self.tables))}.<br>"
            f"Report: <code>{html.escape(str(self.report))}</code></p></div>"
        )

    def _names(self) -> dict[str, str]:
        """Name the known element that each motif is, or else contains."""
        if not len(self.matches):
            return {}
        best = self.matches.sort_values(["relation", "q_value"], ascending=[False, True], kind="stable")
        best = best.drop_duplicates("motif")  # what a motif is, before what it contains
        return {
            motif: f"contains {name}" if relation == "contains" else str(name)
            for motif, name, relation in zip(best["motif"], best["name"], best["relation"], strict=True)
        }

    def _motif_rows(self) -> str:
        if not len(self.motifs):
            return ""
        names = self._names()
        rows = []
        for motif in self.motifs.motifs[:SHOWN]:
            logo = logo_svg(motif, alphabet=self.motifs.alphabet, column=14, height=48)
            cells = [
                logo, motif.id, motif.consensus(self.motifs.alphabet), f"{motif.layer}:{motif.neuron}",
                f"{motif.sites:,}", f"{motif.information.sum():.1f}", f"{motif.purity:.2f}", names.get(motif.id, ""),
            ]  # fmt: skip
            rows.append(
                "<tr>"
                + "".join(
                    f"<td style='text-align:left'>{c if i == 0 else html.escape(c)}</td>" for i, c in enumerate(cells)
                )
                + "</tr>"
            )
        heads = ("motif", "id", "consensus", "neuron", "sites", "bits", "purity", "known element")
        more = len(self.motifs) - len(rows)
        return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{''.join(rows)}</table>" + (
            f"<p>and {more:,} more in <code>.motifs</code></p>" if more > 0 else ""
        )


def open_run(folder: str | Path) -> Interpretation:
    """Open the folder of a run that ``combmotif run`` or :func:`combmotif.interpret` made.

    Parameters
    ----------
    folder : str or path
        Holds run.json and the tables.

    Returns
    -------
    Interpretation

    Raises
    ------
    FileNotFoundError, ValueError
        If it is no run folder.

    Examples
    --------
    >>> import combmotif as cm
    >>> cm.open_run("no/such/run")
    Traceback (most recent call last):
    FileNotFoundError: no/such/run: expected a run folder (with a run.json), as 'combmotif run' makes it
    """
    if not isinstance(folder, (str, Path)):
        raise ValueError(f"folder: expected the path of a run folder, found {folder!r}")
    found = Interpretation(Path(folder))
    found.record  # noqa: B018 - reads run.json, which a run folder has
    return found
