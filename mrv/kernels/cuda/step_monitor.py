"""Twin of :func:`mrv.kernels.step_monitor.monitor_block`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.kernels import step_monitor, steps, tile_fit
from mrv.kernels.cuda.device import Back, Program, Scratch, lots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.kernels.cuda.device import Device
    from mrv.kernels.step_monitor import F8, I4, Bools
    from mrv.kernels.tile_fit import F4

_FEATURES, _SUMS = 2, 8
_FROM_STEPS = (
    "UNSEEN", "UNMONITORED", "CLEARING", "DEGRADATION", "RECOVERY", "GAIN", "BACK", "LOOK",
    *(name for name in dir(steps) if name.startswith("R_")),
)  # fmt: skip
_FROM_MONITOR = (
    "LOSS", "HAZE", "DAY", "SINCE", "CLASS", "MAGNITUDE", "CONFIDENCE", "RECOVERED", "COUNT", "RESULT_ROWS", "LAST_YEAR",
    "ROUNDS", "CUT", "PER_COEFFICIENT", "RIDGE", "HAZE_BELOW", "HAZE_ABOVE", "TINT",
)  # fmt: skip
PROGRAM = Program(
    "monitor_block",
    ("exact.cu", "step_monitor.cu"),
    (
        ("FEATURES", _FEATURES), ("COEFFICIENTS", tile_fit.COEFFICIENTS), ("WAVES", tile_fit.SUMS),
        ("BLOCK", tile_fit.BLOCK), ("TINY", tile_fit.TINY), ("SUMS", _SUMS),
        *((name, getattr(steps, name)) for name in _FROM_STEPS),
        *((name, getattr(step_monitor, name)) for name in _FROM_MONITOR),
    ),
)  # fmt: skip


def monitor_block(
    device: Device, bands: NDArray[np.int16], clear: Bools, weights: F4, offset: F4, days: I4, waves: F4, padded: F4,
    history: int, fit: F4, floor: F4, rules: F8, minimum: int, window: int, fewest: int, confidence: NDArray[np.uint8],
    forest_level: float, out: I4,
) -> None:  # fmt: skip
    """As the CPU's, without its scratch.

    Args:
        device: Where.
        bands: (time, band, pixel), like all that follow as :func:`mrv.kernels.step_monitor.monitor_block` takes them.
        clear: (time, pixel).
        weights: (2, band).
        offset: (2, time).
        days: (time,).
        waves: (time, 9).
        padded: The history's waves.
        history: Leading dates that are history.
        fit: See :data:`~mrv.kernels.step_monitor.FIT`.
        floor: (2,).
        rules: See :data:`~mrv.kernels.steps.RULES`.
        minimum: Fewest observations of the history.
        window: Days of a step.
        fewest: Observations of a step.
        confidence: Percent by quarter of a standard error.
        forest_level: The loss index of closed forest.
        out: int32 (7, pixel).

    Raises:
        ZeroDivisionError: Where the CPU's raises it.
    """
    (times, roles, pixels), after = bands.shape, len(days) - history
    rows = max(times, len(padded))
    singles, doubles, integers = (_FEATURES + 1) * rows, 2 * after + _SUMS * (after + 1), 2 * after
    each = times * (2 * roles + 1) + 4 * singles + 8 * doubles + 4 * integers + 4 * len(out)
    for lot in lots(pixels, each):
        count, found, fault = lot.stop - lot.start, np.zeros((len(out), lot.stop - lot.start), np.int32), np.zeros(1, np.int32)
        numbers = (roles, times, len(padded), rows, history, minimum, window, fewest)
        device.run(PROGRAM, count, [
            bands[..., lot], clear[..., lot].view(np.uint8), weights, offset, days, waves, padded, fit, floor, rules,
            confidence, np.int32(len(confidence)), np.float64(forest_level), *(np.int32(number) for number in numbers),
            np.int64(count),
            Scratch(singles * count, np.float32), Scratch(doubles * count, np.float64), Scratch(integers * count, np.int32),
            Back(found), Back(fault),
        ])  # fmt: skip
        if fault[0]:
            raise ZeroDivisionError("division by zero")
        out[:, lot] = found
