"""The YAML file of ``combmotif compare``: which runs, or configs of runs, are set side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from combmotif.config.paths import find_file
from combmotif.core.plain_yaml import read_yaml
from combmotif.core.typed_yaml import Real, Section, Seed, Whole, validate


class CompareConfig(Section):
    """What is compared, and how."""

    runs: dict[str, str] = Field(
        min_length=2,
        description="name of each run: its folder, or the config of a run, which is done first (in OUT/runs/NAME)",
    )
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


def load_compare_config(path: str | Path) -> CompareConfig:
    """Read the YAML file of a comparison; paths in it are relative to its folder or the working directory.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence naming the file, the key, what was expected and what was found.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such config file")
    config = validate(CompareConfig, read_yaml(path), name=str(path))
    base = path.resolve().parent
    runs = {name: find_file(run, base=base, key=f"runs.{name}") for name, run in config.runs.items()}
    return config.model_copy(update={"runs": runs})
