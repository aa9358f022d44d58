"""Logs, witnesses and policies for tests; keys from a number, entries from a number."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import keys
from mrv.attest.log import writer
from mrv.attest.log.checkpoint import Checkpoint, SignedCheckpoint
from mrv.attest.log.note import Note
from mrv.attest.log.policy import LogPolicy
from mrv.attest.log.reader import open_copy
from mrv.attest.log.signatures import sign, verifier_key
from mrv.attest.log.witness import Witness

ORIGIN = "example.org/log"
NOON = 1_772_366_400
"""2026-03-01T12:00:00Z."""


def signer(number: int) -> keys.Signer:
    return keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)))


LOG_KEY = signer(1)


def entry(number: int) -> bytes:
    return b"sha256:" + hashlib.sha256(str(number).encode()).hexdigest().encode()


def entries(first: int, last: int) -> list[bytes]:
    return [entry(number) for number in range(first, last)]


def policy(*witnesses: Witness, quorum: int | None = None, days: int | None = None, origin: str = ORIGIN) -> LogPolicy:
    return LogPolicy.of(
        {
            "version": 1,
            "logs": [{"origin": origin, "keys": [str(verifier_key(origin, "log", LOG_KEY.public_key))]}],
            "witnesses": [str(witness.key) for witness in witnesses],
            "quorum": len(witnesses) if quorum is None else quorum,
            "maxAgeDays": days,
        }
    )


def witness(folder: Path, number: int) -> Witness:
    return Witness(folder / f"witness-{number}", f"witness.example/{number}", signer(100 + number), policy())


def make(folder: Path, count: int = 0) -> Path:
    """A log with ``count`` entries, appended in one go."""
    writer.create(folder, origin=ORIGIN, signer=LOG_KEY)
    if count:
        writer.append(folder, entries(0, count), signer=LOG_KEY)
    return folder


def forged(
    size: int, root: bytes, *, by: keys.Signer = LOG_KEY, origin: str = ORIGIN, name: str | None = None
) -> SignedCheckpoint:
    """A checkpoint that says whatever its signer wants."""
    checkpoint = Checkpoint(origin, size, root)
    return SignedCheckpoint(Note(checkpoint.text, (sign(checkpoint.text, name or origin, by),)), checkpoint)


def naive_root(leaves: list[bytes]) -> bytes:
    """``MTH`` as RFC 6962 §2.1 writes it, and as slowly."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """``PATH`` of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """``SUBPROOF`` of RFC 6962 §2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*naive_proof(old, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_proof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def node_of(leaves: list[bytes]):
    """The nodes of a tree held in memory."""

    def node(level: int, index: int) -> bytes:
        return naive_root(leaves[index << level : (index + 1) << level])

    return node


def served(folder: Path) -> Checkpoint:
    return open_copy(folder).signed.checkpoint
