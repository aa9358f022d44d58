"""The twins on a CUDA device beside one core of the processor: the same integers, and how many pixels a second.

*whole* is a chunk from the process's memory to its result there, copies included; *there* is the kernel alone, between two
events of the device.  One core is Numba's, on the same arrays.  Medians of repeats, after one that compiles.  A fresh machine
needs ``pip install 'mrv[gpu]'`` and a driver.

Run ``python benchmarks/gpu_twins.py``; it writes ``results/gpu-twins.json``, or says that no device is here and writes nothing.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change import bfast_monitor, harmonic_monitor, matched_step
from mrv.change.bfast_monitor import BfastMonitor, Breaks, MonitorRules
from mrv.change.harmonic_monitor import Model
from mrv.change.loss_filter import calibrate_on
from mrv.change.matched_step import StepModel, StepRules
from mrv.errors import UsageError
from mrv.kernels.cuda.device import ROOM, CudaDevice, open_device
from mrv.kernels.harmonic import NODATA
from mrv.pipeline import code_digest
from mrv.plan import ChangeTable
from mrv.provenance import machine
from mrv.simulate.reflectance import BANDS, HISTORY, REGIMES, ReflectanceCube, reflectance_cube

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULTS = Path(__file__).parent / "results" / "gpu-twins.json"
SEED, SIZES, REPEATS = 20260101, (256, 512), 5


class Timed(CudaDevice):
    """The device, which adds up what its kernels take."""

    def __init__(self) -> None:
        super().__init__()
        self.there_s = 0.0

    def launch(self, function: Any, threads: int, arguments: Sequence[Any]) -> None:
        """Between two events of the device."""
        cuda = self._cupy.cuda
        begun, done = cuda.Event(), cuda.Event()
        begun.record()
        super().launch(function, threads, arguments)
        done.record()
        done.synchronize()
        self.there_s += cuda.get_elapsed_time(begun, done) / 1e3


def detectors(cube: ReflectanceCube) -> dict[str, tuple[Callable[..., Any], int]]:
    """Each twin's detector, on the arrays it reads, and their bytes."""
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    step = StepModel(StepRules(), loss_filter, cube.days, HISTORY)
    index = np.where(cube.clear, np.rint(np.nan_to_num(cube.index) * 10_000), NODATA).astype(np.int16)
    rules = ChangeTable(
        detector="harmonic-monitor/1", index="ndvi", harmonics=2, min_history=6, threshold_sigma=Decimal(3), sigma_floor=300,
        consecutive=3,
    )  # fmt: skip
    harmonic = Model(rules, cube.days, np.zeros(len(cube.days), np.int16), HISTORY)
    moving = BfastMonitor(MonitorRules(), cube.days, HISTORY)
    return {
        "bfast-monitor/1": (lambda gpu=False: _stacked(moving.block(index, gpu=gpu)), index.nbytes),
        "matched-step/1": (partial(step.block, cube.bands, cube.clear), cube.bands.nbytes + cube.clear.nbytes),
        "harmonic-monitor/1": (partial(harmonic.block, index), index.nbytes),
    }


def _stacked(found: Breaks) -> Any:
    return np.stack([found.break_day, found.magnitude, found.break_index])


def measured(run: Callable[..., Any], device: Timed, pixels: int) -> dict[str, Any]:
    """Pixels a second of one detector: device whole and there, one core."""
    cpu, gpu, there = [], [], []
    expected, found = run(), run(gpu=True)
    for _ in range(REPEATS):
        began = time.perf_counter()
        run()
        cpu.append(time.perf_counter() - began)
        device.there_s = 0.0
        began = time.perf_counter()
        again = run(gpu=True)
        gpu.append(time.perf_counter() - began)
        there.append(device.there_s)
        if not np.array_equal(again, found):
            raise SystemExit("two runs on the device differ")
    return {
        "same_integers": bool(np.array_equal(found, expected)), "differing": int((found != expected).sum()),
        "px_per_s": {name: round(pixels / median(taken)) for name, taken in (("whole", gpu), ("there", there), ("core", cpu))},
        "faster_than_one_core": round(median(cpu) / median(gpu), 1), "copies_share": round(1 - median(there) / median(gpu), 3),
    }  # fmt: skip


def main() -> int:
    """Measure, or say that there is nothing to measure on."""
    try:
        open_device()
    except UsageError as error:
        print(f"no twin was measured: {error}\n{error.hint}")
        return 0
    device, rows = Timed(), []
    for module in (bfast_monitor, harmonic_monitor, matched_step):
        module.open_device = lambda: device
    for regime in ("usual", "cloud 70 %"):
        for size in SIZES:
            cube = reflectance_cube(REGIMES[regime], seed=SEED, size=size)
            for name, (run, read) in detectors(cube).items():
                row = {"detector": name, "regime": regime, "pixels": size * size, "dates": len(cube.days), "bytes": read}
                rows.append(row | measured(run, device, size * size))
                print(json.dumps(rows[-1]))
    value = {
        "schema": "mrv.gpu-twins/1", "code_digest": code_digest(), "platform": machine(device.name), "room_bytes": ROOM,
        "repeats": REPEATS, "seed": SEED, "rows": rows,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(value, indent=1) + "\n")
    return 0 if all(row["same_integers"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
