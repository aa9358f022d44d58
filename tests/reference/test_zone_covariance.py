"""Zone covariance in closed form: against every pair of pixels, against simulated fields, and against independence."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import fft

from mrv.errors import PlanError
from mrv.uncertainty.spatial import Variogram, zone_covariance

TEN = (Fraction(10), Fraction(10))
MODELS = {
    "exponential": Variogram("exponential", Fraction(50)),
    "spherical": Variogram("spherical", Fraction(120)),
    "nugget": Variogram("exponential", Fraction(50), Fraction("0.3")),
}


def correlation(variogram, distance):
    h = distance / float(variogram.range_m)
    shared = np.exp(-h) if variogram.model == "exponential" else np.where(h < 1, 1 - 1.5 * h + 0.5 * h**3, 0)
    nugget = float(variogram.nugget)
    return np.where(distance == 0, 1.0, (1 - nugget) * shared)


def pixel_pairs(zones, weights, variogram, pixel_m):
    """ΣΣ w w ρ over every pair of pixels, in floats."""
    y, x = np.indices(zones.shape)
    y, x = y.ravel() * float(pixel_m[0]), x.ravel() * float(pixel_m[1])
    rho = correlation(variogram, np.hypot(y[:, None] - y, x[:, None] - x))
    layers = [np.where(zones == label, weights, 0).ravel().astype(float) for label in np.unique(zones) if label]
    return np.array([[a @ rho @ b for b in layers] for a in layers]), rho


def small(block=1, even=False):
    rng = np.random.default_rng(20260101)
    zones = rng.integers(0, 4, (6, 4)).repeat(4, 0).repeat(6, 1)
    return zones, np.full((24, 24), 90, np.int64) if even else rng.integers(50, 150, (24, 24)).astype(np.int64)


def as_floats(found):
    return np.array([[float(value) for value in row] for row in found.covariance])


@pytest.mark.parametrize("name", MODELS)
def test_every_pair_of_pixels(name):
    zones, weights = small()
    pixel_m = (Fraction(10), Fraction(20))
    expected, _ = pixel_pairs(zones, weights, MODELS[name], pixel_m)
    found = zone_covariance(zones, weights, MODELS[name], pixel_m=pixel_m)
    assert as_floats(found) == pytest.approx(expected, rel=1e-6)
    assert float(found.total_se) == pytest.approx(np.sqrt(expected.sum()), rel=1e-7)
    assert float(found.se(found.zones[0])) == pytest.approx(np.sqrt(expected[0, 0]), rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_blocks_are_exact_where_weights_are_even_and_a_block_has_one_zone(name):
    zones, weights = small(even=True)
    expected, _ = pixel_pairs(zones, weights, MODELS[name], TEN)
    found = zone_covariance(zones, weights, MODELS[name], pixel_m=TEN, block=2)
    assert as_floats(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("block", "low"), [(2, 0.003), (3, 0.006), (5, 0.021), (8, 0.021)])
def test_blocks_that_straddle_zones_understate_a_little(block, low):
    """Zones are 4 × 6 pixels here and the range five: blocks as large as a zone are 2 % low, which is why none should be."""
    zones, weights = small()
    expected, _ = pixel_pairs(zones, weights, MODELS["exponential"], TEN)
    found = zone_covariance(zones, weights, MODELS["exponential"], pixel_m=TEN, block=block)
    assert -low <= float(found.total_se) / np.sqrt(expected.sum()) - 1 < 0


@pytest.mark.parametrize("name", MODELS)
def test_simulated_correlated_fields(name):
    """20,000 fields with the correlation, summed a zone: the sample covariance is the closed form within its own error."""
    zones, weights = small()
    _, rho = pixel_pairs(zones, weights, MODELS[name], TEN)
    fields = 20_000
    noise = np.random.default_rng(7).standard_normal((fields, zones.size)) @ np.linalg.cholesky(rho).T
    totals = np.stack([noise @ np.where(zones == label, weights, 0).ravel() for label in np.unique(zones) if label])
    found = as_floats(zone_covariance(zones, weights, MODELS[name], pixel_m=TEN))
    spread = np.sqrt((np.outer(found.diagonal(), found.diagonal()) + found**2) / fields)
    assert np.abs(np.cov(totals) - found).max() < 5 * spread.max()
    assert (np.abs(np.cov(totals) - found) < 5 * spread).all()


def test_independence_understates_the_standard_error_54_times():
    """A map of 1024² pixels in 50 zones whose errors are alike over some 220 m, as performance.md has it; SE by FFT as well."""
    size, block = 1024, 16
    zones = np.arange(size)[:, None] * 5 // size * 10 + np.arange(size)[None, :] * 10 // size + 1
    weights = np.random.default_rng(3).integers(80, 120, (size, size)).astype(np.int64)
    variogram = Variogram("exponential", Fraction(223))
    found = zone_covariance(zones, weights, variogram, pixel_m=TEN, block=block)
    ratio = float(found.total_se / found.independent_total_se)
    assert ratio == pytest.approx(54, abs=1)
    offsets = np.minimum(np.arange(2 * size), 2 * size - np.arange(2 * size)) * 10.0
    spectrum = fft.rfft2(correlation(variogram, np.hypot(offsets[:, None], offsets[None, :])))
    smooth = fft.irfft2(fft.rfft2(weights, (2 * size, 2 * size)) * spectrum, (2 * size, 2 * size))[:size, :size]
    assert float(found.total_se) == pytest.approx(np.sqrt((weights * smooth).sum()), rel=0.0023)
    assert float(found.independent_total_se) == pytest.approx(np.sqrt((weights.astype(float) ** 2).sum()), rel=1e-12)


def test_all_nugget_is_independence_and_a_long_range_is_one_error():
    zones, weights = small()
    alone = zone_covariance(zones, weights, Variogram("exponential", Fraction(50), Fraction(1)), pixel_m=TEN)
    assert alone.total_se == alone.independent_total_se
    assert all(alone.covariance[i][j] == 0 for i in range(3) for j in range(3) if i != j)
    same = zone_covariance(zones, weights, Variogram("exponential", Fraction(10**9)), pixel_m=TEN)
    assert float(same.total_se) == pytest.approx(weights[zones > 0].sum(), rel=1e-6)


def test_the_result_is_symmetric_and_does_not_depend_on_the_orientation():
    zones, weights = small()
    found = zone_covariance(zones, weights, MODELS["spherical"], pixel_m=(Fraction(10), Fraction(20)), block=3)
    turned = zone_covariance(
        zones.T.copy(), weights.T.copy(), MODELS["spherical"], pixel_m=(Fraction(20), Fraction(10)), block=3
    )
    assert found == turned
    assert all(found.covariance[i][j] == found.covariance[j][i] for i in range(3) for j in range(3))


def test_heavy_weights_do_not_overflow():
    zones = np.ones((64, 64), np.int64)
    weights = np.full((64, 64), 2**31 - 1, np.int64)
    found = zone_covariance(zones, weights, Variogram("exponential", Fraction(10**9)), pixel_m=TEN, block=4)
    assert float(found.total_se) == pytest.approx(64 * 64 * (2**31 - 1), rel=1e-5)
    assert float(found.independent_total_se) == pytest.approx(64 * (2**31 - 1), rel=1e-12)


def bad(**changes):
    zones, weights = small()
    given = {"zones": zones, "weights": weights, "block": 1} | changes
    return zone_covariance(given["zones"], given["weights"], MODELS["exponential"], pixel_m=TEN, block=given["block"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weights": np.ones((3, 3), np.int64)}, "spatial.input"),
        ({"zones": np.zeros((24, 24), np.int64)}, "spatial.input"),
        ({"weights": np.zeros((24, 24), np.int64)}, "spatial.input"),
        ({"weights": np.full((24, 24), -1, np.int64)}, "spatial.input"),
        ({"weights": np.full((24, 24), 2**31, np.int64)}, "spatial.input"),
        ({"weights": np.ones((24, 24))}, "spatial.input"),
        ({"block": 0}, "spatial.block"),
        ({"block": 257}, "spatial.block"),
        ({"zones": np.ones((300, 300), np.int64), "weights": np.ones((300, 300), np.int64)}, "spatial.block"),
    ],
)
def test_bad_input_is_refused(changes, code):
    with pytest.raises(PlanError) as caught:
        bad(**changes)
    assert caught.value.error_code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    "given",
    [
        ("gaussian", Fraction(1)),
        ("spherical", Fraction(0)),
        ("spherical", Fraction(1), Fraction(2)),
        ("spherical", Fraction(1), Fraction(-1)),
    ],
)
def test_a_bad_variogram_is_refused(given):
    with pytest.raises(PlanError) as caught:
        Variogram(*given)
    assert caught.value.error_code == "spatial.variogram"
