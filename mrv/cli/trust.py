"""Verbs on a trust list: new, show, add, revoke, rotate, require; each change writes the next version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import COUNTERSIGNERS, ISSUER, KEY, ROLES, verb
from mrv.errors import UsageError

if TYPE_CHECKING:
    from mrv.attest.trust import TrustList

PUBLIC = f"Multikey (z6Mk…, zDn…), did:key:…, or a URI: {KEY}"


def add_verbs(of_keys: Any) -> None:
    """Add ``trust`` and its changes."""
    told = "start, show and change a trust list"
    trust = of_keys.add_parser("trust", help=told, description=told.capitalize() + ".")
    verbs = trust.add_subparsers(metavar="CHANGE", required=True)
    new = verb(verbs, "new", _trust_new, "start a trust list with a key that is there already, yours or another's")
    new.add_argument("trust", type=Path, metavar="TRUST", help="file to make; never over another")
    _key_options(new)
    show = verb(verbs, "show", _trust_show, "version, digest and keys of a trust list")
    show.add_argument("trust", type=Path, metavar="TRUST")
    add = _trust_change(verbs, "add", "trust one more key")
    _key_options(add)
    revoke = _trust_change(verbs, "revoke", "end the trust in a key")
    revoke.add_argument("key", metavar="KEY", help="its id or Multikey")
    revoke.add_argument("--at", metavar="T", help="when it may first have been in other hands; default, now")
    rotate = _trust_change(verbs, "rotate", "trust a new key in place of another, which stays valid to its own end")
    rotate.add_argument("key", metavar="OLD", help="id or Multikey of the old key")
    rotate.add_argument("new", metavar="KEY", help=f"the new one: {PUBLIC}")
    rotate.add_argument("--until", metavar="T", help="when the new one ends; default, in 365 days")
    require = _trust_change(verbs, "require", "ask for countersignatures, or for status lists")
    require.add_argument("--role", choices=COUNTERSIGNERS, help="countersignatures by whom; default, verifier")
    require.add_argument("--number", type=int, metavar="N", help="by so many parties; 0, none; default, 1")
    require.add_argument("--assurance", choices=("limited", "reasonable"), help="lowest that counts; default, limited")
    status = require.add_mutually_exclusive_group()
    status.add_argument(
        "--status", action="store_true", default=None, help="instead: attestations hold only with a fresh status list"
    )
    status.add_argument("--no-status", action="store_false", dest="status", help="instead: they need no status list")
    require.add_argument(
        "--issuer", metavar="URI", help="with --status or --no-status: whose; default, all that have an attester's key"
    )


def _key_options(parser: argparse.ArgumentParser) -> None:
    """One more key: which, for what, whose and until when."""
    parser.add_argument("key", metavar="KEY", help=PUBLIC)
    parser.add_argument("--role", action="append", choices=ROLES, required=True, help="what it may sign; may be repeated")
    parser.add_argument("--issuer", metavar="URI", help=ISSUER)
    parser.add_argument("--party", metavar="NAME", help="legal person, where it has several names in the list")
    parser.add_argument("--until", metavar="T", help="when it ends, YYYY-MM-DDThh:mm:ssZ; default, in 365 days")


def _trust_change(verbs: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    change = verb(verbs, name, _trust_changed, f"{help_text}: writes the next version")
    change.add_argument("trust", type=Path, metavar="TRUST")
    change.add_argument("--out", type=Path, metavar="FILE", help="where to write it; default, in its place")
    change.set_defaults(change=name)
    return change


def _trust_show(args: argparse.Namespace) -> int:
    from mrv.attest.trust import load_trust

    return _tell_trust(load_trust(args.trust), as_json=args.json)


def _trust_new(args: argparse.Namespace) -> int:
    from mrv.attest.shapes import days_after
    from mrv.attest.trust import first_list, write_trust
    from mrv.units import utc_now

    refuse_existing(args.trust)
    now = utc_now()
    trust = first_list(
        _multikey(args.key), roles=args.role, now=now, until=args.until or days_after(now, 365),
        issuer=args.issuer, party=args.party,
    )  # fmt: skip
    write_trust(trust, args.trust)
    return _tell_trust(trust, as_json=args.json)


def refuse_existing(path: Path) -> None:
    """A new trust list never takes the place of another, whose versions it would end.

    Raises:
        UsageError: ``trust.exists``.
    """
    if path.exists() or path.is_symlink():
        raise UsageError(
            "exists", code="trust.exists", file=path, hint="name another file, or add to this one: `mrv keys trust add`"
        )


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
        trust = _required(trust, args)
    write_trust(trust, args.out or args.trust)
    return _tell_trust(trust, as_json=args.json)


def _required(trust: TrustList, args: argparse.Namespace) -> TrustList:
    """The next list, which asks for status lists or for countersignatures: one of them at a time."""
    from mrv.attest import trust_changes

    opinions = (args.role, args.number, args.assurance)
    if args.status is None and args.issuer is not None:
        raise UsageError("goes with --status or --no-status", field="--issuer", hint="countersignatures are asked of everyone")
    if args.status is None:
        number = 1 if args.number is None else args.number
        return trust_changes.require(trust, args.role or "verifier", number=number, assurance=args.assurance or "limited")
    if any(given is not None for given in opinions):
        raise UsageError(
            "asks for status lists, --role, --number and --assurance for countersignatures", field="--status",
            hint="one change at a time: each is a version of its own",
        )  # fmt: skip
    return trust_changes.require_status(trust, required=args.status, issuer=args.issuer)


def _multikey(text: str) -> str:
    """The Multikey itself, or of the key that a ``did:key`` or a signer's URI names."""
    from mrv.attest.keys import encode_multikey, load_signer

    name, _, fragment = text.removeprefix("did:key:").partition("#")
    if text.startswith("did:") and (not text.startswith("did:key:") or fragment not in {"", name}):
        raise UsageError(
            f"{text!a:.120} is a name, and names are never looked up", code="key.name", field="KEY",
            hint="give the public key: a Multikey (z6Mk…, zDn…) or did:key:…, and the name by --issuer",
        )  # fmt: skip
    return name if name.startswith("z") and ":" not in name else encode_multikey(load_signer(text).public_key)


def _tell_trust(trust: Any, *, as_json: bool) -> int:
    if as_json:
        say_json({"digest": trust.digest, **trust.as_json()})
        return 0
    say(f"version {trust.version}   {trust.digest}")
    for issuer in trust.issuers:
        say(
            issuer.id
            + (f" ({issuer.party})" if issuer.party else "")
            + (", needs a status list" if issuer.status_required else "")
        )
        for key in issuer.keys:
            end = f"revoked {key.revoked_at}" if key.revoked_at else f"until {key.not_after or 'no end'}"
            say(f"  {key.public_key_multibase}  {key.suite}  {', '.join(key.roles)}  from {key.not_before}  {end}")
    for wanted in trust.countersignatures:
        say(f"needs {wanted.number} countersignature(s) by a {wanted.role}, {wanted.assurance} assurance or above")
    return 0
