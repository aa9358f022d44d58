"""Fixtures of tests about a log; a ``conftest.py`` imports what its folder asks for."""

from __future__ import annotations

import pytest

from support import logs


@pytest.fixture
def log(tmp_path):
    """A log of nine entries; its folder."""
    return logs.make(tmp_path / "log", 9)


@pytest.fixture
def one(tmp_path):
    """A witness."""
    return logs.witness(tmp_path, 1)
