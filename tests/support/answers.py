"""Answers of the command line, read as a script reads them."""

from __future__ import annotations

import json


def failed(out: str) -> list[str]:
    """Codes of the checks that fail, of what a verb prints with ``--json``."""
    return [check["code"] for check in json.loads(out)["checks"] if check["status"] == "fails"]
