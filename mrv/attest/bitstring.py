"""Bitstring: one bit an attestation, compressed into the text a status list carries.

Bit 0 is the most significant bit of the first byte.  The text is multibase base64url (``u…``, no padding) of gzip; what
a stranger compressed is never unpacked beyond :data:`MAX_BITS`.

References:
    W3C Bitstring Status List v1.0 §2.2, §3.1–3.4.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from typing import TYPE_CHECKING

from mrv.errors import AttestationError

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_BITS = 131_072
"""Fewer would tell who asks from what is asked (§2.2: 16 KiB)."""
MAX_BITS = 1 << 23
"""1 MiB unpacked: eight million attestations a list."""
_TEXT = re.compile(r"u[A-Za-z0-9_-]+")
_GZIP = 16 + zlib.MAX_WBITS


def pack(ones: Iterable[int], bits: int) -> str:
    """The text of a list.

    Args:
        ones: Indices whose bit is 1.
        bits: Length, a multiple of 8 from :data:`MIN_BITS` to :data:`MAX_BITS`.

    Raises:
        AttestationError: ``status.short`` or ``status.size``: the length; ``status.index``: an index outside it.
    """
    check_length(bits)
    raw = bytearray(bits // 8)
    for index in ones:
        if not 0 <= index < bits:
            hint = f"an index is one that the register handed out, below {bits}"
            raise AttestationError(f"index {index} of a list of {bits} bits", code="status.index", hint=hint)
        raw[index >> 3] |= 0x80 >> (index & 7)
    packed = gzip.compress(bytes(raw), mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(text: str) -> bytes:
    """The bits of a list, as bytes; whoever wrote ``text``, at most :data:`MAX_BITS` are unpacked.

    Raises:
        AttestationError: ``status.encoding``: not multibase base64url of one whole gzip member; ``status.bomb``: unpacks
            beyond the cap; ``status.short``: fewer bits than :data:`MIN_BITS`.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        raw = unpacker.decompress(_decode(text), MAX_BITS // 8 + 1)
    except zlib.error as error:
        raise _garbled(f"not gzip ({error})") from error
    if len(raw) > MAX_BITS // 8:
        raise AttestationError(
            f"unpacks to more than {MAX_BITS} bits",
            code="status.bomb",
            hint="no honest list is that long: tell its issuer, and do not raise the cap",
        )
    if not unpacker.eof or unpacker.unused_data:
        raise _garbled("cut short" if not unpacker.eof else "followed by something else")
    check_length(8 * len(raw))
    return raw


def bit(raw: bytes, index: int) -> bool:
    """Whether the bit at ``index`` is 1.

    Raises:
        AttestationError: ``status.index``: beyond the list.
    """
    if not 0 <= index < 8 * len(raw):
        told = f"index {index} lies beyond a list of {8 * len(raw)} bits"
        raise AttestationError(
            told, code="status.index", hint="the list is not the one the attestation was given an index of: tell its issuer"
        )
    return bool(raw[index >> 3] & (0x80 >> (index & 7)))


def check_length(bits: int) -> None:
    """Refuse a list that is too short to hide who is asked about, too long, or no whole number of bytes.

    Raises:
        AttestationError: ``status.short`` or ``status.size``.
    """
    if bits < MIN_BITS:
        hint = "a short list tells its host which attestation was looked up"
        raise AttestationError(f"{bits} bits are fewer than {MIN_BITS}", code="status.short", hint=hint)
    if bits > MAX_BITS or bits % 8:
        hint = f"a list has {MIN_BITS} to {MAX_BITS} bits, a multiple of 8"
        raise AttestationError(f"{bits} bits are more than {MAX_BITS}, or no whole bytes", code="status.size", hint=hint)


def _decode(text: str) -> bytes:
    if not _TEXT.fullmatch(text):
        raise _garbled("not multibase base64url without padding (u…)")
    body = text[1:]
    try:
        data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error as error:
        raise _garbled("not base64url") from error
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != body:
        raise _garbled("not the one spelling of its bytes")
    return data


def _garbled(why: str) -> AttestationError:
    return AttestationError(f"the list is {why}", code="status.encoding", hint="fetch it again, or tell its issuer")
