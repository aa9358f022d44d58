"""Keys in Google Cloud KMS: ``gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V``.

Credentials come from the Google library's own configuration.  Keys of P-256 and Ed25519.  The service's CRC32C sums are
left alone, because every signature is verified under the public key before it is used.

References:
    Cloud KMS API v1, GetPublicKey and AsymmetricSign (``EC_SIGN_P256_SHA256`` of a digest, ``EC_SIGN_ED25519`` of data).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from mrv.attest import p256
from mrv.attest.signers.optional import need
from mrv.attest.suites import EDDSA, read_public_key, suite_of
from mrv.errors import AttestationError

_NAME = re.compile(r"projects/[^/?#]+/locations/[^/?#]+/keyRings/[^/?#]+/cryptoKeys/[^/?#]+/cryptoKeyVersions/[0-9]+")


@dataclass(frozen=True, slots=True)
class GcpKey:
    """A key pair in Google Cloud KMS."""

    client: Any
    """``google.cloud.kms.KeyManagementServiceClient()``."""
    name: str
    """Resource name of the key's version."""
    public_key: bytes
    """Raw: 32 bytes of Ed25519, or 33 of P-256, compressed."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as :class:`mrv.attest.keys.HeldKey` says.

        Raises:
            AttestationError: ``key.service`` or ``key.signature``.
        """
        edwards = suite_of(self.public_key) is EDDSA
        what = {"data": message} if edwards else {"digest": {"sha256": hashlib.sha256(message).digest()}}
        answer = _ask(self.client, "asymmetric_sign", {"name": self.name, **what})
        return bytes(answer.signature) if edwards else p256.from_der(bytes(answer.signature))


def load(rest: str) -> GcpKey:
    """The key of ``gcpkms:…``.

    Raises:
        AttestationError: ``key.uri``, ``key.install``, ``key.service``, ``key.suite`` or ``key.format``.
    """
    if not _NAME.fullmatch(rest):
        raise AttestationError(
            "no usable Google Cloud KMS URI",
            code="key.uri",
            hint="gcpkms:projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V, with the version",
        )
    kms, refused = need("google.cloud.kms", "gcp"), need("google.auth.exceptions", "gcp")
    try:
        client = kms.KeyManagementServiceClient()
    except refused.GoogleAuthError as error:
        raise _refusal(error) from error
    return open_key(client, rest)


def open_key(client: Any, name: str) -> GcpKey:
    """The key of that name, through a client of the service."""
    answer = _ask(client, "get_public_key", {"name": name})
    return GcpKey(client, name, read_public_key(answer.pem.encode()))


def _ask(client: Any, call: str, request: dict[str, Any]) -> Any:
    refused, unknown = need("google.api_core.exceptions", "gcp"), need("google.auth.exceptions", "gcp")
    try:
        return getattr(client, call)(request=request)
    except (refused.GoogleAPIError, unknown.GoogleAuthError) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> AttestationError:
    return AttestationError(
        f"Google Cloud KMS refuses: {error!s:.300}",
        code="key.service",
        hint="check the key's name and credentials; the role roles/cloudkms.signerVerifier is needed",
    )
