"""Tables that methods of this room carry: published constants, and what was fitted to simulated worlds."""

from __future__ import annotations

from mrv.committed import committed_rows

_COLUMNS = {
    "bandpass": ("sensor", "role", "band", "slope", "offset", "source", "verified"),
    "critical_values": ("process", "window", "period", "level", "value", "source"),
    "densities": ("id", "index", "shift", "spread", "floor", "verified"),
    "endmembers": ("name", "blue", "green", "red", "nir", "swir1", "swir2"),
    "step_confidence": ("score", "percent", "losses"),
}
"""Columns by table."""


def table_rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table in ``mrv/change/tables``; lines that begin with # say where they come from.

    Args:
        name: File name without its ending.
    """
    return committed_rows("mrv.change", name, _COLUMNS[name])
