"""Dice: random integers that are the same on every machine and under every NumPy.

Only the raw output of a bit generator is used; normals are sums of uniform integers (Irwin–Hall) and smooth fields are
box sums of integers, so that no world depends on a library's exponential or on the order of a sum.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALVES = 8
_NORMAL_SD = 65_536.0 * (_HALVES / 12) ** 0.5


class Dice:
    """A stream of random numbers, named; other streams of the same seed do not move it.

    Args:
        seed: Seed of the world.
        stream: Name of the stream.
    """

    def __init__(self, seed: int, stream: str) -> None:
        key = hashlib.sha256(f"{seed}\n{stream}".encode()).digest()[:16]
        self._bits: Any = np.random.PCG64(int.from_bytes(key, "little"))

    def raw(self, count: int) -> NDArray[np.uint64]:
        """``count`` words of 64 random bits."""
        words: NDArray[np.uint64] = self._bits.random_raw(count)
        return words

    def uniform(self, *shape: int) -> NDArray[np.float64]:
        """Multiples of 2⁻⁵³ in [0, 1)."""
        return ((self.raw(int(np.prod(shape))) >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)

    def normal(self, *shape: int) -> NDArray[np.float64]:
        """Mean 0, variance 1, symmetric, within ±4.9: the sum of eight uniforms."""
        count = int(np.prod(shape))
        halves = self.raw(2 * count).astype("<u8").view("<u2").reshape(count, _HALVES)
        total = halves.sum(axis=1, dtype=np.int64)
        scaled: NDArray[np.float64] = ((2 * total - _HALVES * 65_535).astype(np.float64) / (2 * _NORMAL_SD)).reshape(shape)
        return scaled

    def integer(self, low: int, high: int) -> int:
        """One integer, both ends included."""
        return low + int(self.uniform(1)[0] * (high - low + 1))

    def choose(self, total: int, count: int) -> NDArray[np.int64]:
        """``count`` of ``total`` numbers, without replacement, ascending."""
        order = np.argsort(self.raw(total), kind="stable")
        return np.sort(order[:count]).astype(np.int64)

    def field(self, shape: tuple[int, int], radius: int) -> NDArray[np.int64]:
        """A smooth field of ranks: 0 to pixels − 1, each once, near pixels alike.

        Args:
            shape: Rows and columns.
            radius: Reach of the smoothing, pixels; 0 gives white noise.
        """
        values = (self.raw(shape[0] * shape[1]) >> np.uint64(40)).astype(np.int64).reshape(shape)
        for _ in range(2 if radius else 0):
            values = _box_sum(_box_sum(values, radius).T, radius).T
        return ranks(values)

    def patches(self, eligible: NDArray[np.bool_], count: int, radius: int) -> NDArray[np.bool_]:
        """``count`` of the eligible pixels (all, where there are fewer), in patches.

        Args:
            eligible: Boolean (y, x).
            count: Pixels wanted.
            radius: Reach of a patch, pixels.
        """
        shape = (eligible.shape[0], eligible.shape[1])
        order = np.where(eligible, self.field(shape, radius), eligible.size)
        return eligible & (ranks(order) < count)


def ranks(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of every value, ties in the order they stand."""
    found = np.empty(values.size, np.int64)
    found[np.argsort(values.ravel(), kind="stable")] = np.arange(values.size)
    return found.reshape(values.shape)


def _box_sum(values: NDArray[np.int64], radius: int) -> NDArray[np.int64]:
    """Sum over 2 · radius + 1 rows, wrapping around."""
    reach = min(radius, (values.shape[0] - 1) // 2)
    wide = np.concatenate([values[-reach:], values, values[:reach]]) if reach else values
    sums = np.concatenate([np.zeros((1, values.shape[1]), np.int64), np.cumsum(wide, axis=0)])
    total: NDArray[np.int64] = sums[2 * reach + 1 :] - sums[: -(2 * reach + 1)]
    return total
