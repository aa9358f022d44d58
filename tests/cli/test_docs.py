"""The commands that a page shows are commands, and those that sign name a key."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mrv import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(page: str) -> list[str]:
    """Lines of a page's blocks that begin with ``mrv``, without their comments."""
    blocks = re.findall(r"^```\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0] for block in blocks for line in block.splitlines() if line.startswith("mrv ")]


@pytest.mark.parametrize("page", ["transparency-log.md", "operating.md"])
def test_a_page_shows_commands(page):
    found = commands(page)
    assert len(found) > 5
    for line in found:
        try:
            words = shlex.split(line)[1:]
            args = cli._parser(words).parse_args(words)
        except SystemExit:
            pytest.fail(f"{page}: {line}")
        if page == "transparency-log.md":
            assert getattr(args, "key", "given") is not None, line
