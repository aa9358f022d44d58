"""Ask an attestation every question; answer with a list of checks, never a bare yes.

``now`` and the trusted keys come from the caller, and nothing is taken on the document's word: no algorithm, no
key, no time.  What cannot be decided fails.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mrv.attest import caip19, credential, proof, strict_json
from mrv.attest.countersigned import Attested, check_countersignatures
from mrv.attest.evidence import Held, check_evidence, check_held, check_materials
from mrv.attest.keys import decode_multikey
from mrv.attest.shapes import check_instant
from mrv.attest.status import check_status
from mrv.attest.trusted_time import check_times, proved_at
from mrv.checks import Check, decide
from mrv.errors import AttestationError, MRVError
from mrv.registry.binding import check_serials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mrv.attest.status import Lists
    from mrv.attest.trust import TrustedKey, TrustList
    from mrv.attest.trusted_time import TrustedTime


def check(
    data: bytes,
    *,
    trust: TrustList,
    now: str,
    asset: str | None,
    evidence: Path | Held | None,
    status: Path | Lists | None = None,
    countersignatures: Sequence[bytes] = (),
    times: Sequence[TrustedTime] = (),
) -> list[Check]:
    """Verify a signed attestation.

    Args:
        data: The bytes of ``attestation.json``.
        trust: Whose keys count.
        now: The time to judge by, ``…Z`` in whole seconds; ``proof.created`` is never used.
        asset: The CAIP-19 asset the caller holds; None says that there is none.
        evidence: The folder of evidence files, or what a bundle holds of them; None leaves them unread, which is noted.
        status: A folder of status lists (:mod:`mrv.attest.status`), or the lists; None where the caller has none.
        countersignatures: The bytes of each countersignature; how many are needed is in the trust list.
        times: Trusted times of these signatures, which let them outlive their keys.

    Returns:
        Every check in order.  A document that cannot be parsed gives that one alone.

    Raises:
        AttestationError: ``now`` or ``asset`` is malformed: the caller's fault, never the document's.
    """
    check_instant(now)
    wanted = None if asset is None else caip19.normalise(asset)
    try:
        document = credential.parse(data)
    except AttestationError as error:
        return [Check(error.error_code, "fails", _say(error))]
    subject, digest = document["credentialSubject"], credential.attestation_digest(document, checked=True)
    key = trust.key(document["issuer"], document["proof"]["verificationMethod"])
    return [
        Check("schema.closed", "holds", digest),
        _issuer(document, trust),
        _key(document, key, now, times),
        _proof(document, key),
        _period(document, now),
        *check_status(document, trust=trust, folder=status, now=now),
        _subject(subject),
        _asset(subject["binding"]["assets"], wanted),
        *check_serials(subject["binding"]["serials"], subject["statement"]),
        *_statement(subject["statement"]),
        check_materials(subject["statement"], subject["materials"]),
        *_evidence(subject["materials"], evidence),
        *check_countersignatures(
            countersignatures,
            Attested(digest, key, _concluded(subject), document["validFrom"]),
            trust=trust,
            now=now,
            times=times,
        ),
        *(check_times([document, *_readable(countersignatures)], times, now) if times else ()),
    ]


def check_alone(document: dict[str, Any]) -> list[Check]:
    """Every check of an attestation that needs no trust list, for whoever adds their word to it: never enough to rely on.

    Args:
        document: From :func:`mrv.attest.credential.parse`.

    Returns:
        ``subject.id``, those of serials, statement and materials as of :func:`check`; and ``proof.valid``, of the key that
        the document itself names, where that name has it: whoever changed the document, and signed nothing, is found out.
    """
    subject = document["credentialSubject"]
    return [
        *_own_proof(document),
        _subject(subject),
        *check_serials(subject["binding"]["serials"], subject["statement"]),
        *_statement(subject["statement"]),
        check_materials(subject["statement"], subject["materials"]),
    ]


def _own_proof(document: dict[str, Any]) -> list[Check]:
    method = document["proof"]["verificationMethod"]
    try:
        key = decode_multikey(method.partition("#")[2])
    except AttestationError:
        return []
    try:
        proof.verify(document, key, checked=True)
    except AttestationError as error:
        return [Check("proof.valid", "fails", _say(error))]
    return [Check("proof.valid", "holds", f"by {method:.200}, whoever that is")]


def _issuer(document: dict[str, Any], trust: TrustList) -> Check:
    name = document["issuer"]
    known = trust.issuer(name) is not None
    found = "is" if known else "is not"
    return decide("issuer.trusted", known, f"{name:.200} {found} in the trust list (version {trust.version})")


def _key(document: dict[str, Any], key: TrustedKey | None, now: str, times: Sequence[TrustedTime]) -> Check:
    if key is None:
        method = document["proof"]["verificationMethod"]
        return Check("key.valid", "fails", f"{method:.200} is no key the trust list gives this issuer")
    proved = proved_at(document, times)
    fault = key.fault(role="attester", suite=document["proof"]["cryptosuite"], now=now, proved_at=proved)
    signed = f", signed by {proved}" if proved else ""
    return decide("key.valid", fault is None, fault or f"{key.id} is valid as attester at {now}{signed}")


def _proof(document: dict[str, Any], key: TrustedKey | None) -> Check:
    if key is None:
        return Check("proof.valid", "fails", "there is no trusted key to verify it with")
    try:
        proof.verify(document, key.public_key, checked=True)
    except AttestationError as error:
        return Check("proof.valid", "fails", _say(error))
    return Check("proof.valid", "holds", f"{key.suite} by {key.id}")


def _period(document: dict[str, Any], now: str) -> Check:
    start, end = document["validFrom"], document.get("validUntil")
    valid = start <= now and (end is None or now < end)
    return decide("validity.period", valid, f"valid from {start} to {end or 'no end'}; now is {now}")


def _subject(subject: dict[str, Any]) -> Check:
    computed = credential.SUBJECT + strict_json.digest(subject["statement"], checked=True)
    return decide("subject.id", computed == subject["id"], f"the statement is {computed}, signed as {subject['id']}")


def _asset(bound: list[str], wanted: str | None) -> Check:
    names = ", ".join(bound) or "no asset"
    if wanted is None:
        return decide("binding.asset", not bound, f"bound to {names}; the caller says there is none")
    return decide("binding.asset", wanted in bound, f"bound to {names}; the caller holds {wanted}")


def _statement(statement: dict[str, Any]) -> list[Check]:
    from mrv.statement import check_statement

    try:
        return list(check_statement(statement))
    except MRVError as error:
        return [Check(error.error_code, "fails", _say(error))]


def _evidence(materials: list[dict[str, Any]], folder: Path | Held | None) -> list[Check]:
    if isinstance(folder, Held):
        return check_held(materials, folder)
    if folder is None:
        return [Check("evidence.unread", "note", f"{len(materials)} files are signed; none was read again")]
    return check_evidence(materials, folder)


def _concluded(subject: dict[str, Any]) -> str | None:
    conclusion = subject["statement"].get("conclusion")
    computed = conclusion.get("computed") if isinstance(conclusion, dict) else None
    return computed if isinstance(computed, str) else None


def _readable(files: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    from mrv.attest import countersignature

    for data in files:
        with suppress(AttestationError):
            yield countersignature.parse(data)


def _say(error: MRVError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)
