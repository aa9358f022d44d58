from __future__ import annotations

import json

import pytest
from support.accounts import DOCUMENT

from mrv.errors import PlanError
from mrv.programme.authorisation import parse_registry_extract

LETTER = {
    "host": "KE", "uses": ["NDC", "IMP"], "quantity_t": 1000, "vintages": [2020, 2021], "corresponding_adjustment": "pledged",
    "document": DOCUMENT,
}  # fmt: skip
CCP = {"claimed": True, "methods": ["vm0033-2.1"], "document": DOCUMENT}
EXTRACT = {
    "schema": "mrv.registry-extract/1", "registry": "A registry", "as_of": "2024-01-31", "project": "delta-1",
    "article6": LETTER, "ccp": CCP,
}  # fmt: skip


def read(**changes):
    return parse_registry_extract(json.dumps(EXTRACT | changes).encode())


def test_a_covered_use_has_no_shortfall():
    assert read().authorisation_shortfalls("delta-1", {2020: 600, 2021: 400}) == ()


@pytest.mark.parametrize(
    ("changes", "project", "tonnes", "words"),
    [
        ({}, "delta-2", {2020: 1}, "of project delta-1"),
        ({"article6": None}, "delta-1", {2020: 1}, "no authorisation"),
        ({}, "delta-1", {2019: 1}, "vintage 2019 is not authorised"),
        ({}, "delta-1", {2020: 600, 2021: 401}, "1001 t are more than the 1000 t"),
        ({"article6": LETTER | {"corresponding_adjustment": "none"}}, "delta-1", {2020: 1}, "no corresponding adjustment"),
    ],
)
def test_a_use_that_is_not_covered_is_named(changes, project, tonnes, words):
    (found,) = read(**changes).authorisation_shortfalls(project, tonnes)
    assert words in found


def test_a_vintage_without_tonnes_needs_no_authorisation():
    assert read().authorisation_shortfalls("delta-1", {2019: 0, 2020: 5}) == ()


@pytest.mark.parametrize(
    ("ccp", "programme", "count"),
    [(CCP, "vm0033-2.1", 0), (CCP, "ar-tool14", 1), (CCP | {"claimed": False}, "ar-tool14", 0), (None, "ar-tool14", 0)],
)
def test_a_label_for_a_method_that_is_not_listed_is_named(ccp, programme, count):
    assert len(read(ccp=ccp).label_shortfalls(programme)) == count


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"schema": "mrv.registry-extract/2"}, "field", "schema"),
        ({"as_of": "2024-02-31"}, "field", "as_of"),
        ({"as_of": 20240131}, "field", "as_of"),
        ({"project": "../x"}, "field", "project"),
        ({"extra": 1}, "unknown-field", "extra"),
        ({"article6": "yes"}, "field", "article6"),
        ({"article6": LETTER | {"extra": 1}}, "unknown-field", "article6.extra"),
        ({"article6": LETTER | {"uses": []}}, "field", "article6.uses"),
        ({"article6": LETTER | {"uses": ["ANY"]}}, "field", "article6.uses.0"),
        ({"article6": LETTER | {"uses": ["NDC", "NDC"]}}, "field", "article6"),
        ({"article6": LETTER | {"vintages": [2020, 2020]}}, "field", "article6"),
        ({"article6": LETTER | {"vintages": ["2020"]}}, "field", "article6.vintages.0"),
        ({"article6": LETTER | {"quantity_t": "1000"}}, "field", "article6.quantity_t"),
        ({"article6": LETTER | {"quantity_t": True}}, "field", "article6.quantity_t"),
        ({"article6": LETTER | {"quantity_t": -1}}, "field", "article6.quantity_t"),
        ({"article6": LETTER | {"quantity_t": 1.0}}, "float", "number"),
        ({"article6": LETTER | {"corresponding_adjustment": True}}, "field", "article6.corresponding_adjustment"),
        ({"article6": LETTER | {"document": "a letter"}}, "field", "article6.document"),
        ({"ccp": CCP | {"claimed": 1}}, "field", "ccp.claimed"),
        ({"ccp": {}}, "field", "ccp.claimed"),
    ],
)
def test_bad_extracts_are_refused_by_member(changes, code, field):
    with pytest.raises(PlanError) as error:
        read(**changes)
    assert (error.value.error_code, error.value.field) == (f"registry-extract.{code}", field)
    assert error.value.file == "registry_extract.json"
    assert error.value.hint


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json"),
        (b"\xff", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b"[" * 100_000, "json"),
        (b'{"schema": NaN}', "float"),
        (b'{"project": "a", "project": "b"}', "duplicate"),
        (b"[]", "field"),
        (b"1" * 5000, "json"),
        (b" " * (1 << 21), "size"),
    ],
)
def test_what_is_no_object_is_refused(data, code):
    with pytest.raises(PlanError) as error:
        parse_registry_extract(data)
    assert error.value.error_code == f"registry-extract.{code}"


def test_a_missing_member_is_refused():
    whole = {key: value for key, value in EXTRACT.items() if key != "article6"}
    with pytest.raises(PlanError) as error:
        parse_registry_extract(json.dumps(whole).encode())
    assert error.value.field == "article6"
