from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_sample import NAMES, YEARS, made_sample

from mrv.activity.area_draws import area_draws
from mrv.activity.cohort import FATES, GAIN, START, cohort_hits
from mrv.activity.estimate import area_rows, areas_of, corrections, design_strata, events_of, span_shares, standing_from
from mrv.activity.estimators import DesignStratum
from mrv.activity.reference import parse_reference
from mrv.carbon.pools import LOSS, STANDING, degradation_of, loss_after
from mrv.errors import PlanError

MADE = made_sample()
SAMPLE = parse_reference(MADE.reference(), frame=MADE.frame, drawn=MADE.drawn)
INTENSITIES = ("moderate", "severe")
PROJECT_YEARS = [2020, 2021]
STRATA = design_strata(
    {"stratum": row.name, "units": row.units, "area_m2": row.area_m2, "responded": row.responded} for row in SAMPLE.strata
)
HITS = cohort_hits(SAMPLE)
ROWS = area_rows(STRATA, HITS, events_of(INTENSITIES, PROJECT_YEARS), method="score")
SEED = "sha256:" + "5a" * 32


def row(activity, year, rows=ROWS):
    return next(entry for entry in rows if (entry["activity"], entry["year"]) == (activity, year))


def test_areas_and_errors_against_plain_floats():
    """Stehman 2014 Eq. 3 and 25, written out."""
    for entry in ROWS:
        area = variance = 0.0
        for stratum, hits in zip(STRATA, entry["hits"], strict=True):
            p, n = hits / stratum.sampled, stratum.sampled
            area += stratum.area_m2 * p
            variance += stratum.area_m2**2 * (1 - n / stratum.units) * p * (1 - p) / (n - 1)
        assert entry["area_m2"] == entry["reported_m2"] == pytest.approx(area, abs=0.51)
        assert entry["se_m2"] == pytest.approx(sqrt(variance), abs=0.51)
        low, high = entry["wald90_m2"]
        assert (low, high) == pytest.approx((area - 1.6448536 * sqrt(variance), area + 1.6448536 * sqrt(variance)), abs=1.1)


def test_no_hit_has_an_interval_all_the_same():
    nothing = row(degradation_of("severe"), 2020)
    assert (nothing["area_m2"], nothing["se_m2"], nothing["wald90_m2"]) == (0, 0, [0, 0])
    assert nothing["ci90_m2"][0] == 0
    assert nothing["ci90_m2"][1] > 0


def test_the_start_is_what_stands_what_is_degraded_and_what_is_lost():
    areas = areas_of(ROWS, PROJECT_YEARS)
    assert START not in {activity for activity, _ in areas}
    assert GAIN not in {activity for activity, _ in areas}
    for year in PROJECT_YEARS:
        gone = sum(
            sign * area
            for (activity, at), area in areas.items()
            for sign in [1 if activity == LOSS or activity.startswith("degradation:") else -1]
            if at <= year and activity != STANDING
        )
        assert areas[STANDING, year] + gone == row(START, 2019)["area_m2"]
        direct = sum(
            stratum.area_m2 * Fraction(hits, stratum.sampled)
            for stratum, hits in zip(STRATA, HITS[STANDING, year], strict=True)
        )
        assert abs(areas[STANDING, year] - direct) < 10


def test_standing_is_never_negative():
    areas = {(START, 2019): 100, (LOSS, 2020): 150, (LOSS, 2021): 0}
    assert standing_from(areas, PROJECT_YEARS)[STANDING, 2021] == 0


def test_years_share_a_span():
    shares = span_shares(ROWS, LOSS, PROJECT_YEARS)
    assert sum(shares.values()) == 1
    assert shares[2020] == Fraction(row(LOSS, 2020)["area_m2"], sum(row(LOSS, year)["area_m2"] for year in PROJECT_YEARS))
    assert span_shares(ROWS, degradation_of("severe"), PROJECT_YEARS) == {2020: Fraction(1, 2), 2021: Fraction(1, 2)}


def draw(corrected=None, rows=ROWS, draws=20_000, before=(), period=(2020, 2021)):
    return area_draws(
        SAMPLE, STRATA, rows, intensities=INTENSITIES, before=before, period=period, method="score", corrected=corrected or {},
        seed=SEED, draws=draws,
    )  # fmt: skip


def test_draws_end_where_the_signed_interval_ends():
    from mrv.activity.estimators import estimate
    from mrv.uncertainty.intervals import interval

    drawn = draw()
    span = [sum(HITS.get((LOSS, year), (0,) * 4)[i] for year in PROJECT_YEARS) for i in range(4)]
    signed = interval(estimate(STRATA, span, fpc=True).shape)
    total = drawn[LOSS, 2020] + drawn[LOSS, 2021]
    low, high = np.quantile(total, [0.05, 0.95])
    width = float(signed.high - signed.low)
    assert low == pytest.approx(float(signed.low), abs=0.03 * width)
    assert high == pytest.approx(float(signed.high), abs=0.03 * width)
    # Beside it: Wald's is not where these draws end, so the test can fail.
    wald = row(LOSS, 2021)["wald90_m2"]
    assert abs(high - wald[1]) > 0.03 * width


def test_draws_of_one_panel_move_together():
    """A larger loss leaves less standing; the pool of the start is conserved in every draw."""
    drawn = draw()
    gone = sum(drawn[LOSS, year] + drawn[degradation_of(i), year] - drawn[loss_after(i), year]
               for year in PROJECT_YEARS for i in INTENSITIES[:1]) + sum(
        drawn[degradation_of("severe"), year] - drawn[loss_after("severe"), year] for year in PROJECT_YEARS)  # fmt: skip
    assert np.corrcoef(gone, drawn[STANDING, 2021])[0, 1] < 0
    assert (drawn[STANDING, 2021] >= 0).all()
    assert {values.dtype for values in drawn.values()} == {np.dtype(np.int64)}


def test_a_later_period_does_not_move_the_draws_of_an_earlier_one():
    drawn = draw(before=(2020,), period=(2021,))
    assert set(drawn) == set(draw())


PERFECT = [[40, 0, 0], [0, 40, 0], [0, 0, 40]]


def test_perfect_gold_changes_no_area():
    rows = area_rows(STRATA, HITS, events_of(INTENSITIES, PROJECT_YEARS), method="score", gold=PERFECT)
    assert [entry["area_m2"] for entry in rows] == [entry["area_m2"] for entry in ROWS]


def test_symmetric_errors_are_taken_out():
    """science: 5 % label error turns 2 % of loss into 6.8 %; with gold units the loss is found again."""
    strata = [DesignStratum("all", 1_000_000, 100_000, 10_000)]
    truth = {"loss": 200, "forest": 9_300, "non-forest": 500}
    said = dict.fromkeys(FATES, 0)
    said["loss"] = round(0.95 * truth["loss"] + 0.05 * truth["forest"])
    said["non-forest"] = truth["non-forest"]
    said["forest"] = 10_000 - said["loss"] - said["non-forest"]
    hits = {(START, 2019): (said["loss"] + said["forest"],), (LOSS, 2020): (said["loss"],)}
    gold = [[950, 50, 0], [500, 9_500, 0], [0, 0, 1_000]]
    (start, loss) = area_rows(strata, hits, [(START, 2019), (LOSS, 2020)], method="score", gold=gold)
    assert loss["reported_m2"] == 65_500
    assert loss["area_m2"] == pytest.approx(20_000, abs=100)
    assert start["area_m2"] == start["reported_m2"]
    assert loss["se_m2"] > area_rows(strata, hits, [(LOSS, 2020)], method="score")[0]["se_m2"]
    found = corrections(strata, hits, gold)
    assert found[LOSS].area_m2 == pytest.approx(20_000, abs=100)


def test_gold_without_a_true_loss_is_refused():
    with pytest.raises(PlanError) as caught:
        area_rows(STRATA, HITS, [(LOSS, 2020)], method="score", gold=[[0, 0, 0], [0, 9, 0], [0, 0, 9]])
    assert caught.value.error_code == "reference.gold"


def test_corrected_draws_follow_the_corrected_loss():
    gold = [[38, 2, 0], [1, 199, 0], [0, 0, 60]]
    rows = area_rows(STRATA, HITS, events_of(INTENSITIES, PROJECT_YEARS), method="score", gold=gold)
    corrected = corrections(STRATA, HITS, gold)
    total = sum(draw(corrected, rows)[LOSS, year] for year in PROJECT_YEARS)
    assert np.median(total) == pytest.approx(float(corrected[LOSS].area_m2), rel=0.05)


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=2, max_size=4))
@settings(deadline=None, max_examples=60)
def test_intervals_hold_their_estimate(counts):
    strata = [DesignStratum(f"s{i}", 10_000 * (i + 1), 1000, 30) for i in range(len(counts))]
    hits = {(LOSS, 2020): tuple(a for a, _, _ in counts), (START, 2019): tuple(20 + b for _, b, _ in counts)}
    for entry in area_rows(strata, hits, list(hits), method="score"):
        assert entry["ci90_m2"][0] <= entry["area_m2"] <= entry["ci90_m2"][1]
        assert entry["ci90_m2"][1] > entry["ci90_m2"][0]


def test_names_of_strata_are_kept():
    assert [stratum.name for stratum in STRATA] == list(NAMES.values())
    assert YEARS[1:] == tuple(PROJECT_YEARS)
