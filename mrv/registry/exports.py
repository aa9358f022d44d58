"""Exports: the projections by name, and their files; each starts from an :class:`~mrv.registry.attested.Attested`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mrv.attest import durable
from mrv.errors import AttestationError
from mrv.registry import cadtrust, cdop, eas, erc1155

if TYPE_CHECKING:
    from pathlib import Path

    from mrv.registry.attested import Attested
    from mrv.registry.names import Names

FORMATS = ("cadtrust", "cdop", "eas", "erc1155")


def export(
    attested: Attested, to: str, *, uri: str, names: Names, asset: str | None = None, quantity_kg: int | None = None
) -> dict[str, Any]:
    """An attestation in somebody else's form, as a JSON value.

    Args:
        attested: The attestation, checked or said not to be.
        to: One of :data:`FORMATS`.
        uri: Where anyone can read the attestation.
        names: What registries call things.
        asset: Which bound token, for ``erc1155`` and ``eas``.
        quantity_kg: What that token holds, for ``erc1155`` where several are bound.

    Raises:
        AttestationError: ``export.*``: the form needs something that the attestation does not have.
    """
    if quantity_kg is not None and to != "erc1155":
        raise AttestationError(
            f"{to} states no token's quantity", code="export.quantity", field="--quantity-kg", hint="leave it out"
        )
    if to in {"cadtrust", "cdop"}:
        return {"cadtrust": cadtrust.export, "cdop": cdop.export}[to](attested, uri=uri, names=names)
    if to == "eas":
        return eas.export(attested, uri=uri, asset=asset)
    if to == "erc1155":
        return erc1155.metadata(attested, uri=uri, asset=asset, quantity_kg=quantity_kg)
    raise AttestationError(f"no form {to!a:.40}", code="export.form", field="--to", hint=", ".join(FORMATS))


def write(exported: dict[str, Any], to: str, folder: Path) -> list[Path]:
    """Write an export as ``<form>.json``, and for CAD Trust a CSV a table beside it; each file whole or not at all.

    Raises:
        AttestationError: ``file.unwritable``.
    """
    files = {f"{to}.json": json.dumps(exported, indent=1, ensure_ascii=False) + "\n"}
    if to == "cadtrust":
        files |= cadtrust.tables_csv(exported)
    durable.folder(folder)
    for name, text in files.items():
        durable.replace(folder / name, text.encode())
    return [folder / name for name in files]
