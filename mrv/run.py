"""Run: a project folder and a period in, a signed attestation with its evidence out; and the way back.

:func:`verify_period` is the whole run: :func:`search_scenes`, :func:`fetch_scenes`, :func:`attest`.  The Prefect flow calls
the same three; they exchange paths and digests, so that each can be done again, or not, on its own.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.change.bandpass import check_items
from mrv.errors import MRVError, SourceError, StoreError
from mrv.grid import grid_for, window_bbox
from mrv.inputs import input_suffix
from mrv.observe.observe import check_place
from mrv.pipeline import Result, compute
from mrv.precheck import check_bound, check_supersedes, precheck
from mrv.provenance import provenance
from mrv.sources.fetch import Fetched, fetch
from mrv.sources.items import ItemList, Material, Scene, plain, read_items, with_geometry
from mrv.sources.stac import search
from mrv.sources.store import Store, disk_error, write_whole
from mrv.units import sha256_bytes, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.attest.keys import Signer
    from mrv.attest.register import Register
    from mrv.plan import Claim
    from mrv.project import Project

OWNED = ("evidence", "report.html", "items.json", "attestation.json")
"""What a run puts in its output folder, the attestation last."""


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


@dataclass(frozen=True)
class Record:
    """What a run leaves behind."""

    out: Path
    """Output folder: ``attestation.json``, ``report.html``, ``items.json``, ``evidence/``."""
    statement_digest: str
    """The same for every honest run."""
    attestation_digest: str
    """Identity of the signed document."""
    document: dict[str, Any]
    """The signed document."""
    result: Result
    """Maps and model, for looking at."""


def search_scenes(project: Project, claim: Claim) -> Path:
    """Search once and write the item list into the store.

    Returns:
        Path of the list, named by its digest.

    Raises:
        SourceError: A catalog cannot be read or holds nothing for the window and days, or an item's sensor cannot be
            harmonised.
    """
    grid = grid_for(project.plan.grid, project.boundary)
    found = search(
        project.plan, project.settings.sources, bbox=window_bbox(grid), last=claim.end,
        base=project.folder, connections=project.settings.connections,
    )  # fmt: skip
    optical = {source.id for source in project.plan.sources if source.sensor is not None}
    check_items(project.plan, [(item.source, item.id, item.sensor) for item in found.items if item.source in optical])
    path = project.store_folder / "items" / f"{found.digest.removeprefix('sha256:')}.json"
    write_whole(path, found.encoded())
    return path


def fetch_scenes(
    project: Project, items: Path, *, refetch: bool = False, progress: Callable[[str, int, int], None] = _silent
) -> Path:
    """Fetch the window of every band and write what was fetched into the store.

    Args:
        project: The project.
        items: The item list.
        refetch: Read again what the store holds.
        progress: Told stage, done and total.

    Returns:
        Path of the list of scenes and materials, named by its digest.
    """
    store = Store(project.store_folder)
    fetched = fetch(
        project.plan, read_items(items), grid=grid_for(project.plan.grid, project.boundary), store=store,
        connections=project.settings.connections, refetch=refetch,
        progress=lambda done, total: progress("fetch", done, total),
    )  # fmt: skip
    value = {
        "schema": "mrv.fetched/1",
        "scenes": [plain(scene) | {"day": scene.day.isoformat()} for scene in fetched.scenes],
        "materials": [asdict(material) for material in fetched.materials],
    }
    data = (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
    path = store.root / "fetched" / f"{sha256_bytes(data).removeprefix('sha256:')}.json"
    write_whole(path, data)
    return path


def read_fetched(path: Path) -> Fetched:
    """What :func:`fetch_scenes` wrote.

    Raises:
        SourceError: Not such a list.
    """
    try:
        value = json.loads(path.read_text())
        scenes = tuple(Scene(**with_geometry({**row, "day": date.fromisoformat(row["day"])})) for row in value["scenes"])
        return Fetched(scenes, tuple(Material(**row) for row in value["materials"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"not a list of what was fetched: {error}", code="source.fetched", file=path) from error


def attest(
    project: Project,
    claim: Claim,
    *,
    items: Path,
    fetched: Path,
    signer: Signer,
    out: Path,
    where: str | None = None,
    chunk: int | None = None,
    supersedes: tuple[str, ...] = (),
    register: Register | None = None,
    strict: bool = False,
    progress: Callable[[str, int, int], None] = _silent,
) -> Record:
    """Compute, sign, and write the output folder; whole, or not at all.

    Args:
        project: The project.
        claim: The claim of the period.
        items: The item list.
        fetched: What was fetched.
        signer: Who signs.
        out: Output folder; of what it holds only what an earlier run wrote is replaced.
        where: Where Dask runs; default, the settings'.
        chunk: Edge of a chunk; default, the settings'.
        supersedes: Attestation digests this one replaces, beside the binding's.
        register: The issuer's register of status lists, which hands out an index; None signs without status.
        strict: Library warnings are errors.
        progress: Told stage, done and total.

    Raises:
        MRVError: A typed refusal; nothing is signed then, and no index of the register used.
    """
    check_supersedes(supersedes)
    started, place = utc_now(), where or project.settings.where
    store, evidence = Store(project.store_folder), read_fetched(fetched)
    stages = iter(range(1, 10))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = compute(
            project.plan, claim, project.boundary, evidence.scenes, store=store, inputs=project.inputs, where=place,
            chunk=chunk or project.settings.chunk, progress=lambda stage: progress(stage, next(stages), 0),
        )  # fmt: skip
    told = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    if strict and told:
        raise MRVError(f"a library warned: {told[0]}", code="run.warning", hint="mend its cause, or run without --strict")
    check_bound(project, result.statement)
    materials = _materials(project, store, evidence, result)
    document = _sign(
        project, result, materials, signer, supersedes, register,
        provenance(started=started, where=place, device=result.device, warnings=told),
    )  # fmt: skip
    progress("write report", 0, 0)
    _write(out, store, materials, document, relative_items(items, project.folder), result)
    from mrv.attest.credential import attestation_digest

    return Record(out, result.statement.digest(), attestation_digest(document), document, result)


def verify_period(
    project: Project,
    *,
    period: str | None,
    signer: Signer,
    out: Path,
    where: str | None = None,
    chunk: int | None = None,
    refetch: bool = False,
    supersedes: tuple[str, ...] = (),
    register: Register | None = None,
    strict: bool = False,
    progress: Callable[[str, int, int], None] = _silent,
) -> Record:
    """Verify a project's claim for a period: the whole run, without an orchestrator.

    Args:
        project: The project folder, read.
        period: Name of the period; None takes the last.
        signer: Who signs.
        out: Output folder.
        where: Where Dask runs; default, the settings'.
        chunk: Edge of a chunk; default, the settings'.
        refetch: Read again what the store holds.
        supersedes: Attestation digests this one replaces.
        register: The issuer's register of status lists; None signs without status.
        strict: Library warnings are errors.
        progress: Told stage, done and total.

    Raises:
        MRVError: A typed refusal; the output folder is then as it was, and what was fetched is kept.
    """
    claim = project.plan.claim_for(period)
    check_supersedes(supersedes)
    precheck(project, claim)
    check_place(where or project.settings.where)
    progress("search", 0, 0)
    items = search_scenes(project, claim)
    fetched = fetch_scenes(project, items, refetch=refetch, progress=progress)
    return attest(
        project, claim, items=items, fetched=fetched, signer=signer, out=out, where=where, chunk=chunk,
        supersedes=supersedes, register=register, strict=strict, progress=progress,
    )  # fmt: skip


def _materials(project: Project, store: Store, evidence: Fetched, result: Result) -> list[Material]:
    """Pixels of every scene in the statement, the boundary, and the maps."""
    signed = {(scene.source, scene.id) for scene in result.statement.evidence}
    items = {scene.id for scene in evidence.scenes if (scene.source, scene.id) in signed}
    rows = [row for row in evidence.materials if row.item in items]
    boundary = store.put_bytes(project.boundary.data, ".geojson")
    name = project.plan.project.boundary
    rows.append(Material(boundary.path, name, boundary.size, boundary.sha256, "input"))
    for table, data in project.inputs.files.items():
        kept = store.put_bytes(data, input_suffix(table))
        rows.append(Material(kept.path, table, kept.size, kept.sha256, "input"))
    for band, pixels in result.maps.items():
        kept = store.put_pixels(pixels, result.grid)
        rows.append(Material(kept.path, "", kept.size, kept.sha256, "map", band=band))
    return sorted(rows, key=lambda row: (row.path, row.item or "", row.band or ""))


def _told(href: str, folder: Path) -> str:
    """An address as a stranger is told it: a path of this machine says nothing to them, its place in the project does."""
    if not href.startswith("/"):
        return href
    inside = Path(href).is_relative_to(folder.resolve())
    return Path(href).relative_to(folder.resolve()).as_posix() if inside else Path(href).name


def relative_items(items: Path, folder: Path) -> ItemList:
    """An item list with addresses as a stranger is told them: what an output folder holds.

    Args:
        items: The list, as :func:`search_scenes` wrote it.
        folder: The project folder.
    """
    found = read_items(items).items
    return ItemList(
        tuple(
            replace(item, assets={role: replace(a, href=_told(a.href, folder)) for role, a in item.assets.items()})
            for item in found
        )
    )


def _signed_material(material: Material, folder: Path) -> dict[str, Any]:
    row = asdict(material)
    href = row["href"]
    href = _told(href, folder)
    row["sourceSha256"], row["sourceVerified"] = row.pop("source_sha256"), row.pop("source_verified")
    return row | {"href": href or None}


def _sign(
    project: Project,
    result: Result,
    materials: list[Material],
    signer: Signer,
    supersedes: tuple[str, ...],
    register: Register | None,
    made: dict[str, Any],
) -> dict[str, Any]:
    from mrv.attest import caip19, credential, proof

    now = utc_now()
    binding = project.binding
    if register is not None:
        signer = register.signer(signer)
    networks = [{"chain": chain, "genesis": genesis} for chain, genesis in sorted(binding.genesis.items())]
    document = credential.build(
        statement=result.statement.as_json(),
        binding={
            "supersedes": sorted({*binding.supersedes, *supersedes}),
            "assets": [caip19.normalise(asset) for asset in binding.assets],
            "serials": list(binding.serials),
            **({"networks": networks} if networks else {}),
        },
        materials=[_signed_material(material, project.folder) for material in materials],
        provenance=made,
        issuer=signer.issuer,
        valid_from=now,
        credential_status=None if register is None else register.entries(register.allocate(now=now)),
    )
    signed = proof.sign(document, signer, now)
    if register is not None:
        register.issued(signed, now=now)
    return signed


def _write(
    out: Path, store: Store, materials: list[Material], document: dict[str, Any], items: ItemList, result: Result
) -> None:
    """Write everything beside the output folder first, then move it in, the attestation last."""
    from mrv.attest import credential
    from mrv.report import render
    from mrv.views import look

    try:
        out.mkdir(parents=True, exist_ok=True)
        for stale in out.glob(".partial-*"):  # of a run that was killed
            shutil.rmtree(stale, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=".partial-", dir=out))
    except OSError as error:
        raise disk_error(error, out) from error
    try:
        store.copy_to(staging / "evidence", [material.path for material in materials])
        write_whole(staging / "report.html", render(document, look(result)).encode())
        write_whole(staging / "items.json", items.encoded())
        write_whole(staging / "attestation.json", credential.encode(document))
        _move_in(staging, out)
    except OSError as error:
        raise disk_error(error, out) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move_in(staging: Path, out: Path) -> None:
    for name in OWNED:
        target = out / name
        if target.is_dir():
            target.rename(staging / f"old-{name}")
        (staging / name).replace(target)


def out_folder(project: Project, claim: Claim, out: Path | None) -> Path:
    """Where a run writes when nobody says: ``out/<period>`` in the project folder.

    Raises:
        StoreError: ``out.file``, ``out.unwritable``: the place is a file, or nothing can be written there.
    """
    folder = out if out is not None else project.folder / "out" / claim.period
    if folder.exists() and not folder.is_dir():
        raise StoreError("is a file", code="out.file", file=folder, field="--out", hint="give a folder")
    _try_writing(folder)
    return folder


def _try_writing(folder: Path) -> None:
    """Make a folder and take it away again, there or where the output folder would be made: permissions do not tell it all."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        Path(tempfile.mkdtemp(prefix=".partial-", dir=there)).rmdir()
    except OSError as error:
        raise StoreError(
            f"cannot be written: {error.strerror or error}", code="out.unwritable", file=folder, field="--out",
            hint="name a folder that you may write and that has room",
        ) from error  # fmt: skip
