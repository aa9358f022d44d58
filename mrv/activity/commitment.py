r"""Commitment: the frame's digest first, a public value after it, and from both the seed (``mrv.sample/1``).

Nobody re-rolls the dice: who froze the frame did not know the beacon, and whoever knows the beacon cannot change the frame.
The seed is the SHA-256 of the bytes ``<frame digest>\n<beacon>`` (the digest as text, ``sha256:`` and 64 hexadecimal
digits; UTF-8), written like every digest.  That the digest was published on the day stated, and that the beacon is the value
its source gave, are not computed here: they are what a verifier looks up.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Literal

import rfc8785
from pydantic import Field, StringConstraints, ValidationError

from mrv.activity.frame import FRAME_FILE, MAX_BYTES, Frame
from mrv.activity.seed import seed_for
from mrv.errors import PlanError
from mrv.misfit import misfit
from mrv.sections import Section
from mrv.units import DateStr, Digest, sha256_bytes

SAMPLE_FILE = "sample.json"
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Sample(Section):
    """``sample.json``: which frame was drawn from, with which seed."""

    schema_: Annotated[Literal["mrv.sample/1"], Field(alias="schema")]
    """Version of this format."""
    frame: Digest
    """The frame's digest."""
    committed_at: DateStr
    """Day on which that digest was published, as stated."""
    beacon: Line
    """Public value that became known after that day."""
    beacon_source: Line
    """Where anyone can read it: which beacon, round or draw."""
    beacon_at: DateStr
    """Day on which it became known, as stated."""
    seed: Digest
    """sha256 of frame digest, line feed, beacon."""

    def encoded(self) -> bytes:
        """The bytes of ``sample.json``, canonical."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))

    def digest(self) -> str:
        """``sha256:`` of those bytes."""
        return sha256_bytes(self.encoded())


def commit(frame: Frame, *, beacon: str, beacon_source: str, committed_at: date, beacon_at: date) -> Sample:
    """The sample that a beacon gives.

    Raises:
        PlanError: What :func:`check_sample` finds.
    """
    digest = frame.digest()
    try:
        sample = Sample.model_validate({
            "schema": "mrv.sample/1", "frame": digest, "committed_at": committed_at.isoformat(), "beacon": beacon,
            "beacon_source": beacon_source, "beacon_at": beacon_at.isoformat(), "seed": seed_for(digest, beacon),
        })  # fmt: skip
    except ValidationError as error:
        raise _syntax(error, SAMPLE_FILE) from error
    check_sample(sample, frame)
    return sample


def parse_sample(data: bytes, *, frame: Frame, file: str = SAMPLE_FILE) -> Sample:
    """Read a sample and check it against its frame.

    Args:
        data: Bytes of ``sample.json``.
        frame: The frame.
        file: Its name in messages.

    Raises:
        PlanError: ``sample.syntax``, ``sample.canonical``, or what :func:`check_sample` finds.
    """
    if len(data) > MAX_BYTES:
        raise PlanError(f"{len(data)} bytes", code="sample.syntax", file=file, hint="give the file that mrv sample wrote")
    try:
        sample = Sample.model_validate_json(data)
    except ValidationError as error:
        raise _syntax(error, file) from error
    check_sample(sample, frame, file=file)
    if sample.encoded() != data:
        raise PlanError(
            "not in canonical form",
            code="sample.canonical",
            file=file,
            hint="restore the file as mrv sample wrote it (RFC 8785)",
        )
    return sample


def check_sample(sample: Sample, frame: Frame, *, file: str = SAMPLE_FILE) -> None:
    """Check a sample against its frame.

    Raises:
        PlanError: ``sample.frame`` (drawn from another frame), ``sample.beacon`` (not one line of text),
            ``sample.beacon-early`` (known before the commitment), ``sample.seed``.
    """
    if sample.frame != frame.digest():
        raise PlanError(
            f"drawn from frame {sample.frame}, not from {frame.digest()}", code="sample.frame", file=file, field="frame",
            hint=f"restore the {FRAME_FILE} that was committed; a changed frame is another frame and needs another beacon",
        )  # fmt: skip
    for field in ("beacon", "beacon_source"):
        text = getattr(sample, field)
        if text != text.strip() or not text.isprintable() or not unicodedata.is_normalized("NFC", text):
            raise PlanError(
                "is not one line of plain text", code="sample.beacon", file=file, field=field,
                hint="no line breaks, no spaces around it, Unicode normal form C",
            )  # fmt: skip
    if date.fromisoformat(sample.beacon_at) <= date.fromisoformat(sample.committed_at):
        raise PlanError(
            f"the beacon of {sample.beacon_at} was known when the frame was committed ({sample.committed_at})",
            code="sample.beacon-early", file=file, field="beacon_at", hint="take a value of a later day",
        )  # fmt: skip
    if sample.seed != (right := seed_for(sample.frame, sample.beacon)):
        raise PlanError(
            "is not sha256(frame digest, line feed, beacon)", code="sample.seed", file=file, field="seed",
            hint=f"this frame and beacon give {right}",
        )  # fmt: skip


def _syntax(error: ValidationError, file: str) -> PlanError:
    found = misfit(error, Sample)
    hint = f"give the file that mrv sample wrote; there: {found.hint}"
    return PlanError(found.message, code="sample.syntax", file=file, field=found.field or None, hint=hint)
