"""P-256: points nobody should trust, signatures and their twins."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.attest import keys, p256, suites
from mrv.attest.signers import local
from mrv.errors import AttestationError

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296


def make(secret):
    key = ec.derive_private_key(secret, ec.SECP256R1())
    return key, key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def compressed(x, sign=2):
    return bytes([sign]) + x.to_bytes(32, "big")


# Five is no x of a point on the curve: 5³ − 3·5 + b has no square root.
@pytest.mark.parametrize(
    ("key", "why"),
    [
        (bytes(33), "compressed form"),
        (compressed(GX, 0), "compressed form"),
        (compressed(GX, 4), "compressed form"),
        (compressed(GX, 5), "compressed form"),
        (compressed(GX, 6), "compressed form"),
        (compressed(P), "below p"),
        (compressed(P + 5), "below p"),
        (compressed(2**256 - 1, 3), "below p"),
        (compressed(1), "not on the curve"),
        (compressed(GX + 4, 3), "not on the curve"),
    ],
)
def test_bad_points(key, why):
    with pytest.raises(AttestationError, match=why) as error:
        keys.check_public_key(key)
    assert error.value.error_code == "key.weak"
    with pytest.raises(AttestationError):
        keys.decode_multikey(keys.encode_base58(b"\x80\x24" + key))


@pytest.mark.parametrize("length", [0, 1, 31, 34, 64, 65])
def test_other_lengths_are_no_key(length):
    """Infinity is one byte; the uncompressed form 65: P-256 has one spelling here."""
    raw = (b"\x04" + GX.to_bytes(32, "big") * 2)[:length]
    for call in (lambda: keys.check_public_key(raw), lambda: keys.decode_multikey(keys.encode_base58(b"\x80\x24" + raw))):
        with pytest.raises(AttestationError) as error:
            call()
        assert error.value.error_code == "key.weak"


def test_a_key_under_the_other_prefix_is_refused():
    _, public = make(7)
    for prefix in (b"\xed\x01", b"\x12\x00", b"\x81\x24", b""):
        with pytest.raises(AttestationError):
            keys.decode_multikey(keys.encode_base58(prefix + public))


@given(st.integers(1, p256.ORDER - 1))
@settings(max_examples=30, deadline=None)
def test_honest_keys_sign_low_and_both_twins_verify(secret):
    key, public = make(secret)
    signer = keys.signer_of(key)
    assert signer.public_key == public
    assert keys.decode_multikey(keys.encode_multikey(public)) == public
    assert keys.encode_multikey(public).startswith("zDnae")
    signature = signer.sign(b"message")
    r, s = signature[:32], int.from_bytes(signature[32:], "big")
    assert 0 < s <= p256.ORDER // 2
    twin = r + (p256.ORDER - s).to_bytes(32, "big")
    suites.ECDSA.verify(public, signature, b"message")
    suites.ECDSA.verify(public, twin, b"message")
    assert p256.low_s(twin) == p256.low_s(signature) == signature
    assert signer.sign(b"message") == signature


def spoiled(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_signatures_that_fit_nothing():
    key, public = make(11)
    good = keys.signer_of(key).sign(b"message")
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
    bad = [
        b"",
        good[:63],
        good + b"\0",
        bytes(64),
        spoiled(0, s),
        spoiled(r, 0),
        spoiled(p256.ORDER, s),
        spoiled(r, p256.ORDER),
    ]
    bad += [good[:32] + b"\0" + good[32:], b"\0" + good]
    bad += [spoiled(r, s ^ 1), spoiled(r ^ 1, s), spoiled(s, r), b"\xff" * 64]
    for signature in bad:
        with pytest.raises(InvalidSignature):
            suites.ECDSA.verify(public, signature, b"message")
    with pytest.raises(InvalidSignature):
        suites.ECDSA.verify(public, good, b"another message")


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"0\x06\x02\x01\x01\x02\x01\x01x", p256.encode_dss_signature(2**256, 1)])
def test_no_der_signature(der):
    with pytest.raises(AttestationError) as error:
        p256.from_der(der)
    assert error.value.error_code == "key.signature"


def test_an_older_openssl_signs_too(monkeypatch):
    """Without RFC 6979 the signature differs each time, and verifies."""
    real = ec.ECDSA

    def old(algorithm, *, deterministic_signing=False):
        if deterministic_signing:
            raise UnsupportedAlgorithm("OpenSSL < 3.2")
        return real(algorithm)

    monkeypatch.setattr(local.ec, "ECDSA", old)
    signer = keys.signer_of(make(13)[0])
    assert signer.sign(b"x") != signer.sign(b"x")
