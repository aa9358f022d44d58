"""Serial blocks against the tonnes that are attested."""

from __future__ import annotations

import pytest

from mrv.registry.binding import check_serials

SERIES = "ICR-ISL-354-78040-14-R-0-2021"


def acr(start, end, year=2020):
    return f"ACR-US-192-{year}-203-{start}-{end}"


def verra(start, end, first, last):
    return f"15312-{start}-{end}-VCS-VCU-208-VER-CA-3-929-0101{first}-3112{last}-0"


def statement(creditable=100, **years):
    rows = [{"year": int(name[1:]), "issuable_t": tonnes} for name, tonnes in (years or {"y2020": creditable}).items()]
    return {"conclusion": {"creditable_t": creditable}, "quantities": {"vintages": rows}}


def status(serials, given):
    return {check.code: check.status for check in check_serials(serials, given)}


def test_none():
    assert status([], {}) == {"binding.serials": "holds"}


def test_holds_up_to_the_last_tonne():
    holds = {"binding.serials": "holds", "binding.serials-distinct": "holds", "binding.serials-quantity": "holds"}
    assert status([acr(1, 100)], statement()) == holds
    assert status([acr(1, 50), acr(51, 100)], statement()) == holds
    assert status([acr(1, 101)], statement()) == holds | {"binding.serials-quantity": "fails"}
    assert status([acr(1, 50), acr(50, 99)], statement()) == holds | {"binding.serials-distinct": "fails"}


def test_every_fault_is_told():
    told = check_serials([acr(1, 5), "ACR-US-192-2020-203-1-5O", "nobody's", acr(9, 8)], statement())
    assert [check.code for check in told] == ["serial.letter-o", "serial.registry", "serial.range"]
    assert {check.status for check in told} == {"fails"}


@pytest.mark.parametrize(
    ("serials", "given"),
    [
        ([acr(1, 60, 2020), acr(61, 70, 2021)], statement(100, y2020=50, y2021=50)),
        ([acr(1, 10, 2019)], statement()),
        ([acr(1, 10, 2021)], statement()),
        ([verra(1, 10, 2020, 2021)], statement()),
        ([verra(1, 90, 2020, 2021), verra(91, 100, 2020, 2020)], statement(95, y2020=50, y2021=50)),
        ([verra(1, 40, 2020, 2021), verra(41, 100, 2020, 2020)], statement(100, y2020=50, y2021=50)),
        ([acr(1, 1)], statement(0)),
        ([acr(1, 1)], {}),
        ([acr(1, 1)], {"conclusion": None}),
        ([acr(1, 1)], {"conclusion": {"creditable_t": "many"}, "quantities": {"vintages": []}}),
        ([acr(1, 1)], {"conclusion": {"creditable_t": 1}, "quantities": {"vintages": [7]}}),
    ],
    ids=[
        "one vintage over, the other under", "a vintage before", "a vintage after", "half of it after", "over in all",
        "over within a year", "nothing creditable", "no statement", "no conclusion", "no number", "no table",
    ],
)  # fmt: skip
def test_quantity_fails(serials, given):
    assert status(serials, given)["binding.serials-quantity"] == "fails"


def test_a_vintage_of_two_years_takes_from_both():
    given = statement(100, y2020=50, y2021=50)
    assert status([verra(1, 60, 2020, 2021), verra(61, 100, 2020, 2020)], given)["binding.serials-quantity"] == "holds"


def test_a_series_says_no_quantity():
    given = statement(100, y2020=50, y2021=50)
    assert status([SERIES], given)["binding.serials-quantity"] == "note"
    assert status([SERIES, acr(1, 51)], given)["binding.serials-quantity"] == "fails"
    assert status([SERIES], {})["binding.serials-quantity"] == "note"
    assert status([SERIES], statement())["binding.serials-quantity"] == "fails", "of a vintage that is not attested"
