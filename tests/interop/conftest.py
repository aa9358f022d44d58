"""Published vectors lie beside the repository; without them these tests say so and skip."""

from __future__ import annotations

from pathlib import Path

import pytest

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors():
    if not VECTORS.is_dir():
        pytest.skip("no shared/vectors beside the repository")
    return VECTORS


def pytest_generate_tests(metafunc):
    """One test a file of the JSON test suite; one skipped test where the suite is absent."""
    if "json_file" in metafunc.fixturenames:
        files = sorted((VECTORS / "jsontestsuite" / "test_parsing").glob("*.json"))
        absent = [pytest.param(None, marks=pytest.mark.skip("no shared/vectors beside the repository"))]
        metafunc.parametrize("json_file", files or absent, ids=[file.stem for file in files] or ["absent"])
