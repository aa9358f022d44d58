"""Verb of a human verifier: countersign."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import COUNTERSIGNERS, ISSUER, KEY, read_file, verb
from mrv.errors import AttestationError, UsageError


def add_verbs(verbs: Any) -> None:
    """Add ``countersign``."""
    sign = verb(verbs, "countersign", _countersign, "sign a verifier's opinion on an attestation; check it first")
    sign.add_argument("attestation", type=Path)
    sign.add_argument("--key", metavar="URI", required=True, help=KEY)
    sign.add_argument("--issuer", metavar="URI", help=ISSUER)
    sign.add_argument("--opinion", choices=("unmodified", "qualified", "adverse", "disclaimer"), required=True)
    sign.add_argument("--assurance", choices=("limited", "reasonable"), required=True, help="level that was agreed")
    sign.add_argument("--scope", metavar="TEXT", required=True, help="what was verified, against what criteria")
    sign.add_argument("--reason", metavar="TEXT", help="why the opinion is not unmodified")
    sign.add_argument("--role", choices=COUNTERSIGNERS, default="verifier", help="default, verifier")
    sign.add_argument("--date", metavar="DATE", help="day of the opinion, YYYY-MM-DD; default, today")
    sign.add_argument("--out", type=Path, metavar="FILE", help="default, countersignature.json beside the attestation")


def _check_worth(attestation: dict[str, Any], date: str) -> None:
    """Refuse what no trust list could make hold, and an opinion that is older than what it is about.

    Raises:
        AttestationError: ``countersign.attestation``, ``countersign.date``.
    """
    from mrv.attest.verify import check_alone

    failed = [check for check in check_alone(attestation) if check.status == "fails"]
    if failed:
        codes = ", ".join(dict.fromkeys(check.code for check in failed))
        raise AttestationError(
            f"the attestation does not hold, whoever is trusted: {codes}; {failed[0].detail}", code="countersign.attestation",
            hint="it was changed, or never held: ask its signer for the original, and `mrv check` it first",
        )  # fmt: skip
    start = attestation["validFrom"]
    if date < start[:10]:
        raise AttestationError(
            f"{date!a:.40} is before the attestation, which is valid from {start}", code="countersign.date", field="--date",
            hint="give the day of the opinion, YYYY-MM-DD: no earlier than the attestation's own",
        )  # fmt: skip


def _countersign(args: argparse.Namespace) -> int:
    from mrv.attest import countersignature, credential, durable, proof
    from mrv.attest.keys import load_signer
    from mrv.units import utc_now

    out = args.out or args.attestation.with_name("countersignature.json")
    attestation = credential.parse(read_file(args.attestation))
    digest = credential.attestation_digest(attestation, checked=True)
    signer, now = load_signer(args.key, args.issuer), utc_now()
    if attestation["proof"]["verificationMethod"].endswith(f"#{signer.verification_method.partition('#')[2]}"):
        raise UsageError(
            "signed the attestation itself",
            code="countersign.same-key",
            field="--key",
            hint="a verifier has a key of their own",
        )
    date = args.date or now[:10]
    _check_worth(attestation, date)
    unsigned = countersignature.build(
        attestation=digest, role=args.role, opinion=args.opinion, assurance=args.assurance, scope=args.scope,
        reason=args.reason, date=date, issuer=signer.issuer, valid_from=now,
    )  # fmt: skip
    data = credential.encode(proof.sign(unsigned, signer, now))
    if not durable.create(out, data):
        raise UsageError("exists already", code="usage.file", file=out, hint="name another --out")
    if args.json:
        say_json({"attestation": digest, "countersignature": str(out), "issuer": signer.issuer})
    else:
        say(f"{args.opinion}, {args.assurance} assurance, on {digest}\n  {out}")
    return 0
