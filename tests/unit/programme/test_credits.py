from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from support.accounts import DOCUMENT

from mrv.errors import PlanError
from mrv.programme.credits import parse_prior_credits, parse_risk_report

OTHER = "sha256:" + "cd" * 32
RISK = {
    "risk_rating_percent": "12", "buffer_percent": "13.5", "loss_event_threshold_percent": "5", "document": f'"{DOCUMENT}"',
    "as_of": "2024-01-31",
}  # fmt: skip


def prior(*rows, header="attestation,vintage,t_co2e,buffer_t"):
    return parse_prior_credits("\n".join([header, *rows]).encode())


def report(**changes):
    cells = RISK | changes
    return parse_risk_report("\n".join(f"{key} = {value}" for key, value in cells.items() if value is not None).encode())


def test_prior_credits():
    got = prior(f"{OTHER},2021,7,1", f"{DOCUMENT},2020,10,2", "")
    assert [(row.vintage, row.t_co2e, row.buffer_t) for row in got.rows] == [(2020, 10, 2), (2021, 7, 1)]
    assert (got.credited_t, got.buffer_t) == (17, 3)


def test_columns_may_stand_in_any_order():
    assert prior(f"2,10,{DOCUMENT},2020", header="buffer_t,t_co2e,attestation,vintage").rows[0].buffer_t == 2


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (f"{DOCUMENT},2020,10", "prior-credits.csv", "line 2, row"),
        (f"{DOCUMENT},2020,10,1,1", "prior-credits.csv", "line 2, row"),
        ("sha256:short,2020,10,1", "prior-credits.document", "line 2, attestation"),
        (f"{DOCUMENT.upper()},2020,10,1", "prior-credits.document", "line 2, attestation"),
        (f"{DOCUMENT},20,10,1", "prior-credits.range", "line 2, vintage"),
        (f"{DOCUMENT},2020.0,10,1", "prior-credits.integer", "line 2, vintage"),
        (f"{DOCUMENT},2020,10.5,1", "prior-credits.integer", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,-1,1", "prior-credits.range", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,1e3,1", "prior-credits.number", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,nan,1", "prior-credits.number", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,,1", "prior-credits.number", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,9999999999999,1", "prior-credits.range", "line 2, t_co2e"),
        (f"{DOCUMENT},2020,1,99999999999999999999", "prior-credits.number", "line 2, buffer_t"),
        (f"{DOCUMENT},2020,٣,1", "prior-credits.number", "line 2, t_co2e"),
    ],
)
def test_bad_prior_credits_are_refused_by_line_and_column(row, code, field):
    with pytest.raises(PlanError) as error:
        prior(row)
    assert (error.value.error_code, error.value.field) == (code, field)
    assert error.value.hint
    assert error.value.file == "prior_credits.csv"


def test_a_credit_given_twice_is_refused():
    with pytest.raises(PlanError, match="line 2 already") as error:
        prior(f"{DOCUMENT},2020,10,2", f"{DOCUMENT},2020,11,2")
    assert error.value.error_code == "prior-credits.duplicate"
    assert prior(f"{DOCUMENT},2020,10,2", f"{OTHER},2020,10,2").credited_t == 20


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "prior-credits.empty"),
        (b"\xff\xfe", "prior-credits.csv"),
        (b'a,"b\n1,2', "prior-credits.csv"),
        (b"attestation,vintage,t_co2e\n1,2,3", "prior-credits.column"),
        (b"attestation,vintage,t_co2e,buffer_t,extra\n1,2,3,4,5", "prior-credits.column"),
        (b"attestation,vintage,t_co2e,buffer_t,vintage\n1,2,3,4,5", "prior-credits.column"),
        (b"attestation;vintage;t_co2e;buffer_t\n1;2;3;4", "prior-credits.column"),
        (b"x" * (1 << 23), "prior-credits.csv"),
    ],
)
def test_bad_tables_are_refused(data, code):
    with pytest.raises(PlanError) as error:
        parse_prior_credits(data)
    assert error.value.error_code == code


def test_risk_report_reads_rating_and_buffer_apart():
    got = report()
    assert (got.risk_rating_percent, got.buffer_percent) == (Decimal(12), Decimal("13.5"))
    assert (got.loss_event_threshold_percent, got.document, got.as_of) == (Decimal(5), DOCUMENT, date(2024, 1, 31))


@pytest.mark.parametrize("day", ["2024-01-31", '"2024-01-31"'])
def test_a_day_is_a_date_or_its_text(day):
    assert report(as_of=day).as_of == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"buffer_percent": None}, "risk-report.column", "buffer_percent"),
        ({"extra": "1"}, "risk-report.column", "extra"),
        ({"buffer_percent": "-1"}, "risk-report.range", "buffer_percent"),
        ({"buffer_percent": "100.1"}, "risk-report.range", "buffer_percent"),
        ({"buffer_percent": '"13"'}, "risk-report.number", "buffer_percent"),
        ({"buffer_percent": "true"}, "risk-report.number", "buffer_percent"),
        ({"buffer_percent": "nan"}, "risk-report.number", "buffer_percent"),
        ({"buffer_percent": "inf"}, "risk-report.number", "buffer_percent"),
        ({"buffer_percent": "1e2000000"}, "risk-report.number", "buffer_percent"),
        ({"buffer_percent": "[1]"}, "risk-report.number", "buffer_percent"),
        ({"risk_rating_percent": "2024-01-31"}, "risk-report.number", "risk_rating_percent"),
        ({"document": '""'}, "risk-report.document", "document"),
        ({"document": "5"}, "risk-report.document", "document"),
        ({"as_of": "2024-01-31T00:00:00"}, "risk-report.day", "as_of"),
        ({"as_of": '"2024-02-31"'}, "risk-report.day", "as_of"),
        ({"as_of": "20240131"}, "risk-report.day", "as_of"),
        ({"as_of": "=="}, "risk-report.toml", "file"),
    ],
)
def test_bad_risk_reports_are_refused_by_field(changes, code, field):
    with pytest.raises(PlanError) as error:
        report(**changes)
    assert (error.value.error_code, error.value.field) == (code, field)
    assert error.value.hint


def test_a_header_alone_says_that_nothing_was_credited():
    assert parse_prior_credits(b"attestation,vintage,t_co2e,buffer_t\n").rows == ()
