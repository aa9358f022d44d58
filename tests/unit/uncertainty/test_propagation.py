from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.carbon.tables import Factor
from mrv.equations import sum_percent
from mrv.errors import PlanError
from mrv.uncertainty.approach1 import Interval, emission_uncertainty
from mrv.uncertainty.contributions import contributions, variance
from mrv.uncertainty.montecarlo import Z95, draw_factor, emission_draws, normal_quantile, summarise, uniforms
from mrv.uncertainty.propagation import Component, Term, combine, index, propagate, spread
from mrv.units import KG_PER_M2_T_HA

SEED = "sha256:" + "ab" * 32
BASELINE, PROJECT = ("baseline", "2021"), ("project", "2021")
NET = {BASELINE: 1, PROJECT: -1}


def normal(name, value, half_width_95, draws=20_000, label=""):
    """A component drawn from a normal with a 95 % half-width."""
    factor = Factor(name, Fraction(value), Fraction(value) - Fraction(half_width_95), Fraction(value) + Fraction(half_width_95),
                    "95 %", "normal", "t", "made", "", verified=True)  # fmt: skip
    return Component(name, Fraction(value), draw_factor(factor, SEED, draws), label)


def fixed(name, value, draws=20_000):
    return Component(name, Fraction(value), np.full(draws, int(value), np.int64))


def areas(project="area project"):
    return [Term(BASELINE, "area baseline", ("factor",), Fraction(1)), Term(PROJECT, "area project", (project,), Fraction(1))]


def percent_95(values):
    """95 % half-width as a percentage of the mean, by the normal sd: what Approach 1 calls uncertainty."""
    return 100 * Z95 * float(variance(values)) ** 0.5 / values.mean()


def test_a_shared_factor_in_a_difference_and_two_factors():
    """science.md §7: 100 ± 20 % − 80 ± 20 % is ± 128 % of the net if independent, ± 20 % with one shared factor."""
    held = [
        fixed("area baseline", 100_000),
        fixed("area project", 80_000),
        normal("factor", 1000, 200),
        normal("other", 1000, 200),
    ]
    components = index(held)
    shared = combine(propagate(areas("factor"), components), NET)
    apart = combine(propagate(areas("other"), components), NET)
    assert percent_95(shared) == pytest.approx(20, rel=0.02)
    assert percent_95(apart) == pytest.approx(128.06, rel=0.02)
    first = sum_percent((Fraction(100), Fraction(20)), (Fraction(-80), Fraction(20)))
    assert float(first) == pytest.approx(128.0625, abs=1e-4)


def test_one_draw_of_a_shared_factor_cancels_exactly():
    components = index([fixed("area baseline", 1000), fixed("area project", 1000), normal("factor", 50, 20)])
    assert (combine(propagate(areas("factor"), components), NET) == 0).all()


def test_two_names_do_not_cancel():
    """The control of the test above."""
    components = index(
        [fixed("area baseline", 1000), fixed("area project", 1000), normal("factor", 50, 20), normal("other", 50, 20)]
    )
    assert (combine(propagate(areas("other"), components), NET) != 0).any()


def test_years_share_their_factor_too():
    years = [("project", str(year)) for year in (2020, 2021, 2022)]
    components = index([fixed("area", 10**6), normal("factor", 100, 20)])
    groups = propagate([Term(year, "area", ("factor",), KG_PER_M2_T_HA) for year in years], components)
    assert (groups[years[0]] == groups[years[2]]).all()
    total = combine(groups, dict.fromkeys(years, 1))
    assert (total == 3 * groups[years[0]]).all()


def test_the_engine_gives_what_the_emission_of_the_screening_release_gives():
    """Five factors, one area: equal to ``emission_draws`` but for the rounding of each of three terms."""
    names = {"agb": ("130", "20"), "root_shoot": ("0.23", "0.05"), "carbon_fraction": ("0.48", "0.02"),
             "after_biomass": ("13.6", "10"), "after_carbon_fraction": ("0.47", "0.02")}  # fmt: skip
    factors = {
        role: Factor(
            role, Fraction(v), Fraction(v) - Fraction(h), Fraction(v) + Fraction(h), "", "normal", "", "", "", verified=True
        )
        for role, (v, h) in names.items()
    }
    held = [Component(role, f.value, draw_factor(f, SEED, 5000)) for role, f in factors.items()]
    components = index([*held, fixed("area", 38_400, 5000)])
    terms = [
        Term(PROJECT, "area", ("agb", "carbon_fraction"), KG_PER_M2_T_HA),
        Term(PROJECT, "area", ("agb", "root_shoot", "carbon_fraction"), KG_PER_M2_T_HA),
        Term(PROJECT, "area", ("after_biomass", "after_carbon_fraction"), KG_PER_M2_T_HA, sign=-1),
    ]
    expected = emission_draws(factors, area_m2=38_400, seed=SEED, draws=5000, kg_per_m2_t_ha=KG_PER_M2_T_HA)
    assert np.abs(propagate(terms, components)[PROJECT] - expected).max() <= 2


def test_approach_1_and_2_agree_for_small_symmetric_independent_errors():
    n = 100_000
    names = {"agb": ("130", "4"), "root_shoot": ("0.23", "0.01"), "carbon_fraction": ("0.48", "0.01"),
             "after_biomass": ("13.6", "1"), "after_carbon_fraction": ("0.47", "0.01")}  # fmt: skip
    held = [normal(role, *value, draws=n) for role, value in names.items()]
    components = index([*held, fixed("area", 10**7, n)])
    terms = [
        Term(PROJECT, "area", ("agb", "carbon_fraction"), KG_PER_M2_T_HA),
        Term(PROJECT, "area", ("agb", "root_shoot", "carbon_fraction"), KG_PER_M2_T_HA),
        Term(PROJECT, "area", ("after_biomass", "after_carbon_fraction"), KG_PER_M2_T_HA, sign=-1),
    ]
    values = propagate(terms, components)[PROJECT]
    first = emission_uncertainty(
        {r: Interval(Fraction(v), Fraction(v) - Fraction(h), Fraction(v) + Fraction(h)) for r, (v, h) in names.items()}
    )
    assert percent_95(values) == pytest.approx(float(first.half_width_percent), rel=4 / sqrt(2 * n) + 0.002)


def test_the_interval_of_skewed_draws_is_not_symmetric():
    """Where they should differ: Approach 1 has one half-width, a product of wide errors has two."""
    components = index([fixed("area", 10**6), normal("a", 10, 6), normal("b", 10, 6), normal("c", 10, 6)])
    found = spread(propagate([Term(PROJECT, "area", ("a", "b", "c"), Fraction(1))], components)[PROJECT])
    assert found.q95 - found.mean > 1.3 * (found.mean - found.q05)


def test_an_amount_enters_without_factors():
    amount = Component("reference level", Fraction(5000), np.array([4000, 5000, 6000], np.int64))
    groups = propagate([Term(BASELINE, "reference level", (), Fraction(1))], index([amount]))
    assert groups[BASELINE].tolist() == [4000, 5000, 6000]


def test_the_order_of_terms_and_components_does_not_matter():
    held = [normal("a", 10, 6), normal("b", 20, 3), fixed("area", 12345)]
    terms = [Term(PROJECT, "area", ("a",), KG_PER_M2_T_HA), Term(PROJECT, "area", ("b",), KG_PER_M2_T_HA, sign=-1)]
    one = propagate(terms, index(held))[PROJECT]
    two = propagate(terms[::-1], index(held[::-1]))[PROJECT]
    assert (one == two).all()


@pytest.mark.parametrize(
    ("term", "code"),
    [
        (Term(PROJECT, "no such area", (), Fraction(1)), "uncertainty.component"),
        (Term(PROJECT, "area", ("no such factor",), Fraction(1)), "uncertainty.component"),
        (Term(PROJECT, "area", (), Fraction(1), sign=0), "uncertainty.sign"),
        (Term(PROJECT, "area", (), Fraction(10**12)), "uncertainty.overflow"),
    ],
)
def test_bad_terms_are_refused(term, code):
    with pytest.raises(PlanError) as caught:
        propagate([term], index([fixed("area", 10**5, 10)]))
    assert caught.value.error_code == code
    assert caught.value.hint


def test_a_sum_beyond_integers_is_refused():
    terms = [Term(PROJECT, "area", (), Fraction(2**52))] * 2
    with pytest.raises(PlanError) as caught:
        propagate(terms, index([fixed("area", 1, 10)]))
    assert caught.value.error_code == "uncertainty.overflow"


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ([fixed("a", 1, 10), fixed("a", 2, 10)], "uncertainty.name"),
        ([fixed("a", 1, 10), fixed("b", 2, 11)], "uncertainty.draws"),
        ([Component("a", Fraction(1), np.array([1.0, np.nan]))], "uncertainty.draws"),
        ([Component("a", Fraction(1), np.array([1.0]))], "uncertainty.draws"),
        ([Component("a", Fraction(1), np.ones((2, 2)))], "uncertainty.draws"),
    ],
)
def test_bad_components_are_refused(held, code):
    with pytest.raises(PlanError) as caught:
        index(held)
    assert (caught.value.error_code, bool(caught.value.hint)) == (code, True)


def test_a_group_that_nothing_feeds_is_refused():
    groups = propagate([Term(PROJECT, "area", (), Fraction(1))], index([fixed("area", 1, 10)]))
    for weights in ({BASELINE: 1}, {}):
        with pytest.raises(PlanError) as caught:
            combine(groups, weights)
        assert caught.value.error_code == "uncertainty.group"


def test_the_error_of_the_half_width_is_that_of_repeated_runs():
    """science.md §3: at n = 10,000 and a half-width of 24.8 % the half-width itself has sd 0.21 points."""
    stated, found = [], []
    for run in range(200):
        z = normal_quantile(uniforms(SEED, f"run {run}", 10_000))
        result = spread(np.rint(1e9 * (1 + 0.24835 / 1.6448536 * z)).astype(np.int64))
        stated.append(result.half_width_se / 1e7)
        found.append((result.q95 - result.q05) / 2 / 1e7)
    assert np.std(found, ddof=1) == pytest.approx(0.21, abs=0.03)
    assert np.mean(stated) == pytest.approx(np.std(found, ddof=1), rel=0.2)


@given(st.lists(st.integers(-3000, 3000), min_size=20, max_size=80))
@settings(deadline=None, max_examples=50)
def test_spread_agrees_with_the_summary_it_extends(values):
    draws = np.array(values, np.int64)
    found, plain = spread(draws), summarise(draws)
    assert (found.mean, found.q05, found.q95, found.mean_se) == (plain.mean, plain.q05, plain.q95, plain.mean_se)
    assert found.half_width_90 == plain.half_width_90
    assert found.half_width_se >= 0


def test_a_percentage_is_silent_near_and_below_zero():
    z = normal_quantile(uniforms(SEED, "z", 10_000))
    assert float(spread(np.rint(1000 + 100 * z).astype(np.int64)).percent) == pytest.approx(16.4, abs=1)
    assert spread(np.rint(5 + 100 * z).astype(np.int64)).percent is None
    assert spread(np.rint(-1000 + 100 * z).astype(np.int64)).percent is None


def test_a_constant_has_no_error():
    found = spread(np.full(1000, 7, np.int64))
    assert (found.mean, found.half_width_90, found.mean_se, found.half_width_se) == (7, 0, 0, 0)


def test_contributions_of_a_sum_add_up():
    """Y = 3·A + 4·B with equal errors: 9 to 16, no interaction."""
    components = index([normal("a", 1000, 100), normal("b", 1000, 100)])
    terms = [Term(PROJECT, "a", (), Fraction(3)), Term(PROJECT, "b", (), Fraction(4))]
    found = contributions(terms, components, {PROJECT: 1})
    shares = {row.label: float(row.one_at_a_time_percent) for row in found.rows}
    assert shares["b"] == pytest.approx(64, abs=2)
    assert shares["a"] == pytest.approx(36, abs=2)
    assert [row.label for row in found.rows] == ["b", "a"]
    assert abs(float(found.interaction_percent)) < 2
    assert float(found.one_at_a_time_sum) == pytest.approx(100, abs=2)


def test_contributions_of_a_product_leave_the_interaction_over():
    """Var(AB) = a²σb² + b²σa² + σa²σb²; the last is interaction, 1/(1 + 2/cv²) of the whole."""
    cv = 0.3
    half = Fraction(str(cv * 100 * Z95))
    components = index([normal("a", 100, half, 100_000), normal("b", 100, half, 100_000), fixed("one", 1, 100_000)])
    found = contributions([Term(PROJECT, "one", ("a", "b"), Fraction(1))], components, {PROJECT: 1})
    expected = 100 * cv**4 / (cv**4 + 2 * cv**2)
    assert float(found.interaction_percent) == pytest.approx(expected, abs=1)
    assert all(float(row.first_order_percent) == pytest.approx((100 - expected) / 2, abs=1) for row in found.rows)


def test_first_order_uses_the_mean_of_draws_where_the_estimate_is_off_it():
    """An estimate at half of its draws' mean halves what the other is multiplied by; the first-order index is blind to it."""
    b = normal("b", 100, 20)
    components = index([Component("a", Fraction(50), normal("a", 100, 1).draws), b, fixed("one", 1)])
    found = contributions([Term(PROJECT, "one", ("a", "b"), Fraction(1))], components, {PROJECT: 1})
    row = next(row for row in found.rows if row.label == "b")
    assert float(row.one_at_a_time_percent) == pytest.approx(25, abs=1)
    assert float(row.first_order_percent) == pytest.approx(100, abs=1)


def test_families_are_drawn_jointly():
    z = normal_quantile(uniforms(SEED, "plots", 20_000))
    agb, bgb = (Component(name, Fraction(100), 100 + 10 * z, "plots") for name in ("agb", "bgb"))
    terms = [Term(PROJECT, "one", (name,), Fraction(1)) for name in ("agb", "bgb")]
    found = contributions(terms, index([agb, bgb, fixed("one", 1)]), {PROJECT: 1})
    plots = next(row for row in found.rows if row.label == "plots")
    assert float(plots.one_at_a_time_percent) == pytest.approx(100, abs=0.1)
    apart = [Component(c.name, c.point, c.draws) for c in (agb, bgb)]
    rows = contributions(terms, index([*apart, fixed("one", 1)]), {PROJECT: 1}).rows
    assert float(sum(row.one_at_a_time_percent for row in rows)) == pytest.approx(50, abs=1)


def test_a_shared_factor_contributes_by_its_net():
    held = [fixed("area baseline", 100_000), fixed("area project", 100_000), normal("factor", 1000, 200)]
    found = contributions(areas("factor"), index(held), NET)
    assert found.sd_kg == 0
    assert [(row.label, row.sd_kg) for row in found.rows] == [("factor", 0)]


def test_work_grows_with_terms_not_with_terms_times_components(monkeypatch):
    """50 strata × 6 pools: one product of factors for each pool, one multiplication a term."""
    from mrv.uncertainty import propagation

    products, terms_done = [], []
    plain_product, plain_kilograms = propagation._product, propagation._kilograms
    monkeypatch.setattr(propagation, "_product", lambda factors: products.append(1) or plain_product(factors))
    monkeypatch.setattr(
        propagation, "_kilograms", lambda term, values: terms_done.append(values.size) or plain_kilograms(term, values)
    )
    draws, strata, pools = 1000, 50, 6
    held = [normal(f"factor {pool}", 100, 10, draws) for pool in range(pools)] + [
        fixed(f"area {s}", 10**6, draws) for s in range(strata)
    ]
    terms = [Term(PROJECT, f"area {s}", (f"factor {pool}",), KG_PER_M2_T_HA) for s in range(strata) for pool in range(pools)]
    propagate(terms, index(held))
    assert (len(products), len(terms_done), sum(terms_done)) == (pools, strata * pools, draws * strata * pools)
    terms_done.clear()
    contributions(terms, index(held), {PROJECT: 1})
    # The whole once, then each term twice for its factor; the areas are constants here.
    assert len(terms_done) == strata * pools * (1 + 2)
