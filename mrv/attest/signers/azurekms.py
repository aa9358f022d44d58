"""Keys in Azure Key Vault or Managed HSM: ``azurekms:https://VAULT.vault.azure.net/keys/NAME/VERSION``.

Credentials come from the Azure library's own chain.  Keys of P-256; the service has no Ed25519.

References:
    Azure Key Vault REST API, Get Key (JSON Web Key) and Sign (ES256: r‖s of a SHA-256 digest, RFC 7518 §3.4).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers

from mrv.attest.signers.optional import need
from mrv.attest.suites import raw_public_key
from mrv.errors import AttestationError

_KEY = re.compile(r"(https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)/keys/([A-Za-z0-9-]{1,127})/([A-Za-z0-9]{1,64})")


@dataclass(frozen=True, slots=True)
class AzureKey:
    """A key pair in Azure Key Vault."""

    client: Any
    """``azure.keyvault.keys.KeyClient(…).get_cryptography_client(…)``."""
    public_key: bytes
    """Raw: 33 bytes of P-256, compressed."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as :class:`mrv.attest.keys.HeldKey` says.

        Raises:
            AttestationError: ``key.service``.
        """
        answer = _ask(self.client, "sign", "ES256", hashlib.sha256(message).digest())
        return bytes(answer.signature)


def load(rest: str) -> AzureKey:
    """The key of ``azurekms:…``.

    Raises:
        AttestationError: ``key.uri``, ``key.install``, ``key.service`` or ``key.suite``.
    """
    match = _KEY.fullmatch(rest)
    if match is None:
        raise AttestationError(
            "no usable Azure Key Vault URI",
            code="key.uri",
            hint="azurekms:https://VAULT.vault.azure.net/keys/NAME/VERSION, with the version",
        )
    vault, name, version = match.groups()
    credential = need("azure.identity", "azure").DefaultAzureCredential()
    return open_key(need("azure.keyvault.keys", "azure").KeyClient(vault_url=vault, credential=credential), name, version)


def open_key(client: Any, name: str, version: str) -> AzureKey:
    """The key of that name and version, through a client of the vault."""
    key = _ask(client, "get_key", name, version).key
    if key.crv != "P-256":
        raise AttestationError(
            f"{name} is a key of {key.kty} {key.crv or ''}".rstrip(),
            code="key.suite",
            hint="make one of kty EC or EC-HSM and crv P-256: it signs with ecdsa-jcs-2019",
        )
    x, y = (int.from_bytes(number, "big") for number in (key.x, key.y))
    try:
        public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    except ValueError as error:
        raise AttestationError(
            "the vault's public key is no point of P-256", code="key.weak", field=name, hint="make another key in the vault"
        ) from error
    return AzureKey(client.get_cryptography_client(name, key_version=version), raw_public_key(public))


def _ask(client: Any, call: str, *arguments: Any) -> Any:
    refused = need("azure.core.exceptions", "azure")
    try:
        return getattr(client, call)(*arguments)
    except refused.AzureError as error:
        raise AttestationError(
            f"Azure Key Vault refuses: {error!s:.300}",
            code="key.service",
            hint="check the vault, the key's name and version and the credentials; keys/get and keys/sign are needed",
        ) from error
