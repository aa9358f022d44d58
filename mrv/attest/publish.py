"""Publish: sign both status lists as the register stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.attest import durable
from mrv.attest.register import in_lines
from mrv.attest.status_list import MAX_DAYS, PURPOSES, sign_list, verify_list
from mrv.errors import AttestationError

if TYPE_CHECKING:
    from pathlib import Path

    from mrv.attest.keys import Signer
    from mrv.attest.register import Register
    from mrv.attest.trust import TrustList

_STATE = {"revocation": "revoked", "suspension": "suspended"}


def publish(
    register: Register, signer: Signer, out: Path, *, now: str, days: int = MAX_DAYS, trust: TrustList | None = None
) -> list[Path]:
    """Sign both lists and write them, each whole.

    A process that changes the register meanwhile is not lost: the register is read again after writing, and where it has
    changed the lists are written again.

    Args:
        register: Which index is whose.
        signer: The issuer's status key.
        out: Folder that is put at the register's address.
        now: Valid from.
        days: Valid for.
        trust: Of those who will check: a list that they would not believe is not written; None asks nobody.

    Returns:
        The files, one a purpose.

    Raises:
        AttestationError: ``register.*``, ``status.lifetime``, ``file.unwritable``; ``status.out``: it is in the register;
            ``status.key`` or ``status.role``: the trust list does not give the issuer this key as a status key.
    """
    _check_apart(out, register.folder)
    durable.folder(out)
    named, paths = register.signer(signer), [out / f"{purpose}.json" for purpose in PURPOSES]
    written: set[tuple[int, int]] | None = None
    while (events := register.events()) != written:
        states = register.states()
        for purpose, path in zip(PURPOSES, paths, strict=True):
            ones = [index for index, state in states.items() if state == _STATE[purpose]]
            url = register.list_url(purpose)
            document = sign_list(ones, url=url, purpose=purpose, signer=named, now=now, days=days, bits=register.bits)
            if trust is not None:
                verify_list(document, trust=trust, now=now)
            durable.replace(path, in_lines(document))
        written = events
    return paths


def _check_apart(out: Path, folder: Path) -> None:
    """Refuse to put what is published where the register is kept, which would then be published with it."""
    register = folder.resolve()
    if register in {out.resolve(), *out.resolve().parents}:
        hint = "name another folder, that holds the lists alone: the register is kept, and never published"
        raise AttestationError("is the register's own folder, or in it", code="status.out", file=out, hint=hint)
