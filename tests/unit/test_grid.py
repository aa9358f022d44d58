from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import Point, Polygon
from shapely.geometry import mapping

from mrv.errors import PlanError
from mrv.grid import coarsen, grid_for, inside, project_geometry, window_bbox
from mrv.plan import GridTable
from mrv.project import Boundary

TO_LONLAT = Transformer.from_crs("EPSG:32634", "EPSG:4326", always_xy=True)


def table(**changes):
    return GridTable(**{
        "crs": "EPSG:32634", "resolution_m": 10, "anchor_x": 600_003, "anchor_y": 5_000_007, "margin_px": 3,
        "area_formula": "authalic-shoelace/1", **changes,
    })  # fmt: skip


def boundary(*rings_m):
    """A boundary given in the grid's metres."""
    parts = [[[round(v, 12) for v in TO_LONLAT.transform(x, y)] for x, y in ring] for ring in rings_m]
    return Boundary(json.dumps({"type": "Polygon", "coordinates": parts}).encode())


def square(x, y, size):
    return [(x, y), (x + size, y), (x + size, y - size), (x, y - size), (x, y)]


def test_the_window_lies_on_the_anchor_and_covers_the_boundary_and_the_margin():
    area = boundary(square(600_111, 4_999_888, 97))
    grid = grid_for(table(), area)
    a = grid.affine
    assert (a.c - 600_003) % 10 == 0
    assert (5_000_007 - a.f) % 10 == 0
    left, bottom, right, top = project_geometry(area, "EPSG:32634").bounds
    for low, high in (
        (left - a.c, 40), (a.f - top, 40), (a.c + 10 * grid.shape[1] - right, 40), (bottom - (a.f - 10 * grid.shape[0]), 40)
    ):  # fmt: skip
        assert 30 <= low < high


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(15, 300), st.integers(0, 9), st.sampled_from([10, 20, "0.5"]))
@settings(deadline=None, max_examples=40)
def test_no_pixel_centre_of_the_project_is_lost(dx, dy, size, margin, res):
    area = boundary(square(600_000 + dx, 5_000_000 + dy, size))
    rules = table(margin_px=margin, resolution_m=res)
    small, wide = grid_for(rules, area), grid_for(table(margin_px=margin + 2, resolution_m=res), area)
    assert wide.shape == (small.shape[0] + 4, small.shape[1] + 4)
    count = int(inside(small, area).sum())
    assert count == int(inside(wide, area).sum())
    edge = inside(small, area).copy()
    if margin:
        edge[margin:-margin, margin:-margin] = False
        assert not edge.any()


def test_inside_is_the_pixels_whose_centre_lies_in_the_polygon():
    hole = square(600_080, 4_999_930, 42)
    area = boundary([(600_012, 4_999_993), (600_187, 4_999_951), (600_121, 4_999_812), (600_012, 4_999_993)], hole)
    grid = grid_for(table(), area)
    shape = project_geometry(area, "EPSG:32634")
    mask = inside(grid, area)
    a = grid.affine
    expected = [
        [shape.contains(Point(a.c + 10 * (c + 0.5), a.f - 10 * (r + 0.5))) for c in range(grid.shape[1])]
        for r in range(grid.shape[0])
    ]
    assert (mask == np.array(expected)).all()
    assert mask.dtype == bool


def test_a_multipolygon_counts_both_parts():
    one, two = boundary(square(600_000, 5_000_000, 50)), boundary(square(600_300, 5_000_000, 50))
    both = Boundary(json.dumps({
        "type": "MultiPolygon",
        "coordinates": [json.loads(b.data)["coordinates"] for b in (one, two)],
    }).encode())  # fmt: skip
    grid = grid_for(table(), both)
    assert inside(grid, both).sum() == inside(grid, one).sum() + inside(grid, two).sum()


def test_edges_are_densified():
    long = boundary(square(500_000, 5_000_000, 60_000))
    assert len(project_geometry(long, "EPSG:3035").exterior.coords) > 2000


def test_a_window_too_large_is_refused():
    area = Boundary(json.dumps(mapping(Polygon([(10, 40), (30, 40), (30, 60), (10, 60)]))).encode())
    with pytest.raises(PlanError) as caught:
        grid_for(table(), area)
    assert caught.value.error_code == "grid.size"
    assert caught.value.hint


def test_a_boundary_the_projection_cannot_hold_is_refused():
    area = Boundary(json.dumps(mapping(Polygon([(-80, 89), (-70, 89), (-70, 90), (-80, 90)]))).encode())
    with pytest.raises(PlanError) as caught:
        grid_for(table(crs="EPSG:3857"), area)
    assert caught.value.hint


@given(st.integers(1, 6), st.integers(0, 40), st.integers(0, 40), st.integers(1, 50))
@settings(deadline=None, max_examples=80)
def test_coarse_windows_cover_the_fine_one_on_whole_pixels(ratio, dx, dy, size):
    from affine import Affine
    from odc.geo.geobox import GeoBox

    rules = table()
    fine = GeoBox((size, size + 3), Affine(10, 0, 600_003 + 10 * dx, 0, -10, 5_000_007 - 10 * dy), "EPSG:32634")
    box, row, col = coarsen(fine, rules, ratio)
    assert 0 <= row < ratio
    assert 0 <= col < ratio
    assert (box.affine.c - 600_003) % (10 * ratio) == 0
    assert box.affine.c + 10 * col == fine.affine.c
    assert box.affine.f - 10 * row == fine.affine.f
    for axis, first in ((0, row), (1, col)):
        assert box.shape[axis] * ratio >= first + fine.shape[axis] > (box.shape[axis] - 1) * ratio


def test_coarsen_by_one_changes_nothing():
    grid = grid_for(table(), boundary(square(600_000, 5_000_000, 80)))
    assert coarsen(grid, table(), 1) == (grid, 0, 0)


def lonlat_table(**changes):
    return GridTable(**{
        "crs": "EPSG:4326", "resolution_deg": "0.000222222222222", "anchor_x": "117.4162570470638",
        "anchor_y": "-0.44295351852007", "margin_px": 2, "area_formula": "authalic-shoelace/1", **changes,
    })  # fmt: skip


def lonlat_square(west, north, size):
    ring = [(west, north), (west + size, north), (west + size, north - size), (west, north - size), (west, north)]
    return Boundary(json.dumps({"type": "Polygon", "coordinates": [ring]}).encode())


def test_a_geographic_window_lies_on_its_anchor_and_covers_the_boundary():
    res = 0.000222222222222
    area = lonlat_square(117.45, -0.5, 0.01)
    grid = grid_for(lonlat_table(), area)
    a = grid.affine
    assert grid.crs.geographic
    assert (a.a, a.e) == (res, -res)
    for value, anchor in ((a.c, 117.4162570470638), (a.f, -0.44295351852007)):
        steps = (value - anchor) / res
        assert abs(steps - round(steps)) < 1e-6
    west, south, east, north = a.c, a.f - res * grid.shape[0], a.c + res * grid.shape[1], a.f
    for gap in (117.45 - west, north + 0.5, east - 117.46, -0.51 - south):
        assert 2 * res <= gap < 3.001 * res


def test_inside_a_geographic_grid_is_the_pixels_whose_centre_lies_in_the_polygon():
    area = lonlat_square(117.45, -0.5, 0.01)
    grid = grid_for(lonlat_table(), area)
    a = grid.affine
    expected = [
        [area.geometry.contains(Point(a.c + a.a * (c + 0.5), a.f + a.e * (r + 0.5))) for c in range(grid.shape[1])]
        for r in range(grid.shape[0])
    ]
    assert (inside(grid, area) == np.array(expected)).all()
    assert inside(grid, area).sum() == 45 * 45


def test_the_bbox_of_a_geographic_window_is_its_own():
    grid = grid_for(lonlat_table(), lonlat_square(117.45, -0.5, 0.01))
    assert window_bbox(grid) == pytest.approx(grid.boundingbox.bbox, abs=1e-12)


def test_a_geographic_window_coarsens_like_any_other():
    grid = grid_for(lonlat_table(), lonlat_square(117.45, -0.5, 0.01))
    box, row, col = coarsen(grid, lonlat_table(), 4)
    assert box.affine.a == pytest.approx(4 * grid.affine.a, rel=1e-12)
    assert box.affine.c + col * grid.affine.a == pytest.approx(grid.affine.c, abs=1e-12)
    assert box.affine.f - row * grid.affine.a == pytest.approx(grid.affine.f, abs=1e-12)


def test_a_geographic_window_too_large_is_refused():
    with pytest.raises(PlanError) as caught:
        grid_for(lonlat_table(), lonlat_square(110.0, 10.0, 20.0))
    assert caught.value.error_code == "grid.size"


@pytest.mark.parametrize(
    "changes",
    [
        {"resolution_m": 25},  # both
        {"resolution_deg": None},  # neither
        {"resolution_deg": None, "resolution_m": 25},  # metres of degrees
        {"crs": "EPSG:32634"},  # degrees of metres
        {"resolution_deg": 0},
        {"resolution_deg": "-0.0002"},
        {"resolution_deg": "NaN"},
    ],
)
def test_a_grid_has_one_resolution_in_the_units_of_its_crs(changes):
    with pytest.raises(ValueError, match="resolution"):
        lonlat_table(**changes)
