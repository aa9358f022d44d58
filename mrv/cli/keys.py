"""Verbs on keys: new, show; and trust."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mrv.cli import trust
from mrv.cli.printing import say, say_json
from mrv.cli.verb import ISSUER, KEY, verb
from mrv.errors import AttestationError, UsageError


def add_verbs(verbs: Any) -> None:
    """Add ``keys``."""
    keys = verbs.add_parser("keys", help="make and show keys and trust lists", description="Keys and trust lists.")
    of_keys = keys.add_subparsers(metavar="WHAT", required=True)
    new = verb(of_keys, "new", _keys_new, "make a signing key, and a trust list that trusts it")
    new.add_argument("path", type=Path, help="private key file to make (PEM, mode 0600)")
    new.add_argument("--suite", choices=("eddsa-jcs-2022", "ecdsa-jcs-2019"), default="eddsa-jcs-2022", help="Ed25519 or P-256")
    new.add_argument("--issuer", metavar="URI", help=ISSUER)
    new.add_argument("--trust", type=Path, help="trust list to write; default, none")
    show = verb(of_keys, "show", _keys_show, "show the issuer and verification method of a key")
    show.add_argument("key", metavar="URI", help=KEY)
    show.add_argument("--issuer", metavar="URI", help=ISSUER)
    trust.add_verbs(of_keys)


def _keys_new(args: argparse.Namespace) -> int:
    from mrv.attest.keys import new_key
    from mrv.attest.trust import trust_for, write_trust
    from mrv.units import utc_now

    if args.trust:
        _check_place(args.trust, args.path)
    signer = new_key(args.path, args.suite, args.issuer)
    if args.trust:
        try:
            write_trust(trust_for(signer, now=utc_now()), args.trust)
        except AttestationError as error:
            name = f" --issuer {args.issuer}" if args.issuer else ""
            words = f"`mrv keys trust new LIST file:{args.path} --role attester{name}`"
            error.hint = f"the key {args.path} was made, and the list was not: {words} goes on from there ({error.hint})"
            raise
    return _tell_key(signer, as_json=args.json)


def _check_place(path: Path, key: Path) -> None:
    """Whether a list can be written, before a key is made for it."""
    trust.refuse_existing(path)
    if path.resolve() == key.resolve():
        raise UsageError("is the key's own file", field="--trust", hint="name another file for the list")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)):
        raise UsageError(
            "its folder is not there, or cannot be written", code="file.unwritable", file=path,
            hint="name a list in a folder that can be written; no key was made",
        )  # fmt: skip


def _keys_show(args: argparse.Namespace) -> int:
    from mrv.attest.keys import load_signer

    return _tell_key(load_signer(args.key, args.issuer), as_json=args.json)


def _tell_key(signer: Any, *, as_json: bool) -> int:
    if as_json:
        say_json({"issuer": signer.issuer, "verificationMethod": signer.verification_method, "suite": signer.suite.name})
    else:
        say(f"issuer              {signer.issuer}\nverification method {signer.verification_method}")
        say(f"suite               {signer.suite.name} ({signer.suite.curve})")
    return 0
