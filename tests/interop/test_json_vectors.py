"""JSONTestSuite: what must fail is refused, and nothing crashes.  RFC 8785: canonical bytes as published."""

from __future__ import annotations

import json

import pytest
import rfc8785

from mrv.attest import strict_json
from mrv.errors import AttestationError

OURS = {"json.float", "json.integer", "json.duplicate", "json.depth", "json.nfc", "json.surrogate"}
"""Refused although it is JSON: what two parsers could read in two ways."""

REFUSED = {"values": "json.float", "unicode": "json.nfc", "weird": "json.nfc", "structures": "json.float"}


def read(data):
    try:
        return strict_json.loads(data), None
    except AttestationError as error:
        return None, error.error_code


def test_json_test_suite(json_file):
    data = json_file.read_bytes()
    value, code = read(data)
    if code is None:
        assert not json_file.name.startswith("n_")
        assert value == json.loads(data)
    else:
        assert code.startswith("json.")
        assert code in OURS or not json_file.name.startswith("y_")


def test_the_suite_is_whole(vectors):
    names = [file.name for file in (vectors / "jsontestsuite" / "test_parsing").iterdir()]
    assert sum(name.startswith("n_") for name in names) == 188


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_rfc8785(vectors, name):
    """The library reproduces all; ours the same bytes, or a refusal of what our profile leaves out."""
    folder = vectors / "rfc8785" / "testdata"
    value = json.loads((folder / "input" / f"{name}.json").read_bytes())
    wanted = (folder / "output" / f"{name}.json").read_bytes()
    assert bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text()) == wanted
    assert rfc8785.dumps(value) == wanted
    if code := REFUSED.get(name):
        with pytest.raises(AttestationError) as error:
            strict_json.canonical(value)
        assert error.value.error_code == code
    else:
        assert strict_json.canonical(value) == wanted
