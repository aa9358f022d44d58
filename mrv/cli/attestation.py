"""Verbs on a signed attestation: check, replay, diff."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.printing import answer, say, say_json
from mrv.cli.verb import compute_options, need, read_file, verb
from mrv.errors import StoreError, UsageError

if TYPE_CHECKING:
    from mrv.attest.trusted_time import TrustedTime
    from mrv.checks import Check


def add_verbs(verbs: Any) -> None:
    """Add ``check``, ``replay`` and ``diff``."""
    check = verb(verbs, "check", _check, "verify a signed attestation: a list of checks, never a bare yes")
    check.add_argument("attestation", type=Path)
    check.add_argument("--trust", type=Path, required=True, help="trust list: whose keys count")
    asset = check.add_mutually_exclusive_group(required=True)
    asset.add_argument("--asset", metavar="CAIP-19", help="the token asset you hold")
    asset.add_argument("--no-asset", action="store_true", help="you hold none")
    check.add_argument("--evidence", type=Path, metavar="DIR", help="evidence folder; its files are hashed")
    check.add_argument("--status", type=Path, metavar="DIR", help="folder of status lists")
    check.add_argument("--log-proof", type=Path, metavar="FILE", help=".tlog-proof: that a log holds it, and since when")
    check.add_argument("--log-policy", type=Path, metavar="FILE", help="whose logs and witnesses count, and how many")
    check.add_argument("--timestamp", type=Path, metavar="FILE", help="RFC 3161 response (.tsr) over its signature")
    check.add_argument("--tsa", type=Path, metavar="FILE", help="PEM roots of the time-stamping authorities you trust")
    check.add_argument("--now", metavar="T", help="judge at this time, YYYY-MM-DDThh:mm:ssZ; default, now")
    check.add_argument("--min-trust-version", type=int, metavar="N", help="last trust-list version you accepted")
    check.add_argument("--trust-digest", metavar="DIGEST", help="digest of that version: a fork of it is refused")
    check.add_argument(
        "--countersignature",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a verifier's opinion; may be repeated",
    )
    replay = verb(verbs, "replay", _replay, "recompute an attestation from its evidence; exact on integers and digests")
    replay.add_argument("attestation", type=Path)
    replay.add_argument("--store", type=Path, required=True, metavar="DIR", help="a store, or the evidence folder")
    replay.add_argument("--refetch", action="store_true", help="fetch every band again from its address first")
    replay.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="where relative addresses start")
    compute_options(replay)
    diff = verb(verbs, "diff", _diff, "what differs between two attestations")
    diff.add_argument("left", type=Path)
    diff.add_argument("right", type=Path)


def _check(args: argparse.Namespace) -> int:
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
    return answer([*checks, *timed], as_json=args.json, what="the attestation")


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


def _replay(args: argparse.Namespace) -> int:
    need("rasterio")
    from mrv.attest.credential import parse
    from mrv.checks import Check
    from mrv.progress import progress_bar
    from mrv.replay import replay
    from mrv.sources.store import Store

    document = parse(read_file(args.attestation))
    if not args.store.is_dir():
        raise UsageError("no such store", code="store.missing", file=args.store, hint="give the evidence folder")
    comparison, told = None, ""
    try:
        with progress_bar() as progress:
            comparison = replay(
                document, store=Store(args.store), where=args.where or "local", chunk=args.chunk or 256,
                refetch_from=args.project.resolve() if args.refetch else None,
                progress=lambda stage: progress(stage, 0, 0),
            )  # fmt: skip
    except StoreError as error:
        if error.error_code not in {"store.digest", "store.absent", "replay.source-changed"}:
            raise
        told = f"{error} ({error.hint})"
    if comparison is None:
        return answer([Check("replay.evidence", "fails", told)], as_json=args.json, what="the replay")
    if not args.json:
        for entry in comparison.differing:
            say(f"  attested ≠ recomputed  {entry}")
    differing = {"differences": [str(entry) for entry in comparison.differing]}
    return answer(comparison.checks, as_json=args.json, what="the replay", more=differing)


def _diff(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.differences import differences

    left, right = parse(read_file(args.left)), parse(read_file(args.right))
    found = list(differences(left, right))
    if args.json:
        say_json({"same": not found, "differences": [{"path": d.path, "left": d.left, "right": d.right} for d in found]})
    else:
        for entry in found:
            say(entry)
        same = left["credentialSubject"]["statement"] == right["credentialSubject"]["statement"]
        say(f"{len(found)} differences; the statements are {'the same' if same else 'not the same'}")
    return 1 if found else 0
