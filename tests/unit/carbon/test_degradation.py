from __future__ import annotations

from fractions import Fraction

import pytest

from mrv.carbon.degradation import ClassArea, StockDifference, degradation
from mrv.errors import PlanError
from mrv.units import kg_co2e

LIGHT = StockDifference(Fraction(10), Fraction(6), Fraction(14), "plots")
HEAVY = StockDifference(Fraction(40), Fraction(30), Fraction(60), "plots")
HECTARE = 10_000


def area(year, intensity, hectares):
    return ClassArea(year, intensity, hectares * HECTARE)


def run(degraded, recovered=(), differences=None, scenario="project"):
    chosen = {"light": LIGHT, "heavy": HEAVY} if differences is None else differences
    return degradation(degraded, list(recovered), chosen, scenario=scenario)


def code_of(*args, **kwargs):
    with pytest.raises(PlanError) as caught:
        run(*args, **kwargs)
    assert caught.value.hint
    return caught.value.error_code


def test_area_times_stock_difference_with_its_interval():
    found = run([area(2020, "light", 3), area(2020, "heavy", 1)])
    heavy, light = found.flows
    assert (light.kg_co2e, light.low_kg_co2e, light.high_kg_co2e) == (110_000, 66_000, 154_000)
    assert heavy.kg_co2e == kg_co2e(HECTARE, Fraction(40))
    assert (heavy.kind, found.omitted) == ("emission", ())


def test_regrowth_counts_once_and_gives_back_what_was_taken():
    found = run([area(2020, "light", 3)], [area(2022, "light", 3)])
    assert [flow.kind for flow in found.flows] == ["emission", "removal"]
    assert sum(flow.kg_co2e for flow in found.flows) == 0
    removal = found.flows[1]
    assert (removal.low_kg_co2e, removal.high_kg_co2e) == (-154_000, -66_000)


def test_regrowth_in_the_difference_and_in_the_area_is_refused():
    net = {"light": StockDifference(Fraction(5), Fraction(2), Fraction(8), "plots after 3 years", net_of_regrowth=True)}
    assert code_of([area(2020, "light", 3)], [area(2022, "light", 1)], net) == "degradation.regrowth-twice"
    # Alone it stands.
    assert len(run([area(2020, "light", 3)], [], net).flows) == 1


@pytest.mark.parametrize(
    ("degraded", "recovered"),
    [
        ([area(2020, "light", 3)], [area(2021, "light", 4)]),
        ([area(2020, "light", 3)], [area(2021, "light", 2), area(2022, "light", 2)]),
        ([area(2021, "light", 3)], [area(2020, "light", 1)]),
        ([area(2020, "heavy", 3)], [area(2021, "light", 1)]),
    ],
)
def test_no_more_grows_again_than_was_degraded(degraded, recovered):
    assert code_of(degraded, recovered) == "degradation.regrowth-area"


@pytest.mark.parametrize(
    ("scenario", "direction"),
    [
        ("project", "project emissions understated, net benefit overstated"),
        ("baseline", "baseline emissions understated, net benefit understated"),
    ],
)
def test_a_class_without_a_factor_is_named_with_its_direction(scenario, direction):
    found = run([area(2020, "light", 3), area(2021, "light", 1), area(2020, "heavy", 1)], [], {"heavy": HEAVY}, scenario)
    assert [flow.intensity for flow in found.flows] == ["heavy"]
    (omitted,) = found.omitted
    assert (omitted.intensity, omitted.degraded_m2, omitted.direction) == ("light", 4 * HECTARE, direction)
    code, item, value = omitted.finding
    assert (code, item) == ("degradation.omitted", "light")
    assert direction in value


def test_what_recovered_in_full_has_no_direction():
    (omitted,) = run([area(2020, "light", 3)], [area(2021, "light", 3)], {}).omitted
    assert "no direction" in omitted.direction


def test_nothing_degraded_nothing_omitted():
    assert run([ClassArea(2020, "light", 0)], [], {}).omitted == ()
    assert run([]).flows == ()


@pytest.mark.parametrize(
    ("degraded", "recovered"),
    [
        ([ClassArea(2020, "light", -1)], []),
        ([area(2020, "light", 1), area(2020, "light", 2)], []),
        ([area(2020, "light", 9)], [area(2021, "light", 1), area(2021, "light", 2)]),
        ([area(2020, "light", 9)], [ClassArea(2021, "light", -1)]),
    ],
)
def test_bad_areas_are_refused(degraded, recovered):
    assert code_of(degraded, recovered) == "degradation.area"


@pytest.mark.parametrize(("value", "low", "high"), [(10, 11, 12), (10, 5, 9), (-1, -2, 0)])
def test_bad_differences_are_refused(value, low, high):
    with pytest.raises(PlanError) as caught:
        StockDifference(Fraction(value), Fraction(low), Fraction(high), "plots")
    assert caught.value.error_code == "degradation.difference"
