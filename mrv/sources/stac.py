"""Search a static STAC catalog or a STAC API once, and keep what was found as an item list."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pystac
import requests
from pystac.stac_io import DefaultStacIO
from pystac_client import Client
from pystac_client.exceptions import APIError

from mrv.errors import SourceError
from mrv.plan import PLATFORM
from mrv.sources.geometry import stated_geometry
from mrv.sources.items import Asset, Item, ItemList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mrv.plan import MonitoringPlan, Source

_BASELINE_FIELDS = ("processing:version", "s2:processing_baseline")
_SHA256_MULTIHASH = "1220"
_UNREADABLE = (
    pystac.STACError, pystac.STACTypeError, APIError, requests.RequestException, OSError, ValueError, KeyError, TypeError,
    AttributeError,
)  # fmt: skip
"""What a damaged or unreachable catalog raises from the libraries that read it."""


def _plain(href: str) -> str:
    """A local address as a path; any other as it is."""
    return unquote(href.removeprefix("file://")) if href.startswith("file://") else href


class _PlainIO(DefaultStacIO):
    """Reads local files by URI (so that ``#`` and ``?`` in a folder's name stay letters), and over HTTP says what failed."""

    def read_text_from_href(self, href: str) -> str:
        if href.startswith(("http://", "https://")):
            answer = requests.get(href, timeout=60)
            answer.raise_for_status()
            return answer.text
        return Path(_plain(href)).read_text(encoding="utf-8")


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
    if "://" not in endpoint and not Path(endpoint).exists():
        raise SourceError(
            "no such catalog", code="source.missing", file=endpoint, hint="build or fetch it; settings.toml names it"
        )
    try:
        stac = list(_items(endpoint, source, bbox, last, connections))
        inside = [item for item in stac if _wanted(item, source, bbox, last)]
        found = [_item(item, source) for item in inside]
    except _UNREADABLE as error:
        raise SourceError(
            f"the catalog cannot be read: {error}", code="source.catalog", file=endpoint, hint="check address and network"
        ) from error
    if not inside:
        raise SourceError(
            f"no item of {source.collection} covers the project's window up to {last}",
            code="source.none",
            file=endpoint,
            field=f"sources.{source.id}",
            hint=_nothing_hint(stac, source, bbox),
        )
    _refuse_twins(inside, endpoint)
    return found


def _items(
    endpoint: str, source: Source, bbox: tuple[float, float, float, float], last: date, connections: int
) -> Iterable[pystac.Item]:
    address = endpoint if "://" in endpoint else Path(endpoint).as_uri()
    root: Any = pystac.read_file(address, stac_io=_PlainIO())
    if root.extra_fields.get("conformsTo"):
        span = f"{source.first or '..'}/{last}"
        client = Client.open(endpoint)
        methods = {str(link.extra_fields.get("method", "GET")).upper() for link in root.get_links("search")}
        found = client.search(
            method="POST" if "POST" in methods else "GET", collections=[source.collection], bbox=bbox, datetime=span, limit=250
        )
        return [pystac.Item.from_dict(item, preserve_dict=False) for item in found.items_as_dicts()]
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
        return list(pool.map(_read_item, links))


def _read_item(href: str) -> pystac.Item:
    return pystac.Item.from_file(href, stac_io=_PlainIO())


def _days(item: pystac.Item) -> tuple[date, date]:
    moment = item.datetime or item.common_metadata.start_datetime
    end = item.common_metadata.end_datetime or moment
    if not isinstance(moment, datetime) or not isinstance(end, datetime):
        raise SourceError(
            "the item has no date", code="source.date", file=_plain(item.get_self_href() or item.id), field=item.id
        )
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
                file=_plain(item.get_self_href() or item.id),
                field=f"assets.{key}",
                hint=f"sources.{source.id}.bands names it; the item has {', '.join(sorted(item.assets))}",
            )
        asset = item.assets[key]
        checksum = str(asset.extra_fields.get("file:checksum", ""))
        assets[role] = Asset(
            href=_plain(str(asset.get_absolute_href() or asset.href)),
            sha256=checksum[4:].lower() if checksum.startswith(_SHA256_MULTIHASH) else None,
            size=None if (size := asset.extra_fields.get("file:size")) is None else int(size),
        )
    stated = {str(item.properties[name]) for name in _BASELINE_FIELDS if item.properties.get(name)}
    if len(stated) > 1:
        raise SourceError(
            f"states two processing baselines: {' and '.join(sorted(stated))}",
            code="source.baseline",
            file=_plain(item.get_self_href() or item.id),
            field=" / ".join(_BASELINE_FIELDS),
            hint="ask the publisher which holds: the radiometric offset depends on it",
        )
    baseline = next(iter(stated), None)
    geometry = stated_geometry(item.properties, item=item.id) if source.is_image_radar else None
    # What a mosaic shows may be as late as its last day: dated so, no loss can hide in the history.
    day = _days(item)[source.radar is not None and source.radar.is_mosaic]
    sensor = _platform(item) if source.sensor == PLATFORM else None
    return Item(item.id, source.id, day.isoformat(), baseline, assets, geometry, sensor)


def _platform(item: pystac.Item) -> str | None:
    """The platform that an item states, as STAC spells platforms: ``sentinel-2a``, ``landsat-8``."""
    stated = item.properties.get("platform")
    return None if stated is None else str(stated).strip().lower().replace("_", "-")
