"""Was it revoked?  Each way in which a list cannot be believed has its own code."""

from __future__ import annotations

import base64
import gzip
import json
import os
from dataclasses import replace

import pytest
from support.attested import (
    ATTESTER,
    CREATED,
    INDEX,
    NOW,
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
    trust_of,
    trusted,
    write_lists,
)

from mrv.attest import bitstring, proof
from mrv.attest import status_list as lists
from mrv.errors import AttestationError

REVOKED = status_list(ones=(INDEX,))
CLEAR = status_list(ones=(INDEX - 1, INDEX + 1))
HELD = status_list("suspension")


def answer(tmp_path, *held, document=None, **options):
    folder = write_lists(tmp_path / "status", *held)
    return ask(document or attestation(), **({"status": folder} | options))


def test_holds(tmp_path):
    found = answer(tmp_path, CLEAR, HELD)
    assert found.failing == []
    assert [code for code in found.codes if code.startswith("status.")] == ["status.revocation", "status.suspension"]
    assert found.detail["status.revocation"] == (
        f"not revoked: bit {INDEX} of {URLS['revocation']}, valid until 2026-03-07T00:00:00Z"
    )


def test_revoked_and_suspended(tmp_path):
    assert answer(tmp_path, REVOKED, HELD).failing == ["status.revocation"]
    assert answer(tmp_path / "b", CLEAR, status_list("suspension", (INDEX,))).failing == ["status.suspension"]
    both = answer(tmp_path / "c", REVOKED, status_list("suspension", (INDEX,)))
    assert both.failing == ["status.revocation", "status.suspension"]
    assert both.detail["status.revocation"].startswith("revoked: ")


def test_a_list_that_is_over_still_tells_of_a_revocation(tmp_path):
    """In ten years the list is old, the key that signed it too: it was revoked all the same, and not merely unknown."""
    key = [trusted(ATTESTER, "attester", notAfter=None), trusted(STATUS, "status")]
    for now, more in (("2026-03-07T00:00:00Z", {}), ("2036-03-01T00:00:00Z", {"trust_list": trust_of(*key)})):
        found = answer(tmp_path / now[:4], REVOKED, HELD, now=now, **more)
        assert found.failing[0] == "status.revocation"
        assert "a revocation is for ever" in found.detail["status.revocation"]
        assert "status.revocation" not in answer(tmp_path / f"{now[:4]}-clear", CLEAR, HELD, now=now, **more).failing


def test_a_list_that_is_over_clears_nobody_and_lifts_no_suspension(tmp_path):
    later = "2026-03-07T00:00:00Z"
    assert answer(tmp_path / "a", CLEAR, HELD, now=later).failing == ["status.expired"] * 2
    held = status_list("suspension", (INDEX,))
    assert answer(tmp_path / "b", CLEAR, held, now=later).failing == ["status.expired"] * 2, "it may have been lifted since"


@pytest.mark.parametrize("fault", ["signature", "stranger", "attester", "lifetime", "not yet valid"])
def test_a_list_that_is_over_and_was_never_to_be_believed(tmp_path, fault):
    spoiled = {
        "signature": {**REVOKED, "credentialSubject": CLEAR["credentialSubject"]},
        "stranger": status_list(ones=(INDEX,), signer=make_signer(STRANGER)),
        "attester": status_list(ones=(INDEX,), signer=make_signer(ATTESTER)),
        "lifetime": resigned(REVOKED, make_signer(STATUS), validUntil="2026-03-09T00:00:00Z"),
        "not yet valid": status_list(ones=(INDEX,), now="2025-12-01T00:00:00Z"),  # before its key was
    }[fault]
    assert "status.revocation" not in answer(tmp_path, spoiled, HELD, now="2026-03-10T00:00:00Z").failing


def test_a_note_where_nobody_asks():
    found = ask(attestation(), trust_list=trust_of(required=False))
    assert found.failing == []
    assert "though the attestation names one" in found.detail["status.not-required"]


def test_asked_although_not_required(tmp_path):
    options = {"trust_list": trust_of(required=False)}
    assert answer(tmp_path, CLEAR, HELD, **options).failing == []
    assert answer(tmp_path / "b", REVOKED, HELD, **options).failing == ["status.revocation"]
    assert answer(tmp_path / "c", **options).failing == ["status.missing"] * 2


def test_no_folder_no_list_no_entry(tmp_path):
    assert ask(attestation()).failing == ["status.missing"]
    assert answer(tmp_path, HELD).failing == ["status.missing"]
    assert ask(attestation(), status=tmp_path / "none").failing == ["status.missing"] * 2
    assert ask(attestation(status=[])).failing == ["status.missing"]
    assert answer(tmp_path / "b", CLEAR, document=attestation(status=[])).failing == ["status.unlisted"]
    only = attestation(status=status_entries(purposes=("suspension",)))
    assert answer(tmp_path / "c", HELD, document=only).failing == ["status.unlisted"]


def test_revocation_alone_is_enough(tmp_path):
    only = attestation(status=status_entries(purposes=("revocation",)))
    assert answer(tmp_path, CLEAR, document=only).failing == []


def packed(data):
    return "u" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def bits(text, **changes):
    """The revocation list with other bits, honestly signed."""
    subject = {**CLEAR["credentialSubject"], "encodedList": text}
    return resigned(CLEAR, make_signer(STATUS), credentialSubject=subject, **changes)


BOMB = packed(gzip.compress(bytes(bitstring.MAX_BITS // 8 + 1)))
SHORT = packed(gzip.compress(bytes(bitstring.MIN_BITS // 8 - 1)))
STOLEN = replace(make_signer(STRANGER), verification_method=make_signer(STATUS).verification_method)

FAULTS = {
    "expired": (status_list(now="2026-02-22T00:00:00Z"), "status.expired"),
    "expired to the second": (status_list(now="2026-02-28T00:00:00Z", days=1), "status.expired"),
    "not yet": (status_list(now="2026-03-01T00:00:01Z"), "status.early"),
    "valid for a year": (resigned(CLEAR, make_signer(STATUS), validUntil="2027-02-28T00:00:00Z"), "status.lifetime"),
    "valid for a second more": (resigned(CLEAR, make_signer(STATUS), validUntil="2026-03-07T00:00:01Z"), "status.lifetime"),
    "of the other purpose": (status_list("suspension", url=URLS["revocation"]), "status.purpose"),
    "of another issuer": (status_list(signer=make_signer(STATUS, OTHER)), "status.issuer"),
    "signed by the attester's key": (status_list(signer=make_signer(ATTESTER)), "status.role"),
    "signed by a stranger's key": (status_list(signer=make_signer(STRANGER)), "status.key"),
    "signed by a stranger under the key's name": (status_list(signer=STOLEN), "status.proof"),
    "bit cleared after signing": ({**REVOKED, "credentialSubject": CLEAR["credentialSubject"]}, "status.proof"),
    "a bomb": (bits(BOMB), "status.bomb"),
    "too short": (bits(SHORT), "status.short"),
    "no gzip": (bits("uAAAA"), "status.encoding"),
    "a file too large": (json.dumps(CLEAR).encode() + b" " * (1 << 20), "status.size"),
    "no JSON": (b"{", "status.unreadable"),
    "a member twice": (json.dumps(CLEAR).replace('"id"', '"id": "x", "id"', 1).encode(), "status.unreadable"),
    "a member more": ({**CLEAR, "ttl": 1}, "status.unreadable"),
    "no proof": ({name: value for name, value in CLEAR.items() if name != "proof"}, "status.unreadable"),
    "a proof set": ({**CLEAR, "proof": [CLEAR["proof"]]}, "status.unreadable"),
    "no end": ({name: value for name, value in CLEAR.items() if name != "validUntil"}, "status.unreadable"),
    "another context": ({**CLEAR, "@context": [*CLEAR["@context"], "https://evil.example"]}, "status.unreadable"),
    "an attestation in its place": (attestation(), "status.unreadable"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_code(tmp_path, name):
    held, code = FAULTS[name]
    assert answer(tmp_path, held, HELD).failing == [code]


def test_every_code_is_told_apart():
    codes = {code for _, code in FAULTS.values()}
    assert len(codes) == 13


def test_an_index_beyond_the_list(tmp_path):
    document = attestation(status=status_entries(bitstring.MIN_BITS))
    assert answer(tmp_path, CLEAR, HELD, document=document).failing == ["status.index"] * 2


def test_two_files_for_one_list(tmp_path):
    assert answer(tmp_path, REVOKED, CLEAR, HELD).failing == ["status.ambiguous"]


def test_the_attesters_key_with_both_roles(tmp_path):
    """A thief of it could take back his own revocation."""
    both = trust_of(trusted(ATTESTER, "attester", "status"))
    signer = make_signer(ATTESTER)
    held = [status_list(signer=signer), status_list("suspension", signer=signer)]
    assert answer(tmp_path, *held, trust_list=both).failing == ["status.same-key"] * 2


def test_a_status_key_signs_no_attestation():
    assert "key.valid" in ask(attestation(make_signer(STATUS)), status=None).failing


@pytest.mark.parametrize("changes", [{"revokedAt": NOW}, {"notAfter": NOW}, {"notBefore": "2026-03-01T00:00:01Z"}])
def test_the_status_key_is_judged_at_now(tmp_path, changes):
    spoiled = trust_of(trusted(ATTESTER, "attester"), trusted(STATUS, "status", **changes))
    assert answer(tmp_path, CLEAR, HELD, trust_list=spoiled).failing == ["status.key"] * 2


def test_a_revoked_attester_key_leaves_the_lists_standing(tmp_path):
    gone = trust_of(trusted(ATTESTER, "attester", revokedAt=NOW), trusted(STATUS, "status"))
    assert answer(tmp_path, CLEAR, HELD, trust_list=gone).failing == ["key.valid"]


def test_another_issuers_list_is_another_issuers(tmp_path):
    """Trusted in its own right, and still no say here."""
    everyone = trust_of(others=(trusted(STRANGER, "status", issuer=OTHER),))
    theirs = status_list(signer=make_signer(STRANGER, OTHER))
    assert answer(tmp_path, theirs, HELD, trust_list=everyone).failing == ["status.issuer"]


def test_links_and_pipes_are_not_followed(tmp_path):
    folder = write_lists(tmp_path / "status", HELD)
    (tmp_path / "list.json").write_text(json.dumps(CLEAR))
    (folder / "link.json").symlink_to(tmp_path / "list.json")
    assert ask(attestation(), status=folder).failing == ["status.unreadable"]
    (folder / "link.json").unlink()
    os.mkfifo(folder / "pipe.json")
    assert ask(attestation(), status=folder).failing == ["status.unreadable"]
    (folder / "pipe.json").unlink()
    (folder / "folder.json").mkdir()
    assert ask(attestation(), status=folder).failing == ["status.unreadable"]


def test_strangers_files_do_no_harm(tmp_path):
    """Other lists, broken files and hidden drafts beside the right list."""
    folder = write_lists(tmp_path / "status", CLEAR, HELD, b"{", status_list(url="https://elsewhere.example/list"))
    (folder / ".0.json.abc").write_bytes(b"half")
    (folder / "readme.txt").write_bytes(b"text")
    assert ask(attestation(), status=folder).failing == []


def test_a_folder_of_a_thousand_files(tmp_path):
    folder = write_lists(tmp_path / "status", *[b"{}"] * 1000)
    assert ask(attestation(), status=folder).failing == ["status.unreadable"] * 2


@pytest.mark.parametrize("days", [0, 8, -1])
def test_no_list_is_signed_for_longer_than_a_week(days):
    with pytest.raises(AttestationError) as error:
        status_list(days=days)
    assert error.value.error_code == "status.lifetime"


@pytest.mark.parametrize("change", [{"url": "nowhere"}, {"purpose": "refresh"}, {"now": "today"}])
def test_no_list_is_signed_that_would_be_refused(change):
    with pytest.raises(AttestationError):
        status_list(**{"url": "https://a.example/x", **change})


def test_the_list_is_an_ordinary_credential():
    assert CLEAR["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert CLEAR["proof"]["@context"] == CLEAR["@context"]
    proof.verify(CLEAR, make_signer(STATUS).public_key)
    assert lists.parse_list(json.dumps(CLEAR).encode()) == CLEAR
    assert resigned(CLEAR, make_signer(STATUS))["proof"]["created"] == CREATED
