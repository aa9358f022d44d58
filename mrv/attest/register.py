"""Register: which bit of a status list is whose, and what became of it; the issuer's own folder, never published.

Layout::

    register.json              issuer, length of the lists, where they are published
    entries/<index>.<n>.json   what happened to an index, one file an event: allocated, issued, suspended, …

A file appears whole and once (:func:`mrv.attest.durable.create` fails where the name is taken): of two processes that draw
the same index, or act on the same attestation, one draws again or looks again.  Nothing is ever changed or removed, so a
crash loses at most an index that nobody uses.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mrv.attest import bitstring, durable, strict_json
from mrv.attest.credential import attestation_digest
from mrv.attest.keys import Signer
from mrv.attest.register_event import NEXT, Event, What, event_bytes, read_event, state_of
from mrv.attest.shapes import Closed, Uri, check_instant
from mrv.attest.status_list import PURPOSES, Purpose
from mrv.errors import AttestationError
from mrv.regular_file import read_regular

_NAME = re.compile(r"(?P<index>0|[1-9][0-9]*)\.(?P<n>0|[1-9][0-9]*)\.json")
_DRAWS = 1000


class _Head(Closed):
    """``register.json``."""

    remedy: ClassVar[str] = (
        "give --issuer a URI and --url an address https://host/path in plain lower case; a register that is there: restore it"
    )

    schema_: Annotated[Literal["mrv.status-register/1"], Field(alias="schema")]
    issuer: Uri
    bits: int
    url: Annotated[str, Field(pattern=r"^https://[a-z0-9.:-]+(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$")]


@dataclass(frozen=True, slots=True)
class Register:
    """A register's folder and its fixed facts; :func:`open_register` reads them."""

    folder: Path
    """Where it lies."""
    issuer: str
    """Who signs the attestations and the lists."""
    bits: int
    """Length of each list."""
    url: str
    """Where the lists are published, without the file's name."""

    def list_url(self, purpose: Purpose) -> str:
        """The address and id of one list."""
        return f"{self.url}/{purpose}.json"

    def entries(self, index: int) -> list[dict[str, str]]:
        """``credentialStatus`` of the attestation that owns ``index``."""
        return [
            {
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(index),
                "statusListCredential": self.list_url(purpose),
            }
            for purpose in PURPOSES
        ]

    def signer(self, signer: Signer) -> Signer:
        """``signer`` under the issuer's name; the trust list decides whether that name may use the key.

        Raises:
            AttestationError: ``register.issuer``: the signer has another name of its own.
        """
        if signer.issuer == self.issuer:
            return signer
        if not signer.issuer.startswith("did:key:"):
            raise AttestationError(
                f"the key signs as {signer.issuer}, the register is {self.issuer}'s", code="register.issuer",
                hint=f"leave --issuer out, or sign under {self.issuer}; another issuer keeps a register of its own",
            )  # fmt: skip
        fragment = signer.verification_method.partition("#")[2]
        return replace(signer, issuer=self.issuer, verification_method=f"{self.issuer}#{fragment}")

    def history(self, index: int) -> list[Event]:
        """What happened to an index, in order; nothing for one that was never handed out."""
        found: list[Event] = []
        with suppress(FileNotFoundError):
            while True:
                found.append(read_event(self.folder / "entries" / f"{index}.{len(found)}.json"))
        return found

    def state(self, index: int) -> str:
        """What an index is now: unused, allocated, issued, suspended or revoked."""
        return state_of(self.history(index))

    def states(self) -> dict[int, str]:
        """Each index that was handed out, and what it is now: allocated, issued, suspended or revoked.

        Raises:
            AttestationError: ``register.corrupt``: an event is missing before another, or is none.
        """
        events = self.events()
        histories = {index: self.history(index) for index in sorted({index for index, _ in events})}
        lost = [index for index, n in events if n >= len(histories[index])]
        if lost:
            raise AttestationError(
                f"an event of index {lost[0]} is missing", code="register.corrupt", file=self.folder,
                hint="restore the register from its backup",
            )  # fmt: skip
        return {index: state_of(history) for index, history in histories.items()}

    def index_of(self, attestation: str) -> int:
        """The index of an attestation that was issued.

        Args:
            attestation: Its digest.

        Raises:
            AttestationError: ``register.unknown``.
        """
        for index, n in sorted(self.events()):
            # Most files need not be parsed; those that name it as a successor do.
            named = attestation.encode() in event_bytes(self.folder / "entries" / f"{index}.{n}.json")
            if named and any(event.attestation == attestation for event in self.history(index)):
                return index
        raise AttestationError(
            f"{attestation} is not in the register", code="register.unknown", file=self.folder,
            hint="record it with `mrv status issue REGISTER ATTESTATION`, or name the register it was issued from",
        )  # fmt: skip

    def allocate(self, *, now: str) -> int:
        """Hand out an index nobody has, unpredictably, so that neighbours say nothing about each other.

        Raises:
            AttestationError: ``register.full``: so many are taken that drawing finds no free one.
        """
        event = Event.of({"event": "allocated", "at": now, "attestation": None, "reason": None, "successor": None})
        for _ in range(_DRAWS):
            index = secrets.randbelow(self.bits)
            if self._put(index, 0, event):
                return index
        raise AttestationError("is all but full", code="register.full", file=self.folder, hint="start another register")

    def issued(self, document: Mapping[str, Any], *, now: str) -> int:
        """Record which attestation owns the index that it names; again is no harm.

        Args:
            document: The attestation, of the closed shape.
            now: The time of recording.

        Returns:
            The index.

        Raises:
            AttestationError: ``register.foreign``: another issuer's, or of another register's lists; ``register.unknown``:
                an index never handed out; ``register.taken``: another attestation owns it.
        """
        entries = document.get("credentialStatus", [])
        index = int(entries[0]["statusListIndex"]) if entries else -1
        named = [{member: value for member, value in entry.items() if member != "id"} for entry in entries]
        if document["issuer"] != self.issuer or named != self.entries(index):
            raise AttestationError(
                "the attestation does not name this register's lists", code="register.foreign", file=self.folder,
                hint="sign it with `mrv run --register`, or with the entries that `mrv status issue` printed",
            )  # fmt: skip
        digest, history = attestation_digest(document), self.history(index)
        if not history:
            raise AttestationError(
                f"index {index} was never handed out", code="register.unknown", file=self.folder,
                hint="the register is older than the attestation: restore its newest backup",
            )  # fmt: skip
        owner = next((event.attestation for event in history if event.attestation is not None), None)
        if owner is None:
            self._follow(index, "issued", digest, now=now)
        elif owner != digest:
            raise AttestationError(
                f"index {index} belongs to {owner}", code="register.taken", file=self.folder,
                hint="sign this attestation with an index of its own: `mrv run --register`, or `mrv status issue`",
            )  # fmt: skip
        return index

    def change(
        self, attestation: str, what: Literal["suspended", "reinstated", "revoked"], *, reason: str, now: str,
        successor: str | None = None,
    ) -> int:  # fmt: skip
        """Suspend, reinstate or revoke; seen by others once the lists are published.

        Args:
            attestation: Digest of an attestation in the register.
            what: What happens to it.
            reason: Why.
            now: When.
            successor: Digest of the attestation that takes its place.

        Returns:
            Its index.

        Raises:
            AttestationError: ``register.unknown``; ``register.transition``: reinstating what is not suspended, or changing
                what is revoked.
        """
        index = self.index_of(attestation)
        self._follow(index, what, attestation, now=now, reason=reason, successor=successor)
        return index

    def supersede(self, attestation: str, successor: Mapping[str, Any], *, now: str) -> int:
        """Revoke an attestation in favour of one that names it.

        Args:
            attestation: Digest of the one that is replaced.
            successor: The attestation that replaces it, of the closed shape.
            now: When.

        Returns:
            Its index.

        Raises:
            AttestationError: ``register.successor``: another issuer's, or its binding does not name the one it replaces.
        """
        named = attestation in successor["credentialSubject"]["binding"]["supersedes"]
        if not named or successor["issuer"] != self.issuer:
            raise AttestationError(
                f"the successor does not say that it supersedes {attestation}, or is another issuer's",
                code="register.successor", field="credentialSubject.binding.supersedes",
                hint="sign it with `mrv run --supersedes DIGEST`",
            )  # fmt: skip
        digest = attestation_digest(successor)
        return self.change(attestation, "revoked", reason=f"superseded by {digest}", now=now, successor=digest)

    def events(self) -> set[tuple[int, int]]:
        """Index and number of every event there is a file of; files are never changed, so equal sets are equal registers."""
        names = (_NAME.fullmatch(entry.name) for entry in os.scandir(self.folder / "entries"))
        return {(int(match["index"]), int(match["n"])) for match in names if match is not None}

    def _follow(
        self, index: int, what: What, attestation: str, *, now: str, reason: str | None = None, successor: str | None = None
    ) -> None:
        event = Event.of(
            {"event": what, "at": check_instant(now), "attestation": attestation, "reason": reason, "successor": successor}
        )
        while True:
            history = self.history(index)
            state = state_of(history)
            if (state, what) not in NEXT:
                raise AttestationError(
                    f"{attestation} is {state}, and what is {state} cannot be {what}",
                    code="register.transition",
                    file=self.folder,
                    hint="a suspension can be lifted; a revocation is for ever",
                )
            if self._put(index, len(history), event):
                return

    def _put(self, index: int, n: int, event: Event) -> bool:
        return durable.create(self.folder / "entries" / f"{index}.{n}.json", in_lines(event.model_dump(mode="json")))


def new_register(folder: Path, *, issuer: str, url: str, bits: int = bitstring.MIN_BITS) -> Register:
    """Start a register.

    Args:
        folder: Where; made here.
        issuer: Whose attestations; a name that can have several keys, so not ``did:key:…``.
        url: Where the lists will be published, ``https://…`` without a file's name.
        bits: Length of the lists.

    Raises:
        AttestationError: ``register.exists``, ``register.issuer``, ``file.unwritable``, or the fault of an argument.
    """
    if issuer.startswith("did:key:"):
        raise AttestationError(
            f"{issuer:.80} is one key, and a status list is signed by another", code="register.issuer", field="issuer",
            hint="use a name that can have several keys, such as did:web:example.org",
        )  # fmt: skip
    bitstring.check_length(bits)
    value = {"schema": "mrv.status-register/1", "issuer": issuer, "bits": bits, "url": url.rstrip("/")}
    _Head.of(value)
    durable.folder(folder / "entries")
    if not durable.create(folder / "register.json", in_lines(value)):
        raise AttestationError("a register is there already", code="register.exists", file=folder, hint="name another folder")
    return open_register(folder)


def open_register(folder: Path) -> Register:
    """Read a register's fixed facts.

    Raises:
        AttestationError: ``register.unreadable``, or the ``json.*`` or ``schema.*`` of its fault.
    """
    path = folder / "register.json"
    hint = "start one with `mrv status init`, or restore the whole folder"
    if path.exists() and not (folder / "entries").is_dir():
        raise AttestationError("has lost its entries", code="register.unreadable", file=folder, hint=hint)
    try:
        head = _Head.of(strict_json.loads(read_regular(path, strict_json.MAX_BYTES)))
        bitstring.check_length(head.bits)
    except OSError as error:
        raise AttestationError(f"cannot be read: {error.strerror}", code="register.unreadable", file=path, hint=hint) from error
    except AttestationError as error:
        error.file = str(path)
        raise
    return Register(folder, head.issuer, head.bits, head.url)


def in_lines(value: Any) -> bytes:
    """The bytes of a file that a person may read."""
    return (json.dumps(value, indent=1) + "\n").encode()
