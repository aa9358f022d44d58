"""Publish: sign both status lists as the register stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.attest import durable
from mrv.attest.register import in_lines
from mrv.attest.status_list import MAX_DAYS, PURPOSES, sign_list

if TYPE_CHECKING:
    from pathlib import Path

    from mrv.attest.keys import Signer
    from mrv.attest.register import Register

_STATE = {"revocation": "revoked", "suspension": "suspended"}


def publish(register: Register, signer: Signer, out: Path, *, now: str, days: int = MAX_DAYS) -> list[Path]:
    """Sign both lists and write them, each whole.

    A process that changes the register meanwhile is not lost: the register is read again after writing, and where it has
    changed the lists are written again.

    Args:
        register: Which index is whose.
        signer: The issuer's status key.
        out: Folder that is put at the register's address.
        now: Valid from.
        days: Valid for.

    Returns:
        The files, one a purpose.

    Raises:
        AttestationError: ``register.*``, ``status.lifetime``, or ``file.unwritable``.
    """
    durable.folder(out)
    named, paths = register.signer(signer), [out / f"{purpose}.json" for purpose in PURPOSES]
    written: set[tuple[int, int]] | None = None
    while (events := register.events()) != written:
        states = register.states()
        for purpose, path in zip(PURPOSES, paths, strict=True):
            ones = [index for index, state in states.items() if state == _STATE[purpose]]
            url = register.list_url(purpose)
            document = sign_list(ones, url=url, purpose=purpose, signer=named, now=now, days=days, bits=register.bits)
            durable.replace(path, in_lines(document))
        written = events
    return paths
