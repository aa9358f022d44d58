"""Where Dask runs: one string, owned by this library. It can never change the answer."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mrv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = re.compile(r"local(?::(threads|processes)=([1-9][0-9]{0,3}))?")
HELP = "none | local | local:threads=N | local:processes=N | tcp://host:port"


@contextmanager
def running(where: str) -> Iterator[None]:
    """Run Dask graphs inside this context as ``where`` says.

    Args:
        where: ``none`` (in this thread), ``local`` (threads, one a core; the default), ``local:threads=N``,
            ``local:processes=N``, or ``tcp://host:port`` of a scheduler.

    Raises:
        UsageError: ``where`` is none of these, or the scheduler cannot be reached.
    """
    import dask

    local = _LOCAL.fullmatch(where)
    if where == "none":
        with dask.config.set(scheduler="synchronous"):
            yield
    elif local and local[1] == "processes":
        with _cluster(int(local[2])):
            yield
    elif local:
        with dask.config.set(scheduler="threads", num_workers=int(local[2] or os.cpu_count() or 1)):
            yield
    elif where.startswith("tcp://"):
        with _client(where):
            yield
    else:
        raise UsageError(f"unknown place to run: {where}", code="compute.where", field="where", hint=HELP)


@contextmanager
def _cluster(processes: int) -> Iterator[None]:
    from distributed import Client, LocalCluster

    # A dashboard address of None still opens port 8787.
    with (
        LocalCluster(n_workers=processes, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster),
    ):
        yield


@contextmanager
def _client(address: str) -> Iterator[None]:
    from distributed import Client

    try:
        client: Any = Client(address, timeout=10)
    except OSError as error:
        raise UsageError(
            f"no scheduler answers: {error}", code="compute.unreachable", field="where", hint=f"is {address} up?"
        ) from error
    with client:
        yield
