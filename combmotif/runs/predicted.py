"""How edited sequences were predicted, from the tasks to the record of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from combmotif.inference.incremental.perturb import Predicted

_FIELDS = ("method", "reason", "checked", "difference")


def as_array(heard: Sequence[Predicted]) -> np.ndarray:
    """Pack what `recording` collected into an array of strings (calls, 4), for the file of a task."""
    rows = [[str(getattr(one, name)) for name in _FIELDS] for one in heard]
    return np.array(rows, dtype=str).reshape(-1, len(_FIELDS))


def summary(arrays: Iterable[np.ndarray]) -> dict[str, dict[str, Any]]:
    """Sum up a stage for run.json.

    Returns
    -------
    dict of method to dict
        Method is ``incremental`` (only what an edit changes was worked out again), ``plain`` (full forward passes) or
        ``mixed`` (by length); ``calls``, ``reason`` (of the first call), ``checked`` (edits predicted both ways) and
        ``largest_difference`` among these.
    """
    found: dict[str, dict[str, Any]] = {}
    for method, reason, checked, difference in (row for array in arrays for row in array):
        entry = found.setdefault(
            str(method), {"calls": 0, "reason": str(reason), "checked": 0, "largest_difference": 0.0}
        )
        entry["calls"] += 1
        entry["checked"] += int(checked)
        entry["largest_difference"] = max(entry["largest_difference"], float(difference))
    return found
