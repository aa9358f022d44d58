"""Countersignatures of one attestation, asked every question; how many it needs is a value of the trust list.

A countersignature counts where a trusted key, another than the machine's, made it, in a role the key has, about
this attestation, and its opinion is unmodified or qualified.  An adverse opinion fails the attestation, whatever else holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from mrv.attest import proof
from mrv.attest.trust import Assurance
from mrv.attest.trusted_time import proved_at
from mrv.checks import Check, Status, decide
from mrv.errors import AttestationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mrv.attest.trust import Countersigners, TrustedKey, TrustList
    from mrv.attest.trusted_time import TrustedTime

_LEVELS: tuple[str, ...] = get_args(Assurance)
_COUNTING = {"unmodified", "qualified"}


@dataclass(frozen=True, slots=True)
class Attested:
    """What countersignatures are held against."""

    digest: str
    """Attestation digest."""
    key: TrustedKey | None
    """The machine's key; None where it is not trusted."""
    conclusion: str | None
    """What the program computed; None where the statement has none."""
    valid_from: str
    """When it was signed, as it says: nobody's opinion on it is of an earlier day."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One countersignature that holds."""

    role: str
    party: str
    key: str
    opinion: str
    assurance: str


class _RefusedError(Exception):
    """One countersignature does not hold."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check_countersignatures(
    files: Sequence[bytes], attested: Attested, *, trust: TrustList, now: str, times: Sequence[TrustedTime] = ()
) -> list[Check]:
    """Verify countersignatures, and whether they are as many as the trust list asks for.

    Args:
        files: The bytes of each countersignature.
        attested: The attestation they are about.
        trust: Whose keys count, and how many opinions are needed.
        now: The time to judge by.
        times: Trusted times, which let a countersignature outlive its key.

    Returns:
        For each file ``countersign.valid``, or one failing check (``.shape``, ``.digest``, ``.untrusted``, ``.same-key``,
        ``.role``, ``.suite``, ``.not-yet``, ``.revoked``, ``.expired``, ``.proof``, ``.period``, ``.date``, ``.repeated``);
        then what an opinion says against the attestation (``.opinion``, ``.differs``); then ``countersign.required`` or
        ``countersign.missing`` for each role the trust list asks for, or ``countersign.not-required``.
    """
    checks: list[Check] = []
    seen: list[_Seen] = []
    for number, data in enumerate(files, 1):
        try:
            document = _parse(data)
            found = _judge(document, attested, trust, now, times)
            _check_new(found, seen)
        except _RefusedError as refusal:
            checks.append(Check(f"countersign.{refusal.reason}", "fails", f"countersignature {number}: {refusal}"))
            continue
        seen.append(found)
        checks += [Check("countersign.valid", "holds", _say(document)), *_opinion(document, attested)]
    if not trust.countersignatures:
        told = "the trust list asks for no person's opinion" + ("" if files else ", and none was given")
        return [*checks, Check("countersign.not-required", "note", told)]
    return [*checks, *(_enough(wanted, seen) for wanted in trust.countersignatures)]


def _parse(data: bytes) -> dict[str, Any]:
    from mrv.attest import countersignature  # most attestations come without

    try:
        return countersignature.parse(data)
    except AttestationError as error:
        raise _RefusedError("shape", f"{error.error_code}: {error}") from error


def _judge(document: dict[str, Any], attested: Attested, trust: TrustList, now: str, times: Sequence[TrustedTime]) -> _Seen:
    """Every question about one document, the first that fails being the answer."""
    from mrv.attest.countersignature import attestation_of

    subject, name, made = document["credentialSubject"], document["issuer"], document["proof"]
    about = attestation_of(document)
    if about != attested.digest:
        raise _RefusedError("digest", f"it is about {about}, not about {attested.digest}")
    key, issuer = trust.key(name, made["verificationMethod"]), trust.issuer(name)
    if key is None or issuer is None:
        raise _RefusedError("untrusted", f"{made['verificationMethod']:.200} is no key the trust list gives {name:.200}")
    if attested.key is not None and key.public_key == attested.key.public_key:
        raise _RefusedError("same-key", f"{key.id} signed the attestation itself: it cannot be its own witness")
    fault = key.judge(role=subject["role"], suite=made["cryptosuite"], now=now, proved_at=proved_at(document, times))
    if fault is not None:
        raise _RefusedError(fault.reason, fault.detail)
    try:
        proof.verify(document, key.public_key, checked=True)
    except AttestationError as error:
        raise _RefusedError("proof", str(error)) from error
    if document["validFrom"] > now:
        raise _RefusedError("period", f"valid from {document['validFrom']}; now is {now}")
    if subject["date"] < attested.valid_from[:10]:
        raise _RefusedError("date", f"an opinion of {subject['date']}, and the attestation is valid from {attested.valid_from}")
    return _Seen(subject["role"], issuer.party or issuer.id, key.id, subject["opinion"], subject["assurance"])


def _check_new(found: _Seen, seen: Iterable[_Seen]) -> None:
    for other in seen:
        if found.key == other.key or (found.role, found.party) == (other.role, other.party):
            raise _RefusedError("repeated", f"{found.party} has countersigned already; give the opinion that stands")


def _opinion(document: dict[str, Any], attested: Attested) -> list[Check]:
    subject = document["credentialSubject"]
    given, checks = subject["opinion"], []
    if given != "unmodified":
        status: Status = "fails" if given == "adverse" else "note"
        checks.append(Check("countersign.opinion", status, f"{given}: {subject['reason']}"))
    if attested.conclusion is not None and attested.conclusion != given:
        told = f"the program computed {attested.conclusion}, the {subject['role']}'s opinion is {given}"
        checks.append(Check("countersign.differs", "note", told))
    return checks


def _enough(wanted: Countersigners, seen: Iterable[_Seen]) -> Check:
    least = _LEVELS.index(wanted.assurance)
    counted = sum(
        found.role == wanted.role and found.opinion in _COUNTING and _LEVELS.index(found.assurance) >= least for found in seen
    )
    told = f"{counted} of {wanted.number} by a {wanted.role}, of {wanted.assurance} assurance or above"
    enough = counted >= wanted.number
    return decide("countersign.required" if enough else "countersign.missing", enough, told)


def _say(document: dict[str, Any]) -> str:
    subject = document["credentialSubject"]
    said = f"{subject['opinion']}, {subject['assurance']} assurance, {subject['date']}"
    return f"{document['issuer']:.200} as {subject['role']}: {said}; {subject['scope']:.200}"
