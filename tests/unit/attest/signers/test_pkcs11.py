"""Keys in a token: SoftHSM2, through python-pkcs11; skipped, saying so, without them.  URIs are read without either."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.refusals import refusal

from mrv.attest import keys, p256, suites
from mrv.attest.signers import local
from mrv.attest.signers import pkcs11 as token
from mrv.errors import AttestationError

PIN = "864209"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
CURVES = {"ed25519": bytes.fromhex("06032b6570"), "p256": bytes.fromhex("06082a8648ce3d030107")}


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory):
    """A fresh token with a key pair of each curve, and one of P-384: ``(library, pkcs11 module)``."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed (extra hsm)")
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed (apt-get install softhsm2)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = ["softhsm2-util", "--init-token", "--free", "--label", "mrv test", "--pin", PIN, "--so-pin", "13579"]
        subprocess.run(command, check=True, capture_output=True)
        _fill(pkcs11, pkcs11.lib(library).get_token(token_label="mrv test"))
        yield library, pkcs11


def _fill(pkcs11, place):
    ecs = pkcs11.KeyType.EC, pkcs11.Mechanism.EC_KEY_PAIR_GEN
    edwards = pkcs11.KeyType.EC_EDWARDS, pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
    p384 = bytes.fromhex("06052b81040022")
    with place.open(user_pin=PIN, rw=True) as session:
        for label, number, curve, (kind, mechanism) in (
            ("ed25519", b"\x01", CURVES["ed25519"], edwards),
            ("p256", b"\x02", CURVES["p256"], ecs),
            ("p384", b"\x03", p384, ecs),
            ("twin", b"\x04", CURVES["p256"], ecs),
            ("twin", b"\x05", CURVES["p256"], ecs),
            ("lonely", b"\x06", CURVES["p256"], ecs),
        ):
            parameters = session.create_domain_parameters(kind, {pkcs11.Attribute.EC_PARAMS: curve}, local=True)
            public, _ = parameters.generate_keypair(mechanism=mechanism, store=True, label=label, id=number)
            if label == "lonely":
                public.destroy()


@pytest.fixture
def uri(softhsm, monkeypatch):
    monkeypatch.setenv("MRV_PKCS11_PIN", PIN)
    return lambda what, query="": f"pkcs11:token=mrv%20test;{what}?module-path={softhsm[0]}{query}"


@pytest.mark.parametrize(
    ("label", "suite", "prefix"), [("ed25519", "eddsa-jcs-2022", "z6Mk"), ("p256", "ecdsa-jcs-2019", "zDnae")]
)
def test_sign_in_the_token(uri, label, suite, prefix):
    signer = keys.load_signer(uri(f"object={label}"))
    assert signer.suite.name == suite
    assert signer.issuer.startswith(f"did:key:{prefix}")
    for message in (b"", b"x", b"y" * 64):
        signature = signer.sign(message)
        suites.SUITES[suite].verify(signer.public_key, signature, message)
        if suite == "ecdsa-jcs-2019":
            assert int.from_bytes(signature[32:], "big") <= p256.ORDER // 2
    assert keys.load_signer(uri(f"object={label}")) == signer


def test_by_id_and_type(uri):
    by_label = keys.load_signer(uri("object=p256"))
    assert keys.load_signer(uri("id=%02;type=private")) == by_label
    assert keys.load_signer(uri("object=p256;id=%02"), "did:web:example.org").public_key == by_label.public_key


def test_the_points_der_wrap_is_stripped(softhsm, uri):
    """The token hands out 0x0420 and 32 bytes; a key is the 32."""
    library, pkcs11 = softhsm
    with pkcs11.lib(library).get_token(token_label="mrv test").open() as session:
        public = next(iter(session.get_objects({pkcs11.Attribute.LABEL: "ed25519"})))
        point = bytes(public[pkcs11.Attribute.EC_POINT])
    assert point[:2] == b"\x04\x20"
    assert keys.load_signer(uri("object=ed25519")).public_key == point[2:]


def test_pin_from_a_file(uri, tmp_path, monkeypatch):
    monkeypatch.delenv("MRV_PKCS11_PIN")
    pin = tmp_path / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o600)
    for source in (f"file:{pin}", str(pin)):
        assert keys.load_signer(uri("object=p256", f"&pin-source={source}"))
    pin.chmod(0o644)
    assert refusal(keys.load_signer, uri("object=p256", f"&pin-source=file:{pin}")).error_code == "key.permissions"
    assert refusal(keys.load_signer, uri("object=p256", "&pin-source=file:/nonexistent")).error_code == "key.unreadable"


def test_no_pin(uri, monkeypatch):
    monkeypatch.delenv("MRV_PKCS11_PIN")
    assert refusal(keys.load_signer, uri("object=p256")).error_code == "key.pin"
    monkeypatch.setenv("EMPTY", "")
    assert refusal(keys.load_signer, uri("object=p256", "&pin-source=env:EMPTY")).error_code == "key.pin"


def test_a_wrong_pin_is_in_no_message(uri, monkeypatch):
    monkeypatch.setenv("MRV_PKCS11_PIN", "111222333")
    error = refusal(keys.load_signer, uri("object=p256"))
    assert error.error_code == "key.pin"
    told = f"{error} {error.hint} {error!r} {error.__cause__!r} {error.as_dict()}"
    assert "111222333" not in told


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("object=none", "key.unreadable"),
        ("id=%99", "key.unreadable"),
        ("object=p256;id=%01", "key.unreadable"),
        ("object=twin", "key.unreadable"),
        ("object=lonely", "key.unreadable"),
        ("object=p384", "key.suite"),
        ("object=p256;serial=0000", "key.unreadable"),
        ("object=p256;manufacturer=nobody", "key.unreadable"),
    ],
)
def test_not_exactly_one_usable_key(uri, what, code):
    assert refusal(keys.load_signer, uri(what)).error_code == code


def test_no_such_token_or_library(softhsm, uri):
    assert refusal(keys.load_signer, uri("object=p256").replace("mrv%20test", "other")).error_code == "key.unreadable"
    assert refusal(keys.load_signer, uri("object=p256").replace(softhsm[0], "/no.so")).error_code == "key.unreadable"


@pytest.mark.parametrize(
    "rest",
    [
        "", "token=mrv", "token=mrv;object=a", "object=a;object=b?module-path=/x.so", "object=a;wrong=1?module-path=/x.so",
        "object=a;type=cert?module-path=/x.so", "object=a b?module-path=/x.so", "object=%zz?module-path=/x.so", "object",
        "object=a?module-path=/x.so&module-path=/y.so", "object=a?module-name=softhsm", "object=a?pin-source=env:P",
        "object=é?module-path=/x",
    ],
)  # fmt: skip
def test_uris_that_name_no_key(rest, monkeypatch):
    monkeypatch.delenv("MRV_PKCS11_MODULE", raising=False)
    assert refusal(keys.load_signer, f"pkcs11:{rest}").error_code == "key.uri"


@pytest.mark.parametrize(
    "rest", ["object=a?module-path=/x.so&pin-value=864209", "object=a;pin-value=864209", "pin-value=864209"]
)
def test_a_pin_in_the_uri_is_refused_and_not_repeated(rest):
    error = refusal(keys.load_signer, f"pkcs11:{rest}")
    assert error.error_code == "key.pin"
    assert PIN not in f"{error} {error.hint}"


def test_library_from_the_environment(monkeypatch):
    monkeypatch.setenv("MRV_PKCS11_MODULE", "/opt/hsm.so")
    place = token._parse("token=a%3Bb;serial=12;id=%00%ff;object=k%20y")
    assert place == token.Place("/opt/hsm.so", {"token": "a;b", "serial": "12"}, "k y", b"\x00\xff", None)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    error = refusal(keys.load_signer, "pkcs11:object=a?module-path=/x.so")
    assert error.error_code == "key.install"
    assert "mrv[hsm]" in error.hint


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
def test_points_as_tokens_write_them(suite):
    """Wrapped in DER, or bare as before v3.0; the curve by its identifier or by its name."""
    key = local.generate(suite)
    public = suites.raw_public_key(key.public_key())
    if suite == "eddsa-jcs-2022":
        curves, points = [CURVES["ed25519"], b"\x13\x0cedwards25519"], [public]
    else:
        curves, points = (
            [CURVES["p256"]],
            [public, key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)],
        )
    for curve in curves:
        for point in points:
            assert token._raw(curve, point) == public
            assert token._raw(curve, bytes((4, len(point))) + point) == public


def test_a_bare_key_that_looks_wrapped_is_left_alone():
    bare = bytes((4, 30)) + bytes(30)
    assert token._raw(CURVES["ed25519"], bare) == bare


@pytest.mark.parametrize(
    ("curve", "point", "code"),
    [
        (CURVES["ed25519"], b"", "key.suite"),
        (CURVES["ed25519"], bytes(31), "key.suite"),
        (CURVES["ed25519"], bytes(65), "key.suite"),
        (CURVES["p256"], b"", "key.weak"),
        (CURVES["p256"], b"\0", "key.weak"),
        (CURVES["p256"], bytes(65), "key.weak"),
        (CURVES["p256"], b"\x04" + bytes(64), "key.weak"),
        (b"", bytes(32), "key.suite"),
        (bytes.fromhex("06052b8104000a"), b"\x04" + bytes(64), "key.suite"),
    ],
)
def test_points_that_are_no_key_of_ours(curve, point, code):
    with pytest.raises(AttestationError) as error:
        token._raw(curve, point)
    assert error.value.error_code == code
