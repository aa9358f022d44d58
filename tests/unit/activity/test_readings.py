from __future__ import annotations

import pytest
from support.made_sample import CLASSES, YEARS, label, made_sample

from mrv.activity.cohort import fate
from mrv.activity.interpreters import rates_from_gold
from mrv.activity.readings import agreement, gold_counts, parse_readings
from mrv.activity.reference import parse_reference
from mrv.errors import PlanError

MADE = made_sample()
SAMPLE = parse_reference(MADE.reference(), frame=MADE.frame, drawn=MADE.drawn)
TWICE = 60
COLUMNS = ("unit", "interpreter", *map(str, YEARS))


def table(edit=lambda _: None, columns=COLUMNS):
    """The first units of the sheet, read by an expert who sees the truth and by ben, who takes thinned for forest."""
    rows = []
    for entry in MADE.drawn[:TWICE]:
        unit = entry.unit
        labels = label(unit.row, unit.col, unit.stratum)
        rows.append([unit.id, "expert", *labels])
        rows.append([unit.id, "ben", *(name.replace("thinned", "forest") for name in labels)])
    rows = edit(rows) or rows
    return "\n".join([",".join(columns), *(",".join(row) for row in rows)]).encode()


def read(data):
    return parse_readings(data, frame=MADE.frame, drawn=MADE.drawn, years=YEARS)


def lost(roles):
    return "loss" if fate(YEARS, roles) == "loss" else "other"


def test_agreement_is_counted_by_year():
    readings = read(table())
    assert readings.interpreters == ("ben", "expert")
    thinned = [
        sum(label(e.unit.row, e.unit.col, e.unit.stratum)[at] == "thinned" for e in MADE.drawn[:TWICE]) for at in range(3)
    ]
    assert sum(thinned) > 3
    assert agreement(readings) == {year: (TWICE - n, TWICE) for year, n in zip(YEARS, thinned, strict=True)}


def test_gold_units_give_error_rates():
    """Ana of the reference sample sees the truth, so the rates are the identity; against ben's reading they are not."""
    readings = read(table())
    gold = gold_counts(readings, SAMPLE, truth="expert", classify=lost)
    assert sum(gold.values()) == TWICE
    assert set(gold) == {("loss", "loss"), ("other", "other")}
    assert rates_from_gold(gold, ["loss", "other"]).rates == ((1, 0), (0, 1))
    against = gold_counts(readings, SAMPLE, truth="ben", classify=lambda roles: roles[1])
    assert against["forest", "degraded:moderate"] > 0


def test_a_unit_is_no_gold_for_its_own_interpreter():
    with pytest.raises(PlanError) as caught:
        gold_counts(read(table()), SAMPLE, truth="cleo", classify=lost)
    assert caught.value.error_code == "reference.gold"
    own = read(table(lambda rows: [[unit, "ana", *labels] for unit, who, *labels in rows if who == "expert"]))
    with pytest.raises(PlanError):
        gold_counts(own, SAMPLE, truth="ana", classify=lost)


def cell(at, value):
    def edit(rows):
        rows[3][at] = value

    return edit


CASES = {
    "a unit that was not drawn": (table(cell(0, "r00039c00000")), "reference.stray-unit", "line 5, column unit"),
    "nobody named": (table(cell(1, "")), "reference.interpreter", "line 5, column interpreter"),
    "a reading twice": (table(cell(1, "expert")), "reference.duplicate", "line 5, column unit"),
    "an unknown class": (table(cell(3, "wood")), "reference.class", "line 5, column 2020"),
    "no label": (table(cell(3, "")), "reference.class", "line 5, column 2020"),
    "a year missing": (table(columns=("unit", "interpreter", "2019", "2020", "2022")), "reference.year", "column 2021"),
    "no interpreter column": (table(columns=("unit", "who", "2019", "2020", "2021")), "reference.column", "column interpreter"),
    "a column of one's own": (
        table(lambda rows: [[*row, ""] for row in rows], ("unit", "interpreter", "2019", "2020", "2021", "map")),
        "reference.column", "line 1",
    ),
    "nothing": (b"", "reference.syntax", None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_spoilt_readings_are_refused_by_line_and_column(case):
    data, code, field = CASES[case]
    with pytest.raises(PlanError) as caught:
        read(data)
    error = caught.value
    assert (error.error_code, error.file, error.field) == (code, "interpreters.csv", field)
    assert error.hint


def test_the_frames_classes_are_the_plans():
    assert MADE.frame.roles == CLASSES
