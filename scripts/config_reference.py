"""Write docs/config.md, the reference of every key of the YAML files, from the schema."""

from __future__ import annotations

from pathlib import Path

from combmotif.config import RunConfig, TrainConfig
from combmotif.config.comparing import CompareConfig
from combmotif.config.evaluation import SuiteConfig
from combmotif.config.load import TRAININGS
from combmotif.config.reference import reference_text

HEAD = """# Config reference

Every key of the YAML files, made from the schema by `python scripts/config_reference.py`. Keys in **bold** are
required. A key that is not known is an error, with the nearest right one. Relative paths are relative to the YAML file
or, where nothing stands there, to the working directory; `~` and `$VARIABLES` are expanded. YAML is read as data only,
by the rules of YAML 1.2 (`no` is a word, `010` is ten, `1e-3` is a number). `--set KEY=VALUE` changes a key for one
run, `--set KEY=null` takes it out.

"""


def page() -> str:
    """Return the page."""
    trainings = {f"`combmotif train`, `kind: {kind}`": model for kind, model in TRAININGS.items()}
    kinds = {
        "`combmotif run`": RunConfig,
        "`combmotif compare`": CompareConfig,
        "`combmotif benchmark`": SuiteConfig,
        "`combmotif train` without a kind: distillation": TrainConfig,
        **trainings,
    }
    return HEAD + reference_text(kinds)


if __name__ == "__main__":
    (Path(__file__).resolve().parents[1] / "docs" / "config.md").write_text(page(), encoding="utf-8")
