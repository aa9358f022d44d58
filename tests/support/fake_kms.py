"""Fakes of three cloud clients, as far as signing goes; none of them is the service.

Each holds a key of its own, answers in the service's shapes, and refuses as its library does.  They are put in the
place of the libraries, so that the path from a URI to a signature is the product's own.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mrv.attest.p256 import ORDER

ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
GCP = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
AZURE = "https://vault-of-tests.vault.azure.net/keys/signing/0123456789abcdef0123456789abcdef"


class Refused(Exception):
    """What a fake's library raises."""


def _high_s(der):
    """The twin a service may well send: the signer has to bring it down."""
    r, s = decode_dss_signature(der)
    return encode_dss_signature(r, max(s, ORDER - s))


class FakeAws:
    """``boto3.client("kms")``."""

    def __init__(self, key, *, usage="SIGN_VERIFY"):
        self.key, self.usage, self.calls = key, usage, []
        self.moved_to = None

    def get_public_key(self, **request):
        self.calls.append(("get_public_key", request))
        if request["KeyId"] not in {ARN, "alias/mrv"}:
            raise Refused("NotFoundException")
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"KeyId": ARN, "PublicKey": der, "KeyUsage": self.usage}

    def sign(self, **request):
        message = request.pop("Message")
        self.calls.append(("sign", request))
        key = self.moved_to or self.key
        wanted = "ED25519_SHA_512" if isinstance(key, Ed25519PrivateKey) else "ECDSA_SHA_256"
        if request != {"KeyId": ARN, "MessageType": "RAW", "SigningAlgorithm": wanted} or len(message) > 4096:
            raise Refused("ValidationException")
        if isinstance(key, Ed25519PrivateKey):
            return {"KeyId": ARN, "Signature": key.sign(message)}
        return {"KeyId": ARN, "Signature": _high_s(key.sign(message, ec.ECDSA(SHA256())))}


class FakeGcp:
    """``google.cloud.kms.KeyManagementServiceClient``."""

    def __init__(self, key):
        self.key, self.moved_to = key, None

    def get_public_key(self, *, request):
        if request != {"name": GCP}:
            raise Refused("404 not found")
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return SimpleNamespace(pem=pem.decode(), name=GCP)

    def asymmetric_sign(self, *, request):
        key = self.moved_to or self.key
        if isinstance(key, Ed25519PrivateKey):
            if request.keys() != {"name", "data"}:
                raise Refused("400 data is needed")
            return SimpleNamespace(name=GCP, signature=key.sign(request["data"]))
        if request.keys() != {"name", "digest"}:
            raise Refused("400 digest is needed")
        return SimpleNamespace(
            name=GCP, signature=_high_s(key.sign(request["digest"]["sha256"], ec.ECDSA(Prehashed(SHA256()))))
        )


class FakeAzure:
    """``azure.keyvault.keys.KeyClient``, and the cryptography client that it makes."""

    def __init__(self, key):
        self.key, self.moved_to = key, None

    def get_key(self, name, version):
        if (name, version) != tuple(AZURE.rsplit("/", 2)[1:]):
            raise Refused("KeyNotFound")
        if not isinstance(self.key, ec.EllipticCurvePrivateKey):
            return SimpleNamespace(key=SimpleNamespace(kty="RSA", crv=None, x=None, y=None))
        numbers = self.key.public_key().public_numbers()
        curve = {"secp256r1": "P-256", "secp384r1": "P-384"}[self.key.curve.name]
        # A JWK's numbers come as bytes without leading zeros.
        x, y = (number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.x, numbers.y))
        return SimpleNamespace(key=SimpleNamespace(kty="EC-HSM", crv=curve, x=x, y=y))

    def get_cryptography_client(self, name, *, key_version):
        self.get_key(name, key_version)
        return self

    def sign(self, algorithm, digest):
        if algorithm != "ES256" or len(digest) != 32:
            raise Refused("BadParameter")
        key = self.moved_to or self.key
        r, s = decode_dss_signature(_high_s(key.sign(digest, ec.ECDSA(Prehashed(SHA256())))))
        return SimpleNamespace(signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _module(name, **members):
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


def install(monkeypatch, fake):
    """Put a fake in the place of its library; the URI of its key."""
    import sys

    if isinstance(fake, FakeAws):
        made = {
            "boto3": {"client": lambda *_, **__: fake},
            "botocore.exceptions": {"ClientError": Refused, "BotoCoreError": ConnectionError},
        }
        uri = "awskms:alias/mrv?region=eu-west-1"
    elif isinstance(fake, FakeGcp):
        made = {
            "google.cloud.kms": {"KeyManagementServiceClient": lambda: fake},
            "google.api_core.exceptions": {"GoogleAPIError": Refused},
            "google.auth.exceptions": {"GoogleAuthError": ConnectionError},
        }
        uri = f"gcpkms:{GCP}"
    else:
        made = {
            "azure.identity": {"DefaultAzureCredential": object},
            "azure.keyvault.keys": {"KeyClient": lambda **_: fake},
            "azure.core.exceptions": {"AzureError": Refused},
        }
        uri = f"azurekms:{AZURE}"
    for name, members in made.items():
        parts = name.split(".")
        for depth in range(1, len(parts)):
            monkeypatch.setitem(sys.modules, ".".join(parts[:depth]), _module(parts[0]))
        monkeypatch.setitem(sys.modules, name, _module(name, **members))
    return uri
