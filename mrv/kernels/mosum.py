"""Monitoring a block of pixels by moving or cumulative sums of residuals (OLS-MOSUM, OLS-CuSum), tile by tile.

A pixel's window counts its own observations, so that what leaves it is another date in every pixel.  Residuals are therefore
written once to the rank that they have among the observations of their pixel; from there on ranks run outside and the
pixels of the tile side by side, as everywhere.  The median comes out of a sorting network of which only the comparisons that
the middle depends on are left.

Float32 says where the process crosses its boundary, unless it comes so near that rounding could decide: such a pixel goes
through the float64 of :mod:`mrv.kernels.series_monitor`, whose breaks all pixels therefore have; a magnitude may be a unit
off, or a ten-thousandth where a short history is extrapolated far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from mrv.kernels.season_tile import NODATA, TILE, copy_tile, fit_scratch, fit_tile, read_masks, residual_row
from mrv.kernels.season_trend import MASK_BITS, MOST_COEFFICIENTS, mask_bytes
from mrv.kernels.series_monitor import LEAST_VARIANCE, NO_BREAK_INDEX, UNMONITORED_INDEX, monitor_series, series_room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]
    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]
    U1 = NDArray[np.uint8]

UNMONITORED, NO_BREAK = np.int32(-1), np.int32(0)
NEAR = np.float32(2e-4)
"""A process that comes this near its boundary, as a share of it, is followed in float64."""
_ZERO, _ONE, FAR, _VARIANCE = np.float32(0), np.float32(1), np.float32(3e38), np.float32(LEAST_VARIANCE)
_MOST, _LEAST, _REACH = np.int16(32767), np.int16(-32767), np.float32(32767)
_STEP, _STILL = np.int32(TILE), np.int32(0)
_BITS = [[i for i in range(MASK_BITS) if code >> i & 1] for code in range(1 << MASK_BITS)]
_HOW_MANY = np.array([len(bits) for bits in _BITS], np.int32)
_WHICH = np.array([bits + [0] * (MASK_BITS - len(bits)) for bits in _BITS], np.int32)


def middle_networks(most: int) -> tuple[I4, I4]:
    """Comparisons that put the middle of 1, 3, 5 … values in its place, and the one before it.

    Args:
        most: The most values.

    Returns:
        (networks, comparisons, 2): lower and upper row; (networks,): how many of them count.  Network i is for 2 i + 1 values.

    References:
        Knuth, The Art of Computer Programming 3, §5.2.2, Algorithm M (Batcher's merge exchange).
    """
    networks = [_middle_network(2 * half + 1) for half in range(most // 2 + 1)]
    out = np.zeros((len(networks), max(1, *(len(network) for network in networks)), 2), np.int32)
    for row, network in zip(out, networks, strict=True):
        row[: len(network)] = np.array(network, np.int32).reshape(-1, 2)
    return out, np.array([len(network) for network in networks], np.int32)


def _middle_network(values: int) -> list[tuple[int, int]]:
    comparisons = []
    top = 1 << max(values - 1, 1).bit_length() - 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            comparisons += [(i, i + d) for i in range(values - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    wanted, kept = {values // 2, max(values // 2 - 1, 0)}, []
    for low, high in reversed(comparisons):
        if low in wanted or high in wanted:
            wanted |= {low, high}
            kept.append((low, high))
    return kept[::-1]


def mosum_scratch(history: int, times: int) -> tuple[Any, ...]:
    """Room for one tile and one thread; for :func:`monitor_block`."""
    ahead = times - history

    def room(dtype: type, *shape: int) -> NDArray[Any]:
        return np.zeros((*shape, TILE), dtype)

    return (
        fit_scratch(history),
        room(np.uint8, mask_bytes(ahead)),
        room(np.int16, times), room(np.int16, ahead + 2), room(np.int16),
        room(np.int32, 6),
        room(np.float32, MOST_COEFFICIENTS + 1), room(np.float32, 8), room(np.float32, times + 3),
    )  # fmt: skip


@njit(nogil=True)
def _start_of_tail(tile: I2, history: int, window: I4, slot: I4) -> int:
    """The date from which every pixel has its window's observations in the history; slots: minus those it has too many."""
    slot[:] = window[:]
    t, lacking = history, 1
    while t > 0 and lacking > 0:
        t -= 1
        row, lacking = tile[t], 0
        for p in range(TILE):
            slot[p] -= np.int32(row[p] != NODATA)
        for p in range(TILE):
            lacking = max(lacking, slot[p])
    for p in range(TILE):
        slot[p] = slot[p] * _STEP + np.int32(p)
    return t


@njit(nogil=True)
def _rank_residuals(
    tile: I2, start: int, history: int, basis: F4, model: F4, level: I2, slot: I4, place: I4, residual: F4, ranked: F4
) -> None:
    """Write the residuals from date ``start`` on to their ranks.

    Every date is written; where it is not seen, the next one that is seen takes its place.
    """
    for t in range(start, tile.shape[0]):
        row = tile[t]
        residual_row(row, basis[t], model, level, residual)
        if t < history:
            for p in range(TILE):
                place[p] = max(slot[p], np.int32(p))
            for p in range(TILE):
                ranked[np.uint32(place[p])] = residual[p]
        else:
            for p in range(TILE):
                ranked[np.uint32(slot[p])] = residual[p]
        for p in range(TILE):
            slot[p] += _STEP if row[p] != NODATA else _STILL


@njit(nogil=True)
def _first_sum(rows: F4, window: I4, process: F4) -> None:
    """The sum of each pixel's window at the end of its history."""
    process[:] = _ZERO
    widest = 0
    for p in range(TILE):
        widest = max(widest, window[p])
    for j in range(widest):
        row, rank = rows[j], np.int32(j)
        for p in range(TILE):
            process[p] += row[p] if rank < window[p] else _ZERO


@njit(nogil=True)
def _walk(
    ranks: int, moving: bool, window: I4, seen: I4, size: I4, limit: F4, factor: F4, steady: int, ranked: F4, place: I4,
    entering: F4, process: F4, bound: F4, found: I4, near: F4, whole: I2,
) -> None:  # fmt: skip
    """Follow the process rank by rank: the first rank beyond the boundary, and how near it came before.

    What is past a pixel's last observation becomes the largest and the smallest number by turns, so that the middle stays.
    """
    for p in range(TILE):
        bound[p] = limit[p]
        found[p] = seen[p]
        near[p] = FAR
    for p in range(TILE):
        place[p] = window[p] * _STEP + np.int32(p)
    for j in range(ranks):
        ahead, rank, leaving, rounded = ranked[j * TILE :], np.int32(j), ranked[j * TILE : (j + 1) * TILE], whole[j]
        for p in range(TILE):
            entering[p] = ahead[np.uint32(place[p])]
        if moving:
            for p in range(TILE):
                process[p] += entering[p] - leaving[p]
        else:
            for p in range(TILE):
                process[p] += entering[p]
        if j >= steady:
            for p in range(TILE):
                bound[p] = limit[p] * factor[size[p], j]
        for p in range(TILE):
            over = abs(process[p]) - bound[p]
            active = rank < found[p]
            near[p] = min(near[p], abs(over)) if active else near[p]
            found[p] = rank if active and over > _ZERO else found[p]
        pad = _LEAST if j % 2 else _MOST
        for p in range(TILE):
            value = np.int16(min(max(np.rint(entering[p]), -_REACH), _REACH))
            rounded[p] = value if rank < seen[p] else pad


@njit(nogil=True)
def _sort_middle(whole: I2, network: I4, comparisons: int) -> None:
    for i in range(comparisons):
        low, high = whole[network[i, 0]], whole[network[i, 1]]
        for p in range(TILE):
            x, y = low[p], high[p]
            low[p] = min(x, y)
            high[p] = max(x, y)


@njit(nogil=True)
def _date_of_rank(later: U1, p: int, rank: int) -> int:
    g = 0
    while rank >= _HOW_MANY[later[g, p]]:
        rank -= _HOW_MANY[later[g, p]]
        g += 1
    return int(g * MASK_BITS + _WHICH[later[g, p], rank])


@njit(nogil=True)
def monitor_block(
    index: I2, begin: int, end: int, days: I4, history: int, basis: F8, padded: F4, single: F4, table: F4, pair: I4,
    pair_factor: F4, share: float, minimum: int, factor: F8, factor_single: F4, steady: I4, networks: I4, comparisons: I4,
    scratch: tuple[Any, ...], out_day: I4, out_magnitude: I2, out_index: I2,
) -> int:  # fmt: skip
    """Fit every pixel's history, monitor it, and give its break, that of :func:`monitor_series`.

    Args:
        index: int16 (time, pixel), index × 10⁴, ``NODATA`` where not seen.
        begin: First pixel.
        end: One after the last.
        days: Days since 1970-01-01 (time,).
        history: Leading dates that are history.
        basis: (time, coefficients).
        padded: The history's, float32 (dates in whole bytes, coefficients), zeros past its end.
        single: All dates', float32 (time, coefficients in whole blocks of four), zeros past the model's.
        table: As :func:`~mrv.kernels.season_trend.products` gives it, like the next two.
        pair: (entries, 2).
        pair_factor: (entries, 2).
        share: Window as a share of the history's observations; 0 for a cumulative sum.
        minimum: Fewest observations of the history.
        factor: Boundary (observations of the history, observation past it).
        factor_single: The same over its first column, float32; one column more.
        steady: Leading columns in which the boundary is as in the first one (observations of the history,).
        networks: As :func:`middle_networks` gives them, with the next.
        comparisons: (networks,).
        scratch: One thread's.
        out_day: int32 (pixel,): day of the break; 0 none; −1 history too short.
        out_magnitude: int16 (pixel,): median of the residuals past the history, × 10⁴; 0 where not monitored.
        out_index: int16 (pixel,): which date the break is; −1 none, −2 not monitored.

    Returns:
        How many pixels went through float64.

    References:
        Verbesselt et al. 2012, RSE 123:98–108; Zeileis et al. 2005, J. Appl. Econometrics 20:99–121, Eq. 8–11.
    """
    fitting, later, tile, whole, level, numbers, model, rows, ranks_room = scratch
    window, seen, slot, place, found, size = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
    observations, sound, limit, residual, entering, process, bound, near = (
        rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]
    )  # fmt: skip
    times, coefficients, again = index.shape[0], basis.shape[1], 0
    ranked, series, y = ranks_room.reshape(-1), series_room(times, coefficients), np.zeros(times, np.int16)
    moving, part = share > 0.0, np.float32(share)
    for first in range(begin, end, TILE):
        copy_tile(index, first, end, tile)
        fit_tile(tile, history, padded, table, pair, pair_factor, fitting, level, observations, model, sound)
        read_masks(tile, history, times, later)
        squares = model[coefficients]
        for p in range(TILE):
            size[p] = np.int32(observations[p])
            window[p] = np.int32(part * observations[p])
        for p in range(TILE):
            variance = squares[p] / max(observations[p] - np.float32(coefficients), _ONE)
            limit[p] = np.sqrt(max(variance, _VARIANCE) * observations[p])
        constant = times
        for p in range(TILE):
            limit[p] *= np.float32(factor[size[p], 0])
            constant = min(constant, steady[size[p]] if size[p] >= minimum else times)
        start = _start_of_tail(tile, history, window, slot)
        _rank_residuals(tile, start, history, single, model, level, slot, place, residual, ranked)
        ranks = 0
        for p in range(TILE):
            seen[p] = (slot[p] - np.int32(p)) // _STEP - window[p]
            ranks = max(ranks, seen[p])
        ranks += 1 - ranks % 2
        process[:] = _ZERO
        if moving:
            _first_sum(ranks_room, window, process)
        _walk(
            ranks, moving, window, seen, size, limit, factor_single, constant, ranked, place, entering, process, bound, found,
            near, whole,
        )  # fmt: skip
        _sort_middle(whole, networks[ranks // 2], comparisons[ranks // 2])
        middle, before = whole[ranks // 2], whole[max(ranks // 2 - 1, 0)]
        for p in range(min(TILE, end - first)):
            i = first + p
            out_day[i], out_magnitude[i], out_index[i] = UNMONITORED, 0, UNMONITORED_INDEX
            if size[p] < minimum:
                continue
            if sound[p] == _ZERO or not near[p] > NEAR * limit[p]:
                again += 1
                y[:] = tile[:, p]
                date, magnitude, _ = monitor_series(y, basis, history, minimum, share, factor, 0.0, series)
                if date == UNMONITORED_INDEX:
                    continue
                out_magnitude[i] = magnitude
            else:
                date = history + _date_of_rank(later, p, found[p]) if found[p] < seen[p] else NO_BREAK_INDEX
                out_magnitude[i] = middle[p]
                if seen[p] % 2 == 0:
                    out_magnitude[i] = (np.int64(before[p]) + np.int64(middle[p]) + 1) >> 1 if seen[p] > 0 else 0
            out_index[i] = date
            out_day[i] = days[date] if date >= 0 else NO_BREAK
    return again


@njit(nogil=True)
def monitor_stable_block(
    index: I2, begin: int, end: int, days: I4, history: int, basis: F8, share: float, minimum: int, factor: F8, roc: float,
    tile: I2, out_day: I4, out_magnitude: I2, out_index: I2, out_start: I2,
) -> None:  # fmt: skip
    """As :func:`monitor_block`, with the history of each pixel that a reverse-ordered CUSUM finds stable.

    Args:
        index: (time, pixel).
        begin: First pixel.
        end: One after the last.
        days: (time,).
        history: Leading dates that may be history.
        basis: (time, coefficients).
        share: Window of a moving sum; 0 for a cumulative one.
        minimum: Fewest observations of the stable history.
        factor: Boundary.
        roc: Critical value of the CUSUM of recursive residuals.
        tile: Scratch (time, TILE).
        out_day: (pixel,), like all that follow.
        out_magnitude: As there.
        out_index: As there.
        out_start: First date of the stable history.
    """
    series, y = series_room(index.shape[0], basis.shape[1]), np.zeros(index.shape[0], np.int16)
    for first in range(begin, end, TILE):
        copy_tile(index, first, end, tile)
        for p in range(min(TILE, end - first)):
            y[:] = tile[:, p]
            date, magnitude, start = monitor_series(y, basis, history, minimum, share, factor, roc, series)
            i = first + p
            out_index[i], out_magnitude[i], out_start[i] = date, magnitude, start
            out_day[i] = days[date] if date >= 0 else (NO_BREAK if date == NO_BREAK_INDEX else UNMONITORED)
