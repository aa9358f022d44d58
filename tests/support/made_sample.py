"""A made strata map on a real grid, its frame, its draw, and an interpreter who reads a truth.

made = made_sample()                         # 40 × 50 px of 10 m in UTM 34N, four strata and an outside
made.frame, made.sample, made.drawn          # parsed values
made.files()                                 # the four files, by name
made.reference(edit=lambda rows: …)          # bytes of reference.csv
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from mrv.activity.commitment import commit
from mrv.activity.design import ResponseDesign, SampleSize, design_frame
from mrv.activity.draw import draw, locate
from mrv.activity.sheet import encode_sheet
from mrv.sources.store import encode_tiff
from mrv.units import Period

if TYPE_CHECKING:
    from collections.abc import Callable

GRID = GeoBox((40, 50), Affine(10, 0, 600_000, 0, -10, 5_000_000), "EPSG:32634")
NAMES = {1: "tree-cover loss", 2: "buffer around loss", 3: "stable forest", 4: "stable non-forest"}
CLASSES = {"forest": "forest", "thinned": "degraded:moderate", "cut": "degraded:severe", "other": "non-forest"}
YEARS = (2019, 2020, 2021)
EXPECTED = {name: Decimal(text) for name, text in zip(NAMES.values(), ("0.8", "0.05", "0.01", "0.01"), strict=True)}
BEACON = {
    "beacon": "8F2C11AE", "beacon_source": "a made beacon, round 7",
    "committed_at": date(2022, 1, 3), "beacon_at": date(2022, 1, 4),
}  # fmt: skip


def strata_map() -> np.ndarray:
    """Loss 60 px, buffer 80, forest 1200, non-forest 500; the rest lies outside."""
    strata = np.zeros((40, 50), np.uint8)
    strata[:, :30] = 3
    strata[:, 30:43] = 4
    strata[38:, 33:43] = 0
    strata[10:20, 4:18] = 2
    strata[12:18, 6:16] = 1
    return strata


def label(row: int, col: int, stratum: int) -> tuple[str, ...]:
    """What a perfect interpreter sees in 2019, 2020 and 2021; some of it is not what the map says."""
    if stratum == 1:
        return ("forest", "other", "other") if row % 2 else ("forest", "forest", "other")
    if stratum == 2:
        return ("forest", "thinned", "other") if col % 5 == 0 else ("forest", "forest", "forest")
    if stratum == 3:
        return ("forest", "thinned", "thinned") if (row + col) % 11 == 0 else ("forest", "forest", "forest")
    return ("other", "other", "forest") if row == 5 else ("other", "other", "other")


def design(strata: np.ndarray | None = None, **changes: Any) -> Any:
    """A frame; ``size`` and ``response`` can be replaced."""
    options: dict[str, Any] = {
        "project": "made", "period": ("2020-2021", Period(date(2020, 1, 1), date(2021, 12, 31))), "names": NAMES,
        "size": SampleSize(120, "neyman", 20, EXPECTED),
        "response": ResponseDesign("The state of the pixel at the end of each year.", CLASSES, YEARS, 10),
    }  # fmt: skip
    return design_frame(strata_map() if strata is None else strata, GRID, **{**options, **changes})


@dataclass(frozen=True)
class Made:
    """Frame, sample and units."""

    strata: np.ndarray
    frame: Any
    sample: Any
    drawn: tuple[Any, ...]

    def reference(self, edit: Callable[[list[dict[str, str]]], Any] = lambda _: None, *, stratum: bool = False) -> bytes:
        """The sheet, interpreted; ``edit`` may change the rows in place, or return others."""
        rows = list(csv.DictReader(io.StringIO(encode_sheet(self.drawn, YEARS).decode())))
        codes = {entry.unit.id: entry.unit.stratum for entry in self.drawn}
        for row in rows:
            labels = label(int(row["row"]), int(row["col"]), codes[row["unit"]])
            row.update(zip(map(str, YEARS), labels, strict=True), interpreter="ana", confidence="high")
            if stratum:
                row["stratum"] = str(codes[row["unit"]])
        rows = edit(rows) or rows
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    def files(self) -> dict[str, bytes]:
        """The four files of a probability sample."""
        return {
            "frame.json": self.frame.encoded(), "frame_strata.tif": encode_tiff(self.strata, GRID),
            "sample.json": self.sample.encoded(), "reference.csv": self.reference(),
        }  # fmt: skip


def made_sample(**changes: Any) -> Made:
    """Design, commit and draw; ``changes`` as for :func:`design`."""
    strata = strata_map()
    frame = design(strata, **changes)
    sample = commit(frame, **BEACON)
    return Made(strata, frame, sample, locate(draw(strata, frame.sample_sizes, sample.seed), GRID))
