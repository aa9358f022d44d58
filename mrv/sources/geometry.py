"""Geometry: from where a radar image was taken, as its item states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mrv.errors import SourceError

DIRECTION_FIELD, ORBIT_FIELD = "sat:orbit_state", "sat:relative_orbit"
_ORBITS = 175
"""Relative orbits of a Sentinel-1 cycle."""


@dataclass(frozen=True, order=True)
class Geometry:
    """From where an image was taken: images of one geometry look at the same slopes from the same side."""

    relative_orbit: int
    """Number in the repeat cycle."""
    direction: Literal["ascending", "descending"]
    """The pass."""

    def __post_init__(self) -> None:
        if type(self.relative_orbit) is not int or not 1 <= self.relative_orbit <= _ORBITS:
            raise SourceError(
                f"relative orbit {self.relative_orbit!r}", code="radar.orbit", field=ORBIT_FIELD,
                hint=f"Sentinel-1 has 1 to {_ORBITS}; an absolute orbit is not one",
            )  # fmt: skip
        if self.direction not in {"ascending", "descending"}:
            raise SourceError(
                f"pass {self.direction!r}", code="radar.pass", field=DIRECTION_FIELD, hint="ascending or descending"
            )


def stated_geometry(properties: dict[str, Any], *, item: str) -> Geometry:
    """The geometry that an item's properties state.

    Args:
        properties: Of the STAC item.
        item: Its id, for messages.

    Raises:
        SourceError: A property is absent, or is none.
    """
    orbit, direction = properties.get(ORBIT_FIELD), properties.get(DIRECTION_FIELD)
    if orbit is None or direction is None:
        raise SourceError(
            "does not state its orbit", code="radar.orbit-unknown", file=item, field=f"{ORBIT_FIELD} / {DIRECTION_FIELD}",
            hint="images of different orbits must not share a mean: use a catalog that states both",
        )  # fmt: skip
    try:
        return Geometry(orbit, direction)
    except SourceError as error:
        raise SourceError(error.message, code=error.error_code, file=item, field=error.field, hint=error.hint) from error
