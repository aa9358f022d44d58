from __future__ import annotations

from fractions import Fraction
from math import floor

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from support.run_tiny import run_tiny
from support.tiny_project import tiny_project

from mrv.cube import Calibration, Layer, Reader, build_cube, masked, ndvi
from mrv.errors import StoreError
from mrv.kernels.morphology import dilate
from mrv.plan import ObservationTable, Radiometry

NODATA = -32768


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=15)), st.integers(0, 4))
@settings(deadline=None)
def test_dilation_against_scipy(mask, radius):
    square = np.ones((2 * radius + 1,) * 2, bool)
    assert (dilate(mask, radius) == ndimage.binary_dilation(mask, square)).all()


@given(st.integers(-10_000, 30_000), st.integers(-10_000, 30_000), st.booleans())
@settings(deadline=None, max_examples=300)
def test_ndvi_against_fractions(red, nir, clear):
    found = int(ndvi(np.array([red], np.int16), np.array([nir], np.int16), np.array([clear]))[0])
    if not clear or red + nir <= 0:
        assert found == NODATA
    else:
        exact = floor(Fraction(nir - red, nir + red) * 10_000)
        assert found == min(max(exact, -10_000), 10_000)


def test_ndvi_of_nodata_is_nodata():
    red, nir = np.array([NODATA, 500, NODATA], np.int16), np.array([500, NODATA, NODATA], np.int16)
    assert (ndvi(red, nir, np.ones(3, bool)) == NODATA).all()


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """The same world with baseline 04.00: every digital number 1000 higher."""
    return run_tiny(tiny_project(tmp_path_factory.mktemp("shifted"), baseline="04.00", offset_dn=1000))


WHOLE = (slice(0, 30), slice(0, 30))


def test_reflectance_with_the_added_offset_is_the_same(tiny_result, shifted):
    for before, after in zip(tiny_result.result.optical.survey.layers, shifted.result.optical.survey.layers, strict=True):
        assert (before.offset_dn, after.offset_dn) == (0, -1000)
        for role in ("blue", "green", "red", "nir"):
            one = tiny_result.result.optical.survey.reader.reflectance(before, role, WHOLE)
            assert (one == shifted.result.optical.survey.reader.reflectance(after, role, WHOLE)).all()
    assert (shifted.result.optical.change.break_day == tiny_result.result.optical.change.break_day).all()


@pytest.mark.parametrize("scale", [Fraction(1, 10_000), Fraction("0.0000275"), Fraction("0.00013")])
@pytest.mark.parametrize("offset", [0, -1000, 7])
def test_reflectance_against_fractions(tiny_result, scale, offset):
    reader, first = tiny_result.result.optical.survey.reader, tiny_result.result.optical.survey.layers[0]
    layer = Layer(first.day, first.bands, offset, Calibration(scale, Fraction(0), 0))
    dn, found = reader.band(layer, "red", WHOLE), reader.reflectance(layer, "red", WHOLE)
    for value, stated in zip(dn.ravel()[::17].tolist(), found.ravel()[::17].tolist(), strict=True):
        exact = min(max(Fraction(value + offset) * scale * 10_000, Fraction(-10_000)), Fraction(30_000))
        assert abs(stated - exact) <= Fraction(1, 2)


def test_digital_number_zero_is_nodata_before_any_offset(tmp_path):
    import rasterio
    from support.tiny_project import DAYS, WINDOW, encode

    tiny = tiny_project(tmp_path, baseline="04.00", offset_dn=1000, checksums=False)
    path = tiny.asset(DAYS[0], "B04")
    with rasterio.open(path) as source:
        values = source.read(1)
    values[20, 20], values[20, 21] = 0, 1
    path.write_bytes(encode(values))
    result = run_tiny(tiny).result
    found = result.optical.survey.reader.reflectance(result.optical.survey.layers[0], "red", WHOLE)
    at = 20 - WINDOW[0].start, 20 - WINDOW[1].start
    assert found[at] == NODATA
    assert found[at[0], at[1] + 1] == -999


def cube_of(run, chunk):
    cube = build_cube(run.result.optical.survey.reader, run.result.optical.survey.used[::3], chunk=chunk).compute()
    return {name: cube[name].values for name in ("blue", "green", "red", "nir", "clear", "ndvi")}


@pytest.fixture(scope="module")
def whole(tiny_result):
    with dask.config.set(scheduler="synchronous"):
        return cube_of(tiny_result, 1000)


@pytest.mark.parametrize(
    ("chunk", "scheduler"), [(17, "synchronous"), (17, "threads"), (11, "threads"), (29, "synchronous"), (50, "threads")]
)
def test_chunks_and_schedulers_do_not_show(tiny_result, whole, chunk, scheduler):
    with dask.config.set(scheduler=scheduler):
        found = cube_of(tiny_result, chunk)
    for name, values in whole.items():
        assert values.dtype == found[name].dtype, name
        assert (values == found[name]).all(), name


def test_the_cube_against_the_rasters_themselves(tiny_result):
    import rasterio
    from support.tiny_project import DAYS, WINDOW

    cube = build_cube(tiny_result.result.optical.survey.reader, tiny_result.result.optical.survey.layers, chunk=11).compute()
    assert cube["ndvi"].dims == ("time", "y", "x")
    for at, day in enumerate(DAYS):
        raw = {}
        for role, key in (("red", "B04"), ("nir", "B08"), ("classification", "SCL")):
            with rasterio.open(tiny_result.tiny.asset(day, key)) as source:
                raw[role] = source.read(1).astype(int)
        cloudy = np.kron(np.isin(raw["classification"], (0, 1, 3, 8, 9, 10, 11)), np.ones((2, 2), bool))[WINDOW]
        clear = ~ndimage.binary_dilation(cloudy, np.ones((3, 3), bool))
        red, nir = raw["red"][WINDOW], raw["nir"][WINDOW]
        assert (cube["clear"].values[at] == clear).all()
        assert (cube["red"].values[at] == red).all()
        assert (cube["ndvi"].values[at] == np.where(clear, (nir - red) * 10_000 // (nir + red), NODATA)).all()


def test_coordinates_are_pixel_centres(tiny_result):
    grid, cube = (
        tiny_result.grid,
        build_cube(tiny_result.result.optical.survey.reader, tiny_result.result.optical.survey.layers, chunk=50),
    )
    assert cube["x"].values[0] == grid.affine.c + 5
    assert cube["y"].values[0] == grid.affine.f - 5
    assert cube["time"].dtype == np.int32
    assert cube.attrs["crs"] == "EPSG:32634"


def test_building_reads_nothing(tiny_result, monkeypatch):
    monkeypatch.setattr(Reader, "band", lambda *_: pytest.fail("the cube is lazy"))
    build_cube(tiny_result.result.optical.survey.reader, tiny_result.result.optical.survey.layers, chunk=10)


def test_a_band_that_is_gone_is_named(tiny_result):
    layer = Layer(0, {"red": "sha256:" + "0" * 64}, 0)
    with pytest.raises(StoreError) as caught:
        tiny_result.result.optical.survey.reader.band(layer, "red", WHOLE)
    assert caught.value.error_code == "store.absent"
    assert caught.value.hint


@given(st.integers(1, 65_535), st.integers(-1000, 0))
@settings(deadline=None, max_examples=200)
def test_landsat_collection_2_against_fractions(dn, offset_dn):
    """0.0000275 · DN − 0.2, Landsat Collection 2 Level 2."""
    table = Radiometry.model_validate({"scale": "0.0000275", "reflectance_offset": "-0.2"})
    found = int(Calibration.of(table).reflectance(np.array([dn], np.uint16), offset_dn)[0])
    exact = (Fraction(275, 10**7) * (dn + offset_dn) - Fraction(1, 5)) * 10_000
    assert found == min(max(floor(exact + Fraction(1, 2)), -10_000), 30_000)


def test_the_number_without_a_value_is_the_plan_s():
    table = Radiometry.model_validate({"scale": "0.0001", "nodata_dn": -9999})
    found = Calibration.of(table).reflectance(np.array([-9999, 0, 250], np.int16), 0)
    assert found.tolist() == [NODATA, 0, 250]


@pytest.mark.parametrize(
    ("bits", "code", "expected"),
    [((1, 2, 3, 4), 0b0100000, False), ((1, 2, 3, 4), 0b0101000, True),
     ((0,), 21824, False), ((3,), 21824 | 8, True), (None, 8, False)],
)  # fmt: skip
def test_bit_fields_are_masked_by_bit(bits, code, expected):
    rules = ObservationTable.model_construct(masked_classes=(9,), masked_bits=bits)
    assert masked(np.array([code], np.uint16), rules).tolist() == [expected]
    assert masked(np.array([9], np.uint16), rules).tolist() == [True]
