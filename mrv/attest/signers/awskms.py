"""Keys in AWS KMS: ``awskms:KEY[?region=…]``, KEY being a key id, an ARN or ``alias/NAME``.

Credentials and region come from the AWS library's own configuration.  Keys of P-256 and, where the service has them,
Ed25519.

References:
    AWS KMS API, GetPublicKey and Sign (``ECC_NIST_P256`` with ``ECDSA_SHA_256``; ``ECC_NIST_EDWARDS25519`` with
    ``ED25519_SHA_512``, which is pure Ed25519 of the raw message).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mrv.attest import p256
from mrv.attest.signers.optional import need
from mrv.attest.suites import EDDSA, read_public_key, suite_of
from mrv.errors import AttestationError

_KEY = re.compile(r"([A-Za-z0-9:/_-]{1,2048})(?:\?region=([a-z0-9-]{1,64}))?")


@dataclass(frozen=True, slots=True)
class AwsKey:
    """A key pair in AWS KMS."""

    client: Any
    """``boto3.client("kms")``."""
    key_id: str
    """ARN of the key, where an alias named it: an alias may move on between two signatures."""
    public_key: bytes
    """Raw: 32 bytes of Ed25519, or 33 of P-256, compressed."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as :class:`mrv.attest.keys.HeldKey` says.

        Raises:
            AttestationError: ``key.service`` or ``key.signature``.
        """
        edwards = suite_of(self.public_key) is EDDSA
        answer = _ask(
            self.client, "sign", KeyId=self.key_id, Message=message, MessageType="RAW",
            SigningAlgorithm="ED25519_SHA_512" if edwards else "ECDSA_SHA_256",
        )  # fmt: skip
        signature = bytes(answer["Signature"])
        return signature if edwards else p256.from_der(signature)


def load(rest: str) -> AwsKey:
    """The key of ``awskms:…``.

    Raises:
        AttestationError: ``key.uri``, ``key.install``, ``key.service``, ``key.suite`` or ``key.format``.
    """
    match = _KEY.fullmatch(rest)
    if match is None:
        raise AttestationError(
            "no usable AWS KMS URI",
            code="key.uri",
            hint="awskms:KEY[?region=REGION], KEY being a key id, an ARN or alias/NAME",
        )
    key, region = match.groups()
    return open_key(_client(region), key)


def open_key(client: Any, key: str) -> AwsKey:
    """The key of that name, through a client of the service."""
    answer = _ask(client, "get_public_key", KeyId=key)
    if answer.get("KeyUsage") != "SIGN_VERIFY":
        raise AttestationError(
            f"{key} does not sign", code="key.suite", hint="make a key with KeyUsage SIGN_VERIFY and KeySpec ECC_NIST_P256"
        )
    return AwsKey(client, answer["KeyId"], read_public_key(answer["PublicKey"]))


def _client(region: str | None) -> Any:
    boto3, refused = need("boto3", "aws"), need("botocore.exceptions", "aws")
    try:
        return boto3.client("kms", **({"region_name": region} if region else {}))
    except refused.BotoCoreError as error:
        raise _refusal(error) from error


def _ask(client: Any, call: str, **arguments: Any) -> dict[str, Any]:
    refused = need("botocore.exceptions", "aws")
    try:
        answer: dict[str, Any] = getattr(client, call)(**arguments)
    except (refused.ClientError, refused.BotoCoreError) as error:
        raise _refusal(error) from error
    return answer


def _refusal(error: Exception) -> AttestationError:
    return AttestationError(
        f"AWS KMS refuses: {error!s:.300}",
        code="key.service",
        hint="check the key's name, region and credentials; kms:GetPublicKey and kms:Sign are needed",
    )
