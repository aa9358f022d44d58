"""One peer's monitoring of a cube, for ``bfast_parity.py``, which starts it with the peer's own Python.

``python bfast_peer.py METHOD CUBE.npz OUT.npz THREADS`` reads ``index`` (int16 × 10⁴, −32768 not seen), ``days`` and
``history``; runs once for each line of its input and answers with the seconds; and leaves the days of the breaks behind.
Nothing but NumPy and the peer may be imported here.
"""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import time
import warnings
from typing import Any

import numpy as np

PER_YEAR, FIRST_YEAR = 23, 2018
NRT = {
    "mosum": ("mosum", "MoSum", {"harmonic_order": 3}, {"method": "OLS"}),
    "cusum": ("cusum", "CuSum", {"harmonic_order": 3}, {"method": "OLS"}),
    "ewma": (
        "ewma", "EWMA", {"trend": False, "sensitivity": 3},
        {"method": "OLS", "screen_outliers": "Shewhart", "L": 5},
    ),
}  # fmt: skip


def engine(name: str, values: np.ndarray, days: np.ndarray, history: int, threads: int) -> tuple[Any, Any]:
    """The compiled engines of zeit and cdts: work to be timed, and how its answer becomes days."""
    module = {"zeit": "zeit._bfast", "cdts": "cdts._core.bfastmonitor"}[name]
    batch = importlib.import_module(module).fit_bfast_monitor_batch
    flat = np.ascontiguousarray(values.reshape(len(values), -1).T)
    start = FIRST_YEAR + history / PER_YEAR

    def work(series: np.ndarray = flat) -> np.ndarray:
        return np.asarray(
            batch(
                values_array=series, start_time=float(FIRST_YEAR), monitor_start_time=start, frequency=PER_YEAR, order=3,
                h=0.25, period=10, alpha=0.05, min_valid=10, n_jobs=threads,
            )
        )  # fmt: skip

    try:
        work(flat[:64])
    except TypeError:
        flat = flat.astype(np.float64)
    return lambda: work(flat), lambda out: np.where(out[5] == 1, days[np.nan_to_num(out[1]).astype(int)], 0)


def nrt(method: str, values: np.ndarray, days: np.ndarray, history: int, threads: int) -> tuple[Any, Any]:
    """The monitors of nrt; a method that ends in ``-mended`` has the sign of the history's residuals put right."""
    xr, base = importlib.import_module("xarray"), importlib.import_module("nrt.monitor")
    name, kind, options, fitting = NRT[method.removesuffix("-mended")]
    monitor = getattr(importlib.import_module(f"nrt.monitor.{name}"), kind)
    if method.endswith("-mended"):
        plain = base.ols

        def mended(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            beta, residuals = plain(x, y)
            return beta, -residuals

        base.ols = mended
    moments = days.astype("datetime64[D]").astype("datetime64[ns]")
    clock = [dt.datetime(1970, 1, 1) + dt.timedelta(days=int(day)) for day in days]  # noqa: DTZ001  it wants a naive one

    def work(part: np.ndarray = values) -> Any:
        axes = {"time": moments, "y": np.arange(part.shape[1]), "x": np.arange(part.shape[2])}
        cube = xr.DataArray(part, dims=("time", "y", "x"), coords=axes)
        one = monitor(**options)
        one.fit(dataarray=cube[:history], n_threads=threads, **fitting)
        for t in range(history, len(days)):
            one.monitor(array=part[t], date=clock[t])
        return one

    work(values[:, :16, :16])
    return work, lambda one: np.where(one.mask == 3, one.detection_date.astype(int), np.where(one.mask == 1, 0, -1))


def main() -> None:
    """Answer the lines of the input."""
    warnings.filterwarnings("ignore")
    method, cube, out, threads = sys.argv[1:]
    held = np.load(cube)
    index, days, history = held["index"], held["days"], int(held["history"])
    values = np.where(index == np.int16(-32768), np.float32(np.nan), index / np.float32(10000)).astype(np.float32)
    peer, _, what = method.partition(" ")
    make = nrt if peer == "nrt" else engine
    work, read = make(what if peer == "nrt" else peer, values, days, history, int(threads))
    answer = None
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        answer = work()
        print(time.perf_counter() - start, flush=True)
    np.save(out, np.asarray(read(answer)).reshape(index.shape[1:]).astype(np.int32))


if __name__ == "__main__":
    main()
