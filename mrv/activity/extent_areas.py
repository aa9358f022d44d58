"""Extent areas: forest and change of extent maps, by map and by year, inside a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.areas import total_m2

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Years = NDArray[np.int32]


@dataclass(frozen=True)
class Measure:
    """Pixels and geodesic area of masks (y, x), inside a project."""

    inside: Bools
    """Project area."""
    areas_mm2: NDArray[np.int64]
    """Geodesic pixel areas."""

    def of(self, mask: Bools, name: str = "") -> dict[str, int]:
        """A mask as ``pixels`` and ``m2``, both with the name before them."""
        mask = mask & self.inside
        before = f"{name}_" if name else ""
        return {f"{before}pixels": int(mask.sum()), f"{before}m2": total_m2(self.areas_mm2, mask)}

    def by_year(self, loss: Years, gain: Years, years: Iterable[int]) -> list[dict[str, int]]:
        """Loss and gain by year.

        Args:
            loss: Year of loss, 0 without (y, x).
            gain: Year of gain.
            years: Years wanted.
        """
        return [{"year": year, **self.of(loss == year, "loss"), **self.of(gain == year, "gain")} for year in years]
