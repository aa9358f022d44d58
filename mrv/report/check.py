"""Check: how to verify the document oneself, and what the answer must name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from mrv.attest.credential import attestation_digest
from mrv.page import Html, join, table, tag

if TYPE_CHECKING:
    from mrv.statement import Statement


def check_section(document: dict[str, Any], s: Statement, name: str) -> Html:
    """Commands, and every digest to compare with.

    Args:
        document: The signed document.
        s: Its statement.
        name: File name of the document.
    """
    subject, binding = document["credentialSubject"], document["credentialSubject"]["binding"]
    asset = f"--asset {shlex.quote(binding['assets'][0])}" if binding["assets"] else "--no-asset"
    quoted = shlex.quote(name)
    commands = f"mrv check {quoted} --trust trust.json {asset} --evidence evidence\nmrv replay {quoted} --store evidence"
    p, m = subject["provenance"], s.method
    software = ", ".join(f"{key} {value}" for key, value in sorted(p["software"].items()))
    facts: list[tuple[str, object]] = [
        ("Statement digest", s.digest()),
        ("Attestation digest", attestation_digest(document)),
        ("Issuer", document["issuer"]),
        ("Verification method", document.get("proof", {}).get("verificationMethod", "not signed")),
        ("Valid from", document["validFrom"]),
        ("Bound assets", ", ".join(binding["assets"]) or "none"),
        ("Serial blocks", ", ".join(binding["serials"]) or "none"),
        ("Supersedes", ", ".join(binding["supersedes"]) or "nothing"),
        ("Plan digest", m.plan_digest),
        ("Method digest", m.method_digest),
        ("Code digest", m.code_digest),
        ("Boundary digest", s.project.boundary_digest),
        *((f"Map {entry.name}", entry.pixels) for entry in s.activity.maps),
        ("Run", f"{p['started']} to {p['ended']}, {p['where']}, {p['platform'].get('device', 'device not said')}"),
        ("Software", software),
        ("Library warnings", "; ".join(p["warnings"]) or "none"),
    ]
    return join([
        tag("pre", tag("code", commands)),
        tag("p", "The first verifies signature, trust, digests, arithmetic and gates; the second computes everything again "
            "from the evidence and must give the same digits. trust.json is yours: it names the keys you accept. Compare "
            "the digests printed with these:"),
        table("Identity", ("What", "Value"), facts),
    ])  # fmt: skip
