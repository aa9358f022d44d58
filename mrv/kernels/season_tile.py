"""Least squares of season-trend models for a tile of pixels at once.

Every array but the sums ends in the pixels of a tile, so that the compiler works on many pixels in one instruction and never
re-orders a sum: a pixel's bits are those of a loop over its dates alone.  Float32 with neither ``fastmath`` nor contraction;
the whole part of a pixel's mean is taken off its values first, so that adding a constant to a series changes no bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from mrv.kernels.season_trend import MASK_BITS, MASK_STEP, MOST_COEFFICIENTS, SUMS, mask_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]
    U1 = NDArray[np.uint8]

NODATA = np.int16(-32768)
TILE = 256
"""Pixels of a tile."""
WEAK_PIVOT, WEAK_REST = np.float32(1e-2), np.float32(1 / 256)
"""A pivot below this share of its diagonal entry, or less than this share of the variance left, costs float32 its digits."""
_DATES = 4
_ZERO, _ONE, TINY, _NONE = np.float32(0), np.float32(1), np.float32(1e-3), np.uint8(0)


def fit_scratch(history: int) -> tuple[Any, ...]:
    """Room for :func:`fit_tile` of one thread: masks; totals; sums; sums across, matrix; model, inverse, dates; shares."""

    def room(dtype: type, *shape: int) -> NDArray[Any]:
        return np.zeros((*shape, TILE), dtype)

    return (
        room(np.uint8, mask_bytes(history)),
        room(np.int32),
        np.zeros((TILE, SUMS), np.float32),
        room(np.float32, SUMS),
        room(np.float32, MOST_COEFFICIENTS * (MOST_COEFFICIENTS + 1) // 2),
        room(np.float32, MOST_COEFFICIENTS),
        room(np.float32, MASK_BITS),
        room(np.float32, 2),
    )


@njit(nogil=True)
def copy_tile(index: I2, first: int, end: int, tile: I2) -> None:
    """Copy a tile's values side by side: rows a power of two apart fall on the same lines of the cache.

    Args:
        index: (time, pixel).
        first: First pixel of the tile.
        end: One after the last pixel there is.
        tile: Out (time, TILE), ``NODATA`` past the last pixel.
    """
    count = min(TILE, end - first)
    for t in range(index.shape[0]):
        source, row = index[t, first : first + count], tile[t]
        for p in range(count):
            row[p] = source[p]
        for p in range(count, TILE):
            row[p] = NODATA


@njit(nogil=True)
def read_masks(tile: I2, start: int, stop: int, codes: U1) -> None:
    """Which dates each pixel of a tile has, a byte for eight of them, the first in its lowest bit.

    Args:
        tile: (time, TILE), ``NODATA`` where not seen.
        start: First date.
        stop: One after the last.
        codes: Out (bytes, TILE).
    """
    codes[:] = _NONE
    for t in range(start, stop):
        row, code, bit = tile[t], codes[(t - start) // MASK_BITS], np.uint8(1 << ((t - start) % MASK_BITS))
        for p in range(TILE):
            code[p] |= bit if row[p] != NODATA else _NONE


@njit(nogil=True)
def read_level(tile: I2, history: int, size: F4, total: I4, level: I2) -> None:
    """The mean of each pixel's history, rounded down; what its values are taken off, so that float32 keeps its digits.

    Args:
        tile: (time, TILE).
        history: Leading dates that are history.
        size: Observations in the history (TILE,).
        total: Scratch (TILE,).
        level: Out (TILE,), 0 without any.
    """
    total[:] = 0
    for t in range(history):
        row = tile[t]
        for p in range(TILE):
            total[p] += np.int32(row[p]) if row[p] != NODATA else np.int32(0)
    for p in range(TILE):
        level[p] = np.int16(np.floor(np.float64(total[p]) / np.float64(max(size[p], _ONE))))


@njit(nogil=True)
def sum_products(codes: U1, table: F4, sums: F4) -> None:
    """The sums of every pixel of a tile (TILE, sums), from its masks; three bytes at a time."""
    width = table.shape[2]  # not a constant: the compiler would unroll the loop instead of vectorising it
    sums[:] = _ZERO
    for g in range(0, table.shape[0], MASK_STEP):
        c0, c1, c2 = codes[g], codes[g + 1], codes[g + 2]
        t0, t1, t2 = table[g], table[g + 1], table[g + 2]
        for p in range(TILE):
            a, b, c, total = t0[c0[p]], t1[c1[p]], t2[c2[p]], sums[p]
            for m in range(width):
                total[m] += (a[m] + b[m]) + c[m]


@njit(nogil=True)
def right_sides(tile: I2, history: int, basis: F4, level: I2, right: F4, room: F4) -> None:
    """Sums of values times the basis, and in the last row of squared values; eight dates at a time.

    Args:
        tile: (time, TILE).
        history: Leading dates that are history.
        basis: The history's (dates in whole bytes, coefficients), zeros past its end.
        level: Taken off every value (TILE,).
        right: Out (coefficients + 1, TILE).
        room: Scratch (8, TILE).
    """
    size = basis.shape[1]
    right[:] = _ZERO
    squares = right[size]
    r0, r1, r2, r3, r4, r5, r6, r7 = room[0], room[1], room[2], room[3], room[4], room[5], room[6], room[7]
    for t in range(0, basis.shape[0], MASK_BITS):
        for i in range(MASK_BITS):
            target = room[i]
            if t + i >= history:
                target[:] = _ZERO
                continue
            row = tile[t + i]
            for p in range(TILE):
                value = np.float32(row[p]) - np.float32(level[p])
                target[p] = value if row[p] != NODATA else _ZERO
        for k in range(size):
            a0, a1, a2, a3 = basis[t, k], basis[t + 1, k], basis[t + 2, k], basis[t + 3, k]
            a4, a5, a6, a7 = basis[t + 4, k], basis[t + 5, k], basis[t + 6, k], basis[t + 7, k]
            row_k = right[k]
            for p in range(TILE):
                row_k[p] += ((a0 * r0[p] + a1 * r1[p]) + (a2 * r2[p] + a3 * r3[p])) + (
                    (a4 * r4[p] + a5 * r5[p]) + (a6 * r6[p] + a7 * r7[p])
                )
        for p in range(TILE):
            squares[p] += ((r0[p] * r0[p] + r1[p] * r1[p]) + (r2[p] * r2[p] + r3[p] * r3[p])) + (
                (r4[p] * r4[p] + r5[p] * r5[p]) + (r6[p] * r6[p] + r7[p] * r7[p])
            )


@njit(nogil=True)
def fill_matrix(sums: F4, pair: I4, factor: F4, across: F4, matrix: F4) -> None:
    """The normal matrix (lower triangle by rows, TILE) from the sums."""
    for m in range(across.shape[0]):
        row, column = across[m], sums[:, m]
        for p in range(TILE):
            row[p] = column[p]
    for e in range(pair.shape[0]):
        a, b, entry, fa, fb = across[pair[e, 0]], across[pair[e, 1]], matrix[e], factor[e, 0], factor[e, 1]
        for p in range(TILE):
            entry[p] = fa * a[p] + fb * b[p]


@njit(nogil=True, error_model="numpy")
def solve_tile(matrix: F4, right: F4, size: int, rest: F4, weak: F4, inverse: F4) -> None:
    """Cholesky of every pixel's matrix side by side; coefficients in place of the right sides.

    Args:
        matrix: Lower triangle by rows (entries, TILE), in place.
        right: (coefficients + 1, TILE); the last row becomes the residual sum of squares.
        size: Coefficients.
        rest: Scratch (TILE,).
        weak: Out (TILE,): the smallest pivot as a share of its diagonal entry.
        inverse: Scratch (coefficients, TILE).
    """
    squares = right[size]
    weak[:] = _ONE
    for j in range(size):
        pivot, inv, z = matrix[j * (j + 1) // 2 + j], inverse[j], right[j]
        rest[:] = pivot[:]
        for k in range(j):
            left, other = matrix[j * (j + 1) // 2 + k], right[k]
            for p in range(TILE):
                pivot[p] -= left[p] * left[p]
                z[p] -= left[p] * other[p]
        for p in range(TILE):
            weak[p] = min(weak[p], pivot[p] / max(rest[p], _ONE))
            inv[p] = _ONE / np.sqrt(max(pivot[p], TINY))
        for p in range(TILE):
            z[p] *= inv[p]
            squares[p] -= z[p] * z[p]
        for i in range(j + 1, size):
            entry = matrix[i * (i + 1) // 2 + j]
            for k in range(j):
                left, other = matrix[i * (i + 1) // 2 + k], matrix[j * (j + 1) // 2 + k]
                for p in range(TILE):
                    entry[p] -= left[p] * other[p]
            for p in range(TILE):
                entry[p] *= inv[p]
    for i in range(size - 1, -1, -1):
        z, inv = right[i], inverse[i]
        for k in range(i + 1, size):
            left, other = matrix[k * (k + 1) // 2 + i], right[k]
            for p in range(TILE):
                z[p] -= left[p] * other[p]
        for p in range(TILE):
            z[p] *= inv[p]


@njit(nogil=True)
def residual_row(row: I2, basis: F4, model: F4, level: I2, out: NDArray[np.float32]) -> None:
    """Residuals of one date, index × 10⁴; any number where the date is not seen.

    Args:
        row: The date's values (count,).
        basis: The date's (coefficients in whole blocks of four,), zeros past the model's.
        model: (as many or more, TILE), finite past the model's.
        level: (TILE,).
        count: Pixels.
        out: (TILE,).
    """
    for k in range(0, basis.shape[0], _DATES):
        m0, m1, m2, m3 = model[k], model[k + 1], model[k + 2], model[k + 3]
        b0, b1, b2, b3 = basis[k], basis[k + 1], basis[k + 2], basis[k + 3]
        if k == 0:
            for p in range(TILE):
                fitted = (b0 * m0[p] + b1 * m1[p]) + (b2 * m2[p] + b3 * m3[p])
                out[p] = (np.float32(row[p]) - np.float32(level[p])) - fitted
        else:
            for p in range(TILE):
                out[p] -= (b0 * m0[p] + b1 * m1[p]) + (b2 * m2[p] + b3 * m3[p])


@njit(nogil=True, error_model="numpy")
def fit_tile(
    tile: I2, history: int, padded: F4, table: F4, pair: I4, factor: F4, scratch: tuple[Any, ...], level: I2, size: F4,
    model: F4, sound: F4,
) -> None:  # fmt: skip
    """Fit the history of a tile.

    Args:
        tile: (time, TILE), ``NODATA`` where not seen.
        history: Leading dates that are history.
        padded: Its design matrix (dates in whole bytes, coefficients), zeros past its end.
        table: As :func:`~mrv.kernels.season_trend.products` gives it, like the next two.
        pair: (entries, 2).
        factor: (entries, 2).
        scratch: As :func:`fit_scratch` gives it.
        level: Out (TILE,): what the values are taken off.
        size: Out (TILE,): observations.
        model: Out (coefficients or more + 1, TILE); the row after the coefficients is the residual sum of squares.
        sound: Out (TILE,): 1 where float32 keeps its digits, 0 where it does not.

    References:
        Verbesselt et al. 2012, RSE 123:98–108, Eq. 1–2.
    """
    codes, total, sums, across, matrix, inverse, room, shares = scratch
    coefficients, weak, rest = padded.shape[1], shares[0], shares[1]
    read_masks(tile, 0, history, codes)
    sum_products(codes, table, sums)
    fill_matrix(sums, pair, factor, across, matrix)
    size[:] = across[0]
    read_level(tile, history, size, total, level)
    right_sides(tile, history, padded, level, model, room)
    squares = model[coefficients]
    sound[:] = squares[:]
    solve_tile(matrix, model, coefficients, rest, weak, inverse)
    for p in range(TILE):
        rest[p] = squares[p] / max(sound[p], _ONE)
    for p in range(TILE):
        sound[p] = _ONE if weak[p] > WEAK_PIVOT and rest[p] > WEAK_REST else _ZERO
