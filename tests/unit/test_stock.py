from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

from mrv.carbon.stock import densities


def test_densities_by_hand():
    values = {
        "agb": "130", "root_shoot": "0.23", "carbon_fraction": "0.48", "after_biomass": "13.6",
        "after_carbon_fraction": "0.47",
    }  # fmt: skip
    found = densities({role: SimpleNamespace(value=Fraction(value)) for role, value in values.items()})
    assert found.above_ground == Fraction("62.4")
    assert found.below_ground == Fraction("14.352")
    assert found.after == Fraction("6.392")
    assert found.before == Fraction("76.752")
    assert found.emission == Fraction("70.36")
