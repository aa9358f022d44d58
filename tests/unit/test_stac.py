from __future__ import annotations

import json
from datetime import date

import pytest
from support.range_server import RangeServer
from support.run_tiny import search_tiny
from support.tiny_project import COVER_ITEM, DAYS, edit_json, item_id, tiny_project

from mrv.errors import SourceError
from mrv.sources.items import read_items

FIRST = DAYS[0]


def refusal(tiny, **options):
    with pytest.raises(SourceError) as caught:
        search_tiny(tiny, **options)
    assert caught.value.hint
    assert caught.value.file
    return caught.value


def collection(tiny, change, name="sentinel-2-l2a"):
    edit_json(tiny.build / name / "collection.json", change)


def test_a_search_is_sorted_and_whole(tmp_path):
    _, _, items = search_tiny(tiny_project(tmp_path))
    assert [item.id for item in items.items] == [COVER_ITEM, *(item_id(day) for day in DAYS)]
    red = items.items[-1].assets["red"]
    assert red.href.endswith("B04.tif")
    assert len(red.sha256) == 64
    assert red.size > 0
    assert items.items[-1].baseline == "02.12"
    assert items.items[0].day == "2018-01-01"


def test_the_order_of_links_does_not_matter(tmp_path):
    (tmp_path / "b").mkdir()
    one, other = tiny_project(tmp_path), tiny_project(tmp_path / "b")
    collection(other, lambda value: value["links"].reverse())
    assert [i.id for i in search_tiny(one)[2].items] == [i.id for i in search_tiny(other)[2].items]


def test_scenes_after_the_period_are_not_wanted(tmp_path):
    _, _, items = search_tiny(tiny_project(tmp_path), period="2020")
    assert max(item.day for item in items.items) <= "2020-12-31"


def test_the_first_day_of_a_source_limits_it(tmp_path):
    tiny = tiny_project(tmp_path, plan={"sources.0.first": date(2019, 5, 1)})
    assert {item.day[:4] for item in search_tiny(tiny)[2].items if item.source == "s2"} == {"2019", "2020", "2021"}


def test_a_collection_given_directly(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.set_settings(sources={"s2": "build/sentinel-2-l2a/collection.json", "cover": "build/catalog.json"})
    assert len(search_tiny(tiny)[2].items) == len(DAYS) + 1


def test_an_item_list_goes_there_and_back(tmp_path):
    _, _, items = search_tiny(tiny_project(tmp_path))
    (tmp_path / "items.json").write_bytes(items.encoded())
    again = read_items(tmp_path / "items.json")
    assert again == items
    assert again.digest == items.digest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"items": [{}]}', '{"items": [{"assets": 5}]}', "null", '{"items": 7}'])
def test_other_files_are_no_item_list(tmp_path, text):
    (tmp_path / "items.json").write_text(text)
    with pytest.raises(SourceError) as caught:
        read_items(tmp_path / "items.json")
    assert caught.value.error_code == "source.items"
    assert caught.value.hint


def test_an_item_list_that_is_not_text(tmp_path):
    (tmp_path / "items.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(SourceError):
        read_items(tmp_path / "items.json")


@pytest.mark.parametrize("name", ["processing:version", "s2:processing_baseline"])
def test_both_names_of_the_baseline(tmp_path, name):
    tiny = tiny_project(tmp_path, baseline=None)
    tiny.edit_item(FIRST, lambda item: item["properties"].update({name: "05.09"}))
    found = {item.day: item.baseline for item in search_tiny(tiny)[2].items}
    assert found[FIRST.isoformat()] == "05.09"
    assert found[DAYS[1].isoformat()] is None


def test_two_baselines_that_contradict_each_other_are_refused(tmp_path):
    """The offset hangs on it: whichever is believed, half of the catalogs are wrong."""
    tiny = tiny_project(tmp_path, baseline="02.12")
    tiny.edit_item(FIRST, lambda item: item["properties"].update({"s2:processing_baseline": "05.09"}))
    assert refusal(tiny).error_code.startswith("source.")


def test_two_items_with_one_id_are_refused(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.edit_item(DAYS[1], lambda item: item.update(id=item_id(FIRST)))
    error = refusal(tiny)
    assert (error.error_code, error.field) == ("source.duplicate-id", item_id(FIRST))


def test_one_link_twice_is_refused(tmp_path):
    tiny = tiny_project(tmp_path)
    collection(tiny, lambda value: value["links"].append(value["links"][-1]))
    assert refusal(tiny).error_code == "source.duplicate-id"


def test_no_scenes(tmp_path):
    tiny = tiny_project(tmp_path)
    collection(tiny, lambda value: value.update(links=[x for x in value["links"] if x["rel"] != "item"]))
    error = refusal(tiny)
    assert (error.error_code, error.field) == ("source.none", "sources.s2")
    assert "empty" in error.hint


def test_no_scenes_in_time(tmp_path):
    tiny = tiny_project(tmp_path, plan={"sources.0.first": date(2031, 1, 1)})
    error = refusal(tiny)
    assert error.error_code == "source.none"
    assert "2018-05-20 to 2021-09-22" in error.hint


def test_the_boundary_outside_the_scenes(tmp_path):
    tiny = tiny_project(tmp_path)

    def move(value):
        value["geometry"]["coordinates"] = [[[x + 1, y] for x, y in value["geometry"]["coordinates"][0]]]

    edit_json(tiny.folder / "boundary.geojson", move)
    error = refusal(tiny)
    assert error.error_code == "source.none"
    assert "boundary" in error.hint


def test_swapped_latitude_and_longitude_are_outside_too(tmp_path):
    tiny = tiny_project(tmp_path)

    def swap(value):
        value["geometry"]["coordinates"] = [[[y, x] for x, y in value["geometry"]["coordinates"][0]]]

    edit_json(tiny.folder / "boundary.geojson", swap)
    assert refusal(tiny).error_code == "source.none"


WRONG = {
    "no address": (lambda tiny: tiny.set_settings(sources={"s2": "build/catalog.json"}), "source.endpoint", "sources.cover"),
    "no catalog": (lambda tiny: (tiny.build / "catalog.json").unlink(), "source.missing", None),
    "not json": (lambda tiny: (tiny.build / "catalog.json").write_text("{"), "source.catalog", None),
    "not stac": (lambda tiny: (tiny.build / "catalog.json").write_text("{}"), "source.catalog", None),
    "a list": (lambda tiny: (tiny.build / "catalog.json").write_text("[]"), "source.catalog", None),
    "an item is gone": (lambda tiny: tiny.item(FIRST).unlink(), "source.catalog", None),
    "an item is broken": (lambda tiny: tiny.item(FIRST).write_text("{"), "source.catalog", None),
    "no such collection": (
        lambda tiny: tiny.set_plan({"sources.0.collection": "landsat"}), "source.collection", "sources.s2.collection",
    ),
    "no asset": (lambda tiny: tiny.set_plan({"sources.0.bands.red": "B99"}), "source.asset", "assets.B99"),
    "no date": (
        lambda tiny: tiny.edit_item(FIRST, lambda item: item["properties"].update(datetime=None)), None, None,
    ),
    "a date of nonsense": (
        lambda tiny: tiny.edit_item(FIRST, lambda item: item["properties"].update(datetime="soon")), "source.catalog", None,
    ),
    "a bbox of text": (lambda tiny: tiny.edit_item(FIRST, lambda item: item.update(bbox=["a", "b", "c", "d"])), None, None),
    "a bbox of three": (lambda tiny: tiny.edit_item(FIRST, lambda item: item.update(bbox=[1, 2, 3])), None, None),
    "an asset without an address": (
        lambda tiny: tiny.edit_item(FIRST, lambda item: item["assets"]["B04"].pop("href")), None, None,
    ),
    "a size of text": (
        lambda tiny: tiny.edit_item(FIRST, lambda item: item["assets"]["B04"].update({"file:size": "big"})), None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_catalogs_are_refused(tmp_path, name):
    spoil, code, field = WRONG[name]
    tiny = tiny_project(tmp_path)
    spoil(tiny)
    error = refusal(tiny)
    assert code is None or error.error_code == code
    assert field is None or error.field == field


def test_a_bbox_of_six_numbers_is_read(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.edit_item(FIRST, lambda item: item.update(bbox=[*item["bbox"][:2], -5, *item["bbox"][2:], 900]))
    assert item_id(FIRST) in [item.id for item in search_tiny(tiny)[2].items]


def test_a_server_that_fails_is_told(tmp_path):
    tiny = tiny_project(tmp_path)
    with RangeServer(tiny.build) as running:
        tiny.set_settings(sources=dict.fromkeys(("s2", "cover"), running.url("catalog.json")))
        running.fail(r"catalog\.json$", status=500)
        assert refusal(tiny).error_code == "source.catalog"
    assert refusal(tiny).error_code == "source.catalog"


class Api:
    """A STAC API of two pages, as files: the landing page, a search, and its next page."""

    def __init__(self, tiny, running):
        items = [json.loads(tiny.item(day).read_text()) for day in DAYS]
        for day, item in zip(DAYS, items, strict=True):
            for asset in item["assets"].values():
                name = asset["href"].rsplit("/", 1)[-1]
                asset["href"] = running.url(f"sentinel-2-l2a/{item_id(day)}/{name}")
        home = running.url().rstrip("/")
        link = {"rel": "search", "href": f"{home}/search", "type": "application/geo+json", "method": "GET"}
        self._write(tiny, "api", {
            "type": "Catalog", "stac_version": "1.1.0", "id": "api", "description": "made",
            "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
            "links": [{"rel": "root", "href": f"{home}/api", "type": "application/json"},
                      {"rel": "self", "href": f"{home}/api", "type": "application/json"}, link],
        })  # fmt: skip
        next_page = {"rel": "next", "href": f"{home}/more", "method": "GET", "type": "application/geo+json"}
        self._write(tiny, "search", {"type": "FeatureCollection", "features": items[:14], "links": [next_page]})
        self._write(tiny, "more", {"type": "FeatureCollection", "features": items[14:], "links": []})

    @staticmethod
    def _write(tiny, name, value):
        (tiny.build / name).write_text(json.dumps(value))


def test_an_api_is_paged_through(tmp_path):
    tiny = tiny_project(tmp_path)
    expected = [item.id for item in search_tiny(tiny)[2].items]
    with RangeServer(tiny.build) as running:
        Api(tiny, running)
        tiny.set_settings(sources={"s2": running.url("api"), "cover": "build/catalog.json"})
        found = search_tiny(tiny)[2]
        assert running.count("^/more") == 1
    assert [item.id for item in found.items] == expected
