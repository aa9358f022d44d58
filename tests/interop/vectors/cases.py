"""The vectors: what each document is, and the codes that must fail.  ``make.py`` writes them out."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import bitstring, credential, keys, proof
from mrv.attest.status_list import sign_list

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER, OTHER = "did:web:verifier.example", "did:web:other.example"
ASSET = "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/7"
CREATED, NOW = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
LISTED = "2026-02-28T00:00:00Z"
INDEX = 93_021
AREA_FAULTS = ("statement.gates",)
"""What the statement's own checks say to a project area that is a square metre larger."""
URLS = {purpose: f"https://status.verifier.example/v1/{purpose}.json" for purpose in ("revocation", "suspension")}
SEEDS = {"attester": 1, "status": 2, "stranger": 3}


def signer(name: str, issuer: str = ISSUER) -> keys.Signer:
    """A test key under an issuer's name."""
    own = keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([SEEDS[name]] * 32)))
    return replace(own, issuer=issuer, verification_method=f"{issuer}#{keys.encode_multikey(own.public_key)}")


@dataclass(frozen=True)
class Vector:
    """One question: a document, what is asked of it, and the codes that must fail."""

    says: str
    """What it is, or why it must be refused."""
    fails: tuple[str, ...] = ()
    """Codes that fail, in order; none where the attestation holds."""
    change: tuple[tuple[str, str], ...] = ()
    """Text of ``valid.json`` that is replaced; each occurs once."""
    signed_by: keys.Signer | None = None
    """Signed again after the change; None leaves the proof as it was."""
    trust: str = "trust"
    status: str | None = None
    """Folder of status lists."""
    now: str = NOW
    asset: str | None = ASSET
    encoding: str = "utf-8"
    created: str = CREATED
    spaces: int = 0
    """How many spaces stand before the document."""
    alter: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """What is made of the new proof."""
    late: tuple[tuple[str, str], ...] = ()
    """Text that is replaced after signing."""


def trust_list(*, required: bool = False, other: bool = False, **changes: Any) -> dict[str, Any]:
    """A trust list with the attester's and the status key, the attester's changed."""
    rows = []
    for name, role in (("attester", "attester"), ("status", "status")):
        by = signer(name)
        rows.append({
            "id": by.verification_method, "suite": "eddsa-jcs-2022", "publicKeyMultibase": keys.encode_multikey(by.public_key),
            "roles": [role], "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z", "revokedAt": None,
        })  # fmt: skip
    rows[0] |= changes
    issuers = [{"id": ISSUER, "statusRequired": required, "keys": rows}]
    if other:
        theirs = rows[0] | {"id": signer("stranger", OTHER).verification_method}
        theirs["publicKeyMultibase"] = keys.encode_multikey(signer("stranger").public_key)
        issuers.append({"id": OTHER, "statusRequired": False, "keys": [theirs]})
    return {"version": 1, "previous": None, "issuers": issuers}


TRUST: dict[str, dict[str, Any]] = {
    "trust": trust_list(),
    "trust-status-required": trust_list(required=True),
    "trust-two-issuers": trust_list(other=True),
    "trust-attester-revoked": trust_list(revokedAt="2026-02-15T00:00:00Z"),
    "trust-attester-expired": trust_list(notAfter="2026-02-15T00:00:00Z"),
    "trust-attester-early": trust_list(notBefore="2026-03-02T00:00:00Z"),
    "trust-attester-is-verifier": trust_list(roles=["verifier"]),
    "trust-attester-has-both-roles": trust_list(roles=["attester", "status"], required=True),
}


def status_list(purpose: str = "revocation", ones: tuple[int, ...] = (), by: str = "status", **options: Any) -> dict[str, Any]:
    """A signed list."""
    given = {"url": URLS[purpose], "purpose": purpose, "now": LISTED, "days": 7, "signer": signer(by), **options}
    return sign_list(ones, **given)


def with_bits(data: bytes) -> dict[str, Any]:
    """A signed list of other bits."""
    return packed("u" + base64.urlsafe_b64encode(gzip.compress(data, mtime=0)).decode().rstrip("="))


def packed(text: str) -> dict[str, Any]:
    """A signed list of other text."""
    found = status_list()
    return resigned(found, signer("status"), credentialSubject={**found["credentialSubject"], "encodedList": text})


def resigned(document: dict[str, Any], by: keys.Signer, **changes: Any) -> dict[str, Any]:
    """The document with members changed, and signed again."""
    return proof.sign({name: value for name, value in document.items() if name != "proof"} | changes, by, LISTED)


HELD = status_list("suspension")
STATUS: dict[str, tuple[dict[str, Any], ...]] = {
    "clear": (status_list(ones=(INDEX - 1, INDEX + 1)), HELD),
    "revoked": (status_list(ones=(INDEX,)), HELD),
    "revoked-and-expired": (status_list(ones=(INDEX,), now="2026-02-22T00:00:00Z"), HELD),
    "suspended": (status_list(), status_list("suspension", (INDEX,))),
    "none": (),
    "one-missing": (status_list(),),
    "expired": (status_list(now="2026-02-22T00:00:00Z"), HELD),
    "early": (status_list(now="2026-03-01T00:00:01Z"), HELD),
    "a-year": (resigned(status_list(), signer("status"), validUntil="2027-02-28T00:00:00Z"), HELD),
    "other-purpose": (status_list("suspension", url=URLS["revocation"]), HELD),
    "other-issuer": (status_list(signer=signer("status", OTHER)), HELD),
    "by-the-attester": (status_list(by="attester"), status_list("suspension", by="attester")),
    "by-a-stranger": (status_list(by="stranger"), HELD),
    "cleared-after-signing": (
        {**status_list(ones=(INDEX,)), "credentialSubject": status_list()["credentialSubject"]}, HELD,
    ),
    "bomb": (with_bits(bytes(bitstring.MAX_BITS // 8 + 1)), HELD),
    "short": (with_bits(bytes(bitstring.MIN_BITS // 8 - 1)), HELD),
    "not-gzip": (packed("uAAAA"), HELD),
    "twice": (status_list(), status_list(ones=(INDEX,)), HELD),
}  # fmt: skip


def valid_document(parts: dict[str, Any]) -> dict[str, Any]:
    """The base of all vectors: a statement and its materials under a fixed key, bound to an asset."""
    document = credential.build(
        statement=parts["statement"], materials=parts["materials"],
        binding={"supersedes": [], "assets": [ASSET], "serials": ["ICR-ISL-354-78040-14-R-0-2021"]},
        provenance={
            "started": "2026-01-31T10:00:00Z", "ended": "2026-01-31T11:00:00Z", "software": {"mrv": "0.1.0"},
            "platform": {"note": "Île d'Été"}, "where": "local", "warnings": [],
        },
        issuer=ISSUER, valid_from=CREATED, valid_until="2027-02-01T00:00:00Z",
        credential_status=[
            {
                "type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": str(INDEX),
                "statusListCredential": url,
            }
            for purpose, url in URLS.items()
        ],
    )  # fmt: skip
    return proof.sign(document, signer("attester"), CREATED)


CONTEXT = '"@context":["https://www.w3.org/ns/credentials/v2","urn:mrv:context:v1"]'
WIDER = CONTEXT.replace('v1"]', 'v1","https://evil.example/v1"]')
DOCUMENT, PROOF = f'{{{CONTEXT},"credentialStatus"', f'"proof":{{{CONTEXT},'
ISSUED = f'"issuer":"{ISSUER}"'
PLATFORM, ENDED = '"platform":{"note":"Île d\'Été"}', '"ended":"2026-01-31T11:00:00Z"'
BOUND, SERIALS = f'"assets":["{ASSET}"]', '"serials":["ICR-ISL-354-78040-14-R-0-2021"]'
LISTED_AT = f'"statusListIndex":"{INDEX}","statusPurpose":"revocation"'
HONEST, STATUS_KEY, STRANGER = signer("attester"), signer("status"), signer("stranger")
POSING = replace(STRANGER, verification_method=HONEST.verification_method)
BORROWED = replace(signer("stranger", OTHER), issuer=ISSUER)
REQUIRED = "trust-status-required"

Change = tuple[str, str]


def refused(says: str, code: str, *change: Change, by: keys.Signer | None = None, **more: Any) -> Vector:
    """A vector that fails with one code."""
    return Vector(says, (code,), change, by, **more)


def accepted() -> dict[str, Vector]:
    """What must hold."""
    return {
        "valid": Vector("as it was signed"),
        "valid-space": Vector("white space is not signed", change=((DOCUMENT, "\r\n\t " + DOCUMENT.replace(":", " : ", 1)),)),
        "valid-order": Vector(
            "nor is the order of members", change=((f"{ISSUED},", ""), (DOCUMENT, f'{{{ISSUED},{CONTEXT},"credentialStatus"'))
        ),
        "valid-escapes": Vector(
            "nor how a character is written", change=((ISSUED, ISSUED.replace("i", "\\u0069", 1)), ("Île d", "\\u00cele d"))
        ),
        "valid-asset": Vector("the caller's spelling of the asset is normalised", asset=ASSET.replace("0aa", "0AA")),
        "valid-status": Vector("both lists clear", trust=REQUIRED, status="clear"),
        "valid-last-second": Vector("notAfter is the first second that is out", now="2026-12-31T23:59:59Z"),
    }


def json_faults(text: str, number: str) -> dict[str, Vector]:
    """Text that can be read in two ways, or not at all; ``number`` is the statement's area."""
    area = f'"area_m2":{number},"boundary_digest"'

    def other(spelling: str) -> Change:
        return area, area.replace(number, spelling)

    twice, full = f'"issuer":"{OTHER}",{ISSUED}', (1 << 20) + 1 - len(text.encode())
    return {
        "json-member-twice": refused("parsers disagree on which one counts", "json.duplicate", (ISSUED, twice)),
        "json-member-twice-escaped": refused(
            "written in two ways", "json.duplicate", (ISSUED, twice.replace("i", "\\u0069", 1))
        ),
        "json-float": refused("a float of the same value", "json.float", other(number + ".0")),
        "json-power": refused("a power of ten of the same value", "json.float", other(number + "e0")),
        "json-2-53": refused("2^53, where doubles begin to leave integers out", "json.integer", other(str(2**53))),
        "json-minus-zero": refused("-0 and 0: one number, two texts", "json.integer", other("-0")),
        "json-nan": refused("not JSON", "json.syntax", other("NaN")),
        "json-leading-zero": refused("not JSON", "json.syntax", other("0" + number)),
        "json-trailing-comma": refused("not JSON", "json.syntax", (PLATFORM, PLATFORM[:-1] + ",}")),
        "json-cut-short": refused("not JSON", "json.syntax", (text[-40:], text[-40:-1])),
        "json-bom": refused("a byte order mark", "json.bom", (DOCUMENT, "\ufeff" + DOCUMENT)),
        "json-utf-16": refused("not UTF-8", "json.utf8", encoding="utf-16"),
        "json-gb18030": refused("not UTF-8", "json.utf8", encoding="gb18030"),
        "json-lone-surrogate": refused("half a character", "json.surrogate", (PLATFORM, PLATFORM.replace("Île", "\\ud800"))),
        "json-not-nfc": refused("two characters that look like one", "json.nfc", (PLATFORM, PLATFORM.replace("Î", "I\u0302"))),
        "json-depth": refused("nested 25 deep", "json.depth", (PLATFORM, '"platform":' + "[" * 22 + "]" * 22)),
        "json-size": refused("a byte more than a mebibyte", "json.size", spaces=full),
    }


def shape_faults(document: dict[str, Any]) -> dict[str, Vector]:
    """A shape that is not the attestation's; signed again by the honest key where the signature would hide it."""
    value, ended = f'"proofValue":"{document["proof"]["proofValue"]}"', '},"type":["VerifiableCredential"'
    path = f'"path":"{document["credentialSubject"]["materials"][0]["path"]}"'
    bad = '"proof":[{"type":"DataIntegrityProof"},{'
    return {
        "schema-context": refused(
            "a URL appended after signing; a stock library accepts", "schema.value", (DOCUMENT, f'{{{WIDER},"credentialStatus"')
        ),
        "schema-context-in-both": refused(
            "in the proof too", "schema.value", (DOCUMENT, f'{{{WIDER},"credentialStatus"'), (PROOF, f'"proof":{{{WIDER},')
        ),
        "schema-context-signed": refused(
            "a wider context, honestly signed", "schema.value", (DOCUMENT, f'{{{WIDER},"credentialStatus"'), by=HONEST
        ),
        "schema-no-proof-context": refused("proof.@context missing", "schema.missing", (PROOF, '"proof":{')),
        "schema-proof-array": refused(
            "one proof in an array", "schema.type", ('"proof":{', '"proof":[{'), (ended, "}]" + ended[1:])
        ),
        "schema-proof-set": refused("a bad proof and a good one", "schema.type", ('"proof":{', bad), (ended, "}]" + ended[1:])),
        "schema-member": refused("a member nobody knows", "schema.extra", (ISSUED, f'{ISSUED},"name":"x"'), by=HONEST),
        "schema-member-in-proof": refused("in the proof", "schema.extra", (value, f'"domain":"x",{value}')),
        "schema-member-in-material": refused("deep inside", "schema.extra", (path, f'"mode":"x",{path}'), by=HONEST),
        "schema-time-offset": refused(
            "another spelling of a time", "schema.value", (ENDED, ENDED.replace("Z", "+00:00")), by=HONEST
        ),
        "schema-time-fraction": refused(
            "a fraction of a second", "schema.value", (ENDED, ENDED.replace("Z", ".0Z")), by=HONEST
        ),
        "schema-time-february": refused("30 February", "schema.value", (ENDED, ENDED.replace("01-31", "02-30")), by=HONEST),
        "schema-path-parent": refused("out of the folder", "schema.value", (path, '"path":"../boundary.geojson"'), by=HONEST),
        "schema-path-vrt": refused("a file that names others", "schema.value", (path, '"path":"pixels/a.VRT"'), by=HONEST),
        "schema-asset": refused(
            "an asset in another spelling", "schema.value", (BOUND, BOUND.replace("0aa", "0AA")), by=HONEST
        ),
        "schema-serial": refused("full-width digits", "schema.value", (SERIALS, SERIALS.replace("354", "３５４")), by=HONEST),
        "schema-purpose": refused("another purpose", "schema.value", ('"assertionMethod"', '"authentication"')),
        "schema-suite": refused("another suite", "schema.value", ('"eddsa-jcs-2022"', '"eddsa-rdfc-2022"')),
    }


def signature_faults(number: str) -> dict[str, Vector]:
    """A signature that is not the issuer's, or not of this document."""
    area, more = f'"area_m2":{number},"boundary_digest"', f'"area_m2":{int(number) + 1},"boundary_digest"'
    stranger = (ISSUED, f'"issuer":"{OTHER}"')
    thief = {"by": HONEST, "trust": "trust-attester-revoked", "created": "2026-01-02T00:00:00Z"}
    return {
        "proof-provenance": refused("an hour changed after signing", "proof.valid", (ENDED, ENDED.replace("11", "12"))),
        "proof-statement": Vector(
            "a square metre, and so the digest", ("proof.valid", "subject.id", *AREA_FAULTS), ((area, more),)
        ),
        "proof-created": refused(
            "the proof's own members are signed", "proof.valid", ('T00:00:00Z","crypto', 'T00:00:01Z","crypto')
        ),
        "key-stranger": Vector("an attacker's key under the honest name", ("key.valid", "proof.valid"), signed_by=STRANGER),
        "key-posing": refused("the honest key's name over his signature", "proof.valid", by=POSING),
        "key-borrowed": Vector(
            "a trusted key, of somebody else", ("key.valid", "proof.valid"), signed_by=BORROWED, trust="trust-two-issuers"
        ),
        "key-for-lists": refused("a key that may sign status lists only", "key.valid", by=STATUS_KEY),
        "key-revoked": refused("revoked; proof.created is the thief's own word", "key.valid", **thief),
        "key-expired": refused("expired", "key.valid", trust="trust-attester-expired"),
        "key-early": refused("not valid yet", "key.valid", trust="trust-attester-early"),
        "key-role": refused("trusted to countersign only", "key.valid", trust="trust-attester-is-verifier"),
        "issuer-unknown": Vector(
            "not in the trust list", ("issuer.trusted", "key.valid", "proof.valid", "status.missing"), (stranger,),
            signer("stranger", OTHER),
        ),
    }  # fmt: skip


def meaning_faults(document: dict[str, Any]) -> dict[str, Vector]:
    """Signed by the right key, and not what the caller holds."""
    subject = f'"id":"{document["credentialSubject"]["id"]}"'
    nothing = f'"id":"urn:mrv:sha256:{"0" * 64}"'
    return {
        "period-early": refused("validFrom is after now", "validity.period", now="2026-01-31T23:59:59Z"),
        "subject-id": refused("the digest of another statement", "subject.id", (subject, nothing), by=HONEST),
        "asset-other": refused("the caller holds another token", "binding.asset", asset=ASSET[:-1] + "8"),
        "asset-none": refused("the caller holds none", "binding.asset", asset=None),
    }


FOLDERS = {
    "expired": ("status.expired", "no longer valid"),
    "early": ("status.early", "not valid yet"),
    "a-year": ("status.lifetime", "valid for longer than a week"),
    "other-purpose": ("status.purpose", "the suspension list at the revocation list's address"),
    "other-issuer": ("status.issuer", "another issuer's list"),
    "by-a-stranger": ("status.key", "signed by an unknown key"),
    "cleared-after-signing": ("status.proof", "a bit cleared after signing"),
    "bomb": ("status.bomb", "unpacks to more than a mebibyte"),
    "short": ("status.short", "fewer bits than hide who is asked about"),
    "not-gzip": ("status.encoding", "not gzip"),
    "twice": ("status.ambiguous", "two lists of one id"),
    "revoked": ("status.revocation", "revoked"),
    "revoked-and-expired": ("status.revocation", "revoked by a list that is over: for ever"),
    "suspended": ("status.suspension", "suspended"),
    "one-missing": ("status.missing", "one of the two lists is not there"),
}
"""Folders of status lists in which one list is wrong, or says no."""


def status_faults(text: str) -> dict[str, Vector]:
    """Status lists."""
    whole = text[text.index('"credentialStatus"') : text.index('"credentialSubject":{"binding"')]
    half, beyond = whole[: whole.index(",{")] + "],", LISTED_AT.replace(str(INDEX), "131072")
    asked: dict[str, Any] = {"trust": REQUIRED, "status": "clear"}
    both: dict[str, Any] = {"status": "by-the-attester"}
    return {
        **{f"status-{name}": refused(says, code, trust=REQUIRED, status=name) for name, (code, says) in FOLDERS.items()},
        "status-not-required": refused("not required, but the caller asks", "status.revocation", status="revoked"),
        "status-not-given": refused("required, and no folder given", "status.missing", trust=REQUIRED),
        "status-empty": Vector("no list in the folder", ("status.missing",) * 2, trust=REQUIRED, status="none"),
        "status-by-the-attester": Vector("not a status key", ("status.role",) * 2, trust=REQUIRED, **both),
        "status-same-key": Vector(
            "a key with both roles", ("status.same-key",) * 2, trust="trust-attester-has-both-roles", **both
        ),
        "status-cut": refused("entries taken out after signing", "proof.valid", (whole, "")),
        "status-unlisted": refused("could never be revoked", "status.unlisted", (whole, ""), by=HONEST, **asked),
        "status-revocation-alone": Vector("revocation alone is enough", (), ((whole, half),), HONEST, **asked),
        "status-index": refused("an index beyond the list", "status.index", (LISTED_AT, beyond), by=HONEST, **asked),
    }


def vectors(text: str, document: dict[str, Any]) -> dict[str, Vector]:
    """Every vector by name.

    Args:
        text: The canonical text of the valid document.
        document: The valid document.
    """
    number = str(document["credentialSubject"]["statement"]["project"]["area_m2"])
    return {
        **accepted(), **json_faults(text, number), **shape_faults(document), **signature_faults(number),
        **meaning_faults(document), **status_faults(text),
    }  # fmt: skip
