"""Whether two project areas share ground: exact, borders apart, against Shapely."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from mrv.errors import AttestationError
from mrv.registry.footprint import from_rings, read_geojson
from mrv.units import sha256_bytes


def area(*rings):
    return from_rings([[[str(x), str(y)] for x, y in (*ring, ring[0])] for ring in rings])


def box(x, y, w=2, h=2):
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


@pytest.mark.parametrize(
    ("one", "two", "shared"),
    [
        (area(box(0, 0)), area(box(2, 0)), False),
        (area(box(0, 0)), area(box(2, 2)), False),
        (area(box(0, 0)), area(box(1, 1)), True),
        (area(box(0, 0)), area(box(0, 0)), True),
        (area(box(0, 0, 9, 9)), area(box(3, 3)), True),
        (area(box(0, 0, 9, 9), box(2, 2, 4, 4)), area(box(3, 3)), False),
        (area(box(0, 0, 9, 9), box(3, 3)), area(box(3, 3)), False),
        (area(box(0, 0, 9, 9), box(3, 3)), area(box(2, 2, 4, 4)), True),
        (area(box(0, 0), box(8, 8)), area(box(4, 4)), False),
        (area(box(0, 0), box(8, 8)), area(box(9, 9)), True),
        (area(box(0, 0, 6, 1)), area(box(2, -3, 1, 9)), True),
        (area(box(0, 0)), area([(1, 2), (0, 4), (2, 4)]), False),
        (area(box(0, 0)), area([(1, "1.99999999999999999999"), (0, 4), (2, 4)]), True),
        (area([(0, 0), (4, 0), (0, 4)]), area([(4, 4), (4, 0), (0, 4)]), False),
        (area([(0, 0), (4, 0), (0, 4)]), area([(2, 2), (4, 4), (2, 4)]), False),
    ],
    ids=[
        "neighbours", "a shared corner", "a corner inside", "the same", "inside", "in a hole", "filling a hole",
        "over a hole's rim", "between parts", "on the second part", "a cross", "a vertex on an edge", "by 10⁻²⁰ degrees",
        "a shared diagonal", "a vertex on a diagonal",
    ],
)  # fmt: skip
def test_shared_ground(one, two, shared):
    assert one.shares_ground(two) is shared
    assert two.shares_ground(one) is shared


coordinates = st.integers(-6, 6)


@st.composite
def polygons(draw):
    points = draw(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=7, unique=True))
    polygon = Polygon(points)
    return points if polygon.is_valid and polygon.area else draw(st.just(box(-1, -1)))


@settings(max_examples=400)
@given(polygons(), polygons())
def test_as_shapely(one, two):
    """Whole-number coordinates with areas far above rounding, so that Shapely's floating point decides right."""
    wanted = Polygon(one).intersection(Polygon(two)).area > 1e-9
    assert area(one).shares_ground(area(two)) == wanted


def test_geojson_is_read_by_its_digest():
    ring = [[0.1, 0.2, 7.0], [1, 0], [1e0, 1], [0.1, 0.2, 7.0]]
    for value in (
        {"type": "Polygon", "coordinates": [ring]},
        {"type": "MultiPolygon", "coordinates": [[ring]]},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}],
        },
    ):
        data = json.dumps(value).encode()
        found = read_geojson(data, digest=sha256_bytes(data))
        assert found.as_json() == [[["0.1", "0.2"], ["1", "0"], ["1", "1"], ["0.1", "0.2"]]]
        assert from_rings(found.as_json()) == found
    with pytest.raises(AttestationError, match="not the boundary"):
        read_geojson(b"{}", digest="sha256:" + "0" * 64)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"{}", b'{"type":"Polygon"}', b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}',
        b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}', b'{"type":"Point","coordinates":[0,0]}',
        b'{"type":"Polygon","coordinates":[[[0,0],[181,0],[1,1],[0,0]]]}',
        b'{"type":"Polygon","coordinates":[[[0,0],[NaN,0],[1,1],[0,0]]]}',
        b'{"type":"Polygon","coordinates":[[[0,0],[1e-999999,0],[1,1],[0,0]]]}',
        b'{"type":"Polygon","coordinates":[[[0,0],["1",0],[1,1],[true,0]]]}', b'{"type":"Polygon","coordinates":[]}',
        b"\xff", b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_polygon_is_refused(data):
    with pytest.raises(AttestationError) as caught:
        read_geojson(data, digest=sha256_bytes(data))
    assert caught.value.error_code == "footprint.invalid"
