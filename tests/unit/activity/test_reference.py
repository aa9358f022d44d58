from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_sample import CLASSES, GRID, NAMES, YEARS, label, made_sample

from mrv.activity.design import ResponseDesign
from mrv.activity.panel import read_panel
from mrv.activity.reference import parse_reference
from mrv.errors import PlanError
from mrv.units import sha256_bytes

MADE = made_sample()
STRICT = made_sample(response=ResponseDesign("The state at the end of each year.", CLASSES, YEARS, 0))


def read(data, made=MADE, **options):
    return parse_reference(data, frame=made.frame, drawn=made.drawn, **options)


def refused(code, data, made=MADE, **options):
    with pytest.raises(PlanError) as caught:
        read(data, made, **options)
    error = caught.value
    assert (error.error_code, error.file) == (code, "reference.csv")
    assert error.hint
    return error


def of_stratum(code):
    return [entry.unit.id for entry in MADE.drawn if entry.unit.stratum == code]


def test_the_sample_is_what_was_interpreted():
    data = MADE.reference()
    sample = read(data)
    assert (sample.digest, sample.frame, sample.years) == (sha256_bytes(data), MADE.frame.digest(), YEARS)
    assert [(s.name, s.drawn, s.responded, s.missing, s.partial) for s in sample.strata] == [
        ("tree-cover loss", 20, 20, 0, 0), ("buffer around loss", 20, 20, 0, 0),
        ("stable forest", 54, 54, 0, 0), ("stable non-forest", 26, 26, 0, 0),
    ]  # fmt: skip
    assert [unit.unit for unit in sample.units] == sorted((e.unit for e in MADE.drawn), key=lambda u: (u.row, u.col))
    for unit in sample.units:
        assert unit.labels == label(unit.unit.row, unit.unit.col, unit.unit.stratum)
        assert unit.roles == tuple(CLASSES[name] for name in unit.labels)
    assert (sample.interpreters, sample.missing) == (("ana",), ())


def test_a_panel_is_read_from_bytes():
    panel = read_panel(MADE.files(), project="made", grid=GRID, inside=MADE.strata > 0, classes=CLASSES)
    assert panel.reference == read(MADE.reference())


@pytest.mark.parametrize(
    "data",
    [
        MADE.reference(lambda rows: rows[::-1]),
        b"\xef\xbb\xbf" + MADE.reference(),
        MADE.reference().replace(b"\n", b"\r\n") + b"\r\n,,,,,,,,,,\r\n",
        MADE.reference(lambda rows: [dict(reversed(row.items())) for row in rows]),
        MADE.reference(stratum=True),
        MADE.reference(lambda rows: [row | {"stratum": NAMES[int(row["stratum"])]} for row in rows], stratum=True),
        MADE.reference(lambda rows: [{**row, "lon": row["lon"][:-1], "lat": f" {float(row['lat']):.6f} "} for row in rows]),
        MADE.reference(lambda rows: [{k: v for k, v in row.items() if k not in {"note", "confidence"}} for row in rows]),
        MADE.reference(lambda rows: [row | {"note": 'a, b\nand "c"'} for row in rows]),
    ],
    ids=["sorted", "mark", "windows", "columns", "codes", "names", "rounded", "no notes", "notes"],
)  # fmt: skip
def test_what_a_spreadsheet_does_changes_nothing(data):
    plain = read(MADE.reference())
    sample = read(data)
    assert [(u.unit, u.labels) for u in sample.units] == [(u.unit, u.labels) for u in plain.units]
    assert sample.strata == plain.strata


def put(column, value, at=4):
    def change(rows):
        rows[at][column] = value

    return change


def without(at):
    def change(rows):
        return rows[:at] + rows[at + 1 :]

    return change


def twice(rows):
    return [*rows, rows[3]]


def stray(rows):
    return [*rows, rows[3] | {"unit": "r00039c00000", "row": "39", "col": "0"}]


def swapped(rows):
    """Two units exchange their names: both were drawn, neither is where it says."""
    rows[0]["unit"], rows[1]["unit"] = rows[1]["unit"], rows[0]["unit"]


def nudged(rows):
    rows[4]["lon"] = f"{float(rows[4]['lon']) + 0.0001:.7f}"


def renamed(old, new):
    return lambda rows: [{new if name == old else name: cell for name, cell in row.items()} for row in rows]


def dropped(column):
    return lambda rows: [{name: cell for name, cell in row.items() if name != column} for row in rows]


CASES = {
    "a missing drawn point": (without(7), "reference.missing-unit", "unit"),
    "a duplicate": (twice, "reference.duplicate", "line 122, column unit"),
    "a unit that was not drawn": (stray, "reference.stray-unit", "line 122, column unit"),
    "a unit without a name": (put("unit", ""), "reference.stray-unit", "line 6, column unit"),
    "an unknown class": (put("2020", "Forest"), "reference.class", "line 6, column 2020"),
    "a role instead of a label": (put("2020", "non-forest"), "reference.class", "line 6, column 2020"),
    "a point moved by a pixel": (nudged, "reference.moved", "line 6, column lon"),
    "a point moved in its row": (put("row", "1"), "reference.moved", "line 6, column row"),
    "two points exchanged": (swapped, "reference.moved", "line 2, column row"),
    "a latitude that is no number": (put("lat", "north"), "reference.moved", "line 6, column lat"),
    "a latitude that is NaN": (put("lat", "NaN"), "reference.moved", "line 6, column lat"),
    "no longitude": (put("lon", ""), "reference.moved", "line 6, column lon"),
    "a label year missing": (dropped("2020"), "reference.year", "column 2020"),
    "the first label year missing": (dropped("2019"), "reference.year", "column 2019"),
    "a year before the frame's": (renamed("note", "2018"), "reference.year", "column 2018"),
    "a later year after a gap": (renamed("note", "2023"), "reference.year", "column 2022"),
    "a year misspelt": (renamed("2020", "2O20"), "reference.column", "line 1"),
    "a column of one's own": (renamed("note", "stratum_now"), "reference.column", "line 1"),
    "no interpreter column": (dropped("interpreter"), "reference.column", "line 1"),
    "nobody named": (put("interpreter", ""), "reference.interpreter", "line 6, column interpreter"),
    "an unknown confidence": (put("confidence", "sure"), "reference.confidence", "line 6, column confidence"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_spoilt_sample_is_refused_by_line_and_column(case):
    change, code, field = CASES[case]
    error = refused(code, MADE.reference(change))
    assert error.field == field


def test_the_recorded_stratum_must_be_the_design_stratum():
    """Whatever the current map says: the control is the same sheet with the right code."""
    read(MADE.reference(stratum=True))
    for wrong in ("1", "2", "stable non-forest", "9", ""):
        at, right = next(
            (number, entry.unit.stratum) for number, entry in enumerate(MADE.drawn)
            if wrong not in {str(entry.unit.stratum), NAMES[entry.unit.stratum]}
        )  # fmt: skip
        error = refused("reference.stratum", MADE.reference(put("stratum", wrong, at), stratum=True))
        assert NAMES[right] in error.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "reference.syntax"),
        (b"\n\n", "reference.syntax"),
        (b"\xff\xfe", "reference.syntax"),
        (MADE.reference().replace(b",", b";"), "reference.syntax"),
        (MADE.reference() + b"r1,2\n", "reference.syntax"),
        (MADE.reference() + b'"open', "reference.syntax"),
        (MADE.reference().replace(b",note", b",unit"), "reference.column"),
        (MADE.reference().replace(b",note", b","), "reference.column"),
        (MADE.reference().split(b"\n")[0], "reference.missing-unit"),
    ],
)
def test_what_is_no_table_is_refused(data, code):
    refused(code, data)


def unlabelled(names, *years):
    def change(rows):
        for row in rows:
            if row["unit"] in names:
                row.update(dict.fromkeys(years or map(str, YEARS), ""))

    return change


def test_non_response_is_counted_and_left_out():
    gone = of_stratum(3)[:2]
    sample = read(MADE.reference(unlabelled(gone)))
    assert sample.missing == tuple(sorted(gone))
    assert [(s.drawn, s.responded, s.missing, s.partial) for s in sample.strata][2] == (54, 52, 2, 0)
    assert not {unit.unit.id for unit in sample.units} & set(gone)
    assert sample.rule == "missing at random within the stratum"


def test_a_unit_with_one_year_missing_is_a_non_response():
    gone = of_stratum(3)[:2]
    sample = read(MADE.reference(unlabelled(gone, "2021")))
    assert [(s.responded, s.partial) for s in sample.strata][2] == (52, 2)


def test_more_non_response_than_the_frame_allows_is_refused_in_each_stratum():
    """10 % of 20 are 2 units; 3 are too many, though they are 2.5 % of the whole sample."""
    read(MADE.reference(unlabelled(of_stratum(1)[:2])))
    error = refused("reference.non-response", MADE.reference(unlabelled(of_stratum(1)[:3])))
    assert error.field == "stratum tree-cover loss"
    assert "3 of 20" in error.message


def test_a_rule_that_refuses_refuses_one():
    read(STRICT.reference(), STRICT)
    first = STRICT.drawn[0].unit.id
    assert first in refused("reference.non-response", STRICT.reference(unlabelled({first})), STRICT).message


def test_one_interpreted_unit_is_an_error():
    from mrv.activity.design import SampleSize

    made = made_sample(
        size=SampleSize(8, "equal", 2), response=ResponseDesign("The state at the end of each year.", CLASSES, YEARS, 50)
    )
    of_loss = [entry.unit.id for entry in made.drawn if entry.unit.stratum == 1]
    assert len(of_loss) == 2
    refused("reference.one-unit", made.reference(unlabelled({of_loss[0]})), made)


def later(rows):
    return [{**row, "2022": row["2021"], "2023": "other"} for row in rows]


def test_later_years_follow_and_can_be_left_unread():
    data = MADE.reference(later)
    assert read(data).years == (2019, 2020, 2021, 2022, 2023)
    early = read(data, last_year=2021)
    assert early.years == YEARS
    assert early.units == read(MADE.reference()).units
    refused("reference.year", data, last_year=2019)
    half = MADE.reference(lambda rows: [row | {"2023": ""} for row in later(rows)])
    refused("reference.non-response", half)
    assert read(half, last_year=2022).missing == ()


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=150)
def test_hostile_bytes_are_refused_by_name(data):
    for hostile in (data, MADE.reference()[:200] + data, MADE.reference() + data):
        with suppress(PlanError):  # and nothing else
            read(hostile)
