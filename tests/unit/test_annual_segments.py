from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import special, stats

from mrv.change.annual_segments import SegmentRules, segment_years
from mrv.errors import MRVError
from mrv.kernels import annual_segments as kernel

YEARS = tuple(range(1985, 2025))
NONE = -32768


def one(values, years=YEARS, **rules):
    found = segment_years(np.array(values, np.int16).reshape(-1, 1, 1), years, SegmentRules(**rules))
    path = [
        (y, v) for y, v in zip(found.vertex_years[:, 0, 0].tolist(), found.vertex_values[:, 0, 0].tolist(), strict=True) if y
    ]
    loss = tuple(getattr(found, name)[0, 0].item() for name in ("loss_year", "magnitude", "duration", "before", "segments"))
    return loss, path


def noisy(values, seed=1, sd=150):
    return np.rint(values + np.random.default_rng(seed).normal(0, sd, len(values))).astype(np.int16)


def path_through(*corners):
    return np.interp(YEARS, [year for year, _ in corners], [value for _, value in corners])


# ── against published equations and other implementations ────────────────────


@pytest.mark.parametrize("n", [8, 15, 40, 64])
@pytest.mark.parametrize("segments", [1, 2, 3, 6])
@pytest.mark.parametrize("share", [1e-12, 1e-4, 0.05, 0.5, 0.9, 0.999])
def test_p_of_f_against_scipy(n, segments, share):
    freedom = n - 2 * segments - 1
    found = kernel.p_of_f(share, 1.0, n, segments)
    if freedom < 1:
        assert found == 1.0
        return
    f = (1 - share) / (2 * segments) / (share / freedom)
    assert found == pytest.approx(stats.f.sf(f, 2 * segments, freedom), rel=1e-9)
    assert found == pytest.approx(special.betainc(freedom / 2, segments, share), rel=1e-9)


@pytest.mark.parametrize(("f", "d1", "d2"), [(4.1028, 2, 10), (2.6060, 4, 40), (2.5990, 6, 20), (199.50, 2, 1)])
def test_p_of_f_of_published_percentage_points(f, d1, d2):
    """Upper 5 % points of F (Pearson & Hartley 1966, table 18), where d1 is even."""
    share = d2 / (d2 + d1 * f)
    assert kernel.p_of_f(share, 1.0, d2 + d1 + 1, d1 // 2) == pytest.approx(0.05, abs=2e-5)


def test_no_better_than_the_mean_is_no_fit():
    assert kernel.p_of_f(2.0, 1.0, 40, 1) == 1.0
    assert kernel.p_of_f(1e-300, 1.0, 40, 1) >= 0.0


def test_anchored_least_squares_against_numpy():
    rng = np.random.default_rng(4)
    t, y = np.arange(20.0), rng.normal(size=20)
    sums = np.empty((5, 21))
    kernel._add_up(t, y, 20, sums)
    vertices, fitted = np.array([0, 7, 13, 19]), np.empty(4)
    squares = kernel.fit_anchored(t, sums, vertices, 4, fitted)
    slope, start = np.polyfit(t[:8], y[:8], 1)
    assert fitted[:2] == pytest.approx([start, start + 7 * slope])
    at, total = fitted[1], ((y[:8] - start - slope * t[:8]) ** 2).sum()
    for i, j, end in ((7, 13, fitted[2]), (13, 19, fitted[3])):
        dt, dy = t[i + 1 : j + 1] - t[i], y[i + 1 : j + 1] - at
        slope = (dt @ dy) / (dt @ dt)
        assert end == pytest.approx(at + slope * (t[j] - t[i]))
        total += ((dy - slope * dt) ** 2).sum()
        at = end
    assert squares == pytest.approx(total)


# ── what it finds ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("year", [1990, 1999, 2010, 2019])
@pytest.mark.parametrize("seed", range(5))
def test_a_sharp_loss_has_its_year_height_and_level(year, seed):
    truth = path_through((1985, 8000), (year - 1, 8000), (year, 4000), (2024, 4000 + 120 * (2024 - year)))
    (found, fall, duration, before, _), path = one(noisy(truth, seed))
    assert (found, duration) == (year, 1)
    assert fall == pytest.approx(4000, abs=500)
    assert before == pytest.approx(8000, abs=300)
    assert path[0][0] == 1985
    assert path[-1][0] == 2024


def test_a_slow_loss_has_its_years():
    """Medians of some series: noise may cut a slow loss in two."""
    truth = path_through((1985, 8000), (2000, 8000), (2010, 4000), (2024, 4000))
    found, fall, duration, before, segments = np.median([one(noisy(truth, seed))[0] for seed in range(15)], axis=0)
    assert (found, segments) == (2001, 3)
    assert abs(duration - 10) <= 1
    assert fall == pytest.approx(4000, abs=300)
    assert before == pytest.approx(8000, abs=150)


def test_the_greatest_of_two_losses():
    corners = (1985, 8000), (1994, 8000), (1995, 6800), (2009, 6800), (2010, 3000), (2024, 3000)
    assert one(noisy(path_through(*corners)))[0][0] == 2010


def test_noise_is_flat_and_the_false_alarms_are_few():
    rng = np.random.default_rng(8)
    values = np.rint(7000 + rng.normal(0, 200, (40, 40, 50))).astype(np.int16)
    found = segment_years(values, YEARS)
    flat = found.segments == 0
    assert 0.85 < flat.mean() < 0.99, "the p of F knows nothing of the search for vertices"
    assert not found.loss_year[flat].any()
    assert (found.vertex_years[:2, flat] == np.array([[1985], [2024]])).all()
    assert (found.vertex_values[0, flat] == found.vertex_values[1, flat]).all()
    strict = segment_years(values, YEARS, SegmentRules(pval_threshold=0.001))
    assert (strict.segments == 0).mean() > flat.mean()


def test_a_spike_of_one_year_is_no_loss_and_an_undamped_one_is():
    values = noisy(path_through((1985, 8000), (2024, 8000)), sd=30)
    values[20] = 3000
    assert one(values)[0][:2] == (0, 0)
    assert one(values, spike_threshold=1.0)[0][:2] == (0, 0), "it would recover too fast"
    assert one(values, spike_threshold=1.0, recovery_threshold=10.0)[0][0] == 2005


def test_the_same_spike_held_for_two_years_is_not_damped():
    y, spikes = np.array([8.0, 8.0, 3.0, 3.0, 8.0, 8.0]), np.empty(6)
    kernel.despike(y, 6, 0.9, spikes)
    assert y.tolist() == [8.0, 8.0, 3.0, 3.0, 8.0, 8.0]
    y = np.array([8.0, 8.0, 3.0, 8.0, 8.0, 8.0])
    kernel.despike(y, 6, 0.9, spikes)
    assert y.tolist() == [8.0] * 6


def test_a_recovery_faster_than_allowed_is_refused():
    truth = path_through((1985, 8000), (1999, 8000), (2000, 3000), (2002, 8000), (2024, 8000))
    loose, path = one(noisy(truth, sd=60), recovery_threshold=10.0)
    assert loose[0] == 2000
    rises = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(path)]
    assert max(rises) > 0.25 * 5000
    _, path = one(noisy(truth, sd=60), recovery_threshold=0.25)
    span = max(v for _, v in path) - min(v for _, v in path)
    assert all((b[1] - a[1]) / (b[0] - a[0]) <= 0.25 * span + 1 for a, b in pairwise(path))


def test_one_year_recovery_can_be_refused():
    truth = path_through((1985, 3000), (1999, 3000), (2000, 8000), (2024, 8000))
    free = one(noisy(truth, sd=60), recovery_threshold=10.0)[1]
    held = one(noisy(truth, sd=60), recovery_threshold=10.0, prevent_one_year_recovery=True)[1]
    assert any(b[0] - a[0] == 1 and b[1] > a[1] for a, b in pairwise(free))
    assert not any(b[0] - a[0] == 1 and b[1] > a[1] for a, b in pairwise(held))


def test_missing_years_are_left_out_and_few_years_are_not_fitted():
    truth = noisy(path_through((1985, 8000), (1999, 8000), (2000, 4000), (2024, 5000)))
    truth[[3, 17, 30]] = NONE
    assert one(truth)[0][0] == 2000
    truth[:] = NONE
    truth[:5] = 5000
    assert one(truth) == ((0, 0, 0, 0, -1), [])


def test_years_may_have_gaps():
    years = (1990, 1993, 1994, 1997, 2000, 2003, 2006, 2009, 2010, 2013)
    found, _ = one([8000, 8050, 7990, 8010, 8000, 4000, 4100, 4050, 4000, 4080], years)
    assert found[0] == 2001, "the first year after the last high one"
    assert found[2] == 3


def test_perfect_and_constant_series():
    assert one([5000] * 40)[0] == (0, 0, 0, 0, 0)
    (year, fall, duration, _, segments), _ = one(np.linspace(8000, 4100, 40))
    assert (year, fall, duration, segments) == (1986, 3900, 39, 1)


def test_a_pixel_does_not_know_its_neighbours():
    rng = np.random.default_rng(2)
    values = np.where(rng.random((40, 30, 20)) < 0.1, NONE, rng.integers(2000, 9000, (40, 30, 20))).astype(np.int16)
    whole = segment_years(values, YEARS)
    for rows in (slice(0, 7), slice(7, 30)):
        part = segment_years(values[:, rows, 3:], YEARS)
        for name in ("loss_year", "magnitude", "segments", "before", "duration"):
            assert (getattr(whole, name)[rows, 3:] == getattr(part, name)).all(), name
        assert (whole.vertex_years[:, rows, 3:] == part.vertex_years).all()
        assert (whole.vertex_values[:, rows, 3:] == part.vertex_values).all()


def test_results_are_consistent_integers():
    rng = np.random.default_rng(6)
    found = segment_years((7000 + rng.normal(0, 900, (40, 20, 20))).astype(np.int16), YEARS)
    used = found.vertex_years > 0
    assert (used.sum(axis=0) == np.maximum(found.segments, 1) + 1).all()
    years = np.where(used, found.vertex_years, 9999)
    assert (np.diff(years.astype(int), axis=0)[used[1:]] > 0).all()
    has = found.loss_year > 0
    assert (found.magnitude[has] > 0).all()
    assert not found.magnitude[~has].any()
    assert found.loss_year.dtype == np.int32
    assert found.vertex_values.dtype == np.int16


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: SegmentRules(max_segments=0), "segments.rules"),
        (lambda: SegmentRules(pval_threshold=2), "segments.rules"),
        (lambda: segment_years(np.zeros((3, 2, 2)), (1, 2, 3)), "segments.shape"),
        (lambda: segment_years(np.zeros((3, 2, 2), np.int16), (1, 2)), "segments.shape"),
        (lambda: segment_years(np.zeros((3, 2, 2), np.int16), (1, 3, 2)), "segments.years"),
    ],
)
def test_bad_input_is_refused(call, code):
    with pytest.raises(MRVError) as caught:
        call()
    assert caught.value.error_code == code
    assert caught.value.hint
    assert caught.value.field
