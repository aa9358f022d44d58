"""Tables and picture of the clean-up held against the change sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from gmw_data import Points, Raster


def as_markdown(result: dict[str, Any]) -> str:
    """All tables."""
    return ""


def draw_picture(raw: Raster, cleaned: Raster, points: Points, path: Path) -> None:
    """Change between the points' two years in both maps, and the points."""
