"""Chave et al. 2005, Oecologia 145:87: the mangrove equation, against the trees it was made from."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import number, shared_rows

from mrv.carbon.allometry import biomass_kg, equation

CHAVE = equation("chave-2005-mangrove")


def ours(name: str, dbh: str, density: str, height: str = "") -> float:
    return float(
        biomass_kg(
            equation(name),
            dbh_cm=Fraction(dbh),
            height_m=Fraction(height) if height else None,
            density_g_cm3=Fraction(density),
        )
    )


@pytest.mark.parametrize("dbh", ["5", "10", "23.4", "42"])
def test_chave_2005_mangrove_is_the_printed_formula(dbh):
    ln = math.log(float(dbh))
    printed = 0.7 * math.exp(-1.349 + 1.980 * ln + 0.207 * ln**2 - 0.0281 * ln**3)
    assert ours("chave-2005-mangrove", dbh, "0.7") == pytest.approx(printed, rel=1e-13)


def mangroves():
    """The 84 weighed trees of Guadeloupe and French Guiana."""
    rows = shared_rows("chave2014-harvest", "Allometry-database-2012m_data.csv")
    names = ("Trunk.diameter..cm.", "Wood.specific.gravity", "Dry.total.AGB..kg.", "Total.height..m.")
    kept = [row for row in rows if row["Locality"] in {"MGuadel", "MFrenchG"}]
    return [row for row in kept if all(math.isfinite(number(row[name])) for name in names)]


def log_ratios(name: str) -> tuple[np.ndarray, float]:
    rows = mangroves()
    height = [row["Total.height..m."] if equation(name).needs_height else "" for row in rows]
    kg = np.array([
        ours(name, row["Trunk.diameter..cm."], row["Wood.specific.gravity"], h) for row, h in zip(rows, height, strict=True)
    ])  # fmt: skip
    weighed = np.array([number(row["Dry.total.AGB..kg."]) for row in rows])
    return np.log(weighed / kg), float(weighed.sum() / kg.sum())


def test_chave_2005_mangrove_fits_its_84_trees():
    ratio, mass = log_ratios("chave-2005-mangrove")
    assert len(ratio) == 84
    assert mass == pytest.approx(0.984, abs=5e-4)
    assert ratio.std(ddof=1) == pytest.approx(float(CHAVE.rse_ln), abs=5e-5)
    # The correction for the logarithm is inside: the mean of ln is below zero by half the variance, the mass is right.
    assert ratio.mean() == pytest.approx(-(ratio.var(ddof=1)) / 2, abs=0.01)


def test_the_height_form_fits_them_too():
    _, mass = log_ratios("chave-2005-mangrove-height")
    assert mass == pytest.approx(1, abs=0.1)


def test_a_lost_sign_would_show():
    ln = math.log(20)
    lost = 0.78 * math.exp(-1.349 + 1.980 * ln + 0.207 * ln**2 + 0.0281 * ln**3)
    assert lost > 3 * ours("chave-2005-mangrove", "20", "0.78")


def test_komiyama_2005_gives_these_trees_two_fifths_more():
    """South-East Asia's equation on trees of the Americas: the choice of equation is a component of the error."""
    ratio, mass = log_ratios("komiyama-2005-above")
    assert 1 / mass == pytest.approx(1.388, abs=5e-4)
    assert ratio.std(ddof=1) == pytest.approx(float(equation("komiyama-2005-above").rse_ln), abs=5e-5)
