"""Chips: a picture around each drawn unit, the same for every stratum, for interpreters to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.activity.sheet import chip
from mrv.errors import UsageError
from mrv.units import from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mrv.activity.frame import Frame, PlacedUnit
    from mrv.cube import Layer
    from mrv.observe.survey import Survey

CHIPS = "chips"


def chip_files(optical: Survey | None, frame: Frame, units: Sequence[PlacedUnit]) -> dict[str, bytes]:
    """One picture a unit, by name in ``chips/``, and a legend.

    Label years stand from left to right (medians of the scenes that the detector used); true colour above, near infrared,
    red and green below.

    Args:
        optical: The scenes.
        frame: The frame.
        units: Drawn units.

    Raises:
        UsageError: The map was not made from scenes.
    """
    from mrv.views.pictures import stretch

    if optical is None:
        raise UsageError("there are no scenes to cut chips from", code="sample.chips", field="--chips", hint="leave it out")
    by_year = [[layer for layer in optical.used if from_epoch_day(layer.day).year == year] for year in frame.label_years]
    pictures = [
        stretch(*(_composite(optical, layers, roles) for layers in by_year))
        for roles in (("red", "green", "blue"), ("nir", "red", "green"))
    ]
    files = {f"{CHIPS}/{entry.unit.id}.png": chip(pictures, entry.unit.row, entry.unit.col) for entry in units}
    years = ", ".join(f"{year} ({len(layers)} scenes)" for year, layers in zip(frame.label_years, by_year, strict=True))
    told = f"left to right: {years}\nabove: true colour; below: near infrared, red, green; grey: nothing clear\n"
    return files | {f"{CHIPS}/legend.txt": told.encode()}


def _composite(optical: Survey, layers: Sequence[Layer], roles: Sequence[str]) -> NDArray[np.int16]:
    """Median reflectance × 10⁴ of the clear observations (y, x, roles), strip by strip."""
    import numpy as np

    from mrv.kernels.looks import NODATA
    from mrv.views.pictures import STRIP_ROWS, lower_median

    rows, cols = optical.reader.grid.shape
    out = np.full((rows, cols, len(roles)), NODATA, np.int16)
    for top in range(0, rows if layers else 0, STRIP_ROWS):
        tile = slice(top, min(top + STRIP_ROWS, rows)), slice(0, cols)
        clear = [optical.reader.clear(layer, tile) for layer in layers]
        for band, role in enumerate(roles):
            values = (optical.reader.reflectance(layer, role, tile) for layer in layers)
            stack = [np.where(seen, value, NODATA) for seen, value in zip(clear, values, strict=True)]
            out[tile[0], :, band] = lower_median(np.stack(stack))
    return out
