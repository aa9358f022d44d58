"""``annual-segments/1``: straight segments through annual composites, and the greatest loss among them.

In the manner of LandTrendr, written from the paper: spikes are damped; vertices are sought where the series lies farthest from
a line; the segments are fitted by least squares, each from where the one before it ended; the weakest vertex is dropped, again
and again; of these models the one with the most segments is taken whose p of F is near the best.  A model that recovers
faster than allowed is refused.

References:
    Kennedy, Yang & Cohen 2010, Remote Sensing of Environment 114:2897–2910.  Names and usual values of the parameters:
    Kennedy et al. 2018, Remote Sensing 10:691, Table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import SourceError
from mrv.kernels.annual_segments import BEFORE, DURATION, MAGNITUDE, RESULT_ROWS, SEGMENTS, YEAR, segment_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class SegmentRules:
    """What can change the answer."""

    max_segments: int = 6
    """Most segments of a series."""
    spike_threshold: float = 0.9
    """Share of a step that the next one undoes, above which a value is a spike; 1 damps none."""
    vertex_count_overshoot: int = 3
    """Vertices sought beyond those of the most segments, then dropped where the path turns least."""
    prevent_one_year_recovery: bool = False
    """Refuse models that rise within one year."""
    recovery_threshold: float = 0.25
    """Refuse models with a rise that would cross the fitted range in less than the inverse of this, years."""
    pval_threshold: float = 0.05
    """p of F above which the series is flat."""
    best_model_proportion: float = 0.75
    """A model of more segments is taken if its p is at most ``2 −`` this times the best."""
    min_observations_needed: int = 6
    """Fewest years with a value."""

    def __post_init__(self) -> None:
        bounds = {
            "max_segments": (1, 20), "spike_threshold": (0, 1), "vertex_count_overshoot": (0, 20),
            "recovery_threshold": (0, 100), "pval_threshold": (0, 1), "best_model_proportion": (0, 1),
            "min_observations_needed": (4, 1000),
        }  # fmt: skip
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise SourceError(
                    f"{name} is {getattr(self, name)}", code="segments.rules", field=name, hint=f"between {low} and {high}"
                )


@dataclass(frozen=True)
class AnnualSegments:
    """The greatest loss of every pixel, and its segments."""

    loss_year: NDArray[np.int32]
    """First year of the greatest loss, 0 without one (y, x)."""
    magnitude: NDArray[np.int32]
    """Fall of the fitted index × 10⁴ over its segment."""
    duration: NDArray[np.int32]
    """Years of the segment."""
    before: NDArray[np.int32]
    """Fitted index × 10⁴ where it begins."""
    segments: NDArray[np.int32]
    """Segments; 0 where the series is flat, −1 where it has too few years."""
    vertex_years: NDArray[np.int16]
    """Years of the vertices (vertex, y, x), 0 where there is none."""
    vertex_values: NDArray[np.int16]
    """Fitted index × 10⁴ at them, −32768 where there is none."""


def segment_years(values: NDArray[np.int16], years: Sequence[int], rules: SegmentRules | None = None) -> AnnualSegments:
    """Segment annual composites.

    Args:
        values: Index × 10⁴ that a loss lowers (year, y, x), int16; −32768 where a year has none.
        years: Year of each composite, ascending; years may be missing.
        rules: The rules.

    Raises:
        SourceError: Another shape or type, or years that do not ascend.
    """
    rules = rules or SegmentRules()
    if values.ndim != 3 or values.dtype != np.int16 or len(values) != len(years):
        raise SourceError(
            f"{values.dtype} of shape {values.shape} for {len(years)} years", code="segments.shape", field="values",
            hint="give int16 (year, y, x) and one year a composite",
        )  # fmt: skip
    if any(two <= one for one, two in pairwise(years)) or not all(0 < year <= 9999 for year in years):
        raise SourceError(
            f"years {list(years)} do not ascend", code="segments.years", field="years", hint="one a year, in order"
        )
    shape, pixels, vertices = values.shape[1:], values[0].size if len(values) else 0, rules.max_segments + 1
    out = np.empty((RESULT_ROWS, pixels), np.int32)
    at, level = np.empty((vertices, pixels), np.int16), np.empty((vertices, pixels), np.int16)
    counts = np.array([
        rules.max_segments, rules.vertex_count_overshoot, rules.min_observations_needed, rules.prevent_one_year_recovery,
    ], np.int32)  # fmt: skip
    limits = np.array([rules.spike_threshold, rules.recovery_threshold, rules.pval_threshold, rules.best_model_proportion])
    flat = np.ascontiguousarray(values).reshape(len(years), pixels)
    segment_block(flat, np.array(years, np.int32), counts, limits, out, at, level)
    rows = out.reshape(RESULT_ROWS, *shape)
    return AnnualSegments(
        rows[YEAR], rows[MAGNITUDE], rows[DURATION], rows[BEFORE], rows[SEGMENTS], at.reshape(-1, *shape),
        level.reshape(-1, *shape),
    )  # fmt: skip
