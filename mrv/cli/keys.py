"""Verbs on keys: new, show; and trust."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli import trust
from mrv.cli.printing import say, say_json
from mrv.cli.verb import ISSUER, KEY, verb


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
        trust.refuse_existing(args.trust)
    signer = new_key(args.path, args.suite, args.issuer)
    if args.trust:
        write_trust(trust_for(signer, now=utc_now()), args.trust)
    return _tell_key(signer, as_json=args.json)


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
