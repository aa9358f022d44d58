"""Tables that are committed beside the code: read whole, or refused."""

from __future__ import annotations

import pytest

from mrv.carbon.tables import load_table, table_names
from mrv.change.published import _COLUMNS, table_rows
from mrv.committed import committed_names, committed_rows, parse_rows
from mrv.errors import PlanError

TWO = ("name", "value")


def test_a_table_after_what_it_says_of_itself():
    data = b'# where it comes from\n# and more\nname,value\na,"1, or 2"\n#b,\n'
    assert parse_rows(data, TWO, file="t.csv") == ({"name": "a", "value": "1, or 2"}, {"name": "#b", "value": ""})


def test_columns_may_stand_in_any_order():
    assert parse_rows(b"value,name\n1,a\n", TWO, file="t.csv") == ({"value": "1", "name": "a"},)


SPOILT = {
    "a byte order mark": (b"\xef\xbb\xbfname,value\na,1\n", "table.encoding"),
    "a byte order mark before a remark": (b"\xef\xbb\xbf# x\nname,value\na,1\n", "table.encoding"),
    "another encoding": ("name,value\nä,1\n".encode("latin-1"), "table.encoding"),
    "an unknown column": (b"name,value,more\na,1,2\n", "table.columns"),
    "a missing column": (b"name\na\n", "table.columns"),
    "a column twice": (b"name,value,value\na,1,2\n", "table.columns"),
    "a blank line": (b"name,value\na,1\n\nb,2\n", "table.columns"),
    "a blank line at the end": (b"name,value\na,1\n\n", "table.columns"),
    "a blank line before the header": (b"# x\n\nname,value\na,1\n", "table.columns"),
    "a cell too few": (b"name,value\na\n", "table.columns"),
    "a cell too many": (b"name,value\na,1,2\n", "table.columns"),
    "an open quote": (b'name,value\na,"1\n', "table.csv"),
    "a remark among the rows": (b"name,value\n# a remark\na,1\n", "table.columns"),
    "no row": (b"name,value\n", "table.empty"),
    "nothing": (b"", "table.columns"),
    "remarks alone": (b"# x", "table.columns"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_table_is_refused(case):
    data, code = SPOILT[case]
    with pytest.raises(PlanError) as caught:
        parse_rows(data, TWO, file="t.csv")
    assert caught.value.error_code == code
    assert caught.value.file == "t.csv"
    assert caught.value.hint


@pytest.mark.parametrize("name", ["none", "../tables/endmembers", "", "endmembers.csv"])
def test_a_table_that_is_not_there_is_refused(name):
    with pytest.raises(PlanError) as caught:
        committed_rows("mrv.change", name, TWO)
    assert caught.value.error_code == "table.missing"
    assert "endmembers" in caught.value.hint


@pytest.mark.parametrize("name", ["wood_density", "allometries", "../tables/ipcc_tier1"])
def test_a_table_of_another_kind_holds_no_factors(name):
    with pytest.raises(PlanError) as caught:
        load_table(name)
    assert caught.value.error_code == "factors.table"


def test_every_committed_table_is_read():
    assert set(committed_names("mrv.change")) == set(_COLUMNS)
    assert all(table_rows(name) for name in _COLUMNS)
    assert set(committed_names("mrv.carbon")) == {*table_names(), "allometries", "wood_density"}
    assert all(load_table(name) for name in table_names())
