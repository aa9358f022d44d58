"""Entry: what a leaf of the log says.

A leaf is the digest that it logs, as text: ``sha256:`` and 64 hexadecimal digits.  The leaf of an attestation is two of them,
the attestation digest and the digest of the whole signed document, with a space between: the attestation digest leaves the
signature out, and a leaf without it could be logged today for a document that a thief signs tomorrow.

References:
    docs/adr/0018.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mrv.attest import credential
from mrv.attest.trusted_time import signature_digest
from mrv.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTRY = re.compile(rb"sha256:[0-9a-f]{64}( sha256:[0-9a-f]{64})?")


def attestation_entry(document: Mapping[str, Any]) -> bytes:
    """The leaf of a signed attestation, as :func:`mrv.attest.credential.parse` gives it."""
    return f"{credential.attestation_digest(document, checked=True)} {signature_digest(document)}".encode()


def digest_entry(digest: str) -> bytes:
    """The leaf of a bare digest, such as a sampling frame's.

    Raises:
        LogError: ``log.entry``.
    """
    if " " in digest:
        raise _refusal(digest)
    return check_entry(digest.encode())


def check_entry(entry: bytes) -> bytes:
    """``entry`` itself, if it is one or two digests.

    Raises:
        LogError: ``log.entry``.
    """
    if not _ENTRY.fullmatch(entry):
        raise _refusal(entry.decode(errors="replace"))
    return entry


def _refusal(text: str) -> LogError:
    return LogError(f"{text!a:.120} is no leaf of this log", code="log.entry", hint="sha256: and 64 hexadecimal digits")
