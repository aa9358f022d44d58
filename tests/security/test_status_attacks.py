"""Attacks on status: to make a revoked attestation hold, whatever is put into the folder of lists."""

from __future__ import annotations

import base64
import gzip
import json
import random
import struct
import zlib

import pytest
from support.attested import (
    ATTESTER,
    INDEX,
    OTHER,
    STATUS,
    STRANGER,
    URLS,
    ask,
    attestation,
    make_signer,
    resigned,
    status_entries,
    status_list,
    stub_statement,
    trust_of,
    trusted,
    write_lists,
)

from mrv.attest import bitstring

REVOKED = status_list(ones=(INDEX,))
CLEAR = status_list()
HELD = status_list("suspension")
DOCUMENT = attestation()
KEEPER = make_signer(STATUS)
BYTES = bitstring.MIN_BITS // 8


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def text_of(data):
    return "u" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def packed(text, base=CLEAR):
    return resigned(base, KEEPER, credentialSubject={**base["credentialSubject"], "encodedList": text})


def stored(size):
    """Gzip of stored blocks: as long as what it holds, so that no ratio gives a bomb away."""
    maker = zlib.compressobj(0, zlib.DEFLATED, 31)
    return maker.compress(bytes(size)) + maker.flush()


def lying_length(size):
    """Gzip that announces a short text and unpacks to a long one."""
    data = gzip.compress(bytes(size))
    return data[:-4] + struct.pack("<I", BYTES)


SUBJECT = CLEAR["credentialSubject"]
OLD = status_list(now="2026-02-20T00:00:00Z")
TWICE = json.dumps(REVOKED).replace('"encodedList"', f'"encodedList": "{SUBJECT["encodedList"]}", "encodedList"')

# fmt: off
LISTS = {
    "last week's, from before the revocation": (status_list(now="2026-02-20T00:00:00Z"), "status.expired"),
    "next week's, from after a reinstatement": (status_list(now="2026-03-02T00:00:00Z"), "status.early"),
    "for a hundred years": (resigned(CLEAR, KEEPER, validUntil="2126-01-01T00:00:00Z"), "status.lifetime"),
    "with the bit cleared": ({**REVOKED, "credentialSubject": SUBJECT}, "status.proof"),
    "with its period moved": ({**OLD, "validUntil": "2026-03-02T00:00:00Z"}, "status.proof"),
    "signed by the attester's key": (status_list(signer=make_signer(ATTESTER)), "status.role"),
    "signed by an attacker's key": (status_list(signer=make_signer(STRANGER)), "status.key"),
    "of another issuer, trusted too": (status_list(signer=make_signer(STRANGER, OTHER)), "status.issuer"),
    "of suspensions, at the revocations' address": (status_list("suspension", url=URLS["revocation"]), "status.purpose"),
    "of another address": (status_list(url="https://status.verifier.example/v2/revocation.json"), "status.missing"),
    "of an address that differs in a slash": (status_list(url=URLS["revocation"] + "/"), "status.missing"),
    "beside the honest one": ((CLEAR, REVOKED), "status.ambiguous"),
    "an attestation in its place": ({**DOCUMENT, "id": URLS["revocation"]}, "status.unreadable"),
    "unsigned": ({k: v for k, v in CLEAR.items() if k != "proof"}, "status.unreadable"),
    "with a proof set": ({**CLEAR, "proof": [CLEAR["proof"], REVOKED["proof"]]}, "status.unreadable"),
    "with a wider context": (
        resigned(CLEAR, KEEPER, **{"@context": [*CLEAR["@context"], "https://x.example"]}), "status.unreadable"),
    "with two subjects": (resigned(CLEAR, KEEPER, credentialSubject=[SUBJECT] * 2), "status.unreadable"),
    "with a ttl": (resigned(CLEAR, KEEPER, ttl=1), "status.unreadable"),
    "with a message of its own": (
        resigned(CLEAR, KEEPER, credentialSubject={**SUBJECT, "statusMessage": []}), "status.unreadable"),
    "with two purposes": (
        resigned(CLEAR, KEEPER, credentialSubject={**SUBJECT, "statusPurpose": ["revocation", "suspension"]}),
        "status.unreadable"),
    "with a member twice": (TWICE.encode(), "status.unreadable"),
    "a bomb": (packed(text_of(gzip.compress(bytes(1 << 26)))), "status.bomb"),
    "a bomb of stored blocks": (packed(text_of(stored(600_000))[:700_000]), "status.encoding"),
    "a bomb that announces a short text": (packed(text_of(lying_length(1 << 26))), "status.bomb"),
    "a byte too long": (packed(text_of(gzip.compress(bytes(bitstring.MAX_BITS // 8 + 1)))), "status.bomb"),
    "a byte too short": (packed(text_of(gzip.compress(bytes(BYTES - 1)))), "status.short"),
    "empty": (packed(text_of(gzip.compress(b""))), "status.short"),
    "cut short": (packed(text_of(gzip.compress(bytes(BYTES))[:-9])), "status.encoding"),
    "with a wrong checksum": (
        packed(text_of(gzip.compress(bytes(BYTES))[:-8] + b"\1\2\3\4" + struct.pack("<I", BYTES))), "status.encoding"),
    "two members": (packed(text_of(gzip.compress(bytes(BYTES)) * 2)), "status.encoding"),
    "zlib": (packed(text_of(zlib.compress(bytes(BYTES)))), "status.encoding"),
    "raw deflate": (packed(text_of(zlib.compress(bytes(BYTES))[2:-4])), "status.encoding"),
    "not compressed": (packed(text_of(bytes(BYTES))), "status.encoding"),
    "padded": (packed(text_of(gzip.compress(bytes(BYTES + 1))) + "="), "status.unreadable"),
    "in plain base64": (packed("m" + base64.b64encode(gzip.compress(bytes(BYTES))).decode()), "status.unreadable"),
    "with stray bits in its last letter": (packed(text_of(gzip.compress(bytes(BYTES)) + b"")[:-1] + "B"), "status.encoding"),
    "a megabyte and more": (json.dumps(CLEAR).encode() + b" " * (1 << 20), "status.size"),
    "with a byte order mark": (b"\xef\xbb\xbf" + json.dumps(CLEAR).encode(), "status.unreadable"),
    "in UTF-16": (json.dumps(CLEAR).encode("utf-16"), "status.unreadable"),
    "nested deep": (b"[" * 100_000, "status.unreadable"),
}
# fmt: on


@pytest.mark.parametrize("name", LISTS)
def test_a_list(tmp_path, name):
    lists, code = LISTS[name]
    folder = write_lists(tmp_path, *(lists if isinstance(lists, tuple) else (lists,)), HELD)
    everyone = trust_of(others=(trusted(STRANGER, "status", issuer=OTHER),))
    assert ask(DOCUMENT, status=folder, trust_list=everyone).failing == [code]


def test_the_honest_lists(tmp_path):
    """So that each refusal above is the attack's own."""
    assert ask(DOCUMENT, status=write_lists(tmp_path / "a", CLEAR, HELD)).failing == []
    assert ask(DOCUMENT, status=write_lists(tmp_path / "b", REVOKED, HELD)).failing == ["status.revocation"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "https://status.verifier.example/../../etc/passwd", "data:application/json,{}", "urn:x:..%2f..%2fx",
     "https://127.0.0.1:22/", "jar:http://x!/y"],
)  # fmt: skip
def test_an_address_is_a_name_and_opens_nothing(tmp_path, url):
    """Whatever an attestation calls its list, only the folder is read, and only by ids."""
    entries = [{**status_entries()[0], "statusListCredential": url}]
    assert ask(attestation(status=entries), status=write_lists(tmp_path, CLEAR)).failing == ["status.missing"]


def test_a_link_to_a_list_elsewhere(tmp_path):
    outside = write_lists(tmp_path / "outside", CLEAR)
    folder = write_lists(tmp_path / "status", HELD)
    (folder / "x.json").symlink_to(outside / "0.json")
    assert ask(DOCUMENT, status=folder).failing == ["status.unreadable"]


def mutated(data, dice):
    spoiled = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        place = dice.randrange(len(spoiled))
        kind = dice.randrange(4)
        if kind == 0:
            spoiled[place] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del spoiled[place : place + dice.randrange(1, 9)]
        elif kind == 2:
            spoiled[place:place] = bytes(dice.choice(b' "{}[],:0u\\') for _ in range(dice.randrange(1, 4)))
        else:
            other = dice.randrange(len(spoiled))
            spoiled[place : place + 20] = spoiled[other : other + 20]
    return bytes(spoiled)


def test_no_mutation_of_a_list_clears_its_bit(tmp_path):
    """300 changes of a list that revokes: not one lets the attestation hold."""
    folder, dice, data = write_lists(tmp_path, REVOKED, HELD), random.Random(7), json.dumps(REVOKED).encode()
    codes = set()
    for _ in range(300):
        (folder / "0.json").write_bytes(mutated(data, dice))
        found = ask(DOCUMENT, status=folder).failing
        assert found
        codes |= set(found)
    assert {"status.unreadable", "status.proof", "status.revocation"} <= codes
