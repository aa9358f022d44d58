"""Where Dask runs, with or without a GPU: one string, owned by this library. It can never change the answer."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mrv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = re.compile(r"local(?::(threads|processes)=([1-9][0-9]{0,3}))?")
HELP = "none | local | local:threads=N | local:processes=N | tcp://host:port, each with +gpu or without"
_GPU = "+gpu"


def wants_gpu(where: str) -> bool:
    """Whether ``where`` asks for a GPU."""
    return where.endswith(_GPU)


def check_words(where: str) -> None:
    """Refuse what is no place to run, before anything is done for it.

    Raises:
        UsageError: ``where`` is none of :data:`HELP`.
    """
    place = where.removesuffix(_GPU)
    if place != "none" and not _LOCAL.fullmatch(place) and not place.startswith("tcp://"):
        raise UsageError(f"unknown place to run: {where}", code="compute.where", field="where", hint=HELP)


@contextmanager
def running(where: str) -> Iterator[bool]:
    """Run Dask graphs inside this context as ``where`` says.

    Args:
        where: ``none`` (in this thread), ``local`` (threads, one a core; the default), ``local:threads=N``,
            ``local:processes=N``, or ``tcp://host:port`` of a scheduler; with ``+gpu`` after it, chunks go to a GPU there.

    Yields:
        Whether a GPU was asked for.

    Raises:
        UsageError: ``where`` is none of these, or the scheduler cannot be reached.
    """
    import dask

    check_words(where)
    place, gpu = where.removesuffix(_GPU), wants_gpu(where)
    local = _LOCAL.fullmatch(place)
    if place == "none":
        with dask.config.set(scheduler="synchronous"):
            yield gpu
    elif local and local[1] == "processes":
        with _cluster(int(local[2])):
            yield gpu
    elif local:
        with dask.config.set(scheduler="threads", num_workers=int(local[2] or os.cpu_count() or 1)):
            yield gpu
    else:
        with _client(place):
            yield gpu


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
