"""The strict profile: one reading or none."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mrv.attest import strict_json
from mrv.errors import AttestationError

REFUSED = [
    (b"\xef\xbb\xbf{}", "json.bom"),
    (b"\xff", "json.utf8"),
    (b'"\xed\xa0\x80"', "json.utf8"),
    (b"\xfe\xff\x00{\x00}", "json.utf8"),
    (b"", "json.syntax"),
    (b"{", "json.syntax"),
    (b"{} {}", "json.syntax"),
    (b"[1,]", "json.syntax"),
    (b"NaN", "json.syntax"),
    (b"[-Infinity]", "json.syntax"),
    (b'"\x01"', "json.syntax"),
    (b"01", "json.syntax"),
    ("\uff11".encode(), "json.syntax"),
    (b"\xc2\xa0{}", "json.syntax"),
    (b"1.0", "json.float"),
    (b"1e2", "json.float"),
    (b"1E400", "json.float"),
    (b"-0.0", "json.float"),
    (b"-0", "json.integer"),
    (b"9007199254740992", "json.integer"),
    (b"-9007199254740992", "json.integer"),
    (b"1" * 100_000, "json.integer"),
    (b'{"a":1,"a":1}', "json.duplicate"),
    (b'{"a":1,"\\u0061":2}', "json.duplicate"),
    (b'[{"x":{"a":1,"a":2}}]', "json.duplicate"),
    (b'{"\\ud800":1,"\\ud800":2}', "json.duplicate"),
    (b'"\\ud800"', "json.surrogate"),
    (b'{"\\udc00":1}', "json.surrogate"),
    (b'"e\\u0301"', "json.nfc"),
    (b'{"e\\u0301":1}', "json.nfc"),
    ('"\u212b"'.encode(), "json.nfc"),
    (b"[" * 25 + b"]" * 25, "json.depth"),
    (b"[" * 500_000, "json.depth"),
    (b'{"a":' * 500_00, "json.depth"),
    (b" " * (strict_json.MAX_BYTES + 1), "json.size"),
]


@pytest.mark.parametrize(("data", "code"), REFUSED, ids=lambda part: repr(part)[:40])
def test_refused(data, code):
    with pytest.raises(AttestationError) as error:
        strict_json.loads(data)
    assert error.value.error_code == code
    str(error.value).encode()  # a message can always be printed


def test_limits_are_inclusive():
    assert strict_json.loads(b"[" * 24 + b"]" * 24)
    assert strict_json.loads(b"[9007199254740991,-9007199254740991,0]") == [2**53 - 1, -(2**53) + 1, 0]
    assert strict_json.loads(b'"' + b"a" * (strict_json.MAX_BYTES - 2) + b'"')


def test_brackets_in_strings_are_not_depth():
    assert strict_json.loads(json.dumps(["[" * 100, '\\"' + "{" * 100]).encode())


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 500_000, b'"' * 1_000_000, b"\\" * 1_000_000, b'["' + b"\\" * 999_999])
def test_hostile_input_is_linear(data):
    start = time.perf_counter()
    with pytest.raises(AttestationError):
        strict_json.loads(data)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.5, "json.float"),
        (1.0, "json.float"),
        (float("nan"), "json.float"),
        (2**53, "json.integer"),
        pytest.param(10**5000, "json.integer", id="huge"),
        ("\ud800", "json.surrogate"),
        ({"\udfff": 1}, "json.surrogate"),
        ({1: 2}, "json.type"),
        ({"a": b""}, "json.type"),
        ({1, 2}, "json.type"),
        ("e\u0301", "json.nfc"),
    ],
)
def test_canonical_refuses_what_loads_would(value, code):
    with pytest.raises(AttestationError) as error:
        strict_json.canonical({"x": [value]})
    assert error.value.error_code == code


def test_canonical_refuses_cycles():
    loop: list = []
    loop.append(loop)
    with pytest.raises(AttestationError) as error:
        strict_json.canonical(loop)
    assert error.value.error_code == "json.depth"


def test_field_points_at_the_fault():
    with pytest.raises(AttestationError) as error:
        strict_json.loads(b'{"a":[0,"e\\u0301"]}')
    assert error.value.field == "/a/1"


text = st.text(st.characters(codec="utf-8")).map(lambda s: unicodedata.normalize("NFC", s))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_round_trip(value):
    data = strict_json.canonical(value)
    assert strict_json.loads(data) == value
    assert strict_json.canonical(strict_json.loads(json.dumps(value, indent=3).encode())) == data


@given(st.binary(max_size=200))
@example(b'{"\\ud83d":1}')
def test_bytes_never_crash(data):
    try:
        value = strict_json.loads(data)
    except AttestationError:
        return
    assert strict_json.loads(strict_json.canonical(value)) == value


def test_digest_of_empty_object():
    assert strict_json.digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
