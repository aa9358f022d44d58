"""``bfast-monitor/1`` and ``ewma-chart/1`` beside other implementations: the same breaks, and the time they take.

The cube is :mod:`mrv.simulate.reflectance`'s, as NDVI × 10⁴: 138 dates, 43 % cloud.  Peers live in environments of their own,
``$MRV_PEERS/NAME/bin/python`` for the names ``zeit``, ``cdts`` (in zeit's) and ``nrt``; one that is not there is left out.
Runs alternate, and ratios are medians.

Run ``MRV_PEERS=FOLDER python benchmarks/bfast_parity.py [--size 512] [--repeats 5]``; it prints a table and writes
``results/bfast-parity.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from mrv.change.bfast_monitor import BfastMonitor, MonitorRules, composite_years
from mrv.change.ewma import EwmaMonitor, EwmaRules
from mrv.kernels.series_monitor import monitor_series, series_room
from mrv.simulate.reflectance import HISTORY, PER_YEAR, reflectance_cube

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
OUT = HERE / "results" / "bfast-parity.json"
SEED, SLOW = 20260101, 128
CHECKED = 20_000
WIDER, ROUNDS = 4, 8_000_000


@dataclass(frozen=True)
class Race:
    """One comparison."""

    peer: str
    """Environment, and the peer's method."""
    ours: str
    """Our detector, a key of :func:`detectors`."""
    size: int
    """Edge of the window, pixels."""
    threads: int = 1
    """Of both."""


def cube(size: int) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """NDVI × 10⁴ (time, y, x) and the days."""
    made = reflectance_cube(seed=SEED, size=size)
    value = made.index
    return np.where(np.isnan(value), -32768, np.rint(np.nan_to_num(value) * 10000)).astype(np.int16), made.days


def nrt_years(days: NDArray[np.int32]) -> NDArray[np.float64]:
    """Decimal years as nrt counts them: 31 December is already the next year."""
    date = days.astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    first, last = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]") - 1
    decimal: NDArray[np.float64] = year.astype(np.int64) + 1970 + (date - first) / (last - first)
    return decimal


def detectors(days: NDArray[np.int32]) -> dict[str, BfastMonitor | EwmaMonitor]:
    """Ours, by name."""
    even, theirs = composite_years(2018, 1, len(days), PER_YEAR), nrt_years(days)
    return {
        "mosum": BfastMonitor(MonitorRules(), days, HISTORY, even),
        "mosum, nrt's years": BfastMonitor(MonitorRules(), days, HISTORY, theirs),
        "cusum, nrt's years": BfastMonitor(MonitorRules(process="cusum"), days, HISTORY, theirs),
        "ewma, nrt's years": EwmaMonitor(EwmaRules(), days, HISTORY, theirs),
    }


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def race(one: Race, index: NDArray[np.int16], days: NDArray[np.int32], peers: Path, repeats: int) -> dict[str, Any] | None:
    """Alternate the two and compare their breaks; None where the peer is absent."""
    home = one.peer.split()[0]
    python = peers / ("zeit" if home == "cdts" else home) / "bin" / "python"
    if not python.exists():
        print(f"{one.peer}: no environment of that name in MRV_PEERS, left out")
        return None
    part = np.ascontiguousarray(index[:, : one.size, : one.size])
    detector = detectors(days)[one.ours]
    found = detector.block(part)
    with tempfile.TemporaryDirectory() as folder:
        held, out = Path(folder) / "cube.npz", Path(folder) / "out.npy"
        np.savez(held, index=part, days=days, history=HISTORY)
        command = [str(python), str(HERE / "bfast_peer.py"), one.peer, str(held), str(out), str(one.threads)]
        environment = os.environ | dict.fromkeys(("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), str(one.threads))
        environment.pop("PYTHONPATH", None)
        with subprocess.Popen(  # noqa: S603  the folder is the caller's own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            if child.stdout.readline().strip() != "ready":
                print(f"{one.peer}: does not start, left out")
                return None
            theirs, ours = [], []
            for _ in range(repeats):
                child.stdin.write("\n")
                child.stdin.flush()
                theirs.append(float(child.stdout.readline()))
                ours.append(timed(lambda: detector.block(part, threads=one.threads)))
            child.stdin.close()
            child.wait()
        breaks = np.load(out)
    pixels = part[0].size
    ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
    return {
        "peer": one.peer, "ours": one.ours, "pixels": pixels, "threads": one.threads,
        "equal": float((breaks == found.break_day).mean()), "differ": int((breaks != found.break_day).sum()),
        "ns_per_pixel": round(statistics.median(ours) / pixels * 1e9),
        "peer_ns_per_pixel": round(statistics.median(theirs) / pixels * 1e9),
        "ratio": round(statistics.median(ratios), 2), "ratio_lowest": round(min(ratios), 2),
    }  # fmt: skip


def pin(threads: int, cores: list[int]) -> None:
    """Keep this process, and those it starts, to as many cores as there are threads."""
    if cores:
        os.sched_setaffinity(0, cores[-threads:])


@njit(nogil=True)
def arithmetic(rounds: int) -> float:
    """Four chains of multiplications and additions in registers: what a core does without memory."""
    a, b, c, d = 1.0, 0.5, 0.25, 0.125
    for _ in range(rounds):
        a, b, c, d = a * 0.999 + 0.1, b * 0.999 + 0.1, c * 0.999 + 0.1, d * 0.999 + 0.1
    return a + b + c + d


def threads_row(index: NDArray[np.int16], days: NDArray[np.int32], repeats: int) -> dict[str, Any]:
    """One thread and two, alternating, beside plain arithmetic: what a machine that others use too gives at that moment."""
    detector = detectors(days)["mosum"]
    wide = np.ascontiguousarray(np.tile(index, (1, 1, WIDER)))
    rounds = ROUNDS * WIDER

    def both() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(arithmetic, (rounds, rounds)))

    work: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "two_threads": (lambda: detector.block(wide), lambda: detector.block(wide, threads=2)),
        "arithmetic_two_threads": (lambda: (arithmetic(rounds), arithmetic(rounds)), both),
    }
    row: dict[str, Any] = {}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for one, _ in work.values():
        one()
    for _ in range(3 * repeats):
        for name, (one, two) in work.items():
            taken[name].append((timed(one), timed(two)))
    for name, pairs in taken.items():
        one_thread, two_threads = zip(*pairs, strict=True)
        row[name] = round(statistics.median(a / b for a, b in pairs), 2)
        row[f"{name}_fastest"] = round(min(one_thread) / min(two_threads), 2)
    return row


def memory_row(index: NDArray[np.int16], days: NDArray[np.int32]) -> dict[str, Any]:
    """Growth of the peak of resident memory in a run, MB, after one that compiled; Linux only."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return {"extra_mb": None}
    detector = detectors(days)["mosum"]
    detector.block(index[:, :8])

    def field(name: str) -> float:
        return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith(name))

    reset.write_text("5")
    before = field("VmRSS")
    detector.block(index)
    return {"extra_mb": round(field("VmHWM") - before, 1), "outputs_mb": round(index[0].size * 10 / 2**20, 1)}


def float64_row(index: NDArray[np.int16], days: NDArray[np.int32]) -> dict[str, Any]:
    """Tiles against the float64 definition, a sample of pixels."""
    detector = detectors(days)["mosum"]
    assert isinstance(detector, BfastMonitor)
    found, rules = detector.block(index), detector.rules
    flat, basis = index.reshape(len(index), -1), detector.model.basis
    room, differ, units = series_room(len(days), basis.shape[1]), 0, 0
    chosen = np.random.default_rng(SEED).permutation(flat.shape[1])[:CHECKED]
    for pixel in chosen:
        y = np.ascontiguousarray(flat[:, pixel])
        number, magnitude, _ = monitor_series(y, basis, HISTORY, rules.min_history, rules.share, detector.boundary, 0.0, room)
        differ += number != found.break_index.flat[pixel]
        units = max(units, abs(magnitude - int(found.magnitude.flat[pixel])))
    return {"float64_checked": len(chosen), "float64_breaks_differ": int(differ), "float64_magnitude_units": int(units)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    index, days = cube(options.size)
    alone = float64_row(index, days) | memory_row(index, days) | threads_row(index, days, options.repeats)
    print(json.dumps(alone))
    rows: list[dict[str, Any]] = []
    if "MRV_PEERS" not in os.environ:
        print("MRV_PEERS is not set: no peer to compare with")
    else:
        small = min(SLOW, options.size)
        races = [Race("zeit", "mosum", options.size), Race("cdts", "mosum", options.size)]
        if len(cores) > 1:
            races.append(Race("zeit", "mosum", options.size, threads=2))
        for method in ("mosum", "cusum", "ewma"):
            races.append(Race(f"nrt {method}", f"{method}, nrt's years", small))
            if method != "cusum":
                races.append(Race(f"nrt {method}-mended", f"{method}, nrt's years", small))
        for one in races:
            pin(one.threads, cores)
            row = race(one, index, days, Path(os.environ["MRV_PEERS"]), options.repeats)
            if row is not None:
                rows.append(row)
                print("{peer:18s} {threads} thread(s) {pixels:7d} px: {equal:9.4%} equal, {ratio:6.2f} × as fast "
                      "({ns_per_pixel} against {peer_ns_per_pixel} ns a pixel)".format(**row))  # fmt: skip
    OUT.write_text(json.dumps({"alone": alone, "peers": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
