"""Verbs on status lists: init, issue, revoke, suspend, reinstate, supersede, publish, refresh."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import KEY, pixels, read_file, verb
from mrv.errors import UsageError

if TYPE_CHECKING:
    from mrv.attest.register import Register


def add_verbs(verbs: Any) -> None:
    """Add ``status``."""
    status = verbs.add_parser("status", help="revoke, suspend, publish and fetch", description="Status lists.")
    of_status = status.add_subparsers(metavar="WHAT", required=True)
    init = verb(of_status, "init", _init, "start a register of an issuer's attestations")
    init.add_argument("register", type=Path, help="folder to make; keep it, back it up, do not publish it")
    init.add_argument("--issuer", required=True, help="whose attestations, such as did:web:example.org; not did:key")
    init.add_argument("--url", required=True, help="where the lists will be published, https://…")
    issue = verb(of_status, "issue", _issue, "hand out an index and print its credentialStatus, or record its attestation")
    issue.add_argument("register", type=Path)
    issue.add_argument("attestation", type=Path, nargs="?", help="an attestation signed with what was handed out")
    for name, what, told in (
        ("revoke", "revoked", "revoke an attestation, for ever"),
        ("suspend", "suspended", "suspend an attestation"),
        ("reinstate", "reinstated", "lift a suspension"),
    ):
        changing = verb(of_status, name, _change, told)
        changing.add_argument("register", type=Path)
        changing.add_argument("attestation", help="its file, or its digest sha256:…")
        changing.add_argument("--reason", required=True, help="why, for a person")
        changing.set_defaults(what=what)
    supersede = verb(of_status, "supersede", _supersede, "revoke an attestation that another one replaces")
    supersede.add_argument("register", type=Path)
    supersede.add_argument("attestation", help="its file, or its digest sha256:…")
    supersede.add_argument("successor", type=Path, help="the attestation whose binding.supersedes names it")
    publish = verb(of_status, "publish", _publish, "sign the lists as the register stands")
    publish.add_argument("register", type=Path)
    publish.add_argument("--key", metavar="URI", required=True, help=f"the issuer's status key: {KEY}")
    publish.add_argument("--trust", type=Path, metavar="FILE", help="refuse a key that is no status key of the issuer there")
    publish.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to put at the register's address")
    publish.add_argument("--days", type=pixels, default=7, metavar="N", help="valid for so many days, at most 7; default, 7")
    refresh = verb(of_status, "refresh", _refresh, "fetch status lists from allowed hosts; the only verb of its kind")
    refresh.add_argument("status", type=Path, help="folder of status lists, as `mrv check --status` reads it")
    refresh.add_argument("attestations", type=Path, nargs="+", help="whose lists to fetch")
    refresh.add_argument("--trust", type=Path, required=True, help="trust list: whose keys count")
    refresh.add_argument("--settings", type=Path, required=True, metavar="TOML", help="hosts under [status]")


def _init(args: argparse.Namespace) -> int:
    from mrv.attest.register import new_register

    register = new_register(args.register, issuer=args.issuer, url=args.url)
    return _tell({"issuer": register.issuer, "bits": register.bits, "url": register.url}, as_json=args.json)


def _issue(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.attest.register import open_register
    from mrv.units import utc_now

    register = open_register(args.register)
    if args.attestation is None:
        say_json({"credentialStatus": register.entries(register.allocate(now=utc_now()))})
        return 0
    index = register.issued(parse(read_file(args.attestation)), now=utc_now())
    return _tell({"index": index, "state": register.state(index)}, as_json=args.json)


def _change(args: argparse.Namespace) -> int:
    from mrv.attest.register import open_register
    from mrv.units import utc_now

    register, now = open_register(args.register), utc_now()
    digest = _in_register(register, args.attestation, now)
    index = register.change(digest, args.what, reason=args.reason, now=now)
    return _tell({"attestation": digest, "index": index, "state": register.state(index)}, as_json=args.json)


def _supersede(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.attest.register import open_register
    from mrv.units import utc_now

    register, now = open_register(args.register), utc_now()
    digest = _in_register(register, args.attestation, now)
    index = register.supersede(digest, parse(read_file(args.successor)), now=now)
    return _tell({"attestation": digest, "index": index, "state": register.state(index)}, as_json=args.json)


def _in_register(register: Register, attestation: str, now: str) -> str:
    """The digest that is named, or that of the file that is; a file's is recorded if a crash kept it from being."""
    from mrv.attest.credential import attestation_digest, parse

    if attestation.startswith("sha256:"):
        return attestation
    document = parse(read_file(Path(attestation)))
    register.issued(document, now=now)
    return attestation_digest(document, checked=True)


def _publish(args: argparse.Namespace) -> int:
    from mrv.attest.keys import load_signer
    from mrv.attest.publish import publish
    from mrv.attest.register import open_register
    from mrv.attest.trust import load_trust
    from mrv.units import utc_now

    trust = None if args.trust is None else load_trust(args.trust)
    register, signer = open_register(args.register), load_signer(args.key)
    written = publish(register, signer, args.out, now=utc_now(), days=args.days, trust=trust)
    return _tell({"written": [str(path) for path in written]}, as_json=args.json)


def _refresh(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.attest.refresh import list_urls, read_settings, refresh
    from mrv.attest.trust import load_trust
    from mrv.units import utc_now

    urls = [url for path in args.attestations for url in list_urls(parse(read_file(path)))]
    if not urls:
        raise UsageError("name no status list", code="status.unlisted", field="attestations", hint="there is nothing to fetch")
    settings, trust = read_settings(args.settings), load_trust(args.trust)
    written = refresh(urls, args.status, settings=settings, trust=trust, now=utc_now())
    return _tell({"written": [str(path) for path in written]}, as_json=args.json)


def _tell(facts: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        say_json(facts)
    else:
        for name, value in facts.items():
            say(f"{name:<12} {', '.join(value) if isinstance(value, list) else value}")
    return 0
