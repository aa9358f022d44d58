"""Komiyama, Poungparn & Kato 2005, Journal of Tropical Ecology 21:471: common equations for mangroves."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mrv.carbon.allometry import biomass_kg, equation


@pytest.mark.parametrize(
    ("dbh", "density", "above", "below"),
    [
        (10, "0.70", "50.67243", "23.96604"),
        (20, "0.70", "278.80821", "111.65619"),
        (30, "0.85", "917.93290", "327.04678"),
    ],
)
def test_komiyama_2005_above_and_below_ground(dbh, density, above, below):
    for name, kg in (("komiyama-2005-above", above), ("komiyama-2005-below", below)):
        ours = biomass_kg(equation(name), dbh_cm=Fraction(dbh), height_m=None, density_g_cm3=Fraction(density))
        assert abs(Fraction(ours) - Fraction(kg)) <= Fraction("0.000005"), name


def test_the_lost_plus_sign_of_comley_2005():
    """A circulating table has 10^(−0.511 · 2.113 · log10 D): 83 g for a trunk of 10 cm.

    Harvested Avicennia germinans of 9 and 10 cm weighed 41 and 54 kg (Chave et al. 2014, French Guiana).
    """
    ours = biomass_kg(
        equation("comley-2005-avicennia-marina-above"), dbh_cm=Fraction(10), height_m=None, density_g_cm3=Fraction("0.7")
    )
    assert 35 < ours < 60
    assert float(ours) == pytest.approx(10 ** (-0.511 + 2.113), rel=0.01)
    assert 10 ** (-0.511 * 2.113) < 0.1
