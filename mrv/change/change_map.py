"""What an optical detector found, whatever its method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray


@dataclass(frozen=True)
class GainMap:
    """Canopy that came, by pixel (y, x)."""

    day: NDArray[np.int32]
    """Days since 1970-01-01 of the first observation that shows it; 0 where none came."""
    confidence: NDArray[np.uint8]
    """Percent, 0 where none came."""


@dataclass(frozen=True)
class ChangeMap:
    """What the detector found, by pixel (y, x)."""

    break_day: NDArray[np.int32]
    """Days since 1970-01-01 of the first observation that shows the loss; 0 no loss; −1 history too short."""
    confidence: NDArray[np.uint8]
    """Percent; what it is a share of depends on the method."""
    clear_count: NDArray[np.uint16]
    """Clear observations used."""
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Further maps of the method, by name."""
    gain: GainMap | None = None
    """Gain; None where the method tells none."""


@dataclass(frozen=True)
class Curve:
    """One pixel through time, as a detector sees it; falls where canopy is lost."""

    name: str
    """Of the index."""
    observed: NDArray[np.float64]
    """Index × 10⁴ (time,), NaN where not counted."""
    fitted: NDArray[np.float64]
    """The model (time,)."""
    threshold: NDArray[np.float64]
    """Below it an observation is anomalous (time,)."""


@dataclass(frozen=True)
class Anomaly:
    """What a detector calls an anomaly."""

    detector: str
    """Method, by name and version."""
    sigmas: str
    """Standard deviations below the model."""
    consecutive: int
    """Fewest observations of a break."""
    refit_yearly: bool
    """Whether the model is fitted again each year, on all observations before."""


class OpticalDetector(Protocol):
    """A detector set up for a list of scenes."""

    @property
    def days(self) -> NDArray[np.int32]:
        """Days since 1970-01-01 of the scenes used, ascending."""

    @property
    def history(self) -> int:
        """How many of them are history."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Bands that it reads."""

    @property
    def anomaly(self) -> Anomaly:
        """What it calls an anomaly, for people."""

    def detect(self, cube: xr.Dataset, *, gpu: bool = False) -> ChangeMap:
        """Run over the cube of those scenes.

        Args:
            cube: Dataset (time, y, x) of int16 bands by role, ``clear``, and ``ndvi``.
            gpu: Whether chunks go to a GPU; changes nothing in the result.
        """

    def curve(self, bands: Mapping[str, NDArray[np.int16]], clear: NDArray[np.bool_]) -> Curve:
        """One pixel.

        Args:
            bands: Reflectance × 10⁴ by role (time,).
            clear: What the mask takes for clear (time,).
        """
