"""Checking: what every verb asks that verifies an attestation first, and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.cli.verb import read_file
from mrv.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from mrv.attest.evidence import Held
    from mrv.attest.status import Lists
    from mrv.attest.trust import TrustList
    from mrv.attest.trusted_time import TrustedTime
    from mrv.checks import Check


def check_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Whose keys count, which token is held, and what lies beside the attestation."""
    parser.add_argument("--trust", type=Path, required=required, help="trust list: whose keys count")
    asset = parser.add_mutually_exclusive_group(required=required)
    asset.add_argument("--asset", metavar="CAIP-19", help="the token asset you hold")
    asset.add_argument("--no-asset", action="store_true", help="you hold none")
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="evidence folder; its files are hashed")
    parser.add_argument("--status", type=Path, metavar="DIR", help="folder of status lists")
    parser.add_argument("--log-proof", type=Path, metavar="FILE", help=".tlog-proof: that a log holds it, and since when")
    parser.add_argument("--log-policy", type=Path, metavar="FILE", help="whose logs and witnesses count, and how many")
    parser.add_argument("--timestamp", type=Path, metavar="FILE", help="RFC 3161 response (.tsr) over its signature")
    parser.add_argument("--tsa", type=Path, metavar="FILE", help="PEM roots of the time-stamping authorities you trust")
    parser.add_argument("--now", metavar="T", help="judge at this time, YYYY-MM-DDThh:mm:ssZ; default, now")
    parser.add_argument("--min-trust-version", type=int, metavar="N", help="last trust-list version you accepted")
    parser.add_argument("--trust-digest", metavar="DIGEST", help="digest of that version: a fork of it is refused")
    parser.add_argument(
        "--countersignature",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a verifier's opinion; may be repeated",
    )


@dataclass(frozen=True)
class Shown:
    """An attestation and what is shown with it, wherever it was read from."""

    data: bytes
    """The bytes of the attestation."""
    evidence: Path | Held | None
    status: Path | Lists | None
    countersignatures: tuple[bytes, ...]
    log_proof: bytes | None
    """Judged by the caller's ``--log-policy``."""
    timestamp: bytes | None
    """Judged by the caller's ``--tsa``."""


def asked(args: argparse.Namespace, *, ledger: Path | None = None) -> tuple[bytes, list[Check]]:
    """The attestation's bytes, and every check that the options ask for.

    Args:
        args: Words of a verb with :func:`check_options`.
        ledger: What was attested before; None asks nothing of it.
    """
    if args.evidence is not None and not args.evidence.is_dir():
        raise UsageError("no such folder", code="usage.file", file=args.evidence, hint="give the evidence folder")
    trust = trust_of(args)
    logged, stamped = _both(args, "log_proof", "log_policy"), _both(args, "timestamp", "tsa")
    shown = Shown(
        read_file(args.attestation), args.evidence, args.status, tuple(read_file(path) for path in args.countersignature),
        read_file(args.log_proof) if logged else None, read_file(args.timestamp) if stamped else None,
    )  # fmt: skip
    checks = judged(shown, trust, args)
    if ledger is not None:
        from mrv.registry.ledger import check_bytes, load_ledger

        checks += check_bytes(shown.data, load_ledger(ledger, trust=trust), args.evidence)
    return shown.data, checks


def trust_of(args: argparse.Namespace) -> TrustList:
    """The caller's trust list, which has to follow the one they accepted before."""
    from mrv.attest.trust import load_trust

    return load_trust(args.trust, min_version=args.min_trust_version, accepted_digest=args.trust_digest)


def judged(shown: Shown, trust: TrustList, args: argparse.Namespace) -> list[Check]:
    """Every check of what is shown, by the caller's trust list, policy, roots, time and asset."""
    from mrv.attest.verify import check
    from mrv.units import utc_now

    now = args.now or utc_now()
    timed, times = _timed(shown, now, args)
    checks = check(
        shown.data, trust=trust, now=now, asset=args.asset, evidence=shown.evidence, status=shown.status, times=times,
        countersignatures=shown.countersignatures,
    )  # fmt: skip
    return checks + timed


def token_checks(data: bytes, checks: list[Check], metadata: bytes) -> list[Check]:
    """Whether a token's metadata and the attestation name each other; nothing where that has no statement to compare with.

    Args:
        data: The bytes of the attestation.
        checks: What was found of it.
        metadata: The bytes of the token's metadata.
    """
    if checks[0].code != "schema.closed":
        return []
    from mrv.registry import attested, erc1155

    value = erc1155.read_metadata(metadata)
    if any(check.code == "statement.schema" and check.status == "holds" for check in checks):
        return erc1155.check_metadata(value, attested.unchecked(data))
    return []


def _timed(shown: Shown, now: str, args: argparse.Namespace) -> tuple[list[Check], list[TrustedTime]]:
    """What a log and a time-stamping authority say, where the caller has their word."""
    checks: list[Check] = []
    times: list[TrustedTime] = []
    if shown.log_proof is not None:
        from mrv.attest.log.logged import check_attestation
        from mrv.attest.log.policy import load_policy

        policy = load_policy(args.log_policy)
        checks, times = check_attestation(shown.data, shown.log_proof, policy=policy, now=now)
    if shown.timestamp is not None:
        from mrv.attest.timestamp import check_timestamp

        more, later = check_timestamp(shown.data, shown.timestamp, roots=read_file(args.tsa), now=now)
        checks, times = checks + more, times + later
    return checks, times


def _both(args: argparse.Namespace, one: str, other: str) -> bool:
    """Whether two options that belong together were given."""
    given = {name: getattr(args, name) is not None for name in (one, other)}
    if len(set(given.values())) > 1:
        options = " and ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError("go together", code="usage", field=options, hint="name both")
    return all(given.values())
