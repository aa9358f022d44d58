"""LogPolicy: whose logs and witnesses count, and how many of them must agree; a local file, never the network.

A log's own word is not enough: it could show one tree to the buyer and another to the auditor, or sign a checkpoint as of
last year.  Witnesses that saw the checkpoint, each under its own key, are what rules that out.
"""

from __future__ import annotations

import os
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mrv.attest import strict_json
from mrv.attest.log.signatures import VerifierKey, parse_vkey
from mrv.attest.shapes import Closed
from mrv.errors import AttestationError, LogError
from mrv.regular_file import read_regular


def _of_kind(kind: str) -> AfterValidator:
    def check(text: str) -> str:
        try:
            key = parse_vkey(text)
        except LogError as error:
            raise ValueError(error.message) from error
        if key.kind != kind:
            raise ValueError(f"{key.name} is the key of a {key.kind}, not of a {kind}")
        return text

    return AfterValidator(check)


LogKey = Annotated[str, Field(max_length=512), _of_kind("log")]
WitnessKey = Annotated[str, Field(max_length=512), _of_kind("witness")]


class TrustedLog(Closed):
    """One log."""

    origin: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\n]*$")]
    """The first line of its checkpoints."""
    keys: Annotated[tuple[LogKey, ...], Field(min_length=1)]
    """Verifier keys, any of which signs for it."""


class LogPolicy(Closed):
    """What a checkpoint needs to be believed."""

    version: Annotated[int, Field(ge=1, le=1)]
    """Version of this format."""
    logs: Annotated[tuple[TrustedLog, ...], Field(min_length=1)]
    """Logs that count."""
    witnesses: tuple[WitnessKey, ...]
    """Verifier keys of the witnesses that count; one operator, one key."""
    quorum: Annotated[int, Field(ge=0)]
    """How many of them must have cosigned.  With 0 a log is believed on its own word, and yields no trusted time."""
    max_age_days: Annotated[int, Field(ge=1)] | None
    """The latest cosignature may not be older; null where a proof never grows stale."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.quorum > len(self.witnesses):
            raise ValueError(f"{self.quorum} of {len(self.witnesses)} witnesses cannot agree")
        if len({log.origin for log in self.logs}) != len(self.logs):
            raise ValueError("an origin is listed twice")
        keys = [*self.witness_keys, *(key for log in self.logs for key in map(parse_vkey, log.keys))]
        # Cosignatures do not name the witness: one key under two names would count twice.
        if len({key.public_key for key in keys}) != len(keys):
            raise ValueError("one public key is listed twice")
        if len({(key.name, key.key_id) for key in keys}) != len(keys):
            raise ValueError("two keys share a name and a key id")
        if len({key.name for key in self.witness_keys}) != len(self.witnesses):
            raise ValueError("one witness is listed twice")
        return self

    @property
    def witness_keys(self) -> tuple[VerifierKey, ...]:
        """The keys of the witnesses."""
        return tuple(map(parse_vkey, self.witnesses))

    def log_keys(self, origin: str) -> tuple[VerifierKey, ...]:
        """The keys of the log of that origin; none where it is unknown."""
        return tuple(parse_vkey(key) for log in self.logs if log.origin == origin for key in log.keys)


def load_policy(path: str | os.PathLike[str]) -> LogPolicy:
    """Read a log policy.

    Raises:
        LogError: ``policy.unreadable`` or ``policy.invalid``.
    """
    try:
        return LogPolicy.of(strict_json.loads(read_regular(path, strict_json.MAX_BYTES)))
    except OSError as error:
        raise LogError(
            f"cannot read: {error.strerror}", code="policy.unreadable", file=path,
            hint="the policy says whose logs and witnesses count: docs/transparency-log.md shows one",
        ) from error  # fmt: skip
    except AttestationError as error:
        raise LogError(
            error.message, code="policy.invalid", file=path, field=error.field or error.error_code,
            hint="docs/transparency-log.md shows one",
        ) from error  # fmt: skip
