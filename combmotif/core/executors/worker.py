"""A dask worker with the settings that tasks of combmotif want; ``python -m combmotif.core.executors.worker``.

The arguments are those of ``dask worker``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from combmotif.core.executors.cluster import import_distributed


def serve(arguments: Sequence[str]) -> None:
    """Work for a dask scheduler until it is gone, or SIGTERM comes.

    Parameters
    ----------
    arguments : sequence of str
        Of ``dask worker``.
    """
    import_distributed()
    import dask
    from distributed.cli.dask_worker import main

    # Giving memory back to the system after each task, as the nanny has it, costs a third of the time in page faults.
    dask.config.set({"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None, "OMP_NUM_THREADS": 1}})
    # The dashboard of a worker listens to the whole network even with --no-dashboard.
    main(args=["--nthreads", "1", "--dashboard-address", "127.0.0.1:0", *arguments], prog_name="combmotif worker")


def address_towards(scheduler: str) -> str:
    """Find the address of this host by which the scheduler reaches it; a worker listens to that network alone."""
    import_distributed()
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    return str(get_ip(get_address_host(scheduler)))


if __name__ == "__main__":
    serve(sys.argv[1:])
