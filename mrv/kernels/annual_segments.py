"""Straight segments through one value a year: despike, seek vertices, fit, simplify, choose by the F distribution.

Where the paper drops surplus vertices by the angle at which the path turns, here the one goes that costs the path least: two
steep steps in a row turn little, so that by angle the year before a sharp loss would often go.

Every number is made of sums, products, quotients and square roots in a fixed order, so that it has the same bits
everywhere: the incomplete beta function of the F test is a finite sum, because a segment has two parameters.

References:
    Kennedy, Yang & Cohen 2010, Remote Sensing of Environment 114:2897–2910, §2.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]
    I8 = NDArray[np.int64]

MISSING = -32768
"""Nodata."""
YEAR, MAGNITUDE, DURATION, BEFORE, SEGMENTS = range(5)
"""Rows of the result."""
RESULT_ROWS = 5
UNFITTED = -1
"""Segments of a pixel with too few years."""
COUNTS = ("segments", "overshoot", "fewest", "slow_recovery")
"""Names of the entries of ``counts``, in order."""
LIMITS = ("spike", "recovery", "significance", "best_share")
"""Names of the entries of ``limits``, in order."""
_ROUNDING = 1.0 / 12.0
_QUANTUM = 64.0


@njit(nogil=True)
def _spike(y: F8, i: int) -> float:
    """How much of the larger step to a value is undone by the step from it; 1 for a perfect spike."""
    step = max(abs(y[i] - y[i - 1]), abs(y[i] - y[i + 1]))
    return 1.0 - abs(y[i + 1] - y[i - 1]) / step if step > 0.0 else 0.0


@njit(nogil=True)
def despike(y: F8, n: int, limit: float, spikes: F8) -> None:
    """Damp the greatest spike by its own share of the way to its neighbours' mean, until none is above the limit.

    Args:
        y: Values (n,), in place, rounded to 1/64.
        n: Values.
        limit: Share from which a value is a spike; 1 damps none.
        spikes: Scratch (n,).
    """
    if n < 3 or limit >= 1.0:
        return
    for i in range(1, n - 1):
        spikes[i] = _spike(y, i)
    for _ in range(n):
        worst = 1
        for i in range(2, n - 1):
            if spikes[i] > spikes[worst]:
                worst = i
        if spikes[worst] <= limit:
            return
        moved = y[worst] + spikes[worst] * (0.5 * (y[worst - 1] + y[worst + 1]) - y[worst])
        y[worst] = np.rint(moved * _QUANTUM) / _QUANTUM
        for i in range(max(worst - 1, 1), min(worst + 2, n - 1)):
            spikes[i] = _spike(y, i)


@njit(nogil=True)
def _add_up(t: F8, y: F8, n: int, sums: F8) -> None:
    """Running sums of t, t², y, ty and y² (5, n + 1)."""
    for row in range(5):
        sums[row, 0] = 0.0
    for i in range(n):
        sums[0, i + 1] = sums[0, i] + t[i]
        sums[1, i + 1] = sums[1, i] + t[i] * t[i]
        sums[2, i + 1] = sums[2, i] + y[i]
        sums[3, i + 1] = sums[3, i] + t[i] * y[i]
        sums[4, i + 1] = sums[4, i] + y[i] * y[i]


@njit(nogil=True)
def _off_line(sums: F8, i: int, j: int, a: float, b: float) -> float:
    """Sum of squares of y − a − b t over the values i … j − 1."""
    n = float(j - i)
    st, stt = sums[0, j] - sums[0, i], sums[1, j] - sums[1, i]
    sy, sty, syy = sums[2, j] - sums[2, i], sums[3, j] - sums[3, i], sums[4, j] - sums[4, i]
    off: float = syy - 2.0 * (a * sy + b * sty) + n * a * a + 2.0 * a * b * st + b * b * stt
    return max(off, 0.0)


@njit(nogil=True)
def _line(sums: F8, i: int, j: int) -> tuple[float, float]:
    """Least-squares line through the values i … j − 1."""
    n = float(j - i)
    st, stt = sums[0, j] - sums[0, i], sums[1, j] - sums[1, i]
    sy, sty = sums[2, j] - sums[2, i], sums[3, j] - sums[3, i]
    below = n * stt - st * st
    slope = (n * sty - st * sy) / below if below > 0.0 else 0.0
    return (sy - slope * st) / n, slope


@njit(nogil=True)
def _farthest(t: F8, y: F8, sums: F8, i: int, j: int) -> tuple[int, float]:
    """Inner value of i … j that lies farthest from the least-squares line, and the mean square from it; (−1, 0) without."""
    if j - i < 2:
        return -1, 0.0
    a, b = _line(sums, i, j + 1)
    best, most = -1, -1.0
    for k in range(i + 1, j):
        away = abs(y[k] - a - b * t[k])
        if away > most:
            best, most = k, away
    return best, _off_line(sums, i, j + 1, a, b) / (j - i + 1)


@njit(nogil=True)
def seek_vertices(t: F8, y: F8, sums: F8, n: int, most: int, vertices: I8, splits: I8, errors: F8) -> int:
    """Split the segment of the greatest mean square at its farthest value, again and again.

    Args:
        t: Years since the first (n,).
        y: Values (n,).
        sums: Running sums.
        n: Values.
        most: Vertices sought.
        vertices: Out (most,), ascending.
        splits: Scratch (most,).
        errors: Scratch (most,).

    Returns:
        Vertices found.
    """
    vertices[0], vertices[1], count = 0, n - 1, 2
    splits[0], errors[0] = _farthest(t, y, sums, 0, n - 1)
    while count < most:
        widest = -1
        for s in range(count - 1):
            if splits[s] >= 0 and (widest < 0 or errors[s] > errors[widest]):
                widest = s
        if widest < 0:
            break
        for s in range(count - 1, widest, -1):
            vertices[s + 1] = vertices[s]
            splits[s], errors[s] = splits[s - 1], errors[s - 1]
        vertices[widest + 1] = splits[widest]
        count += 1
        for s in (widest, widest + 1):
            splits[s], errors[s] = _farthest(t, y, sums, vertices[s], vertices[s + 1])
    return count


@njit(nogil=True)
def _drop(vertices: I8, count: int, at: int) -> int:
    for s in range(at, count - 1):
        vertices[s] = vertices[s + 1]
    return count - 1


@njit(nogil=True)
def drop_weak(t: F8, y: F8, sums: F8, most: int, vertices: I8, count: int, level: F8) -> int:
    """Drop the vertex whose loss costs the path through the values themselves least, until so many are left.

    Args:
        t: Years since the first (n,).
        y: Values (n,).
        sums: Running sums.
        most: Vertices to keep.
        vertices: Vertices, in place.
        count: How many.
        level: Scratch (count,).

    Returns:
        Vertices left.
    """
    while count > most:
        for s in range(count):
            level[s] = y[vertices[s]]
        count = _drop(vertices, count, _weakest(t, sums, vertices, 1, count - 2, level))
    return count


@njit(nogil=True)
def fit_anchored(t: F8, sums: F8, vertices: I8, count: int, fitted: F8) -> float:
    """A least-squares line through the first segment, then in each the least-squares line from where the last one ended.

    Args:
        t: Years since the first (n,).
        sums: Running sums.
        vertices: Vertices.
        count: How many.
        fitted: Out: values at the vertices.

    Returns:
        Sum of squares, no smaller than that of rounding to whole numbers.
    """
    i, j = vertices[0], vertices[1]
    a, b = _line(sums, i, j + 1)
    fitted[0], fitted[1] = a + b * t[i], a + b * t[j]
    squares = _off_line(sums, i, j + 1, a, b)
    for s in range(1, count - 1):
        i, j = vertices[s], vertices[s + 1]
        n, start, value = float(j - i), t[i], fitted[s]
        st, stt = sums[0, j + 1] - sums[0, i + 1], sums[1, j + 1] - sums[1, i + 1]
        sy, sty = sums[2, j + 1] - sums[2, i + 1], sums[3, j + 1] - sums[3, i + 1]
        across = sty - start * sy - value * (st - n * start)
        b = across / (stt - 2.0 * start * st + n * start * start)
        a = value - b * start
        fitted[s + 1] = a + b * t[j]
        squares += _off_line(sums, i + 1, j + 1, a, b)
    found: float = max(squares, _ROUNDING * (vertices[count - 1] + 1))
    return found


@njit(nogil=True)
def p_of_f(squares: float, total: float, n: int, segments: int) -> float:
    """Chance of so good a fit without any: the upper tail of F with 2 · segments and n − 2 · segments − 1 degrees of freedom.

    With d1 even it is x^a · Σ (a)_j / j! · (1 − x)^j over j < d1 / 2, where x = squares / total and a = d2 / 2
    (Abramowitz & Stegun 26.5.6).
    """
    freedom = n - 2 * segments - 1
    if freedom < 1 or squares >= total:
        return 1.0
    x, a = squares / total, 0.5 * freedom
    series, term = 1.0, 1.0
    for j in range(1, segments):
        term *= (a + j - 1.0) / j * (1.0 - x)
        series += term
    power, base, left = np.sqrt(x) if freedom % 2 else 1.0, x, freedom // 2
    while left > 0:
        if left % 2:
            power *= base
        base *= base
        left //= 2
    chance: float = power * series
    return min(chance, 1.0)


@njit(nogil=True)
def _fast_recovery(t: F8, vertices: I8, count: int, fitted: F8, limit: float, slow: int) -> int:
    """Segment that rises fastest, if it would cross the whole range in less than 1 / limit years (or in one); else −1."""
    low, high = fitted[0], fitted[0]
    for s in range(1, count):
        low, high = min(low, fitted[s]), max(high, fitted[s])
    worst, fastest = -1, 0.0
    if high <= low:
        return worst
    for s in range(count - 1):
        years = t[vertices[s + 1]] - t[vertices[s]]
        rate = (fitted[s + 1] - fitted[s]) / (years * (high - low))
        if rate > fastest and (rate > limit or (slow and years < 1.5)):
            worst, fastest = s, rate
    return worst


@njit(nogil=True)
def _weakest(t: F8, sums: F8, vertices: I8, first: int, last: int, fitted: F8) -> int:
    """Inner vertex among first … last without which the sum of squares grows least."""
    best, least = first, np.inf
    for s in range(first, last + 1):
        i, j, k = vertices[s - 1], vertices[s], vertices[s + 1]
        with_it = 0.0
        for left, right, at in ((i, j, s - 1), (j, k, s)):
            b = (fitted[at + 1] - fitted[at]) / (t[right] - t[left])
            with_it += _off_line(sums, left + 1, right + 1, fitted[at] - b * t[left], b)
        b = (fitted[s + 1] - fitted[s - 1]) / (t[k] - t[i])
        growth = _off_line(sums, i + 1, k + 1, fitted[s - 1] - b * t[i], b) - with_it
        if growth < least:
            best, least = s, growth
    return best


@njit(nogil=True)
def _models(
    t: F8, sums: F8, n: int, total: float, count: int, recovery: float, slow: int, vertices: I8, fitted: F8, kept: I8,
    levels: F8, chances: F8,
) -> None:  # fmt: skip
    """All models from the most segments to one: vertices and values by number of segments, and their p of F (2: refused)."""
    while True:
        segments = count - 1
        squares = fit_anchored(t, sums, vertices, count, fitted)
        fast = _fast_recovery(t, vertices, count, fitted, recovery, slow)
        chances[segments] = 2.0 if fast >= 0 else p_of_f(squares, total, n, segments)
        kept[segments, :count], levels[segments, :count] = vertices[:count], fitted[:count]
        if segments == 1:
            return
        first, last = (1, count - 2) if fast < 0 else (max(fast, 1), min(fast + 1, count - 2))
        count = _drop(vertices, count, _weakest(t, sums, vertices, first, last, fitted))


@njit(nogil=True)
def segment_block(
    values: I2, years: I4, counts: I4, limits: F8, out: I4, vertex_years: I2, vertex_values: I2
) -> None:  # fmt: skip
    """Segment every pixel.

    Args:
        values: Index × 10⁴, a loss lowers it (year, pixel); :data:`MISSING` where there is none.
        years: Ascending (year,).
        counts: See :data:`COUNTS`.
        limits: See :data:`LIMITS`.
        out: Out (5, pixel): first year of the greatest loss (0 without), its magnitude, its years, the value before it, and
            segments (0: flat, :data:`UNFITTED`: too few years).
        vertex_years: Out (segments + 1, pixel), 0 where there is none; a flat series has its first and last year.
        vertex_values: Out, :data:`MISSING` where there is none.
    """
    times, most = len(years), counts[0]
    pool = most + 1 + counts[1]
    t, y, spikes, sums = np.empty(times), np.empty(times), np.empty(times), np.empty((5, times + 1))
    vertices, splits, errors, fitted = np.empty(pool, np.int64), np.empty(pool, np.int64), np.empty(pool), np.empty(pool)
    kept, levels = np.empty((most + 1, most + 1), np.int64), np.empty((most + 1, most + 1))
    chances = np.empty(most + 1)
    for p in range(values.shape[1]):
        out[:, p], vertex_years[:, p], vertex_values[:, p] = 0, 0, MISSING
        n = 0
        for i in range(times):
            if values[i, p] != MISSING:
                t[n], y[n] = years[i] - years[0], values[i, p]
                n += 1
        if n < max(counts[2], 4):
            out[SEGMENTS, p] = UNFITTED
            continue
        despike(y, n, limits[0], spikes)
        _add_up(t, y, n, sums)
        total = _off_line(sums, 0, n, sums[2, n] / n, 0.0)
        count = seek_vertices(t, y, sums, n, min(pool, n), vertices, splits, errors)
        count = drop_weak(t, y, sums, most + 1, vertices, count, fitted)
        chances[:] = 2.0
        _models(t, sums, n, total, count, limits[1], counts[3], vertices, fitted, kept, levels, chances)
        best = chances[1]
        for s in range(2, most + 1):
            best = min(best, chances[s])
        if best > limits[2]:
            level = np.int16(np.rint(sums[2, n] / n))
            vertex_years[0, p], vertex_years[1, p] = np.int16(years[0] + t[0]), np.int16(years[0] + t[n - 1])
            vertex_values[0, p], vertex_values[1, p] = level, level
            continue
        chosen = 1
        for s in range(1, most + 1):
            if chances[s] <= (2.0 - limits[3]) * best:
                chosen = s
        out[SEGMENTS, p] = chosen
        for s in range(chosen + 1):
            vertex_years[s, p] = np.int16(years[0] + t[kept[chosen, s]])
            vertex_values[s, p] = np.int16(min(max(np.rint(levels[chosen, s]), -32767.0), 32767.0))
        for s in range(chosen):
            fall = np.int32(vertex_values[s, p]) - np.int32(vertex_values[s + 1, p])
            if fall > out[MAGNITUDE, p]:
                out[YEAR, p], out[MAGNITUDE, p] = vertex_years[s, p] + 1, fall
                out[DURATION, p] = vertex_years[s + 1, p] - vertex_years[s, p]
                out[BEFORE, p] = vertex_values[s, p]
