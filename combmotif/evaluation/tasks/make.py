"""From a config's section to a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from combmotif.evaluation.tasks.base import Task

if TYPE_CHECKING:
    from combmotif.config.evaluation import AnyTask


def make_task(section: AnyTask, *, seed: int = 0) -> Task:
    """Read the items of a task; its paths are found already.

    Parameters
    ----------
    section : AnyTask
    seed : int, default 0
        Of folds and draws.

    Raises
    ------
    ValueError
        If a table does not fit, with its name, the key and what was found.
    """
    from combmotif.evaluation.tasks.motifs import MotifsTask
    from combmotif.evaluation.tasks.regression import RegressionTask
    from combmotif.evaluation.tasks.shuffles import ShufflesTask
    from combmotif.evaluation.tasks.variants import VariantsTask
    from combmotif.evaluation.tasks.windows import WindowsTask

    kinds: dict[str, Callable[..., Task]] = {
        "motifs": MotifsTask,
        "regression": RegressionTask,
        "shuffles": ShufflesTask,
        "variants": VariantsTask,
        "windows": WindowsTask,
    }
    task: Task = kinds[section.kind](section, seed=seed)
    return task
