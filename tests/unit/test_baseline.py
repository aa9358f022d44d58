from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.accounts import DOCUMENT

from mrv.accounts.baseline import parse_leakage, parse_reference_level
from mrv.errors import PlanError

HEADER = "year,flow,quantity,unit,se,method,document"


def row(**changes):
    cells = {
        "year": "2020", "flow": "emissions", "quantity": "12.5", "unit": "ha", "se": "1.25", "method": "historical average",
        "document": DOCUMENT,
    }  # fmt: skip
    return ",".join((cells | changes).values())


def level(*rows, header=HEADER):
    return parse_reference_level("\n".join([header, *rows]).encode())


def table(**changes):
    cells = {
        "year": "2020", "quantity": "5", "unit": '"t CO2e"', "se": "0.5", "method": '"share of the level"',
        "document": f'"{DOCUMENT}"',
    }  # fmt: skip
    return "[[leakage]]\n" + "\n".join(f"{key} = {value}" for key, value in (cells | changes).items() if value is not None)


def leakage(*tables):
    return parse_leakage("\n".join(tables).encode())


def test_a_reference_level():
    got = level(row(year="2021"), row(), row(flow="removals", quantity="-3", unit="t CO2e"))
    assert [(r.year, r.flow, r.quantity) for r in got.rows] == [
        (2020, "emissions", Decimal("12.5")), (2020, "removals", Decimal(-3)), (2021, "emissions", Decimal("12.5")),
    ]  # fmt: skip
    assert got.rows[0].document == DOCUMENT
    assert got.rows[0].se == Decimal("1.25")
    assert got.span() == (2020, 2021)


def test_every_year_needs_its_emissions_and_may_lack_removals():
    got = level(row(), row(year="2022"), row(year="2021", flow="removals", quantity="-1", unit="t CO2e"))
    assert [r.year for r in got.for_years([2020])] == [2020]
    with pytest.raises(PlanError, match="2021") as error:
        got.for_years([2020, 2021, 2022])
    assert (error.value.error_code, error.value.field) == ("reference-level.year-missing", "year 2021")
    assert error.value.hint


@pytest.mark.parametrize("quantity", ["0", "-0", "0.0"])
@pytest.mark.parametrize("flow", ["emissions", "removals"])
def test_zero_has_both_signs(quantity, flow):
    assert level(row(flow=flow, quantity=quantity, unit="t CO2e")).rows[0].quantity == 0


@pytest.mark.parametrize(("flow", "quantity"), [("removals", "3"), ("emissions", "-3"), ("removals", "0.001")])
def test_a_quantity_of_the_wrong_sign_is_refused_with_the_convention(flow, quantity):
    with pytest.raises(PlanError, match="wrong sign") as error:
        level(row(flow=flow, quantity=quantity, unit="t CO2e"))
    assert error.value.error_code == "reference-level.sign"
    assert "positive goes to the atmosphere" in error.value.hint
    assert "-5" in error.value.hint


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"year": "20"}, "range", "year"),
        ({"year": ""}, "number", "year"),
        ({"year": "2020.5"}, "integer", "year"),
        ({"flow": "emission"}, "choice", "flow"),
        ({"flow": ""}, "choice", "flow"),
        ({"unit": "tCO2e"}, "choice", "unit"),
        ({"unit": "kg"}, "choice", "unit"),
        ({"se": "-1"}, "range", "se"),
        ({"se": ""}, "number", "se"),
        ({"se": "nan"}, "number", "se"),
        ({"quantity": "inf"}, "number", "quantity"),
        ({"quantity": "1e3"}, "number", "quantity"),
        ({"quantity": "1 000"}, "number", "quantity"),
        ({"quantity": "12.1234567891"}, "number", "quantity"),
        ({"quantity": "9999999999999999"}, "number", "quantity"),
        ({"quantity": "+5"}, "number", "quantity"),
        ({"method": ""}, "text", "method"),
        ({"method": "x" * 501}, "text", "method"),
        ({"method": "a\x07b"}, "text", "method"),
        ({"document": ""}, "document", "document"),
        ({"document": "report.pdf"}, "document", "document"),
        ({"document": "sha256:" + "g" * 64}, "document", "document"),
        ({"flow": "removals", "quantity": "-1"}, "unit", "unit"),
    ],
)
def test_bad_rows_are_refused_by_line_and_column(changes, code, column):
    with pytest.raises(PlanError) as error:
        level(row(year="2019"), row(**changes))
    assert error.value.error_code == f"reference-level.{code}"
    assert error.value.field == f"line 3, {column}"
    assert error.value.file == "reference_level.csv"
    assert error.value.hint


def test_a_year_given_twice_is_refused():
    with pytest.raises(PlanError, match="line 2 already") as error:
        level(row(), row(quantity="13"))
    assert error.value.error_code == "reference-level.duplicate"


def test_emissions_in_two_units_are_refused():
    with pytest.raises(PlanError) as error:
        level(row(), row(year="2021", unit="t CO2e"))
    assert error.value.error_code == "reference-level.units"


@pytest.mark.parametrize("gone", HEADER.split(","))
def test_a_missing_column_is_refused(gone):
    header = ",".join(name for name in HEADER.split(",") if name != gone)
    with pytest.raises(PlanError) as error:
        level("1,2,3,4,5,6", header=header)
    assert (error.value.error_code, error.value.field) == ("reference-level.column", f"line 1, {gone}")


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(data):
    for parse in (parse_reference_level, parse_leakage):
        with suppress(PlanError):
            parse(data)


def test_leakage():
    got = leakage(table(year="2021"), table())
    assert [(r.year, r.flow, r.quantity) for r in got.rows] == [
        (2020, "emissions", Decimal(5)),
        (2021, "emissions", Decimal(5)),
    ]
    assert [r.year for r in got.for_years([2021])] == [2021]


def test_leakage_of_a_missing_year_is_refused_for_nothing_must_be_said():
    with pytest.raises(PlanError) as error:
        leakage(table()).for_years([2020, 2021])
    assert error.value.error_code == "leakage.year-missing"
    assert "row of 0" in error.value.hint


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"quantity": "-1"}, "sign", "quantity"),
        ({"quantity": "nan"}, "number", "quantity"),
        ({"quantity": '"5"'}, "number", "quantity"),
        ({"quantity": "true"}, "number", "quantity"),
        ({"quantity": None}, "column", "quantity"),
        ({"se": "-0.5"}, "range", "se"),
        ({"unit": '"tonnes"'}, "choice", "unit"),
        ({"unit": "[]"}, "choice", "unit"),
        ({"document": None}, "column", "document"),
        ({"flow": '"emissions"'}, "column", "flow"),
        ({"year": "2020.0"}, "integer", "year"),
        ({"method": "5"}, "text", "method"),
    ],
)
def test_bad_leakage_is_refused_by_entry_and_field(changes, code, column):
    with pytest.raises(PlanError) as error:
        leakage(table(year="2019"), table(**changes))
    assert error.value.error_code == f"leakage.{code}"
    assert error.value.field == f"leakage 2, {column}"


def test_leakage_given_twice_is_refused():
    with pytest.raises(PlanError, match="leakage 1 already"):
        leakage(table(), table())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "column"),
        ("leakage = 5", "empty"),
        ("leakage = []", "empty"),
        ("leakage = [1]", "empty"),
        ("a = 1", "column"),
        ("a =", "toml"),
    ],
)
def test_bad_leakage_files_are_refused(text, code):
    with pytest.raises(PlanError) as error:
        leakage(text)
    assert error.value.error_code == f"leakage.{code}"


def test_leakage_beside_other_members_is_refused():
    with pytest.raises(PlanError) as error:
        leakage("other = 1", table())
    assert (error.value.error_code, error.value.field) == ("leakage.column", "other")
