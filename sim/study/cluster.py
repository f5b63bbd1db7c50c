"""An existing Dask cluster as a pool: its workers do the runs, its scheduler survives their deaths.

The workers need this program in the same version, and none of the caller's files but matrices of
latencies that a scenario names, at the same path: scenarios and extensions travel with the jobs. A
worker that dies loses what it was doing; the scheduler gives that to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Final, NamedTuple

from sim.base.extras import need

_PATIENCE_SECONDS: Final = 30
"""How long to wait for the scheduler to answer, and for a first worker."""

_AHEAD_PER_THREAD: Final = 4
_AHEAD_MIN: Final = 32
"""Workers may join while a sweep is under way."""


class ClusterError(Exception):
    """There is no cluster to work with."""


class Cluster(NamedTuple):
    """A cluster's executor, and how many jobs to hand out ahead."""

    executor: Executor
    ahead: int


@contextmanager
def clustered(address: str) -> Iterator[Cluster]:
    """Use the cluster whose scheduler is at `address`, such as ``tcp://10.0.0.1:8786``.

    Raises:
        MissingExtraError: `distributed` isn't installed.
        ClusterError: Nobody answers there, or there are no workers.

    """
    need("cluster", "distributed")
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
        except TimeoutError:
            raise ClusterError(f"the Dask scheduler at {address} has no workers") from None
        threads = sum(client.nthreads().values())
        ahead = max(_AHEAD_MIN, _AHEAD_PER_THREAD * threads)
        yield Cluster(client.get_executor(pure=False), ahead)
