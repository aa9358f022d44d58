from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mrv.carbon.tables import Factor
from mrv.errors import PlanError
from mrv.uncertainty.approach1 import Interval, emission_uncertainty
from mrv.uncertainty.montecarlo import (
    Z95,
    draw_factor,
    emission_draws,
    normal_quantile,
    quantise,
    summarise,
    uniforms,
)
from mrv.units import KG_PER_M2_T_HA, kg_co2e

SEED = "sha256:" + "0123456789abcdef" * 4


def factor(name="f", value="100", low="80", high="120", distribution="normal"):
    return Factor(name, Fraction(value), Fraction(low), Fraction(high), "95 %", distribution, "t", "made", "", verified=True)


def test_as241_against_scipy_quantised():
    u = np.concatenate([
        np.linspace(1e-6, 1 - 1e-6, 200_001), 2.0 ** -np.arange(1, 54), 1 - 2.0 ** -np.arange(1, 53),
        [0.075, 0.0749999999, 0.925, 0.9250000001, 0.5],
    ])  # fmt: skip
    expected, found = stats.norm.ppf(u), normal_quantile(u)
    assert np.abs(found - expected).max() <= 2.0**-32
    assert (found * 2**32 == np.rint(found * 2**32)).all()


def test_the_median_is_zero_and_tails_mirror():
    assert normal_quantile(np.array([0.5]))[0] == 0
    u = 2.0 ** -np.arange(2, 40)
    assert (normal_quantile(u) == -normal_quantile(1 - u)).all()


def test_z95_is_the_normal_quantile():
    assert stats.norm.ppf(0.975) == pytest.approx(Z95, abs=1e-15)


def test_quantise_halves_go_to_even():
    assert (quantise(np.array([1.5, 2.5, 0.4]) * 2.0**-32) == np.array([2, 2, 0]) * 2.0**-32).all()


def test_golden_uniforms_pin_the_key_and_the_mapping():
    """Philox4x64-10 keyed by the first 16 bytes of sha256("seed\\nstream"), little-endian; top 53 bits, half a step in."""
    raw = (uniforms(SEED, "agb", 4) * 2.0**53 - 0.5).astype(np.uint64)
    assert [int(value) for value in raw] == GOLDEN_RAW_53


def test_golden_uniforms_from_a_few_lines_of_philox():
    import hashlib

    key = hashlib.sha256(f"{SEED}\nagb".encode()).digest()[:16]
    k = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")]
    raw = [word for block in (1, 2) for word in philox4x64(block, k)]
    assert [(word >> 11) for word in raw[:4]] == GOLDEN_RAW_53
    assert (uniforms(SEED, "agb", 8) == [((word >> 11) + 0.5) * 2.0**-53 for word in raw]).all()


GOLDEN_RAW_53 = [8676931436235710, 8043375550165478, 4312416880745496, 3932902351573618]


def philox4x64(counter, key):
    """Salmon et al. 2011, Philox4x64-10; NumPy counts from one."""
    mask, (k0, k1) = 2**64 - 1, key
    x = [counter, 0, 0, 0]
    for _ in range(10):
        a, b = x[0] * 0xD2E7470EE14C6C93, x[2] * 0xCA5A826395121157
        x = [(b >> 64) ^ x[1] ^ k0, b & mask, (a >> 64) ^ x[3] ^ k1, a & mask]
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
    return x


def test_streams_are_apart_and_prefixes_agree():
    assert not np.intersect1d(uniforms(SEED, "a", 1000), uniforms(SEED, "b", 1000)).size
    assert (uniforms(SEED, "a", 1000)[:10] == uniforms(SEED, "a", 10)).all()
    u = uniforms(SEED, "a", 100_000)
    assert 0 < u.min() < u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 1e-3


def test_normal_draws_have_the_published_moments():
    n = 200_000
    draws = draw_factor(factor(), SEED, n)
    sd = 40 / (2 * Z95)
    assert abs(draws.mean() - 100) < 4 * sd / sqrt(n)
    assert abs(draws.std(ddof=1) / sd - 1) < 4 / sqrt(2 * n)
    assert stats.kstest(draws, stats.norm(100, sd).cdf).pvalue > 1e-3


def test_lognormal_keeps_the_published_mean():
    n = 200_000
    draws = draw_factor(factor(value="130", low="20", high="600", distribution="lognormal-mean-preserved"), SEED, n)
    sigma = log(30) / (2 * Z95)
    error = 130 * sqrt(exp(sigma**2) - 1) / sqrt(n)
    assert abs(draws.mean() - 130) < 4 * error
    reference = stats.lognorm(sigma, scale=130 * exp(-(sigma**2) / 2))
    assert stats.kstest(draws, reference.cdf).pvalue > 1e-3
    assert draws.min() > 0


def test_negative_normals_are_cut_at_zero():
    assert draw_factor(factor(value="1", low="-9", high="11"), SEED, 1000).min() == 0


def test_an_unknown_distribution_is_refused():
    with pytest.raises(PlanError) as caught:
        draw_factor(factor(distribution="triangular"), SEED, 10)
    assert caught.value.error_code == "factors.distribution"
    assert caught.value.field == "f"


def brute(values):
    """The documented summary, on exact fractions."""
    ordered = sorted(int(v) for v in values)
    n = len(ordered)
    mean = Fraction(sum(ordered), n)
    variance = sum((v - mean) ** 2 for v in ordered) / (n - 1)
    se_squared = variance / n
    error = 0
    while error * error < se_squared:
        error += 1
    quantile = {p: ordered[ceil(Fraction(p * n, 100)) - 1] for p in (5, 95)}
    return mean, error, quantile


@given(st.lists(st.integers(-3000, 3000), min_size=20, max_size=80))
@settings(deadline=None, max_examples=150)
def test_summary_against_exact_brute_force(values):
    mean, error, quantile = brute(values)
    found = summarise(np.array(values, np.int64))
    unit = 10 ** (len(str(found.mean_se)) - 1) if found.mean_se else 1
    # Rounded up to a whole unit; a standard error that is whole already may be one more.
    assert error <= found.mean_se <= error + 1
    for stated, exact in ((found.mean, mean), (found.q05, quantile[5]), (found.q95, quantile[95])):
        assert stated % unit == 0
        assert abs(stated - exact) * 2 <= unit
    assert found.half_width_90 == (found.q95 - found.q05) // 2


@given(st.lists(st.integers(-3000, 3000), min_size=20, max_size=60), st.randoms())
@settings(deadline=None, max_examples=50)
def test_the_order_of_draws_does_not_matter(values, random):
    shuffled = list(values)
    random.shuffle(shuffled)
    assert summarise(np.array(values)) == summarise(np.array(shuffled))


def test_summary_of_a_constant_and_of_huge_draws():
    same = summarise(np.full(1000, 7, np.int64))
    assert (same.mean, same.q05, same.q95, same.mean_se) == (7, 7, 7, 0)
    huge = summarise(np.array([2**62, -(2**62), 2**62 - 1, 5] * 10, np.int64))
    assert huge.q95 <= 2**62 + huge.mean_se


ROLES = {
    "agb": factor("a", "130", "126", "134"), "root_shoot": factor("r", "0.23", "0.22", "0.24"),
    "carbon_fraction": factor("c", "0.48", "0.47", "0.49"), "after_biomass": factor("b", "13.6", "12.6", "14.6"),
    "after_carbon_fraction": factor("d", "0.47", "0.46", "0.48"),
}  # fmt: skip


def test_monte_carlo_agrees_with_approach_1_for_small_normal_factors():
    n = 100_000
    draws = emission_draws(ROLES, area_m2=10**7, seed=SEED, draws=n, kg_per_m2_t_ha=KG_PER_M2_T_HA)
    first = emission_uncertainty({role: Interval(f.value, f.low, f.high) for role, f in ROLES.items()})
    expected_sd = float(first.half_width_percent) / 100 / Z95
    assert abs(draws.std() / draws.mean() / expected_sd - 1) < 4 / sqrt(2 * n) + 0.002
    density = Fraction("130") * Fraction("1.23") * Fraction("0.48") - Fraction("13.6") * Fraction("0.47")
    assert abs(draws.mean() / kg_co2e(10**7, density) - 1) < 4 * expected_sd / sqrt(n)


def test_a_shared_factor_has_one_draw():
    """Before and after use the same carbon fraction: with equal biomass the emission is zero in every draw."""
    shared = ROLES["carbon_fraction"]
    roles = {
        "agb": replace(ROLES["agb"], low=Fraction(130), high=Fraction(130)),
        "root_shoot": factor("r", "0", "0", "0"), "carbon_fraction": shared,
        "after_biomass": factor("b", "130", "130", "130"), "after_carbon_fraction": shared,
    }  # fmt: skip
    draws = emission_draws(roles, area_m2=10**6, seed=SEED, draws=1000, kg_per_m2_t_ha=KG_PER_M2_T_HA)
    assert (draws == 0).all()


def test_no_loss_no_emission():
    draws = emission_draws(ROLES, area_m2=0, seed=SEED, draws=1000, kg_per_m2_t_ha=KG_PER_M2_T_HA)
    assert (draws == 0).all()
    assert summarise(draws).half_width_90 == 0
