"""RFC 3161 tokens of an authority made here with openssl: what holds, and what a forger tries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mrv.attest import proof, timestamp, trust
from mrv.errors import AttestationError

FUTURE = "2199-01-01T00:00:00Z"
CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {home}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512, sha1
accuracy = {accuracy}
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def needed():
    pytest.importorskip("rfc3161_client", reason="the extra `time` is not installed")
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on PATH")


def certificate(name, key, issuer, issuer_key, *, usage=ExtendedKeyUsageOID.TIME_STAMPING, ca=False, critical=True):
    day = datetime.now(UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer.subject if issuer else named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(above, critical=False)
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=critical)
    return builder.sign(issuer_key or key, hashes.SHA256())


class Authority:
    """A root, and an authority under it that answers with openssl."""

    def __init__(self, home, *, accuracy="secs:1", **options):
        self.home = home
        home.mkdir()
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = certificate("Root", root_key, None, None, ca=True)
        own = certificate("Authority", key, root, root_key, **options)
        self.roots = root.public_bytes(Encoding.PEM)
        (home / "own.pem").write_bytes(own.public_bytes(Encoding.PEM))
        (home / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (home / "serial").write_text("01\n")
        (home / "config").write_text(CONFIG.format(home=home, accuracy=accuracy))

    def stamp(self, query):
        (self.home / "query").write_bytes(query)
        words = ["-config", "config", "-queryfile", "query", "-signer", "own.pem", "-inkey", "key.pem", "-out", "reply"]
        subprocess.run(["openssl", "ts", "-reply", *words], cwd=self.home, capture_output=True, check=True)
        return (self.home / "reply").read_bytes()


@pytest.fixture(scope="module")
def authority(needed, tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "honest")


@pytest.fixture
def reply(authority, signed):
    return authority.stamp(timestamp.request(signed))


def judge(document, reply, roots, now=FUTURE):
    checks, times = timestamp.check_timestamp(json.dumps(document).encode(), reply, roots=roots, now=now)
    (check,) = checks
    assert check.code == "timestamp.valid"
    assert (check.status == "holds") == (len(times) == 1)
    return check.status, times


def test_holds(authority, signed, reply):
    status, (time,) = judge(signed, reply, authority.roots)
    assert status == "holds"
    asked = datetime.fromisoformat(time.instant)
    assert timedelta(0) <= asked - datetime.now(UTC) + timedelta(seconds=60) < timedelta(seconds=65)
    assert "CN=Root" in time.source


def test_outlives_the_key(ask, authority, signed, reply, trust_list):
    raw = trust_list.model_dump(mode="json")
    raw["issuers"][0]["keys"][0] |= {"revokedAt": "2150-01-01T00:00:00Z", "notAfter": None}
    revoked = trust.TrustList.of(raw)
    _, times = judge(signed, reply, authority.roots)
    assert ask(signed, trust=revoked, now=FUTURE).failing == ["key.valid"]
    assert ask(signed, trust=revoked, now=FUTURE, times=times).failing == []


def test_the_accuracy_is_counted_against_the_signer(needed, tmp_path, signed):
    loose = Authority(tmp_path / "loose", accuracy="secs:3600, millisecs:1")
    _, (time,) = judge(signed, loose.stamp(timestamp.request(signed)), loose.roots)
    late = datetime.fromisoformat(time.instant) - datetime.now(UTC)
    assert timedelta(seconds=3500) < late <= timedelta(seconds=3602)


def test_another_signature_of_the_same_document(authority, unsigned, signed, signer, reply):
    assert judge(proof.sign(unsigned, signer, "2026-02-02T00:00:00Z"), reply, authority.roots)[0] == "fails"


def test_another_authority(needed, tmp_path, authority, signed, reply):
    other = Authority(tmp_path / "other")
    assert judge(signed, reply, other.roots)[0] == "fails"
    assert judge(signed, reply, other.roots + authority.roots)[0] == "holds"


@pytest.mark.parametrize("options", [{"usage": ExtendedKeyUsageOID.CODE_SIGNING}, {"critical": False}])
def test_a_certificate_that_may_not_stamp(needed, tmp_path, signed, options):
    """openssl itself refuses to answer with such a certificate, or the check refuses its answer."""
    wrong = Authority(tmp_path / "wrong", **options)
    try:
        reply = wrong.stamp(timestamp.request(signed))
    except subprocess.CalledProcessError:
        return
    assert judge(signed, reply, wrong.roots)[0] == "fails"


def test_after_now(authority, signed, reply):
    assert judge(signed, reply, authority.roots, now="2026-01-01T00:00:00Z")[0] == "fails"


def test_a_refusal_of_the_authority(authority, signed):
    (authority.home / "short").write_bytes(b"no query")
    words = ["-config", "config", "-queryfile", "short", "-signer", "own.pem", "-inkey", "key.pem", "-out", "refused"]
    subprocess.run(["openssl", "ts", "-reply", *words], cwd=authority.home, capture_output=True, check=False)
    assert judge(signed, (authority.home / "refused").read_bytes(), authority.roots)[0] == "fails"


def test_truncated_and_spoiled_tokens(authority, signed, reply):
    """Never an exception, and a change of what is signed never holds."""
    honest = judge(signed, reply, authority.roots)
    for place in range(0, len(reply), 5):
        assert judge(signed, reply[:place], authority.roots)[0] == "fails"
        spoiled = reply[:place] + bytes([reply[place] ^ 1]) + reply[place + 1 :]
        found = judge(signed, spoiled, authority.roots)
        assert found[0] == "fails" or found[1][0].instant == honest[1][0].instant
    for junk in (b"", b"\0", b"0" * 70_000, reply + b"x"):
        assert judge(signed, junk, authority.roots)[0] == "fails"


def test_callers_faults(authority, signed, reply):
    data = json.dumps(signed).encode()
    for roots, now, code in ((b"", FUTURE, "timestamp.roots"), (authority.roots, "today", "time.invalid")):
        with pytest.raises(AttestationError) as caught:
            timestamp.check_timestamp(data, reply, roots=roots, now=now)
        assert caught.value.error_code == code
    assert timestamp.check_timestamp(b"{}", reply, roots=authority.roots, now=FUTURE) == ([], [])


def test_without_the_extra(monkeypatch, signed):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(AttestationError) as caught:
        timestamp.request(signed)
    assert caught.value.error_code == "timestamp.install"
    assert "mrv[time]" in caught.value.hint
