"""A whole bundle of the small attestation, the same put together by a forger, and what a checker says."""

from __future__ import annotations

import copy
import hashlib
import json
import struct
import zlib
from typing import Any

from mrv.attest import archive, bundle, countersignature, credential, proof, strict_json, trust, verify
from mrv.attest.evidence import Held
from mrv.attest.status import held_lists
from mrv.errors import AttestationError
from support import attested

VERIFIER = 21
BOUNDARY = b'{"type":"Polygon"}'
PIXELS = b"abc"
TRUST = trust.TrustList.of(
    attested.trust_of(
        attested.trusted(attested.ATTESTER, "attester"), attested.trusted(attested.STATUS, "status"),
        attested.trusted(VERIFIER, "verifier"),
    ).as_json()
    | {"countersignatures": [{"role": "verifier", "number": 1, "assurance": "limited"}]}
)  # fmt: skip
MATERIALS = copy.deepcopy(attested.PARTS["materials"])
MATERIALS[1] |= {"size": len(BOUNDARY), "sha256": hashlib.sha256(BOUNDARY).hexdigest()}
DOCUMENT = attested.attestation(materials=MATERIALS)
ATTESTATION = credential.encode(DOCUMENT)


def opinion(about: dict[str, Any] = DOCUMENT) -> bytes:
    """A verifier's, of a document."""
    by = attested.make_signer(VERIFIER)
    unsigned = countersignature.build(
        attestation=credential.attestation_digest(about), role="verifier", opinion="unmodified", assurance="limited",
        scope="all", reason=None, date="2026-02-01", issuer=by.issuer, valid_from=attested.CREATED,
    )  # fmt: skip
    return credential.encode(proof.sign(unsigned, by, attested.CREATED))


def encoded_lists(*ones: int) -> list[bytes]:
    """Both status lists; these bits of the first are set."""
    return [json.dumps(attested.status_list(purpose, ones)).encode() for purpose in ("revocation", "suspension")]


def made(**changes: Any) -> bytes:
    """An honest bundle."""
    arguments: dict[str, Any] = {
        "single": {bundle.TRUST: json.dumps(TRUST.as_json()).encode(), bundle.LOG_PROOF: b"x\n"},
        "status": encoded_lists(), "countersignatures": [opinion()], "evidence": {"boundary.geojson": BOUNDARY},
    }  # fmt: skip
    return bundle.make_bundle(ATTESTATION, **(arguments | changes))


def listed(name: str, data: bytes) -> dict[str, Any]:
    """A manifest's line."""
    return {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def forged(files: dict[str, bytes], **changes: Any) -> bytes:
    """An archive of ``files`` whose manifest was made to fit them, but for ``changes``."""
    rest = {name: data for name, data in files.items() if name != bundle.MANIFEST}
    manifest = json.loads(files[bundle.MANIFEST])
    manifest |= {"files": [listed(name, rest[name]) for name in sorted(rest)]} | changes
    return archive.pack(rest | {bundle.MANIFEST: strict_json.canonical(manifest)})


def fails(data: bytes, **options: Any) -> list[str]:
    """The codes that fail, by the caller's trust list."""
    try:
        opened = bundle.open_bundle(data)
    except AttestationError as error:
        return [error.error_code]
    lists = opened.under(bundle.STATUS)
    arguments: dict[str, Any] = {
        "trust": TRUST, "now": attested.NOW, "asset": attested.ASSET, "evidence": Held(opened.evidence, None),
        "status": held_lists(lists) if lists else None,
        "countersignatures": list(opened.under(bundle.COUNTERSIGNATURES).values()),
    } | options  # fmt: skip
    checks = [*bundle.check_bundle(opened), *verify.check(opened.attestation, **arguments)]
    return [check.code for check in checks if check.status == "fails"]


def raw(members: list[tuple[bytes, bytes]], **odd: Any) -> bytes:
    """A zip file with the oddities that are asked for, each field otherwise as :func:`mrv.attest.archive.pack` writes it.

    Args:
        members: Names and bytes, in the order of the file.
        odd: ``flags``, ``method``, ``time``, ``extra``, ``comment``, ``attributes``, ``made_by``, ``disk``, ``size`` (stated),
            ``crc``, ``offset`` for the directory; ``local_…`` for the headers; ``prefix``, ``gap``, ``tail``, ``note``
            (the archive's comment), ``count``.
    """
    get = odd.get
    body, directory = get("prefix", b""), b""
    for name, data in members:
        crc, place = zlib.crc32(data), len(body)
        body += struct.pack(
            "<4sHHHHHLLLHH", b"PK\3\4", 10, get("local_flags", get("flags", 0)), get("local_method", get("method", 0)),
            get("time", 0), 0x21, get("local_crc", crc), get("local_size", len(data)), get("local_size", len(data)),
            len(get("local_name", name)), len(get("local_extra", b"")),
        ) + get("local_name", name) + get("local_extra", b"") + data + get("gap", b"")  # fmt: skip
        extra, comment, size = get("extra", b""), get("comment", b""), get("size", len(data))
        directory += struct.pack(
            "<4sHHHHHHLLLHHHHHLL", b"PK\1\2", get("made_by", 10), 10, get("flags", 0), get("method", 0), get("time", 0), 0x21,
            get("crc", crc), get("packed", size), size, len(name), len(extra), len(comment), get("disk", 0), 0,
            get("attributes", 0), get("offset", place),
        ) + name + extra + comment  # fmt: skip
    count, note = get("count", len(members)), get("note", b"")
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), len(note))
    return body + directory + end + note + get("tail", b"")
