"""Reading is quick where a document has nothing to ask of; what it says stays what asking each string says."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from mrv.attest import strict_json
from mrv.errors import AttestationError
from mrv.nesting import check_nesting

LETTERS = st.sampled_from(
    [*'aAe"\\/\n\t\b', "\u0301", "\u0327", "\u0338", "é", "가", "\u1100", "\u1161", "\u11a8", "Å", "\U0001f332"]
)
TEXTS = st.text(LETTERS, max_size=6)
VALUES = st.recursive(
    TEXTS | st.integers(-9, 9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def answer(call):
    try:
        call()
    except AttestationError as error:
        return error.error_code, error.field
    return None


@given(VALUES, st.booleans())
@example(["e", "\u0301"], False)
@example(["e\u0301"], False)
@example(["e\u0301"], True)
@example(["/\u0338", "\n\u0301"], False)
@example({"e\u0301": 1}, True)
def test_a_document_is_refused_for_what_its_strings_are_refused_for(value, ensure_ascii):
    data = json.dumps(value, ensure_ascii=ensure_ascii).encode()
    assert answer(lambda: strict_json.loads(data)) == answer(lambda: strict_json.canonical(value))


@given(st.sampled_from([r"\ud800", r"\udfff", r"\ud800\ud800", r"\udc00\ud800"]))
def test_a_surrogate_can_only_be_escaped_and_is_found(escape):
    assert answer(lambda: strict_json.loads(f'["{escape}"]'.encode()))[0] == "json.surrogate"


def deepest(text):
    """Most brackets open at once, letter by letter; those in strings do not count."""
    depth = most = 0
    quoted = escaped = False
    for letter in text:
        if escaped:
            escaped = False
        elif quoted:
            quoted, escaped = letter != '"', letter == "\\"
        elif letter == '"':
            quoted = True
        else:
            depth += (letter in "[{") - (letter in "]}")
            most = max(most, depth)
    return most


@given(st.text('[]{}"\\a \n', max_size=40), st.integers(0, 6))
@example('"\\', 0)
@example('"[\\"[', 0)
@example('\\"[', 0)
def test_brackets_are_counted_as_a_reader_of_letters_counts_them(text, most):
    try:
        check_nesting(text, most)
    except RecursionError:
        assert deepest(text) > most
    else:
        assert deepest(text) <= most


@given(st.text(st.characters(codec="utf-8"), max_size=8))
@example("\uffff")
@example("\U00010000")
@example("\U0010ffff")
def test_names_beyond_the_basic_plane_are_ordered_as_rfc8785_orders_them(text):
    value = {text: 1, "\ufb33": 2, "a": 3}
    if answer(lambda: strict_json.canonical(value)) is None:
        ordered = sorted(value, key=lambda name: name.encode("utf-16-be"))
        assert list(json.loads(strict_json.canonical(value))) == ordered
