"""Verbs on a bundle: make, check, extract."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.checks import Check
from mrv.cli.checking import Shown, asked, check_options, judged, token_checks, trust_of
from mrv.cli.printing import answer, say, say_json
from mrv.cli.verb import read_file, verb
from mrv.errors import AttestationError, UsageError

if TYPE_CHECKING:
    from mrv.attest.bundle import Bundle
    from mrv.attest.trust import TrustList

DEFAULT_INSIDE = 1 << 24
"""Bytes up to which a table, a boundary or a map lies inside."""


def add_verbs(verbs: Any) -> None:
    """Add ``bundle``."""
    told = "one archive of an attestation and all that stands behind it"
    bundle = verbs.add_parser("bundle", help=told, description=told.capitalize() + ".")
    of_bundle = bundle.add_subparsers(metavar="WHAT", required=True)
    make = verb(of_bundle, "make", _make, "bundle an attestation that checks, with what the options name")
    make.add_argument("attestation", type=Path)
    make.add_argument("--out", type=Path, required=True, metavar="FILE", help="archive to write; must not exist")
    make.add_argument("--token-metadata", type=Path, metavar="FILE", help="the token's metadata")
    make.add_argument(
        "--inside", type=int, default=DEFAULT_INSIDE, metavar="BYTES", help="largest table or map put inside; default, 16 MiB"
    )
    make.add_argument("--revoked", action="store_true", help="keep an attestation that is revoked or suspended, as that")
    check_options(make)
    check = verb(of_bundle, "check", _check, "verify a bundle and all that is in it, as a unit")
    check.add_argument("bundle", type=Path)
    check.add_argument("--digest", metavar="DIGEST", help="the bundle's digest, as `mrv bundle make` told it")
    check_options(check)
    extract = verb(
        of_bundle, "extract", _extract, "write a bundle's files into a new folder, all or none; verifies nothing signed"
    )
    extract.add_argument("bundle", type=Path)
    extract.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make; must not exist")


def _make(args: argparse.Namespace) -> int:
    from mrv.attest import bundle, credential, durable

    if args.inside < 0:
        raise UsageError("is a number of bytes", field="--inside", hint="0 leaves all outside that is not empty")
    data, checks = asked(args)
    if not _may_be_kept(checks, args):
        return answer(checks, as_json=args.json, what="the attestation")
    document = credential.parse(data)
    named = {
        bundle.LOG_PROOF: args.log_proof, bundle.TIMESTAMP: args.timestamp, bundle.TOKEN_METADATA: args.token_metadata,
        bundle.TRUST: args.trust, bundle.LOG_POLICY: args.log_policy, bundle.TSA: args.tsa,
    }  # fmt: skip
    made = bundle.make_bundle(
        data,
        single={name: read_file(path) for name, path in named.items() if path is not None},
        status=_lists(document, args.status),
        countersignatures=[read_file(path) for path in args.countersignature],
        evidence=_small(document, args.evidence, args.inside),
    )
    opened = bundle.open_bundle(made)
    # Asked again of the very bytes: a file may have changed since, and the token's metadata was not asked yet.
    checks = _content(opened, trust_of(args), args, root=None, status=None)
    if not _may_be_kept(checks, args):
        return answer(checks, as_json=args.json, what="the bundle")
    if not durable.create(args.out, made):
        raise UsageError("exists already", code="usage.file", file=args.out, hint="name another --out")
    members, absent = len(opened.files), opened.manifest.absent
    told = {
        "bundle": str(args.out), "digest": opened.digest, "bytes": len(made), "members": members, "absent": len(absent),
        "keptAs": bundle.kept_as(checks),
    }  # fmt: skip
    left = f"{len(absent)} files of evidence, {sum(row.size for row in absent)} bytes, are listed and left out"
    if told["keptAs"]:
        left += f"\nits attestation is {told['keptAs']}: kept for the record, and refused by every check"
    say_json(told) if args.json else say(f"{args.out}: {members} members, {len(made)} bytes\n{opened.digest}\n{left}")
    return 0


def _may_be_kept(checks: list[Check], args: argparse.Namespace) -> bool:
    """Whether all holds, or all but the status where the caller says so; where that word is missing, a note names it."""
    from mrv.attest.bundle import kept_as

    if all(check.status != "fails" for check in checks):
        if args.revoked:
            raise UsageError("nothing revokes or suspends it", field="--revoked", hint="leave the word out, or give --status")
        return True
    standing = kept_as(checks)
    if standing is not None and not args.revoked:
        checks.append(Check("bundle.revoked", "note", f"all else holds; --revoked keeps it for the record, as {standing}"))
    return standing is not None and args.revoked


def _lists(document: dict[str, Any], folder: Path | None) -> list[bytes]:
    """The status lists that the attestation names, from a folder of lists."""
    from mrv.attest.status import read_lists

    found = {} if folder is None else read_lists(folder).found
    urls = [entry["statusListCredential"] for entry in document.get("credentialStatus", [])]
    return [read_file(path) for url in urls for path, _ in found.get(url, [])]


def _small(document: dict[str, Any], folder: Path | None, most: int) -> dict[str, bytes]:
    """Tables, boundary and maps that are not too large, by their signed path; pixels stay where they are."""
    from mrv.attest.archive import MAX_MEMBER_BYTES

    materials = document["credentialSubject"]["materials"]
    pixels = {row["path"] for row in materials if row["role"] == "pixels"}
    small = {row["path"] for row in materials if row["size"] <= most} - pixels
    return {} if folder is None else {path: read_file(folder / path, MAX_MEMBER_BYTES) for path in small}


def _check(args: argparse.Namespace) -> int:
    from mrv.attest import archive, bundle

    if args.evidence is not None and not args.evidence.is_dir():
        raise UsageError("no such folder", code="usage.file", file=args.evidence, hint="give the evidence folder")
    trust, data = trust_of(args), archive.read(args.bundle)
    try:
        opened = bundle.open_bundle(data)
    except AttestationError as error:
        told = [Check(error.error_code, "fails", f"{error} ({error.hint})")]
        return answer(told, as_json=args.json, what="the bundle")
    checks = [*bundle.check_bundle(opened, digest=args.digest), bundle.record_note(opened, trust)]
    checks += _content(opened, trust, args, root=args.evidence, status=args.status)
    standing = bundle.kept_as(checks)
    if standing is not None:
        kept = f"nothing in it was changed, and its attestation is {standing}: a record, nothing to rely on"
        checks.append(Check("bundle.revoked", "note", kept))
    return answer(checks, as_json=args.json, what="the bundle", more={"keptAs": standing})


def _content(
    opened: Bundle, trust: TrustList, args: argparse.Namespace, *, root: Path | None, status: Path | None
) -> list[Check]:
    """Every check of what the bundle shows, the caller's fresher files in place of its own; and what stays unread.

    Args:
        opened: The bundle.
        trust: The caller's.
        args: Words of a verb with :func:`mrv.cli.checking.check_options`.
        root: Folder of the evidence that is left out; None leaves it unread, which is noted.
        status: Folder of fresher status lists, beside which the bundle's can still revoke; None takes the bundle's alone.
    """
    from mrv.attest import bundle
    from mrv.attest.evidence import Held
    from mrv.attest.status import held_lists, read_lists

    log_proof, log = _witness(opened, bundle.LOG_PROOF, args.log_proof, args.log_policy, "--log-policy")
    timestamp, time = _witness(opened, bundle.TIMESTAMP, args.timestamp, args.tsa, "--tsa")
    lists = held_lists(opened.under(bundle.STATUS)) if opened.under(bundle.STATUS) else None
    if status is not None:
        lists = read_lists(status)._replace(kept=lists)
    opinions = [*opened.under(bundle.COUNTERSIGNATURES).values(), *(read_file(path) for path in args.countersignature)]
    shown = Shown(
        opened.attestation, Held(opened.evidence, root), lists,
        tuple(dict.fromkeys(opinions)), log_proof, timestamp,
    )  # fmt: skip
    checks = judged(shown, trust, args)
    if bundle.TOKEN_METADATA in opened.files:
        checks += token_checks(opened.attestation, checks, opened.files[bundle.TOKEN_METADATA])
    return [*log, *time, *checks]


def _witness(
    opened: Bundle, name: str, newer: Path | None, judge: Path | None, option: str
) -> tuple[bytes | None, list[Check]]:
    """A proof or time stamp to be judged, and a check where it cannot be or there is none."""
    if newer is not None and judge is None:
        raise UsageError("needs whose word counts", field=option, hint="name both")
    found = opened.files.get(name) if newer is None else read_file(newer)
    if judge is not None:
        missing = [] if found is not None else [Check("bundle.witness", "fails", f"{option} is given, and there is no {name}")]
        return found, missing
    unread = [Check("bundle.unread", "note", f"{name} was not read: say whose word counts with {option}")] if found else []
    return None, unread


def _extract(args: argparse.Namespace) -> int:
    from mrv.attest import archive, bundle

    opened = bundle.open_bundle(archive.read(args.bundle))
    bundle.extract(opened, args.out)
    told = {"folder": str(args.out), "files": sorted(opened.files)}
    say_json(told) if args.json else say(f"{len(opened.files)} files in {args.out}; check them: nothing signed was verified")
    return 0
