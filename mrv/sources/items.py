"""The item list: what one search found, as a file; and the scenes that are evidence once their pixels are fetched."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from mrv.errors import SourceError
from mrv.sources.geometry import Geometry
from mrv.units import sha256_json

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asset:
    """One band of one item, as the catalog describes it."""

    href: str
    """Absolute path or URL (``http``, ``https``, ``s3``)."""
    sha256: str | None = None
    """Publisher's ``file:checksum``, hex; None where not given or of another kind."""
    size: int | None = None
    """Publisher's ``file:size``, bytes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a catalog."""

    id: str
    """STAC id."""
    source: str
    """Source of the plan."""
    day: str
    """Day of acquisition, ISO 8601; the first day of a layer that covers a span, the last of a radar mosaic."""
    baseline: str | None
    """Processing baseline, as stated."""
    assets: dict[str, Asset]
    """Role of a band in the plan → asset."""
    geometry: Geometry | None = None
    """From where a radar image was taken; None for what is none, and for mosaics."""
    sensor: str | None = None
    """Platform, as stated; None where the plan does not ask for it."""


@dataclass(frozen=True, slots=True)
class ItemList:
    """What one search found; sorted by source, day and id."""

    items: tuple[Item, ...]
    """The items."""

    @property
    def digest(self) -> str:
        """Digest of the list: changes when a scene is added, replaced or moved."""
        return sha256_json(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {"schema": "mrv.items/1", "items": [plain(item) for item in self.items]}

    def encoded(self) -> bytes:
        """The list as a file's bytes."""
        return (json.dumps(self.as_json(), indent=1, sort_keys=True) + "\n").encode()


def read_items(path: Path) -> ItemList:
    """Read an item list.

    Raises:
        SourceError: Not an item list.
    """
    try:
        value = json.loads(path.read_text())
        items = tuple(
            Item(**with_geometry({**item, "assets": {role: Asset(**asset) for role, asset in item["assets"].items()}}))
            for item in value["items"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"not an item list: {error}", code="source.items", file=path, hint="search again") from error
    return ItemList(items)


@dataclass(frozen=True, slots=True)
class Scene:
    """An item whose bands are in the store: evidence, without any address."""

    id: str
    """STAC id."""
    source: str
    """Source of the plan."""
    day: date
    """Day of acquisition."""
    baseline: str | None
    """Processing baseline, as stated."""
    bands: dict[str, str] = field(default_factory=dict)
    """Role of a band → pixel digest."""
    geometry: Geometry | None = None
    """From where a radar image was taken; None for what is none, and for mosaics."""
    sensor: str | None = None
    """Platform, as stated; None where the plan does not ask for it."""


def plain(row: Item | Scene) -> dict[str, Any]:
    """A row's fields for JSON; a geometry or a sensor that it does not have is left out."""
    return {name: one for name, one in asdict(row).items() if one is not None or name not in {"geometry", "sensor"}}


def with_geometry(value: dict[str, Any]) -> dict[str, Any]:
    """Fields of a row as JSON gives them, with the geometry as a value.

    Raises:
        TypeError: Its fields are others.
        SourceError: It is none.
    """
    return value if value.get("geometry") is None else {**value, "geometry": Geometry(**value["geometry"])}


@dataclass(frozen=True, slots=True)
class Material:
    """Where one piece of evidence came from, and the file that holds it."""

    path: str
    """Path in the evidence folder and in the store."""
    href: str
    """Where it was read."""
    size: int
    """Bytes of the evidence file."""
    sha256: str
    """Hex digest of the evidence file."""
    role: str
    """``pixels``, ``input`` or ``map``."""
    item: str | None = None
    """STAC id."""
    band: str | None = None
    """Role of the band."""
    source_sha256: str | None = None
    """Publisher's checksum of the whole source file, hex."""
    source_verified: bool = False
    """True where the whole source file was read and has that checksum; else it is stated, not verified."""
