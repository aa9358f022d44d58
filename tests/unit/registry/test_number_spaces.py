"""For each registry: which runs share a unit, and that no other spelling of a serial makes a second number space of it."""

from __future__ import annotations

import re

import pytest

from mrv.registry.grammars import GRAMMARS, folded
from mrv.registry.serials import SerialError, clashes, parse

UUID = "055a3fbe-eabc-4535-b9cf-1028e7d18f89"
BLOCKS = {
    "verra": "15312-{0}-{1}-VCS-VCU-208-VER-CA-3-929-01012018-31122018-0",
    "verra, as Markit wrote": "8040-{0}-{1}-VCU-042-MER-PE-14-1360-01072013-30062014-1",
    "car": "CAR-1-US-293-1-120-CA-2006-102-{0} to {1}",
    "acr": "ACR-US-192-2010-203-{0}-{1}",
    "acr, with a word": "ACR-US-192-2010-203-{0} to {1}",
    "puro": f"PURO_PR_CORC100+_FI_577166_2020_{UUID}_{{0}}-{{1}}",
    "puro, short": f"{UUID}_{{0}}-{{1}}",
    "ers": "ERS-1-P1O4l-BR-VRU-2024-1-{0}-{1}",
    "ers, pending": "ERS-0-77-COL-PRU-20240131-2-{0}-{1}",
    "undp": "VU-ITMO-11-356-2022-0-{0}-{1}",
}
SERIES = {"icr": "ICR-ISL-354-78040-14-R-0-2021", "ecoregistry": "CDC_109_7_14_327_1_R6_XX_CO_1_1_2021"}
ALL = {name: text.format(101, 210) for name, text in BLOCKS.items()} | SERIES
RUNS = {
    "the same": ((101, 210), True),
    "one unit of it": ((150, 150), True),
    "all around it": ((1, 999), True),
    "over its first": ((50, 101), True),
    "over its last": ((210, 300), True),
    "up to the one before": ((50, 100), False),
    "from the next one on": ((211, 300), False),
    "the next one alone": ((211, 211), False),
}
LOOK_ALIKES = ["0Oo", "1Il"]
SAME_GROUND = {
    "verra": [("-CA-", "-US-"), ("929", "1748"), ("01012018", "01012017"), ("15312-", "15313-"), ("-208-", "-209-")],
    "car": [("-US-", "-MX-"), ("-CA-", "-NV-"), ("2006", "2007"), ("CAR-1-", "CAR-ROC-")],
    "acr": [("-US-", "-CA-"), ("2010", "2011")],
    "puro": [("_FI_", "_SE_"), ("577166", "577167"), ("2020", "2021")],
    "ers": [("-BR-", "-COL-"), ("ERS-1-", "ERS-0-")],
    "undp": [("-11-356-", "-14-001-"), ("2022", "2023")],
    "icr": [("-ISL-", "-IRL-")],
    "ecoregistry": [("_CO_", "_BR_")],
}
OTHER_GROUND = {
    "verra": [("-VER-", "-APX-")],
    "car": [("-293-", "-294-"), ("-102-", "-103-")],
    "acr": [("-192-", "-193-"), ("-203-", "-204-")],
    "puro": [("055a", "055b")],
    "ers": [("-P1O4l-", "-P1O5l-"), ("-P1O4l-", "-Q1O4l-"), ("2024", "2025"), ("-2024-1-", "-2024-2-")],
    "undp": [("VU-", "FJ-")],
    "icr": [("-354-", "-355-"), ("2021", "2022"), ("-R-", "-S-"), ("-14-", "-15-")],
    "ecoregistry": [("_109_", "_110_"), ("2021", "2022"), ("R6", "R7"), ("_14_", "_15_")],
}


def share(one, two):
    """Asked in every way there is, which have to agree."""
    blocks = parse(one), parse(two)
    answers = {
        blocks[0].overlaps(blocks[1]), blocks[1].overlaps(blocks[0]), bool(list(clashes(blocks))),
        bool(list(clashes(blocks[:1], blocks[1:]))), bool(list(clashes(blocks[1:], blocks[:1]))),
    }  # fmt: skip
    (answer,) = answers
    return answer


def test_every_registry_is_here():
    known = {grammar.registry for grammar in GRAMMARS}
    assert {parse(text).registry for text in ALL.values()} == known == set(SAME_GROUND) == set(OTHER_GROUND)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("run", RUNS)
def test_overlapping_adjacent_and_off_by_one(name, run):
    (start, end), shared = RUNS[run]
    assert share(ALL[name], BLOCKS[name].format(start, end)) is shared


@pytest.mark.parametrize("name", BLOCKS)
def test_a_run_that_ends_before_it_begins(name):
    with pytest.raises(SerialError) as caught:
        parse(BLOCKS[name].format(211, 210))
    assert caught.value.error_code == "serial.range"


@pytest.mark.parametrize("name", SAME_GROUND)
def test_a_field_that_tells_no_units_apart_makes_no_second_space(name):
    for old, new in SAME_GROUND[name]:
        assert ALL[name].count(old) == 1
        assert share(ALL[name], ALL[name].replace(old, new)), (old, new)


@pytest.mark.parametrize("name", OTHER_GROUND)
def test_a_field_that_tells_units_apart_does(name):
    for old, new in OTHER_GROUND[name]:
        assert old in ALL[name]
        assert not share(ALL[name], ALL[name].replace(old, new)), (old, new)


def spellings(text):
    """The text with one letter or digit written another way, or one number padded (its look-alike letters are digits)."""
    for place, letter in enumerate(text):
        for group in LOOK_ALIKES:
            if letter in group:
                yield from (text[:place] + other + text[place + 1 :] for other in group if other != letter)
        if letter.isalpha():
            yield text[:place] + letter.swapcase() + text[place + 1 :]
    for match in re.finditer("[0-9OoIl]+", text):
        yield text[: match.start()] + "0" + text[match.start() :]


@pytest.mark.parametrize("name", ALL)
def test_another_spelling_is_refused_or_is_the_same_block(name):
    """A letter for a digit, a digit for a letter, the other case, a leading zero, anywhere in the serial."""
    text, refused = ALL[name], 0
    for other in spellings(text):
        try:
            block = parse(other)
        except SerialError:
            refused += 1
        else:
            assert block.overlaps(parse(text)), other
    assert refused


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("letter", "OoIl")
def test_a_letter_for_a_digit_of_the_block_is_named(name, letter):
    digit = "0" if letter in "Oo" else "1"
    for numbers in ((f"1{digit}1".replace(digit, letter), "210"), ("101", f"2{digit}9".replace(digit, letter))):
        with pytest.raises(SerialError) as caught:
            parse(BLOCKS[name].format(*numbers))
        assert caught.value.error_code == "serial.letter-o"


@pytest.mark.parametrize("name", ALL)
def test_digits_of_another_script_are_refused_wherever_they_stand(name):
    """Full-width and Arabic-Indic, one at a time and all at once."""
    for zero in ("\uff10", "\u0660"):
        other = {str(n): chr(ord(zero) + n) for n in range(10)}
        places = [place for place, letter in enumerate(ALL[name]) if letter in other]
        mixed = [ALL[name][:place] + other[ALL[name][place]] + ALL[name][place + 1 :] for place in places]
        for text in (*mixed, "".join(other.get(letter, letter) for letter in ALL[name])):
            with pytest.raises(SerialError) as caught:
                parse(text)
            assert caught.value.error_code == "serial.digits"


@pytest.mark.parametrize("name", ALL)
def test_full_width_letters_are_refused(name):
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in ALL[name])
    with pytest.raises(SerialError) as caught:
        parse(wide)
    assert caught.value.error_code == "serial.characters"


@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("P1O4l", ["P104l", "p1o4L", "P1041", "PI04I", "P0104l", "Po104l"]),
        ("77", ["077", "0077", "o77"]),
        ("P7", ["P07", "pO7"]),
        ("0", ["O", "00", "o"]),
    ],
)
def test_the_spellings_of_a_code_of_ers(code, others):
    """Its registry publishes no alphabet for project ids: what only looks different is one space; the text stays as it is."""
    for other in others:
        mine, theirs = (f"ERS-1-{project}-BR-VRU-2024-1-{run}" for project, run in ((code, "1-10"), (other, "10-20")))
        assert share(mine, theirs), other
        assert not share(mine, theirs.replace("10-20", "11-20"))
        assert parse(theirs).project == other
        assert parse(theirs).text == theirs


@pytest.mark.parametrize(
    ("one", "two"), [("P1", "P10"), ("P10", "P100"), ("10", "01"), ("A0B1", "A0B2"), ("S", "5"), ("8", "B")]
)
def test_codes_that_differ_by_more_stay_apart(one, two):
    assert folded(one) != folded(two)
