from __future__ import annotations

import numpy as np
import pytest

from mrv.change.ccdc import Ccdc, CcdcRules, ccdc_basis
from mrv.errors import SourceError
from mrv.kernels.season_fit import lasso, season_scale, variogram
from mrv.kernels.season_screen import tmask
from mrv.simulate.reflectance import BANDS, HISTORY, reflectance_cube

DAYS = (14_000 + 16 * np.arange(160)).astype(np.int32)
LEVEL = np.array([300, 500, 350, 3500, 1600, 750])
CLEARING = np.array([500, 600, 1000, -1200, 1200, 1500])
DETECTOR = Ccdc(CcdcRules(), BANDS)


def series(cut=None, *, seed=1, noise=25.0, pixels=1, back=None):
    rng = np.random.default_rng(seed)
    wave = np.cos(2 * np.pi * (DAYS / 365.25 - 0.5))[:, None, None]
    values = LEVEL[:, None] * (1 + 0.12 * wave) + noise * rng.standard_normal((len(DAYS), 6, pixels))
    if cut is not None:
        values[cut:back] += CLEARING[:, None]
    return np.rint(values).astype(np.int16)[:, :, None, :]


def run(bands, clear=None, detector=DETECTOR):
    return detector.block(bands, np.ones((len(bands), *bands.shape[2:]), bool) if clear is None else clear, DAYS)


# ── kernels ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [4, 6, 8])
@pytest.mark.parametrize("penalty", [1.0, 20.0, 300.0])
def test_the_lasso_is_scikit_learns(size, penalty):
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(size)
    days = np.sort(rng.choice(np.arange(12_000, 13_500), 60, replace=False)).astype(np.int32)
    x, y = ccdc_basis(days), 800 + 300 * rng.standard_normal((60, 3))
    y += 400 * x[:, 2:3]
    beta, rmse = np.zeros((3, 8)), np.empty(3)
    lasso(x, y, 5, 55, size, penalty, np.empty((15, 8)), beta, rmse)
    part = x[5:55, 1:size]
    mean, scale = part.mean(axis=0), part.std(axis=0)
    for band in range(3):
        peer = linear.Lasso(alpha=penalty, max_iter=100_000, tol=1e-9).fit((part - mean) / scale, y[5:55, band])
        curve = peer.predict((part - mean) / scale)
        assert np.allclose(x[5:55] @ beta[band], curve, atol=1e-2)
        assert ((np.abs(beta[band, 1:size]) > 0) == (np.abs(peer.coef_) > 1e-7)).all()
        assert rmse[band] == pytest.approx(np.sqrt(((y[5:55, band] - curve) ** 2).sum() / (50 - size)), rel=1e-4)
    assert (beta[:, size:] == 0).all()


def test_a_predictor_that_does_not_vary_has_no_coefficient():
    x, y = ccdc_basis(np.full(12, 12_000, np.int32)), np.arange(12, dtype=float)[:, None]
    beta, rmse = np.zeros((1, 8)), np.empty(1)
    lasso(x, y, 0, 12, 8, 0.0, np.empty((13, 8)), beta, rmse)
    assert beta[0].tolist() == [5.5, 0, 0, 0, 0, 0, 0, 0]


def plain_tmask(days, y, limit):
    """Bisquare IRLS with NumPy's own solver and hat values."""
    years = np.ceil((days[-1] - days[0]) / 365.25)
    year, long = 2 * np.pi * days / 365.25, 2 * np.pi * days / 365.25 / years
    x = np.stack([np.ones(len(days)), np.cos(year), np.sin(year), np.cos(long), np.sin(long)], axis=1)
    spare = np.sqrt(1 - np.einsum("ij,ji->i", x, np.linalg.pinv(x)))
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    for _ in range(5):
        left = np.abs(y - x @ beta) / spare
        part = left / (4.685 * np.median(np.sort(left)[4:]) / 0.6745)
        root = np.where(part < 1, 1 - part**2, 0)
        beta = np.linalg.lstsq(root[:, None] * x, root * y, rcond=None)[0]
    return np.abs(y - x @ beta) > limit


@pytest.mark.parametrize("seed", range(6))
def test_tmask_is_the_plain_robust_fit(seed):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(12_000, 12_900), 40, replace=False)).astype(np.int32)
    y = 500 + 80 * np.cos(2 * np.pi * days / 365.25) + 20 * rng.standard_normal(40)
    y[rng.choice(40, 6, replace=False)] += rng.choice([-1, 1], 6) * rng.uniform(150, 900, 6)
    odd = np.zeros(40, bool)
    tmask(days, ccdc_basis(days), y[:, None].copy(), 0, 40, np.array([0]), np.array([100.0]), odd)
    assert np.array_equal(odd, plain_tmask(days, y, 100.0))
    assert odd.sum() >= 4


def test_tmask_of_a_single_year_marks_only_what_is_odd():
    days = (12_000 + 18 * np.arange(20)).astype(np.int32)
    y = (500 + 80 * np.cos(2 * np.pi * days / 365.25))[:, None]
    y[7] += 700
    odd = np.zeros(20, bool)
    tmask(days, ccdc_basis(days), y, 0, 20, np.array([0]), np.array([100.0]), odd)
    assert np.flatnonzero(odd).tolist() == [7]


def test_noise_is_of_pairs_that_are_far_enough_apart():
    days, noise = np.array([0, 16, 32, 48, 64, 80], np.int32), np.empty(1)
    y = np.array([[0.0], [1], [10], [11], [20], [21]])
    variogram(days, y, 6, 30.0, 0.5, noise)
    assert noise[0] == 10
    variogram(days, y, 6, 0.0, 0.5, noise)
    assert noise[0] == 1
    variogram(days, y, 6, 500.0, 0.5, noise)
    assert noise[0] == 1
    variogram(days, np.zeros((6, 1)), 6, 30.0, 0.5, noise)
    assert noise[0] == 0.5
    variogram(days, y, 1, 30.0, 0.5, noise)
    assert noise[0] == 0.5


def test_scatter_is_of_the_same_season():
    days = (12_000 + 16 * np.arange(115)).astype(np.int32)
    x, y = ccdc_basis(days), np.zeros((115, 1))
    y[::23] = 300.0
    beta, scale = np.zeros((1, 8)), np.empty(1)
    season_scale(days, x, y, 0, 92, 92, 5, 4, beta, np.array([1.0]), scale)
    near = scale[0]
    season_scale(days, x, y, 0, 92, 103, 5, 4, beta, np.array([1.0]), scale)
    assert near > 300
    assert scale[0] == 1


# ── the detector ─────────────────────────────────────────────────────────────


def test_a_stable_series_is_one_segment():
    found = run(series(pixels=20))
    assert (found.count == 1).all()
    assert not found.breaks().any()
    assert (found.break_day(first=0) == 0).all()
    assert found.spans(0, 0)[0][0] == DAYS[0]
    assert found.spans(0, 0)[0][1] > DAYS[-7]


def test_the_model_is_the_series():
    found = run(series(noise=10.0, pixels=5))
    curve = ccdc_basis(DAYS) @ found.model[0, :, 0].astype(float).transpose(0, 2, 1)
    truth = LEVEL * (1 + 0.12 * np.cos(2 * np.pi * (DAYS / 365.25 - 0.5)))[:, None]
    assert np.abs(curve - truth).max() < 60
    assert (found.rmse[0, :, 0] < 40).all()


@pytest.mark.parametrize("cut", [60, 83, 120])
def test_a_clearing_is_dated_at_its_first_observation(cut):
    found = run(series(cut, pixels=10))
    assert (found.break_day(first=int(DAYS[40])) == DAYS[cut]).all()
    assert (found.break_day(first=int(DAYS[cut]) + 1) == 0).all()
    assert np.allclose(found.size[0, :, 0], CLEARING, atol=250)


def test_a_second_model_follows_the_first():
    found = run(series(60, pixels=4))
    assert (found.count == 2).all()
    for x in range(4):
        one, two = found.spans(0, x)
        assert one[1] < DAYS[60] <= two[0]


def test_a_clearing_under_cloud_is_dated_at_the_first_clear_observation():
    bands = series(80, pixels=3)
    clear = np.ones((len(DAYS), 1, 3), bool)
    clear[78:86] = False
    assert (run(bands, clear).break_day(first=0) == DAYS[86]).all()


def test_missed_clouds_are_no_break():
    bands = series(pixels=30)
    bands[[50, 77, 101], :4] += 2500
    found = run(bands)
    assert not found.breaks().any()
    assert (found.segment[0, :, 0, 3] <= len(DAYS) - 3).all()


def test_a_few_odd_observations_at_the_end_are_a_possible_break():
    found = run(series(len(DAYS) - 3))
    assert found.segment[0, 0, 0].tolist()[2:] == [DAYS[-3], len(DAYS) - 3, 50]
    assert found.break_day(first=0)[0, 0] == 0


def test_too_short_a_series_has_no_segment():
    bands = series(pixels=2)
    clear = np.zeros((len(DAYS), 1, 2), bool)
    clear[:17, 0, 0] = True
    found = run(bands, clear)
    assert found.count.tolist() == [[0, 0]]
    assert found.break_day(first=0).tolist() == [[-1, -1]]


def test_no_more_segments_than_there_is_room():
    found = DETECTOR.block(series(60), np.ones((len(DAYS), 1, 1), bool), DAYS, most=1)
    assert found.count[0, 0] == 1
    assert found.breaks()[0, 0].tolist() == [True]


def test_a_pixel_is_not_disturbed_by_its_neighbours():
    cube = reflectance_cube(seed=5, size=24)
    whole = DETECTOR.block(cube.bands, cube.clear, cube.days)
    part = DETECTOR.block(cube.bands[..., 3:9, 11:20], cube.clear[..., 3:9, 11:20], cube.days)
    for name in ("count", "segment", "model", "rmse", "size"):
        assert np.array_equal(getattr(whole, name)[3:9, 11:20], getattr(part, name))


def test_it_finds_the_breaks_of_a_simulated_landscape():
    cube = reflectance_cube(seed=1, size=48)
    day = DETECTOR.block(cube.bands, cube.clear, cube.days).break_day(first=int(cube.days[HISTORY]))
    broken, found = cube.break_day > 0, day > 0
    hits = found & broken & (day >= cube.break_day - 16)
    assert hits.sum() >= 0.9 * broken.sum()
    assert hits.sum() >= 0.9 * found.sum()


@pytest.mark.parametrize(
    "change",
    [
        {"change": 1.0}, {"outlier": 0.9}, {"penalty": -1.0}, {"refit": 1.0}, {"tmask": 0.0}, {"least": 0.0}, {"conse": 1},
        {"initial": 11}, {"per_coefficient": 0}, {"detect": ()},
    ],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused(change):
    with pytest.raises(SourceError) as caught:
        CcdcRules(**change)
    assert caught.value.error_code == "ccdc.rules"
    assert caught.value.hint


def test_bands_days_and_types_must_fit():
    bands, clear = series(), np.ones((len(DAYS), 1, 1), bool)
    with pytest.raises(SourceError) as caught:
        Ccdc(CcdcRules(), BANDS[:3])
    assert caught.value.error_code == "ccdc.bands"
    for arguments, code in [
        ((bands[:, :5], clear, DAYS), "ccdc.shape"),
        ((bands, clear[1:], DAYS), "ccdc.shape"),
        ((bands.astype(np.float32), clear, DAYS), "ccdc.dtype"),
        ((bands, clear.astype(np.uint8), DAYS), "ccdc.dtype"),
        ((bands, clear, DAYS[::-1]), "ccdc.days"),
        ((bands, clear, DAYS.astype(np.int64)), "ccdc.days"),
    ]:
        with pytest.raises(SourceError) as caught:
            DETECTOR.block(*arguments)
        assert caught.value.error_code == code
