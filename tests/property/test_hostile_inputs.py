"""Whatever is put in, what comes out is a value or a typed refusal with its code and hint; never another exception."""

# ruff: noqa: PT017
from __future__ import annotations

import copy
import json
import tomllib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_project import PLAN

from mrv.errors import PlanError
from mrv.plan import plan_from_json
from mrv.project import Boundary
from mrv.statement import check_statement

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
POSITION = st.lists(st.floats(allow_nan=True) | st.integers(-200, 200), min_size=0, max_size=4)


@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection", "Point", "x"]),
                "coordinates": st.lists(st.lists(POSITION, max_size=6), max_size=3) | JSON,
            }
        ),
    )
)
@settings(deadline=None, max_examples=150)
def test_boundaries(value):
    try:
        geometry = Boundary(json.dumps(value).encode()).geometry
    except PlanError as error:
        assert error.error_code.startswith("boundary.")
        assert error.hint
        assert error.file
    else:
        assert geometry.is_valid


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def put(value, path, new):
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


PLAIN = tomllib.loads(PLAN, parse_float=Decimal)
PLACES = [path for path in paths(PLAIN) if path]


@given(st.sampled_from(PLACES), JSON)
@settings(deadline=None, max_examples=200)
def test_plans(path, new):
    value = copy.deepcopy(PLAIN)
    put(value, path, new)
    try:
        plan = plan_from_json(value, file="plan.toml")
    except PlanError as error:
        assert error.error_code.startswith("plan.")
        assert error.field
        assert error.hint
    else:
        assert plan_from_json(json.loads(json.dumps(plan.as_json()))).digest() == plan.digest()


HONEST: dict[str, object] = {}


@pytest.fixture(scope="module", autouse=True)
def _honest(tiny_result):
    HONEST.update(tiny_result.result.statement.as_json())


@given(st.integers(0, 10**6), JSON)
@settings(deadline=None, max_examples=200)
def test_statements(at, new):
    value = copy.deepcopy(HONEST)
    places = [path for path in paths(value) if path and path[0] != "evidence"]
    put(value, places[at % len(places)], new)
    assert check_statement(value)
