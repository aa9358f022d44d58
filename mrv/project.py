"""Project: a folder with a plan, a boundary, and the settings and bindings that can never change the answer."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mrv.errors import PlanError
from mrv.inputs import Inputs, read_inputs
from mrv.misfit import misfit
from mrv.nesting import check_nesting
from mrv.plan import MonitoringPlan, load_plan
from mrv.plan.monitoring import MAX_BYTES
from mrv.regular_file import read_regular
from mrv.units import Digest, sha256_bytes

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


M = TypeVar("M", bound=BaseModel)
MAX_BOUNDARY = 64 * 2**20
"""Bytes of a boundary."""


class Settings(BaseModel):
    """``settings.toml``: endpoints, folders, cluster. Nothing here reaches the statement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: dict[str, str] = {}
    """Source id → static catalog (path or URL) or STAC API (URL)."""
    store: str = ".cache/mrv/store"
    """Content-addressed store, relative to the project folder."""
    where: str = "local"
    """Where Dask runs."""
    chunk: Annotated[int, Field(ge=1)] = 256
    """Edge of a chunk, pixels."""
    connections: Annotated[int, Field(ge=1, le=256)] = 16
    """Reads at once while fetching."""
    cron: str = "0 5 * * 1"
    """Schedule of ``flows/schedule.py``."""
    status: dict[str, Any] = {}
    """Hosts that ``mrv status refresh`` may ask; :mod:`mrv.attest.refresh` reads it."""


class Binding(BaseModel):
    """``binding.toml``: serial blocks and token assets the attestation is bound to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serials: tuple[str, ...] = ()
    """Serial blocks, as the registry writes them."""
    assets: tuple[str, ...] = ()
    """Token assets, CAIP-19."""
    supersedes: tuple[Digest, ...] = ()
    """Attestation digests this one replaces."""
    genesis: dict[
        Annotated[str, Field(pattern=r"^eip155:(0|[1-9][0-9]{0,31})$")], Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    ] = {}
    """Chain (``eip155:137``) → hash of its block 0, for networks whose id others use too."""


@dataclass(frozen=True)
class Boundary:
    """The project area, as its file's bytes: what is signed is their digest.

    GeoJSON in longitude and latitude (RFC 7946): a Polygon or MultiPolygon, alone, in a Feature, or in a
    FeatureCollection of one.
    """

    data: bytes
    """Bytes of the file."""
    name: str = "boundary.geojson"
    """Name in messages."""

    @property
    def digest(self) -> str:
        """``sha256:`` of the bytes."""
        return sha256_bytes(self.data)

    @cached_property
    def geometry(self) -> BaseGeometry:
        """The polygon, checked.

        Raises:
            PlanError: Not GeoJSON, not a polygon, outside ±180/±90, or crossing itself.
        """
        from shapely import is_valid_reason
        from shapely.errors import ShapelyError
        from shapely.geometry import shape

        try:
            text = self.data.decode()
            check_nesting(text)
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_members)
            geometry = shape(_geometry_of(value))
        except _CrsMember as error:
            raise self._error(
                "a crs member is not allowed in GeoJSON", "boundary.crs", "reproject to longitude and latitude and drop it"
            ) from error
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, ShapelyError) as error:
            raise self._error(f"not a GeoJSON polygon: {error}", "boundary.syntax", "write RFC 7946 GeoJSON") from error
        if geometry.geom_type not in {"Polygon", "MultiPolygon"} or geometry.is_empty:
            raise self._error(f"a {geometry.geom_type}, not a polygon", "boundary.type", "give a Polygon or MultiPolygon")
        west, south, east, north = geometry.bounds
        if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
            raise self._error(
                "coordinates are not longitude and latitude",
                "boundary.crs",
                "GeoJSON is in EPSG:4326, longitude first (RFC 7946 §4)",
            )
        if not geometry.is_valid:
            raise self._error(
                f"the polygon is not valid: {is_valid_reason(geometry)}",
                "boundary.invalid",
                "redraw it so that no ring crosses itself or another",
            )
        return geometry

    def _error(self, message: str, code: str, hint: str) -> PlanError:
        return PlanError(message, code=code, file=self.name, field="geometry", hint=hint)


class _CrsMember(Exception):  # carries no message
    """A ``crs`` member, at whatever level."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if "crs" in names and dict(pairs)["crs"]:
        raise _CrsMember
    if len(set(names)) < len(names):
        raise ValueError("a member occurs twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _geometry_of(value: Any) -> Any:
    if value["type"] == "FeatureCollection":
        (feature,) = value["features"]
        return feature["geometry"]
    return value["geometry"] if value["type"] == "Feature" else value


@dataclass(frozen=True)
class Project:
    """A project folder, read."""

    folder: Path
    """The folder."""
    plan: MonitoringPlan
    """``plan.toml``."""
    boundary: Boundary
    """The project area."""
    settings: Settings
    """``settings.toml``, or defaults."""
    binding: Binding
    """``binding.toml``, or none."""
    inputs: Inputs
    """Tables beside the plan."""

    @property
    def store_folder(self) -> Path:
        """Where fetched pixels are kept."""
        return self.folder / self.settings.store


def _table(path: Path, model: type[M]) -> M:
    try:
        return model.model_validate(tomllib.loads(read_regular(path, MAX_BYTES).decode()))
    except FileNotFoundError:
        return model()
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", file=path, code="plan.missing", hint="check the file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"not TOML: {error}", file=path, code="plan.syntax", hint="correct the line named") from error
    except ValidationError as error:
        found = misfit(error, model)
        raise PlanError(found.message, file=path, field=found.field or None, code="plan.field", hint=found.hint) from error


def load_project(folder: Path) -> Project:
    """Read a project folder.

    Raises:
        PlanError: Names the file and field that cannot be used.
    """
    if not folder.is_dir():
        raise PlanError("no such project folder", file=folder, code="plan.missing", hint="give a folder with plan.toml")
    plan = load_plan(folder / "plan.toml")
    path = folder / plan.project.boundary
    try:
        boundary = Boundary(read_regular(path, MAX_BOUNDARY), str(path))
    except OSError as error:
        raise PlanError(
            f"cannot be read: {error.strerror}", file=path, code="boundary.missing", hint="plan project.boundary names it"
        ) from error
    _ = boundary.geometry
    return Project(
        folder, plan, boundary, _table(folder / "settings.toml", Settings), _table(folder / "binding.toml", Binding),
        read_inputs(folder),
    )  # fmt: skip
