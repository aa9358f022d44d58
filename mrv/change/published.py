"""Tables that methods of this room carry: published constants, and what was fitted to simulated worlds."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def table_rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table in ``mrv/change/tables``; lines that begin with # say where they come from.

    Args:
        name: File name without its ending.
    """
    text = files("mrv.change").joinpath(f"tables/{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
