from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer

from mrv.areas import authalic_y, pixel_areas_mm2, total_m2
from mrv.errors import GridMismatch

GEOD = Geod(ellps="WGS84")
PLACES = {
    # CRS, easting, northing of a window's north-west corner.
    "romania, 3035": ("EPSG:3035", 5_271_982.5765, 2_533_004.2149),
    "norway, 3035": ("EPSG:3035", 4_300_000, 4_500_000),
    "utm 34n": ("EPSG:32634", 600_000, 5_000_000),
    "utm 21s": ("EPSG:32721", 833_978, 9_000_000),
    "equator": ("EPSG:32618", 500_000, 100),
    "guadeloupe, mercator": ("EPSG:3857", -6_860_000, 1_830_000),
}


def box(place, res, shape=(12, 14)):
    crs, x, y = PLACES[place]
    return GeoBox(shape, Affine(res, 0, x, 0, -res, y), crs)


def geodesic_m2(grid, rows, cols):
    """Karney's polygon of a block of pixels, with every pixel corner on its rim as a vertex."""
    ring = [(c, rows.start) for c in range(cols.start, cols.stop)] + [(cols.stop, r) for r in range(rows.start, rows.stop)]
    ring += [(c, rows.stop) for c in range(cols.stop, cols.start, -1)]
    ring += [(cols.start, r) for r in range(rows.stop, rows.start, -1)]
    a = grid.affine
    to = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True)
    lon, lat = to.transform([a.c + a.a * c for c, _ in ring], [a.f + a.e * r for _, r in ring])
    return abs(GEOD.polygon_area_perimeter(lon, lat)[0])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("res", [10, 30])
def test_pixels_against_karney(place, res):
    grid = box(place, res)
    areas = pixel_areas_mm2(grid)
    assert areas.dtype == np.int64
    for row, col in ((0, 0), (0, 13), (11, 0), (6, 7), (11, 13)):
        expected = geodesic_m2(grid, slice(row, row + 1), slice(col, col + 1)) * 1e6
        # Karney's own sum keeps about 10⁻⁹ of such a small polygon's terms.
        assert abs(areas[row, col] - expected) < 30 * (res / 10) ** 2


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("res", [10, 30])
def test_totals_against_a_geodesic_window(place, res):
    grid = box(place, res, (200, 160))
    expected = geodesic_m2(grid, slice(0, 200), slice(0, 160)) * 1e6
    assert abs(int(pixel_areas_mm2(grid).sum()) / expected - 1) < 1e-8


def test_mercator_overstates_guadeloupe():
    """Of the nominal area 8.3 % is not there: 1 − M N cos²φ / a², with the radii of curvature of the ellipsoid."""
    grid = box("guadeloupe, mercator", 30)
    e2 = 0.006_694_379_990_141_316
    lat = np.radians(Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True).transform(-6_860_000, 1_829_820)[1])
    w = 1 - e2 * np.sin(lat) ** 2
    true = (1 - e2) * np.cos(lat) ** 2 / w**2
    share = pixel_areas_mm2(grid).mean() / (grid.affine.a**2 * 1e6)
    assert share == pytest.approx(true, rel=1e-6)
    assert 1 - share == pytest.approx(0.083, abs=0.0005)


def test_equal_area_pixels_are_equal():
    areas = pixel_areas_mm2(box("romania, 3035", 10))
    assert abs(areas - 100_000_000).max() < 100


def test_authalic_pole_to_pole_is_the_ellipsoid():
    half = authalic_y(np.radians(np.array([-90.0, 90.0])))
    area = 2 * np.pi * 6_378_137.0 * (half[1] - half[0])
    assert area == pytest.approx(510_065_621_724_088.44, rel=1e-12)


def test_a_pixel_does_not_depend_on_its_window_but_for_rounding():
    whole = pixel_areas_mm2(box("utm 34n", 10, (40, 40)))
    crs, x, y = PLACES["utm 34n"]
    part = pixel_areas_mm2(GeoBox((10, 10), Affine(10, 0, x + 150, 0, -10, y - 200), crs))
    assert abs(whole[20:30, 15:25] - part).max() <= 25


def test_strips_do_not_show(monkeypatch):
    grid = box("utm 34n", 10, (37, 9))
    whole = pixel_areas_mm2(grid)
    monkeypatch.setattr("mrv.areas.max", lambda *_: 5, raising=False)  # rows of a strip
    assert (pixel_areas_mm2(grid) == whole).all()


@pytest.mark.parametrize(
    ("crs", "res", "origin"),
    [("EPSG:4326", 0.01, (20, 45)), ("EPSG:3035", 1001, (4_000_000, 3_000_000)), ("EPSG:3857", 10, (20_037_400, 100))],
)
def test_grids_that_cannot_be_measured_are_refused(crs, res, origin):
    grid = GeoBox((30, 30), Affine(res, 0, origin[0], 0, -res, origin[1]), crs)
    with pytest.raises(GridMismatch) as caught:
        pixel_areas_mm2(grid)
    assert caught.value.hint
    assert caught.value.error_code


@pytest.mark.parametrize(
    ("mm2", "m2"),
    [(0, 0), (499_999, 0), (500_000, 0), (500_001, 1), (1_500_000, 2), (2_500_000, 2), (2_500_001, 3), (99_858_000, 100)],
)
def test_totals_round_once_half_to_even(mm2, m2):
    found = total_m2(np.array([[mm2]], np.int64), np.array([[True]]))
    assert found == m2
    assert type(found) is int


def test_an_empty_mask_has_no_area():
    assert total_m2(np.ones((3, 3), np.int64), np.zeros((3, 3), bool)) == 0


def test_rounding_happens_once_a_total_never_a_pixel():
    areas = np.full((100, 100), 99_858_400, np.int64)
    assert total_m2(areas, np.ones((100, 100), bool)) == 998_584


def test_overflow_is_refused():
    areas = np.full((2, 2), 2**62, np.int64)
    assert total_m2(areas, np.array([[True, False], [False, False]])) == round(2**62 / 10**6)
    with pytest.raises(GridMismatch, match="63 bits") as caught:
        total_m2(areas, np.ones((2, 2), bool))
    assert caught.value.hint


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40), st.randoms())
@settings(deadline=None, max_examples=50)
def test_parts_add_up_within_half_a_square_metre_each(values, random):
    areas = np.array([values], np.int64)
    mask = np.array([[random.random() < 0.5 for _ in values]])
    everything = total_m2(areas, np.ones_like(mask))
    assert abs(total_m2(areas, mask) + total_m2(areas, ~mask) - everything) <= 1


def lonlat_box(lon, lat, res, shape=(12, 14)):
    return GeoBox(shape, Affine(res, 0, lon, 0, -res, lat), "EPSG:4326")


LONLAT = {
    "equator": (9.0, 0.001),
    "térraba-sierpe": (-83.53, 8.82),
    "guadeloupe": (-61.5, 16.3),
    "west of the date line, south": (-174.0, -18.5),
    "new zealand": (175.36, -37.1),
    "norway": (25.0, 71.0),
}
GMW_DEG = 0.000222222222222
"""Edge of a Global Mangrove Watch pixel."""


def parallel_quadrangle_m2(grid, rows, cols):
    """Karney's polygon of a block between two parallels, its rim densified so that geodesics follow the parallels."""
    a = grid.affine
    west, east = a.c + a.a * cols.start, a.c + a.a * cols.stop
    north, south = a.f + a.e * rows.start, a.f + a.e * rows.stop
    lons = np.linspace(west, east, 1001)
    lon = np.concatenate([lons, lons[::-1]])
    lat = np.concatenate([np.full(1001, south), np.full(1001, north)])
    return abs(GEOD.polygon_area_perimeter(lon, lat)[0])


@pytest.mark.parametrize("place", LONLAT)
def test_geographic_pixels_against_karney(place):
    grid = lonlat_box(*LONLAT[place], GMW_DEG)
    areas = pixel_areas_mm2(grid)
    assert areas.dtype == np.int64
    for row, col in ((0, 0), (11, 13), (6, 7)):
        ring_lon = [grid.affine.c + grid.affine.a * c for c in (col, col + 1, col + 1, col)]
        ring_lat = [grid.affine.f + grid.affine.e * r for r in (row, row, row + 1, row + 1)]
        expected = abs(GEOD.polygon_area_perimeter(ring_lon, ring_lat)[0]) * 1e6
        assert abs(areas[row, col] - expected) < 30 * 2.5**2  # as for a projected pixel of 25 m


@pytest.mark.parametrize("place", LONLAT)
def test_geographic_totals_against_karney_between_parallels(place):
    grid = lonlat_box(*LONLAT[place], GMW_DEG, (450, 300))
    expected = parallel_quadrangle_m2(grid, slice(0, 450), slice(0, 300)) * 1e6
    assert abs(int(pixel_areas_mm2(grid).sum()) / expected - 1) < 1e-8


def test_geographic_pixels_shrink_with_the_radii_of_curvature():
    """Area per square degree is M N cosφ: the meridian's and the parallel's radii at the pixel's middle."""
    e2 = 0.006_694_379_990_141_316
    for place, (lon, lat) in LONLAT.items():
        grid = lonlat_box(lon, lat, GMW_DEG)
        middle = np.radians(lat - 6 * GMW_DEG)
        w2 = 1 - e2 * np.sin(middle) ** 2
        expected = 6_378_137.0**2 * (1 - e2) * np.cos(middle) / w2**2 * np.radians(GMW_DEG) ** 2 * 1e6
        assert pixel_areas_mm2(grid).mean() == pytest.approx(expected, rel=1e-7), place


def test_a_nominal_square_of_degrees_would_overstate():
    """Must-fail control: 25 m × 25 m, or the pixel at the equator, is not the pixel in New Zealand."""
    areas = pixel_areas_mm2(lonlat_box(*LONLAT["new zealand"], GMW_DEG))
    assert areas.mean() / 1e6 < 0.8 * 625
    assert abs(areas.mean() / pixel_areas_mm2(lonlat_box(*LONLAT["equator"], GMW_DEG)).mean() - 1) > 0.19


@pytest.mark.parametrize(
    ("crs", "res", "corner"),
    [
        ("EPSG:4326", 0.0001, (179.999, 10.0)),  # across the antimeridian
        ("EPSG:4326", 0.0001, (10.0, -89.9985)),  # beyond the pole
        ("EPSG:4326", 0.0001, (10.0, 90.0001)),
        ("EPSG:4326", 0.009, (10.0, 10.0)),  # 1002 m at the equator
        ("EPSG:4267", 0.0001, (-80.0, 10.0)),  # degrees, but of another datum
    ],
)
def test_geographic_grids_that_cannot_be_measured_are_refused(crs, res, corner):
    grid = GeoBox((30, 30), Affine(res, 0, corner[0], 0, -res, corner[1]), crs)
    with pytest.raises(GridMismatch) as caught:
        pixel_areas_mm2(grid)
    assert caught.value.hint
