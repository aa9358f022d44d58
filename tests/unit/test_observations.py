"""One observation a day, one sensor's scale, one level of the forest."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.change.bandpass import known_sensors, lines_of
from mrv.change.loss_filter import scene_shift
from mrv.change.observations import harmonise, merge_days
from mrv.change.published import table_rows
from mrv.cube import ndvi
from mrv.errors import MRVError, SourceError
from mrv.kernels.looks import NODATA, adjust, merge_looks

ROLES = ["blue", "green", "red", "nir", "swir1", "swir2"]


def scenes(*values: int, days: list[int], clear: list[bool] | None = None):
    bands = np.array(values, np.int16).reshape(-1, 1, 1, 1)
    seen = np.array(clear or [True] * len(values)).reshape(-1, 1, 1)
    return np.array(days, np.int32), bands, seen


class TestMergeDays:
    def test_days_that_occur_once_are_left_as_they_are(self):
        days, bands, clear = scenes(1, 2, 3, days=[1, 2, 3])
        assert merge_days(days, bands, clear)[1] is bands

    def test_the_mean_of_two_clear_looks(self):
        days, bands, clear = merge_days(*scenes(100, 103, 7, days=[5, 5, 9]))
        assert (days.tolist(), bands.ravel().tolist(), clear.ravel().tolist()) == ([5, 9], [101, 7], [True, True])

    def test_a_cloudy_look_does_not_spoil_a_clear_one(self):
        assert merge_days(*scenes(9000, 103, days=[5, 5], clear=[False, True]))[1].ravel().tolist() == [103]

    def test_two_cloudy_looks_stay_cloudy(self):
        assert not merge_days(*scenes(9000, 8000, days=[5, 5], clear=[False, False]))[2].any()

    def test_days_out_of_order(self):
        with pytest.raises(SourceError, match="do not ascend"):
            merge_days(*scenes(1, 2, days=[2, 1]))

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(0, 99))
    def test_each_day_once_and_clear_where_any_look_is(self, days, seed):
        rng = np.random.default_rng(seed)
        when = np.sort(np.array(days, np.int32))
        bands, clear = rng.integers(0, 9000, (len(days), 2, 3, 2)).astype(np.int16), rng.random((len(days), 3, 2)) < 0.5
        unique, merged, seen = merge_days(when, bands, clear)
        assert unique.tolist() == sorted(set(days))
        for at, day in enumerate(unique):
            own = clear[when == day]
            np.testing.assert_array_equal(seen[at], own.any(axis=0))
            masked = np.ma.masked_array(bands[when == day], ~np.broadcast_to(own[:, None], bands[when == day].shape))
            inside = np.broadcast_to(seen[at], merged[at].shape)
            assert (merged[at][inside] >= masked.min(axis=0).filled(0)[inside]).all()
            assert (merged[at][inside] <= masked.max(axis=0).filled(9999)[inside]).all()


class TestHarmonise:
    def test_landsat_is_the_reference(self):
        bands = np.full((6, 2, 2), 1234, np.int16)
        assert harmonise(bands, roles=ROLES, sensor="landsat-9") is bands

    def test_slope_and_offset_in_integers(self):
        """0.9765 · 0.1000 + 0.0009 = 0.09855, rounded half up."""
        bands = np.full((1, 1, 1), 1000, np.int16)
        assert harmonise(bands, roles=["red"], sensor="sentinel-2a").item() == 986

    def test_a_sensor_without_coefficients(self):
        with pytest.raises(MRVError, match="no bandpass coefficients of sentinel-2c") as error:
            harmonise(np.zeros((1, 1, 1), np.int16), roles=["red"], sensor="sentinel-2c")
        assert "sentinel-2a" in str(error.value.hint)


class TestLooks:
    @settings(deadline=None, max_examples=100)
    @given(st.integers(-10_000, 30_000), st.integers(5_000, 20_000), st.integers(-5_000_000, 5_000_000))
    def test_a_band_is_adjusted_as_fractions_have_it(self, value, slope, offset):
        exact = Fraction(slope, 10_000) * value + Fraction(offset, 10_000)
        wanted = min(max(floor(exact + Fraction(1, 2)), -10_000), 30_000)
        assert adjust(np.array([value], np.int16), slope, offset).tolist() == [wanted]

    def test_no_value_stays_none(self):
        assert adjust(np.array([NODATA, 100], np.int16), 9_000, 0).tolist() == [NODATA, 90]
        assert harmonise(np.full((1, 1, 1), NODATA, np.int16), roles=["red"], sensor="sentinel-2b").item() == NODATA

    def test_a_clear_look_without_a_value_does_not_count(self):
        values = np.array([[NODATA, NODATA], [101, NODATA], [200, 7]], np.int16)
        clear = np.array([[True, True], [True, True], [True, False]])
        assert merge_looks(values, clear).tolist() == [150, NODATA]

    def test_means_are_rounded_down_below_zero_too(self):
        assert merge_looks(np.array([[-3], [-4]], np.int16), np.ones((2, 1), np.bool_)).tolist() == [-4]


class TestTable:
    def test_every_sensor_has_every_band_once(self):
        rows = [(row["sensor"], row["role"]) for row in table_rows("bandpass")]
        assert len(set(rows)) == len(rows)
        for sensor in ("sentinel-2a", "sentinel-2b"):
            assert {role for name, role in rows if name == sensor} == set(ROLES)

    def test_coefficients_are_read_without_rounding(self):
        for row in table_rows("bandpass"):
            line = lines_of(row["sensor"])[row["role"]]
            assert (Decimal(line.slope) / 10**4, Decimal(line.offset) / 10**8) == (
                Decimal(row["slope"]),
                Decimal(row["offset"]),
            )

    @pytest.mark.parametrize("sensor", ["landsat-8", "landsat-9", "hls"])
    def test_the_reference_is_not_adjusted(self, sensor):
        assert lines_of(sensor) == {}
        assert sensor in known_sensors()

    def test_published_coefficients_move_ndvi_little(self):
        """What a bandpass of Sentinel-2 does to forest, beyond what the scene's shift takes off: half a hundredth."""
        dense, opened = (np.array([[[red]], [[nir]]], np.int16) for red, nir in ((330, 3100), (900, 2600)))
        for sensor in ("sentinel-2a", "sentinel-2b"):
            moved = []
            for bands in (dense, opened):
                red, nir = harmonise(bands, roles=["red", "nir"], sensor=sensor)
                moved.append(int((ndvi(red, nir, red > 0) - ndvi(*bands, bands[0] > 0)).item()))
            assert abs(moved[1] - moved[0]) < 60


class TestSceneShift:
    def test_what_the_whole_forest_shares_is_found(self):
        rng = np.random.default_rng(3)
        level = rng.integers(300, 900, (1, 2, 501))
        shared = np.array([0, 40, -25, 7, 300])[:, None, None]
        bands = (level + shared).astype(np.int16)
        shift = scene_shift(bands, np.ones((5, 501), np.bool_), history=3)
        assert (shift - shift[0]).tolist() == [[0, 0], [40, 40], [-25, -25], [7, 7], [300, 300]]
        assert np.sort(shift[:3], axis=0)[1].tolist() == [0, 0]

    def test_a_scene_without_anything_clear_has_none(self):
        clear = np.ones((4, 9), np.bool_)
        clear[2] = False
        assert scene_shift(np.full((4, 1, 9), 50, np.int16), clear, history=2)[2].tolist() == [0]
