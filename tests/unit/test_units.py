from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mrv.units import (
    CO2_PER_C,
    KG_PER_M2_T_HA,
    DateStr,
    DecimalStr,
    Digest,
    Period,
    decimal_str,
    epoch_day,
    from_epoch_day,
    kg_co2e,
    sha256_bytes,
    sha256_json,
    slug,
)

DECIMAL, DIGEST, DAY = TypeAdapter(DecimalStr), TypeAdapter(Digest), TypeAdapter(DateStr)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.500"), "1.5"), (Decimal("-0.0"), "0"), (Decimal("1E+3"), "1000"), (Decimal("1e-7"), "0.0000001"),
        (0, "0"), (-12, "-12"), (Decimal(100), "100"), (Decimal("-0.10"), "-0.1"),
    ],
)  # fmt: skip
def test_decimals_are_normalised(value, text):
    assert decimal_str(value) == text
    assert DECIMAL.validate_python(text) == text


@pytest.mark.parametrize("text", ["-0", "1.0", "01", "1e3", "+1", "", ".5", "1.", "NaN", "Infinity", " 1", "1 ", "-0.0"])
def test_other_spellings_are_refused(text):
    with pytest.raises(ValidationError):
        DECIMAL.validate_python(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=9))
@settings(deadline=None)
def test_a_decimal_string_keeps_the_number_and_fits_the_schema(value):
    text = decimal_str(value)
    assert Decimal(text) == value
    assert DECIMAL.validate_python(text) == text
    assert decimal_str(Decimal(text)) == text


@given(st.fractions(min_value=-(10**9), max_value=10**9), st.integers(0, 12))
@settings(deadline=None)
def test_a_fraction_is_rounded_half_to_even(value, places):
    stated = Fraction(decimal_str(value, places=places))
    unit = Fraction(1, 10**places)
    assert abs(stated - value) * 2 <= unit
    if abs(stated - value) * 2 == unit:
        assert (stated / unit) % 2 == 0
    assert DECIMAL.validate_python(decimal_str(value, places=places))


def test_a_fraction_without_places_is_refused():
    with pytest.raises(ValueError, match="places"):
        decimal_str(Fraction(1, 3))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        decimal_str(Decimal(value))


@pytest.mark.parametrize("kind", [Decimal, Fraction])
def test_no_digit_is_lost_to_the_decimal_context(kind):
    assert decimal_str(kind("0.125"), places=2) == "0.12"
    long = "123456789012345678901234567891"
    assert decimal_str(kind(f"{long}.25"), places=1) == f"{long}.2"


def test_carbon_to_co2_is_exact():
    assert Fraction(44, 12) == CO2_PER_C
    assert Fraction(44, 12) * 1000 == KG_PER_M2_T_HA * 10_000
    assert kg_co2e(10_000, Fraction(3)) == 11_000
    assert kg_co2e(10_000, Fraction(-3)) == -11_000


@given(st.integers(0, 10**13), st.fractions(min_value=-500, max_value=500))
@settings(deadline=None)
def test_kilograms_are_rounded_once_half_to_even(area, density):
    exact = Fraction(area, 10_000) * density * Fraction(44, 12) * 1000
    found = kg_co2e(area, density)
    assert abs(found - exact) <= Fraction(1, 2)
    assert abs(found - exact) < Fraction(1, 2) or found % 2 == 0


def test_digests():
    assert sha256_bytes(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_json({"b": 1, "a": "é"}) == sha256_bytes('{"a":"é","b":1}'.encode())
    assert DIGEST.validate_python(sha256_bytes(b"x"))


@pytest.mark.parametrize("text", ["sha256:", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "a" * 64, "sha256:" + "a" * 65])
def test_other_digests_are_refused(text):
    with pytest.raises(ValidationError):
        DIGEST.validate_python(text)


@pytest.mark.parametrize("text", ["2020-02-30", "20200101", "2020-1-1", "2020-01-01T00:00:00Z", "٢٠٢٠-01-01", ""])
def test_other_days_are_refused(text):
    with pytest.raises(ValidationError):
        DAY.validate_python(text)


@given(st.dates())
@settings(deadline=None)
def test_days_go_there_and_back(day):
    assert from_epoch_day(epoch_day(day)) == day


def test_epoch():
    assert epoch_day(date(1970, 1, 1)) == 0
    assert epoch_day(date(2020, 1, 1)) == 18262


def test_period():
    period = Period(date(2019, 1, 1), date(2020, 12, 31))
    assert period.years == (2019, 2020)
    assert date(2019, 1, 1) in period
    assert date(2020, 12, 31) in period
    assert date(2021, 1, 1) not in period
    assert str(period) == "2019-01-01/2020-12-31"
    assert Period(date(2020, 1, 1), date(2020, 1, 1)).years == (2020,)
    with pytest.raises(ValueError, match="before it starts"):
        Period(date(2020, 1, 2), date(2020, 1, 1))


@pytest.mark.parametrize(
    ("text", "safe"), [("a b/c", "a-b-c"), ("../../etc", "etc"), ("..", "x"), ("", "x"), ("ok_1.2", "ok_1.2")]
)
def test_slugs_are_safe_in_a_path(text, safe):
    assert slug(text) == safe
