"""Signers by URI, and public keys nobody should trust."""

from __future__ import annotations

import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from mrv.attest import keys
from mrv.errors import AttestationError

P = 2**255 - 19


def code_of(call, *args):
    with pytest.raises(AttestationError) as error:
        call(*args)
    return error.value.error_code


def encode(y, sign=0):
    return (y | sign << 255).to_bytes(32, "little")


# The eight points of small order and their non-canonical spellings (Wycheproof, libsodium's list).
Y8 = [
    int.from_bytes(bytes.fromhex(text), "little")
    for text in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
]
WEAK = [encode(y, sign) for y in (0, 1, P - 1, *Y8, P, P + 1) for sign in (0, 1)]


@pytest.mark.parametrize("key", WEAK, ids=bytes.hex)
def test_small_order_keys_are_refused(key):
    assert code_of(keys.check_public_key, key) == "key.weak"
    assert code_of(keys.decode_multikey, keys.encode_multikey(key)) == "key.weak"


def test_why_small_order_keys_are_refused():
    """The library we sign with accepts one signature for every message under the neutral element."""
    neutral = encode(1)
    signature = neutral + bytes(32)
    Ed25519PublicKey.from_public_bytes(neutral).verify(signature, b"any message")
    assert code_of(keys.check_public_key, neutral) == "key.weak"


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), encode(2), encode(2**255 - 1), encode(P + 3)])
def test_not_a_point(key):
    assert code_of(keys.check_public_key, key) == "key.weak"


@given(st.binary(min_size=32, max_size=32))
def test_honest_keys_are_accepted(seed):
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    keys.check_public_key(public)
    assert keys.decode_multikey(keys.encode_multikey(public)) == public


@given(st.binary(max_size=90))
def test_base58_round_trip(data):
    assert keys.decode_base58(keys.encode_base58(data)) == data


@given(st.text(alphabet="0OIlz123456789ABCé", max_size=40))
def test_base58_has_one_spelling(text):
    try:
        data = keys.decode_base58(text)
    except AttestationError:
        return
    assert keys.encode_base58(data) == text


@pytest.mark.parametrize("text", ["", "m123", "z0", "zO", "zé", "z" + "1" * 200, "z6Mk", "u6Mk"])
def test_bad_multikeys(text):
    assert code_of(keys.decode_multikey, text) in {"key.format", "key.weak"}


def test_new_key_is_private_and_never_overwritten(tmp_path):
    path = tmp_path / "key.pem"
    signer = keys.new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = keys.load_signer(f"file:{path}")
    assert again == signer
    assert again.sign(b"x") == signer.sign(b"x")
    before = path.read_bytes()
    assert code_of(keys.new_key, path) == "key.exists"
    assert path.read_bytes() == before
    assert code_of(keys.new_key, tmp_path / "no" / "key.pem") == "key.unwritable"


def test_new_key_does_not_follow_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert code_of(keys.new_key, tmp_path / "link") == "key.exists"
    assert not (tmp_path / "target").exists()


def test_names_are_did_key(signer):
    multikey = keys.encode_multikey(signer.public_key)
    assert multikey.startswith("z6Mk")
    assert signer.issuer == f"did:key:{multikey}"
    assert signer.verification_method == f"did:key:{multikey}#{multikey}"
    assert "_sign" not in repr(signer)
    with pytest.raises(AttributeError):
        signer.issuer = "did:key:z6MkOther"


def test_file_uri_with_three_slashes(tmp_path):
    path = tmp_path / "a key.pem"
    signer = keys.new_key(path)
    assert keys.load_signer(path.as_uri()) == signer


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_keys_others_can_read_are_refused(tmp_path, mode):
    path = tmp_path / "key.pem"
    keys.new_key(path)
    path.chmod(mode)
    with pytest.raises(AttestationError) as error:
        keys.load_signer(f"file:{path}")
    assert error.value.error_code == "key.permissions"
    assert "chmod 600" in error.value.hint


def test_env(tmp_path, monkeypatch):
    signer = keys.new_key(tmp_path / "key.pem")
    monkeypatch.setenv("MRV_KEY", (tmp_path / "key.pem").read_text())
    assert keys.load_signer("env:MRV_KEY") == signer
    monkeypatch.setenv("MRV_KEY", "garbage")
    assert code_of(keys.load_signer, "env:MRV_KEY") == "key.format"
    monkeypatch.delenv("MRV_KEY")
    assert code_of(keys.load_signer, "env:MRV_KEY") == "key.unreadable"


@pytest.mark.parametrize("uri", ["hsm:token=x", "key.pem", "/abs/key.pem", "", "http://x", "FILE:x", "-----BEGIN SECRET-----"])
def test_unknown_schemes_name_the_known(uri):
    with pytest.raises(AttestationError) as error:
        keys.load_signer(uri)
    assert error.value.error_code == "key.scheme"
    for scheme in ("file:", "env:", "pkcs11:", "awskms:", "gcpkms:", "azurekms:"):
        assert scheme in error.value.hint
    assert "SECRET" not in str(error.value)


def test_unusable_files(tmp_path):
    path = tmp_path / "key.pem"
    assert code_of(keys.load_signer, f"file:{path}") == "key.unreadable"
    assert code_of(keys.load_signer, f"file:{tmp_path}") == "key.unreadable"
    os.mkfifo(path, 0o600)
    assert code_of(keys.load_signer, f"file:{path}") == "key.unreadable"
    path.unlink()
    curve = generate_private_key(SECP384R1())
    forms = [
        (curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "key.suite"),
        (curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "key.format"),
        (X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "key.suite"),
        (b"", "key.format"),
    ]
    for pem, code in forms:
        path.write_bytes(pem)
        path.chmod(0o600)
        assert code_of(keys.load_signer, f"file:{path}") == code


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
def test_new_key_of_either_suite(tmp_path, suite):
    signer = keys.new_key(tmp_path / "key.pem", suite)
    assert signer.suite.name == suite
    assert keys.load_signer(f"file:{tmp_path / 'key.pem'}") == signer
    assert keys.decode_multikey(signer.issuer.removeprefix("did:key:")) == signer.public_key


def test_issuer_of_ones_own_choice(tmp_path):
    signer = keys.new_key(tmp_path / "key.pem", issuer="did:web:example.org")
    multikey = keys.encode_multikey(signer.public_key)
    assert signer.verification_method == f"did:web:example.org#{multikey}"
    assert keys.load_signer(f"file:{tmp_path / 'key.pem'}", "did:web:example.org") == signer
    assert keys.load_signer(f"file:{tmp_path / 'key.pem'}", f"did:key:{multikey}").issuer == f"did:key:{multikey}"


@pytest.mark.parametrize(
    "issuer", ["", "example", "did:web:a#b", "did:web:a b", "did:web:é", "did:key:z6MkOther", "did:web:a\n"]
)
def test_no_name_to_sign_under(tmp_path, issuer):
    assert code_of(keys.new_key, tmp_path / "key.pem", "eddsa-jcs-2022", issuer) == "key.issuer"
    assert not (tmp_path / "key.pem").exists()


def test_a_signature_that_does_not_fit_is_never_handed_out(signer, other):
    """An alias that moved on, a token that holds another key of that name."""
    for sign in (other.sign, lambda _: b"", lambda _: bytes(64), lambda message: signer.sign(message) + b"x"):
        pose = keys.Signer(signer.issuer, signer.verification_method, signer.public_key, sign)
        assert code_of(pose.sign, b"message") == "key.signature"
