"""Verbs on the transparency log: init, append, prove, verify, request, witness, cosign, watch, timestamp, key."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.printing import answer, say, say_json
from mrv.cli.verb import read_file, verb
from mrv.errors import UsageError

if TYPE_CHECKING:
    from mrv.attest.keys import Signer


def add_verbs(verbs: Any) -> None:
    """Add ``log``."""
    log = verbs.add_parser("log", help="transparency log, proofs and witnesses", description="Transparency log.")
    of_log = log.add_subparsers(metavar="WHAT", required=True)
    init = verb(of_log, "init", _init, "start an empty log and print its verifier key")
    init.add_argument("log", type=Path, help="folder to make; any web server can serve it")
    init.add_argument("--origin", required=True, help="its name for good, such as example.org/log")
    _key_option(init)
    append = verb(of_log, "append", _append, "append attestations, or bare digests such as a sampling frame's")
    append.add_argument("log", type=Path)
    _leaves(append, many=True)
    _key_option(append)
    prove = verb(of_log, "prove", _prove, "write the .tlog-proof that the log holds an attestation")
    prove.add_argument("log", type=Path, help="the log's folder, or a copy")
    _leaves(prove)
    prove.add_argument("--cosigned", type=Path, metavar="FILE", help="checkpoint that witnesses cosigned; default, the served")
    prove.add_argument("--out", type=Path, metavar="FILE", help="default, beside the attestation")
    verify = verb(of_log, "verify", _verify, "audit a log's folder or a copy: every entry, tile and the signed root")
    verify.add_argument("log", type=Path)
    _policy_option(verify)
    request = verb(of_log, "request", _request, "write what a witness is sent (add-checkpoint of C2SP tlog-witness)")
    request.add_argument("log", type=Path)
    request.add_argument("--old", type=int, required=True, metavar="N", help="leaves of the last it cosigned; 0 for none")
    request.add_argument("--out", type=Path, required=True, metavar="FILE")
    witness = verb(of_log, "witness", _witness, "cosign a checkpoint, if its log goes on from the last one cosigned")
    witness.add_argument("log", type=Path, help="fetched copy of the log, or a request")
    witness.add_argument("--state", type=Path, required=True, metavar="DIR", help="the witness's memory; back it up")
    witness.add_argument("--name", required=True, help="the witness's name, such as witness.example.org")
    witness.add_argument("--out", type=Path, metavar="FILE", help="where to write the cosigned checkpoint")
    _policy_option(witness)
    _key_option(witness)
    cosign = verb(of_log, "cosign", _cosign, "put the cosignatures of witnesses under the served checkpoint")
    cosign.add_argument("log", type=Path)
    cosign.add_argument("answers", type=Path, nargs="+", help="what witnesses answered: checkpoints or signature lines")
    _policy_option(cosign)
    watch = verb(of_log, "watch", _watch, "hold two views of a log against each other and find equivocation")
    watch.add_argument("left", type=Path, help="copy of the log, checkpoint or .tlog-proof")
    watch.add_argument("right", type=Path, help="the same from elsewhere, or of another day")
    _policy_option(watch)
    stamp = verb(of_log, "timestamp", _timestamp, "write an RFC 3161 request over an attestation's signature")
    stamp.add_argument("attestation", type=Path)
    stamp.add_argument("--out", type=Path, metavar="FILE", help="default, beside the attestation, .tsq; must not exist")
    key = verb(of_log, "key", _key, "print the verifier key that a policy lists")
    key.add_argument("name", help="the log's origin or the witness's name")
    key.add_argument("--witness", action="store_true", help="of a witness; default, of a log")
    _key_option(key)


def _key_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", metavar="URI", help="Ed25519 key, file:PATH or env:NAME; default, $MRV_LOG_KEY")


def _policy_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE", help="whose logs and witnesses count")


def _leaves(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    parser.add_argument("attestation", type=Path, nargs="*" if many else "?", help="signed attestation")
    parser.add_argument("--digest", action="append", default=[], metavar="sha256:…", help="a bare digest")


def _signer(args: argparse.Namespace) -> Signer:
    from mrv.attest.keys import load_signer

    uri = args.key or os.environ.get("MRV_LOG_KEY")
    if not uri:
        raise UsageError(
            "no key to sign with", code="keys.none", field="--key", hint="mrv keys new LOG.pem, then --key file:LOG.pem"
        )
    return load_signer(uri)


def _entries(files: list[Path], digests: list[str]) -> list[bytes]:
    from mrv.attest.credential import parse
    from mrv.attest.log.entry import attestation_entry, digest_entry

    if not files and not digests:
        raise UsageError("nothing is named", code="usage", hint="name attestations, or --digest sha256:…")
    return [*(attestation_entry(parse(read_file(file))) for file in files), *map(digest_entry, digests)]


def _init(args: argparse.Namespace) -> int:
    from mrv.attest.log.writer import create

    key = create(args.log, origin=args.origin, signer=_signer(args))
    say_json({"origin": args.origin, "key": str(key)}) if args.json else say(f"verifier key {key}")
    return 0


def _append(args: argparse.Namespace) -> int:
    from mrv.attest.log.writer import append

    entries = _entries(args.attestation, args.digest)
    done = append(args.log, entries, signer=_signer(args))
    size = done.checkpoint.checkpoint.size
    if args.json:
        leaves = [{"entry": entry.decode(), "index": index} for entry, index in zip(entries, done.indices, strict=True)]
        say_json({"size": size, "leaves": leaves})
    else:
        for entry, index in zip(entries, done.indices, strict=True):
            say(f"leaf {index:>8}  {entry.decode()}")
        say(f"{size} leaves")
    return 0


def _prove(args: argparse.Namespace) -> int:
    from mrv.attest import durable
    from mrv.attest.log.checkpoint import read_checkpoint
    from mrv.attest.log.reader import prove
    from mrv.attest.log.sidecar import parse_sidecar

    entries = _entries([] if args.attestation is None else [args.attestation], args.digest)
    if len(entries) > 1:
        raise UsageError("a proof is of one leaf", code="usage", hint="name an attestation or one --digest")
    if args.out is None and args.attestation is None:
        raise UsageError("where to?", code="usage", field="--out", hint="name the .tlog-proof to write")
    out = args.out or args.attestation.with_suffix(".tlog-proof")
    sidecar = prove(args.log, entries[0], None if args.cosigned is None else read_checkpoint(args.cosigned))
    durable.replace_own(out, sidecar.encode(), parse=parse_sidecar, what="a .tlog-proof")
    tree = sidecar.signed.checkpoint
    if args.json:
        say_json({"index": sidecar.index, "size": tree.size, "root": tree.root.hex(), "out": str(out)})
    else:
        say(f"leaf {sidecar.index} of {tree.size}\n{out}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from mrv.attest.log.policy import load_policy
    from mrv.attest.log.reader import audit

    return answer(audit(args.log, policy=load_policy(args.policy)), as_json=args.json, what="the log")


def _request(args: argparse.Namespace) -> int:
    from mrv.attest import durable
    from mrv.attest.log.exchange import make_request, parse_request
    from mrv.attest.log.reader import open_copy

    if args.old < 0:
        raise UsageError("is a number of leaves", code="usage", field="--old", hint="0 where the witness cosigned none")
    request = make_request(open_copy(args.log), args.old)
    durable.replace_own(args.out, request.encode(), parse=parse_request, what="a request to a witness")
    say_json({"old": args.old, "size": request.signed.checkpoint.size, "out": str(args.out)}) if args.json else say(args.out)
    return 0


def _witness(args: argparse.Namespace) -> int:
    from mrv.attest import durable
    from mrv.attest.log.checkpoint import parse_checkpoint
    from mrv.attest.log.exchange import parse_request
    from mrv.attest.log.policy import load_policy
    from mrv.attest.log.reader import open_copy
    from mrv.attest.log.witness import Witness

    witness, now = Witness(args.state, args.name, _signer(args), load_policy(args.policy)), int(time.time())
    if args.log.is_file():
        request = parse_request(read_file(args.log))
        signed = witness.cosign(request.signed, old=request.old, proof=request.proof, seconds=now)
    else:
        signed = witness.cosign_copy(open_copy(args.log), seconds=now)
    if args.out is not None:
        durable.replace_own(args.out, signed.note.encode(), parse=parse_checkpoint, what="a checkpoint")
    tree, note = signed.checkpoint, signed.note.encode().decode()
    if args.json:
        say_json({"origin": tree.origin, "size": tree.size, "root": tree.root.hex(), "cosigned": note})
    else:
        say(f"cosigned {tree.size} leaves of {tree.origin} as {witness.key}\n\n{note}")
    return 0


def _cosign(args: argparse.Namespace) -> int:
    from mrv.attest.log.exchange import read_answer
    from mrv.attest.log.policy import load_policy
    from mrv.attest.log.reader import open_copy
    from mrv.attest.log.writer import add_cosignatures

    served = open_copy(args.log).signed.note
    notes = [read_answer(read_file(path), served) for path in args.answers]
    count = add_cosignatures(args.log, notes, witnesses=load_policy(args.policy).witness_keys)
    say_json({"signatures": count}) if args.json else say(f"the served checkpoint has {count} signatures")
    return 0


def _watch(args: argparse.Namespace) -> int:
    from mrv.attest.log.policy import load_policy
    from mrv.attest.log.watch import compare, open_view

    checks = compare(open_view(args.left), open_view(args.right), policy=load_policy(args.policy))
    return answer(checks, as_json=args.json, what="the log")


def _timestamp(args: argparse.Namespace) -> int:
    from mrv.attest import durable
    from mrv.attest.credential import parse
    from mrv.attest.timestamp import request

    out = args.out or args.attestation.with_suffix(".tsq")
    if not durable.create(out, request(parse(read_file(args.attestation)))):
        raise UsageError("exists already", code="usage.file", file=out, hint="name another --out")
    say_json({"out": str(out)}) if args.json else say(out)
    return 0


def _key(args: argparse.Namespace) -> int:
    from mrv.attest.log.signatures import verifier_key

    key = verifier_key(args.name, "witness" if args.witness else "log", _signer(args).public_key)
    say_json({"key": str(key)}) if args.json else say(key)
    return 0
