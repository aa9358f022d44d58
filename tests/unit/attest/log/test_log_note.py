"""Notes, keys, checkpoints and sidecars: the specifications' own examples, and what is refused."""

from __future__ import annotations

import base64

import pytest
from support import logs
from support.refusals import refused

from mrv.attest.log.checkpoint import Checkpoint, parse_checkpoint
from mrv.attest.log.exchange import Request, parse_request, read_answer
from mrv.attest.log.merkle import EMPTY_ROOT
from mrv.attest.log.note import Note, parse_note
from mrv.attest.log.sidecar import Sidecar, parse_sidecar
from mrv.attest.log.signatures import cosign, parse_vkey, sign, signed_by, verifier_key

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPECIFIED = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
LOG = verifier_key(logs.ORIGIN, "log", logs.LOG_KEY.public_key)


def test_the_example_of_signed_note():
    key = parse_vkey(VKEY)
    assert (str(key), key.name, key.kind) == (VKEY, "example.com/foo", "log")
    note = parse_note(SPECIFIED.encode())
    assert note.encode() == SPECIFIED.encode()
    assert signed_by(note, [key]) == {key: 0}


def test_the_example_of_tlog_cosignature():
    signed = parse_checkpoint(COSIGNED.encode())
    assert signed.checkpoint.text == signed.note.text
    assert (signed.checkpoint.origin, signed.checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    blob = signed.note.signatures[1].blob
    assert len(blob) == 72
    assert int.from_bytes(blob[:8], "big") == 1679315147, "the time the specification gives"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "note.format"),
        (b"text\n", "note.format"),
        (SPECIFIED.encode() + b"x", "note.format"),
        (SPECIFIED.encode() + b"\n", "note.format"),
        (SPECIFIED.encode()[:-1], "note.format"),
        (SPECIFIED.encode() + b"trailing data\n", "note.format"),
        (SPECIFIED.encode() + SPECIFIED.encode()[:5], "note.format"),
        (SPECIFIED.replace("\n\n", "\n").encode(), "note.format"),
        (SPECIFIED.replace("\n", "\r\n").encode(), "note.format"),
        (SPECIFIED.replace("This", "Th\tis").encode(), "note.format"),
        (SPECIFIED.replace("This", "Th\x00is").encode(), "note.format"),
        (SPECIFIED.replace("— ", "- ").encode(), "note.format"),
        (SPECIFIED.replace("— ", "—  ").encode(), "note.format"),
        (SPECIFIED.encode().replace(b"message", b"\xff"), "note.utf8"),
        (SPECIFIED.replace("aQM=", "aQM").encode(), "note.base64"),
        (SPECIFIED.replace("aQM=", "aQN=").encode(), "note.base64"),
        (SPECIFIED.replace("Uw2Q", "Uw2_").encode(), "note.base64"),
        (SPECIFIED.replace("Uw2Q", "Uw 2Q").encode(), "note.format"),
        ("text\n\n— a AAAA\n".encode(), "note.format"),
        ("text\n\n— a+b AAAAAAAA\n".encode(), "note.name"),
        ("text\n\n— a\u2003b AAAAAAAA\n".encode(), "note.name"),
        ("text\n\n—  AAAAAAAA\n".encode(), "note.name"),
        (SPECIFIED.encode() + "— a AAAAAAAA\n".encode() * 64, "note.size"),
        (b"x" * (1 << 18) + SPECIFIED.encode(), "note.size"),
    ],
)
def test_notes_that_are_refused(data, code):
    assert refused(parse_note, data) == code


def test_sixteen_large_signatures_are_read():
    """The specification's minimum, of post-quantum size; unknown ones are passed over."""
    large = base64.b64encode(b"\1\2\3\4" + bytes(2428)).decode()
    text = SPECIFIED + "".join(f"— pq.example/{number} {large}\n" for number in range(16))
    assert list(signed_by(parse_note(text.encode()), [parse_vkey(VKEY)])) == [parse_vkey(VKEY)]


@pytest.mark.parametrize(
    ("vkey", "code"),
    [
        ("", "vkey.format"),
        ("example.com/foo", "vkey.format"),
        (VKEY.replace("/foo", "/ foo"), "vkey.format"),
        (VKEY[:-1], "vkey.format"),
        (VKEY.replace("530d903a", "530d903b"), "vkey.id"),
        (VKEY.replace("530d903a", "530D903A"), "vkey.id"),
        (VKEY.replace("/foo", "/bar"), "vkey.id"),
        ("a+00000000+" + base64.b64encode(b"\x06" + bytes(1312)).decode(), "vkey.type"),
        ("a+00000000+" + base64.b64encode(b"\x01" + bytes(32)).decode(), "key.weak"),
        ("a+00000000+" + base64.b64encode(b"\x01" + bytes(31)).decode(), "key.weak"),
        ("a+00000000+" + base64.b64encode(b"\x04\x01" + bytes(31)).decode(), "key.weak"),
    ],
)
def test_verifier_keys_that_are_refused(vkey, code):
    assert refused(parse_vkey, vkey) == code


def test_kinds_of_one_key_are_told_apart():
    """The same public key under the same name signs as a log or as a witness, and one never stands for the other."""
    witness = verifier_key(logs.ORIGIN, "witness", logs.LOG_KEY.public_key)
    assert witness.key_id != LOG.key_id
    note = Note("text\n", (sign("text\n", logs.ORIGIN, logs.LOG_KEY),))
    assert signed_by(note, [LOG, witness]) == {LOG: 0}
    both = note.with_signatures((cosign("text\n", logs.ORIGIN, logs.LOG_KEY, logs.NOON),))
    assert signed_by(both, [LOG, witness]) == {LOG: 0, witness: logs.NOON}
    assert parse_note(both.encode()) == both


def test_a_witness_that_signed_twice_counts_once_at_its_first_time():
    key = verifier_key("w", "witness", logs.signer(7).public_key)
    lines = tuple(cosign("text\n", "w", logs.signer(7), logs.NOON + more) for more in (5, 0, 9))
    assert signed_by(Note("text\n", lines), [key]) == {key: logs.NOON}


@pytest.mark.parametrize("seconds", [0, 1 << 63])
def test_cosignatures_without_a_time_are_refused(seconds):
    key = verifier_key("w", "witness", logs.signer(7).public_key)
    assert refused(signed_by, Note("text\n", (cosign("text\n", "w", logs.signer(7), seconds),)), [key]) == "note.signature"


def checkpoint_text(*lines):
    return ("".join(f"{line}\n" for line in lines) + "\n— a AAAAAAAA\n").encode()


ROOT = base64.b64encode(bytes(32)).decode()


def test_checkpoints():
    signed = parse_checkpoint(checkpoint_text("o", 5, ROOT, "more"))
    assert signed.checkpoint == Checkpoint("o", 5, bytes(32), ("more",))
    empty = parse_checkpoint(checkpoint_text("o", 0, base64.b64encode(EMPTY_ROOT).decode()))
    assert empty.checkpoint.size == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("o", 5),
        ("", 5, ROOT),
        ("o", 5, ROOT, "", "x"),
        ("o", "05", ROOT),
        ("o", "+5", ROOT),
        ("o", "-5", ROOT),
        ("o", "5.0", ROOT),
        ("o", "٥", ROOT),
        ("o", " 5", ROOT),
        ("o", 1 << 63, ROOT),
        ("o", "9" * 5000, ROOT),
        ("o", 5, ROOT[:-1]),
        ("o", 5, base64.b64encode(bytes(31)).decode()),
        ("o", 5, base64.b64encode(bytes(33)).decode()),
        ("o", 0, ROOT),
    ],
)
def test_checkpoints_that_are_refused(lines):
    assert refused(parse_checkpoint, checkpoint_text(*lines)) == "checkpoint.format"


def proof_text(*head, rest=None):
    return "\n".join(head).encode() + b"\n\n" + (checkpoint_text("o", 5, ROOT) if rest is None else rest)


FIRST = "c2sp.org/tlog-proof@v1"


def test_sidecars():
    data = proof_text(FIRST, "index 4", ROOT)
    sidecar = parse_sidecar(data)
    assert (sidecar.index, sidecar.path) == (4, (bytes(32),))
    assert sidecar.encode() == data
    assert parse_sidecar(proof_text(FIRST, "extra YWJj", "index 4", ROOT)) == sidecar
    alone = Sidecar(0, (), parse_checkpoint(checkpoint_text("o", 1, ROOT)))
    assert parse_sidecar(alone.encode()) == alone


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "proof.format"),
        (proof_text("c2sp.org/tlog-proof@v2", "index 4"), "proof.format"),
        (proof_text(FIRST), "proof.format"),
        (proof_text(FIRST, "index"), "proof.format"),
        (proof_text(FIRST, "index 04"), "proof.format"),
        (proof_text(FIRST, "index -1"), "proof.format"),
        (proof_text(FIRST, "index 9223372036854775808"), "proof.format"),
        (proof_text(FIRST, "Index 4"), "proof.format"),
        (proof_text(FIRST, "extra !!", "index 4"), "proof.format"),
        (proof_text(FIRST, "index 4", "extra YWJj"), "proof.format"),
        (proof_text(FIRST, "index 4", ROOT[:-4]), "proof.format"),
        (proof_text(FIRST, "index 4", ROOT + " "), "proof.format"),
        (proof_text(FIRST, "index 4", *[ROOT] * 64), "proof.format"),
        (proof_text(FIRST, "index 4", rest=b""), "note.format"),
        (proof_text(FIRST, "index 4", rest=checkpoint_text("o", 5)), "checkpoint.format"),
        (proof_text(FIRST, "index 4", rest=checkpoint_text("o", 5, ROOT) + b"x"), "note.format"),
        (proof_text(FIRST, "index 4").replace(b"index", b"ind\xffex"), "proof.format"),
        (b"x" * (1 << 20), "proof.format"),
    ],
)
def test_sidecars_that_are_refused(data, code):
    assert refused(parse_sidecar, data) == code


def test_the_request_of_tlog_witness():
    """The specification's example, whose checkpoint has two signatures of one name."""
    steps = (
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
    )
    text = "old 20852014\n" + "".join(f"{step}\n" for step in steps) + "\n" + COSIGNED
    request = parse_request(text.encode())
    assert (request.old, len(request.proof), request.signed.checkpoint.size) == (20852014, 4, 20852163)
    assert request.encode() == text.encode()
    first = Request(0, (), request.signed)
    assert parse_request(first.encode()) == first


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "request.format"),
        (b"old 5\n" + COSIGNED.encode(), "request.format"),
        (b"new 5\n\n" + COSIGNED.encode(), "request.format"),
        (b"old 05\n\n" + COSIGNED.encode(), "request.format"),
        (b"old -5\n\n" + COSIGNED.encode(), "request.format"),
        (b"old 5\nx\n\n" + COSIGNED.encode(), "request.format"),
        (b"old 5\n" + b"AAAA\n\n" + COSIGNED.encode(), "request.format"),
        (b"old 5\n" + f"{ROOT}\n".encode() * 64 + b"\n" + COSIGNED.encode(), "request.format"),
        ("old ٥\n\n".encode() + COSIGNED.encode(), "request.format"),
        (b"old 5\n\n", "note.format"),
        (b"old 5\n\n" + COSIGNED.encode() + b"x", "note.format"),
        (b"x" * (1 << 20), "request.format"),
    ],
)
def test_requests_that_are_refused(data, code):
    assert refused(parse_request, data) == code


def test_answers_of_witnesses():
    """A whole note, or the signature lines alone; nothing in between."""
    note = parse_note(COSIGNED.encode())
    served = Note(note.text, note.signatures[:1])
    line = note.signatures[1].line
    assert read_answer(line.encode(), served) == note
    assert read_answer(COSIGNED.encode(), served) == note
    assert refused(read_answer, line.encode() + b"x", served) == "note.format"
    assert refused(read_answer, b"", served) == "note.format"
