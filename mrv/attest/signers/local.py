"""Keys in a PEM: ``file:PATH`` and ``env:NAME``.

References:
    RFC 5958 (PKCS#8), RFC 8410 (Ed25519 in PKCS#8), RFC 5915 (EC keys).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from mrv.attest import p256
from mrv.attest.suites import EDDSA, SuiteName, raw_public_key
from mrv.errors import AttestationError
from mrv.regular_file import open_regular, read_open

MAX_BYTES = 1 << 16
"""Of a PEM, or of another small secret."""
PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class LocalKey:
    """A private key in this process's memory."""

    def __init__(self, key: PrivateKey) -> None:
        self.public_key = raw_public_key(key.public_key())
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as :class:`mrv.attest.keys.HeldKey` says."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return p256.from_der(self._key.sign(message, _ecdsa()))


def _ecdsa() -> ec.ECDSA:
    """Deterministic (RFC 6979) where OpenSSL is new enough: no bad random number gives the key away."""
    try:
        return ec.ECDSA(SHA256(), deterministic_signing=True)
    except UnsupportedAlgorithm:
        return ec.ECDSA(SHA256())


def generate(suite: SuiteName) -> PrivateKey:
    """A new private key of a suite, in memory."""
    return Ed25519PrivateKey.generate() if suite == EDDSA.name else ec.generate_private_key(ec.SECP256R1())


def write_pem(key: PrivateKey, path: str | os.PathLike[str]) -> None:
    """Write a PEM that only its owner can read; never overwrites.

    Raises:
        AttestationError: ``key.exists``, or ``key.unwritable``.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except FileExistsError as error:
        raise AttestationError(
            "already exists", code="key.exists", file=path, hint="a key is never overwritten: name another file"
        ) from error
    except OSError as error:
        raise AttestationError(
            f"cannot write: {error.strerror}",
            code="key.unwritable",
            file=path,
            hint="name a folder that is there and can be written",
        ) from error


def load_file(rest: str) -> LocalKey:
    """The key of ``file:PATH`` or ``file:///PATH``, in a file that only its owner can read.

    Raises:
        AttestationError: ``key.unreadable``, ``key.permissions``, ``key.format`` or ``key.suite``.
    """
    path = file_of(rest)
    return _from_pem(read_private_file(path), str(path))


def file_of(rest: str) -> Path:
    """The path in ``file:PATH`` or ``file:///PATH``, without ``file:``."""
    return Path(unquote(rest.removeprefix("//")) if rest.startswith("///") else rest)


def load_env(name: str) -> LocalKey:
    """The key of ``env:NAME``: the variable holds the PEM itself.

    Raises:
        AttestationError: ``key.unreadable``, ``key.format`` or ``key.suite``.
    """
    pem = read_variable(name)
    if not pem:
        raise AttestationError(
            f"environment variable {name!r:.60} is not set", code="key.unreadable", hint="it holds the PEM itself"
        )
    return _from_pem(pem.encode(), f"env:{name}")


def read_variable(name: str) -> str:
    """The value of an environment variable; empty where it is not set, or where no variable can have that name."""
    try:
        return os.environ.get(name, "")
    except ValueError:
        return ""


def read_private_file(path: Path) -> bytes:
    """The bytes of a small secret file that only its owner can read.

    Raises:
        AttestationError: ``key.unreadable`` or ``key.permissions``.
    """
    try:
        with open_regular(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & 0o077:
                raise AttestationError(
                    f"others can read this secret (mode {stat.S_IMODE(mode):04o})",
                    code="key.permissions",
                    file=path,
                    hint=f"chmod 600 {path}; if it was ever shared, replace it (a key: revoke it too)",
                )
            return read_open(file, MAX_BYTES)
    except OSError as error:
        raise AttestationError(
            f"cannot read: {error.strerror}",
            code="key.unreadable",
            file=path if str(path).isprintable() else ascii(str(path)),
            hint="check the path, or make a key with `mrv keys new`",
        ) from error


def _from_pem(pem: bytes, where: str) -> LocalKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AttestationError(
            "not an unencrypted PKCS#8 PEM private key", code="key.format", file=where, hint="make one with `mrv keys new`"
        ) from error
    try:
        return LocalKey(key)  # type: ignore[arg-type]  # of any other kind it is refused here
    except AttestationError as error:
        error.file = where
        raise
