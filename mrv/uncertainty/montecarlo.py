"""Approach 2: a Monte Carlo whose integers are the same on every machine (``philox4x64/1``).

Only the raw output of NumPy's Philox is used; the mapping to distributions is ours.  Each factor has a stream of its
own, keyed by the seed and its id, so that one draw of a shared factor serves every place it enters, and a new factor
moves no other.  Transcendental functions are rounded to 2⁻³² (relative to their scale) before use.  Each draw's
result is rounded to whole kilograms; means, quantiles and variances are then integer arithmetic.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from mrv.carbon.tables import Factor

GENERATOR = "philox4x64/1"
_QUANTUM = float(2**32)
Z95 = 1.959963984540054
_A = (
    3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
)  # fmt: skip
_B = (
    1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
    39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
)  # fmt: skip
_C = (
    1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
    1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4,
)  # fmt: skip
_D = (
    1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
    0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
)  # fmt: skip
_E = (
    6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
    0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
)  # fmt: skip
_F = (
    1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
)  # fmt: skip


def _ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: NDArray[np.float64]) -> NDArray[np.float64]:
    numerator, denominator = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(reversed(top), reversed(bottom), strict=True):
        numerator = numerator * x + a
        denominator = denominator * x + b
    return numerator / denominator


def quantise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to multiples of 2⁻³²."""
    return np.rint(values * _QUANTUM) / _QUANTUM


def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard normal quantile, quantised.

    Args:
        u: Probabilities inside (0, 1).

    References:
        Wichura 1988, Algorithm AS 241 (PPND16), Applied Statistics 37:477–484.
    """
    q = u - 0.5
    central = np.abs(q) <= 0.425
    z = q * _ratio(_A, _B, np.where(central, 0.180625 - q * q, 0.0))
    tail = np.where(central, 0.25, np.where(q < 0, u, 1.0 - u))
    r = np.sqrt(-np.log(tail))
    far = np.where(r <= 5.0, _ratio(_C, _D, r - 1.6), _ratio(_E, _F, r - 5.0))
    return quantise(np.where(central, z, np.where(q < 0, -far, far)))


def uniforms(seed: str, stream: str, draws: int) -> NDArray[np.float64]:
    """Uniforms in (0, 1) from a seed and the name of a stream.

    Args:
        seed: ``sha256:<hex>``.
        stream: Name, such as a factor's id.
        draws: How many.
    """
    key = hashlib.sha256(f"{seed}\n{stream}".encode()).digest()[:16]
    raw = np.random.Philox(key=int.from_bytes(key, "little")).random_raw(draws)
    return ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def draw_factor(factor: Factor, seed: str, draws: int) -> NDArray[np.float64]:
    """Draws of one factor from its distribution.

    The interval is read as 95 %.  ``lognormal-mean-preserved`` keeps the published value as the mean and takes the
    log standard deviation from the interval; its own 95 % interval is then not the published one, where mean and
    bounds do not fit one lognormal.

    Raises:
        PlanError: Unknown distribution.
    """
    return factor_from_normal(factor, normal_quantile(uniforms(seed, factor.id, draws)))


def factor_from_normal(factor: Factor, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """A factor at standard normals, such as correlated ones; otherwise as ``draw_factor``.

    Raises:
        PlanError: Unknown distribution.
    """
    value, low, high = float(factor.value), float(factor.low), float(factor.high)
    if factor.distribution == "normal":
        return np.maximum(value + z * ((high - low) / (2 * Z95)), 0.0)
    if factor.distribution == "lognormal-mean-preserved":
        sigma = quantise(np.log(np.array([high / low])) / (2 * Z95))
        return value * quantise(np.exp(z * sigma - sigma * sigma / 2))
    raise PlanError(f"unknown distribution {factor.distribution}", code="factors.distribution", field=factor.id)


@dataclass(frozen=True, slots=True)
class Draws:
    """A Monte Carlo result, rounded to digits its own error supports."""

    mean: int
    """Mean."""
    q05: int
    """5th percentile (inverse of the empirical distribution)."""
    q95: int
    """95th percentile."""
    mean_se: int
    """Monte Carlo standard error of the mean, rounded up to a whole unit."""

    @property
    def half_width_90(self) -> int:
        """(q95 − q05) / 2, rounded down."""
        return (self.q95 - self.q05) // 2


def summarise(values: NDArray[np.int64]) -> Draws:
    """Mean and quantiles of integer draws, in integer arithmetic.

    Args:
        values: int64 (draws,).
    """
    ordered = sorted(int(value) for value in values)
    n = len(ordered)
    total = sum(ordered)
    squares = n * sum(value * value for value in ordered) - total * total
    error = isqrt(squares // (n * n * (n - 1))) + 1 if squares else 0
    unit = 10 ** (len(str(error)) - 1) if error else 1
    low, high = ordered[(5 * n + 99) // 100 - 1], ordered[(95 * n + 99) // 100 - 1]
    return Draws(_nearest(total, n * unit) * unit, _nearest(low, unit) * unit, _nearest(high, unit) * unit, error)


def _nearest(value: int, unit: int) -> int:
    return (2 * value + unit) // (2 * unit)


def emission_draws(
    factors: Mapping[str, Factor], *, area_m2: int, seed: str, draws: int, kg_per_m2_t_ha: Fraction
) -> NDArray[np.int64]:
    """Draws of the emission of an area of loss, whole kg CO2e.

    Args:
        factors: Factors by role.
        area_m2: Area of loss, m².
        seed: Seed of the statement.
        draws: Number of draws.
        kg_per_m2_t_ha: kg CO2e on one m² for 1 t C/ha (44/12 · 1000 / 10⁴).
    """
    x = {role: draw_factor(factor, seed, draws) for role, factor in factors.items()}
    before = x["agb"] * (1.0 + x["root_shoot"]) * x["carbon_fraction"]
    after = x["after_biomass"] * x["after_carbon_fraction"]
    return np.rint((before - after) * (area_m2 * float(kg_per_m2_t_ha))).astype(np.int64)
