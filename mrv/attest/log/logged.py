"""Ask a ``.tlog-proof`` whether the log holds a leaf, who saw it, and since when.

The time is that of witnesses, for the log and the signer could both write any date.  Where a policy asks for ``k`` of them,
the time is the ``k``-th earliest: as long as fewer than ``k`` lie, one who does not had seen the leaf by then.

References:
    C2SP tlog-proof ("Verifying a tlog proof").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mrv.attest import credential
from mrv.attest.log import merkle
from mrv.attest.log.entry import attestation_entry
from mrv.attest.log.sidecar import Sidecar, parse_sidecar
from mrv.attest.log.signatures import signed_by
from mrv.attest.shapes import check_instant
from mrv.attest.trusted_time import TrustedTime, signature_digest
from mrv.checks import Check, decide
from mrv.errors import AttestationError, LogError

if TYPE_CHECKING:
    from mrv.attest.log.policy import LogPolicy
    from mrv.attest.log.signatures import VerifierKey

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Logged:
    """What a proof says, by a policy."""

    checks: tuple[Check, ...]
    """Every question and its answer."""
    trusted_time: str | None
    """An instant at which the leaf was certainly there; None unless every check holds and witnesses were asked for."""
    source: str = ""
    """Who says so."""


def check_logged(entry: bytes, data: bytes, *, policy: LogPolicy, now: str) -> Logged:
    """Judge a proof that a log holds ``entry``.

    Args:
        entry: The leaf, as :mod:`mrv.attest.log.entry` makes it from the document at hand.
        data: The bytes of the ``.tlog-proof``.
        policy: Whose word counts.
        now: The time to judge by, ``…Z``; a cosignature of a later time does not count.

    Raises:
        AttestationError: ``now`` is malformed.
    """
    seconds = _seconds(now)
    try:
        sidecar = parse_sidecar(data)
    except LogError as error:
        return Logged((Check("log.proof", "fails", f"{error.error_code}: {_say(error)}"),), None)
    times, broken = _cosigned(sidecar, policy)
    checks = (
        Check("log.proof", "holds", f"leaf {sidecar.index} of {sidecar.signed.checkpoint.size}"),
        _origin(sidecar, policy),
        _signature(sidecar, policy),
        _included(entry, sidecar),
        broken or _witnesses(times, policy, seconds),
        *_fresh(times, policy, seconds),
    )
    if any(check.status == "fails" for check in checks):
        return Logged((*checks, Check("log.time", "fails", "a proof that does not hold gives no time")), None)
    if policy.quorum == 0:
        return Logged((*checks, Check("log.time", "note", "no witness is asked for, and a log's own word gives no time")), None)
    earliest = sorted(time for time in times.values() if time <= seconds)
    instant = datetime.fromtimestamp(earliest[policy.quorum - 1], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    source = f"{policy.quorum} witnesses of leaf {sidecar.index} of {sidecar.signed.checkpoint.origin!a:.200}"
    return Logged((*checks, Check("log.time", "holds", f"in the log at {instant}, say {source}")), instant, source)


def check_attestation(data: bytes, proof: bytes, *, policy: LogPolicy, now: str) -> tuple[list[Check], list[TrustedTime]]:
    """Judge a proof that a log holds an attestation, and since when its signature exists.

    Args:
        data: The bytes of ``attestation.json``; where they are no attestation there is nothing to ask, and
            :func:`mrv.attest.verify.check` says why.
        proof: The bytes of the ``.tlog-proof``.
        policy: Whose word counts.
        now: The time to judge by.

    Returns:
        The checks, and what to hand to :func:`mrv.attest.verify.check` as ``times``.
    """
    try:
        document = credential.parse(data)
    except AttestationError:
        return [], []
    logged = check_logged(attestation_entry(document), proof, policy=policy, now=now)
    if logged.trusted_time is None:
        return list(logged.checks), []
    time = TrustedTime(signature_digest(document), logged.trusted_time, logged.source)
    return list(logged.checks), [time]


def _origin(sidecar: Sidecar, policy: LogPolicy) -> Check:
    origin = sidecar.signed.checkpoint.origin
    known = bool(policy.log_keys(origin))
    return decide("log.origin", known, f"{origin!a:.200} {'is' if known else 'is not'} a log of the policy")


def _signature(sidecar: Sidecar, policy: LogPolicy) -> Check:
    origin = sidecar.signed.checkpoint.origin
    try:
        keys = signed_by(sidecar.signed.note, policy.log_keys(origin))
    except LogError as error:
        return Check("log.signature", "fails", _say(error))
    return decide("log.signature", bool(keys), f"{'signed' if keys else 'not signed'} by a key of {origin!a:.200}")


def _included(entry: bytes, sidecar: Sidecar) -> Check:
    tree = sidecar.signed.checkpoint
    holds = merkle.included(merkle.leaf_hash(entry), sidecar.index, tree.size, sidecar.path, tree.root)
    told = "leads to the root" if holds else "does not lead to the root: another document, or another log"
    return decide("log.included", holds, f"{entry.decode():.160} at leaf {sidecar.index} {told}")


def _cosigned(sidecar: Sidecar, policy: LogPolicy) -> tuple[dict[VerifierKey, int], Check | None]:
    try:
        return signed_by(sidecar.signed.note, policy.witness_keys), None
    except LogError as error:
        return {}, Check("log.witnesses", "fails", _say(error))


def _witnesses(times: dict[VerifierKey, int], policy: LogPolicy, now: int) -> Check:
    seen = [key.name for key, time in times.items() if time <= now]
    later = [key.name for key, time in times.items() if time > now]
    told = f"{len(seen)} of {policy.quorum} needed: {', '.join(seen) or 'none'}"
    return decide("log.witnesses", len(seen) >= policy.quorum, told + (f"; after now: {', '.join(later)}" if later else ""))


def _fresh(times: dict[VerifierKey, int], policy: LogPolicy, now: int) -> list[Check]:
    if policy.max_age_days is None:
        return []
    age = now - max((time for time in times.values() if time <= now), default=0)
    fresh = age <= policy.max_age_days * _DAY_S
    return [decide("log.fresh", fresh, f"last cosigned {age // _DAY_S} days ago, {policy.max_age_days} allowed")]


def _seconds(instant: str) -> int:
    return int(datetime.fromisoformat(check_instant(instant)).timestamp())


def _say(error: LogError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)
