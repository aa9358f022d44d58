"""Verb: what the parsers of all verbs share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mrv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHERE = "none | local | local:threads=N | local:processes=N | tcp://host:port, each with +gpu or without"
KEY = "file:PATH, env:NAME, pkcs11:…, awskms:…, gcpkms:… or azurekms:…"
ISSUER = "name to sign under, such as did:web:example.org; default, the key's own did:key"
ROLES = ("attester", "status", "verifier", "reviewer")
COUNTERSIGNERS = ROLES[2:]
MAX_DOCUMENT = 1 << 20
"""Bytes of an attestation, an opinion, a proof, or anything else that an option names."""


def verb(verbs: Any, name: str, call: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
    """A verb's parser; it has ``--json`` and ``--traceback``."""
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=help_text, description=help_text.capitalize() + ".")
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.add_argument(
        "--traceback", action="store_true", default=argparse.SUPPRESS,
        help="print where a fault of this program lies; so does MRV_TRACEBACK=1",
    )  # fmt: skip
    verb.set_defaults(call=call, command=verb.prog)
    return verb


def compute_options(verb: argparse.ArgumentParser) -> None:
    """Where and how a verb computes."""
    verb.add_argument("--where", help=f"{WHERE}; cannot change the answer")
    verb.add_argument("--chunk", type=pixels, metavar="PX", help="edge of a chunk; cannot change the answer")


def pixels(text: str) -> int:
    """A positive number of pixels, as the parser names it in its messages."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def need(module: str) -> None:
    """Refuse where a library of the pipeline is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise UsageError(f"{module} is not installed", code="install", hint="pip install 'mrv[pipeline]'")


def read_file(path: Path, most: int = MAX_DOCUMENT) -> bytes:
    """A regular file that the user named, of so many bytes at most."""
    from mrv.regular_file import NotRegularError, TooLargeError, read_regular

    try:
        return read_regular(path, most)
    except NotRegularError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", code="usage.file", file=path,
            hint="name the file itself; what comes through a pipe has to be kept in a file first",
        ) from error  # fmt: skip
    except TooLargeError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", code="usage.file", file=path,
            hint="name the document itself: the evidence, or another large file, is never read in its place",
        ) from error  # fmt: skip
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", code="usage.file", file=path, hint="check the path") from error
