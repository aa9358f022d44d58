"""Spatially correlated map error: variances and covariances of zone totals in closed form.

Errors of neighbouring pixels are alike, so a zone's error does not average out as independent errors would.  With error
w·e in a pixel, Var(Σ w e) = ΣΣ wᵢ wⱼ ρ(dᵢⱼ).  Pairs are taken between blocks of pixels: the correlation of two blocks is
the mean over their pixel pairs, which is exact where weights are even inside a block and the block has one zone.  A
block on a zone's edge spreads the zone's weight over all of itself, which understates: by .1 % with blocks much smaller
than zones, by 2 % with blocks as large as zones.

Weights and correlations are integers (correlations to 2⁻²⁴), so sums do not depend on order, machine or threads.

References:
    Chilès & Delfiner 2012, *Geostatistics*, ch. 2 (models of covariance, block covariance).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.equations import sqrt_fraction
from mrv.errors import PlanError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_ONE = 2**24
"""A correlation of 1, as an integer."""
_WHOLE = 2**30
"""What the integer weights of all zones add up to: fine enough for six digits, and no sum of products overflows 63 bits."""
_PAIRS = 2**31
"""Pairs of blocks beyond which a coarser block is asked for."""


@dataclass(frozen=True, slots=True)
class Variogram:
    """How alike the errors of two pixels are, by distance."""

    model: Literal["exponential", "spherical"]
    """``exponential``: exp(−d / range); ``spherical``: 1 − 1.5 d/range + 0.5 (d/range)³ and 0 beyond the range."""
    range_m: Fraction
    """Range parameter, m. An exponential falls to 5 % at three times its parameter."""
    nugget: Fraction = Fraction(0)
    """Share of a pixel's variance that no other pixel shares, 0 to 1."""

    def __post_init__(self) -> None:
        if self.model not in {"exponential", "spherical"}:
            raise PlanError(f"no variogram {self.model}", code="spatial.variogram", field="model",
                            hint="exponential or spherical")  # fmt: skip
        if self.range_m <= 0 or not 0 <= self.nugget <= 1:
            raise PlanError("a variogram needs a range above 0 and a nugget in [0, 1]", code="spatial.variogram",
                            field="range_m, nugget", hint="fit it to the residuals of the map against the plots")  # fmt: skip

    def correlation(self, distance_m: NDArray[np.float64]) -> Ints:
        """Correlation beyond the nugget, in units of 2⁻²⁴.

        Args:
            distance_m: Distances, m, any shape.
        """
        ratio = distance_m / float(self.range_m)
        if self.model == "exponential":
            shared = np.exp(-ratio)
        else:
            shared = np.where(ratio < 1.0, 1.0 - ratio * (1.5 - 0.5 * ratio * ratio), 0.0)
        return np.rint(shared * (float(1 - self.nugget) * _ONE)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class ZoneCovariance:
    """Covariance of zone totals, in the square of the weights' unit."""

    zones: tuple[int, ...]
    """Labels, ascending."""
    covariance: tuple[tuple[Fraction, ...], ...]
    """Covariance of each zone with each."""
    independent: tuple[Fraction, ...]
    """Variance of each zone if pixels were independent."""

    def se(self, zone: int) -> Fraction:
        """Standard error of one zone's total."""
        at = self.zones.index(zone)
        return sqrt_fraction(self.covariance[at][at])

    @property
    def total_se(self) -> Fraction:
        """Standard error of the total of all zones."""
        return sqrt_fraction(max(sum((value for row in self.covariance for value in row), Fraction(0)), Fraction(0)))

    @property
    def independent_total_se(self) -> Fraction:
        """What the standard error of the total would be if pixels were independent; too small."""
        return sqrt_fraction(sum(self.independent, Fraction(0)))


def zone_covariance(
    zones: NDArray[np.integer], weights: Ints, variogram: Variogram, *, pixel_m: tuple[Fraction, Fraction], block: int = 1
) -> ZoneCovariance:
    """Covariance of zone totals under spatially correlated error.

    Args:
        zones: Zone of each pixel, (y, x), integers; 0 is outside every zone.
        weights: Standard deviation that each pixel brings to its zone's total (area × error), (y, x), int64 ≥ 0.
        variogram: Correlation by distance.
        pixel_m: Height and width of a pixel, m.
        block: Pixels on a side of a block; 1 takes every pair of pixels.

    Raises:
        PlanError: Shapes differ, no zone, a negative weight, a block outside 1 to 256, or more than 2³¹ pairs of blocks.
    """
    _check(zones, weights, block)
    labels = tuple(int(label) for label in np.unique(zones) if label)
    pixels = [Fraction(_squares(weights[zones == label])) for label in labels]
    if not any(pixels):
        raise PlanError("every weight is zero", code="spatial.input", field="weights", hint="weights: area × error")
    coarse, unit = _scaled(_blocks(zones, weights, labels, block))
    table = _block_correlation(variogram, coarse.shape[1:], pixel_m, block)
    fields = [_smooth(layer, table) for layer in coarse]
    rows = [[Fraction(int((a * field).sum())) * unit * unit for field in fields] for a in coarse]
    # One pixel's error is its own: the nugget, once a pixel.
    for at, square in enumerate(pixels):
        rows[at][at] += variogram.nugget * square
    even = [[(rows[i][j] + rows[j][i]) / 2 for j in range(len(labels))] for i in range(len(labels))]
    return ZoneCovariance(labels, tuple(tuple(row) for row in even), tuple(pixels))


def _check(zones: NDArray[np.integer], weights: Ints, block: int) -> None:
    if zones.ndim != 2 or zones.shape != weights.shape:
        raise PlanError("zones and weights are not two maps of one shape", code="spatial.input", field="zones, weights",
                        hint="both (y, x) on one grid")  # fmt: skip
    if weights.dtype != np.int64 or int(weights.min()) < 0 or int(weights.max()) >= 2**31:
        raise PlanError("weights are not int64 from 0 to 2³¹", code="spatial.input", field="weights",
                        hint="area × error in a whole unit, such as kg")  # fmt: skip
    if not 1 <= block <= 256:
        raise PlanError(f"a block of {block} pixels", code="spatial.block", field="block", hint="1 to 256")
    if (zones.size // block**2) ** 2 > _PAIRS:
        raise PlanError("too many pairs of blocks", code="spatial.block", field="block", hint="take a larger block")
    if not zones.any():
        raise PlanError("no pixel has a zone", code="spatial.input", field="zones", hint="0 is outside every zone")


def _squares(weights: Ints) -> int:
    """Σ w², in halves of 16 bits so that nothing overflows."""
    high, low = weights >> 16, weights & 0xFFFF
    return (int((high * high).sum()) << 32) + (int((high * low).sum()) << 17) + int((low * low).sum())


def _blocks(zones: NDArray[np.integer], weights: Ints, labels: tuple[int, ...], block: int) -> Ints:
    """Weights summed a zone and block, (zone, y, x)."""
    height, width = (-(-size // block) for size in zones.shape)
    padded = np.zeros((height * block, width * block), np.int64)
    layers = np.zeros((len(labels), height, width), np.int64)
    for at, label in enumerate(labels):
        padded[: zones.shape[0], : zones.shape[1]] = np.where(zones == label, weights, 0)
        layers[at] = padded.reshape(height, block, width, block).sum(axis=(1, 3))
    return layers


def _scaled(layers: Ints) -> tuple[Ints, Fraction]:
    """Weights as integers whose sum is about 2³⁰, and the unit they are in."""
    unit = Fraction(int(layers.sum()), _WHOLE)
    return np.rint(layers / float(unit)).astype(np.int64), unit


def _block_correlation(variogram: Variogram, shape: tuple[int, ...], pixel_m: tuple[Fraction, Fraction], block: int) -> Ints:
    """Mean correlation of the pixel pairs of two blocks, by the blocks' offset, (|Δy|, |Δx|)."""
    reach = [size * block for size in shape]
    dy, dx = (np.arange(extent + 1) * float(step) for extent, step in zip(reach, pixel_m, strict=True))
    fine = variogram.correlation(np.sqrt((dy * dy)[:, None] + (dx * dx)[None, :]))
    # Offsets inside a pair of blocks have triangular weights; correlations are even, so |offset| indexes.
    for axis, size in enumerate(shape):
        start = np.arange(size, dtype=np.int64) * block
        parts = (np.take(fine, np.abs(start + at), axis=axis) * (block - abs(at)) for at in range(1 - block, block))
        fine = reduce(np.add, parts)
    return (fine + block**4 // 2) // block**4


def _smooth(layer: Ints, table: Ints) -> Ints:
    """Σ over blocks of weight × correlation, at every block, in weight units."""
    height, width = layer.shape
    mirrored = np.concatenate([table[:0:-1], table])
    mirrored = np.concatenate([mirrored[:, :0:-1], mirrored], axis=1)
    total = np.zeros((height, width), np.int64)
    for y, x in np.argwhere(layer).tolist():
        total += layer[y, x] * mirrored[height - 1 - y : 2 * height - 1 - y, width - 1 - x : 2 * width - 1 - x]
    return (total + _ONE // 2) // _ONE
