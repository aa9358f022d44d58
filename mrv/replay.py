"""Replay: recompute a statement from its evidence and compare every integer and digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from mrv.checks import Check, decide
from mrv.differences import Difference, differences
from mrv.errors import StoreError
from mrv.grid import grid_for
from mrv.inputs import Inputs, input_suffix
from mrv.observe.scenes import geometry_of
from mrv.pipeline import Result, compute
from mrv.plan import plan_from_json
from mrv.project import Boundary
from mrv.sources.fetch import fetch
from mrv.sources.items import Asset, Item, ItemList, Scene
from mrv.statement import Statement, parse_statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.plan import MonitoringPlan
    from mrv.sources.store import Store

MAX_DIFFERENCES = 50


@dataclass(frozen=True)
class Comparison:
    """What a replay found."""

    attested: Statement
    """The statement as attested."""
    recomputed: Statement
    """The statement as recomputed."""
    differing: tuple[Difference, ...]
    """Every leaf that differs, but the code digest."""
    result: Result
    """Maps and model of the recomputation."""

    @property
    def exact(self) -> bool:
        """Every integer and digest is the same, whatever the code."""
        return not self.differing

    @property
    def checks(self) -> list[Check]:
        """The answer as checks."""
        first = "; ".join(str(entry) for entry in self.differing[:3])
        more = f"; and {len(self.differing) - 3} more" if len(self.differing) > 3 else ""
        same_code = self.attested.method.code_digest == self.recomputed.method.code_digest
        return [
            decide(
                "replay.statement",
                ok=self.exact,
                detail=f"exact: {self.recomputed.digest()}" if self.exact and same_code
                else "every field but the code digest is the same" if self.exact else first + more,
            ),
            Check("replay.signature", "note", "not looked at: mrv check asks who signed"),
            Check("replay.code", "holds" if same_code else "note", "the same code" if same_code else "code-differs"),
        ]  # fmt: skip


def replay(
    document: dict[str, Any],
    *,
    store: Store,
    where: str = "local",
    chunk: int = 256,
    refetch_from: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Recompute an attestation's statement from its evidence.

    Args:
        document: The signed document, parsed; its signature is the business of ``mrv check``.
        store: A store, or the attestation's ``evidence`` folder.
        where: Where Dask runs.
        chunk: Edge of a chunk.
        refetch_from: Fetch every band again from its material's address into the store first; the folder that relative
            addresses start from.
        progress: Told the name of each stage.

    Raises:
        StatementError: The statement does not fit the schema.
        StoreError: Evidence is absent or changed.
    """
    attested = parse_statement(document["credentialSubject"]["statement"])
    plan = plan_from_json(attested.method.plan, file="statement.method.plan")
    boundary = Boundary(store.get_bytes(attested.project.boundary_digest, ".geojson"))
    inputs = Inputs({row.name: store.get_bytes(row.digest, input_suffix(row.name)) for row in attested.inputs})
    if refetch_from is not None:
        progress("fetch again")
        _refetch(plan, boundary, attested, document["credentialSubject"]["materials"], store, refetch_from)
    scenes = [
        Scene(
            row.id, row.source, date.fromisoformat(row.date), row.processing_baseline,
            {band.band: band.pixels for band in row.bands}, geometry_of(row), row.sensor,
        )
        for row in attested.evidence
    ]  # fmt: skip
    result = compute(
        plan,
        plan.claim_for(attested.period.name),
        boundary,
        scenes,
        store=store,
        inputs=inputs,
        where=where,
        chunk=chunk,
        progress=progress,
    )
    left, right = attested.as_json(), result.statement.as_json()
    differing = [d for d in differences(left, right) if d.path != "method.code_digest"]
    return Comparison(attested, result.statement, tuple(differing[:MAX_DIFFERENCES]), result)


def _refetch(
    plan: MonitoringPlan,
    boundary: Boundary,
    attested: Statement,
    materials: list[dict[str, Any]],
    store: Store,
    base: Path,
) -> None:
    """Fetch every band again; pixels that changed at the source get another digest, and are reported as absent."""
    hrefs = {(row["item"], row["band"]): row for row in materials if row["role"] == "pixels"}
    items = []
    for scene in attested.evidence:
        assets = {}
        for band in scene.bands:
            row = hrefs.get((scene.id, band.band))
            if row is None or row["href"] is None:
                raise StoreError("no material names its address", code="replay.address", file=scene.id, field=band.band)
            address = row["href"] if urlparse(row["href"]).scheme else str(base / row["href"])
            assets[band.band] = Asset(address, row["sourceSha256"])
        items.append(
            Item(scene.id, scene.source, scene.date, scene.processing_baseline, assets, geometry_of(scene), scene.sensor)
        )
    fetched = fetch(plan, ItemList(tuple(items)), grid=grid_for(plan.grid, boundary), store=store, refetch=True)
    for scene, again in zip(attested.evidence, fetched.scenes, strict=True):
        for band in scene.bands:
            if again.bands[band.band] != band.pixels:
                raise StoreError(
                    "the source now holds other pixels than were attested",
                    code="replay.source-changed",
                    file=scene.id,
                    field=band.band,
                    hint="the publisher reprocessed or replaced the scene; replay from the evidence folder instead",
                )
