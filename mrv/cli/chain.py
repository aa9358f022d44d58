"""Verbs on an EVM chain: attach, retired."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.checking import asked, check_options
from mrv.cli.printing import answer, say
from mrv.cli.verb import verb
from mrv.errors import UsageError

if TYPE_CHECKING:
    from mrv.registry.attested import Attested
    from mrv.registry.chain import Chain


def add_verbs(verbs: Any) -> None:
    """Add ``attach`` and ``retired``."""
    attach = verb(verbs, "attach", _attach, "write a checked attestation to an EVM chain (EAS), and read it back")
    attach.add_argument("attestation", type=Path)
    attach.add_argument("--uri", required=True, help="where anyone can read the attestation: https, ipfs or ar")
    attach.add_argument("--eas", required=True, metavar="ADDRESS", help="the EAS contract")
    attach.add_argument("--recipient", metavar="ADDRESS", default="0x" + "00" * 20, help="whom it is about; default, nobody")
    attach.add_argument("--key", metavar="URI", help="attester's key, file:PATH or env:NAME: hexadecimal")
    attach.add_argument("--relayer", metavar="URI", help="key of who sends and pays; default, --key")
    attach.add_argument("--register", action="store_true", help="register the schema first, once a network")
    attach.add_argument("--read", metavar="UID", help="write nothing; read this one back")
    attach.add_argument("--attester", metavar="ADDRESS", help="with --read: who must have attested it")
    retired = verb(verbs, "retired", _retired, "what a chain says was made and retired of a token, against what is attested")
    retired.add_argument("attestation", type=Path)
    retired.add_argument("--units-per-tonne", type=int, required=True, metavar="N", help="1, or 10 to the token's decimals")
    retired.add_argument("--first-block", type=int, required=True, metavar="N", help="no later than the token's contract")
    retired.add_argument("--ledger", type=Path, metavar="FILE|DIR", help="what else is attested and bound to the token")
    retired.add_argument("--confirmations", type=int, default=12, metavar="N", help="newest blocks left out; default, 12")
    for parser in (attach, retired):
        parser.add_argument("--rpc", required=True, metavar="URL", help="a node of the token's chain")
        parser.add_argument("--genesis", metavar="HASH", help="hash of its block 0; default, the one that is signed")
        check_options(parser)


def _attach(args: argparse.Namespace) -> int:
    from mrv.registry import attested, eas, onchain
    from mrv.registry.chain import load_account

    if (args.read is None) == (args.key is None) or (args.read is None) != (args.attester is None):
        raise UsageError("give --key to write, or --read and --attester", field="--key", hint="mrv attach --help")
    taken = attested.by_check(*asked(args))
    fields = eas.fields(taken, uri=args.uri, asset=args.asset)
    chain, told, uid, attester = _chain_of(args, taken, fields.caip19), {}, args.read, args.attester
    if uid is None:
        signer = load_account(args.key)
        relayer = load_account(args.relayer) if args.relayer else signer
        if args.register:
            onchain.register_schema(chain, eas=args.eas, sender=relayer)
        made = onchain.attach(
            chain, fields, eas=args.eas, attester=signer, relayer=relayer, recipient=args.recipient, now=int(time.time())
        )
        uid, attester = made.uid, signer.address
        told = {"uid": uid, "transaction": made.transaction, "block": made.block}
        if not args.json:
            say(f"{uid} in block {made.block}, transaction {made.transaction}")
    checks = onchain.read_back(
        chain, uid, fields, eas=args.eas, attester=attester, recipient=args.recipient, now=int(time.time())
    )
    return answer(checks, as_json=args.json, what="the attestation on chain", more=told)


def _retired(args: argparse.Namespace) -> int:
    from mrv.attest import caip19
    from mrv.registry import attested, retirement
    from mrv.registry.erc1155 import bound_asset

    taken = attested.by_check(*asked(args))
    name = bound_asset(taken, args.asset)
    moved = retirement.read_movement(
        _chain_of(args, taken, name), caip19.parse(name), first_block=args.first_block, confirmations=args.confirmations
    )
    checks = retirement.check_movement(moved, attested_kg=_attested_kg(args, taken, name), units_per_tonne=args.units_per_tonne)
    told = {"made": str(moved.made), "retired": str(moved.retired), "block": moved.block}
    return answer(checks, as_json=args.json, what="the token", more=told)


def _attested_kg(args: argparse.Namespace, taken: Attested, asset: str) -> int:
    """What is creditable behind a token: in this attestation, and in the ledger's others."""
    if args.ledger is None:
        return taken.quantity_kg
    from mrv.attest.trust import load_trust
    from mrv.registry.ledger import bound_kg, entry_of, load_ledger

    return bound_kg(load_ledger(args.ledger, trust=load_trust(args.trust)), asset, entry_of(taken.document))


def _chain_of(args: argparse.Namespace, taken: Attested, asset: str) -> Chain:
    """The network of an asset."""
    from mrv.attest import caip19
    from mrv.registry.chain import open_network

    token = caip19.parse(asset)
    signed = taken.genesis_of(f"{token.chain}:{token.network}")
    return open_network(args.rpc, token, signed=signed, given=args.genesis)
