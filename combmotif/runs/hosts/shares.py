"""Shares of a run that jobs of any scheduler do on their own, without a process that hands out tasks.

Each share has a run folder of its own, ``RUN/shards/7-of-64``, so that no two processes write into one. A stage needs
the results of all tasks before it; a share takes those it has not done from the folders of the others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from combmotif.core.files import link
from combmotif.runs.stages.base import Payload
from combmotif.runs.store import RunStore, TaskFiles

FOLDER = "shards"
"""Of a run folder: one folder for each share."""
PATIENCE = 600.0
"""Seconds without a result of another share after which a share does the tasks that are missing itself."""
_LOOK = 2.0
"""Seconds between two looks into the folders of the others."""


@dataclass(frozen=True)
class Shares:
    """The shares of a run, as one of them, or the run that merges them, sees them.

    Attributes
    ----------
    folder : Path
        ``RUN/shards``; it may not be there.
    own, total : int
        Which share of how many; 0 of 0 is the run that merges.
    """

    folder: Path
    own: int = 0
    total: int = 0

    def path(self) -> Path:
        """The run folder of the own share."""
        return self.folder / f"{self.own}-of-{self.total}"

    def parts(self, store: RunStore, payloads: Sequence[Payload], todo: Sequence[Payload]) -> Iterator[list[Payload]]:
        """Yield what is to be done here, in parts; what others do is taken from them meanwhile.

        Parameters
        ----------
        store : RunStore
            Where the results go; the files of ``todo`` are announced there.
        payloads : sequence
            All tasks of the batch, the same in every share.
        todo : sequence
            Those of them whose results are not there.
        """
        missing = self._without_taken(store, todo)
        if not self.total:
            if missing:
                yield missing
            return
        place = {id(payload): number for number, payload in enumerate(payloads)}
        mine = [payload for payload in missing if place[id(payload)] % self.total == self.own - 1]
        if mine:
            yield mine
        began = {id(payload) for payload in mine}
        missing = [payload for payload in missing if id(payload) not in began]
        # each begins with another task, so that several that have lost patience do not all do the same
        missing.sort(key=lambda payload: (place[id(payload)] - self.own) % max(1, len(payloads)))
        seen = time.monotonic()
        while missing:
            left = self._without_taken(store, missing)
            if len(left) < len(missing):
                missing, seen = left, time.monotonic()
            elif time.monotonic() - seen > PATIENCE:
                yield missing[:1]
                missing = missing[1:]
            else:
                time.sleep(_LOOK)

    def _without_taken(self, store: RunStore, payloads: Sequence[Payload]) -> list[Payload]:
        """Take from other shares what they have done of some tasks; return the others."""
        if not self.folder.is_dir():
            return list(payloads)
        others = [TaskFiles(path) for path in sorted(self.folder.iterdir()) if (path / "tasks").is_dir()]
        others = [other for other in others if other.path != store.path]
        return [payload for payload in payloads if not self._taken(store, payload, others)]

    @staticmethod
    def _taken(store: RunStore, payload: Payload, others: Sequence[TaskFiles]) -> bool:
        names = [path.name for path in payload.files]
        for other in others:
            if all(other.is_whole(other.tasks / name) for name in names):
                for path in payload.files:
                    link(other.tasks / path.name, path)
                store.seal(*payload.files)
                return True
        return False
