"""Event: one thing that happened to one index of a status list, and what may follow what."""

from pathlib import Path
from typing import ClassVar, Literal

from mrv.attest import strict_json
from mrv.attest.shapes import Closed, Instant, Line
from mrv.errors import AttestationError
from mrv.regular_file import read_regular
from mrv.units import Digest

What = Literal["allocated", "issued", "suspended", "reinstated", "revoked"]
NEXT: dict[tuple[str, str], str] = {
    ("unused", "allocated"): "allocated",
    ("allocated", "issued"): "issued",
    ("issued", "suspended"): "suspended",
    ("suspended", "reinstated"): "issued",
    ("issued", "revoked"): "revoked",
    ("suspended", "revoked"): "revoked",
}
"""(state, event) → state; what is not here is refused, so revocation is for ever."""


class Event(Closed):
    """What, when, to which attestation, and why."""

    remedy: ClassVar[str] = (
        "give a --reason of 1 to 4096 characters; an event that is there: restore the register from its backup"
    )

    event: What
    at: Instant
    attestation: Digest | None
    """Whose index it is; null while it is only handed out."""
    reason: Line | None
    """Why, for a person."""
    successor: Digest | None
    """The attestation that takes its place; null where there is none."""


def state_of(history: list[Event]) -> str:
    """What an index is after all that happened to it: unused, allocated, issued, suspended or revoked.

    Raises:
        AttestationError: ``register.corrupt``.
    """
    state = "unused"
    for event in history:
        following = NEXT.get((state, event.event))
        if following is None:
            raise AttestationError(
                f"{event.event} follows {state}", code="register.corrupt", hint="restore the register from its backup"
            )
        state = following
    return state


def event_bytes(path: Path) -> bytes:
    """The bytes of an event's file.

    Raises:
        FileNotFoundError: There is none.
        AttestationError: ``register.unreadable``.
    """
    try:
        return read_regular(path, strict_json.MAX_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror}", code="register.unreadable", file=path,
            hint="let yourself read the register, or restore it from its backup",
        ) from error  # fmt: skip


def read_event(path: Path) -> Event:
    """The event in a file.

    Raises:
        FileNotFoundError: There is none.
        AttestationError: ``register.unreadable``, ``register.corrupt``.
    """
    data = event_bytes(path)
    try:
        return Event.of(strict_json.loads(data))
    except AttestationError as error:
        raise AttestationError(
            error.message, code="register.corrupt", file=path, hint="restore the register from its backup"
        ) from error
