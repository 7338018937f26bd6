"""The YAML file of ``combmotif compare``: which runs, or configs of runs, are set side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from combmotif.config.paths import find_file
from combmotif.core.plain_yaml import read_yaml
from combmotif.core.typed_yaml import Real, Section, Seed, Whole, validate


class SuiteSection(Section):
    """Many models under one config: a run for each, in OUT/runs/NAME."""

    config: str = Field(description="config of a run, which every model gets")
    vary: str = Field("model.weights", description="key of that config in which the runs differ")
    over: str | list[str] = Field(
        min_length=2,
        description="its values: a list, or files by a pattern such as train/*/model0_best.h5; a run has the name of "
        "what its path has of its own",
    )

    @property
    def values(self) -> dict[str, str]:
        """Value of the key in each run, by the name of the run."""
        values = [self.over] if isinstance(self.over, str) else self.over
        return dict(zip(_names(values), values, strict=True))


class CompareConfig(Section):
    """What is compared, and how."""

    runs: dict[str, str] = Field(
        {},
        description="name of each run: its folder, or the config of a run, which is done first (in OUT/runs/NAME); two "
        "or more, or a suite",
    )
    suite: SuiteSection | None = Field(None, description="runs of many models under one config; default none")
    databases: list[str] = Field(
        ["builtin"],
        min_length=1,
        description="builtin, names that combmotif fetch lists, or paths of motif files",
    )
    q: Real = Field(0.05, gt=0, le=1, description="largest q-value of a match")
    strands: Literal["single", "both"] = Field(
        "single", description="both also matches the reverse complement (for DNA)"
    )
    draws: Whole = Field(
        64,
        ge=0,
        le=100_000,
        description="sequences drawn from each motif to see what they do to the model; 0 for none",
    )
    sequences: Whole = Field(500, ge=20, description="most sequences of each run that are used")
    seed: Seed = Field(0, ge=0, description="of the draws and shuffles")

    @model_validator(mode="after")
    def _some_runs(self) -> CompareConfig:
        if self.suite is None and len(self.runs) < 2:
            raise ValueError(
                f"runs: expected at least 2 entries (name of each run, and its folder or config), found "
                f"{len(self.runs)} ({self.runs}); a suite makes many of one config"
            )
        return self


def load_compare_config(path: str | Path) -> CompareConfig:
    """Read the YAML file of a comparison; paths in it are relative to its folder or the working directory.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence naming the file, the key, what was expected and what was found.
    """
    path = Path(path)
    config = validate(CompareConfig, read_yaml(path), name=str(path))
    base = path.resolve().parent
    runs = {name: find_file(run, base=base, key=f"runs.{name}") for name, run in config.runs.items()}
    suite = config.suite
    if suite is not None:
        over = _found(suite.over, base=base)
        suite = suite.model_copy(
            update={"config": find_file(suite.config, base=base, key="suite.config"), "over": over}
        )
        twice = sorted({*runs} & {*suite.values})
        if twice:
            raise ValueError(f"{path}: runs and suite both have a run '{twice[0]}'; give the one of runs another name")
    return config.model_copy(update={"runs": runs, "suite": suite})


def _found(over: str | list[str], *, base: Path) -> list[str]:
    """List the files of a pattern, or the values of a list, those that are files with their whole path."""
    if isinstance(over, list):
        return [str((base / one).resolve()) if (base / one).is_file() else one for one in over]
    pattern = Path(over).expanduser()
    start = Path(pattern.anchor) if pattern.is_absolute() else base
    found = sorted(start.glob(str(pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern)))
    if len(found) < 2:
        raise FileNotFoundError(
            f"suite.over: expected two or more files of the pattern '{over}' in {base}, found {len(found)}"
        )
    return [str(one.resolve()) for one in found]


def _names(values: Sequence[str]) -> list[str]:
    """Name values by the parts of their paths in which they differ: train/f0/best.h5, train/f1/best.h5 are f0, f1."""
    parts = [[*Path(one).parts[:-1], Path(one).stem] for one in values]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    while all(len(part) > 1 for part in parts) and len({part[-1] for part in parts}) == 1:
        parts = [part[:-1] for part in parts]
    names = ["_".join(re.sub(r"[^A-Za-z0-9.-]+", "_", word) for word in part) for part in parts]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"suite.over: expected values with names of their own, found '{twice}' twice")
    return names
