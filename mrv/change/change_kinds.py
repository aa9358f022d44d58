"""``change-kinds/1``: what a patch of loss or gain looks like: a shore that moved, a pond, or neither; in integers.

Each clump of change (eight neighbours) is judged by four counts: its pixels *A*, the edges *P* around it, those of them that
face water, and its smallest upright or turned bounding rectangle.

========  =======================================================================================================
kind      rule
========  =======================================================================================================
erosion   loss of which ``100 · water edges ≥ shore_percent · P``: a strip along water at least 2.3 times as long as
          deep at 35 %, or land with water on most sides
pond      other loss of ``pond_px`` pixels that fills ``fill_percent`` of its rectangle (a disc fills 78 %, a triangle
          50 %), of which the short side is ``side_px`` pixels and ``100 / elongation`` of the long one, at least
other     any other loss
accretion gain that would be erosion if time ran backwards
gain      any other gain
========  =======================================================================================================

The rectangle is sought in directions with whole-number lengths (Pythagorean triples), one of them within 3° of any
direction, so that no root and no angle is needed.  It is a description of shapes, not of causes: a cut parcel with straight
edges is a pond to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from mrv.change.extent_maps import FOREST, OTHER
from mrv.errors import SourceError
from mrv.kernels.clumps import clumps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Bools = NDArray[np.bool_]
    Longs = NDArray[np.int64]

NOTHING, EROSION, POND, OTHER_LOSS, ACCRETION, OTHER_GAIN = range(6)
"""Codes of the map of kinds."""
KINDS = {
    EROSION: "shore erosion",
    POND: "compact, straight-edged loss",
    OTHER_LOSS: "other loss",
    ACCRETION: "shore accretion",
    OTHER_GAIN: "other gain",
}
_DIRECTIONS = (
    (1, 0, 1), (220, 21, 221), (60, 11, 61), (24, 7, 25), (35, 12, 37), (12, 5, 13), (15, 8, 17), (45, 28, 53), (4, 3, 5),
    (55, 48, 73), (21, 20, 29),
)  # fmt: skip
"""Direction and its length; with those mirrored at the diagonal they cover the quarter turn that a rectangle needs."""
DIRECTIONS = tuple(dict.fromkeys([*_DIRECTIONS, *((b, a, n) for a, b, n in _DIRECTIONS if b)]))


@dataclass(frozen=True)
class KindRules:
    """What can change the answer."""

    shore_percent: int = 35
    """Share of a clump's edge that faces water, from which it is the shore's."""
    pond_px: int = 12
    """Fewest pixels of a pond."""
    fill_percent: int = 82
    """Share of its rectangle that a pond fills."""
    side_px: int = 3
    """Shortest side of a pond's rectangle."""
    elongation: int = 8
    """Longest side of a pond's rectangle, in short sides."""


def joined_to_border(mask: Bools) -> Bools:
    """The parts of a mask that are joined (four neighbours) to the window's border (y, x)."""
    labels, count = ndimage.label(mask)
    outer = np.zeros(count + 1, np.bool_)
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outer[border] = True
    outer[0] = False
    joined: Bools = outer[labels]
    return joined


def open_water(extent: Codes) -> Bools:
    """Where no water mask is at hand: other land that is joined to the window's border (y, x).

    It is the outside of the forest and holds dry land too; a clump on the landward edge then counts as shore.  Give a water
    mask where there is one.
    """
    return joined_to_border(extent == OTHER)


def change_kinds(
    before: Codes, after: Codes, *, water: Bools | None = None, water_after: Bools | None = None, rules: KindRules | None = None
) -> Codes:
    """The kind of each change between two extents.

    Args:
        before: Extent (y, x): 0 nodata, 1 forest, 2 other.
        after: Extent later.
        water: Open water at the first date (y, x); None takes :func:`open_water` of the first extent.
        water_after: Open water at the second; None takes that of the first without what was gained.
        rules: The rules.

    Returns:
        uint8 (y, x), codes as :data:`KINDS`, 0 without change.

    Raises:
        SourceError: Shapes that differ.
    """
    rules = rules or KindRules()
    for name, other in (("after", after), ("water", water), ("water_after", water_after)):
        if other is not None and other.shape != before.shape:
            raise SourceError(
                f"{name} has {other.shape} pixels, the extent {before.shape}", code="extent.shape", field=name,
                hint="bring all to one grid",
            )  # fmt: skip
    loss, gain = (before == FOREST) & (after == OTHER), (before == OTHER) & (after == FOREST)
    first = open_water(before) if water is None else water
    second = first & ~gain if water_after is None else water_after
    kinds = np.zeros(before.shape, np.uint8)
    labels, shore, pond = _judge(loss, first & ~loss, rules)
    kinds[loss] = np.where(shore, EROSION, np.where(pond, POND, OTHER_LOSS))[labels[loss]]
    labels, shore, _ = _judge(gain, second & ~gain, rules)
    kinds[gain] = np.where(shore, ACCRETION, OTHER_GAIN)[labels[gain]]
    return kinds


def _judge(mask: Bools, water: Bools, rules: KindRules) -> tuple[NDArray[np.int32], Bools, Bools]:
    """Labels of the clumps of a mask, and by label whether it is the shore's and whether it has a pond's shape."""
    labels, pixels = clumps(mask)
    around, wet = _edges(labels, len(pixels), water)
    shore = (pixels > 0) & (100 * wet >= rules.shore_percent * around)
    area, short, long = _rectangles(labels, pixels)
    pond = (
        (pixels >= rules.pond_px)
        & (100 * pixels >= rules.fill_percent * area)
        & (short >= rules.side_px)
        & (long <= rules.elongation * short)
    )
    return labels, shore, pond


def _edges(labels: NDArray[np.int32], count: int, water: Bools) -> tuple[Longs, Longs]:
    """Edges around each clump, and those of them that face water. The window's border is an edge that faces none."""
    around, wet = np.zeros(count, np.int64), np.zeros(count, np.int64)
    padded, sea = np.pad(labels, 1), np.pad(water, 1)
    middle = padded[1:-1, 1:-1]
    for rows, cols in ((slice(0, -2), slice(1, -1)), (slice(2, None), slice(1, -1)),
                       (slice(1, -1), slice(0, -2)), (slice(1, -1), slice(2, None))):  # fmt: skip
        edge = (middle > 0) & (padded[rows, cols] != middle)
        around += np.bincount(middle[edge], minlength=count)
        wet += np.bincount(middle[edge & sea[rows, cols]], minlength=count)
    return around, wet


def _rectangles(labels: NDArray[np.int32], pixels: Longs) -> tuple[Longs, Longs, Longs]:
    """Area, short and long side of the smallest bounding rectangle of each clump, whole pixels rounded up.

    A side is the span of the pixels' centres along a direction, plus one pixel.
    """
    rows, cols = np.nonzero(labels)
    found = labels[rows, cols]
    order = np.argsort(found, kind="stable")
    rows, cols = rows[order].astype(np.int64), cols[order].astype(np.int64)
    starts = np.searchsorted(found[order], np.arange(1, len(pixels)))
    best = [np.zeros(len(pixels), np.int64) for _ in range(3)]
    if not len(rows):
        return best[0], best[1], best[2]
    smallest = np.full(len(pixels) - 1, np.iinfo(np.int64).max)
    for a, b, length in DIRECTIONS:
        along = (a * cols + b * rows, a * rows - b * cols)
        spans = [np.maximum.reduceat(one, starts) - np.minimum.reduceat(one, starts) + length for one in along]
        area = -(-spans[0] * spans[1] // length**2)
        sides = [-(-span // length) for span in spans]
        better = area < smallest
        smallest = np.where(better, area, smallest)
        for kept, value in zip(best, (area, np.minimum(*sides), np.maximum(*sides)), strict=True):
            kept[1:] = np.where(better, value, kept[1:])
    return best[0], best[1], best[2]
