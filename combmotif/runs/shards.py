"""One share of a run, done by a job of any scheduler."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from combmotif.config.cluster import ClusterConfig
from combmotif.config.run import RunConfig
from combmotif.core.output import OutputFolder
from combmotif.runs.earlier import refuse_other_shares
from combmotif.runs.hosts.shares import FOLDER, Shares
from combmotif.runs.runner import RunResult, run
from combmotif.runs.status import run_status
from combmotif.runs.store import FolderHeld


def run_share(
    config: RunConfig,
    out: str | Path,
    share: tuple[int, int],
    *,
    cluster: ClusterConfig | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    on_stage: Callable[[str, str, float], None] | None = None,
) -> RunResult | None:
    """Do a share of a run's tasks, wait for those of the others, and merge where nobody does yet.

    What the others have not done ten minutes after their last result, this share does itself: the run ends also where
    some of them never start.

    Parameters
    ----------
    config : RunConfig
    out : path
        The run folder, the same for all shares.
    share : (int, int)
        Which, counted from 1, of how many.
    cluster, progress, on_stage
        See `run`.

    Returns
    -------
    RunResult or None
        Of the whole run; None where another process merges, or has merged.

    Raises
    ------
    ValueError, FileNotFoundError
        As `run`, and where another share is of another config.
    """
    folder = Path(out)
    OutputFolder(folder, "run")
    refuse_other_shares(config, folder)
    shares = Shares(folder.absolute() / FOLDER, *share)
    run(config, shares.path(), cluster=cluster, progress=progress, on_stage=on_stage, shares=shares)
    refuse_other_shares(config, folder)  # of one that was begun at the same time as this
    with contextlib.suppress(FileNotFoundError):  # nobody has begun
        merged = run_status(folder)
        if merged.finished and merged.record.get("config") == json.loads(json.dumps(config.as_dict(), default=str)):
            return None
    try:
        return run(config, folder, cluster=cluster, progress=progress, on_stage=on_stage)
    except FolderHeld:
        return None
