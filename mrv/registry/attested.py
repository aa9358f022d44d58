"""Attested: an attestation taken for use, with what its check said; the one thing that exports start from.

An export carries no signature: whoever reads it trusts that somebody checked the attestation.  So there are two ways in,
:func:`by_check` and :func:`unchecked`, and the second is written into whatever is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from mrv.attest import credential
from mrv.errors import AttestationError, MRVError
from mrv.registry.serials import Block, parse
from mrv.statement import Statement, parse_statement
from mrv.units import KG_PER_T

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.checks import Check

UNCHECKED = "UNCHECKED: made without verifying the attestation"


class CheckFailed(MRVError):
    """The attestation does not hold, so nothing is made of it."""

    code = "export.refused"
    exit_status = 1


@dataclass(frozen=True)
class Attested:
    """An attestation, and whether it was checked."""

    document: dict[str, Any]
    """The signed document."""
    statement: Statement
    """Its statement."""
    digest: str
    """Attestation digest."""
    checked: bool
    """Whether every check held; False is written into every export."""

    @property
    def urn(self) -> str:
        """The attestation's name where a URI is wanted."""
        return f"urn:mrv:attestation:{self.digest}"

    @property
    def issuer(self) -> str:
        """Who signed it."""
        name: str = self.document["issuer"]
        return name

    @property
    def binding(self) -> dict[str, Any]:
        """Serials, assets, networks and what it supersedes."""
        bound: dict[str, Any] = self.document["credentialSubject"]["binding"]
        return bound

    def genesis_of(self, chain: str) -> str | None:
        """The genesis hash that is signed for a chain, such as ``eip155:137``; None where none is."""
        rows = self.binding.get("networks", ())
        return next((row["genesis"] for row in rows if row["chain"] == chain), None)

    @property
    def quantity_kg(self) -> int:
        """Creditable tonnes, in kg CO2e: 0 where the conclusion is adverse or a disclaimer."""
        return self.statement.conclusion.creditable_t * KG_PER_T

    @property
    def period_seconds(self) -> tuple[int, int]:
        """First and last second of the period, both included, since 1970-01-01T00:00:00Z."""
        first, last = (date.fromisoformat(day) for day in (self.statement.period.start, self.statement.period.end))
        ends = datetime.combine(first, time.min, UTC), datetime.combine(last, time(23, 59, 59), UTC)
        return int(ends[0].timestamp()), int(ends[1].timestamp())

    def blocks(self) -> list[Block]:
        """Its serial blocks.

        Raises:
            SerialError: One does not parse.
        """
        return [parse(text) for text in self.binding["serials"]]

    def header(self, uri: str) -> dict[str, Any]:
        """What every export carries: which attestation, where it lies, and whether it was checked."""
        told: dict[str, Any] = {
            "attestation": self.digest,
            "uri": uri,
            "statement": self.document["credentialSubject"]["id"],
            "issuer": self.issuer,
            "checked": self.checked,
            "simulated": self.statement.project.simulated,
            "conclusion": self.statement.conclusion.computed,
        }
        return told if self.checked else {"warning": UNCHECKED, **told}


def by_check(data: bytes, checks: Sequence[Check]) -> Attested:
    """The attestation of ``data``, whose checks all held.

    Args:
        data: The bytes that were checked.
        checks: What :func:`mrv.attest.verify.check` answered about them.

    Raises:
        CheckFailed: A check failed, or the checks are of other bytes.
    """
    failed = [check.code for check in checks if check.status == "fails"]
    if failed:
        raise CheckFailed(f"the attestation fails: {', '.join(dict.fromkeys(failed))}", hint="mrv check says why")
    taken = _take(data, checked=True)
    if not any(check.code == "schema.closed" and check.detail == taken.digest for check in checks):
        raise CheckFailed("the checks are not of this attestation", hint="check it again")
    if not any(check.code == "proof.valid" for check in checks):
        raise CheckFailed("nobody looked at its signature", hint="check it with a trust list")
    return taken


def unchecked(data: bytes) -> Attested:
    """The attestation of ``data``, on nobody's word; every export of it says so.

    Raises:
        AttestationError: It does not parse.
    """
    return _take(data, checked=False)


def check_uri(text: str) -> str:
    """``text``, if it is an address where anyone can read the attestation.

    Raises:
        AttestationError: ``export.uri``.
    """
    scheme, found, rest = text.partition("://")
    plain = all("!" <= letter <= "~" and letter not in "\"'<>\\^`{|}" for letter in text)
    if "@" in rest.partition("/")[0].partition("?")[0]:
        raise AttestationError(
            "holds a user's name or password, and everybody reads it", code="export.uri", field="--uri",
            hint="leave out what stands before the @",
        )  # fmt: skip
    if not (found and rest and plain and scheme in {"https", "ipfs", "ar"} and len(text) <= 2048):
        raise AttestationError(
            f"{text!a:.120} is no public address", code="export.uri", field="--uri", hint="https://…, ipfs://… or ar://…"
        )
    return text


def _take(data: bytes, *, checked: bool) -> Attested:
    document = credential.parse(data)
    statement = parse_statement(document["credentialSubject"]["statement"])
    return Attested(document, statement, credential.attestation_digest(document, checked=True), checked)
