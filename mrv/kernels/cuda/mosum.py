"""Twins of :func:`mrv.kernels.mosum.monitor_block` and :func:`mrv.kernels.mosum.monitor_stable_block`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.kernels import mosum, season_tile, season_trend, series_monitor
from mrv.kernels.cuda.device import Back, Program, Scratch, lots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.kernels.cuda.device import Device
    from mrv.kernels.mosum import F4, F8, I2, I4

_SERIES: dict[str, Any] = {
    "NODATA": season_tile.NODATA, "NO_BREAK_INDEX": series_monitor.NO_BREAK_INDEX,
    "UNMONITORED_INDEX": series_monitor.UNMONITORED_INDEX, "UNMONITORED": mosum.UNMONITORED, "NO_BREAK": mosum.NO_BREAK,
    "LEAST_VARIANCE": series_monitor.LEAST_VARIANCE, "REACH": series_monitor.REACH, "NOTHING": series_monitor.NOTHING,
}  # fmt: skip
_TILE: dict[str, Any] = {
    "SUMS": season_trend.SUMS, "MASK_BITS": season_trend.MASK_BITS, "MASK_STEP": season_trend.MASK_STEP,
    "MOST_COEFFICIENTS": season_trend.MOST_COEFFICIENTS, "WEAK_PIVOT": season_tile.WEAK_PIVOT,
    "WEAK_REST": season_tile.WEAK_REST, "TINY": season_tile.TINY, "NEAR": mosum.NEAR, "FAR": mosum.FAR,
}  # fmt: skip


def stable_program(coefficients: int) -> Program:
    """The twin of ``monitor_stable_block`` for so many coefficients."""
    return Program(
        "monitor_stable_block", ("exact.cu", "solve.cu", "series_monitor.cu", "stable.cu"),
        (("SIZE", coefficients), *_SERIES.items()),
    )  # fmt: skip


def tile_program(coefficients: int, width: int) -> Program:
    """The twin of ``monitor_block`` for so many coefficients, in rows of so many."""
    sources = ("exact.cu", "solve.cu", "series_monitor.cu", "mosum.cu")
    return Program("monitor_block", sources, (("SIZE", coefficients), ("WIDTH", width), *_SERIES.items(), *_TILE.items()))


def monitor_block(
    device: Device, index: I2, days: I4, history: int, basis: F8, padded: F4, single: F4, table: F4, pair: I4, pair_factor: F4,
    share: float, minimum: int, factor: F8, factor_single: F4, out_day: I4, out_magnitude: I2, out_index: I2,
) -> None:  # fmt: skip
    """As the CPU's, over all pixels, without its networks and scratch.

    Args:
        device: Where.
        index: int16 (time, pixel), like all that follow as :func:`mrv.kernels.mosum.monitor_block` takes them.
        days: (time,).
        history: Leading dates that are history.
        basis: (time, coefficients).
        padded: The history's.
        single: All dates', float32.
        table: Sums of every mask.
        pair: (entries, 2).
        pair_factor: (entries, 2).
        share: Window as a share of the history's observations; 0 for a cumulative sum.
        minimum: Fewest observations of the history.
        factor: Boundary (observations of the history, observation past it).
        factor_single: The same over its first column; one column more.
        out_day: int32 (pixel,).
        out_magnitude: int16 (pixel,).
        out_index: int16 (pixel,).

    Raises:
        ZeroDivisionError: Where the CPU's raises it.
    """
    times, coefficients = len(days), basis.shape[1]
    program = tile_program(coefficients, single.shape[1])
    numbers = [np.int32(n) for n in (times, history, len(padded), len(table), minimum)]
    inputs = [days, basis, padded, single, table, pair, pair_factor, factor, factor_single, *numbers, np.float64(share)]
    _run(device, program, index, inputs, {np.float32: times, np.float64: times + 1}, [out_day, out_magnitude, out_index])


def monitor_stable_block(
    device: Device, index: I2, days: I4, history: int, basis: F8, share: float, minimum: int, factor: F8, roc: float,
    out_day: I4, out_magnitude: I2, out_index: I2, out_start: I2,
) -> None:  # fmt: skip
    """As the CPU's, over all pixels, without its scratch.

    Args:
        device: Where.
        index: (time, pixel), like all that follow as :func:`mrv.kernels.mosum.monitor_stable_block` takes them.
        days: (time,).
        history: Leading dates that may be history.
        basis: (time, coefficients).
        share: Window of a moving sum; 0 for a cumulative one.
        minimum: Fewest observations of the stable history.
        factor: Boundary.
        roc: Critical value of the CUSUM of recursive residuals.
        out_day: (pixel,), like all that follow.
        out_magnitude: As there.
        out_index: As there.
        out_start: First date of the stable history.

    Raises:
        ZeroDivisionError: Where the CPU's raises it.
    """
    numbers = [np.int32(n) for n in (len(days), history, minimum)]
    inputs = [days, basis, factor, *numbers, np.float64(share), np.float64(roc)]
    outs: list[NDArray[Any]] = [out_day, out_magnitude, out_index, out_start]
    _run(device, stable_program(basis.shape[1]), index, inputs, {np.float64: len(days) + 1}, outs)


def _run(
    device: Device, program: Program, index: I2, inputs: Sequence[Any], scratch: dict[type, int], outs: list[NDArray[Any]]
) -> None:
    """Lot by lot: the values, the inputs, the pixels, the scratch, the results, the fault."""
    each = 2 * len(index) + sum(np.dtype(kind).itemsize * rows for kind, rows in scratch.items()) + 10
    for lot in lots(index.shape[1], each):
        count, fault = lot.stop - lot.start, np.zeros(1, np.int32)
        found = [np.zeros(count, out.dtype) for out in outs]
        device.run(program, count, [
            index[:, lot], *inputs, np.int64(count), *(Scratch(rows * count, kind) for kind, rows in scratch.items()),
            *(Back(part) for part in found), Back(fault),
        ])  # fmt: skip
        if fault[0]:
            raise ZeroDivisionError("division by zero")
        for out, part in zip(outs, found, strict=True):
            out[lot] = part
