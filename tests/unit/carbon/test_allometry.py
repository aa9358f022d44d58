from __future__ import annotations

import math
from fractions import Fraction

import pytest

from mrv.carbon import allometry
from mrv.carbon.allometry import FORMS, biomass_g, biomass_kg, equation, load_allometries
from mrv.carbon.plot_draws import _factorise
from mrv.errors import PlanError

TABLE = load_allometries()


def kg(name, dbh="20", height="18", density="0.6"):
    return biomass_kg(
        equation(name),
        dbh_cm=Fraction(dbh),
        height_m=Fraction(height) if height else None,
        density_g_cm3=Fraction(density),
    )


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_equation_is_complete(name):
    own = TABLE[name]
    assert own.form in FORMS
    assert own.source
    assert own.bias_corrected in {"yes", "no", "unknown"}
    if not own.verified:
        assert own.note
    low, high = own.dbh_cm
    assert low is None or high is None or low < high
    for matrix in (own.covariance, own.covariance_site):
        if matrix is not None:
            assert len(matrix) == own.parameters
            assert all(pivot >= 0 for pivot in _factorise(matrix)[1])


@pytest.mark.parametrize("name", sorted(TABLE))
def test_grams_round_the_kilograms_and_floats_agree(name):
    own = TABLE[name]
    a, b = float(own.coefficients[0]), float(own.coefficients[1])
    ln = math.log(20)
    if own.form == allometry.POWER_VOLUME:
        expected = a * (0.6 * 20**2 * 18) ** b
    elif own.form == allometry.POWER_DENSITY:
        expected = a * 0.6 ** float(own.coefficients[2]) * 20**b
    else:
        c, d = map(float, own.coefficients[2:])
        expected = 0.6 * math.exp(a + b * ln + c * ln**2 + d * ln**3)
    assert float(kg(name)) == pytest.approx(expected, rel=1e-12)
    grams = biomass_g(own, dbh_cm=Fraction(20), height_m=Fraction(18), density_g_cm3=Fraction("0.6"))
    assert grams == round(Fraction(kg(name)) * 1000)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_elasticities_are_the_slopes_of_the_curve(name):
    own, step = TABLE[name], "20.0002"
    ratio = math.log(kg(name, dbh=step) / kg(name)) / math.log(20.0002 / 20)
    assert ratio == pytest.approx(float(own.dbh_power(Fraction(math.log(20.0001)))), rel=1e-5)
    assert math.log(kg(name, density="0.66") / kg(name)) == pytest.approx(float(own.density_power) * math.log(1.1), abs=1e-9)
    assert math.log(kg(name, height="19.8") / kg(name)) == pytest.approx(float(own.height_power) * math.log(1.1), abs=1e-9)


def test_a_tree_without_the_height_its_equation_needs_is_refused():
    with pytest.raises(PlanError) as caught:
        kg("chave-2014-eq4", height="")
    assert caught.value.error_code == "allometry.height-missing"
    assert kg("chave-2005-mangrove", height="") > 0


@pytest.mark.parametrize(("call", "code"), [(equation, "allometry.unknown"), (load_allometries, "allometry.table")])
def test_unknown_names_are_refused(call, code):
    with pytest.raises(PlanError) as caught:
        call("no-such-thing")
    assert caught.value.error_code == code
    assert caught.value.hint


def test_a_form_outside_the_closed_set_is_refused():
    row = dict.fromkeys(("a", "b", "c", "d", "rse", "covariance", "covariance_site", "site_sd"), "")
    with pytest.raises(PlanError) as caught:
        allometry._equation(row | {"id": "x", "form": "exec(a)", "pool": "above-ground"})
    assert caught.value.error_code == "allometry.form"


def test_logarithms_are_correctly_rounded():
    """28 digits of ln 2 (OEIS A002162)."""
    assert str(allometry.ln(Fraction(2))) == "0.6931471805599453094172321215"
