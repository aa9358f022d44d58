"""Published vectors lie beside the repository; without them these tests say so and skip."""

from __future__ import annotations

import pytest
from support.vectors import VECTORS


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
