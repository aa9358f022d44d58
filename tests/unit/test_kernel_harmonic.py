from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.plain_monitor import plain_monitor

from mrv.kernels.harmonic import NODATA, fit_history, harmonic_basis, model_series, monitor, solve_spd


def run(series, days, basis, history, *, refit=None, per_coefficient=3, minimum=5, sigmas=3.0, floor=100.0, consecutive=3):
    """Break day, confidence, clear count of a stack (time, y, x)."""
    shape = series.shape[1:]
    out = np.full(shape, 99, np.int32), np.full(shape, 99, np.uint8), np.zeros(shape, np.uint16)
    again = np.zeros(len(days), np.bool_) if refit is None else np.asarray(refit, np.bool_)
    monitor(series, days, basis, again, history, per_coefficient, minimum, sigmas, floor, consecutive, *out)
    return out


def one(values, days, basis, history, **rules):
    series = np.asarray(values, np.int16).reshape(-1, 1, 1)
    return tuple(int(part[0, 0]) for part in run(series, days, basis, history, **rules))


def fitted(y, basis, *, floor=1.0, minimum=5, refit=None, history=None):
    """Model at every date and scatter, fitted to all of a series."""
    again = np.zeros(len(y), np.bool_) if refit is None else refit
    model, limit = model_series(y, basis, again, history or len(y), 3, minimum, 2.0, floor, 3)
    return model, (model - limit) / 2


def dates(n, step=11, first=17_000):
    return (first + step * np.arange(n)).astype(np.int32)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_cholesky_against_numpy(size):
    rng = np.random.default_rng(size)
    x = rng.normal(size=(20, size))
    matrix, vector = x.T @ x, rng.normal(size=size)
    solved, lower = vector.copy(), np.tril(matrix)
    assert solve_spd(lower, solved, size)
    assert np.allclose(solved, np.linalg.solve(matrix, vector), rtol=1e-10)


def test_a_singular_system_is_told():
    assert not solve_spd(np.ones((2, 2)), np.ones(2), 2)
    assert not solve_spd(np.zeros((1, 1)), np.ones(1), 1)


def test_basis_is_quantised_and_close_to_the_cosine():
    days = dates(200, 3)
    basis = harmonic_basis(days, 2)
    angle = 2 * np.pi * days / 365.25
    expected = np.stack([np.ones(200), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    assert np.abs(basis - expected).max() <= 2.0**-21 + 1e-12
    assert (basis * 2**20 == np.rint(basis * 2**20)).all()
    assert harmonic_basis(days, 0).shape == (200, 1)


@pytest.mark.parametrize("harmonics", [0, 1, 2])
def test_fit_against_lstsq_where_nothing_is_screened(harmonics):
    rng, compared = np.random.default_rng(harmonics), 0
    for _ in range(50):
        n = int(rng.integers(30, 60))
        days = np.sort(rng.choice(np.arange(17_000, 18_500), n, replace=False)).astype(np.int32)
        basis = harmonic_basis(days, harmonics)
        y = np.rint(basis @ rng.normal(0, 1500, basis.shape[1]) + rng.uniform(-200, 200, n)).astype(np.int16)
        gone = rng.random(n) < 0.2
        y[gone] = NODATA
        model, sigma = fitted(y, basis)
        x, seen = basis[~gone], y[~gone].astype(float)
        beta = np.linalg.lstsq(x, seen, rcond=None)[0]
        rest = seen - x @ beta
        expected = np.sqrt((rest**2).sum() / (len(seen) - basis.shape[1]))
        median = np.sort(seen)[(len(seen) - 1) // 2]
        mad = np.sort(np.abs(seen - median))[(len(seen) - 1) // 2]
        if (rest < -2.4 * expected).any() or (seen < median - 2.5 * 1.4826 * mad).any():
            continue
        compared += 1
        assert np.allclose(model, basis @ beta, atol=1e-6)
        assert sigma == pytest.approx(np.full(n, expected), rel=1e-9)
    assert compared > 20


def test_screening_drops_undetected_clouds():
    days = dates(40)
    basis = harmonic_basis(days, 1)
    clean = np.rint(8000 + 400 * basis[:, 1] + np.random.default_rng(1).normal(0, 50, 40)).astype(np.int16)
    cloudy = clean.copy()
    cloudy[[4, 19]] = 1000
    with_them, _ = fitted(cloudy, basis, floor=30.0)
    gone = clean.copy()
    gone[[4, 19]] = NODATA
    without, _ = fitted(gone, basis, floor=30.0)
    assert np.allclose(with_them, without, atol=1e-6)


def test_bright_outliers_stay():
    days = dates(20)
    y = np.full(20, 5000, np.int16)
    y[3] = 9000
    _, sigma = fitted(y, harmonic_basis(days, 0))
    assert sigma[0] == pytest.approx(np.std(y.astype(float), ddof=1))


@pytest.mark.parametrize(("seen", "size"), [(4, 0), (5, 1), (8, 1), (9, 3), (14, 3), (15, 5)], ids=str)
def test_short_histories_fit_fewer_harmonics(seen, size):
    days = dates(20, 37)
    basis = harmonic_basis(days, 2)
    y = np.full(20, NODATA, np.int16)
    y[:seen] = 5000
    found = fit_history(y, basis, 20, 3, 5, 100.0, np.zeros(20, np.bool_), np.zeros((5, 5)), np.zeros(5))
    assert found[0] == size
    assert found[1] == (100.0 if size else 0.0)


int16 = st.integers(-10_000, 10_000)


@st.composite
def stories(draw):
    """A series with gaps, its days, and the rules."""
    n = draw(st.integers(8, 40))
    steps = draw(st.lists(st.integers(1, 60), min_size=n, max_size=n))
    days = (17_000 + np.cumsum(steps)).astype(np.int32)
    level = draw(st.integers(3000, 9000))
    noise = draw(st.lists(st.integers(-400, 400), min_size=n, max_size=n))
    cut = draw(st.one_of(st.none(), st.integers(0, n)))
    wild = draw(st.dictionaries(st.integers(0, n - 1), int16, max_size=5))
    gaps = draw(st.sets(st.integers(0, n - 1), max_size=n // 2))
    y = np.array([level + e - (2500 if cut is not None and t >= cut else 0) for t, e in enumerate(noise)])
    for t, value in wild.items():
        y[t] = value
    y = y.astype(np.int16)
    y[list(gaps)] = NODATA
    rules = {
        "per_coefficient": draw(st.integers(2, 5)), "minimum": draw(st.integers(3, 8)),
        "sigmas": draw(st.sampled_from([2.0, 2.5, 3.0, 4.0])), "floor": draw(st.sampled_from([1.0, 150.0, 300.0])),
        "consecutive": draw(st.integers(2, 5)),
    }  # fmt: skip
    rules["refit"] = draw(st.lists(st.booleans(), min_size=n, max_size=n)) if draw(st.booleans()) else [False] * n
    return y, days, draw(st.integers(0, 2)), draw(st.integers(3, n)), rules


@given(stories())
@settings(deadline=None, max_examples=250)
def test_breaks_against_a_plain_reimplementation(story):
    y, days, harmonics, history, rules = story
    basis = harmonic_basis(days, harmonics)
    expected = plain_monitor(y.astype(int).tolist(), days, basis, history=history, **rules)
    # A decision within rounding of its limit proves nothing.
    assume(expected[3] > 1e-3)
    assert one(y, days, basis, history, **rules) == expected[:3]


@given(stories())
@settings(deadline=None, max_examples=60)
def test_pixels_do_not_see_each_other(story):
    y, days, harmonics, history, rules = story
    basis = harmonic_basis(days, harmonics)
    alone = one(y, days, basis, history, **rules)
    rng = np.random.default_rng(0)
    stack = rng.integers(-9000, 9000, (len(y), 3, 4)).astype(np.int16)
    stack[:, 1, 2] = y
    stack[:, 2, 3] = NODATA
    day, confidence, clear = run(stack, days, basis, history, **rules)
    assert (day[1, 2], confidence[1, 2], clear[1, 2]) == alone
    assert (day[2, 3], confidence[2, 3], clear[2, 3]) == (-1, 0, 0)


def test_layout_of_the_stack_does_not_matter():
    rng = np.random.default_rng(5)
    stack, days = rng.integers(4000, 6000, (40, 6, 7)).astype(np.int16), dates(40)
    stack[25:, 2:4] -= 3000
    basis = harmonic_basis(days, 1)
    plain = run(stack, days, basis, 20)
    for other in (np.asfortranarray(stack), np.ascontiguousarray(stack.transpose(1, 2, 0)).transpose(2, 0, 1)):
        assert all((a == b).all() for a, b in zip(plain, run(other, days, basis, 20), strict=True))


def test_extremes_of_int16_do_not_wrap():
    days = dates(20)
    y = np.full(20, 32_767, np.int16)
    y[12:] = -32_767
    assert one(y, days, harmonic_basis(days, 0), 12)[0] == days[12]


def test_confidence_counts_the_first_eight_only():
    days = dates(40)
    y = np.full(40, 8000, np.int16)
    y[20:26] = 2000
    assert one(y, days, harmonic_basis(days, 0), 20) == (days[20], 75, 40)
    y[20:40] = 2000
    assert one(y, days, harmonic_basis(days, 0), 20)[1] == 100


def test_a_gap_does_not_break_a_run_but_a_recovery_does():
    days = dates(40)
    y = np.full(40, 8000, np.int16)
    y[[22, 24, 26]] = 2000
    assert one(y, days, harmonic_basis(days, 0), 20)[0] == 0
    y[[23, 25]] = NODATA
    assert one(y, days, harmonic_basis(days, 0), 20)[0] == days[22]


def test_a_refit_that_cannot_be_done_keeps_the_model():
    """With the seventh observation the median moves up, and fewer than the minimum are left within reach of it."""
    days = dates(20)
    y = np.array([5000, 5001, 5002, 9000, 9001, 9002, 9000, *[100] * 13], np.int16)
    refit = np.arange(20) == 7
    basis, rules = harmonic_basis(days, 0), {"minimum": 6, "floor": 1.0, "sigmas": 2.0}
    without = one(y, days, basis, 6, **rules)
    assert without[0] == days[7]
    assert one(y, days, basis, 6, refit=refit, **rules) == without


def test_a_refit_learns_what_the_first_history_could_not_know():
    """Six observations of the darkest weeks carry no harmonics; a year later the model has them."""
    days = np.concatenate([17_000 + 3 * np.arange(6), 17_030 + 15 * np.arange(60)]).astype(np.int32)
    basis = harmonic_basis(days, 1)
    y = np.rint(7000 - 1500 * (basis @ [0, *basis[2, 1:]])).astype(np.int16)
    years = (days - 17_000) // 365
    refit = np.concatenate([[False], years[1:] != years[:-1]])
    never, _ = fitted(y, basis, floor=100.0, history=6)
    yearly, _ = fitted(y, basis, floor=100.0, history=6, refit=refit)
    assert np.abs(never[40:] - y[40:]).max() > 2000
    assert np.abs(yearly[40:] - y[40:]).max() < 20


def test_a_refit_waits_while_anomalies_are_counted():
    days = dates(40)
    y = np.full(40, 8000, np.int16)
    y[20:] = 2000
    basis = harmonic_basis(days, 0)
    assert one(y, days, basis, 10, refit=np.arange(40) == 21) == one(y, days, basis, 10)
    assert one(y, days, basis, 10, refit=np.arange(40) == 30) == one(y, days, basis, 10)


# Must-fail controls.


def test_a_constant_series_never_breaks():
    days = dates(120)
    for level in (-5000, 0, 1, 8000, 10_000):
        assert one(np.full(120, level), days, harmonic_basis(days, 1), 60, floor=1.0)[0] == 0


def test_a_rise_is_no_loss():
    days = dates(40)
    y = np.full(40, 3000, np.int16)
    y[20:] = 9000
    assert one(y, days, harmonic_basis(days, 0), 20)[0] == 0


def test_noise_alone_rarely_alarms():
    """60 independent monitored dates at 3 σ of a model of 60: P(3 in a row) ≈ 60 · 0.0017³ ≈ 3·10⁻⁷ a pixel."""
    rng = np.random.default_rng(2024)
    days = dates(120)
    series = np.rint(8000 + rng.normal(0, 300, (120, 80, 80))).astype(np.int16)
    day, _, _ = run(series, days, harmonic_basis(days, 1), 60)
    assert (day > 0).sum() <= 2
    loose, _, _ = run(series, days, harmonic_basis(days, 1), 60, sigmas=1.0)
    assert (loose > 0).mean() > 0.1


def test_known_break_days_are_found():
    rng = np.random.default_rng(7)
    days = dates(140)
    basis = harmonic_basis(days, 1)
    cut = rng.integers(70, 130, (40, 40))
    clean = 7500 + 900 * basis[:, 1] - 300 * basis[:, 2]
    series = clean[:, None, None] + rng.normal(0, 250, (140, 40, 40))
    series -= 3500 * (np.arange(140)[:, None, None] >= cut)
    series = np.rint(series).astype(np.int16)
    hidden = rng.random(series.shape) < 0.3
    series[hidden] = NODATA
    day, confidence, _ = run(series, days, basis, 60)
    first = np.where((np.arange(140)[:, None, None] >= cut) & ~hidden, np.arange(140)[:, None, None], 999).min(axis=0)
    exact = day == days[np.minimum(first, 139)]
    assert exact.mean() > 0.98
    assert confidence[exact].min() >= 75
