"""Verbs on a trust list: show, add, revoke, rotate, require; each change writes the next version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import COUNTERSIGNERS, ISSUER, KEY, ROLES, verb


def add_verbs(of_keys: Any) -> None:
    """Add ``trust`` and its changes."""
    trust = of_keys.add_parser("trust", help="show and change a trust list", description="Show and change a trust list.")
    verbs = trust.add_subparsers(metavar="CHANGE", required=True)
    show = verb(verbs, "show", _trust_show, "version, digest and keys of a trust list")
    show.add_argument("trust", type=Path, metavar="TRUST")
    add = _trust_change(verbs, "add", "trust one more key")
    add.add_argument("key", metavar="KEY", help=f"Multikey (z6Mk…, zDn…), or a URI: {KEY}")
    add.add_argument("--role", action="append", choices=ROLES, required=True, help="what it may sign; may be repeated")
    add.add_argument("--issuer", metavar="URI", help=ISSUER)
    add.add_argument("--party", metavar="NAME", help="legal person, where it has several names in the list")
    add.add_argument("--until", metavar="T", help="when it ends, YYYY-MM-DDThh:mm:ssZ; default, in 365 days")
    revoke = _trust_change(verbs, "revoke", "end the trust in a key")
    revoke.add_argument("key", metavar="KEY", help="its id or Multikey")
    revoke.add_argument("--at", metavar="T", help="when it may first have been in other hands; default, now")
    rotate = _trust_change(verbs, "rotate", "trust a new key in place of another, which stays valid to its own end")
    rotate.add_argument("key", metavar="OLD", help="id or Multikey of the old key")
    rotate.add_argument("new", metavar="KEY", help="Multikey or URI of the new one")
    rotate.add_argument("--until", metavar="T", help="when the new one ends; default, in 365 days")
    require = _trust_change(verbs, "require", "ask for countersignatures")
    require.add_argument("--role", choices=COUNTERSIGNERS, default="verifier", help="default, verifier")
    require.add_argument("--number", type=int, default=1, metavar="N", help="by so many parties; 0, none; default, 1")
    require.add_argument("--assurance", choices=("limited", "reasonable"), default="limited", help="lowest that counts")


def _trust_change(verbs: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    change = verb(verbs, name, _trust_changed, f"{help_text}: writes the next version")
    change.add_argument("trust", type=Path, metavar="TRUST")
    change.add_argument("--out", type=Path, metavar="FILE", help="where to write it; default, in its place")
    change.set_defaults(change=name)
    return change


def _trust_show(args: argparse.Namespace) -> int:
    from mrv.attest.trust import load_trust

    return _tell_trust(load_trust(args.trust), as_json=args.json)


def _trust_changed(args: argparse.Namespace) -> int:
    from mrv.attest import trust_changes
    from mrv.attest.shapes import days_after
    from mrv.attest.trust import load_trust, write_trust
    from mrv.units import utc_now

    trust, now = load_trust(args.trust), utc_now()
    if args.change == "add":
        trust = trust_changes.add_key(
            trust, _multikey(args.key), roles=args.role, now=now, until=args.until or days_after(now, 365),
            issuer=args.issuer, party=args.party,
        )  # fmt: skip
    elif args.change == "revoke":
        trust = trust_changes.revoke_key(trust, args.key, at=args.at or now)
    elif args.change == "rotate":
        until = args.until or days_after(now, 365)
        trust = trust_changes.rotate_key(trust, args.key, _multikey(args.new), now=now, until=until)
    else:
        trust = trust_changes.require(trust, args.role, number=args.number, assurance=args.assurance)
    write_trust(trust, args.out or args.trust)
    return _tell_trust(trust, as_json=args.json)


def _multikey(text: str) -> str:
    """The Multikey itself, or of the key that a URI names."""
    from mrv.attest.keys import encode_multikey, load_signer

    return text if text.startswith("z") and ":" not in text else encode_multikey(load_signer(text).public_key)


def _tell_trust(trust: Any, *, as_json: bool) -> int:
    if as_json:
        say_json({"digest": trust.digest, **trust.as_json()})
        return 0
    say(f"version {trust.version}   {trust.digest}")
    for issuer in trust.issuers:
        say(issuer.id + (f" ({issuer.party})" if issuer.party else ""))
        for key in issuer.keys:
            end = f"revoked {key.revoked_at}" if key.revoked_at else f"until {key.not_after or 'no end'}"
            say(f"  {key.public_key_multibase}  {key.suite}  {', '.join(key.roles)}  from {key.not_before}  {end}")
    for wanted in trust.countersignatures:
        say(f"needs {wanted.number} countersignature(s) by a {wanted.role}, {wanted.assurance} assurance or above")
    return 0
