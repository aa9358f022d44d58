from __future__ import annotations

import numpy as np
import pytest

from mrv.change.radar import (
    alos_power,
    anomalies,
    by_geometry,
    despeckle,
    normalise_incidence,
    to_power,
)
from mrv.errors import SourceError
from mrv.kernels.decibels import decibels_of_power
from mrv.sources.geometry import Geometry

ONE, OTHER = Geometry(33, "ascending"), Geometry(141, "descending")
NODATA = -32768


def looks(shape=(12, 20, 18), looks=4.4, level=0.08, seed=1, holes=0.0):
    rng = np.random.default_rng(seed)
    power = (level * rng.gamma(looks, 1 / looks, shape)).astype(np.float32)
    power[rng.random(shape) < holes] = np.nan
    return power


def plain_filter(power, half, fewest, causal):
    """The paper's equation, pixel by pixel."""
    times, rows, cols = power.shape
    mean, out = np.full(power.shape, np.nan), np.full(power.shape, np.nan)
    for t in range(times):
        for y in range(rows):
            for x in range(cols):
                window = power[t, max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].astype(float)
                seen = window[window > 0]
                if seen.size >= fewest:
                    mean[t, y, x] = seen.mean()
    for t in range(times):
        for y in range(rows):
            for x in range(cols):
                if not power[t, y, x] > 0:
                    continue
                if np.isnan(mean[t, y, x]):
                    out[t, y, x] = power[t, y, x]
                    continue
                last = t + 1 if causal else times
                ratios = [power[i, y, x] / mean[i, y, x] for i in range(last) if power[i, y, x] > 0 and mean[i, y, x] > 0]
                out[t, y, x] = mean[t, y, x] * np.mean(ratios)
    return out


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("half", [0, 1, 3])
def test_the_filter_is_the_equation(half, causal):
    power = looks((6, 11, 9), holes=0.3)
    power[2, :, :4] = 0
    found = despeckle(power, half=half, fewest=3, causal=causal)
    assert np.allclose(found, plain_filter(power, half, 3, causal), rtol=2e-5, equal_nan=True)


def test_speckle_falls_and_the_mean_stays():
    power = looks((20, 64, 64))
    inside = despeckle(power)[-1, 8:-8, 8:-8]
    assert inside.mean() == pytest.approx(0.08, rel=0.02)
    assert inside.std() / inside.mean() < 0.5 * power[-1].std() / power[-1].mean()


def test_a_clearing_shows_in_its_own_image():
    power = looks((20, 40, 40))
    power[15:, 10:30, 10:30] *= 0.4
    found = despeckle(power)
    assert found[15, 15:25, 15:25].mean() / found[14, 15:25, 15:25].mean() == pytest.approx(0.4, rel=0.1)


def test_a_causal_filter_does_not_change_what_it_gave():
    power = looks(holes=0.1)
    assert np.array_equal(despeckle(power)[:7], despeckle(power[:7]), equal_nan=True)
    assert not np.array_equal(despeckle(power, causal=False)[:7], despeckle(power[:7], causal=False), equal_nan=True)


def test_a_chunk_with_its_rim_has_the_same_bits():
    power = looks((5, 40, 37), holes=0.1)
    whole = despeckle(power, half=2)
    part = despeckle(np.ascontiguousarray(power[:, 8:24, 9:30]), half=2)
    assert np.array_equal(whole[:, 10:22, 11:28], part[:, 2:-2, 2:-2], equal_nan=True)


def test_nodata_stays_nodata_and_spoils_nothing():
    power = looks(holes=0.5)
    found = despeckle(power)
    assert np.array_equal(np.isnan(found), np.isnan(power))
    power[:, 5, 5] = np.nan
    power[3] = np.nan
    assert np.isnan(despeckle(power)[3]).all()
    assert np.isnan(despeckle(power)[:, 5, 5]).all()


def test_an_image_with_an_empty_window_is_given_as_it_was():
    power = np.full((3, 9, 9), np.nan, np.float32)
    power[:, 4, 4] = [0.1, 0.2, 0.3]
    assert np.array_equal(despeckle(power)[:, 4, 4], power[:, 4, 4])


@pytest.mark.parametrize(
    ("power", "extra", "code"),
    [
        (np.ones((3, 4), np.float32), {}, "radar.shape"),
        (np.ones((3, 4, 4)), {}, "radar.shape"),
        (np.full((3, 4, 4), 5000, np.float32), {}, "radar.scale"),
        (np.ones((3, 4, 4), np.float32), {"half": -1}, "radar.window"),
        (np.ones((3, 4, 4), np.float32), {"fewest": 0}, "radar.window"),
    ],
)
def test_what_is_not_power_is_refused(power, extra, code):
    with pytest.raises(SourceError) as caught:
        despeckle(power, **extra)
    assert caught.value.error_code == code
    assert caught.value.hint


def test_decibels_there_and_back():
    power = np.array([1.0, 0.1, 0.0501187, np.nan, 0.0, -1.0, np.inf], np.float32)
    found = decibels_of_power(power)
    assert found.tolist() == [0, -1000, -1300, NODATA, NODATA, NODATA, NODATA]
    assert found.dtype == np.int16
    assert np.allclose(to_power(found)[:3], power[:3], rtol=2e-3)
    assert np.isnan(to_power(found)[3:]).all()


def test_every_decibel_survives_the_round_trip():
    every = np.arange(-6000, 3001, dtype=np.int16)
    assert np.array_equal(decibels_of_power(to_power(every)), every)


def test_a_tiny_power_does_not_become_nodata():
    assert decibels_of_power(np.array([1e-44], np.float32))[0] == -32767


def test_the_cosine_rule():
    power, angle = np.ones(3, np.float32), np.array([38, 30, 45], np.float32)
    sigma = normalise_incidence(power, angle, quantity="sigma0")
    assert sigma[0] == pytest.approx(1)
    assert sigma[1] == pytest.approx((np.cos(np.radians(38)) / np.cos(np.radians(30))) ** 2)
    assert np.allclose(normalise_incidence(power, angle) ** 2, sigma)
    assert normalise_incidence(power, angle, reference_deg=30)[1] == pytest.approx(1)


def test_gamma_and_sigma_agree_about_the_ground():
    angle = np.array([32.0], np.float32)
    sigma = np.array([0.05], np.float32)
    gamma = sigma / np.cos(np.radians(angle))
    turned = normalise_incidence(sigma, angle, quantity="sigma0") / np.cos(np.radians(38.0))
    assert np.allclose(normalise_incidence(gamma.astype(np.float32), angle), turned)


@pytest.mark.parametrize(("angle", "extra"), [(95, {}), (-1, {}), (30, {"reference_deg": 91})])
def test_angles_out_of_range_are_refused(angle, extra):
    with pytest.raises(SourceError) as caught:
        normalise_incidence(np.ones(1, np.float32), np.array([angle], np.float32), **extra)
    assert caught.value.error_code == "radar.angle"


def test_an_unknown_quantity_is_refused():
    with pytest.raises(SourceError) as caught:
        normalise_incidence(np.ones(1, np.float32), np.ones(1, np.float32), quantity="beta0")
    assert caught.value.error_code == "radar.quantity"


@pytest.mark.parametrize(
    ("orbit", "way", "code"), [(0, "ascending", "radar.orbit"), (176, "descending", "radar.orbit"), (5, "up", "radar.pass")]
)
def test_geometries_that_are_none_are_refused(orbit, way, code):
    with pytest.raises(SourceError) as caught:
        Geometry(orbit, way)
    assert caught.value.error_code == code


def test_geometries_are_parted_in_order():
    parts = by_geometry([OTHER, ONE, OTHER, ONE])
    assert list(parts) == [ONE, OTHER]
    assert parts[ONE].tolist() == [1, 3]


def test_each_geometry_has_its_own_mean():
    decibels = np.full((12, 1, 2), -700, np.int16)
    decibels[1::2] = -900
    decibels[10:] -= 300
    decibels[3, 0, 1] = NODATA
    found = anomalies(decibels, [ONE, OTHER] * 6, history=10)
    assert (found[:10, 0, 0] == 0).all()
    assert (found[10:, 0, 0] == -300).all()
    assert found[3, 0, 1] == NODATA
    assert (found[11, 0, 1], found[10, 0, 1]) == (NODATA, -300)


def test_a_history_mean_is_rounded_to_the_nearest():
    decibels = np.array([-3, -4, -4, 0], np.int16).reshape(4, 1, 1)
    assert anomalies(decibels, [ONE] * 4, history=3, fewest=3)[3, 0, 0] == 4
    with pytest.raises(SourceError) as caught:
        anomalies(decibels, [ONE] * 3, history=3)
    assert caught.value.error_code == "radar.geometries"


def test_alos_numbers_become_power_where_the_mask_says_land():
    dn = np.array([[0, 1, 3000, 3000, 3000, 3000]], np.uint16)
    mask = np.array([[0, 255, 255, 50, 100, 150]], np.uint8)
    found = alos_power(dn, mask)
    assert decibels_of_power(found).tolist() == [
        [NODATA, NODATA, round(100 * (20 * np.log10(3000) - 83)), NODATA, NODATA, NODATA]
    ]
    assert np.isfinite(alos_power(dn, mask, keep=(50, 255))).sum() == 2


@pytest.mark.parametrize("mask", [np.full((1, 2), 7, np.uint8), np.full((2, 2), 255, np.uint8)])
def test_a_strange_mask_is_refused(mask):
    with pytest.raises(SourceError) as caught:
        alos_power(np.ones((1, 2), np.uint16), mask)
    assert caught.value.error_code == "radar.mask"
