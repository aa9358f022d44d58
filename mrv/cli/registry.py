"""Verbs for registries: ledger, export."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli.checking import asked, check_options
from mrv.cli.printing import answer, say, say_json
from mrv.cli.verb import read_file, verb
from mrv.errors import UsageError


def add_verbs(verbs: Any) -> None:
    """Add ``ledger`` and ``export``."""
    ledger = verbs.add_parser("ledger", help="what was attested before", description="What was attested before.")
    of_ledger = ledger.add_subparsers(metavar="WHAT", required=True)
    add = verb(of_ledger, "add", _ledger_add, "add an attestation that checks and counts nothing twice")
    add.add_argument("ledger", type=Path, metavar="FILE", help="ledger to add to; made where there is none")
    add.add_argument("attestation", type=Path)
    check_options(add)
    export = verb(verbs, "export", _export, "project a checked attestation into somebody else's form; unsigned")
    export.add_argument("attestation", type=Path)
    export.add_argument("--to", required=True, choices=("cadtrust", "cdop", "eas", "erc1155"), help="whose form")
    export.add_argument("--uri", required=True, help="where anyone can read the attestation: https, ipfs or ar")
    export.add_argument("--names", type=Path, metavar="FILE", help="names.toml: what registries call project, owner, body")
    export.add_argument(
        "--quantity-kg", type=int, metavar="KG", help="what the token of --asset holds, where several are bound; for erc1155"
    )
    export.add_argument("--out", type=Path, metavar="DIR", help="write files there; default, JSON to standard output")
    export.add_argument("--unchecked", action="store_true", help="do not verify; the output says so")
    check_options(export, required=False)


def _ledger_add(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.registry.ledger import append, check_ledger, entry_of

    data, checks = asked(args, ledger=args.ledger if args.ledger.exists() else None)
    if any(check.status == "fails" for check in checks):
        return answer(checks, as_json=args.json, what="the attestation")
    document = parse(data)
    entry = entry_of(document, args.evidence)
    added = append(args.ledger, entry, again=lambda held: check_ledger(document, held, args.evidence))
    told = {"attestation": entry.attestation, "added": added, "boundary": entry.rings is not None}
    say_json(told) if args.json else say(f"{entry.attestation} {'added' if added else 'was there already'}")
    return 0


def _export(args: argparse.Namespace) -> int:
    from mrv.registry import attested, exports
    from mrv.registry.names import load_names

    if args.unchecked == (args.trust is not None):
        raise UsageError("give either --trust or --unchecked", field="--trust", hint="an export is of a checked attestation")
    if args.unchecked:
        taken = attested.unchecked(read_file(args.attestation))
    elif args.asset is None and not args.no_asset:
        raise UsageError("give --asset or --no-asset", field="--asset", hint="say which token you hold, or that you hold none")
    else:
        taken = attested.by_check(*asked(args))
    made = exports.export(
        taken, args.to, uri=args.uri, names=load_names(args.names), asset=args.asset, quantity_kg=args.quantity_kg
    )
    if args.out is None:
        say_json(made)
        return 0
    files = [str(path) for path in exports.write(made, args.to, args.out)]
    say_json({"files": files}) if args.json else say("\n".join(files))
    return 0
