"""The bits of a status list: their order, their text, and what a stranger may have packed."""

from __future__ import annotations

import base64
import gzip
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.refusals import refused

from mrv.attest import bitstring

BITS = bitstring.MIN_BITS


def text_of(data):
    return "u" + base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_specifications_own_list():
    """W3C Bitstring Status List, example 4: 131,072 zeros."""
    published = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    assert bitstring.unpack(published) == bytes(BITS // 8)


def test_the_first_bit_is_the_leftmost():
    raw = bitstring.unpack(bitstring.pack([0, 9, BITS - 1], BITS))
    assert (raw[0], raw[1], raw[-1], raw.count(0)) == (0x80, 0x40, 0x01, BITS // 8 - 3)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, BITS - 1), max_size=200), st.integers(0, BITS - 1))
def test_round_trip(ones, other):
    raw = bitstring.unpack(bitstring.pack(ones, BITS))
    assert all(bitstring.bit(raw, index) for index in ones)
    assert bitstring.bit(raw, other) == (other in ones)
    assert sum(byte.bit_count() for byte in raw) == len(ones)


@pytest.mark.parametrize("index", [-1, BITS, 10**15])
def test_an_index_outside(index):
    assert refused(bitstring.bit, bytes(BITS // 8), index) == "status.index"
    assert refused(bitstring.pack, [index], BITS) == "status.index"


@pytest.mark.parametrize(
    ("bits", "code"), [(0, "status.short"), (BITS - 8, "status.short"), (BITS + 1, "status.size"), (2**23 + 8, "status.size")]
)
def test_lengths(bits, code):
    assert refused(bitstring.pack, [], bits) == code


def zipped(data: bytes) -> bytes:
    """Compressed without the hour: the names of these tests are the same in every process."""
    return gzip.compress(data, mtime=0)


GOOD = zipped(bytes(BITS // 8))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "status.encoding"),
        ("u", "status.encoding"),
        ("z" + text_of(GOOD)[1:], "status.encoding"),
        (text_of(GOOD)[1:], "status.encoding"),
        (text_of(GOOD) + "=", "status.encoding"),
        (text_of(GOOD) + "\n", "status.encoding"),
        ("u" + base64.b64encode(b"\xff\xfe" + GOOD).decode(), "status.encoding"),
        ("uAAAAA", "status.encoding"),
        ("uAB", "status.encoding"),
        (text_of(b"plain"), "status.encoding"),
        (text_of(bytes(BITS // 8)), "status.encoding"),
        (text_of(GOOD[:-1]), "status.encoding"),
        (text_of(GOOD[:-8] + b"\0\0\0\0" + GOOD[-4:]), "status.encoding"),
        (text_of(GOOD + b"x"), "status.encoding"),
        (text_of(GOOD + GOOD), "status.encoding"),
        (text_of(zipped(bytes(BITS // 8 - 1))), "status.short"),
        (text_of(zipped(b"")), "status.short"),
        (text_of(zipped(bytes(bitstring.MAX_BITS // 8 + 1))), "status.bomb"),
    ],
)
def test_what_is_no_list(text, code):
    assert refused(bitstring.unpack, text) == code


def test_the_longest_list_is_read():
    assert len(bitstring.unpack(text_of(zipped(bytes(bitstring.MAX_BITS // 8))))) == bitstring.MAX_BITS // 8


def test_a_bomb_costs_no_memory():
    """A quarter of a gibibyte of zeros is given up after one mebibyte."""
    bomb = text_of(zipped(bytes(1 << 28)))
    tracemalloc.start()
    try:
        assert refused(bitstring.unpack, bomb) == "status.bomb"
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
