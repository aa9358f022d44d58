"""Keys in a cloud's KMS, against fakes of the clients (:mod:`support.fake_kms`); the services themselves are not asked."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.fake_kms import ARN, AZURE, GCP, FakeAws, FakeAzure, FakeGcp, Refused, install
from support.refusals import refusal

from mrv.attest import keys, p256, proof, suites
from mrv.attest.signers import awskms, gcpkms

CURVE, OTHER = ec.derive_private_key(5, ec.SECP256R1()), ec.derive_private_key(6, ec.SECP256R1())
EDWARDS = Ed25519PrivateKey.from_private_bytes(bytes([5] * 32))
SERVICES = [(FakeAws, CURVE), (FakeAws, EDWARDS), (FakeGcp, CURVE), (FakeGcp, EDWARDS), (FakeAzure, CURVE)]


@pytest.mark.parametrize(("kind", "key"), SERVICES)
def test_from_the_uri_to_a_proof(monkeypatch, unsigned, kind, key):
    signer = keys.load_signer(install(monkeypatch, kind(key)))
    assert signer.public_key == suites.raw_public_key(key.public_key())
    signed = proof.sign({**unsigned, "issuer": signer.issuer}, signer, "2026-02-01T00:00:00Z")
    proof.verify(signed, signer.public_key)
    if key is CURVE:
        assert int.from_bytes(signer.sign(b"x")[32:], "big") <= p256.ORDER // 2


@pytest.mark.parametrize("kind", [FakeAws, FakeGcp, FakeAzure])
def test_a_key_that_moved_on_signs_nothing(monkeypatch, kind):
    fake = kind(CURVE)
    signer = keys.load_signer(install(monkeypatch, fake))
    fake.moved_to = OTHER
    assert refusal(signer.sign, b"x").error_code == "key.signature"


@pytest.mark.parametrize("kind", [FakeAws, FakeGcp, FakeAzure])
@pytest.mark.parametrize("key", [ec.derive_private_key(5, ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_keys_of_other_suites(monkeypatch, kind, key):
    assert refusal(keys.load_signer, install(monkeypatch, kind(key))).error_code == "key.suite"


@pytest.mark.parametrize("kind", [FakeAws, FakeGcp, FakeAzure])
def test_the_services_refusal_is_told(monkeypatch, kind):
    def refuse(*args, **options):
        raise Refused("AccessDenied: no permission")

    fake = kind(CURVE)
    uri = install(monkeypatch, fake)
    signer = keys.load_signer(uri)
    for name in ("sign", "asymmetric_sign", "get_public_key", "get_key"):
        monkeypatch.setattr(fake, name, refuse, raising=False)
    for call in (lambda: signer.sign(b"x"), lambda: keys.load_signer(uri)):
        error = refusal(call)
        assert error.error_code == "key.service"
        assert "AccessDenied" in error.message


def test_aws_signs_with_the_key_not_with_its_alias(monkeypatch):
    fake = FakeAws(CURVE)
    keys.load_signer(install(monkeypatch, fake)).sign(b"x")
    assert fake.calls[0] == ("get_public_key", {"KeyId": "alias/mrv"})
    assert fake.calls[1] == ("sign", {"KeyId": ARN, "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"})


def test_aws_key_that_does_not_sign(monkeypatch):
    uri = install(monkeypatch, FakeAws(CURVE, usage="KEY_AGREEMENT"))
    assert refusal(keys.load_signer, uri).error_code == "key.suite"


@pytest.mark.parametrize("kind", [FakeAws, FakeGcp])
@pytest.mark.parametrize("answer", [b"", b"0\x00", bytes(64)], ids=["empty", "short", "raw"])
def test_what_is_no_der_signature(monkeypatch, kind, answer):
    fake = kind(CURVE)
    signer = keys.load_signer(install(monkeypatch, fake))
    made = {"Signature": answer} if kind is FakeAws else type("Answer", (), {"signature": answer})
    monkeypatch.setattr(fake, "sign" if kind is FakeAws else "asymmetric_sign", lambda **_: made)
    assert refusal(signer.sign, b"x").error_code == "key.signature"


@pytest.mark.parametrize(
    "uri",
    [
        "awskms:", "awskms:a b", "awskms:alias/x?region=", "awskms:alias/x?endpoint=http://evil", "awskms:é", "awskms:x\n",
        "gcpkms:", "gcpkms:projects/p", f"gcpkms:{GCP[:-2]}", f"gcpkms:{GCP}/x", f"gcpkms:{GCP}?x=1",
        "azurekms:", "azurekms:vault/key/1", AZURE.replace("https", "azurekms:http"), f"azurekms:{AZURE}/x",
        f"azurekms:{AZURE.rsplit('/', 1)[0]}", "azurekms:https://user@vault.azure.net/keys/a/1", "azurekms:https://v:1/keys/a/1",
    ],
)  # fmt: skip
def test_uris_that_name_no_key(uri):
    assert refusal(keys.load_signer, uri).error_code == "key.uri"


@pytest.mark.parametrize(
    ("uri", "module", "extra"),
    [
        ("awskms:alias/x", "boto3", "aws"),
        (f"gcpkms:{GCP}", "google.cloud.kms", "gcp"),
        (f"azurekms:{AZURE}", "azure.identity", "azure"),
    ],
)
def test_without_the_library_it_says_what_to_install(monkeypatch, uri, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    error = refusal(keys.load_signer, uri)
    assert error.error_code == "key.install"
    assert f"mrv[{extra}]" in error.hint


@pytest.mark.parametrize("key", [CURVE, EDWARDS])
def test_aws_requests_fit_the_services_own_model(key):
    """The real client, its answers stubbed: every parameter is one that the service's published model has."""
    session = pytest.importorskip("botocore.session", reason="botocore is not installed (extra aws)").get_session()
    stub = pytest.importorskip("botocore.stub")
    client = session.create_client("kms", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    fake = FakeAws(key)
    answer = fake.get_public_key(KeyId="alias/mrv")
    edwards = key is EDWARDS
    algorithm = "ED25519_SHA_512" if edwards else "ECDSA_SHA_256"
    request = {"KeyId": answer["KeyId"], "Message": b"x", "MessageType": "RAW", "SigningAlgorithm": algorithm}
    with stub.Stubber(client) as stubber:
        stubber.add_response("get_public_key", answer, {"KeyId": "alias/mrv"})
        stubber.add_response("sign", fake.sign(**request), request)
        stubber.add_client_error("sign", "AccessDeniedException")
        signer = keys.name_signer(awskms.open_key(client, "alias/mrv"))
        suites.suite_of(signer.public_key).verify(signer.public_key, signer.sign(b"x"), b"x")
        assert refusal(signer.sign, b"x").error_code == "key.service"


@pytest.mark.parametrize("key", [CURVE, EDWARDS])
def test_gcp_requests_fit_the_services_own_messages(key):
    """The fake's requests go through the real library's message types."""
    kms = pytest.importorskip("google.cloud.kms", reason="google-cloud-kms is not installed (extra gcp)")

    class Strict(FakeGcp):
        def get_public_key(self, *, request):
            assert kms.GetPublicKeyRequest(request).name == GCP
            return kms.PublicKey(pem=super().get_public_key(request=request).pem)

        def asymmetric_sign(self, *, request):
            kms.AsymmetricSignRequest(request)
            return kms.AsymmetricSignResponse(signature=super().asymmetric_sign(request=request).signature)

    signer = keys.name_signer(gcpkms.open_key(Strict(key), GCP))
    suites.suite_of(signer.public_key).verify(signer.public_key, signer.sign(b"x"), b"x")
