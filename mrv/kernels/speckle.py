"""Multitemporal speckle filter: sums over space and time are sums of integers, so no chunk or order of rows shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]

STEPS = 2**24
"""Integers per unit of power: an image's sum of 10⁹ pixels as bright as 100 still fits."""
BRIGHTEST = np.float32(1000.0)
"""Power from which an observation is a fault, not an echo."""


@njit(nogil=True)
def _row_sums(image: F4, half: int, total: NDArray[np.int64], counted: NDArray[np.int64]) -> None:
    """Sums along each row, over ``2 · half + 1`` columns, of the power in integers and of what is valid."""
    rows, cols = image.shape
    for y in range(rows):
        power, seen = np.int64(0), np.int64(0)
        for x in range(cols + half):
            if x < cols and image[y, x] > np.float32(0):
                power += np.int64(np.rint(np.float64(image[y, x]) * STEPS))
                seen += 1
            gone = x - 2 * half - 1
            if gone >= 0 and image[y, gone] > np.float32(0):
                power -= np.int64(np.rint(np.float64(image[y, gone]) * STEPS))
                seen -= 1
            if x >= half:
                total[y, x - half], counted[y, x - half] = power, seen


@njit(nogil=True)
def window_mean(
    image: F4, half: int, fewest: int, total: NDArray[np.int64], counted: NDArray[np.int64], mean: NDArray[np.float64]
) -> None:
    """Mean power over a square window cut at the image's edge; 0 where fewer than ``fewest`` pixels are valid.

    Args:
        image: Linear power (y, x); not above 0 (or NaN) is nodata.
        half: Window's edge less one, halved, pixels.
        fewest: Valid pixels that a mean needs.
        total: Scratch (y, x).
        counted: Scratch (y, x).
        mean: Out (y, x).
    """
    _row_sums(image, half, total, counted)
    rows, cols = image.shape
    for x in range(cols):
        power, seen = np.int64(0), np.int64(0)
        for y in range(rows + half):
            if y < rows:
                power, seen = power + total[y, x], seen + counted[y, x]
            gone = y - 2 * half - 1
            if gone >= 0:
                power, seen = power - total[gone, x], seen - counted[gone, x]
            if y >= half:
                mean[y - half, x] = np.float64(power) / (np.float64(seen) * STEPS) if seen >= fewest else 0.0


@njit(nogil=True)
def speckle_block(power: F4, half: int, fewest: int, causal: bool, out: F4) -> None:
    """Filter the images of one geometry.

    Args:
        power: Linear power (time, y, x), not above 0 (or NaN) where there is nothing.
        half: Window's edge less one, halved, pixels.
        fewest: Valid pixels that a window's mean needs.
        causal: Whether an image learns only from itself and those before it.
        out: Filtered power (time, y, x); NaN where nothing was seen, the observation itself where its window is too empty.

    References:
        Quegan & Yu 2001, IEEE TGRS 39(11):2373–2379, with equal weights: J_k = E[I_k] / N · Σ_i I_i / E[I_i], over
        the N images valid at the pixel.
    """
    times, rows, cols = power.shape
    total, counted = np.empty((rows, cols), np.int64), np.empty((rows, cols), np.int64)
    mean = np.empty((times, rows, cols), np.float64)
    ratio, images = np.zeros((rows, cols), np.float64), np.zeros((rows, cols), np.int64)
    for t in range(times):
        window_mean(power[t], half, fewest, total, counted, mean[t])
        for y in range(rows):
            for x in range(cols):
                seen = power[t, y, x] > np.float32(0)
                if seen and mean[t, y, x] > 0.0:
                    ratio[y, x] += np.float64(power[t, y, x]) / mean[t, y, x]
                    images[y, x] += 1
                if causal:
                    out[t, y, x] = _filtered(power[t, y, x], mean[t, y, x], ratio[y, x], images[y, x])
    if not causal:
        for t in range(times):
            for y in range(rows):
                for x in range(cols):
                    out[t, y, x] = _filtered(power[t, y, x], mean[t, y, x], ratio[y, x], images[y, x])


@njit(nogil=True)
def _filtered(value: np.float32, mean: float, ratio: float, images: int) -> np.float32:
    """One observation filtered."""
    if not value > np.float32(0):
        return np.float32(np.nan)
    return np.float32(mean * ratio / np.float64(images)) if mean > 0.0 else value
