"""Twin of :func:`mrv.kernels.harmonic.monitor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.kernels import harmonic
from mrv.kernels.cuda.device import Back, Program, Scratch, lots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.kernels.cuda.device import Device

_CONSTANTS = ("NODATA", "UNMONITORED", "NO_BREAK", "SCREEN_SIGMA", "MAD_TO_SIGMA", "SCREEN_ROUNDS", "CONFIRMATION")


def program(coefficients: int) -> Program:
    """The twin for so many coefficients, which stay in registers.

    Args:
        coefficients: Of the whole basis.
    """
    constants = (("SIZE", coefficients), *((name, getattr(harmonic, name)) for name in _CONSTANTS))
    return Program("monitor", ("exact.cu", "solve.cu", "harmonic.cu"), constants)


def monitor(
    device: Device, series: NDArray[np.int16], days: NDArray[np.int32], basis: NDArray[np.float64], refit: NDArray[np.bool_],
    history: int, per_coefficient: int, minimum: int, sigmas: float, floor: float, consecutive: int,
    out_day: NDArray[np.int32], out_confidence: NDArray[np.uint8], out_clear: NDArray[np.uint16],
) -> None:  # fmt: skip
    """As the CPU's.

    Args:
        device: Where.
        series: int16 (time, y, x), like all that follow as :func:`mrv.kernels.harmonic.monitor` takes them.
        days: (time,).
        basis: float64 (time, coefficients).
        refit: bool (time,).
        history: Number of leading observations that are history.
        per_coefficient: History observations a coefficient needs.
        minimum: Fewest history observations.
        sigmas: An observation is anomalous this many standard deviations below the model.
        floor: Smallest standard deviation.
        consecutive: Anomalies in a row that make a break.
        out_day: int32 (y, x).
        out_confidence: uint8 (y, x).
        out_clear: uint16 (y, x).
    """
    times, pixels = len(series), out_day.size
    outs: tuple[NDArray[Any], ...] = (out_day, out_confidence, out_clear)
    flat = series.reshape(times, pixels)
    for lot in lots(pixels, 3 * times + 7):
        count = lot.stop - lot.start
        found = [np.zeros(count, out.dtype) for out in outs]
        device.run(program(basis.shape[1]), count, [
            flat[:, lot], days, basis, refit.view(np.uint8), np.int32(times), np.int32(basis.shape[1]), np.int32(history),
            np.int32(per_coefficient), np.int32(minimum), np.float64(sigmas), np.float64(floor), np.int32(consecutive),
            np.int64(count), Scratch(times * count, np.uint8), *(Back(part) for part in found),
        ])  # fmt: skip
        for out, part in zip(outs, found, strict=True):
            out.reshape(pixels)[lot] = part
