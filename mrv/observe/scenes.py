"""Scenes as the statement lists them, and their evidence checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.sections import GeometrySection, SceneSection
from mrv.sources.geometry import Geometry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.sources.items import Scene
    from mrv.sources.store import Store


def layer_section(scene: Scene) -> SceneSection:
    """A layer that is not reflectance, such as tree cover."""
    return SceneSection(
        id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
        offset_dn=0, offset_rule="none", offset_check="not assessed", dark_dn=None, clear_px=0, median_index=None,
        status="layer", bands=bands_of(scene),
    )  # fmt: skip


def bands_of(scene: Scene) -> list[Any]:
    """Bands of a scene with their pixel digests, in order."""
    return [{"band": band, "pixels": digest} for band, digest in sorted(scene.bands.items())]


def geometry_section(geometry: Geometry | None) -> GeometrySection | None:
    """A geometry as the statement has it."""
    return None if geometry is None else GeometrySection(relative_orbit=geometry.relative_orbit, direction=geometry.direction)


def geometry_of(row: SceneSection) -> Geometry | None:
    """The geometry of a row of a statement's evidence."""
    return None if row.geometry is None else Geometry(row.geometry.relative_orbit, row.geometry.direction)


def verify_pixels(store: Store, scenes: Sequence[Scene]) -> None:
    """Recompute every pixel digest, many at once.

    Raises:
        StoreError: Pixels are absent or changed.
    """
    import dask

    digests = sorted({digest for scene in scenes for digest in scene.bands.values()})
    lots = [digests[first : first + 64] for first in range(0, len(digests), 64)]
    dask.compute(*(dask.delayed(_verify_lot, pure=False)(store, lot) for lot in lots))


def _verify_lot(store: Store, digests: list[str]) -> None:
    for digest in digests:
        store.verify_pixels(digest)
