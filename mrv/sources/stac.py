"""Search a static STAC catalog or a STAC API once, and keep what was found as an item list."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from mrv.errors import SourceError
from mrv.sources.items import Asset, Item, ItemList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pystac

    from mrv.plan import MonitoringPlan, Source

_BASELINE_FIELDS = ("processing:version", "s2:processing_baseline")
_SHA256_MULTIHASH = "1220"


def search(
    plan: MonitoringPlan,
    endpoints: Mapping[str, str],
    *,
    bbox: tuple[float, float, float, float],
    last: date,
    base: Path,
    connections: int = 16,
) -> ItemList:
    """Find the items of every source of a plan.

    Args:
        plan: The plan.
        endpoints: Source id → static catalog (path or URL) or STAC API (URL).
        bbox: West, south, east, north of the window, degrees.
        last: Last day wanted.
        base: Folder that relative paths start from.
        connections: Items of a static catalog read at once.

    Raises:
        SourceError: A catalog cannot be read, holds an id twice, or holds nothing for the window and days.
    """
    found: list[Item] = []
    for source in plan.sources:
        if source.id not in endpoints:
            raise SourceError(
                f"no address for source {source.id}",
                code="source.endpoint",
                file="settings.toml",
                field=f"sources.{source.id}",
                hint="give a STAC catalog's path or URL",
            )
        found += _search_one(source, _resolve(endpoints[source.id], base), bbox, last, connections)
    return ItemList(tuple(sorted(found, key=lambda item: (item.source, item.day, item.id))))


def _resolve(endpoint: str, base: Path) -> str:
    return endpoint if urlparse(endpoint).scheme in {"http", "https", "s3"} else str((base / endpoint).resolve())


def _search_one(
    source: Source, endpoint: str, bbox: tuple[float, float, float, float], last: date, connections: int
) -> list[Item]:
    import pystac
    import requests
    from pystac_client.exceptions import APIError

    if not urlparse(endpoint).scheme and not Path(endpoint).exists():
        raise SourceError(
            "no such catalog", code="source.missing", file=endpoint, hint="build or fetch it; settings.toml names it"
        )
    try:
        stac = list(_items(endpoint, source, bbox, last, connections))
    except (pystac.STACError, APIError, requests.RequestException, OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"the catalog cannot be read: {error}",
            code="source.catalog",
            file=endpoint,
            hint="check address and network",
        ) from error
    inside = [item for item in stac if _wanted(item, source, bbox, last)]
    if not inside:
        raise SourceError(
            f"no item of {source.collection} covers the project's window up to {last}",
            code="source.none",
            file=endpoint,
            field=f"sources.{source.id}",
            hint=_nothing_hint(stac, source, bbox),
        )
    _refuse_twins(inside, endpoint)
    return [_item(item, source) for item in inside]


def _items(
    endpoint: str, source: Source, bbox: tuple[float, float, float, float], last: date, connections: int
) -> Iterable[pystac.Item]:
    import pystac
    from pystac_client import Client

    root: Any = pystac.Catalog.from_file(endpoint)
    if root.extra_fields.get("conformsTo"):
        span = f"{source.first or '..'}/{last}"
        client = Client.open(endpoint)
        return list(client.search(collections=[source.collection], bbox=bbox, datetime=span, limit=250).items())
    home = root if root.id == source.collection else root.get_child(source.collection, recursive=True)
    if home is None:
        raise SourceError(
            f"no collection {source.collection}",
            code="source.collection",
            file=endpoint,
            field=f"sources.{source.id}.collection",
            hint="check the collection's id in the catalog",
        )
    links = [link.absolute_href for link in home.get_links("item")]
    with ThreadPoolExecutor(connections) as pool:
        return list(pool.map(pystac.Item.from_file, links))


def _days(item: pystac.Item) -> tuple[date, date]:
    moment = item.datetime or item.common_metadata.start_datetime
    end = item.common_metadata.end_datetime or moment
    if not isinstance(moment, datetime) or not isinstance(end, datetime):
        raise SourceError("the item has no date", code="source.date", file=item.get_self_href(), field=item.id)
    return moment.date(), end.date()


def _overlaps(item: pystac.Item, bbox: tuple[float, float, float, float]) -> bool:
    if not item.bbox:
        return True
    west, south, east, north = item.bbox[:2] + item.bbox[-2:] if len(item.bbox) == 4 else (*item.bbox[:2], *item.bbox[3:5])
    return bool(west <= bbox[2] and east >= bbox[0] and south <= bbox[3] and north >= bbox[1])


def _wanted(item: pystac.Item, source: Source, bbox: tuple[float, float, float, float], last: date) -> bool:
    first_day, _ = _days(item)
    in_time = first_day <= last and (source.first is None or first_day >= source.first)
    return in_time and _overlaps(item, bbox)


def _nothing_hint(stac: list[pystac.Item], source: Source, bbox: tuple[float, float, float, float]) -> str:
    if not stac:
        return "the collection is empty there: check collection, boundary and dates"
    days = sorted(_days(item)[0] for item in stac)
    if not any(_overlaps(item, bbox) for item in stac):
        return "the boundary lies outside the scenes: check its longitude and latitude"
    return f"scenes there run from {days[0]} to {days[-1]}: check the period and sources.{source.id}.first"


def _refuse_twins(items: list[pystac.Item], endpoint: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise SourceError(
                f"two items have the id {item.id}",
                code="source.duplicate-id",
                file=endpoint,
                field=item.id,
                hint="remove the copy, or search one collection version",
            )
        seen.add(item.id)


def _item(item: pystac.Item, source: Source) -> Item:
    assets: dict[str, Asset] = {}
    for role, key in source.bands.items():
        if key not in item.assets:
            raise SourceError(
                f"no asset {key}",
                code="source.asset",
                file=item.get_self_href() or item.id,
                field=f"assets.{key}",
                hint=f"sources.{source.id}.bands names it; the item has {', '.join(sorted(item.assets))}",
            )
        asset = item.assets[key]
        checksum = str(asset.extra_fields.get("file:checksum", ""))
        assets[role] = Asset(
            href=str(asset.get_absolute_href()),
            sha256=checksum.removeprefix(_SHA256_MULTIHASH) if checksum.startswith(_SHA256_MULTIHASH) else None,
            size=asset.extra_fields.get("file:size"),
        )
    baseline = next((str(item.properties[name]) for name in _BASELINE_FIELDS if item.properties.get(name)), None)
    return Item(item.id, source.id, _days(item)[0].isoformat(), baseline, assets)
