"""Brackets are counted before text is parsed, whatever Python's recursion limit is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mrv.nesting import MOST, check_nesting


@pytest.mark.parametrize("text", ["", "[]" * 600, "[" * MOST + "]" * MOST, '"' + "[" * 9999 + '"', r'"\"' + "{" * 9999 + '"'])
def test_what_nests_no_deeper(text):
    check_nesting(text)


@pytest.mark.parametrize("text", ["[" * (MOST + 1), '{"a":' * (MOST + 1), '"x"' + "[{" * MOST])
def test_what_nests_deeper(text):
    with pytest.raises(RecursionError, match=f"deeper than {MOST}"):
        check_nesting(text)


READERS = {
    "a boundary": "from mrv.project import Boundary\nBoundary(data, 'boundary.geojson').geometry",
    "a stored model": "from mrv.carbon.forest_model import parse_forest\nparse_forest(data)",
    "a registry extract": "from mrv.programme.authorisation import parse_registry_extract\nparse_registry_extract(data)",
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_no_reader_of_strangers_json_overflows_the_stack(reader):
    program = f"import sys\nsys.setrecursionlimit(10**6)\ndata = b'[' * 200_000\n{reader}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PlanError" in done.stderr
