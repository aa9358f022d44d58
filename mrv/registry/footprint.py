"""Footprint: the ground of a project area, and whether two share some of it.

Exact: coordinates are decimals, arithmetic is of integers and fractions, an edge is straight in longitude and latitude.
Two areas that share a border share no ground.

References:
    RFC 7946 §3.1.1 (a line between two positions is straight in the coordinates), §3.1.6 (rings), §3.1.9 (areas that cross
    the antimeridian are cut there).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mrv.attest import strict_json
from mrv.errors import AttestationError
from mrv.units import decimal_str, sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[int, int]
"""Longitude and latitude, in units of 10⁻²⁰ degrees: every decimal that is accepted is exact."""
Edge = tuple[Point, Point]
UNITS = 10**20
MAX_POSITIONS = 20_000
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Rings of a project area, by the even-odd rule: outer rings, holes and several parts alike."""

    rings: tuple[tuple[Point, ...], ...]
    """Closed rings."""

    def shares_ground(self, other: Footprint) -> bool:
        """Whether the interiors of the two meet."""
        ours, theirs = self._edges(), other._edges()
        if not _boxes_meet(ours, theirs):
            return False
        return _cross(ours, theirs) or _meet_in_slabs(ours, theirs)

    def as_json(self) -> list[list[list[str]]]:
        """Rings as decimal strings."""
        return [[[_text(x), _text(y)] for x, y in ring] for ring in self.rings]

    def _edges(self) -> list[Edge]:
        return [edge for ring in self.rings for edge in pairwise(ring) if edge[0] != edge[1]]


def read_geojson(data: bytes, *, digest: str) -> Footprint:
    """The footprint in a boundary file.

    Args:
        data: GeoJSON, as the project gave it.
        digest: The ``sha256:`` that the statement names; the bytes must have it.

    Raises:
        AttestationError: ``footprint.digest``, ``footprint.invalid``.
    """
    if sha256_bytes(data) != digest:
        raise AttestationError(
            "is not the boundary that was attested", code="footprint.digest", field=digest, hint="give the evidence folder"
        )
    try:
        text = data.decode()
        strict_json.check_depth(text)
        value = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        if value["type"] == "FeatureCollection":
            (value,) = value["features"]
        value = value["geometry"] if value["type"] == "Feature" else value
        polygons = [value["coordinates"]] if value["type"] == "Polygon" else value["coordinates"]
        return from_rings([[str(x), str(y)] for x, y, *_ in ring] for polygon in polygons for ring in polygon)
    except AttestationError as error:
        raise _invalid(error.message) from error
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid(f"not a GeoJSON polygon: {error!s:.100}") from error


def from_rings(rings: Iterable[Any]) -> Footprint:
    """The footprint of rings of decimal strings.

    Raises:
        AttestationError: ``footprint.invalid``.
    """
    read = []
    for ring in rings:
        points = tuple((_degrees(x), _degrees(y)) for x, y in ring)
        if len(points) < 4 or points[0] != points[-1]:
            raise _invalid("a ring is not closed")
        read.append(points)
    if not read or sum(map(len, read)) > MAX_POSITIONS:
        raise _invalid(f"a boundary has 4 to {MAX_POSITIONS} positions")
    return Footprint(tuple(read))


def _degrees(text: Any) -> int:
    plain = text if isinstance(text, str) else ""
    try:
        plain = format(Decimal(plain), "f") if len(plain) <= 40 and not _DEGREES.fullmatch(plain) else plain
    except InvalidOperation:
        plain = ""
    if not _DEGREES.fullmatch(plain) or abs(value := Fraction(plain)) > 180:
        raise _invalid(f"{text!a:.40} is no coordinate in degrees")
    return int(value * UNITS)


def _text(value: int) -> str:
    return decimal_str(Fraction(value, UNITS), places=20)


def _invalid(why: str) -> AttestationError:
    return AttestationError(why, code="footprint.invalid", hint="write RFC 7946 GeoJSON: a Polygon or MultiPolygon")


def _boxes_meet(ours: Sequence[Edge], theirs: Sequence[Edge]) -> bool:
    spans = []
    for edges in (ours, theirs):
        xs, ys = [x for edge in edges for x, _ in edge], [y for edge in edges for _, y in edge]
        if not xs:
            return False
        spans.append((min(xs), max(xs), min(ys), max(ys)))
    (a0, a1, a2, a3), (b0, b1, b2, b3) = spans
    return a0 < b1 and b0 < a1 and a2 < b3 and b2 < a3


def _cross(ours: Sequence[Edge], theirs: Sequence[Edge]) -> bool:
    """Whether an edge of one crosses an edge of the other inside both."""
    tagged = sorted([(_low(edge), 0, edge) for edge in ours] + [(_low(edge), 1, edge) for edge in theirs])
    open_edges: tuple[list[Edge], list[Edge]] = ([], [])
    for low, side, edge in tagged:
        near = open_edges[1 - side]
        near[:] = [other for other in near if _high(other) >= low]
        if any(_crosses(edge, other) for other in near):
            return True
        open_edges[side].append(edge)
    return False


def _crosses(one: Edge, two: Edge) -> bool:
    (a, b), (c, d) = one, two
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> int:
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)


def _meet_in_slabs(ours: Sequence[Edge], theirs: Sequence[Edge]) -> bool:
    """Where no edges cross, a line through the middle between two neighbouring heights of vertices sees all between them."""
    heights = sorted({y for edge in (*ours, *theirs) for _, y in edge})
    waiting = [sorted(edges, key=_low, reverse=True) for edges in (ours, theirs)]
    open_edges: list[list[Edge]] = [[], []]
    for low, high in pairwise(heights):
        for side in (0, 1):
            while waiting[side] and _low(waiting[side][-1]) <= low:
                open_edges[side].append(waiting[side].pop())
            open_edges[side] = [edge for edge in open_edges[side] if _high(edge) >= high]
        if all(open_edges) and _share(*(_spans(edges, low + high) for edges in open_edges)):
            return True
    return False


def _low(edge: Edge) -> int:
    return min(edge[0][1], edge[1][1])


def _high(edge: Edge) -> int:
    return max(edge[0][1], edge[1][1])


def _spans(edges: Sequence[Edge], twice_y: int) -> list[tuple[Fraction, Fraction]]:
    """Where a level line lies inside, given edges that all pass it."""
    xs = sorted(a[0] + Fraction((b[0] - a[0]) * (twice_y - 2 * a[1]), 2 * (b[1] - a[1])) for a, b in edges if a[1] != b[1])
    return list(zip(xs[::2], xs[1::2], strict=True))


def _share(ours: Sequence[tuple[Fraction, Fraction]], theirs: Sequence[tuple[Fraction, Fraction]]) -> bool:
    return any(max(a, c) < min(b, d) for a, b in ours for c, d in theirs)
