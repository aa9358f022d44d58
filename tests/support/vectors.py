"""Published vectors, which lie beside the repository."""

from __future__ import annotations

from pathlib import Path

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


def must_fail() -> list[Path]:
    """The files of JSONTestSuite that no parser may accept; none where the suite is absent."""
    return sorted((VECTORS / "jsontestsuite" / "test_parsing").glob("n_*.json"))
