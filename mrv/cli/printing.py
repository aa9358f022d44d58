"""Printing: what the command line says, for a person or as JSON; nothing else of it prints."""
# ruff: noqa: T201

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from mrv.checks import Check
    from mrv.errors import MRVError

CRASHED = 70
LOST = 74
"""Exit status where what a verb says cannot be written."""
_MOST_SAID = 400
MARKS = {"holds": "✓", "fails": "✗", "note": "·"}


class OutputLost(Exception):
    """What was said cannot be written."""


def say(text: object) -> None:
    """On standard output.

    Raises:
        BrokenPipeError: Who read it went away.
        OutputLost: It cannot be written.
    """
    try:
        print(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error.strerror or str(error)) from error


def complain(text: str) -> None:
    """On standard error."""
    print(text, file=sys.stderr)


def say_json(value: Any) -> None:
    """As JSON on standard output."""
    say(json.dumps(value, indent=1, ensure_ascii=False))


def refused(error: MRVError, *, as_json: bool = False) -> int:
    """Tell a refusal on standard error, and as JSON where asked; its exit status."""
    if as_json:
        say_json({"error": error.as_dict()})
    complain(_in_one_line(f"error[{error.error_code}]: {error}"))
    if error.hint:
        complain(_in_one_line(f"  what to do: {error.hint}"))
    return error.exit_status


def lost(why: str) -> int:
    """Tell that standard output cannot be written; its exit status, which is no verdict."""
    complain(
        f"error[output.lost]: standard output cannot be written: {why}; what this verb says is lost, its exit status too: "
        "send it where there is room, and ask again"
    )
    return LOST


def crashed(error: Exception, args: argparse.Namespace) -> int:
    """Tell what no verb should let through, in one line; its exit status, which no refusal has."""
    import traceback

    from mrv import __version__

    if args.traceback or os.environ.get("MRV_TRACEBACK", "0") not in {"", "0"}:
        traceback.print_exception(error)
        report = "report it with the lines above"
    else:
        report = "report it with what --traceback, or MRV_TRACEBACK=1, prints"
    said = _in_one_line(f"{type(error).__name__}: {error}".rstrip(": "))[:_MOST_SAID]
    told = f"{said}, unexpected in `{args.command}` of mrv {__version__}"
    if args.json:
        say_json({"error": {"code": "internal", "message": told, "file": None, "field": None, "hint": report}})
    complain(f"error[internal]: {told}; {report}")
    return CRASHED


def _in_one_line(text: str) -> str:
    """What strangers wrote cannot pass for lines of ours, nor move the cursor."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def answer(checks: list[Check], *, as_json: bool, what: str, more: dict[str, Any] | None = None) -> int:
    """Tell a list of checks; its exit status.

    Args:
        checks: The checks.
        as_json: Whether as JSON.
        what: What they are of.
        more: Further members of the JSON.
    """
    failed = [check for check in checks if check.status == "fails"]
    if as_json:
        say_json({"holds": not failed, "checks": [check.as_dict() for check in checks], **(more or {})})
    else:
        for check in checks:
            say(f"{MARKS[check.status]} {check.code:<32} {_in_one_line(check.detail)}")
        codes = dict.fromkeys(check.code for check in failed)
        say(f"{what} fails: {', '.join(codes)}" if failed else f"{what} holds")
    return 1 if failed else 0
