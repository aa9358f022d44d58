"""Nothing but the document itself is accepted: seeded mutations of bytes, tokens and tree; 100,000 in ``make test-all``."""

from __future__ import annotations

import copy
import json
import random
import re

import pytest
from support.attested import ask, attestation, stub_statement, trust_of
from support.vectors import must_fail

from mrv.attest import strict_json

DOCUMENT = attestation()
TRUST = trust_of(required=False)
ORIGINAL = strict_json.canonical(DOCUMENT)
TEXTS = (
    json.dumps(DOCUMENT, ensure_ascii=False, indent=1),
    json.dumps(DOCUMENT, ensure_ascii=True, separators=(",", ":")),
    ORIGINAL.decode(),
)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|[{}\[\],:]')
SPELLINGS = (
    "0", "-0", "1", "1.0", "1e0", "9007199254740991", "9007199254740992", "9007199254740993", "null", "true", "false", "NaN",
    "{}", "[]", '""', '"x"', '"z"', "'x'", "[[]]", '{"":0}', '"\\u0000"', '"\\ud800"', '"I\\u0302"', ",", ":", "}", "]", "",
    " ", "\ufeff", "//",
)  # fmt: skip
ALPHABET = b' \t\n"\\/{}[]:,-+.0129eEuz\x00\x7f\x80\xc0\xef\xff'
LEAVES = (None, True, False, 0, 1, -1, 2**53 - 1, "", "x", "0", [], {}, [[]], {"x": 1}, "2026-02-01T00:00:00Z", "did:web:x")


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def of_bytes(dice):
    """A few bytes flipped, cut, doubled, put in or swapped."""
    data = bytearray(dice.choice(TEXTS).encode())
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        place, other, length = dice.randrange(len(data)), dice.randrange(len(data)), dice.choice((1, 1, 2, 3, 16, 200))
        kind = dice.randrange(5)
        if kind == 0:
            data[place] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = data[other : other + length]
        elif kind == 3:
            data[place:place] = bytes(dice.choice(ALPHABET) for _ in range(dice.randrange(1, 4)))
        else:
            data[place : place + length] = data[other : other + length]
    return bytes(data)


def of_tokens(dice):
    """A token in place of another, twice, gone, or spelled otherwise; what is the same document must be known as it."""
    text = dice.choice(TEXTS)
    found = list(TOKEN.finditer(text))
    token = dice.choice(found)
    kind = dice.randrange(5)
    if kind == 0:
        new = dice.choice(SPELLINGS)
    elif kind == 1:
        new = dice.choice(found)[0]
    elif kind == 2:
        new = token[0] * 2
    elif kind == 3:
        new = dice.choice((" ", "\n", "\t", "\r")) + token[0] + dice.choice((" ", "", "\ufeff", "\u00a0", "\x0b"))
    else:
        new = escaped(token[0], dice)
    return (text[: token.start()] + new + text[token.end() :]).encode("utf-8", "surrogatepass")


def escaped(token, dice):
    """A string with one character escaped: the same string."""
    if len(token) < 3 or "\\" in token or token[0] != '"':
        return token
    place = dice.randrange(1, len(token) - 1)
    return f"{token[:place]}\\u{ord(token[place]):04{dice.choice('xX')}}{token[place + 1 :]}"


def nodes(value, found):
    """Every object and array of a tree."""
    if isinstance(value, dict | list):
        found.append(value)
        for inner in value.values() if isinstance(value, dict) else value:
            nodes(inner, found)
    return found


def of_tree(dice):
    """A member gone, renamed, changed, moved, put in or exchanged; members in another order."""
    document = copy.deepcopy(DOCUMENT)
    inner = dice.choice([node for node in nodes(document, []) if node])
    kind = dice.randrange(6)
    if isinstance(inner, list):
        place = dice.randrange(len(inner))
        change_list(inner, place, kind, dice)
    else:
        change_object(inner, dice.choice(list(inner)), kind, dice)
    return json.dumps(document, ensure_ascii=dice.random() < 0.5).encode()


def change_list(inner, place, kind, dice):
    if kind == 0:
        del inner[place]
    elif kind == 1:
        inner.append(copy.deepcopy(inner[place]))
    elif kind == 2:
        inner[place] = dice.choice(LEAVES)
    elif kind == 3:
        dice.shuffle(inner)
    else:
        inner.insert(place, dice.choice(LEAVES))


def change_object(inner, member, kind, dice):
    other = dice.choice(list(inner))
    if kind == 0:
        del inner[member]
    elif kind == 1:
        inner[member + dice.choice(("x", " ", "\u200b", "s"))] = inner.pop(member)
    elif kind == 2:
        inner[member] = dice.choice(LEAVES)
    elif kind == 3:
        inner[member], inner[other] = inner[other], inner[member]
    elif kind == 4:
        members = list(inner.items())
        dice.shuffle(members)
        inner.clear()
        inner.update(members)
    else:
        inner[dice.choice(("x", "id", "@context", "proof", "name", "evidence", "@type", "__proto__"))] = dice.choice(LEAVES)


def mutate(count, seed):
    """Put ``count`` mutations to the check; how many were the same document."""
    dice, same = random.Random(seed), 0
    for number in range(count):
        data = dice.choice((of_bytes, of_tokens, of_tokens, of_tree))(dice)
        if not ask(data, trust_list=TRUST).failing:
            assert strict_json.canonical(strict_json.loads(data)) == ORIGINAL, (seed, number, data)
            same += 1
    return same


@pytest.mark.parametrize("seed", range(4))
def test_a_thousand_mutations(seed):
    same = mutate(1000, seed)
    assert 20 < same < 400


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_thousand_mutations(seed):
    assert 200 < mutate(10_000, seed) < 4000


def test_the_files_that_no_parser_may_accept():
    """JSONTestSuite, each of 188 as the document, and in the place of a value of it."""
    files = must_fail()
    if not files:
        pytest.skip("no shared/vectors beside the repository")
    assert len(files) == 188
    before, _, after = ORIGINAL.partition(b'"platform":{"machine":"x86_64"}')
    assert after
    for file in files:
        data = file.read_bytes()
        for text in (data, before + b'"platform":' + data + after, before + b'"platform":{"machine":' + data + b"}" + after):
            (code,) = ask(text, trust_list=TRUST).failing
            assert code.startswith(("json.", "schema.")), file.name
