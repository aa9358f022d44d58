"""Checking: what every verb asks that verifies an attestation first, and the answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mrv.cli.verb import read_file
from mrv.errors import UsageError

if TYPE_CHECKING:
    import argparse

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


def asked(args: argparse.Namespace, *, ledger: Path | None = None) -> tuple[bytes, list[Check]]:
    """The attestation's bytes, and every check that the options ask for.

    Args:
        args: Words of a verb with :func:`check_options`.
        ledger: What was attested before; None asks nothing of it.
    """
    from mrv.attest.trust import load_trust
    from mrv.attest.verify import check
    from mrv.units import utc_now

    if args.evidence is not None and not args.evidence.is_dir():
        raise UsageError("no such folder", code="usage.file", file=args.evidence, hint="give the evidence folder")
    trust = load_trust(args.trust, min_version=args.min_trust_version, accepted_digest=args.trust_digest)
    data, now = read_file(args.attestation), args.now or utc_now()
    timed, times = _timed(data, now, args)
    checks = check(
        data, trust=trust, now=now, asset=args.asset, evidence=args.evidence, status=args.status, times=times,
        countersignatures=[read_file(path) for path in args.countersignature],
    )  # fmt: skip
    checks += timed
    if ledger is not None:
        from mrv.registry.ledger import check_bytes, load_ledger

        checks += check_bytes(data, load_ledger(ledger, trust=trust), args.evidence)
    return data, checks


def _timed(data: bytes, now: str, args: argparse.Namespace) -> tuple[list[Check], list[TrustedTime]]:
    """What a log and a time-stamping authority say, where the caller has their word."""
    logged, stamped = _both(args, "log_proof", "log_policy"), _both(args, "timestamp", "tsa")
    checks: list[Check] = []
    times: list[TrustedTime] = []
    if logged:
        from mrv.attest.log.logged import check_attestation
        from mrv.attest.log.policy import load_policy

        policy = load_policy(args.log_policy)
        checks, times = check_attestation(data, read_file(args.log_proof), policy=policy, now=now)
    if stamped:
        from mrv.attest.timestamp import check_timestamp

        more, later = check_timestamp(data, read_file(args.timestamp), roots=read_file(args.tsa), now=now)
        checks, times = checks + more, times + later
    return checks, times


def _both(args: argparse.Namespace, one: str, other: str) -> bool:
    """Whether two options that belong together were given."""
    given = {name: getattr(args, name) is not None for name in (one, other)}
    if len(set(given.values())) > 1:
        options = " and ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError("go together", code="usage", field=options, hint="name both")
    return all(given.values())
