"""A dask worker with the settings that tasks of combmotif want; ``python -m combmotif.core.executors.worker``.

The arguments are those of ``dask worker``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from combmotif.core.executors.scheduler import import_distributed


def serve(arguments: Sequence[str]) -> None:
    """Work for a dask scheduler until it is gone, or SIGTERM comes.

    Parameters
    ----------
    arguments : sequence of str
        Of ``dask worker``, the address of the scheduler first.

    Raises
    ------
    ConnectionError
        If no scheduler answers.
    """
    import_distributed()
    import dask
    from distributed.cli.dask_worker import main

    # Giving memory back to the system after each task, as the nanny has it, costs a third of the time in page faults.
    dask.config.set({"distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None, "OMP_NUM_THREADS": 1}})
    # The dashboard of a worker listens to the whole network even with --no-dashboard.
    try:
        main(args=["--nthreads", "1", "--dashboard-address", "127.0.0.1:0", *arguments], prog_name="combmotif worker")
    except (
        RuntimeError,
        TypeError,
    ) as error:  # a nanny whose worker found none; no certificates
        raise ConnectionError(f"{arguments[0]}: no scheduler answers there ({error}); is it running?") from None


def address_towards(scheduler: str) -> str:
    """Find the address of this host by which the scheduler reaches it; a worker listens to that network alone.

    Raises
    ------
    ValueError
        If it is no address.
    """
    import_distributed()
    from distributed.comm.addressing import get_address_host
    from distributed.utils import get_ip

    try:
        return str(get_ip(get_address_host(scheduler)))
    except ValueError as error:
        raise ValueError(f"scheduler: expected an address, such as tcp://10.0.0.1:8786 ({error})") from None


if __name__ == "__main__":
    serve(sys.argv[1:])
