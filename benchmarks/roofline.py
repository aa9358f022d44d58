"""Where the kernels of ``matched-step/1`` stand against this machine, and where the time of a whole run goes.

The limits are measured on one core in the same process: a triad for memory, and multiply-adds of float32 that stay in
registers, once as the kernels must compute (no contraction) and once fused, for what determinism costs.  Operations are
counted from the source.  The run from files to a break map writes the cube as tiled, deflated GeoTIFFs first, then reads,
decodes, masks, runs the kernel and writes; plain rasterio reads the same files beside it.

Run ``python benchmarks/roofline.py``; it writes ``results/roofline.json``.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numba import njit
from rasterio.transform import from_origin

from mrv.change.loss_filter import calibrate_on
from mrv.change.matched_step import StepModel, StepRules
from mrv.kernels.tile_fit import TILE, fit_tile, history_waves, load_tile, tile_scratch
from mrv.simulate.reflectance import BANDS, HISTORY, reflectance_cube

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mrv.simulate.reflectance import ReflectanceCube

RESULTS = Path(__file__).parent / "results" / "roofline.json"
SIZE, REPEATS, SEED = 512, 5, 20260101
FEATURES, ROUNDS = 2, 3
UNCLEAR = 4


def seconds(call: Callable[[], object]) -> float:
    """Median of some repeats, after one that compiles."""
    call()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)


@njit(nogil=True)
def _triad(a: NDArray[np.float32], b: NDArray[np.float32], c: NDArray[np.float32]) -> None:
    for i in range(a.shape[0]):
        a[i] = b[i] + np.float32(3) * c[i]


def _multiply_add(values: NDArray[np.float32], rounds: int) -> None:
    for r in range(rounds):
        factor = np.float32(0.999 + 1e-6 * r)
        for i in range(values.shape[0]):
            values[i] = values[i] * factor + np.float32(0.5)


_plain, _fused = njit(nogil=True)(_multiply_add), njit(nogil=True, fastmath={"contract"})(_multiply_add)


def limits() -> dict[str, float]:
    """GB/s of a triad beyond the caches; GFLOP/s of multiply-adds that stay in the first cache."""
    a, b, c = np.zeros((3, 32_000_000), np.float32)
    small, rounds = np.ones(2048, np.float32), 20_000
    triad = 3 * a.nbytes / seconds(lambda: _triad(a, b, c)) / 1e9
    operations = 2 * small.size * rounds / 1e9
    return {
        "triad_gb_s": triad,
        "float32_gflop_s": operations / seconds(lambda: _plain(small, rounds)),
        "float32_fused_gflop_s": operations / seconds(lambda: _fused(small, rounds)),
    }


@njit(nogil=True)
def _load_all(bands: Any, clear: Any, weights: Any, offset: Any, values: Any, weight: Any) -> None:
    for first in range(0, clear.shape[1] - TILE + 1, TILE):
        load_tile(bands, clear, first, TILE, weights, offset, values, weight)


@njit(nogil=True)
def _fit_often(clear: Any, waves: Any, padded: Any, floor: Any, history: int, times: int, scratch: Any) -> None:
    values, weight, model, sigma, sums, matrix, step = scratch
    for _ in range(times):
        fit_tile(
            clear, 0, TILE, history, waves, padded, 3, np.float32(2.5), np.float32(6), np.float32(0.1), floor, values, weight,
            model, sigma, sums, matrix, step,
        )  # fmt: skip


def kernels(cube: ReflectanceCube, model: StepModel, limit: dict[str, float]) -> list[dict[str, Any]]:
    """Loading, fitting, and the whole, with operations and bytes a pixel."""
    times, pixels = len(cube.days), cube.break_day.size
    bands, clear = cube.bands.reshape(times, len(BANDS), pixels), cube.clear.reshape(times, pixels)
    padded = history_waves(model.waves, HISTORY)
    scratch = tile_scratch(FEATURES, times)
    load_flop = times * FEATURES * 2 * len(BANDS)
    # A round: 9 sums and 5 a feature with a product each; Cholesky and two solves; 10 operations a residual; 3 a square.
    accumulate = HISTORY * (9 * 2 + FEATURES * (1 + 5 * 2))
    round_flop = accumulate + 55 + FEATURES * 55 + HISTORY * FEATURES * (9 + 3 + 2)
    rest_flop = (times - HISTORY) * (FEATURES * 9 + 14)
    read = times * (2 * len(BANDS) + 1)
    rows = [
        ("load", load_flop, read, seconds(lambda: _load_all(bands, clear, model.filter.weights, model.offset, *scratch[:2]))),
        ("fit, 3 rounds", ROUNDS * round_flop, 0, seconds(
            lambda: _fit_often(clear, model.waves, padded, np.zeros(2, np.float32), HISTORY, pixels // TILE, scratch))),
        ("whole detector", load_flop + ROUNDS * round_flop + rest_flop, read, seconds(
            lambda: model.block(cube.bands, cube.clear))),
    ]  # fmt: skip
    return [
        {
            "kernel": name, "flop_px": flop, "bytes_px": moved, "us_px": 1e6 * taken / pixels, "px_per_s": pixels / taken,
            "gflop_s": flop * pixels / taken / 1e9, "gb_s": moved * pixels / taken / 1e9,
            "percent_of_arithmetic": 100 * flop * pixels / taken / 1e9 / limit["float32_gflop_s"],
            "percent_of_bandwidth": 100 * moved * pixels / taken / 1e9 / limit["triad_gb_s"],
        }
        for name, flop, moved, taken in rows
    ]  # fmt: skip


def write_scenes(cube: ReflectanceCube, folder: Path) -> list[list[Path]]:
    """A file a band and a date, and the mask, as tiled and deflated GeoTIFFs."""
    profile = {
        "driver": "GTiff", "height": cube.break_day.shape[0], "width": cube.break_day.shape[1], "count": 1, "tiled": True,
        "blockxsize": 256, "blockysize": 256, "compress": "deflate", "crs": "EPSG:32634",
        "transform": from_origin(500_000, 5_000_000, 30, 30),
    }  # fmt: skip
    scenes = []
    for t in range(len(cube.days)):
        paths = [folder / f"{t:03d}_{role}.tif" for role in (*BANDS, "qa")]
        layers = [*cube.bands[t], np.where(cube.clear[t], 0, UNCLEAR).astype(np.uint8)]
        for path, layer in zip(paths, layers, strict=True):
            with rasterio.open(path, "w", dtype=layer.dtype, **profile) as target:
                target.write(layer, 1)
        scenes.append(paths)
    return scenes


def from_files(cube: ReflectanceCube, model: StepModel) -> dict[str, Any]:
    """Files to break map, stage by stage; processor and wall seconds of one thread."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = write_scenes(cube, folder)
        stages: dict[str, float] = {}

        def timed(stage: str, started: float) -> None:
            stages[stage] = stages.get(stage, 0.0) + time.perf_counter() - started

        bands, quality = np.empty_like(cube.bands), np.empty(cube.clear.shape, np.uint8)
        for t, paths in enumerate(scenes):
            started = time.perf_counter()
            raw = [path.read_bytes() for path in paths]
            timed("bytes from disk", started)
            started = time.perf_counter()
            for at, content in enumerate(raw):
                with rasterio.MemoryFile(content) as memory, memory.open() as source:
                    source.read(1, out=bands[t, at] if at < len(BANDS) else quality[t])
            timed("open and decode", started)
        started = time.perf_counter()
        clear = quality == 0
        timed("mask", started)
        started = time.perf_counter()
        found = model.block(bands, clear)
        timed("kernel", started)
        started = time.perf_counter()
        with rasterio.open(
            folder / "break.tif", "w", driver="COG", height=SIZE, width=SIZE, count=1, dtype="int32", compress="deflate"
        ) as target:
            target.write(found[0], 1)
        timed("write", started)
        started = time.perf_counter()
        for paths in scenes:
            for path in paths:
                with rasterio.open(path) as source:
                    source.read(1)
        plain = time.perf_counter() - started
    total, decoded = sum(stages.values()), (cube.bands.nbytes + quality.nbytes) / 1e6
    reading = stages["bytes from disk"] + stages["open and decode"]
    return {
        "seconds": stages, "share_percent": {stage: 100 * taken / total for stage, taken in stages.items()},
        "px_per_s": cube.break_day.size / total, "decoded_mb": decoded, "read_mb_s": decoded / reading,
        "plain_rasterio_mb_s": decoded / plain,
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    cube = reflectance_cube(seed=SEED, size=SIZE)
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    model = StepModel(StepRules(), loss_filter, cube.days, HISTORY)
    limit = limits()
    found = {"limits": limit, "kernels": kernels(cube, model, limit), "from_files": from_files(cube, model)}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
