"""Which index is whose: never two owners, never half a file, never back from revocation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.attested import ATTESTER, NOW, STATUS, ask, attestation, make_signer, resigned, trust_of
from support.refusals import refused

from mrv.attest import bitstring, credential, durable, publish, register
from mrv.attest.status_list import PURPOSES
from mrv.errors import AttestationError

ISSUER = "did:web:verifier.example"
URL = "https://status.verifier.example/v1"


@pytest.fixture
def book(tmp_path):
    return register.new_register(tmp_path / "register", issuer=ISSUER, url=URL)


def issue(book, **parts):
    """An attestation with an index of its own, and its digest."""
    document = attestation(status=book.entries(book.allocate(now=NOW)), **parts)
    book.issued(document, now=NOW)
    return document, credential.attestation_digest(document)


def asked(book, document, tmp_path, now=NOW):
    out = tmp_path / "published"
    publish.publish(book, make_signer(STATUS), out, now=now)
    return ask(document, status=out, now=now).failing


def test_a_life(book, tmp_path):
    """Issued, suspended, reinstated, suspended, revoked: as anyone sees it after each."""
    document, digest = issue(book)
    assert asked(book, document, tmp_path) == []
    book.change(digest, "suspended", reason="a complaint", now=NOW)
    assert asked(book, document, tmp_path) == ["status.suspension"]
    book.change(digest, "reinstated", reason="unfounded", now=NOW)
    assert asked(book, document, tmp_path) == []
    book.change(digest, "suspended", reason="another", now=NOW)
    index = book.change(digest, "revoked", reason="founded", now=NOW)
    assert asked(book, document, tmp_path) == ["status.revocation"]
    assert [event.event for event in book.history(index)] == [
        "allocated", "issued", "suspended", "reinstated", "suspended", "revoked",
    ]  # fmt: skip
    assert book.history(index)[-1].reason == "founded"


def test_its_neighbours_stand(book, tmp_path):
    _, digest = issue(book)
    others = [issue(book)[0] for _ in range(5)]
    book.change(digest, "revoked", reason="wrong", now=NOW)
    publish.publish(book, make_signer(STATUS), tmp_path / "out", now=NOW)
    assert [ask(other, status=tmp_path / "out").failing for other in others] == [[]] * 5
    raw = bitstring.unpack(json.loads((tmp_path / "out/revocation.json").read_text())["credentialSubject"]["encodedList"])
    assert sum(byte.bit_count() for byte in raw) == 1


@pytest.mark.parametrize(
    ("before", "what"),
    [
        ([], "reinstated"),
        (["suspended"], "suspended"),
        (["revoked"], "suspended"),
        (["revoked"], "reinstated"),
        (["revoked"], "revoked"),
        (["suspended", "revoked"], "reinstated"),
        (["suspended", "reinstated"], "reinstated"),
    ],
)
def test_what_may_not_follow(book, before, what):
    _, digest = issue(book)
    for step in before:
        book.change(digest, step, reason="so", now=NOW)
    assert refused(book.change, digest, what, reason="so", now=NOW) == "register.transition"
    assert len(book.history(book.index_of(digest))) == 2 + len(before)


def test_superseding(book, tmp_path):
    document, digest = issue(book)
    heir, heirs = issue(book, binding={"supersedes": [digest], "assets": [], "serials": []})
    stranger, _ = issue(book)
    assert refused(book.supersede, digest, stranger, now=NOW) == "register.successor"
    foreign = resigned(heir, make_signer(ATTESTER), issuer="did:web:other.example")
    assert refused(book.supersede, digest, foreign, now=NOW) == "register.successor"
    index = book.supersede(digest, heir, now=NOW)
    assert book.history(index)[-1].successor == heirs
    assert heirs in book.history(index)[-1].reason
    assert asked(book, document, tmp_path) == ["status.revocation"]


def test_indices_are_unpredictable(book):
    """Neither in order nor in the low thousands: 40 draws below 1,000 have probability 10^-84."""
    drawn = [book.allocate(now=NOW) for _ in range(40)]
    assert len(set(drawn)) == 40
    assert drawn != sorted(drawn)
    assert max(drawn) > 1000
    assert set(book.states()) == set(drawn)


def test_two_draws_of_one_index(book, monkeypatch):
    draws = iter([7, 7, 7, 8])
    monkeypatch.setattr(register.secrets, "randbelow", lambda _: next(draws))
    assert [book.allocate(now=NOW), book.allocate(now=NOW)] == [7, 8]


def test_a_full_register_says_so(book, monkeypatch):
    monkeypatch.setattr(register.secrets, "randbelow", lambda _: 7)
    book.allocate(now=NOW)
    assert refused(book.allocate, now=NOW) == "register.full"


CHILD = """
import sys
from pathlib import Path
from mrv.attest import register
draws = iter(range(200))
register.secrets.randbelow = lambda bits: next(draws)
book = register.open_register(Path(sys.argv[1]))
print(*[book.allocate(now="2026-03-01T00:00:00Z") for _ in range(20)])
"""


def test_four_processes_hand_out_no_index_twice(book):
    """Each draws 0, 1, 2, …, so that each meets all the others at every index."""
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, book.folder], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    drawn = [int(word) for child in children for word in child.communicate(timeout=60)[0].split()]
    assert sorted(drawn) == list(range(80))
    assert set(book.states().values()) == {"allocated"}


def test_two_threads_suspend_once(book):
    _, digest = issue(book)

    def suspend(_):
        try:
            return book.change(digest, "suspended", reason="so", now=NOW) >= 0
        except AttestationError as error:
            return error.error_code

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(suspend, range(8)))
    assert sorted(map(str, told)) == ["True"] + ["register.transition"] * 7


def test_a_change_while_publishing_is_published(book, tmp_path, monkeypatch):
    """Revoked by another process after the register was read and before the lists were written."""
    document, digest = issue(book)
    write, late = durable.replace, [digest]

    def slow(path, data):
        if late:
            book.change(late.pop(), "revoked", reason="meanwhile", now=NOW)
        write(path, data)

    monkeypatch.setattr(durable, "replace", slow)
    assert asked(book, document, tmp_path) == ["status.revocation"]


@pytest.mark.parametrize("where", ["fsync", "link"])
def test_a_crash_leaves_no_half_event(book, monkeypatch, where):
    """Power lost before the file is synced, or before it has its name: no event, and the next draw goes on."""

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, where, crash)
        with pytest.raises(KeyboardInterrupt):
            book.allocate(now=NOW)
    assert book.states() == {}
    assert book.allocate(now=NOW) in book.states()


FOREVER = """
import sys
from pathlib import Path
from mrv.attest import register
book = register.open_register(Path(sys.argv[1]))
while True:
    book.allocate(now="2026-03-01T00:00:00Z")
    print("one", flush=True)
"""


def test_a_process_that_is_killed_leaves_a_sound_register(book):
    """Killed while it writes, three times; every event that has a name is whole, and nothing handed out is lost."""
    handed = 0
    for lines in (1, 7, 20):
        with subprocess.Popen([sys.executable, "-c", FOREVER, book.folder], stdout=subprocess.PIPE, text=True) as child:
            told = [child.stdout.readline() for _ in range(lines)]
            child.kill()
            handed += len(told) + len(child.stdout.readlines())
        assert set(book.states().values()) == {"allocated"}
        assert handed <= len(book.states()) <= handed + 3


def test_a_crash_between_signing_and_recording(book, tmp_path):
    """The index is handed out, the document is in the world, the register does not know whose it is."""
    document = attestation(status=book.entries(book.allocate(now=NOW)))
    digest = credential.attestation_digest(document)
    assert asked(book, document, tmp_path) == []
    assert refused(book.change, digest, "revoked", reason="so", now=NOW) == "register.unknown"
    book.issued(document, now=NOW)
    book.change(digest, "revoked", reason="so", now=NOW)
    assert asked(book, document, tmp_path) == ["status.revocation"]


def test_whose_index(book):
    document, _ = issue(book)
    index = book.issued(document, now=NOW)
    assert len(book.history(index)) == 2
    thief = attestation(status=book.entries(index), valid_from="2026-02-02T00:00:00Z")
    assert refused(book.issued, thief, now=NOW) == "register.taken"
    assert refused(book.issued, attestation(status=book.entries((index + 1) % 1000)), now=NOW) == "register.unknown"
    assert refused(book.issued, attestation(status=[]), now=NOW) == "register.foreign"
    half = attestation(status=book.entries(index)[:1])
    assert refused(book.issued, half, now=NOW) == "register.foreign"
    foreign = attestation(make_signer(ATTESTER, "did:web:other.example"), status=book.entries(index))
    assert refused(book.issued, foreign, now=NOW) == "register.foreign"


def _events(book):
    return sorted((book.folder / "entries").iterdir())


@pytest.mark.parametrize("data", [b"", b"{}", b'{"event": "issued"}', b"\xff", b"[" * 99])
def test_a_spoiled_event_stops_publication(book, tmp_path, data):
    issue(book)
    _events(book)[1].write_bytes(data)
    out = tmp_path / "out"
    assert refused(publish.publish, book, make_signer(STATUS), out, now=NOW) == "register.corrupt"
    assert list(out.iterdir()) == []


def test_a_lost_event_stops_publication(book):
    """A revocation must not fall off the register because the file before it is gone."""
    _, digest = issue(book)
    book.change(digest, "revoked", reason="so", now=NOW)
    _events(book)[1].unlink()
    assert refused(book.states) == "register.corrupt"
    _events(book)[0].unlink()
    assert refused(book.states) == "register.corrupt"


def test_a_swapped_event_stops_publication(book):
    _, digest = issue(book)
    book.change(digest, "suspended", reason="so", now=NOW)
    first, second = _events(book)[1:3]
    first.write_bytes(second.read_bytes())
    assert refused(book.states) == "register.corrupt"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": "did:key:z6MkonX"}, "register.issuer"),
        ({"issuer": "nobody"}, "schema.value"),
        ({"url": "http://status.verifier.example"}, "schema.value"),
        ({"url": "https://status.verifier.example/a/../b"}, "schema.value"),
        ({"url": "https://status.verifier.example/v1?x=1"}, "schema.value"),
        ({"url": "https://user@status.verifier.example/v1"}, "schema.value"),
        ({"bits": 1024}, "status.short"),
        ({"bits": 1 << 24}, "status.size"),
    ],
)
def test_no_register_that_would_not_work(tmp_path, change, code):
    assert refused(register.new_register, tmp_path / "r", **{"issuer": ISSUER, "url": URL, **change}) == code
    assert not (tmp_path / "r").exists()


def test_a_register_is_started_once(book):
    assert refused(register.new_register, book.folder, issuer=ISSUER, url=URL) == "register.exists"
    assert register.open_register(book.folder) == book


@pytest.mark.parametrize(
    ("data", "code"), [(None, "register.unreadable"), (b"", "json.syntax"), (b"{}", "schema.missing"), (b"\xff", "json.utf8")]
)
def test_what_is_no_register(tmp_path, data, code):
    (tmp_path / "entries").mkdir()
    if data is not None:
        (tmp_path / "register.json").write_bytes(data)
    assert refused(register.open_register, tmp_path) == code


def test_a_register_without_its_entries(book):
    (book.folder / "entries").rmdir()
    assert refused(register.open_register, book.folder) == "register.unreadable"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert refused(register.new_register, tmp_path / "file" / "r", issuer=ISSUER, url=URL) == "file.unwritable"


def test_a_signer_under_the_registers_name(book):
    own = make_signer(STATUS, None)
    named = book.signer(own)
    assert (named.issuer, named.verification_method) == (ISSUER, make_signer(STATUS).verification_method)
    assert book.signer(named) == named
    assert refused(book.signer, make_signer(STATUS, "did:web:other.example")) == "register.issuer"


@pytest.mark.parametrize("days", [0, 8])
def test_days(book, tmp_path, days):
    assert refused(publish.publish, book, make_signer(STATUS), tmp_path, now=NOW, days=days) == "status.lifetime"


def test_both_lists_are_what_the_attestation_names(book, tmp_path):
    document, _ = issue(book)
    assert [entry["statusPurpose"] for entry in document["credentialStatus"]] == list(PURPOSES)
    for path, entry in zip(
        publish.publish(book, make_signer(STATUS), tmp_path, now=NOW), document["credentialStatus"], strict=True
    ):
        found = json.loads(Path(path).read_text())
        assert found["id"] == entry["statusListCredential"]
        assert found["credentialSubject"]["statusPurpose"] == entry["statusPurpose"]
    assert ask(document, status=tmp_path, trust_list=trust_of()).failing == []
