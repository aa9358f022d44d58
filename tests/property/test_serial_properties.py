"""Overlap of blocks against sets of units, and quantity against an assignment tonne by tonne."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mrv.registry.binding import exceeded
from mrv.registry.serials import Block, SerialError, clashes, parse


@st.composite
def blocks(draw):
    start = draw(st.integers(1, 30))
    return Block("x", "acr", draw(st.sampled_from("ab")), start, start + draw(st.integers(0, 8)), None, None)


def units(block):
    return {(block.space, n) for n in range(block.start, block.end + 1)}


@given(blocks(), blocks())
def test_overlap_is_a_shared_unit(one, two):
    assert one.overlaps(two) == two.overlaps(one) == bool(units(one) & units(two))


@given(st.lists(blocks(), max_size=8))
def test_clashes_are_found_exactly_where_units_are_shared(many):
    found = list(clashes(many))
    assert all(units(one) & units(two) for one, two in found)
    shared = any(units(one) & units(two) for one, two in combinations(many, 2))
    assert bool(found) == shared


@given(st.lists(blocks(), max_size=6), st.lists(blocks(), max_size=6))
def test_clashes_of_two_sides_are_of_two_sides(ours, theirs):
    found = list(clashes(ours, theirs))
    assert all(any(one is b for b in ours) and any(two is b for b in theirs) for one, two in found)
    assert bool(found) == any(units(a) & units(b) for a in ours for b in theirs)


@given(st.integers(1, 10**15 - 1), st.integers(1, 10**15 - 1))
def test_a_block_holds_its_ends_and_what_is_between(first, second):
    start, end = min(first, second), max(first, second)
    block = parse(f"ACR-US-1-2020-1-{start}-{end}")
    assert (block.start, block.end, block.quantity_t) == (start, end, end - start + 1)


@given(st.text(max_size=90))
def test_a_stranger_s_text_is_a_block_or_a_refusal(text):
    with suppress(SerialError):
        assert parse(text).text == text


@given(st.sampled_from("0123456789-_ OoIl/"), st.integers(0, 70), st.booleans())
def test_one_keystroke_never_makes_the_same_serial_of_other_units(letter, place, insert):
    """What still parses after a keystroke is another block, or another spelling of the same units; never a crash."""
    serial = "15312-681393912-681394011-VCS-VCU-208-VER-CA-3-929-01012018-31122018-0"
    place = min(place, len(serial))
    try:
        block = parse(serial[:place] + letter + serial[place + (not insert) :])
    except SerialError:
        return
    assert 1 <= block.start <= block.end
    assert block.vintages is not None


def feasible(runs, issuable, creditable):
    """Whether every tonne of the runs finds a tonne of one of its years: augmenting paths, one tonne at a time."""
    if sum(tonnes for _, tonnes in runs) > creditable:
        return False
    seats = {year: [None] * count for year, count in issuable.items()}
    tonnes = [run for run, count in runs for _ in range(count)]

    def place(n, tried):
        for year in range(tonnes[n][0], tonnes[n][1] + 1):
            for seat, holder in enumerate(seats.get(year, ())):
                if (year, seat) not in tried:
                    tried.add((year, seat))
                    if holder is None or place(holder, tried):
                        seats[year][seat] = n
                        return True
        return False

    return all(place(n, set()) for n in range(len(tonnes)))


@st.composite
def dated(draw):
    first = draw(st.integers(2020, 2022))
    last = draw(st.integers(first, 2022))
    return Block("x", "acr", "s", 1, draw(st.integers(1, 5)), (first, last), None)


@given(
    st.lists(dated(), max_size=5),
    st.fixed_dictionaries({year: st.integers(0, 6) for year in (2020, 2021, 2022)}),
    st.integers(0, 15),
)
def test_quantity_by_vintage_is_an_assignment(held, issuable, creditable):
    fault = exceeded(held, issuable=issuable, creditable=creditable)
    runs = [(block.vintages, block.quantity_t) for block in held]
    assert (fault is None) == feasible(runs, issuable, creditable)
