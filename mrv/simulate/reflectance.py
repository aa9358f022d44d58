"""A landscape's reflectance, six bands every 16 days for six years, with breaks that are known to the pixel and the day.

For detectors, not for projects: it has no boundary and no carbon.  :data:`REGIMES` were written down before any detector
was run on them; the first is the usual sky, the others are each harsher in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
YEARS = range(2018, 2024)
PER_YEAR = 23
"""Dates a year, 16 days apart; the next year begins on 1 January again."""
HISTORY = 3 * PER_YEAR
"""Dates before the first day on which anything may break."""
_VEGETATION = np.array([0.030, 0.055, 0.035, 0.36, 0.16, 0.075])
_SOIL = np.array([0.085, 0.115, 0.155, 0.235, 0.31, 0.27])
_NOISE = np.array([0.004, 0.004, 0.004, 0.010, 0.008, 0.006])
_HAZE = 0.35


@dataclass(frozen=True)
class Regime:
    """What makes a sky and a forest hard to read."""

    cloud: float = 0.40
    """Mean share of a scene under cloud that the mask knows of."""
    missed: float = 0.012
    """Share of clear pixels under haze or shadow that it does not."""
    noise: float = 1.0
    """Factor on the noise of the bands and on the scene's own texture."""
    phase_years: float = 0.01
    """Standard deviation of a year's shift of the season."""
    amplitude: float = 0.12
    """Standard deviation of a year's relative change of the season's amplitude."""


REGIMES = {
    "usual": Regime(),
    "cloud 70 %": Regime(cloud=0.70),
    "noise × 2": Regime(noise=2.0),
    "phenology": Regime(phase_years=0.04),
}
"""Name → regime."""


@dataclass(frozen=True)
class ReflectanceCube:
    """Observations and the truth behind them."""

    days: NDArray[np.int32]
    """Days since 1970-01-01 (time,), ascending."""
    bands: NDArray[np.int16]
    """Reflectance × 10⁴ (time, band, y, x), in the order of :data:`BANDS`; under cloud it is the cloud's."""
    clear: NDArray[np.bool_]
    """What the cloud mask takes for clear (time, y, x)."""
    break_day: NDArray[np.int32]
    """Day of the first observation after the break (y, x); 0 without."""
    severity: NDArray[np.float32]
    """Share of the vegetation lost (y, x); 0 without."""

    @property
    def index(self) -> NDArray[np.float32]:
        """NDVI (time, y, x), NaN where not clear."""
        red, nir = (self.bands[:, BANDS.index(role)].astype(np.float32) for role in ("red", "nir"))
        return np.where(self.clear, (nir - red) / (nir + red), np.float32(np.nan))

    def window(self, size: int) -> ReflectanceCube:
        """The upper left corner."""
        part = (slice(0, size), slice(0, size))
        return ReflectanceCube(
            self.days, self.bands[..., *part], self.clear[..., *part], self.break_day[part], self.severity[part]
        )


def reflectance_cube(regime: Regime | None = None, *, seed: int, size: int = 512) -> ReflectanceCube:
    """Make one.

    A tenth of the pixels breaks, in patches, from the fourth year on; a fifth of the patches loses only 12 to 25 % of its
    vegetation; six in ten grow back.  The season has two harmonics, its amplitude and phase differ by place and year.

    Args:
        regime: How hard it is to read; the usual one by default.
        seed: Of everything.
        size: Edge, pixels.
    """
    sky = regime or Regime()
    rng = np.random.default_rng(seed)

    def smooth(sigma: float) -> NDArray[np.float32]:
        field = ndimage.gaussian_filter(rng.standard_normal((size, size)), sigma, mode="wrap")
        return ((field - field.mean()) / field.std()).astype(np.float32)  # type: ignore[no-any-return]

    times = len(YEARS) * PER_YEAR
    season, year = (np.arange(times) % PER_YEAR) / PER_YEAR, np.arange(times) // PER_YEAR
    days = np.array([(np.datetime64(f"{y}-01-01") + 16 * k).astype(int) for y in YEARS for k in range(PER_YEAR)], np.int32)
    mean = np.clip(0.78 + 0.06 * smooth(12), 0.5, 0.92)
    annual, phase = np.clip(0.12 + 0.05 * smooth(20), 0.02, 0.25), 0.05 * smooth(30)
    semiannual, second_phase = np.clip(0.03 + 0.015 * smooth(20), 0, 0.08), 0.2 * smooth(30)
    trend = 0.004 * smooth(25)
    amplitude = [1 + sky.amplitude * smooth(15) for _ in YEARS]
    shift = [sky.phase_years * smooth(25) for _ in YEARS]
    first, severity, recovery = _breaks(rng, smooth(4), times)
    bands = np.empty((times, len(BANDS), size, size), np.int16)
    clear = np.empty((times, size, size), np.bool_)
    for t in range(times):
        angle = 2 * np.pi * (season[t] - 0.25 + phase + shift[year[t]])
        green = mean + amplitude[year[t]] * annual * np.sin(angle) + semiannual * np.sin(2 * angle + second_phase)
        green += trend * (t / PER_YEAR - 3)
        since = (t - first) / PER_YEAR
        lost = np.where((first > 0) & (t >= first), severity * np.exp(-np.maximum(since, 0) / recovery), 0)
        green = np.clip(green * (1 - lost) + sky.noise * 0.008 * smooth(20), 0.02, 0.99)
        covered = np.clip(sky.cloud + 0.12 * np.cos(2 * np.pi * (season[t] - 0.05)) + 0.22 * rng.standard_normal(), 0.02, 0.97)
        bands[t], clear[t] = _scene(rng, green, 0.75 * smooth(18) + 0.25 * smooth(3), covered, sky)
    return ReflectanceCube(days, bands, clear, np.where(first > 0, days[first], 0).astype(np.int32), severity)


def _breaks(
    rng: np.random.Generator, field: NDArray[np.float32], times: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Index of the first date after the break, severity, and years of recovery, by pixel."""
    broken = field > np.quantile(field, 0.90)
    patch, count = ndimage.label(broken)
    when = rng.integers(HISTORY + 2, times - 10, count + 1)
    weak = rng.random(count + 1) < 0.2
    slight, severe = rng.uniform(0.12, 0.25, count + 1), rng.uniform(0.3, 0.9, count + 1)
    severity = np.where(weak, slight, severe).astype(np.float32)
    recovery = np.where(rng.random(count + 1) < 0.4, 1e9, rng.uniform(1.5, 6, count + 1)).astype(np.float32)
    return np.where(broken, when[patch], 0), np.where(broken, severity[patch], np.float32(0)), recovery[patch]


def _scene(
    rng: np.random.Generator, green: NDArray[np.float64], field: NDArray[np.float32], covered: float, sky: Regime
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """One date's bands (band, y, x) and what its mask takes for clear (y, x)."""
    cloud = field > np.quantile(field, 1 - covered)
    missed = ~cloud & (rng.random(green.shape) < sky.missed)
    haze = np.where(missed, rng.uniform(0.1, 0.5, green.shape), 0).astype(np.float32)
    bands = np.empty((len(BANDS), *green.shape), np.int16)
    for band in range(len(BANDS)):
        value = green * _VEGETATION[band] + (1 - green) * _SOIL[band]
        value = value + sky.noise * _NOISE[band] * rng.standard_normal(green.shape, dtype=np.float32)
        bands[band] = np.clip((value * (1 - haze) + haze * _HAZE) * 1e4, 1, 9999)
    bands[:, cloud] = (4500 + 800 * rng.standard_normal((len(BANDS), int(cloud.sum())))).clip(1500, 9900)
    return bands, ~cloud
