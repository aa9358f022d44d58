"""Note: text and the signatures under it, in the one spelling that is accepted.

Reading a note believes nothing: who signed is asked in :mod:`mrv.attest.log.signatures`.

References:
    C2SP signed-note.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace

from mrv.errors import LogError

MAX_BYTES = 1 << 18
MAX_SIGNATURES = 64
MARK = "— "
KEY_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    """Key name."""
    key_id: bytes
    """Four bytes that, with the name, say which key; an identifier, never a proof."""
    blob: bytes
    """What the key made of the text."""

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"{MARK}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures."""

    text: str
    """What is signed; ends in a newline."""
    signatures: tuple[Signature, ...]
    """In the order of their lines."""

    def encode(self) -> bytes:
        """The bytes of the note."""
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()

    def with_signatures(self, more: tuple[Signature, ...]) -> Note:
        """The note with those of ``more`` that it does not have."""
        return replace(self, signatures=(*self.signatures, *(one for one in more if one not in self.signatures)))


def parse_note(data: bytes) -> Note:
    """Read a signed note.

    Args:
        data: The bytes of the note, and nothing after it.

    Raises:
        LogError: ``note.size``, ``note.utf8``, ``note.format`` or ``note.base64``.
    """
    if len(data) > MAX_BYTES:
        raise LogError(f"{len(data)} bytes is more than {MAX_BYTES}", code="note.size", hint="this is no checkpoint")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LogError("not UTF-8", code="note.utf8", field=f"byte {error.start}", hint="fetch the note again") from error
    if any(letter < " " and letter != "\n" for letter in text):
        raise _malformed("holds a control character")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise _malformed("is not text, a blank line and signature lines")
    signatures = tuple(parse_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise LogError(f"{len(signatures)} signatures is more than {MAX_SIGNATURES}", code="note.size", hint="drop some")
    return Note(body + "\n", signatures)


def parse_signature(line: str) -> Signature:
    """Read one signature line, without its newline.

    Raises:
        LogError: ``note.format`` or ``note.base64``.
    """
    parts = line.split(" ")
    if len(parts) != 3 or f"{parts[0]} " != MARK:
        raise _malformed(f"ends in something that is no signature line: {line!a:.80}")
    check_key_name(parts[1])
    blob = decode_base64(parts[2])
    if len(blob) <= KEY_ID_BYTES:
        raise _malformed(f"has a signature of {len(blob)} bytes")
    return Signature(parts[1], blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


def check_key_name(name: str) -> None:
    """Refuse a key name that a note cannot carry.

    Raises:
        LogError: ``note.name``.
    """
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise LogError(
            f"{name!a:.80} is no key name",
            code="note.name",
            hint="without spaces and plus signs, best a URL without its scheme: example.org/log",
        )


def decode_base64(text: str) -> bytes:
    """The bytes of standard Base 64, padded, of which each byte string has one spelling.

    Raises:
        LogError: ``note.base64``.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise LogError(f"{text!a:.80} is not Base 64", code="note.base64", hint="RFC 4648 §4, padded, one spelling")
    return data


def decode_number(text: str) -> int:
    """A decimal below 2**63 without leading zeros.

    Raises:
        LogError: ``note.format``.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and (text == "0" or text[0] != "0")):
        raise _malformed(f"has {text!a:.40} where a number belongs")
    if (number := int(text)) >= 1 << 63:
        raise _malformed(f"has {text}, beyond 2^63 − 1")
    return number


def _malformed(what: str) -> LogError:
    return LogError(f"the note {what}", code="note.format", hint="fetch it again; nothing may follow the signature lines")
