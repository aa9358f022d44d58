"""Verbs on a signed attestation: check, replay, diff."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli.checking import asked, check_options, token_checks
from mrv.cli.printing import answer, say, say_json
from mrv.cli.verb import compute_options, need, read_file, verb
from mrv.errors import StoreError, UsageError


def add_verbs(verbs: Any) -> None:
    """Add ``check``, ``replay`` and ``diff``."""
    check = verb(verbs, "check", _check, "verify a signed attestation: a list of checks, never a bare yes")
    check.add_argument("attestation", type=Path)
    check_options(check)
    check.add_argument(
        "--token-metadata", type=Path, metavar="FILE", help="the token's metadata: it must name this attestation"
    )
    check.add_argument("--ledger", type=Path, metavar="FILE|DIR", help="what was attested before: fails on what counts twice")
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
    data, checks = asked(args, ledger=args.ledger)
    if args.token_metadata is not None:
        checks += token_checks(data, checks, read_file(args.token_metadata))
    return answer(checks, as_json=args.json, what="the attestation")


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
